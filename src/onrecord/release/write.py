"""Write tables as CSV and Parquet, the same bytes every time."""

import hashlib
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

#: Rows in a Parquet row group: small enough for range requests, and never so many groups
#: that the footer outgrows them.
SMALLEST_GROUP = 2_000
MOST_GROUPS = 100


def write_csv(table: pa.Table, path: Path) -> None:
    """Write a table as CSV: UTF-8, comma, LF, every text in quotes, null as nothing."""
    options = pyarrow.csv.WriteOptions(quoting_style="needed", batch_size=16_384)
    pyarrow.csv.write_csv(table, path, options)


def write_parquet(table: pa.Table, path: Path) -> None:
    """Write a table as Parquet: zstd, page checksums, statistics, pinned options."""
    pq.write_table(
        table,
        path,
        version="2.6",
        data_page_version="1.0",
        compression="zstd",
        compression_level=3,
        use_dictionary=True,
        write_statistics=True,
        write_page_checksum=True,
        row_group_size=max(SMALLEST_GROUP, -(-table.num_rows // MOST_GROUPS)),
        store_schema=True,
    )


def read_parquet(path: Path, columns: list[str] | None = None, filters: object = None) -> pa.Table:
    """Read a table back, with its page checksums verified."""
    return pq.read_table(path, columns=columns, filters=filters, page_checksum_verification=True)


def sha256_of(path: Path) -> str:
    """The sha256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
