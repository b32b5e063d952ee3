"""One column, compiled: what proves its cells, what they must keep, and how the rest is read."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import polars as pl

from onrecord.tables import exact
from onrecord.tables.canonical import exact_key
from onrecord.tables.descriptor import FORMATS, ITEM_TYPES, SUPPORTED, Column
from onrecord.tables.problems import TableError
from onrecord.tables.proof import Proof, proof
from onrecord.tables.rules import PRINTABLE, Rule, RuleError, rules

#: What a cell that is not proven turned out to be: (type of problem, note) for each problem.
Verdict = tuple[tuple[str, str], ...]


#: Types of which an empty text may be a value, were it not said to mean none.
_MAY_BE_EMPTY = ("any", "boolean", "string")


class Compiled:
    """A field of a schema, ready to look at the cells of one column.

    Attributes:
        field: the field.
        number: position of the column, from 1.
        cells: name of the column of cells in a frame, `values` that of proven values.
        required: whether there must be a value.
        rules: its other constraints.
        proof: what proves its cells.
    """

    def __init__(
        self,
        field: Column,
        number: int,
        missing: tuple[str, ...],
        native: pl.DataType,
        looked_at: bool,
    ) -> None:
        """Compile a field.

        Args:
            field: the field.
            number: position of its column, from 1.
            missing: texts that mean no value.
            native: type of the cells.
            looked_at: whether a key needs the values.

        Raises:
            TableError: the field asks for something that can't be.
        """
        check_field(field)
        self.field = field
        self.number = number
        self.cells = f"c{number}"
        self.values = f"v{number}"
        self.required = bool(field.constraints.get("required"))
        self._missing = missing
        self._native = native
        self._read = exact.reader(field)
        limits = _limits(field.constraints)
        zoned = _zoned(limits, self._read) if limits or looked_at else None
        cell: pl.Expr = pl.col(self.cells)
        if missing != ("",) or field.type in _MAY_BE_EMPTY or not isinstance(native, pl.String):
            cell = pl.when(~self.blank()).then(cell)
        self.proof = proof(field, cell, native, zoned)
        fast = self.proof.fast if self.proof.value is not None else _nowhere
        try:
            self.rules = rules(pl.col(self.values), limits, self._read, fast, self.proof.text)
        except RuleError as error:
            raise TableError("field-error", f"{field.name}: {error}") from None
        if any(rule.broken is None for rule in self.rules):
            self.proof = Proof(None)
        elif self.proof.value is not None and any(rule.ascii for rule in self.rules):
            certain = pl.when(pl.col(self.cells).str.contains(PRINTABLE))
            self.proof = replace(self.proof, value=certain.then(self.proof.value), whole=False)
        self._item = _item(field)

    def blank(self) -> pl.Expr:
        """Whether a cell holds no value."""
        cell = pl.col(self.cells)
        if isinstance(self._native, pl.String):
            if self._missing == ("",):
                return cell.is_null() | (cell == "")
            return cell.is_null() | cell.is_in(list(self._missing))
        if self._missing == ("",) or self._native.is_nested():
            return cell.is_null()
        return cell.is_null() | cell.cast(pl.String).is_in(list(self._missing))

    def judge(self, cell: Any) -> tuple[Any, Verdict]:
        """Read one cell exactly: its value, and what is wrong with it."""
        value = self._read(cell)
        if value is None:
            note = f'type is "{self.field.type}/{self.field.format}"'
            if self.field.type == "list":
                note = f'expected item type is "{self.field.item_type}"'
            return None, (("type-error", note),)
        broken = [rule for rule in self.rules if not rule.holds(value)]
        verdict = tuple(("constraint-error", self.note(rule)) for rule in broken)
        if self._item and not verdict:
            verdict = self._item(value)
        return value, verdict

    @staticmethod
    def note(rule: Rule) -> str:
        """What a report says of a broken rule."""
        return f'constraint "{rule.name}" is "{rule.limit}"'

    def key(self, value: Any) -> str:
        """A value that was read exactly, as a text."""
        return exact_key(value)


def check_field(field: Column) -> None:
    """Whether we can check what a field asks for.

    Raises:
        TableError: not, and why.
    """

    def refuse(note: str) -> None:
        raise TableError("field-error", f"{field.name}: {note}")

    if field.type not in SUPPORTED:
        refuse(f'field type "{field.type}" is not supported')
    if field.format not in FORMATS.get(field.type, (field.format,)):
        refuse(f'format "{field.format}" of type "{field.type}" is not supported')
    if field.item_type not in ITEM_TYPES:
        refuse(f'item type "{field.item_type}" is not supported')
    for name, limit in field.constraints.items():
        if name not in SUPPORTED[field.type]:
            refuse(f'constraint "{name}" is not supported by type "{field.type}"')
        wanted: dict[str, type] = {
            "required": bool,
            "unique": bool,
            "pattern": str,
            "enum": list,
            "minLength": int,
            "maxLength": int,
        }
        if name in wanted and not isinstance(limit, wanted[name]):
            refuse(f'constraint "{name}" can\'t be {limit!r}')


def _nowhere(value: Any) -> None:
    """Where nothing is proven, no value has a place among the proven."""


def _limits(constraints: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in constraints.items() if k not in ("required", "unique")}


def _zoned(limits: Mapping[str, Any], read: Callable[[Any], Any]) -> bool:
    """Whether any limit is a moment with a zone."""
    stated = [
        v for limit in limits.values() for v in (limit if isinstance(limit, list) else [limit])
    ]
    values = [read(v) for v in stated]
    return any(isinstance(v, datetime) and v.tzinfo is not None for v in values)


def _item(field: Column) -> Callable[[list[Any]], Verdict] | None:
    """What checks the items of an array; None where nothing is said of them."""
    if field.type != "array" or not field.array_item:
        return None
    stated = {"type": "any", **field.array_item, "name": field.name}
    stated.pop("arrayItem", None)
    item = Compiled(Column.model_validate(stated), 1, ("",), pl.Object(), False)

    def check(values: list[Any]) -> Verdict:
        found: dict[str, tuple[str, str]] = {}
        for value in values:
            if value is None or str(value) == "":
                if item.required:
                    note = 'array item constraint "required" is "True"'
                    found["required"] = ("constraint-error", note)
                continue
            for type, note in item.judge(value)[1]:
                found[note] = (type, f"array item {note}")
        return tuple(found.values())

    return check
