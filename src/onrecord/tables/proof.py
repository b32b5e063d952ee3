"""Which cells are right beyond doubt, and what they mean: whole columns at a time.

A proof may leave a cell open (null); it must never be wrong. What it proves, `exact` would read
to the same value.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from onrecord.tables.canonical import double, utc
from onrecord.tables.descriptor import Column

#: What a part of a date format may be where Polars and Python agree.
_PARTS = {
    "Y": "[1-9][0-9]{3}",  # Python knows no year 0000
    "m": "(?:0[1-9]|1[0-2])",
    "d": "[0-3][0-9]",
    "H": "(?:[01][0-9]|2[0-3])",
    "M": "[0-5][0-9]",
    "S": "[0-5][0-9]",
}
_FORMS = {
    "date": "%Y-%m-%d",
    "datetime": "%Y-%m-%dT%H:%M:%S",
    "time": "%H:%M:%S",
}
#: Decimal numbers of at most 15 digits: each has a double of its own, in the same order.
_SHORT_NUMBER = r"^[+-]?(?:[0-9]{1,9}(?:\.[0-9]{0,6})?|[0-9]{10,15}|\.[0-9]{1,15})$"
#: Those that stay the same when all before the first and after the last digit is cut off.
_BARE_NUMBER = r"^-?[0-9]{1,9}(?:\.[0-9]{1,6})?$"
_INT64 = 1 << 63
_LABEL = "[a-z0-9]{1,20}"
_TEXTS = {
    "email": rf"^[A-Za-z0-9]{{1,20}}(?:[._-][A-Za-z0-9]{{1,20}}){{0,1}}"
    rf"@{_LABEL}(?:-{_LABEL})?\.(?:{_LABEL}\.)?(?:com|org|net|edu|gov|info|example)$",
    "uri": r"^https?://[a-z0-9]+(?:[.-][a-z0-9]+)*(?:/[A-Za-z0-9._~-]*)*$",
    "uuid": "^[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$",
    "binary": "^(?:[A-Za-z0-9+/]{4})*$",
}


@dataclass(frozen=True, slots=True)
class Proof:
    """How the cells of a column are proven.

    Attributes:
        value: what a cell means, null where it is not proven; None where none can be.
        fast: a value that was read exactly, as it stands among the proven; None where it
            has no place there.
        whole: whether every cell that holds anything is proven.
        key: the proven value as a text, the same for equal values.
        text: whether proven values are texts.
    """

    value: pl.Expr | None
    fast: Callable[[Any], Any] = lambda value: value
    whole: bool = False
    key: Callable[[pl.Expr], pl.Expr] = lambda value: value.cast(pl.String)
    text: bool = False


_NONE = Proof(None)


def _number_key(value: pl.Expr) -> pl.Expr:
    """Whole numbers as integers have it, so that 1 and 1.0 are the same key."""
    whole = (value == value.floor()) & (value.abs() < 1e15)
    return (
        pl.when(whole)
        .then(value.cast(pl.Int64, strict=False).cast(pl.String))
        .otherwise(value.cast(pl.String))
    )


def _form(format: str, needed: str) -> str | None:
    """A pattern of the texts that a date format has beyond doubt.

    None where the format has other parts than those in `needed`, each once.
    """
    if sorted(re.findall("%(.)", format)) != sorted(needed):
        return None
    parts = re.split("%(.)", format)
    return "^" + "".join(_PARTS[p] if i % 2 else re.escape(p) for i, p in enumerate(parts)) + "$"


def _naive(value: Any) -> Any:
    """A time without a zone, or None."""
    return value if value.tzinfo is None else None


def _temporal(column: Column, cell: pl.Expr, zoned: bool | None) -> Proof:
    """Dates and times in a format of fixed width."""
    format = _FORMS[column.type] if column.format == "default" else column.format
    form = _form(format, {"date": "Ymd", "time": "HMS", "datetime": "YmdHMS"}[column.type])
    if form is None:
        return _NONE
    zone = ""
    if column.type == "datetime" and column.format == "default" and zoned is not False:
        zone = "Z" if zoned else "Z?"
    told: pl.Expr = pl.when(cell.str.contains(f"{form[:-1]}{zone}$")).then(cell)
    if zone:
        told = told.str.strip_suffix("Z")
    if column.type == "date":
        value = told.str.to_date(format, strict=False, cache=False)
        return Proof(value, key=lambda v: v.cast(pl.Int32).cast(pl.String))
    if column.type == "time":
        return Proof(told.str.to_time(format, strict=False), _naive, key=_ticks)
    moment = told.str.to_datetime(format, time_unit="us", strict=False)
    moment = pl.when(moment >= datetime(1, 1, 1)).then(moment)
    if zone:
        return Proof(moment, utc, key=lambda v: _ticks(v) + "Z")
    return Proof(moment, _naive, key=_ticks)


def _ticks(value: pl.Expr) -> pl.Expr:
    return value.cast(pl.Int64).cast(pl.String)


def _of_text(column: Column, cell: pl.Expr, zoned: bool | None) -> Proof:
    """The proof of a column of texts."""
    match column.type:
        case "any":
            return Proof(cell, whole=True, key=lambda v: v, text=True)
        case "string":
            form = _TEXTS.get(column.format)
            value = pl.when(cell.str.contains(form)).then(cell) if form else cell
            return Proof(value, whole=not form, key=lambda v: v, text=True)
        case "integer":
            value = cell.str.to_integer(strict=False, dtype=pl.Int64)
            return Proof(value, lambda v: v if -_INT64 <= v < _INT64 else None)
        case "number":
            if column.float_number:
                return _NONE
            bare = cell
            if column.group_char:
                bare = bare.str.replace_all(column.group_char, "", literal=True)
            if column.decimal_char != ".":
                bare = pl.when(~bare.str.contains(".", literal=True)).then(
                    bare.str.replace_all(column.decimal_char, ".", literal=True)
                )
            form = _SHORT_NUMBER if column.bare_number else _BARE_NUMBER
            number = pl.when(bare.str.contains(form)).then(bare)
            return Proof(number.cast(pl.Float64, strict=False), double, key=_number_key)
        case "boolean":
            value = (
                pl.when(cell.is_in(list(column.false_values)))
                .then(pl.lit(False))
                .when(cell.is_in(list(column.true_values)))
                .then(pl.lit(True))
            )
            return Proof(value)
        case "year":
            born = pl.when(cell.str.contains("^[0-9]{4}$")).then(cell)
            return Proof(born.str.to_integer(strict=False, dtype=pl.Int64))
        case "yearmonth":
            told = pl.when(cell.str.contains("^[0-9]{4}-(?:0[1-9]|1[0-2])$")).then(cell)
            months = told.str.head(4).cast(pl.Int64) * 12 + told.str.tail(2).cast(pl.Int64)
            return Proof(months, lambda v: v[0] * 12 + v[1])
        case "date" | "time" | "datetime":
            return _temporal(column, cell, zoned)
    return _NONE


def _of_native(column: Column, cell: pl.Expr, native: pl.DataType) -> Proof:
    """The proof of a column of a Parquet file that has a type of its own."""
    whole_number = native.is_integer()
    match column.type:
        case "any":
            return Proof(cell, whole=True)
        case "integer" if whole_number:
            return Proof(
                cell.cast(pl.Int64, strict=False), lambda v: v if -_INT64 <= v < _INT64 else None
            )
        case "number" if native.is_float():
            real = pl.when(cell.is_finite()).then(cell.cast(pl.Float64))
            return Proof(real, double, key=_number_key)
        case "number" if whole_number:
            small = pl.when(cell.cast(pl.Float64).abs() < 1e15).then(cell)
            return Proof(small.cast(pl.Float64), double, key=_number_key)
        case "boolean" if native == pl.Boolean:
            return Proof(cell, whole=True)
        case "date" if native == pl.Date:
            return Proof(cell, whole=True, key=lambda v: v.cast(pl.Int32).cast(pl.String))
        case "datetime" if isinstance(native, pl.Datetime) and native.time_unit != "ns":
            moment = cell.cast(pl.Datetime("us", native.time_zone))
            if native.time_zone is None:
                return Proof(moment, _naive, whole=True, key=_ticks)
            there = moment.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
            return Proof(there, utc, whole=True, key=lambda v: _ticks(v) + "Z")
        case "time" if native == pl.Time:
            return Proof(cell, _naive, whole=True, key=_ticks)
        case "year" if whole_number:
            year = cell.cast(pl.Int64, strict=False)
            return Proof(pl.when(year.is_between(0, 9999)).then(year))
    return _NONE


def proof(column: Column, cell: pl.Expr, native: pl.DataType, zoned: bool | None = None) -> Proof:
    """How the cells of a column are proven.

    Args:
        column: its field in the schema.
        cell: its cells, with null where there is no value.
        native: their type: strings in a CSV file, and what there is in a Parquet file.
        zoned: which moments to prove, those with or those without a zone; None for both,
            where nobody looks at the value.
    """
    if isinstance(native, pl.String):
        return _of_text(column, cell, zoned)
    return _of_native(column, cell, native)
