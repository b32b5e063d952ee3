"""Have readers read what is no plain text, and put what they find where it can be read.

Of each file that needs a reader the raw bytes are put into a passing store first; a child process
reads them there, so that nothing changes under it. What it finds goes there, too, and is listed
as candidates of their own, which are then read like any other file. Every input ends as such a
candidate or as a rejected one. What may be kept for good is decided later, when it is known
whether a file holds text that was withdrawn.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from onrecord.ingest.archive import Archive
from onrecord.ingest.files import Candidate, Extract, glob
from onrecord.ingest.load import head, load_all
from onrecord.ingest.quarantine import Reason, Rejected, reject
from onrecord.ingest.readers.pool import Died, Pool, pool
from onrecord.ingest.readers.registry import kind_of
from onrecord.ingest.readers.sniff import HEAD, PLAIN, suffix
from onrecord.ingest.sources import Source
from onrecord.parallel import in_order
from onrecord.settings import Settings

#: Names that stand for plain text; what they hold is looked at when it is read.
_PLAIN_NAMES = ("txt", "text", "md", "markdown")
#: What was found waits for a pack up to so many bytes.
_WAITING = 8 * 1024 * 1024


@dataclass(slots=True)
class Unpacked:
    """What readers made of some files.

    Attributes:
        candidates: documents that were found, and files that turned out to be plain text.
        rejected: what can't be used.
        left_out: how many of what is no input, by source and kind.
        containers: sha256 of each file that a reader read, by source and path.
    """

    candidates: list[Candidate] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    left_out: dict[tuple[str, str], int] = field(default_factory=dict)
    containers: dict[tuple[str, str], str] = field(default_factory=dict)

    def add(self, other: "Unpacked") -> None:
        """Take in more."""
        self.candidates += other.candidates
        self.rejected += other.rejected
        for key, n in other.left_out.items():
            self.left_out[key] = self.left_out.get(key, 0) + n
        self.containers |= other.containers


def may_need_reader(candidate: Candidate, source: Source) -> bool:
    """Whether a file can be anything but plain text, as far as its source and name tell."""
    if candidate.extract is not None:
        return False
    if source.repair:
        return True
    if source.format is not None:
        return source.format not in PLAIN
    return suffix(candidate.name) not in _PLAIN_NAMES


def _is_plain(candidate: Candidate, source: Source) -> bool:
    """Whether a file begins like plain text; one that can't be read counts as such."""
    if source.repair or source.format is not None:
        return False
    begins = head(candidate, HEAD)
    media = candidate.fetched.media if candidate.fetched else None
    return begins is None or kind_of(candidate.name, begins, media) in PLAIN


def options_of(source: Source, settings: Settings) -> dict[str, Any]:
    """See ``protocol.Options``."""
    return {
        "format": source.format,
        "encoding": source.encoding,
        "fields": source.fields.model_dump(),
        "delimiter": source.delimiter,
        "repair": source.repair is not None,
        "exclude": [glob(pattern).pattern for pattern in source.exclude],
        "max_bytes": settings.max_file_bytes,
        "max_members": settings.max_members,
        "max_nesting": settings.max_nesting,
        "max_expansion": settings.max_expansion,
        "max_unpacked": settings.max_unpacked_bytes,
    }


class ReadFile:
    """One file on its way through readers: it counts, names and keeps what they find."""

    def __init__(self, candidate: Candidate, sha256: str, store: Archive) -> None:
        self.found = Unpacked()
        self._candidate = candidate
        self._sha256 = sha256
        self._store = store
        self._locators: set[str] = set()
        self._waiting: list[tuple[dict[str, Any], bytes]] = []
        self._size = 0
        self._place = 0

    def read(self, children: Pool, options: dict[str, Any], failures: int) -> None:
        """Have it read; what a child died of is rejected, and the next one goes on behind."""
        path, start, size = self._store.place(self._sha256)
        of = self._candidate.fetched
        facts: dict[str, str | None] = {}
        if of:
            facts = {"url": of.url, "retrieved": of.retrieved}
            facts |= {"charset": of.charset, "media": of.media}
        request = {"file": str(path), "start": start, "size": size, "facts": facts}
        request["name"] = of.url.partition("?")[0] if of else self._candidate.path
        resume: list[int] | None = None
        for attempt in range(failures + 1):
            begun: list[dict[str, Any]] = []
            try:
                for header, payload in children.read(
                    {**request, "options": options, "resume": resume}
                ):
                    self._take(header, payload, begun)
                break
            except Died as death:
                whole: dict[str, Any] = {"path": [], "locator": "", "size": size}
                at = begun[-1] if begun else whole
                resume = list(at["path"])
                last = attempt == failures
                self._reject(at["locator"], at["size"], death.reason, str(death))
                if not resume:
                    break
                if last:
                    found = f"given up after readers had to be stopped {attempt + 1} times"
                    self._reject("", size, death.reason, found)
                    break
        self._keep()

    def _take(self, header: dict[str, Any], payload: bytes, begun: list[dict[str, Any]]) -> None:
        """Take in what a child says."""
        kind = header["kind"]
        if kind == "begin":
            begun.append(header)
        elif kind == "end":
            begun.pop()
        elif kind == "refused":
            reason = Reason(header["reason"])
            self._reject(header["locator"], header["size"], reason, header["found"])
        elif kind == "left_out":
            key = self._candidate.source_id, header["what"]
            self.found.left_out[key] = self.found.left_out.get(key, 0) + 1
        elif kind == "bytes" and header["whole"]:  # it is plain text by itself
            self.found.candidates.append(self._candidate)
        else:
            self._waiting.append((header, payload))
            self._size += len(payload)
            if self._size > _WAITING:
                self._keep()

    @property
    def is_container(self) -> bool:
        """Whether it is anything but a plain text."""
        return self._candidate not in self.found.candidates

    def _unique(self, locator: str) -> str:
        """A locator that nothing else in the file has."""
        name, n = locator, 1
        while name in self._locators:
            n += 1
            name = f"{locator}#{n}"
        self._locators.add(name)
        return name

    def _reject(self, locator: str, size: int, reason: Reason, found: str) -> None:
        of = self._candidate
        locator = self._unique(locator)
        size = size or (of.bytes if not locator else 0)
        self.found.rejected.append(reject(of.source_id, of.path, size, reason, found, locator))

    def _keep(self) -> None:
        """Keep what was found so far, and list it."""
        names = self._store.put([payload for _, payload in self._waiting])
        for (header, payload), sha256 in zip(self._waiting, names, strict=True):
            locator = self._unique(header["locator"])
            is_text = header["kind"] == "text"
            encoding, by, confidence = header.get("basis") or (None, None, 1.0)
            extract = Extract(
                locator,
                sha256,
                self._place,
                header["reader"],
                "extract" if is_text or not header["locator"] else "file",
                header.get("charset"),
                **header["facts"],
                encoding=encoding,
                encoding_by=by,
                confidence=confidence,
                repaired=bool(header.get("repaired")),
            )
            self._place += 1
            of = self._candidate
            self.found.candidates.append(
                Candidate(of.source_id, of.path, of.file, len(payload), extract=extract)
            )
        self._waiting.clear()
        self._size = 0


def _batches(candidates: Iterable[Candidate], size: int) -> Iterator[list[Candidate]]:
    """Files in batches of about equal size."""
    batch: list[Candidate] = []
    n = 0
    for candidate in candidates:
        if batch and n + candidate.bytes > size:
            yield batch
            batch, n = [], 0
        batch.append(candidate)
        n += candidate.bytes
    if batch:
        yield batch


def unpack(
    candidates: list[Candidate],
    sources: Mapping[str, Source],
    store: Archive,
    settings: Settings,
) -> Unpacked:
    """Have readers read every file that is no plain text.

    Args:
        candidates: files, any of them.
        sources: by id.
        store: where the files and what is found in them are put.
        settings: with the limits.

    Returns:
        What they are.

    Raises:
        OSError: the store can't be written.
    """
    result = Unpacked()
    if not candidates:
        return result
    options = {name: options_of(source, settings) for name, source in sources.items()}
    needy = []
    for candidate in candidates:
        if _is_plain(candidate, sources[candidate.source_id]):
            result.candidates.append(candidate)
        else:
            needy.append(candidate)

    def read_batch(batch: list[Candidate]) -> Unpacked:
        found = Unpacked()
        loaded = list(zip(batch, load_all(batch, settings.max_file_bytes), strict=True))
        found.rejected += [raw for _, raw in loaded if isinstance(raw, Rejected)]
        files = [(candidate, raw) for candidate, raw in loaded if isinstance(raw, bytes)]
        names = store.put([raw for _, raw in files])
        # The child reads them from the store; none has to stay here meanwhile.
        whole = [candidate for candidate, _ in files]
        del loaded, files
        for candidate, sha256 in zip(whole, names, strict=True):
            file = ReadFile(candidate, sha256, store)
            file.read(children, options[candidate.source_id], settings.parser_failures)
            found.add(file.found)
            if file.is_container:
                found.containers[candidate.source_id, candidate.path] = sha256
        return found

    with pool(settings.parser_seconds, settings.parser_bytes) as children:
        pieces = _batches(needy, settings.batch_bytes)
        for found in in_order(read_batch, pieces, settings.threads):
            result.add(found)
    return result


def remarks(left_out: Mapping[tuple[str, str], int]) -> list[str]:
    """What was left out on purpose, in words."""
    return [f"{source}: {what}: {n:,}" for (source, what), n in sorted(left_out.items())]
