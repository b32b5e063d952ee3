"""The record of custody: what was asked for, when, and what came.

Contract: ``<data>/archive/custody/`` holds files of JSON Lines, named by a number that grows, the
time at which they were written, and a digest of what they hold. A file is written next to its
place, flushed and renamed, and never changed; a run adds files, and only a withdrawal takes visits
out of them. Their order is that of the numbers,
because a clock may be set back. Each line is one `Visit`. The bytes that
a line names by sha256 are in the archive before the line is written.
"""

import datetime
import hashlib
import json
from collections.abc import Callable, Container, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from typing import Any

import filelock

from onrecord.durable import write_atomically
from onrecord.errors import RefusedError

#: Version of the record, and of what makes it.
FORMAT = "onrecord-custody/1"
_SUFFIX = ".jsonl"
_DIGITS = 8


class Role(StrEnum):
    """What an address was asked for as."""

    PAGE = "page"
    FEED = "feed"
    SITEMAP = "sitemap"
    ROBOTS = "robots"


class Result(StrEnum):
    """What came of a visit, compared with the one before to the same address."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Visit:
    """One address, asked for once (with redirects, and further attempts where it failed).

    Attributes:
        source_id: for which source.
        role: see `Role`.
        url: that was asked for, in its one form.
        when: the end of the visit, UTC, as ``2024-05-31T09:30:00Z``.
        result: see `Result`.
        reason: why it failed: a code of `problems.Reason`; None where it did not.
        detail: the same in words.
        final_url: the address that answered last.
        redirects: address and status of each response that led on.
        status: of the last response; None where none came.
        headers: those of the last response that are kept.
        sha256: of the bytes that stand for the address after this visit; None where it failed.
        bytes: their number.
        wire_bytes: of this response's body, as sent.
        framing: how the end of the body was known: length | chunked | close | none.
        address: network address that answered.
        attempts: how often it was tried.
        listed_in: the feed or sitemap that names the address; None for one of `urls`.
        collector: name and version of what made the visit.
        format: of this record.
    """

    source_id: str
    role: str
    url: str
    when: str
    result: str
    reason: str | None = None
    detail: str | None = None
    final_url: str = ""
    redirects: list[list[Any]] = field(default_factory=list)
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    sha256: str | None = None
    bytes: int | None = None
    wire_bytes: int | None = None
    framing: str | None = None
    address: str | None = None
    attempts: int = 1
    listed_in: str | None = None
    collector: str = ""
    format: str = FORMAT


@dataclass(frozen=True, slots=True)
class Known:
    """What the record says of one address.

    Attributes:
        held: the visit that brought the revision that we hold; None where there is none.
        checked: the last visit that did not fail; it has the newest validators.
        last: the last visit.
    """

    held: Visit | None
    checked: Visit | None
    last: Visit


Key = tuple[str, str, str]
_FIELDS = frozenset(f.name for f in fields(Visit))


def key_of(visit: Visit) -> Key:
    """What a visit is about: source, role and address."""
    return visit.source_id, visit.role, visit.url


def stamp(moment: datetime.datetime) -> str:
    """A moment in UTC as it is written everywhere: to the second."""
    return moment.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _lines(visits: Sequence[Visit]) -> str:
    """Visits as JSON Lines, in ASCII: no reader finds another end of line in it."""
    return "".join(json.dumps(asdict(visit)) + "\n" for visit in visits)


class Custody:
    """The record below an archive's folder."""

    def __init__(self, archive: Path) -> None:
        self._folder = archive / "custody"

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Hold the record: for one collector, or for a withdrawal.

        Raises:
            RefusedError: another one is at work, or the folder can't be written.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            lock = filelock.FileLock(self._folder / ".lock", timeout=0)
            lock.acquire()
        except filelock.Timeout:
            raise RefusedError(
                f"{self._folder}: another run is collecting here. Wait until it is done, or stop "
                "it: what it fetched is kept. Then try again."
            ) from None
        except OSError as error:
            raise RefusedError(
                f"{self._folder}: can't be written: {error.strerror or error}"
            ) from None
        try:
            yield
        finally:
            lock.release()

    def files(self) -> list[Path]:
        """The files of the record, oldest first."""
        return sorted(self._folder.glob(f"{'[0-9]' * _DIGITS}-*{_SUFFIX}"))

    def append(self, visits: Sequence[Visit], moment: datetime.datetime) -> None:
        """Add visits, as one file. The caller holds `exclusive`.

        Args:
            visits: in their order.
            moment: now.

        Raises:
            RefusedError: they can't be written.
        """
        content = _lines(visits)
        time = moment.astimezone(datetime.UTC).strftime("%Y%m%dT%H%M%SZ")
        last = max((int(path.name[:_DIGITS]) for path in self.files()), default=0)
        digest = hashlib.sha256(content.encode()).hexdigest()[:12]
        name = f"{last + 1:0{_DIGITS}}-{time}-{digest}{_SUFFIX}"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            write_atomically(self._folder / name, content)
        except OSError as error:
            raise RefusedError(
                f"{self._folder / name}: can't be written: {error.strerror or error}"
            ) from None

    def exists(self) -> bool:
        """Whether anybody ever collected here."""
        return self._folder.is_dir()

    def drop(self, unwanted: Callable[[Visit], bool]) -> None:
        """Take visits out of the record. The caller holds `exclusive`.

        Raises:
            OSError: it can't be written.
            RefusedError: it is damaged.
        """
        for path in self.files():
            visits = list(self._read(path))
            kept = [visit for visit in visits if not unwanted(visit)]
            if not kept:
                path.unlink()
            elif len(kept) < len(visits):
                write_atomically(path, _lines(kept))

    def visits(self, names: Container[str] | None = None) -> Iterator[Visit]:
        """All visits, oldest first.

        Args:
            names: of the files to read; None for all.

        Raises:
            RefusedError: a file can't be read, or is damaged.
        """
        for path in self.files():
            if names is None or path.name in names:
                yield from self._read(path)

    def _read(self, path: Path) -> Iterator[Visit]:
        try:
            for line in path.read_text(encoding="ascii").splitlines():
                row = json.loads(line)
                yield Visit(**{name: row[name] for name in row if name in _FIELDS})
        except (OSError, ValueError, TypeError) as error:
            raise RefusedError(f"{path}: can't be read as a record of custody: {error}") from None

    def known(self) -> dict[Key, Known]:
        """What the record says of each address that was ever asked for."""
        found: dict[Key, Known] = {}
        for visit in self.visits():
            key = key_of(visit)
            before = found.get(key)
            held = before.held if before else None
            checked = before.checked if before else None
            if visit.result != Result.FAILED:
                checked = visit
                held = held if visit.result == Result.UNCHANGED and held else visit
            found[key] = Known(held, checked, visit)
        return found
