"""Rows of published files, read piece by piece, and where two of them part."""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import zip_longest
from typing import IO

import polars as pl
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from onrecord.release.verify.files import Files
from onrecord.scratch import Rows
from onrecord.tables.csvdialect import MISREADS_QUOTES

#: Blocks of CSV, in bytes: a row must fit into one. The next is tried where it does not.
_BLOCKS = (4 << 20, 64 << 20, 1 << 30)
_STEP = 8_000
#: Rows that are looked at together where the file is in memory.
_SLICE = 100_000
_ROW = re.compile(r"row (\d+)")


def csv_pieces(file: IO[bytes], columns: pa.Schema, block: int) -> Iterator[pa.Table]:
    """The rows of a CSV file, piece by piece.

    Raises:
        pa.ArrowInvalid: it is damaged, or a row is longer than a block.
    """
    if MISREADS_QUOTES:
        yield from _by_polars(file, columns)
        return
    reader = pyarrow.csv.open_csv(
        file,
        pyarrow.csv.ReadOptions(block_size=block, use_threads=False),
        pyarrow.csv.ParseOptions(newlines_in_values=True),
        pyarrow.csv.ConvertOptions(
            column_types=columns,
            null_values=[""],
            true_values=["true"],
            false_values=["false"],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )
    for batch in reader:
        yield pa.Table.from_batches([batch])


def _by_polars(file: IO[bytes], columns: pa.Schema) -> Iterator[pa.Table]:
    """The same with another reader, which needs the whole file in memory.

    Raises:
        pa.ArrowInvalid: it is damaged.
    """
    empty = pl.from_arrow(columns.empty_table())
    assert isinstance(empty, pl.DataFrame)
    try:
        frame = pl.read_csv(file.read(), schema=empty.schema, null_values=[""], eol_char="\n")
    except pl.exceptions.PolarsError as error:
        raise pa.ArrowInvalid(str(error)) from None
    for part in frame.iter_slices(_SLICE):
        yield part.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(columns)


class Published(Rows):
    """Rows of a published table, read anew each time.

    Attributes:
        path: of its file; where it has several, of their folder.
        reading: of the file that was read last.

    Args:
        files: of the release.
        paths: of its files, in the order of their rows.
        columns: of the table.
    """

    def __init__(self, files: Files, paths: Sequence[str], columns: pa.Schema) -> None:
        super().__init__(columns)
        self._files, self._paths = files, paths
        self.path = paths[0] if len(paths) == 1 else paths[0].rpartition("/")[0]
        self.reading = self.path
        self._sizes: dict[str, int] = {}

    def pieces(self) -> Iterator[pa.Table]:
        """The rows, piece by piece."""
        return self.some(None)

    def columns(self, *names: str) -> pl.DataFrame:
        """Some of the columns, in memory."""
        pieces = [piece.select(names) for piece in self.some(list(names))]
        pieces = pieces or [self.schema.empty_table().select(names)]
        frame = pl.from_arrow(pa.concat_tables(pieces))
        assert isinstance(frame, pl.DataFrame)
        return frame

    def some(self, names: list[str] | None) -> Iterator[pa.Table]:
        """The rows with some of the columns at least, piece by piece; with all where None."""
        for path in self._paths:
            self.reading, rows = path, 0
            for piece in self._some_of(path, names):
                rows += piece.num_rows
                self._sizes[path] = rows
                yield piece

    def locate(self, place: str) -> tuple[str, str]:
        """A place in the table, as `first_difference` says it, by file and place in that."""
        said = _ROW.match(place)
        if said is None or len(self._paths) == 1:
            return self.path, place
        row = int(said[1])
        for path in self._paths:
            if row <= self._sizes.get(path, row):
                return path, f"row {row}{place[said.end() :]}"
            row -= self._sizes[path]
        return self.path, place

    def _some_of(self, path: str, names: list[str] | None) -> Iterator[pa.Table]:
        """The rows of one file."""
        raise NotImplementedError


class Made(Rows):
    """Rows that are made again each time they are read."""

    def __init__(self, columns: pa.Schema, make: Callable[[], Iterator[pa.Table]]) -> None:
        super().__init__(columns)
        self._make = make

    def pieces(self) -> Iterator[pa.Table]:
        """The rows, piece by piece."""
        return self._make()


class CsvRows(Published):
    """Rows of a table as CSV."""

    def _some_of(self, path: str, names: list[str] | None) -> Iterator[pa.Table]:
        """The rows of one file with all columns, whichever are asked for."""
        done = 0
        for block in _BLOCKS:
            again = 0
            try:
                with self._files.open(path) as file:
                    for piece in csv_pieces(file, self.schema, block):
                        fresh = piece.slice(max(0, done - again))
                        again += piece.num_rows
                        done = max(done, again)
                        if fresh.num_rows:
                            yield fresh
                return
            except pa.ArrowInvalid as error:
                if "straddling" not in str(error) or block == _BLOCKS[-1]:
                    raise


class ParquetRows(Published):
    """Rows of a table as Parquet, one row group a piece, with their page checksums verified."""

    def _some_of(self, path: str, names: list[str] | None) -> Iterator[pa.Table]:
        """The rows of one file with some of the columns, one row group a piece."""
        with (
            self._files.open(path) as file,
            pq.ParquetFile(file, page_checksum_verification=True) as parquet,
        ):
            for i in range(parquet.num_row_groups):
                # Groups are small: handing their columns to threads costs more than it gains.
                group = parquet.read_row_group(i, columns=names, use_threads=False)
                yield group.replace_schema_metadata()


def first_difference(one: Rows, other: Rows) -> str:
    """Where two tables part: the first row, counted from 1, and the columns; "" if nowhere."""
    before = 0
    for left, right in zip_longest(one.groups(_STEP), other.groups(_STEP)):
        if left is None or right is None:
            return f"row {before + 1}"
        # Only Parquet keeps which columns may be null.
        if left.schema.names != right.schema.names or left.schema.types != right.schema.types:
            return f"row {before + 1}"
        if all(map(pa.ChunkedArray.equals, left.columns, right.columns)):
            before += left.num_rows
            continue
        for i in range(max(left.num_rows, right.num_rows)):
            mine, theirs = (table.slice(i, 1).to_pylist() for table in (left, right))
            if mine != theirs:
                cells = zip(mine, theirs, strict=False)  # nothing where one has no such row
                names = [name for a, b in cells for name in a if a[name] != b[name]]
                return ", ".join([f"row {before + i + 1}", *names])
        before += left.num_rows
    return ""
