"""Write tables as CSV and Parquet, the same bytes every time."""

from pathlib import Path
from typing import IO

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

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


def read_parquet(source: Path | IO[bytes], columns: list[str] | None = None) -> pa.Table:
    """Read a table back, with its page checksums verified."""
    return pq.read_table(source, columns=columns, page_checksum_verification=True)
