"""CSV of any dialect as pieces of rows: columns where the text is clean, lists where it is not.

A piece is *clean* when every quote in it opens or closes a whole cell or stands doubled, and
every line ends in LF or CRLF. On such text all CSV readers agree, so Arrow parses it. On any
other, what a row holds is what Python's ``csv`` makes of it, as for frictionless.
"""

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.csv
from numpy.typing import NDArray

from onrecord.tables.csvdialect import (
    MISREADS_QUOTES,
    guessed,
    header_rows,
    is_comment,
    is_simple,
    labels,
)
from onrecord.tables.descriptor import Dialect
from onrecord.tables.problems import TableError
from onrecord.tables.source import lines, safe_end, text_lines

#: Bytes of a piece.
PIECE = 4 << 20
_SAMPLE = 100
_LF, _CR = b"\n\r"


@dataclass(frozen=True, slots=True)
class Piece:
    """Some rows.

    Attributes:
        numbers: of the rows; the first of a file is 1.
        raw: their clean text, or
        rows: their cells.
        blank: whether a line of the text is blank, of which Arrow makes empty cells.
    """

    numbers: NDArray[np.int64]
    raw: bytes = b""
    blank: bool = False
    rows: list[list[str]] | None = None


@dataclass(frozen=True, slots=True)
class Cells:
    """The cells of some rows.

    Attributes:
        numbers: of the rows.
        frame: columns c1, c2, …; null where a row ends before a column.
        ragged: the cells of rows that have more or fewer than there are columns, by place.
    """

    numbers: NDArray[np.int64]
    frame: pl.DataFrame
    ragged: dict[int, list[Any]]


class CsvFile:
    """A table in CSV.

    Attributes:
        labels: of its columns, empty where it has none.
        header_rows: numbers of the rows that they stand in.
        empty: whether it holds nothing at all.
        width: how many cells the first row has.
    """

    def __init__(
        self, chunks: Callable[[], Iterator[bytes]], dialect: Dialect, delimiter: str | None
    ) -> None:
        """Look at the first rows.

        Args:
            chunks: gives the text in UTF-8, from the start each time.
            dialect: what is known of how it is written.
            delimiter: the one to take where the dialect names none.

        Raises:
            TableError: it can't be read.
        """
        self._chunks = chunks
        self._dialect = dialect
        csv.field_size_limit(2147483646)  # as frictionless has it: no limit on a cell
        try:
            self._excel = guessed(list(islice(lines(chunks()), _SAMPLE)), dialect, delimiter)
            sample = list(islice(csv.reader(lines(chunks()), self._excel), _SAMPLE))
        except (csv.Error, TypeError) as error:
            raise TableError("source-error", str(error)) from None
        self.header_rows = header_rows(sample, dialect)
        self._first = self.header_rows[-1] + 1 if self.header_rows else 1
        self.labels = labels(sample, self.header_rows, dialect)
        first = next(self._kept(enumerate(sample, 1)), None)
        self.width = len(first[1]) if first else 0
        self.empty = not self.labels and first is None
        plain = not (dialect.comment_char or dialect.comment_rows or dialect.skip_blank_rows)
        self._simple = plain and is_simple(self._excel)

    def _kept(self, rows: Any) -> Iterator[tuple[int, list[str]]]:
        """The rows of the table among (number, cells) of the file."""
        dialect = self._dialect
        for number, cells in rows:
            if number < self._first or is_comment(dialect, number, cells):
                continue
            if dialect.skip_blank_rows and not any(cells):
                continue
            yield number, cells

    def pieces(self) -> Iterator[Piece]:
        """The rows, piece by piece.

        Raises:
            TableError: they can't be read to the end.
        """
        chunks = self._chunks()
        data, number, last = b"", 1, False
        while True:
            parts = [data]
            while not last and sum(map(len, parts)) < PIECE:
                chunk = next(chunks, None)
                last = chunk is None
                parts.append(chunk or b"")
            data = b"".join(parts)
            if not data:
                return
            cut = self._cut(data, last, number) if self._simple else None
            if cut:
                end, count, begin, skipped, blank = cut
                numbers = np.arange(number + skipped, number + count)
                yield Piece(numbers, data[begin:end], blank)
                number += count
                data = data[end:]
                continue
            rows, data, last = self._careful(data, chunks, last)
            kept = list(self._kept(enumerate(rows, number)))
            number += len(rows)
            numbers = np.array([n for n, _ in kept], np.int64)
            yield Piece(numbers, rows=[cells for _, cells in kept])

    def _cut(self, data: bytes, last: bool, number: int) -> tuple[int, int, int, int, bool] | None:
        """Where the last row of a clean text ends.

        Returns:
            The end, how many rows there are, where the first to keep begins, how many come
            before it, and whether a line is blank; None where the text is not clean.
        """
        if b"\0" in data or (b"\r" in data and _has_lone_cr(data, last)):
            return None
        text = np.frombuffer(data, np.uint8)
        quotes = np.flatnonzero(text == ord(self._excel.quotechar or '"'))
        ends = np.flatnonzero(text == _LF) + 1
        if quotes.size:
            ends = ends[np.searchsorted(quotes, ends) % 2 == 0]
        if last and (not ends.size or ends[-1] != len(data)):
            ends = np.append(ends, len(data))
        skipped = max(0, self._first - number)
        if ends.size <= skipped and not (last and ends.size == skipped):
            return None
        end = int(ends[-1])
        if not _well_quoted(text, quotes[quotes < end], end, ord(self._excel.delimiter)):
            return None
        lengths = np.diff(ends, prepend=0)
        short = ends[lengths <= 2]
        blank = bool((lengths == 1).any() or (text[short[short > 1] - 2] == _CR).any())
        return end, ends.size, int(ends[skipped - 1]) if skipped else 0, skipped, blank

    def _careful(
        self, data: bytes, chunks: Iterator[bytes], last: bool
    ) -> tuple[list[list[str]], bytes, bool]:
        """Read rows by Python's rules.

        Returns:
            The rows that begin in `data`, what follows them, and whether the file has no more
            than that.
        """
        parts = [data]
        while not last and not safe_end(parts[-1]):
            chunk = next(chunks, None)
            last = chunk is None
            parts.append(chunk or b"")
        data = b"".join(parts)
        end = len(data) if last else safe_end(data)
        feed = _Feed(data[:end], data[end:], chunks, last)
        rows = []
        try:
            for row in csv.reader(feed, self._excel):
                rows.append(row)
                feed.between = True
        except csv.Error as error:
            raise TableError("source-error", str(error)) from None
        return rows, feed.rest(), feed.last

    def cells(self, piece: Piece, width: int) -> Cells:
        """The cells of a piece.

        Args:
            piece: the rows.
            width: how many columns there are.

        Raises:
            TableError: the text is not UTF-8.
        """
        names = [f"c{i + 1}" for i in range(width)]
        rows = piece.rows
        if rows is None:
            frame = self._parsed(piece, names)
            if frame is not None:
                return Cells(piece.numbers, frame, {})
            rows = list(csv.reader(text_lines(piece.raw), self._excel))
        ragged = {i: row for i, row in enumerate(rows) if len(row) != width}
        even: list[list[Any]] = list(rows)
        if ragged:
            even = [(row + [None] * width)[:width] for row in rows]
        columns = zip(*even, strict=True) if even else [()] * width
        series = [pl.Series(n, c, pl.String) for n, c in zip(names, columns, strict=False)]
        return Cells(piece.numbers, pl.DataFrame(series), ragged)

    def _parsed(self, piece: Piece, names: list[str]) -> pl.DataFrame | None:
        """A clean text as columns; None where a row has another number of cells."""
        if not names or not piece.raw or piece.blank:
            return None
        if MISREADS_QUOTES and piece.raw.find(b'""') >= 0:
            return None
        csv_options = pa.csv.ParseOptions(
            delimiter=self._excel.delimiter,
            quote_char=self._excel.quotechar or False,
            newlines_in_values=True,
            ignore_empty_lines=False,
        )
        try:
            table = pa.csv.read_csv(
                pa.BufferReader(piece.raw),
                pa.csv.ReadOptions(
                    use_threads=False, block_size=len(piece.raw) + 1, column_names=names
                ),
                csv_options,
                pa.csv.ConvertOptions(
                    column_types=dict.fromkeys(names, pa.large_string()), strings_can_be_null=False
                ),
            )
        except pa.ArrowInvalid:
            return None
        if table.num_rows != piece.numbers.size:
            return None
        frame = pl.from_arrow(table)
        assert isinstance(frame, pl.DataFrame)
        return frame


class _Feed:
    """Lines for ``csv.reader``: those of a text, and of what follows until a row is whole."""

    def __init__(self, head: bytes, rest: bytes, chunks: Iterator[bytes], last: bool) -> None:
        self.between = True
        self.last = last
        self._chunks = chunks
        self._lines = text_lines(head)
        self._rest = rest

    def __iter__(self) -> Iterator[str]:
        while True:
            for line in self._lines:
                self.between = False
                yield line
                if self.between and self._beyond:
                    return
            if self.between or not self._more():
                return

    _beyond = False

    def _more(self) -> bool:
        """Go on with the next lines of the file; whether there are any."""
        self._beyond = True
        parts = [self._rest]
        while not self.last and not safe_end(parts[-1]):
            chunk = next(self._chunks, None)
            self.last = chunk is None
            parts.append(chunk or b"")
        data = b"".join(parts)
        end = len(data) if self.last else safe_end(data)
        self._lines = text_lines(data[:end])
        self._rest = data[end:]
        return bool(data)

    def rest(self) -> bytes:
        """What no row was made of."""
        return self._lines.read().encode() + self._rest


def _has_lone_cr(data: bytes, last: bool) -> bool:
    """Whether a CR stands without its LF; at the end of a chunk it may still follow."""
    cut_off = not last and data.endswith(b"\r")
    return data.count(b"\r") != data.count(b"\r\n") + cut_off


def _well_quoted(text: NDArray[np.uint8], quotes: Any, end: int, delimiter: int) -> bool:
    """Whether every quote opens or closes a whole cell, or stands doubled inside one."""
    if not quotes.size:
        return True
    if quotes.size % 2:
        return False
    opens, closes = quotes[0::2], quotes[1::2]
    doubled = opens[1:] == closes[:-1] + 1
    before = text[np.maximum(opens - 1, 0)]
    fine = (before == delimiter) | (before == _LF) | (opens == 0)
    fine[1:] |= doubled
    if not fine.all():
        return False
    after = text[np.minimum(closes + 1, text.size - 1)]
    fine = (after == delimiter) | (after == _LF) | (after == _CR) | (closes + 1 >= end)
    fine[:-1] |= doubled
    return bool(fine.all())
