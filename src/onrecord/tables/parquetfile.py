"""Parquet as pieces of rows, with the types that it has itself."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from onrecord.tables.csvfile import Cells
from onrecord.tables.problems import TableError

#: Rows of a piece.
ROWS = 65_536


class ParquetFile:
    """A table in one or several Parquet files.

    Attributes:
        labels: names of its columns.
        header_rows: that of the row that CSV would have.
        empty: never: a Parquet file has columns.
        types: of the columns.
        width: how many there are.
    """

    empty = False

    def __init__(self, paths: list[Path]) -> None:
        """Read the footers.

        Raises:
            TableError: a file is none, or differs from the first.
        """
        self._paths = paths
        self.header_rows = [1]
        schemas = []
        for path in paths:
            try:
                schemas.append(pq.read_schema(path))
            except OSError as error:
                raise TableError(
                    "scheme-error", f"{path.name}: {error.strerror or error}"
                ) from None
            except pa.ArrowInvalid as error:
                raise TableError("source-error", f"{path.name}: {error}") from None
            if schemas[-1].names != schemas[0].names or schemas[-1].types != schemas[0].types:
                raise TableError("source-error", f"{path.name}: has other columns")
        self.labels: list[str] = schemas[0].names
        if len(set(self.labels)) < len(self.labels):
            raise TableError("source-error", "two columns have the same name")
        names = [f"c{i + 1}" for i in range(len(self.labels))]
        empty = pl.from_arrow(schemas[0].empty_table().rename_columns(names))
        assert isinstance(empty, pl.DataFrame)
        self.types: list[pl.DataType] = [_plain(t) for t in empty.dtypes]
        self._names = names
        self.width = len(names)

    def pieces(self) -> Iterator[Cells]:
        """The rows, piece by piece; the first has the number 2, as behind a header.

        Raises:
            TableError: they can't be read to the end.
        """
        number = 2
        for path in self._paths:
            try:
                with pq.ParquetFile(path, page_checksum_verification=True) as file:
                    for batch in file.iter_batches(ROWS):
                        yield self._cells(batch, number)
                        number += batch.num_rows
            except (OSError, pa.ArrowInvalid) as error:
                raise TableError("source-error", f"{path.name}: {error}") from None

    def _cells(self, batch: pa.RecordBatch, number: int) -> Cells:
        frame = pl.from_arrow(pa.Table.from_batches([batch]).rename_columns(self._names))
        assert isinstance(frame, pl.DataFrame)
        casts = [
            pl.col(name).cast(plain)
            for name, plain, native in zip(self._names, self.types, frame.dtypes, strict=True)
            if plain != native
        ]
        numbers = np.arange(number, number + frame.height)
        return Cells(numbers, frame.with_columns(casts) if casts else frame, {})

    def cells(self, piece: Cells, width: int) -> Cells:
        """The cells of a piece: itself."""
        return piece


def _plain(native: Any) -> pl.DataType:
    """Texts that are kept as numbers in a dictionary are texts."""
    words = isinstance(native, pl.Categorical | pl.Enum)
    return pl.String() if words else native
