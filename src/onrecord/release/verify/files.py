"""The files of a release: which there are, and whether each is what was published.

``SHA256SUMS`` is the anchor: it lists every file but itself and its signature, once, sorted, in
one canonical form, so that any change of a single bit in any file shows. In a folder that holds
a part of a release, ``SELECTION.json`` says which part.
"""

import hashlib
import re
import stat
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple, Protocol

from onrecord.errors import OnrecordError
from onrecord.release import store
from onrecord.release.names import SELECTION, SIGNATURE, SUMS, is_safe
from onrecord.release.verify.report import Problem, Report

#: What every release has; tables come on top, by its own descriptor.
REQUIRED = (
    "CHANGELOG.md",
    "README.md",
    "datapackage.json",
    "parquet/datapackage.json",
    "provenance.json",
    "quality.json",
)
#: Told of what is looked at (a file, a table), and how many bytes were compared with a sum.
Progress = Callable[[str, int], None]

_LINE = re.compile(r"([0-9a-f]{64})  (.+)", re.ASCII)
_OWN = {SUMS, SIGNATURE, SELECTION}
_CHUNK = 1 << 20
_KINDS = {stat.S_IFREG: "file", stat.S_IFDIR: "folder", stat.S_IFLNK: "symlink"}


class Found(NamedTuple):
    """One entry of a folder, at any depth.

    Attributes:
        name: its path, with forward slashes.
        kind: file, folder, symlink or other.
        size: in bytes.
    """

    name: str
    kind: str
    size: int


class Files(Protocol):
    """Read access to the files below one folder, wherever that is."""

    @property
    def name(self) -> str:
        """The last part of the folder's own name."""

    def listing(self) -> list[Found] | None:
        """Everything below, sorted by name; None where the place can't list."""

    def open(self, name: str) -> IO[bytes]:
        """A file to seek in. Raises OSError where it can't be read."""

    def stream(self, name: str) -> Iterator[bytes]:
        """A whole file, piece by piece. Raises OSError where it can't be read."""

    def at(self, folder: str) -> "Files":
        """The files below one of its folders."""


class Folder:
    """`Files` on disk."""

    def __init__(self, root: Path) -> None:
        self._root = root

    @property
    def name(self) -> str:
        """The folder's name."""
        return self._root.resolve().name

    def listing(self) -> list[Found]:
        """Everything below, symbolic links not followed."""
        found = []
        for path in self._root.rglob("*"):
            status = path.lstat()
            kind = _KINDS.get(stat.S_IFMT(status.st_mode), "other")
            name = path.relative_to(self._root).as_posix()
            found.append(Found(name, kind, status.st_size))
        return sorted(found)

    def open(self, name: str) -> IO[bytes]:
        """A file, for reading."""
        return (self._root / name).open("rb")

    def stream(self, name: str) -> Iterator[bytes]:
        """A whole file, piece by piece."""
        with self.open(name) as file:
            while piece := file.read(_CHUNK):
                yield piece

    def at(self, folder: str) -> "Folder":
        """The files below one of its folders."""
        return Folder(self._root / folder)


class Stored:
    """`Files` at a URL: on S3 they are listed, on a web server they can't be."""

    def __init__(self, files: store.Files) -> None:
        self._files = files
        self._listed: list[Found] | None = None

    @property
    def name(self) -> str:
        """The last part of the URL."""
        return self._files.where.rstrip("/").rpartition("/")[2]

    def listing(self) -> list[Found] | None:
        """Everything below; None where the place does not say."""
        if self._listed is None and isinstance(self._files, store.RemoteFiles):
            found = self._files.listing()
            if found is None:
                return None
            at = {name[:i] for name, _ in found for i in range(len(name)) if name[i] == "/"}
            files = [Found(name, "file", size) for name, size in found]
            self._listed = sorted([*files, *(Found(name, "folder", 0) for name in at)])
        return self._listed

    def open(self, name: str) -> IO[bytes]:
        """A file, read by ranges."""
        with _as_os_error():
            return self._files.open(name)

    def stream(self, name: str) -> Iterator[bytes]:
        """A whole file, piece by piece."""
        with _as_os_error():
            yield from self._files.stream(name)

    def at(self, folder: str) -> "Stored":
        """The files below one of its folders."""
        return Stored(self._files.below(folder))


@contextmanager
def _as_os_error() -> Iterator[None]:
    """Say what a place says in the words of a disk: a file that can't be read is a finding."""
    try:
        yield
    except OnrecordError as error:
        raise OSError(str(error)) from None


def read(files: Files, name: str) -> bytes | None:
    """A small file as a whole; None where it can't be read."""
    try:
        return b"".join(files.stream(name))
    except OSError:
        return None


def read_sums(raw: bytes | None) -> tuple[dict[str, str], list[Problem]]:
    """The sha256 of each file that ``SHA256SUMS`` lists, by path, and what is wrong with it."""
    if raw is None:
        return {}, [Problem(SUMS, "", "missing-file", "it is not there, or can't be read")]
    sums: dict[str, str] = {}
    problems = []
    lines = raw.decode("utf-8", "replace").split("\n")
    if lines[-1]:
        problems.append(Problem(SUMS, f"line {len(lines)}", "sums-error", "has no line feed"))
    else:
        lines.pop()
    for number, line in enumerate(lines, 1):
        match = _LINE.fullmatch(line)
        if not match or not is_safe(match[2]) or match[2] in _OWN:
            message = "expected a sha256, two spaces and the path of a file of the release"
            problems.append(Problem(SUMS, f"line {number}", "sums-error", message))
        elif match[2] <= max(sums, default=""):
            message = f"{match[2]} stands twice, or out of order"
            problems.append(Problem(SUMS, f"line {number}", "sums-error", message))
        else:
            sums[match[2]] = match[1]
    return sums, problems


def check_listing(
    found: list[Found], sums: Collection[str], chosen: Collection[str] | None
) -> list[Problem]:
    """Which files are missing or too many.

    Args:
        found: see `Files.listing`.
        sums: the files that ``SHA256SUMS`` lists.
        chosen: of a selection, the files that it takes in; None for a whole release.
    """
    problems = []
    present = {entry.name for entry in found if entry.kind == "file"}
    folders = {
        "/".join(name.split("/")[:i]) for name in sums for i in range(1, name.count("/") + 1)
    }
    for entry in found:
        if entry.kind in ("symlink", "other"):
            message = "a symbolic link" if entry.kind == "symlink" else "neither file nor folder"
            problems.append(Problem(entry.name, "", "not-a-file", f"{message}: never published"))
        elif entry.kind == "folder" and entry.name not in folders:
            problems.append(Problem(entry.name, "", "extra-folder", f"{SUMS} lists no file in it"))
        elif entry.kind == "file" and entry.name not in {*sums, *_OWN}:
            problems.append(Problem(entry.name, "", "extra-file", f"{SUMS} does not list it"))
    wanted = set(sums) if chosen is None else set(sums) & set(chosen)
    for name in sorted(wanted - present):
        if not any(entry.name == name for entry in found):
            problems.append(Problem(name, "", "missing-file", f"{SUMS} lists it"))
    for name in sorted(set(REQUIRED) - set(sums)):
        problems.append(Problem(name, "", "missing-file", f"{SUMS} must list it, and does not"))
    return problems


def sha256_of(files: Files, name: str, progress: Progress) -> tuple[str, int]:
    """The sha256 of a file in hex, and its size in bytes.

    Raises:
        OSError: it can't be read.
    """
    digest = hashlib.sha256()
    size = 0
    for piece in files.stream(name):
        digest.update(piece)
        size += len(piece)
        progress(name, len(piece))
    return digest.hexdigest(), size


def check_sums(
    files: Files, sums: dict[str, str], skip: set[str], report: Report, progress: Progress
) -> dict[str, int]:
    """Compare every file with its checksum.

    Args:
        files: of the release.
        sums: sha256 by path.
        skip: files that are known to be missing, or left out on purpose.
        report: takes problems and counts.
        progress: see `Progress`.

    Returns:
        The size in bytes of each file that is what was published.
    """
    whole = {}
    for name, sha256 in sums.items():
        if name in skip:
            continue
        try:
            actual, size = sha256_of(files, name, progress)
        except OSError as error:
            message = error.strerror or str(error)
            report.problems.append(Problem(name, "", "unreadable-file", message))
            continue
        report.files += 1
        report.bytes += size
        if actual == sha256:
            whole[name] = size
        else:
            message = f"its sha256 is {actual}, {SUMS} says {sha256}"
            report.problems.append(Problem(name, "", "checksum-error", message))
    return whole
