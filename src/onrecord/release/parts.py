"""The rows of a table of a release, in however many Parquet files they are.

Whoever reads a release asks for a table and need not know of parts. These are opened when they
are needed, and few at once. Where single records are looked for, the right part is found by
halving, because a table is sorted by its key: of a thousand parts ten are opened.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

#: So many files are open at once.
_OPEN = 32
#: The least and the greatest value of a column; None where that is not known.
Span = tuple[str, str] | None


class Group(NamedTuple):
    """One row group of a table.

    Attributes:
        file: which part.
        number: of the group in that part.
    """

    file: pq.ParquetFile
    number: int

    def read(self, columns: Sequence[str] | None = None) -> pa.Table:
        """Its rows.

        Args:
            columns: which; all where None.

        Raises:
            RefusedError: they are damaged.
        """
        return self.file.read_row_group(self.number, columns=columns)


class Parts:
    """A table or an index file of a release, opened.

    Args:
        open_one: opens one Parquet file by its path.
        paths: of the files, in the order of their rows.

    Raises:
        NotFoundError, RefusedError: the first one is missing or damaged.
    """

    def __init__(self, open_one: Callable[[str], pq.ParquetFile], paths: Sequence[str]) -> None:
        self._paths = paths
        self._opened = lru_cache(_OPEN)(open_one)
        self._spans: dict[tuple[int, str], Span] = {}
        #: Of the columns.
        self.schema: pa.Schema = self._file(0).schema_arrow.remove_metadata()

    def _file(self, part: int) -> pq.ParquetFile:
        return self._opened(self._paths[part])

    @property
    def num_rows(self) -> int:
        """How many rows there are; looks at every file."""
        return sum(self._file(i).metadata.num_rows for i in range(len(self._paths)))

    def all_groups(self) -> Iterator[Group]:
        """Every row group, in the order of the rows."""
        for part in range(len(self._paths)):
            file = self._file(part)
            for number in range(file.num_row_groups):
                yield Group(file, number)

    def pieces(self, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """The rows, one row group a piece.

        Args:
            columns: which; all where None.

        Raises:
            NotFoundError, RefusedError: a part is missing or damaged.
        """
        for group in self.all_groups():
            yield group.read(columns)

    def read(self, columns: Sequence[str] | None = None) -> pa.Table:
        """All rows at once; for small tables. See `pieces`."""
        found = [piece.replace_schema_metadata() for piece in self.pieces(columns)]
        return pa.concat_tables(found) if found else self.empty(columns)

    def empty(self, columns: Sequence[str] | None = None) -> pa.Table:
        """No rows, with all columns or some."""
        names = self.schema.names if columns is None else columns
        fields = pa.schema([self.schema.field(name) for name in names])
        return pa.Table.from_batches([], fields)  # `empty_table` would load pandas

    def groups(self, column: str, wanted: Sequence[str]) -> Iterator[Group]:
        """Row groups that may hold one of some keys, by their statistics.

        Args:
            column: the column by which the table is sorted.
            wanted: keys.
        """
        for part in self._parts_with(column, wanted):
            file = self._file(part)
            for number in range(file.num_row_groups):
                span = _span(file, number, column)
                if span is None or any(span[0] <= value <= span[1] for value in wanted):
                    yield Group(file, number)

    def within(self, column: str, first: str | None, after: str | None) -> Iterator[Group]:
        """Row groups that may hold keys from `first` on and below `after`; None is no limit.

        Args:
            column: the column by which the table is sorted.
            first, after: limits.
        """
        for part in self._parts_between(column, first, after):
            file = self._file(part)
            for number in range(file.num_row_groups):
                span = _span(file, number, column)
                before = span and first is not None and span[1] < first
                behind = span and after is not None and span[0] >= after
                if not (before or behind):
                    yield Group(file, number)

    def _parts_with(self, column: str, wanted: Sequence[str]) -> list[int]:
        """Parts that may hold one of some keys."""
        n = len(self._paths)
        if n == 1:
            return [0]
        found: set[int] = set()
        for value in wanted:
            for part in range(self._first_part(column, value), n):
                span = self._part_span(part, column)
                if span is not None and span[0] > value:
                    break
                found.add(part)
        return sorted(found)

    def _parts_between(self, column: str, first: str | None, after: str | None) -> Iterator[int]:
        """Parts that may hold keys between two limits."""
        n = len(self._paths)
        for part in range(0 if first is None else self._first_part(column, first), n):
            span = self._part_span(part, column) if n > 1 and after is not None else None
            if span is not None and after is not None and span[0] >= after:
                return
            yield part

    def _first_part(self, column: str, value: str) -> int:
        """The first part that may hold a key or one behind it, by halving."""
        low, high = 0, len(self._paths) - 1
        while low < high:
            middle = (low + high) // 2
            span = self._part_span(middle, column)
            if span is None:
                return 0
            if span[1] < value:
                low = middle + 1
            else:
                high = middle
        return low

    def _part_span(self, part: int, column: str) -> Span:
        key = part, column
        if key not in self._spans:
            file = self._file(part)
            first, last = (_span(file, n, column) for n in (0, file.num_row_groups - 1))
            self._spans[key] = (first[0], last[1]) if first and last else None
        return self._spans[key]


def _span(file: pq.ParquetFile, number: int, column: str) -> Span:
    """The least and the greatest value of a column in a row group, as its statistics say."""
    metadata = file.metadata
    at = metadata.schema.names.index(column)
    found = metadata.row_group(number).column(at).statistics
    return (found.min, found.max) if found is not None and found.has_min_max else None
