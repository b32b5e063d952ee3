"""Reading files, wherever they are: one interface to a local folder and to a URL.

What reads releases uses this alone, so every command takes every kind of place.
"""

import io
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol

from onrecord.errors import NotFoundError, RefusedError

if TYPE_CHECKING:
    from onrecord.release.objects import Objects

#: No descriptor, index or change log is larger; a place that offers more is not trusted.
MOST_READ = 256 * 1024 * 1024
_PIECE = 1024 * 1024
#: So much is fetched at least, so that many small reads are no more than a few requests.
_AHEAD = 64 * 1024


class MissingError(NotFoundError):
    """There is no such file at a place."""


class DeniedError(RefusedError):
    """A place does not let us read or write."""


class ConflictError(RefusedError):
    """A file was made or changed by somebody else meanwhile."""


class UnreachableError(RefusedError):
    """A place does not answer, or broke off; it may later."""


class NoRangesError(RefusedError):
    """A server gives files only as a whole."""


class Files(Protocol):
    """The files below one folder, for reading. Names have forward slashes."""

    @property
    def where(self) -> str:
        """The folder, for messages."""
        ...

    def below(self, folder: str) -> "Files":
        """The files of a folder in it."""
        ...

    def read(self, name: str) -> bytes:
        """A whole file.

        Raises:
            MissingError: there is no such file.
            RefusedError: it can't be read.
        """
        ...

    def stream(self, name: str, start: int = 0) -> Iterator[bytes]:
        """The bytes of a file from `start` on, piece by piece.

        Raises:
            NoRangesError: the place gives whole files only, and `start` is not 0.
            UnreachableError: the connection broke off.
            MissingError, RefusedError: it can't be read.
        """
        ...

    def open(self, name: str) -> IO[bytes]:
        """A file to seek in; only what is read is fetched.

        Raises:
            MissingError, RefusedError: it can't be read.
        """
        ...


class LocalFiles:
    """The files of a folder on disk."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def where(self) -> str:
        """The folder."""
        return str(self.root)

    def below(self, folder: str) -> "LocalFiles":
        """The files of a folder in it."""
        return LocalFiles(self.root / folder)

    def read(self, name: str) -> bytes:
        """A whole file."""
        with self.open(name) as file:
            return file.read()

    def stream(self, name: str, start: int = 0) -> Iterator[bytes]:
        """The bytes of a file from `start` on, piece by piece."""
        with self.open(name) as file:
            file.seek(start)
            while piece := file.read(_PIECE):
                yield piece

    def open(self, name: str) -> IO[bytes]:
        """A file to seek in."""
        path = self.root / name
        try:
            return path.open("rb")
        except (FileNotFoundError, NotADirectoryError):
            raise MissingError(f"{path}: no such file.") from None
        except OSError as error:
            raise RefusedError(f"{path}: can't be read: {error.strerror or error}") from None


class RemoteFiles:
    """The files below a URL, or below a folder there."""

    def __init__(self, objects: "Objects", folder: str = "") -> None:
        self._objects = objects
        self._folder = folder

    @property
    def where(self) -> str:
        """The URL."""
        return self._objects.at(self._folder).rstrip("/")

    def below(self, folder: str) -> "RemoteFiles":
        """The files of a folder in it."""
        return RemoteFiles(self._objects, f"{self._folder}{folder}/")

    def read(self, name: str) -> bytes:
        """A whole file."""
        return self._objects.read(self._folder + name, MOST_READ)[0]

    def stream(self, name: str, start: int = 0) -> Iterator[bytes]:
        """The bytes of a file from `start` on, piece by piece."""
        return self._objects.stream(self._folder + name, start)

    def listing(self) -> list[tuple[str, int]] | None:
        """Names and sizes of the files below; None where the place does not list them."""
        if not self._objects.writable:
            return None
        try:
            found = self._objects.list(self._folder.rstrip("/"))
        except DeniedError:
            return None
        return [(meta.name.removeprefix(self._folder), meta.size) for meta in found]

    def open(self, name: str) -> IO[bytes]:
        """A file to seek in, read by range requests."""
        return RangeFile(self._objects, self._folder + name)  # type: ignore[return-value]


class RangeFile(io.RawIOBase):
    """A file behind a URL: each read is a request for a range, and a little more.

    Where the server knows no ranges, the whole file is fetched once into a temporary one.
    """

    def __init__(self, objects: "Objects", name: str) -> None:
        super().__init__()
        self._objects = objects
        self._meta = objects.head(name)
        self._at = 0
        self._start, self._ahead = 0, b""
        self._whole: IO[bytes] | None = None

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """Where the next read begins."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Set where the next read begins."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._meta.size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: object) -> int:
        """Read into a buffer; return how many bytes."""
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        size = min(len(view), max(0, self._meta.size - self._at))
        view[:size] = self._part(self._at, self._at + size)
        self._at += size
        return size

    def readall(self) -> bytes:
        """What is left."""
        rest = self._part(self._at, max(self._at, self._meta.size))
        self._at += len(rest)
        return rest

    def close(self) -> None:
        """Let go of the temporary file, if there is one."""
        if self._whole is not None:
            self._whole.close()
        super().close()

    def _part(self, start: int, end: int) -> bytes:
        if start == end:
            return b""
        begin = start - self._start
        if begin < 0 or end - self._start > len(self._ahead):
            self._ahead = self._fetch(start, min(max(end, start + _AHEAD), self._meta.size))
            self._start, begin = start, 0
        found = self._ahead[begin : begin + end - start]
        if len(found) != end - start:
            raise RefusedError(f"{self._objects.at(self._meta.name)}: shorter than stated.")
        return found

    def _fetch(self, start: int, end: int) -> bytes:
        if self._whole is None:
            try:
                return self._objects.part(self._meta.name, start, end, self._meta.e_tag)
            except NoRangesError:
                self._whole = tempfile.TemporaryFile()  # noqa: SIM115 (closed with this file)
                self._whole.writelines(self._objects.stream(self._meta.name))
        self._whole.seek(start)
        return self._whole.read(end - start)


def is_url(place: str) -> bool:
    """Whether a place is no local path."""
    return "://" in place


def open_files(place: str) -> Files:
    """The files of a place.

    Args:
        place: a local path, ``s3://bucket/prefix``, or an ``http(s)://`` base URL.

    Raises:
        ConfigurationError: the URL or the environment can't be used.
    """
    if not is_url(place):
        return LocalFiles(Path(place))
    from onrecord.release.objects import Objects  # noqa: PLC0415 (local places never need it)

    return RemoteFiles(Objects(place))
