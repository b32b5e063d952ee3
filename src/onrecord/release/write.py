"""Write tables as CSV and Parquet, the same bytes every time."""

from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from onrecord.release.layout import MOST_PARTS, part_path

#: Rows in a Parquet row group: small enough for range requests, and never so many groups
#: that the footer outgrows them.
SMALLEST_GROUP = 2_000
MOST_GROUPS = 100


def group_rows(rows: int) -> int:
    """How many rows a Parquet row group has, in a table of so many."""
    return max(SMALLEST_GROUP, -(-rows // MOST_GROUPS))


def csv_writer(schema: pa.Schema, path: Path) -> pyarrow.csv.CSVWriter:
    """A writer of CSV: UTF-8, comma, LF, every text in quotes, null as nothing."""
    options = pyarrow.csv.WriteOptions(quoting_style="needed", batch_size=16_384)
    return pyarrow.csv.CSVWriter(path, schema, write_options=options)


def parquet_writer(schema: pa.Schema, path: Path) -> pq.ParquetWriter:
    """A writer of Parquet: zstd, page checksums, statistics, pinned options.

    Each table that is written becomes one row group; it has one chunk a column, so that the
    bytes do not depend on how it was put together.
    """
    return pq.ParquetWriter(
        path,
        schema,
        version="2.6",
        data_page_version="1.0",
        compression="zstd",
        compression_level=3,
        use_dictionary=True,
        write_statistics=True,
        write_page_checksum=True,
        store_schema=True,
    )


def rows_of_part(rows: int, part_rows: int) -> int:
    """How many rows the parts of a table have, but for the last.

    Args:
        rows: how many the table has at most.
        part_rows: so many at least, as the setting says.
    """
    return max(part_rows, -(-rows // MOST_PARTS))


class PartWriter:
    """Writes a table as one file, or as several where it has more rows than one should have.

    Nobody needs to know before how many rows there are: the file moves into a folder of parts
    when a second one is begun.

    Args:
        open_one: opens a writer of one file; each file is complete in itself.
        path: where the table goes as one file.
        most: rows of a file. No group that is written may go beyond that.
    """

    def __init__(self, open_one: Callable[[Path], Any], path: Path, most: int) -> None:
        self._open, self._path, self._most = open_one, path, most
        self.parts, self._rows = 1, 0
        self._writer = open_one(path)

    def write(self, group: pa.Table) -> None:
        """Add rows at the end; in Parquet they are one row group.

        Raises:
            OSError: they can't be written.
        """
        if self._rows == self._most:
            self._begin_part()
        self._rows += group.num_rows
        assert self._rows <= self._most
        if isinstance(self._writer, pq.ParquetWriter):
            self._writer.write_table(group, row_group_size=group.num_rows)
        else:
            self._writer.write_table(group)

    def _begin_part(self) -> None:
        self._writer.close()
        self.parts, self._rows = self.parts + 1, 0
        if self.parts == 2:
            first = Path(part_path(self._path.as_posix(), 1))
            first.parent.mkdir()
            self._path.rename(first)
        self._writer = self._open(Path(part_path(self._path.as_posix(), self.parts)))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._writer.close()


def read_parquet(source: Path | IO[bytes], columns: list[str] | None = None) -> pa.Table:
    """Read a file back, with its page checksums verified."""
    return pq.read_table(source, columns=columns, page_checksum_verification=True)
