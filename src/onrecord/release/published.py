"""The tables of a release that is opened for reading, for queries over whole columns."""

from collections.abc import Iterator
from typing import Any

import polars as pl
import pyarrow as pa
from polars.io.plugins import register_io_source

from onrecord.records.schema import TABLES, schema
from onrecord.release.compare import Range
from onrecord.release.layout import table_path
from onrecord.release.place import Release
from onrecord.scratch import Rows


class PublishedRows(Rows):
    """One table of a release. Columns that a query does not need are not read."""

    def __init__(self, release: Release, name: str) -> None:
        self._parts = release.rows(table_path(name))
        super().__init__(self._parts.schema)
        self.num_rows = self._parts.num_rows
        self._leading = schema(name).primary_key[0]

    def pieces(self) -> Iterator[pa.Table]:
        """The rows, one row group a piece."""
        return self._parts.pieces()

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
            for piece in self._parts.pieces(columns):
                rows = _frame(piece)
                yield rows if predicate is None else rows.filter(predicate)

        return register_io_source(read, schema=kinds.schema)

    def part(self, part: Range) -> pl.DataFrame:
        """The rows of a range; row groups outside of it are not read."""
        groups = self._parts.within(self._leading, part.first, part.after)
        found = [group.read() for group in groups] or [self._parts.empty()]
        return _frame(pa.concat_tables(found)).filter(part.expression(self._leading))


def _frame(table: pa.Table) -> pl.DataFrame:
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    return frame


def published_tables(release: Release) -> dict[str, PublishedRows]:
    """The tables of a release; those that its schema did not have yet are missing."""
    known: dict[str, Any] = release.provenance.table_digests
    return {name: PublishedRows(release, name) for name in TABLES if name in known}
