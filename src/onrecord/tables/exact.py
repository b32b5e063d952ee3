"""What one cell means, by exact rules: the last word on cells that no proof covers.

A reader takes a text, or a native value of a Parquet file, and gives its value, or None where it
is not of the field's type. Rules are those of frictionless 5, which reads numbers, dates and
times like Python does; docs/validation.md lists where and why ours differ.
"""

import base64
import json
import re
import uuid
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

import isodate
import rfc3986
import validators
from dateutil.parser import isoparse, parse
from jsonschema.validators import validator_for
from rfc3986.validators import Validator

from onrecord.tables.descriptor import Column

Reader = Callable[[Any], Any]
_TO_BARE = re.compile(r"((^[^-\d]*)|(\D*$))")


def _attempt(read: Callable[[Any], Any]) -> Reader:
    """A reader from a function that raises whatever it likes where a cell is wrong."""

    def reader(cell: Any) -> Any:
        try:
            return read(cell)
        except Exception:
            return None

    return reader


def _any(column: Column) -> Reader:
    return lambda cell: cell


def _string(column: Column) -> Reader:
    def text(cell: str) -> str | None:
        return cell if isinstance(cell, str) else None

    def uri(cell: str) -> str:
        Validator().require_presence_of("scheme").validate(rfc3986.uri_reference(cell))
        return cell

    def email(cell: str) -> str | None:
        return cell if validators.email(cell) else None

    def uuid_(cell: str) -> str:
        uuid.UUID(cell)
        return cell

    def binary(cell: str) -> str:
        base64.b64decode(cell)
        return cell

    known = {"default": text, "uri": uri, "email": email, "uuid": uuid_, "binary": binary}
    chosen = _attempt(known[column.format])
    return lambda cell: chosen(cell) if isinstance(cell, str) else None


def _integer(column: Column) -> Reader:
    def read(cell: Any) -> int | None:
        if isinstance(cell, str):
            cell = cell.strip()
            if not column.bare_number:
                cell = _TO_BARE.sub("", cell)
            return int(cell.replace(column.group_char, "") if column.group_char else cell)
        if isinstance(cell, bool):
            return None
        if isinstance(cell, int) or (isinstance(cell, float | Decimal) and cell % 1 == 0):
            return int(cell)
        return None

    return _attempt(read)


def _number(column: Column) -> Reader:
    primary: type[float] | type[Decimal] = float if column.float_number else Decimal

    def read(cell: Any) -> Any:
        if isinstance(cell, str):
            cell = cell.strip()
            if not column.bare_number:
                cell = _TO_BARE.sub("", cell)
            if column.group_char:
                cell = cell.replace(column.group_char, "")
            if column.decimal_char != ".":
                if "." in cell:
                    return None
                cell = cell.replace(column.decimal_char, ".")
            value = primary(cell)
            return None if isinstance(value, Decimal) and value.is_snan() else value
        if isinstance(cell, bool):
            return None
        if isinstance(cell, int | primary):
            return cell
        return primary(str(cell)) if isinstance(cell, float | Decimal) else None

    return _attempt(read)


def _boolean(column: Column) -> Reader:
    words = dict.fromkeys(column.true_values, True) | dict.fromkeys(column.false_values, False)
    return lambda cell: (
        cell if isinstance(cell, bool) else words.get(cell) if isinstance(cell, str) else None
    )


def _date(column: Column) -> Reader:
    pattern = "%Y-%m-%d" if column.format == "default" else column.format

    def read(cell: Any) -> date | None:
        if isinstance(cell, datetime):
            return cell.date() if not cell.hour + cell.minute + cell.second else None
        if isinstance(cell, date):
            return cell
        if pattern == "any":
            found: date = parse(cell).date()
            return found
        return datetime.strptime(cell, pattern).date()

    return _attempt(read)


def _datetime(column: Column) -> Reader:
    def read(cell: Any) -> datetime | None:
        if isinstance(cell, datetime):
            return cell
        if column.format not in ("default", "any"):
            return datetime.strptime(cell, column.format)
        if column.format == "any":
            found: datetime = parse(cell)
            return found
        return isoparse(cell) if cell[16] == ":" and len(cell) >= 19 else None

    return _attempt(read)


def _time(column: Column) -> Reader:
    def read(cell: Any) -> time | None:
        if isinstance(cell, time):
            return cell
        if column.format not in ("default", "any"):
            return datetime.strptime(cell, column.format).timetz()
        if column.format == "any":
            found: time = parse(cell).timetz()
            return found
        if cell[5] != ":" or len(cell) < 8:
            return None
        stated: time = isoparse(f"2000-01-01T{cell}").timetz()
        return stated

    return _attempt(read)


def _year(column: Column) -> Reader:
    def read(cell: Any) -> int | None:
        if isinstance(cell, bool) or (isinstance(cell, str) and len(cell) != 4):
            return None
        value = int(cell) if isinstance(cell, str | int) else -1
        return value if 0 <= value <= 9999 else None

    return _attempt(read)


def _yearmonth(column: Column) -> Reader:
    def read(cell: Any) -> tuple[int, int] | None:
        year, month = cell.split("-") if isinstance(cell, str) else cell
        return (int(year), int(month)) if 1 <= int(month) <= 12 else None

    return _attempt(read)


def _duration(column: Column) -> Reader:
    def read(cell: Any) -> Any:
        known = isinstance(cell, timedelta | isodate.Duration)
        return cell if known else isodate.parse_duration(cell)

    return _attempt(read)


def _object(column: Column) -> Reader:
    def read(cell: Any) -> dict[str, Any] | None:
        value = json.loads(cell) if isinstance(cell, str) else cell
        return value if isinstance(value, dict) else None

    return _attempt(read)


def _array(column: Column) -> Reader:
    def read(cell: Any) -> list[Any] | None:
        value = json.loads(cell) if isinstance(cell, str) else cell
        return list(value) if isinstance(value, list | tuple) else None

    return _attempt(read)


def _list(column: Column) -> Reader:
    item = reader(Column(name=column.name, type=column.item_type))

    def read(cell: Any) -> list[Any] | None:
        cells = cell.split(column.delimiter) if isinstance(cell, str) else list(cell)
        values = [item(text) for text in cells]
        return None if None in values else values

    return _attempt(read)


def _geopoint(column: Column) -> Reader:
    def read(cell: Any) -> tuple[Any, Any] | None:
        if isinstance(cell, str):
            lon: Any
            lat: Any
            if column.format == "default":
                lon, lat = (part.strip() for part in cell.split(","))
            elif column.format == "array":
                lon, lat = json.loads(cell)
            else:
                point = json.loads(cell)
                lon, lat = (point["lon"], point["lat"]) if len(point) == 2 else (None, None)
            cell = Decimal(lon), Decimal(lat)
        lon, lat = cell
        return (lon, lat) if -180 <= lon <= 180 and -90 <= lat <= 90 else None

    return _attempt(read)


@cache
def _geometry(name: str) -> Any:
    """A validator of the JSON profile of geographic data that frictionless carries."""
    profile = json.loads((files("frictionless") / "assets" / "profiles" / name).read_bytes())
    return validator_for(profile)(profile)


def _geojson(column: Column) -> Reader:
    name = "topojson.json" if column.format == "topojson" else "geojson.json"

    def read(cell: Any) -> dict[str, Any] | None:
        value = json.loads(cell) if isinstance(cell, str) else cell
        if not isinstance(value, dict):
            return None
        _geometry(name).validate(value)
        return value

    return _attempt(read)


_READERS: dict[str, Callable[[Column], Reader]] = {
    "any": _any,
    "array": _array,
    "boolean": _boolean,
    "date": _date,
    "datetime": _datetime,
    "duration": _duration,
    "geojson": _geojson,
    "geopoint": _geopoint,
    "integer": _integer,
    "list": _list,
    "number": _number,
    "object": _object,
    "string": _string,
    "time": _time,
    "year": _year,
    "yearmonth": _yearmonth,
}


def reader(column: Column) -> Reader:
    """How the cells of a column are read.

    Args:
        column: its field in the schema; type and format are known ones.
    """
    return _READERS[column.type](column)
