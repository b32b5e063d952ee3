"""Go through an input and all that lies in it, in the child process.

Depth first, in the order in which the readers give things. Whatever is begun has a *path*: the
numbers of what its containers gave before it, from the outside in. When a child has to be
killed, the next one is told the path of what it died of, and passes over everything up to it.
"""

import lzma
import re
import tarfile
import zipfile
import zlib
from importlib import import_module
from typing import Any, Protocol

from onrecord.ingest.decode import decode
from onrecord.ingest.quarantine import Reason
from onrecord.ingest.readers import repair
from onrecord.ingest.readers.bounds import ALLOWED
from onrecord.ingest.readers.protocol import (
    Basis,
    Facts,
    Given,
    LeftOut,
    Options,
    Part,
    Reader,
    Refused,
    Text,
    Unusable,
    Yield,
)
from onrecord.ingest.readers.registry import kind_of, readers
from onrecord.ingest.readers.sniff import HEAD, PLAIN, plain_kind

_DAMAGE = (zipfile.BadZipFile, tarfile.TarError, lzma.LZMAError, zlib.error, EOFError)
_ADDRESS = re.compile(r"0x[0-9a-fA-F]+")


class Send(Protocol):
    """Gives one finding to the parent."""

    def __call__(self, header: dict[str, Any], payload: bytes = b"") -> None:
        """Give it."""


class _Stop(Exception):  # noqa: N818
    """A limit for a whole file is reached."""

    def __init__(self, reason: Reason, found: str) -> None:
        super().__init__(found)
        self.reason = reason


def joined(outer: str, inner: str) -> str:
    """The locator of something within something."""
    return f"{outer}!/{inner}" if outer and inner else outer or inner


def _why(error: Exception) -> tuple[Reason, str]:
    """The reason that an error of a reader stands for, and words that are the same each time."""
    if isinstance(error, Unusable):
        return error.reason, str(error)
    words = _ADDRESS.sub("…", " ".join(str(error).split()))[:200]
    if isinstance(error, _DAMAGE):
        return Reason.DAMAGED, words or type(error).__name__
    return Reason.PARSER_FAILED, f"{type(error).__name__}: {words}" if words else str(
        type(error).__name__
    )


class Walk:
    """One file.

    Args:
        options: of its source and of the run.
        send: takes what is found.
        resume: path of what a child died of, None for a first try.
    """

    def __init__(self, options: Options, send: Send, resume: list[int] | None) -> None:
        self._options = options
        self._send = send
        self._resume = resume
        self._members = 0
        self._unpacked = 0
        self._most_unpacked = options.max_unpacked

    def file(self, name: str, raw: bytes, facts: Facts | None = None) -> None:
        """Go through a file."""
        packed = max(ALLOWED, self._options.max_expansion * len(raw))
        self._most_unpacked = min(self._options.max_unpacked, packed)
        try:
            part = Part(name, raw, facts or Facts(), format=self._options.format)
            self._item(part, "", Facts(), 0, [])
        except _Stop as stop:
            self._refuse(Refused(stop.reason, str(stop), size=len(raw)), "")

    def _item(self, part: Part, locator: str, outer: Facts, depth: int, path: list[int]) -> None:
        """One input of any kind."""
        size = len(part.raw)
        facts = part.facts.over(Facts(url=outer.url, retrieved=outer.retrieved))
        if not part.raw:
            self._refuse(Refused(Reason.EMPTY, "no bytes"), locator)
            return
        kind = part.format or kind_of(part.name, part.raw[:HEAD], part.facts.media)
        reader = None if kind in PLAIN else readers().get(kind)
        needs = reader.needs if reader else ()
        for module in (*needs, *(repair.NEEDS if self._options.repair else ())):
            try:
                import_module(module)
            except ImportError:
                continue  # the reader says so itself
        self._send({"kind": "begin", "path": path, "locator": locator, "size": size})
        try:
            if reader is None:
                self._plain(part, kind, facts, locator, not path)
            elif reader.holds_parts and depth >= self._options.max_nesting:
                found = f"containers more than {self._options.max_nesting} deep"
                raise Unusable(Reason.TOO_NESTED, found)
            else:
                self._read(reader, part, facts, locator, depth + reader.holds_parts, path)
        except (_Stop, MemoryError):
            raise
        except Exception as error:
            reason, found = _why(error)
            self._refuse(Refused(reason, found, size=size), locator)
        self._send({"kind": "end", "path": path})

    def _read(
        self, reader: Reader, part: Part, facts: Facts, locator: str, depth: int, path: list[int]
    ) -> None:
        """What a reader gives, one after the other."""
        given = Given(part.name, part.raw, facts, self._options)
        count = 0
        for i, found in enumerate(reader.read(given)):
            count += 1
            self._count(found)
            if self._passes_over(path, i):
                self._send({"kind": "tick"})
                continue
            here = joined(locator, getattr(found, "locator", ""))
            if isinstance(found, Part):
                self._item(found, here, facts, depth, [*path, i])
            elif isinstance(found, Text):
                self._text(found, facts, here, f"{reader.name}/{reader.version}")
            elif isinstance(found, Refused):
                self._refuse(found, here)
            else:
                self._send({"kind": "left_out", "what": found.what})
        if not count:
            raise Unusable(Reason.NO_TEXT, "its reader gives nothing")

    def _passes_over(self, path: list[int], i: int) -> bool:
        """Whether a child that died has dealt with this, or died of it."""
        resume = self._resume
        if resume is None:
            return False
        level = len(path)
        if path != resume[:level] or level >= len(resume) or i > resume[level]:
            self._resume = None
            return False
        return i < resume[level] or level + 1 == len(resume)

    def _count(self, found: Yield) -> None:
        """Hold a file to its limits."""
        if isinstance(found, LeftOut):
            return
        self._members += 1
        if self._members > self._options.max_members:
            most = self._options.max_members
            raise _Stop(Reason.TOO_MANY_MEMBERS, f"more than {most:,} members; the rest is left")
        if isinstance(found, Part):
            self._unpacked += len(found.raw)
            if self._unpacked > self._most_unpacked:
                found_ = f"more than {self._most_unpacked:,} bytes unpacked; the rest is left"
                raise _Stop(Reason.EXPANDS, found_)

    def _plain(self, part: Part, kind: str, facts: Facts, locator: str, whole: bool) -> None:
        """A plain text: its bytes are the document, unless they have to be repaired."""
        if kind == "text":
            kind = plain_kind(part.name)
        reader = f"{kind}/{PLAIN[kind]}"
        if self._options.repair:
            labels = [x for x in (facts.charset, self._options.encoding) if x]
            decoded = decode(part.raw, declared=labels)
            mended = repair.repaired(decoded.text)
            if mended != decoded.text:
                basis = Basis(decoded.encoding, decoded.by, decoded.confidence)
                self._send_text(Text(mended, facts, basis=basis), locator, reader, True)
                return
        self._send(
            {
                "kind": "bytes",
                "locator": locator,
                "reader": reader,
                "facts": _stated(facts),
                "charset": facts.charset,
                "whole": whole,
            },
            part.raw,
        )

    def _text(self, found: Text, outer: Facts, locator: str, reader: str) -> None:
        """An extracted text."""
        if not found.text.strip():
            self._refuse(Refused(Reason.NO_TEXT, "its reader finds no text"), locator)
            return
        # Where something was found is known best by who fetched it, what it is by itself.
        facts = Facts(url=outer.url, retrieved=outer.retrieved).over(found.facts).over(outer)
        mended = repair.repaired(found.text) if self._options.repair else found.text
        text = found._replace(text=mended, facts=facts)
        self._send_text(text, locator, reader, mended != found.text)

    def _send_text(self, text: Text, locator: str, reader: str, mended: bool) -> None:
        self._send(
            {
                "kind": "text",
                "locator": locator,
                "reader": reader,
                "facts": _stated(text.facts),
                "basis": list(text.basis) if text.basis else None,
                "repaired": mended,
            },
            text.text.encode("utf-8", "replace"),
        )

    def _refuse(self, found: Refused, locator: str) -> None:
        self._send(
            {
                "kind": "refused",
                "locator": locator,
                "reason": found.reason.value,
                "found": found.found,
                "size": found.size,
            }
        )


def _stated(facts: Facts) -> dict[str, str]:
    """Facts that go into the tables."""
    names = ("title", "published", "retrieved", "url")
    return {name: value for name in names if (value := getattr(facts, name))}
