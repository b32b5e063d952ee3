"""Dates and words that a source states, in the one form that the tables have."""

import datetime
import re

_ISO = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)\s?(Z|[+-]\d{2}:?\d{2})?)?"
)
_SURROGATE = re.compile("[\ud800-\udfff]")
_MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july"),
    *("august", "september", "october", "november", "december"),
)
_NAMES = {name: i for i, name in enumerate(_MONTHS, 1)} | {
    name[:3]: i for i, name in enumerate(_MONTHS, 1)
}
_NAMES["sept"] = 9
_MONTH = "(" + "|".join(sorted(_NAMES, key=len, reverse=True)) + r")\.?"
_WEEKDAY = r"(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\.?,?\s+)?"
_DAY_FIRST = re.compile(
    _WEEKDAY + r"(\d{1,2})(?:st|nd|rd|th)?\s+(?:of\s+)?" + _MONTH + r",?\s+(\d{4})", re.IGNORECASE
)
_MONTH_FIRST = re.compile(
    _WEEKDAY + _MONTH + r"\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})", re.IGNORECASE
)


def _checked(year: int, month: int, day: int) -> str | None:
    try:
        return datetime.date(year, month, day).isoformat()
    except ValueError:
        return None


def date(stated: object) -> str | None:
    """A date of unambiguous form as year-month-day, None for all else.

    Taken are ISO 8601, with or without a time, and days with the month in English words:
    "5 March 2024", "Tuesday, March 5, 2024". Never "05/03/2024".
    """
    if not isinstance(stated, str):
        return None
    text = " ".join(stated.split())
    found = _ISO.fullmatch(text)
    if found:
        return _checked(int(found[1]), int(found[2]), int(found[3]))
    found = _DAY_FIRST.fullmatch(text)
    if found:
        return _checked(int(found[3]), _NAMES[found[2].lower()], int(found[1]))
    found = _MONTH_FIRST.fullmatch(text)
    if found:
        return _checked(int(found[3]), _NAMES[found[1].lower()], int(found[2]))
    return None


def moment(stated: object) -> str | None:
    """A date, or a date and time, in the form of ``documents.retrieved``; None for all else."""
    if not isinstance(stated, str):
        return None
    found = _ISO.fullmatch(stated.strip())
    if not found:
        return date(stated)
    day = _checked(int(found[1]), int(found[2]), int(found[3]))
    if day is None or found[4] is None:
        return day
    zone = found[5] or ""
    if len(zone) == 5:
        zone = f"{zone[:3]}:{zone[3:]}"
    return f"{day}T{found[4]}{zone}"


def words(stated: object) -> str | None:
    """Stated words on one line, None where there are none."""
    if not isinstance(stated, str):
        return None
    return " ".join(clean(stated).split()) or None


def clean(text: str) -> str:
    """Text that UTF-8 can say: U+FFFD for each lone surrogate, LF for each line end."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text.isascii() and _SURROGATE.search(text):
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
