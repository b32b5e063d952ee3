"""Find the files of a source, without opening any."""

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from stat import S_ISREG
from urllib.parse import quote

from onrecord.ingest.quarantine import Reason, Rejected, reject
from onrecord.ingest.sources import SOURCE_FILE, Source


@dataclass(frozen=True, slots=True)
class Fetched:
    """Where a file comes from that was fetched from the web.

    Attributes:
        url: its address.
        retrieved: when its bytes first came, UTC, ISO 8601.
        sha256: of its bytes, which are in a pack of the archive.
        start: where in the pack they begin.
        charset: that the server declared.
        media: media type that the server declared, without parameters.
    """

    url: str
    retrieved: str
    sha256: str
    start: int
    charset: str | None = None
    media: str | None = None


@dataclass(frozen=True, slots=True)
class Extract:
    """A document that a reader found in a file; its bytes are in the archive.

    Attributes:
        locator: where in the file it stands; "" is all of it.
        sha256: of its bytes.
        place: its number among those of the file.
        reader: name and version of what read it.
        restores: what these bytes are: ``file``, those of a member of an archive or the like;
            ``extract``, text that was extracted and is in UTF-8.
        charset: encoding that its container declares.
        title, published, retrieved, url: as the input states them.
        encoding, encoding_by, confidence: how the original's bytes became text, where it was
            extracted.
        repaired: whether mojibake in it was mended.
    """

    locator: str
    sha256: str
    place: int
    reader: str
    restores: str
    charset: str | None = None
    title: str | None = None
    published: str | None = None
    retrieved: str | None = None
    url: str | None = None
    encoding: str | None = None
    encoding_by: str | None = None
    confidence: float = 1.0
    repaired: bool = False


@dataclass(frozen=True, slots=True)
class Candidate:
    """One file that belongs to a source and looks readable, or a document found in one.

    Attributes:
        source_id: its source.
        path: relative to the source's folder, with forward slashes; of a fetched file its
            address. The name under which it is published.
        file: where it is on disk; of a fetched file the pack.
        bytes: its size when it was found; of an extract, the size of that.
        document_id: its id; empty until it is known.
        fetched: where it comes from; None for a file in the source's folder.
        extract: what a reader found; None for a file that is read as it is.
    """

    source_id: str
    path: str
    file: str
    bytes: int
    document_id: str = ""
    fetched: Fetched | None = None
    extract: Extract | None = None

    def named(self, document_id: str) -> "Candidate":
        """The same file, with the id of its document."""
        at = self.source_id, self.path, self.file, self.bytes
        return Candidate(*at, document_id, self.fetched, self.extract)

    @property
    def name(self) -> str:
        """What its format may be told by, also where its path is concealed."""
        return self.fetched.url.partition("?")[0] if self.fetched else self.file

    @property
    def locator(self) -> str:
        """Which record of the file it is; "" is all of it."""
        return self.extract.locator if self.extract else ""


def glob(pattern: str) -> re.Pattern[str]:
    """A glob over paths with forward slashes as a regular expression.

    ``**`` stands for any folders, ``*`` for any characters of one name, ``?`` for one; a
    pattern without a slash matches names in every folder.
    """
    if "/" not in pattern and pattern != "**":
        pattern = f"**/{pattern}"
    out = ""
    i = 0
    while i < len(pattern):
        if pattern.startswith("**/", i):
            out += "(?:.*/)?"
            i += 3
        elif pattern.startswith("**", i):
            out += ".*"
            i += 2
        elif pattern[i] == "*":
            out += "[^/]*"
            i += 1
        elif pattern[i] == "?":
            out += "[^/]"
            i += 1
        else:
            out += re.escape(pattern[i])
            i += 1
    return re.compile(out, re.DOTALL)


def _any_of(patterns: Iterable[str]) -> re.Pattern[str]:
    """What any of some globs matches; nothing where there are none."""
    either = "|".join(f"(?:{glob(pattern).pattern})" for pattern in patterns)
    return re.compile(either or "(?!)", re.DOTALL)


class Chooser:
    """Whether a path belongs to a source by its `include` and `exclude`."""

    def __init__(self, source: Source) -> None:
        self._include = _any_of(source.include)
        self._exclude = _any_of(source.exclude)

    def takes(self, path: str) -> bool:
        """Whether it does."""
        return bool(self._include.fullmatch(path)) and not self._exclude.fullmatch(path)


def _walk(folder: bytes, prefix: bytes) -> Iterator[tuple[bytes, os.DirEntry[bytes] | OSError]]:
    """Every entry below a folder that is no folder itself, in the order of its bytes."""
    try:
        with os.scandir(folder) as listing:
            entries = sorted(listing, key=lambda entry: entry.name)
    except OSError as error:
        yield prefix.rstrip(b"/"), error
        return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(entry.path, prefix + entry.name + b"/")
        else:
            yield prefix + entry.name, entry


def _examine(
    source_id: str, path: str, entry: os.DirEntry[bytes], root: Path
) -> Candidate | Rejected:
    """Decide whether one directory entry is a file that may be read."""
    file = os.fsdecode(entry.path)
    size = 0
    try:
        status = entry.stat(follow_symlinks=False)
        size = status.st_size
        if entry.is_symlink():
            real = Path(os.path.realpath(file))
            if not real.is_relative_to(root):
                found = "a link that leads out of the folder"
                return reject(source_id, path, size, Reason.OUTSIDE_LINK, found)
            if real.is_dir():
                return reject(source_id, path, size, Reason.FOLDER_LINK, "a link to a folder")
            status = entry.stat(follow_symlinks=True)
    except OSError as error:
        return reject(source_id, path, size, Reason.UNREADABLE, error.strerror or str(error))
    if not S_ISREG(status.st_mode):
        return reject(source_id, path, size, Reason.NOT_REGULAR, "not a regular file")
    return Candidate(source_id, path, file, status.st_size)


@dataclass(frozen=True, slots=True)
class Listing:
    """What the folder of a source holds.

    Attributes:
        candidates: files to read, sorted by path.
        rejected: entries that can't be used, sorted by path.
        left_out: how many files the source's globs leave out.
    """

    candidates: list[Candidate]
    rejected: list[Rejected]
    left_out: int


def find(source: Source, folder: Path, max_bytes: int) -> Listing:
    """Find what belongs to a source.

    Args:
        source: the source, with its globs.
        folder: its folder.
        max_bytes: larger files are rejected.

    Returns:
        Its listing.
    """
    chooser = Chooser(source)
    root = Path(os.path.realpath(folder))
    candidates: list[Candidate] = []
    rejected: list[Rejected] = []
    left_out = 0
    taken: set[str] = set()
    for name, entry in _walk(os.fsencode(folder), b""):
        if name == SOURCE_FILE.encode():
            continue
        try:
            path, readable_name = name.decode("utf-8"), True
        except UnicodeDecodeError:
            path, readable_name = quote(name, safe="/ "), False
            while path in taken:  # a file may be called like another one's encoded name
                path += "%00"
        taken.add(path)
        if isinstance(entry, OSError):  # what it holds is unknown, so no glob leaves it out
            found = f"folder: {entry.strerror}"
            rejected.append(reject(source.id, path or ".", 0, Reason.UNREADABLE, found))
            continue
        if not chooser.takes(path):
            left_out += 1
            continue
        result = _examine(source.id, path, entry, root)
        if isinstance(result, Candidate):
            if not readable_name:
                found = "the name, shown percent-encoded, is not UTF-8"
                result = reject(source.id, path, result.bytes, Reason.NAME_NOT_UTF8, found)
            elif result.bytes > max_bytes:
                found = f"{result.bytes:,} bytes, the limit is {max_bytes:,}"
                result = reject(source.id, path, result.bytes, Reason.TOO_LARGE, found)
            elif result.bytes == 0:
                result = reject(source.id, path, 0, Reason.EMPTY, "no bytes")
        if isinstance(result, Candidate):
            candidates.append(result)
        else:
            rejected.append(result)
    candidates.sort(key=attrgetter("path"))
    return Listing(candidates, sorted(rejected), left_out)
