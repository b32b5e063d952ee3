"""Find single records of a release without reading its tables.

Parquet files say of each row group which keys it spans. Tables and index files are sorted, so
a key is in one group or two; of these the key's column is read first, and the others only where
it is found. Light on purpose: whoever asks one question waits for the imports of this module.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from onrecord.records.arrays import strings
from onrecord.release.parts import Parts

Row = dict[str, Any]


class Readable(Protocol):
    """What of ``release.place.Release`` is needed here."""

    def rows(self, path: str) -> Parts:
        """A table or an index file of the release, opened."""
        ...


class Lookup:
    """Reads rows by key; every file's footer is read once."""

    def __init__(self, release: Readable) -> None:
        self._release = release
        self._tables: dict[str, Parts] = {}

    def of(self, name: str) -> Parts:
        """A table or an index file of the release, opened.

        Args:
            name: see ``layout.table_path`` and ``layout.index_path``.

        Raises:
            NotFoundError: the release has none of that name.
        """
        if name not in self._tables:
            self._tables[name] = self._release.rows(name)
        return self._tables[name]

    def table(
        self,
        name: str,
        column: str,
        values: Iterable[str],
        columns: Sequence[str] | None = None,
    ) -> pa.Table:
        """The rows whose key is one of some values, in the order of the table.

        Args:
            name: see `of`.
            column: the column by which the table is sorted.
            values: the keys.
            columns: what to read; all where None.
        """
        table = self.of(name)
        wanted = sorted(set(values))
        names = list(columns or table.schema.names)
        rest = [c for c in names if c != column]
        found = []
        for group in table.groups(column, wanted):
            keys = group.read([column])
            hit = pc.is_in(keys[column], strings(wanted, keys[column].type))
            rows = pc.indices_nonzero(hit.combine_chunks())
            if len(rows):
                part = keys
                if rest:
                    others = group.read(rest)
                    part = others.append_column(column, keys[column])
                found.append(part.take(rows).select(names))
        return pa.concat_tables(found) if found else table.empty(names)

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
