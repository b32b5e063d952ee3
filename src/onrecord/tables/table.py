"""Check one table: all rows in one pass, piece by piece, and its keys behind them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import polars as pl

from onrecord.parallel import cores, in_order
from onrecord.tables.column import Compiled
from onrecord.tables.csvfile import Cells
from onrecord.tables.descriptor import Schema
from onrecord.tables.groups import Group, Target, present
from onrecord.tables.header import Header
from onrecord.tables.keys import KeyRows
from onrecord.tables.look import Look, Seen, picked
from onrecord.tables.problems import Problem, TableError


class Rows(Protocol):
    """A table that can be read, more than once."""

    labels: list[str]
    header_rows: list[int]

    def pieces(self) -> Iterator[Any]:
        """Its rows, piece by piece."""
        ...

    def cells(self, piece: Any, width: int) -> Cells:
        """The cells of a piece; may run in a thread."""
        ...


@dataclass(slots=True)
class Checked:
    """What was found in a table.

    Attributes:
        problems: at most as many as the limit; those of the header first, then by row.
        rows: how many were looked at.
        whole: whether those were all.
    """

    problems: list[Problem] = field(default_factory=list)
    rows: int = 0
    whole: bool = True


class Table:
    """One table and its schema, compiled.

    Attributes:
        schema: its schema.
        header: its labels, compared with the schema.
        columns: what is known of each column.
    """

    def __init__(self, rows: Rows, schema: Schema, exact_case: bool = True) -> None:
        """Compile the schema for the columns that there are.

        Raises:
            TableError: it asks for something that can't be.
        """
        self._rows = rows
        self.schema = schema
        self.header = Header(rows.labels, rows.header_rows, schema, exact_case)
        types = getattr(rows, "types", [pl.String()] * len(self.header.columns))
        self.columns = [
            Compiled(f, i, schema.missing(f), t, True)
            for i, (f, t) in enumerate(zip(self.header.columns, types, strict=True), 1)
        ]
        self._by_name = {c.field.name: c for c in self.columns}

    def has(self, names: tuple[str, ...]) -> bool:
        """Whether there are such columns."""
        return all(name in self._by_name for name in names)

    def family(self, name: str) -> str:
        """Of which kind the values of a column are: only those of one kind can be equal."""
        column = self._by_name.get(name)
        type = column.field.type if column else ""
        return {"integer": "number", "year": "number", "any": "string"}.get(type, type)

    def _seen(self, look: Look) -> Iterator[tuple[Cells, Seen]]:
        """Look at all rows, in threads, and give what was seen in their order.

        Raises:
            TableError: the table can't be read to its end.
        """
        failed: list[TableError] = []

        def pieces() -> Iterator[Any]:
            try:
                yield from self._rows.pieces()
            except TableError as error:
                failed.append(error)  # the pieces before it still count

        def work(piece: Any) -> tuple[Cells, Seen]:
            cells = self._rows.cells(piece, len(self.columns))
            return cells, look(cells)

        yield from in_order(work, pieces(), cores())
        if failed:
            raise failed[0]

    def keys(
        self, names: tuple[str, ...], tags: tuple[str, ...], folder: Path, called: str
    ) -> KeyRows:
        """The values of some columns, of all rows in which any of them has one.

        Args:
            names: the columns; one that is missing has no values.
            tags: what to set before the values of each.
            folder: where keys may wait.
            called: name of the set.
        """
        found = KeyRows(folder, called)
        columns = [self._by_name.get(name) for name in names]
        known = [column for column in columns if column]
        look = Look(known, known, 0, judge=False)
        for cells, seen in self._seen(look):
            nothing = pl.Series([None] * cells.numbers.size, dtype=pl.String)
            keys = [seen.keys[c.number] if c else nothing for c in columns]
            found.add(*present(cells.numbers, keys, tags))
        return found

    def check(self, limit: int, folder: Path, targets: list[Target]) -> Checked:
        """Look at every row.

        Args:
            limit: so many problems are enough.
            folder: where keys may wait.
            targets: what its foreign keys lead to.
        """
        found = Checked()
        groups = self._groups(folder, targets)
        names = sorted({name for group in groups for name in group.names})
        look = Look(self.columns, [self._by_name[name] for name in names], limit)
        broken: list[Problem] = []
        end: list[Problem] = []
        try:
            for cells, seen in self._seen(look):
                found.rows += cells.numbers.size
                for group in groups:
                    keys = [seen.keys[self._by_name[name].number] for name in group.names]
                    group.add(cells.numbers, keys)
                broken += seen.problems[: limit - len(broken)]
                if len(broken) >= limit:
                    found.whole = False
                    break
        except TableError as error:
            end, found.whole = [error.problem], False
        broken += self._key_problems(groups, limit)
        broken.sort(key=lambda problem: (problem.row or 0, problem.number or 0))
        everything = self.header.problems + broken + end
        found.whole = found.whole and len(everything) < limit
        found.problems = everything[:limit]
        return found

    def _groups(self, folder: Path, targets: list[Target]) -> list[Group]:
        """The sets of keys to look after."""
        schema = self.schema
        groups = []
        for column in self.columns:
            if column.field.constraints.get("unique"):
                groups.append(Group("unique-error", (column.field.name,), folder))
        if schema.primary_key and self.has(schema.primary_key):
            groups.append(Group("primary-key", schema.primary_key, folder))
        for names in schema.unique_keys:
            if self.has(names):
                groups.append(Group("unique-key", names, folder))
        for target in targets:
            groups.append(Group("foreign-key", target.foreign.fields, folder, target))
        for i, group in enumerate(groups):
            group.call(f"keys-{i}")
        return groups

    def _key_problems(self, groups: list[Group], limit: int) -> list[Problem]:
        """What is wrong with the keys, with the cells of each row that is to be shown."""
        wrong = [(group, row, note) for group in groups for row, note in group.wrong(limit)]
        wanted = {row for _, row, _ in wrong}
        shown: dict[int, list[str]] = {}
        if wanted:
            for piece in self._rows.pieces():
                if len(shown) == len(wanted):
                    break
                if wanted.intersection(piece.numbers.tolist()):
                    shown |= picked(self._rows.cells(piece, len(self.columns)), wanted)
        return [self._told(group, row, note, shown[row]) for group, row, note in wrong]

    def _told(self, group: Group, row: int, note: str, cells: list[str]) -> Problem:
        at = [self._by_name[name].number for name in group.names]
        values = [cells[n - 1] if n <= len(cells) else "" for n in at]
        more: dict[str, Any] = {"cells": cells}
        number = None
        if group.type == "unique-error":
            number = at[0]
            more |= {"cell": values[0], "fieldName": group.names[0]}
        if group.target:
            reference = group.target.foreign.reference
            note = (
                f'for "{", ".join(group.names)}": values "{", ".join(values)}" not found in the '
                f'lookup table "{reference.resource}" as "{", ".join(reference.fields)}"'
            )
            more |= {
                "fieldNames": list(group.names),
                "fieldCells": values,
                "referenceName": reference.resource,
                "referenceFieldNames": list(reference.fields),
            }
        return Problem(group.type, note, row, number, more)
