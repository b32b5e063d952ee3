"""Find single records of a release without reading its tables.

Parquet files say of each row group which keys it spans. Tables and index files are sorted, so
a key is in one group or two; of these the key's column is read first, and the others only where
it is found. Light on purpose: whoever asks one question waits for the imports of this module.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from onrecord.records.arrays import strings

Row = dict[str, Any]


class Readable(Protocol):
    """What of ``release.place.Release`` is needed here."""

    def parquet(self, name: str) -> pq.ParquetFile:
        """A Parquet file of the release."""
        ...


class Lookup:
    """Reads rows by key; every file's footer is read once."""

    def __init__(self, release: Readable) -> None:
        self._release = release
        self._files: dict[str, pq.ParquetFile] = {}

    def file(self, name: str) -> pq.ParquetFile:
        """A Parquet file of the release, opened.

        Raises:
            NotFoundError: the release has none of that name.
        """
        if name not in self._files:
            self._files[name] = self._release.parquet(name)
        return self._files[name]

    def table(
        self,
        name: str,
        column: str,
        values: Iterable[str],
        columns: Sequence[str] | None = None,
    ) -> pa.Table:
        """The rows whose key is one of some values, in the order of the file.

        Args:
            name: path of the file within the release.
            column: the column by which the file is sorted.
            values: the keys.
            columns: what to read; all where None.
        """
        file = self.file(name)
        wanted = sorted(set(values))
        names = list(columns or file.schema_arrow.names)
        rest = [c for c in names if c != column]
        found = []
        for group in self.groups(name, column, wanted):
            keys = file.read_row_group(group, columns=[column])
            hit = pc.is_in(keys[column], strings(wanted, keys[column].type))
            rows = pc.indices_nonzero(hit.combine_chunks())
            if len(rows):
                part = keys
                if rest:
                    others = file.read_row_group(group, columns=rest)
                    part = others.append_column(column, keys[column])
                found.append(part.take(rows).select(names))
        arrow = file.schema_arrow
        if found:
            return pa.concat_tables(found)
        return pa.Table.from_batches([], pa.schema([arrow.field(c) for c in names]))

    def groups(self, name: str, column: str, wanted: list[str]) -> list[int]:
        """Row groups of a file that may hold one of some keys, by their statistics."""
        metadata = self.file(name).metadata
        at = metadata.schema.names.index(column)
        found = []
        for group in range(metadata.num_row_groups):
            of_key = metadata.row_group(group).column(at).statistics
            known = of_key is not None and of_key.has_min_max
            if not known or any(of_key.min <= value <= of_key.max for value in wanted):
                found.append(group)
        return found

    def rows(
        self,
        name: str,
        column: str,
        values: Iterable[str],
        columns: Sequence[str] | None = None,
    ) -> list[Row]:
        """The same as dictionaries."""
        rows: list[Row] = self.table(name, column, values, columns).to_pylist()
        return rows
