"""Room for what a run can put aside: in memory up to a limit, then in files of its own.

A corpus is larger than memory before it is large. Whole texts and finished rows are needed
once more at the end, batch by batch, so they wait here; small runs never touch the disk.
"""

import mmap
import os
import shutil
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TypeVar

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from onrecord.arrays import Growing
from onrecord.errors import RefusedError

S = TypeVar("S", bound=np.generic)

#: So much is kept in memory, in bytes, before anything is written to files.
MEMORY = 192 * 1024 * 1024


class Scratch:
    """The aside of one run. Threads may share it."""

    def __init__(self, folder: Path, memory: int | None = None) -> None:
        self._folder = folder
        self._left = MEMORY if memory is None else memory
        self._names = 0
        self._lock = threading.Lock()

    def claim(self, size: int) -> bool:
        """Whether so many bytes may stay in memory; they are accounted for if so."""
        with self._lock:
            if size > self._left:
                return False
            self._left -= size
            return True

    def file(self) -> Path:
        """A new file's path."""
        with self._lock:
            self._names += 1
            with self.writing():
                self._folder.mkdir(parents=True, exist_ok=True)
            return self._folder / f"{self._names:06}"

    def keep(self, data: NDArray[np.uint8]) -> "Kept":
        """Put bytes aside."""
        if self.claim(data.nbytes):
            return Kept(data.copy(), None)
        path = self.file()
        with self.writing():
            data.tofile(path)
        return Kept(None, path)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Turn what goes wrong with the disk into words.

        Raises:
            RefusedError: it is full, or can't be written.
        """
        try:
            yield
        except OSError as error:
            raise RefusedError(
                f"{self._folder}: can't be written: {error.strerror or error}. "
                "Nothing was published."
            ) from None


class Kept:
    """Bytes that were put aside."""

    def __init__(self, data: NDArray[np.uint8] | None, path: Path | None) -> None:
        self._data = data
        self._path = path

    def read(self) -> NDArray[np.uint8]:
        """The bytes."""
        if self._data is not None:
            return self._data
        assert self._path is not None
        return np.fromfile(self._path, np.uint8)


class Paged(Growing[S]):
    """An array that grows in pages of a file, which the system may take out of memory."""

    def __init__(self, dtype: type[S], size: int, aside: Scratch) -> None:
        self._aside = aside
        self._file: BinaryIO | None = None
        super().__init__(dtype, size)

    def _bigger(self, size: int) -> NDArray[S]:
        n = max(1, size) * self.dtype.itemsize
        with self._aside.writing():
            if self._file is None:
                self._file = self._aside.file().open("w+b")
            # Taken now: where the disk is full, to write to a page would end the process.
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(self._file.fileno(), 0, n)
            else:
                self._file.truncate(n)
            pages = mmap.mmap(self._file.fileno(), n)
        return np.frombuffer(pages, self.dtype)


@contextmanager
def scratch(folder: Path) -> Iterator[Scratch]:
    """A scratch below a folder, which is emptied before and removed after."""
    shutil.rmtree(folder, ignore_errors=True)
    try:
        yield Scratch(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Rows:
    """The rows of one table, appended piece by piece and read back in the same order.

    Where the pieces end says nothing: whoever reads must not depend on it.
    """

    def __init__(self, schema: pa.Schema, scratch: Scratch | None = None) -> None:
        self.schema = schema
        self.num_rows = 0
        self._scratch = scratch
        self._pieces: list[pa.Table] = []
        self._path: Path | None = None
        self._writer: pa.RecordBatchFileWriter | None = None

    @classmethod
    def of(cls, table: pa.Table) -> "Rows":
        """The rows of a table that is in memory."""
        rows = cls(table.schema)
        rows.append(table)
        return rows

    def append(self, table: pa.Table) -> None:
        """Add rows at the end."""
        if not table.num_rows:
            return
        self.num_rows += table.num_rows
        if self._path is None and (self._scratch is None or self._scratch.claim(table.nbytes)):
            self._pieces.append(table)
            return
        assert self._scratch is not None
        with self._scratch.writing():
            if self._path is None:
                self._path = self._scratch.file()
                self._writer = pa.ipc.new_file(pa.OSFile(str(self._path), "wb"), self.schema)
            assert self._writer is not None
            self._writer.write_table(table.combine_chunks())

    def _close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def pieces(self) -> Iterator[pa.Table]:
        """The rows, piece by piece; nothing can be appended any more."""
        self._close()
        yield from self._pieces
        if self._path is not None:
            with pa.OSFile(str(self._path)) as file, pa.ipc.open_file(file) as reader:
                for i in range(reader.num_record_batches):
                    yield pa.Table.from_batches([reader.get_batch(i)], self.schema)

    def groups(self, size: int, every: int | None = None) -> Iterator[pa.Table]:
        """The rows in tables of `size` rows (the last may have fewer), one chunk a column.

        Args:
            size: rows of a table.
            every: a table also ends after each so many rows of all, where this is given.
        """
        waiting: list[pa.Table] = []
        n = 0
        left = every or size
        for piece in self.pieces():
            at = 0
            while n + piece.num_rows - at >= (full := min(size, left)):
                waiting.append(piece.slice(at, full - n))
                at += full - n
                yield pa.concat_tables(waiting).combine_chunks()
                waiting, n = [], 0
                left = left - full or every or size
            if at < piece.num_rows:
                waiting.append(piece.slice(at))
                n += piece.num_rows - at
        if waiting:
            yield pa.concat_tables(waiting).combine_chunks()

    def table(self) -> pa.Table:
        """All rows in memory, one chunk a column."""
        pieces = list(self.pieces())
        return pa.concat_tables(pieces).combine_chunks() if pieces else self.schema.empty_table()

    def lazy(self) -> pl.LazyFrame:
        """The rows for a query."""
        self._close()
        frames = []
        if self._pieces or self._path is None:
            whole = pa.concat_tables(self._pieces) if self._pieces else self.schema.empty_table()
            frame = pl.from_arrow(whole)
            assert isinstance(frame, pl.DataFrame)
            frames.append(frame.lazy())
        if self._path is not None:
            frames.append(pl.scan_ipc(self._path))
        return pl.concat(frames)

    def columns(self, *names: str) -> pl.DataFrame:
        """Some of the columns, in memory."""
        return self.lazy().select(names).collect()

    @classmethod
    def parquet(cls, *paths: Path) -> "Rows":
        """The rows of a table in one Parquet file or several."""
        return _Published(paths)

    def filled(self, column: str, value: str) -> "Rows":
        """The same rows, with `value` where a text column has an empty string."""
        return _Filled(self, column, value)


class _Filled(Rows):
    """Rows in which the open places of one column are filled as they are read."""

    def __init__(self, rows: Rows, column: str, value: str) -> None:
        super().__init__(rows.schema)
        self.num_rows = rows.num_rows
        self._rows = rows
        self._column = column
        self._value = value

    def pieces(self) -> Iterator[pa.Table]:
        """The rows, piece by piece."""
        at = self.schema.get_field_index(self._column)
        value = pa.scalar(self._value, pa.large_string())
        for piece in self._rows.pieces():
            cells = piece[self._column].combine_chunks()
            filled = pc.if_else(pc.equal(cells, ""), value, cells)
            yield piece.set_column(at, self.schema.field(at), filled)

    def lazy(self) -> pl.LazyFrame:
        """The rows for a query."""
        cells = pl.col(self._column)
        filled = pl.when(cells == "").then(pl.lit(self._value)).otherwise(cells)
        return self._rows.lazy().with_columns(filled.alias(self._column))


class _Published(Rows):
    """Rows in the Parquet files of one table of a release."""

    def __init__(self, paths: Sequence[Path]) -> None:
        with pq.ParquetFile(paths[0]) as file:
            super().__init__(file.schema_arrow.remove_metadata())
        self.num_rows = sum(pq.read_metadata(path).num_rows for path in paths)
        self._files = list(paths)

    def pieces(self) -> Iterator[pa.Table]:
        """The rows, one row group a piece, with their page checksums verified."""
        for path in self._files:
            with pq.ParquetFile(path, page_checksum_verification=True) as file:
                for i in range(file.num_row_groups):
                    yield file.read_row_group(i)

    def lazy(self) -> pl.LazyFrame:
        """The rows for a query."""
        return pl.scan_parquet(self._files)
