"""One text for equal values: how a value that was read exactly is compared with the proven."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import polars as pl

#: Decimal numbers of so many digits have a double of their own, in the same order.
DIGITS = 15


def double(value: Any) -> float | None:
    """A number as a double, where no other number of so few digits has the same."""
    exact = Decimal(value) if isinstance(value, int) else Decimal(str(value))
    if not exact.is_finite():
        return None
    digits, exponent = _digits(exact)
    return float(exact) if len(digits) <= DIGITS and abs(exponent) < 200 else None


def _digits(exact: Decimal) -> tuple[str, int]:
    """The digits of a number without zeros at their end, and the exponent that belongs to them."""
    _, digits, exponent = exact.as_tuple()
    assert isinstance(exponent, int)
    shown = "".join(map(str, digits))
    bare = shown.rstrip("0")
    return bare, exponent + len(shown) - len(bare)


def utc(value: datetime) -> datetime | None:
    """A moment with a zone, as UTC without its name."""
    return None if value.tzinfo is None else value.astimezone(UTC).replace(tzinfo=None)


def exact_key(value: Any) -> str:
    """A value that was read exactly as a text: what `Proof.key` gives for the same value."""
    match value:
        case str():
            return value
        case bool():
            return str(value).lower()
        case int():
            return str(value)
        case float() | Decimal():
            return _exact_number_key(value)
        case datetime():
            at = utc(value)
            moment = (at or value) - datetime(1970, 1, 1)
            return f"{_micros(moment)}{'Z' if at else ''}"
        case date():
            return str((value - date(1970, 1, 1)).days)
        case time():
            since = datetime.combine(date(1970, 1, 1), value.replace(tzinfo=None))
            offset = value.utcoffset()
            micros = _micros(since - datetime(1970, 1, 1))
            return f"{micros * 1000}" if offset is None else f"{(micros - _micros(offset)) * 1000}Z"
        case (int() as year, int() as month):
            return str(year * 12 + month)
        case tuple() | list():
            return "[" + "\0".join(map(exact_key, value)) + "]"
    return repr(value)


def _micros(span: timedelta) -> int:
    return (span.days * 86_400 + span.seconds) * 1_000_000 + span.microseconds


def _exact_number_key(value: float | Decimal) -> str:
    exact = Decimal(str(value))
    if not exact.is_finite():
        return str(exact)
    if exact == exact.to_integral_value() and exact.adjusted() < 400:
        return str(int(exact))
    real = double(exact)
    if real is None:
        digits, exponent = _digits(exact)
        return f"{'-' if exact < 0 else ''}{digits}e{exponent}"
    return str(pl.Series([real]).cast(pl.String)[0])
