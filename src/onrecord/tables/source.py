"""The bytes of a resource: one file or several, compressed or not, hashed as they are read."""

import bz2
import codecs
import gzip
import hashlib
import io
import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, cast

import chardet

from onrecord.tables.descriptor import Resource
from onrecord.tables.problems import Problem, TableError

#: So many bytes are read at once.
CHUNK = 1 << 20
_HASHES = {n for n in hashlib.algorithms_guaranteed if not n.startswith("shake")}
_COMPRESSED: dict[str, Callable[..., object]] = {
    "gz": gzip.open,
    "bz2": bz2.open,
    "xz": lzma.open,
}


def _parts(folder: Path) -> list[Path]:
    """The files of a table that is named by their folder, as Arrow reads it.

    Raises:
        TableError: there are none, or it can't be read.
    """
    try:
        found = sorted(path for path in folder.iterdir() if path.name[0] not in "._")
    except OSError as error:
        raise TableError("scheme-error", f"{folder.name}: {error.strerror or error}") from None
    if not found or any(path.is_dir() for path in found):
        raise TableError("scheme-error", f"{folder.name}: expected a folder of files alone")
    return found


class Source:
    """The bytes of one resource.

    Attributes:
        paths: its files.
        read: how many bytes they hold; None until all of them were read once.
        digests: hashes of these bytes in hex, by name of the algorithm.
    """

    def __init__(self, resource: Resource, folder: Path, headless: bool) -> None:
        """Describe the source; nothing is read yet.

        Args:
            resource: the resource, with at least one path.
            folder: where its paths start.
            headless: whether files after the first begin with a row, not with a header.

        Raises:
            TableError: a path is not safe, leads out of reach, or is a folder that is no table.
        """
        for path in resource.path:
            if "://" in path:
                raise TableError("scheme-error", f"{path}: only local files are read")
            if Path(path).is_absolute() or ".." in Path(path).parts or path.startswith("~"):
                raise TableError("resource-error", f'path "{path}" is not safe')
        self.paths = [folder / path for path in resource.path]
        self._resource = resource
        if len(self.paths) == 1 and self.format == "parquet" and self.paths[0].is_dir():
            self.paths = _parts(self.paths[0])
        self._headless = headless
        self.read: int | None = None
        self.digests: dict[str, str] = {}

    def algorithm(self) -> str | None:
        """By which algorithm the descriptor states a hash."""
        stated = self._resource.hash
        return (stated.partition(":")[0] if ":" in stated else "md5") if stated else None

    @property
    def compression(self) -> str | None:
        """How its file is compressed."""
        stated = self._resource.compression
        suffix = self.paths[0].suffix.removeprefix(".").lower()
        return stated or (suffix if suffix in (*_COMPRESSED, "zip") else None)

    @property
    def format(self) -> str:
        """What its files hold: csv, tsv, parquet, or whatever the name ends in."""
        name = self.paths[0].name
        if self.compression and name.lower().endswith(f".{self.compression}"):
            name = name[: -len(self.compression) - 1]
        return (self._resource.format or Path(name).suffix.removeprefix(".")).lower()

    def _raw(self) -> Iterator[bytes]:
        """The bytes as they lie in the files; of files after the first without their header."""
        wanted = {"sha256", self.algorithm()} & _HASHES
        hashes = {name: hashlib.new(str(name), usedforsecurity=False) for name in wanted}
        read = 0
        for i, path in enumerate(self.paths):
            with path.open("rb") as file:
                if i and not self._headless and self.format in ("csv", "tsv"):
                    file.readline()
                while data := file.read(CHUNK):
                    read += len(data)
                    for found in hashes.values():
                        found.update(data)
                    yield data
        self.read = read
        self.digests = {str(name): found.hexdigest() for name, found in hashes.items()}

    def chunks(self) -> Iterator[bytes]:
        """The bytes, unpacked.

        Raises:
            TableError: they can't be read.
        """
        if self.compression is None or len(self.paths) > 1:
            yield from self._read_errors(self._raw())
            return
        if self.read is None:
            for _ in self._read_errors(self._raw()):
                pass  # hashes are those of the packed file
        yield from self._read_errors(self._inside())

    def _inside(self) -> Iterator[bytes]:
        with self._unpacked() as file:
            while data := file.read(CHUNK):
                yield data

    def _read_errors(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """Chunks; what goes wrong is said as a report says it."""
        try:
            yield from chunks
        except (
            gzip.BadGzipFile,
            zipfile.BadZipFile,
            lzma.LZMAError,
            zlib.error,
            EOFError,
        ) as error:
            raise TableError("compression-error", str(error)) from None
        except OSError as error:
            name = Path(error.filename).name if error.filename else self.paths[0].name
            raise TableError("scheme-error", f"{name}: {error.strerror or error}") from None

    def _unpacked(self) -> IO[bytes]:
        kind = self.compression
        if kind == "zip":
            archive = zipfile.ZipFile(self.paths[0])
            names = archive.namelist()
            if not names:
                raise TableError("compression-error", "the archive is empty")
            return archive.open(names[0])
        if kind is None or kind not in _COMPRESSED:
            raise TableError("compression-error", f'compression "{kind}" is not supported')
        return cast(IO[bytes], _COMPRESSED[kind](self.paths[0], "rb"))

    def sums(self) -> tuple[list[Problem], list[str]]:
        """Compare hash and size with what the descriptor states; reads what was not read yet.

        Returns:
            Problems, and remarks on what could not be compared.
        """
        if self.read is None:
            for _ in self._read_errors(self._raw()):
                pass
        problems, remarks = [], []
        algorithm = self.algorithm()
        if algorithm:
            stated = str(self._resource.hash).rpartition(":")[2]
            actual = self.digests.get(algorithm)
            if actual is None:
                remarks.append(f"hash is not checked: unknown algorithm {algorithm}")
            elif actual != stated.lower():
                note = f'expected is "{stated}" and actual is "{actual}"'
                problems.append(Problem("hash-count", note))
        if self._resource.bytes and self._resource.bytes != self.read:
            note = f'expected is "{self._resource.bytes}" and actual is "{self.read}"'
            problems.append(Problem("byte-count", note))
        return problems, remarks


def encoding_of(chunks: Iterator[bytes], stated: str | None) -> tuple[str, str | None]:
    """How a text is encoded.

    Args:
        chunks: its bytes; as many are taken as are needed.
        stated: what the descriptor says, if anything.

    Returns:
        The encoding, and a remark where it was guessed.

    Raises:
        TableError: there is no encoding of the stated name.
    """
    head = next(chunks, b"")
    try:
        name = codecs.lookup(stated or "utf-8").name
    except LookupError as error:
        raise TableError("encoding-error", str(error)) from None
    if head.startswith(codecs.BOM_UTF8) and name in ("utf-8", "ascii"):
        return "utf-8-sig", None
    boms = {"utf-16-be": codecs.BOM_UTF16_BE, "utf-16-le": codecs.BOM_UTF16_LE}
    if name in boms and head.startswith(boms[name]):
        return "utf-16", None
    if stated:
        return name, None
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
        return "utf-8", None
    except UnicodeDecodeError:
        guess = chardet.detect(head)["encoding"] or "utf-8"
        return guess, f"no encoding is stated and it is not UTF-8: read as {guess}"


def as_utf8(chunks: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    """A text in any encoding, in UTF-8 and without a byte order mark.

    Raises:
        TableError: some bytes can't be decoded.
    """
    if encoding == "utf-8-sig":
        for i, chunk in enumerate(chunks):
            yield chunk if i else chunk.removeprefix(codecs.BOM_UTF8)
        return
    if encoding in ("utf-8", "ascii"):
        yield from chunks
        return
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for chunk in chunks:
            yield decoder.decode(chunk).encode()
        yield decoder.decode(b"", True).encode()
    except UnicodeError as error:
        raise TableError("encoding-error", str(error)) from None


def lines(chunks: Iterator[bytes]) -> Iterator[str]:
    """The lines of a text in UTF-8 with their ends, as Python's universal newlines see them.

    Raises:
        TableError: some bytes are not UTF-8.
    """
    waiting: list[bytes] = []
    for chunk in chunks:
        end = safe_end(chunk)
        if end:
            yield from text_lines(b"".join([*waiting, chunk[:end]]))
            waiting.clear()
        waiting.append(chunk[end:])
    yield from text_lines(b"".join(waiting))


def safe_end(data: bytes) -> int:
    """Where the last whole line ends; 0 where there is none."""
    return data.rfind(b"\n") + 1 or max(data.rfind(b"\r", 0, len(data) - 1) + 1, 0)


def text_lines(data: bytes) -> io.StringIO:
    """The lines of some bytes.

    Raises:
        TableError: they are not UTF-8.
    """
    try:
        return io.StringIO(data.decode(), newline="")
    except UnicodeDecodeError as error:
        raise TableError("encoding-error", str(error)) from None
