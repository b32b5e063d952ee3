"""The tables of a release that is opened for reading, for queries over whole columns."""

from collections.abc import Iterator
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from polars.io.plugins import register_io_source

from onrecord.records.schema import TABLES, schema
from onrecord.release.compare import Range
from onrecord.release.layout import table_path
from onrecord.release.place import Release
from onrecord.scratch import Rows


class PublishedRows(Rows):
    """One table of a release. Columns that a query does not need are not read."""

    def __init__(self, release: Release, name: str) -> None:
        self._file: pq.ParquetFile = release.parquet(table_path(name))
        super().__init__(self._file.schema_arrow.remove_metadata())
        self.num_rows = self._file.metadata.num_rows
        self._leading = schema(name).primary_key[0]

    def pieces(self) -> Iterator[pa.Table]:
        """The rows, one row group a piece."""
        for group in range(self._file.num_row_groups):
            yield self._file.read_row_group(group)

    def lazy(self) -> pl.LazyFrame:
        """The rows for a query."""
        kinds = pl.from_arrow(self.schema.empty_table())
        assert isinstance(kinds, pl.DataFrame)

        def read(
            columns: list[str] | None,
            predicate: pl.Expr | None,
            n_rows: int | None,
            batch_size: int | None,
        ) -> Iterator[pl.DataFrame]:
            for group in range(self._file.num_row_groups):
                rows = _frame(self._file.read_row_group(group, columns=columns))
                yield rows if predicate is None else rows.filter(predicate)

        return register_io_source(read, schema=kinds.schema)

    def part(self, part: Range) -> pl.DataFrame:
        """The rows of a range; row groups outside of it are not read."""
        metadata = self._file.metadata
        at = metadata.schema.names.index(self._leading)
        groups = []
        for group in range(metadata.num_row_groups):
            found = metadata.row_group(group).column(at).statistics
            known = found is not None and found.has_min_max
            before = known and part.first is not None and found.max < part.first
            behind = known and part.after is not None and found.min >= part.after
            if not (before or behind):
                groups.append(group)
        rows = _frame(self._file.read_row_groups(groups))
        return rows.filter(part.expression(self._leading))


def _frame(table: pa.Table) -> pl.DataFrame:
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    return frame


def published_tables(release: Release) -> dict[str, PublishedRows]:
    """The tables of a release; those that its schema did not have yet are missing."""
    known: dict[str, Any] = release.provenance.table_digests
    return {name: PublishedRows(release, name) for name in TABLES if name in known}
