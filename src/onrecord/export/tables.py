"""The tables that an export reads, piece by piece."""

from collections.abc import Iterator, Sequence
from typing import Protocol

import polars as pl
import pyarrow as pa

from onrecord.errors import NotFoundError
from onrecord.records.schema import TABLES
from onrecord.release.layout import table_path
from onrecord.release.parts import Parts
from onrecord.release.place import Release
from onrecord.release.store import MissingError


class Tables(Protocol):
    """Tables to export: of a whole release, or of a part."""

    @property
    def release(self) -> Release:
        """Where they come from."""
        ...

    @property
    def names(self) -> Sequence[str]:
        """Which there are; none refers to a later one."""
        ...

    def schema(self, name: str) -> pa.Schema:
        """The columns of a table."""
        ...

    def pieces(self, name: str) -> Iterator[pa.Table]:
        """The rows of a table by primary key, some at a time; a piece may be empty."""
        ...

    def texts(self) -> Iterator[list[str]]:
        """The wordings of the paragraphs that are not withheld, some at a time."""
        ...


class Whole:
    """Every row of a release.

    Pages of a Parquet file are read against their own checksums, as every command does that
    reads rows; ``onrecord verify`` checks files against ``SHA256SUMS``.
    """

    def __init__(self, release: Release) -> None:
        self.release = release
        self.names = tuple(name for name in TABLES if name in release.provenance.table_digests)
        self._tables: dict[str, Parts] = {}

    def schema(self, name: str) -> pa.Schema:
        """The columns of a table."""
        return self._table(name).schema

    def pieces(self, name: str, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """The rows of a table, or some columns of them, a row group at a time."""
        yield from self._table(name).pieces(list(columns) if columns else None)

    def frames(self, name: str, columns: Sequence[str] | None = None) -> Iterator[pl.DataFrame]:
        """The same for Polars."""
        for piece in self.pieces(name, columns):
            frame = pl.from_arrow(piece)
            assert isinstance(frame, pl.DataFrame)
            yield frame

    def texts(self) -> Iterator[list[str]]:
        """The wordings of the paragraphs that are not withheld."""
        for piece in self.pieces("paragraphs", ["text"]):
            yield piece["text"].drop_null().to_pylist()

    def _table(self, name: str) -> Parts:
        if name not in self._tables:
            try:
                self._tables[name] = self.release.rows(table_path(name))
            except MissingError as error:
                raise NotFoundError(
                    f"{error} Where only a selection of the release is here, get the rest with "
                    "`onrecord get`."
                ) from None
        return self._tables[name]
