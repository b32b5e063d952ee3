"""Constraints of a field: as Polars expressions over proven values, and for one value at a time.

Our own records are checked by the same expressions (`records.validate`).
"""

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

#: Regular expressions that mean the same to Rust and to Python, but for what \d, \w and \s
#: hold beyond ASCII.
_ATOM = (
    r"(?:[^\W_]|[ _,:;/@%<>=!\"'&~#-]|\\[.+*?()\[\]{}|^$\\/-]|\\[dws]|\.|\(|\(\?:|\)|\|"
    r"|\[\^?(?:[^\\\[\]&~^-]|[^\\\[\]&~^-]-[^\\\[\]&~^-]|\\[\-\].\\dws/+])+-?\])"
)
_PLAIN = re.compile(rf"(?:{_ATOM}(?:[*+?]\??|\{{\d+(?:,\d*)?\}}\??)?)*")
#: Texts on which those agree, too.
PRINTABLE = r"^[ -~]*$"


class RuleError(ValueError):
    """A constraint that can't be understood; the message says why."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One constraint of one field.

    Attributes:
        name: as the schema calls it.
        limit: what the schema says of it.
        words: the rule in words.
        holds: whether a value that was read exactly keeps it.
        broken: true where a proven value breaks it; None where no expression can tell.
        ascii: whether `broken` can be trusted on printable ASCII only.
    """

    name: str
    limit: Any
    words: str
    holds: Callable[[Any], bool]
    broken: pl.Expr | None
    ascii: bool = False


def _pattern(cell: pl.Expr, pattern: str) -> Rule:
    """The whole cell must match."""
    whole = f"^(?:{pattern})$"
    try:
        pl.Series([""]).str.contains(whole)
        by_rust = True
    except pl.exceptions.PolarsError:
        by_rust = False
    try:
        compiled = re.compile(pattern)
    except re.error:
        compiled = None
    if compiled is None and not by_rust:
        raise RuleError(f'pattern "{pattern}" is no regular expression')
    bare = pattern
    if "|" not in pattern:
        bare = pattern.removeprefix("^")
        bare = bare[:-1] if re.search(r"(?<!\\)\$$", bare) else bare
    plain = bool(_PLAIN.fullmatch(bare)) and "--" not in bare
    words = f"must match {pattern}"
    if compiled is None:  # \p{L} and the like, which Python does not know
        holds = lambda value: bool(pl.Series([value]).str.contains(whole)[0])  # noqa: E731
        return Rule("pattern", pattern, words, holds, ~cell.str.contains(whole))
    matches = compiled.fullmatch
    holds = lambda value: matches(value) is not None  # noqa: E731
    if not (by_rust and plain):
        return Rule("pattern", pattern, words, holds, None)
    classes = any(name in bare for name in (r"\d", r"\w", r"\s"))
    return Rule("pattern", pattern, words, holds, ~cell.str.contains(whole), classes)


def _compares(compare: Callable[[Any, Any], Any], limit: Any) -> Callable[[Any], bool]:
    """Whether a value keeps a bound; what can't be compared with it (NaN) does not."""

    def holds(value: Any) -> bool:
        try:
            return value == value and bool(compare(value, limit))  # noqa: PLR0124
        except (TypeError, ArithmeticError):
            return False

    return holds


_BOUNDS: dict[str, tuple[Callable[[Any, Any], Any], str]] = {
    "minimum": (operator.ge, "at least"),
    "maximum": (operator.le, "at most"),
    "exclusiveMinimum": (operator.gt, "more than"),
    "exclusiveMaximum": (operator.lt, "less than"),
}


def _bound(name: str, cell: pl.Expr, limit: Any, value: Any, fast: Any) -> Rule:
    """A bound, read as a value of the field's type; `fast` is it among proven values."""
    compare, words = _BOUNDS[name]
    broken = None if fast is None else ~compare(cell, pl.lit(fast))
    shown = f"{limit:g}" if isinstance(limit, float) else limit
    return Rule(name, limit, f"must be {words} {shown}", _compares(compare, value), broken)


def _length(name: str, cell: pl.Expr, limit: int, text: bool) -> Rule:
    least = name == "minLength"
    compare = operator.ge if least else operator.le
    words = f"must have {'' if least else 'at most '}{limit} characters"
    broken = ~compare(cell.str.len_chars(), pl.lit(limit)) if text else None
    return Rule(name, limit, words, lambda value: compare(len(value), limit), broken)


def rules(
    cell: pl.Expr,
    constraints: Mapping[str, Any],
    read: Callable[[Any], Any] = lambda value: value,
    fast: Callable[[Any], Any] = lambda value: value,
    text: bool = True,
) -> list[Rule]:
    """Compile the constraints of a field, but for `required` and `unique`.

    Args:
        cell: the proven values, null where there is none.
        constraints: as they stand in the schema.
        read: reads a limit as a value of the field's type; None where it is none.
        fast: the same value as it stands among proven values; None where it can't.
        text: whether proven values are texts, so that they have a length.

    Raises:
        RuleError: a limit can't be understood.
    """
    compiled = []
    for name, limit in constraints.items():
        if name == "pattern":
            compiled.append(_pattern(cell, limit))
        elif name in ("minLength", "maxLength"):
            compiled.append(_length(name, cell, limit, text))
        elif name in _BOUNDS:
            value = read(limit)
            if value is None:
                raise RuleError(f'{name} "{limit}" is not of the field\'s type')
            compiled.append(_bound(name, cell, limit, value, fast(value)))
        elif name == "enum":
            values = [v for v in map(read, limit) if v is not None]
            known = [v for v in map(fast, values) if v is not None]
            words = f"must be one of {', '.join(map(str, limit))}"
            broken = ~cell.is_in(known) if known else pl.lit(True)
            compiled.append(Rule(name, limit, words, _one_of(values), broken))
    return compiled


def _one_of(values: list[Any]) -> Callable[[Any], bool]:
    return lambda value: value in values
