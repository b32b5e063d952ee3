"""Look at some rows of a table: what is wrong with their cells, and what their keys are."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from onrecord.tables.column import Compiled, Verdict
from onrecord.tables.csvfile import Cells
from onrecord.tables.problems import Problem


@dataclass(slots=True)
class Seen:
    """What some rows hold.

    Attributes:
        problems: in the order of the rows.
        keys: the values of key columns as texts, null where there is none; by position.
    """

    problems: list[Problem] = field(default_factory=list)
    keys: dict[int, pl.Series] = field(default_factory=dict)


@dataclass(slots=True)
class _Open:
    """Cells of one column that are not proven, read exactly."""

    rows: list[int] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    wrong: list[tuple[int, Verdict]] = field(default_factory=list)


class Look:
    """How rows are looked at.

    Args:
        columns: the columns to look at.
        keyed: those among them of which keys are made.
        limit: so many problems of one kind are enough.
        judge: whether to look for problems at all.
    """

    def __init__(
        self, columns: Sequence[Compiled], keyed: Iterable[Compiled], limit: int, judge: bool = True
    ) -> None:
        self._columns = columns
        self._keyed = list(keyed)
        self._limit = limit
        self._judge = judge
        self._proofs = [c.proof.value.alias(c.values) for c in columns if c.proof.value is not None]
        self._rules = [
            (column, rule, rule.broken.alias(f"{column.number}/{i}"))
            for column in columns
            if column.proof.value is not None and judge
            for i, rule in enumerate(column.rules)
            if rule.broken is not None
        ]

    def __call__(self, cells: Cells) -> Seen:
        """Look at some rows."""
        seen = Seen()
        if not cells.numbers.size:
            seen.keys = {c.number: pl.Series([], dtype=pl.String) for c in self._keyed}
            return seen
        values = cells.frame.select(self._proofs)
        blanks = {c.number: self._blanks(c, cells.frame, values) for c in self._columns}
        opened = {
            c.number: self._opened(c, cells.frame, values, blanks[c.number]) for c in self._columns
        }
        for column in self._keyed:
            seen.keys[column.number] = self._keys(column, values, opened[column.number], cells)
        if self._judge:
            blank_rows = self._blank_rows(blanks, cells)
            found = [
                *self._broken(cells, values, blanks, opened),
                *_misshapen(cells, self._columns),
            ]
            seen.problems = _told(found, blank_rows, cells, self._columns)
        return seen

    def _blanks(
        self, column: Compiled, frame: pl.DataFrame, values: pl.DataFrame
    ) -> pl.Series | None:
        """Where a column holds no value; None where it does everywhere."""
        if column.proof.value is not None and not values[column.values].null_count():
            return None
        blank = frame.select(column.blank()).to_series()
        return blank if blank.any() else None

    def _opened(
        self, column: Compiled, frame: pl.DataFrame, values: pl.DataFrame, blank: pl.Series | None
    ) -> _Open:
        """Read the cells of a column that are not proven."""
        found = _Open()
        if column.proof.whole:
            return found
        if column.proof.value is not None:
            doubtful = values[column.values].is_null()
            if not doubtful.any():
                return found
            doubtful = doubtful & ~blank if blank is not None else doubtful
        else:
            doubtful = ~blank if blank is not None else pl.repeat(True, frame.height, eager=True)
        if not doubtful.any():
            return found
        found.rows = doubtful.arg_true().to_list()
        known: dict[Any, tuple[str | None, Verdict]] = {}
        keyed = column in self._keyed
        texts = frame[column.cells].filter(doubtful).to_list()
        for row, cell in zip(found.rows, texts, strict=True):
            name = cell if isinstance(cell, str) else repr(cell)
            if name not in known:
                value, verdict = column.judge(cell)
                key = column.key(value) if keyed and value is not None else None
                known[name] = key, verdict
            key, verdict = known[name]
            found.keys.append(key)
            if verdict and len(found.wrong) < self._limit:
                found.wrong.append((row, verdict))
        return found

    def _keys(
        self, column: Compiled, values: pl.DataFrame, opened: _Open, cells: Cells
    ) -> pl.Series:
        """The values of a column as texts."""
        if column.proof.value is None:
            keys = pl.Series([None] * cells.numbers.size, dtype=pl.String)
        else:
            keys = values.select(column.proof.key(pl.col(column.values))).to_series()
        if opened.rows:
            keys = keys.scatter(opened.rows, pl.Series(opened.keys, dtype=pl.String))
        return keys

    def _blank_rows(self, blanks: dict[int, pl.Series | None], cells: Cells) -> list[int]:
        """Rows without any value."""
        if any(blank is None for blank in blanks.values()):
            return []
        if not blanks:
            return [i for i, row in cells.ragged.items() if not row]
        both = pl.DataFrame(
            [blank.alias(str(n)) for n, blank in blanks.items() if blank is not None]
        )
        return both.select(pl.all_horizontal(pl.all())).to_series().arg_true().to_list()

    def _broken(
        self,
        cells: Cells,
        values: pl.DataFrame,
        blanks: dict[int, pl.Series | None],
        opened: dict[int, _Open],
    ) -> Iterator[tuple[int, str, Compiled, str]]:
        """(row, type, column, note) of every cell that breaks a rule."""
        for column in self._columns:
            blank = blanks[column.number]
            if column.required and blank is not None:
                for row in blank.arg_true()[: self._limit].to_list():
                    yield row, "constraint-error", column, 'constraint "required" is "True"'
            for row, verdict in opened[column.number].wrong:
                for type, note in verdict:
                    yield row, type, column, note
        if not self._rules:
            return
        flags = values.select(expr for _, _, expr in self._rules)
        for (column, rule, _), flag in zip(self._rules, flags.get_columns(), strict=True):
            if flag.any():
                for row in flag.fill_null(False).arg_true()[: self._limit].to_list():
                    yield row, "constraint-error", column, column.note(rule)


def _misshapen(
    cells: Cells, columns: Sequence[Compiled]
) -> Iterator[tuple[int, str, Compiled | int, str]]:
    """Cells that rows have too many, or too few."""
    for row, own in cells.ragged.items():
        for number in range(len(columns) + 1, len(own) + 1):
            yield row, "extra-cell", number, ""
        for column in columns[len(own) :]:
            yield row, "missing-cell", column, ""


def row_cells(cells: Cells, row: int) -> list[str]:
    """The cells of one row as a report shows them."""
    own = cells.ragged.get(row)
    if own is None:
        own = list(cells.frame.row(row))
    return ["" if cell is None else str(cell) for cell in own]


def _told(
    found: Iterable[tuple[int, str, Any, str]],
    blank_rows: list[int],
    cells: Cells,
    columns: Sequence[Compiled],
) -> list[Problem]:
    """The problems as a report tells them, in the order of rows."""
    empty = set(blank_rows)
    told = []
    for row in blank_rows:
        more: dict[str, Any] = {"cells": row_cells(cells, row)}
        told.append(Problem("blank-row", "", int(cells.numbers[row]), None, more))
    for row, type, column, note in found:
        if row in empty:
            continue
        shown = row_cells(cells, row)
        number = column if isinstance(column, int) else column.number
        more = {
            "cells": shown,
            "cell": shown[number - 1] if number <= len(shown) else "",
            "fieldName": "" if isinstance(column, int) else column.field.name,
        }
        told.append(Problem(type, note, int(cells.numbers[row]), number, more))
    told.sort(key=lambda problem: (problem.row, problem.number or 0))
    return told


def picked(cells: Cells, wanted: set[int]) -> dict[int, list[str]]:
    """The cells of those rows of a piece that are wanted, by number."""
    if not wanted:
        return {}
    there = np.flatnonzero(np.isin(cells.numbers, np.fromiter(wanted, np.int64, len(wanted))))
    return {int(cells.numbers[i]): row_cells(cells, int(i)) for i in there}
