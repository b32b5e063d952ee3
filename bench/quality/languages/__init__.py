"""What the generator knows of each language: words, marks and sentences to plant with.

One TOML file a language, so that whoever speaks it can check it without reading code. A kind of
case that a language can't have (letter case in Arabic) is left out where its key is missing.
"""

import re
import tomllib
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import Any

#: Languages of the set, in the order of the tables.
CODES = ("en", "fr", "de", "es", "ru", "ar", "fa", "zh", "ja", "th")

_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Language:
    """Words and rules of one language.

    Attributes:
        code: BCP-47.
        spaced: whether words are separated by spaces; if not, characters are the units.
        cased: whether the script has capitals.
        terminal: characters that end a sentence.
        joiner: what stands between two sentences.
        script: characters of the script, as the inside of a regular-expression class.
        quotes: opening and closing quotation mark.
        ellipses: what marks a cut.
        stopwords: the commonest words; empty where the script tells the language.
        abbreviations: words whose full stop ends no sentence, lower case.
        negators: words that turn the meaning of what follows; no cut is made behind one.
        attribution_before, attribution_after: who said it, as glued to a quotation.
        credits: credits of photographs.
        footers: boilerplate of 10 to 25 words that gets glued to last sentences.
        lead_ins, closings: boilerplate that different paragraphs share.
        months, weekdays: names, in the form in which they stand in a date.
        dated: a text with a date in front: {weekday}, {day}, {month}, {text}.
        places: groups of names that can stand for each other in a sentence.
        people: surnames.
        aside_place, aside_person: a short sentence that names a place or a person: {name}.
        near_places, near_people: real names one letter apart.
        negations: regular expression and replacement that negate a sentence.
        symbols: further pairs of phrases that differ in a symbol; {n} is a number.
        item_heads, item_tails: list items are a head, `item_glue` and a tail.
        letters: pairs of forms of one letter (Arabic yeh and kaf).
    """

    code: str
    spaced: bool
    cased: bool
    terminal: str
    joiner: str
    script: str
    quotes: tuple[str, str]
    ellipses: tuple[str, ...]
    stopwords: frozenset[str] = frozenset()
    abbreviations: frozenset[str] = frozenset()
    negators: frozenset[str] = frozenset()
    attribution_before: tuple[str, ...] = ()
    attribution_after: tuple[str, ...] = ()
    credits: tuple[str, ...] = ()
    footers: tuple[str, ...] = ()
    lead_ins: tuple[str, ...] = ()
    closings: tuple[str, ...] = ()
    months: tuple[str, ...] = ()
    weekdays: tuple[str, ...] = ()
    dated: str = ""
    places: tuple[tuple[str, ...], ...] = ()
    people: tuple[str, ...] = ()
    aside_place: str = ""
    aside_person: str = ""
    near_places: tuple[tuple[str, str], ...] = ()
    near_people: tuple[tuple[str, str], ...] = ()
    negations: tuple[tuple[str, str], ...] = ()
    symbols: tuple[tuple[str, str], ...] = ()
    item_heads: tuple[str, ...] = ()
    item_tails: tuple[str, ...] = ()
    item_glue: str = " "
    letters: tuple[tuple[str, str], ...] = ()
    #: Compiled once: letters of the script.
    runs: re.Pattern[str] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "runs", re.compile(f"[{self.script}]+"))


def _frozen(value: Any) -> Any:
    """Lists as tuples, all the way down."""
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


@cache
def load(code: str) -> Language:
    """Read the file of a language.

    Args:
        code: one of `CODES`.
    """
    content = tomllib.loads((_FOLDER / f"{code}.toml").read_text(encoding="utf-8"))
    known = {f.name: f.type for f in fields(Language) if f.init}
    values = {key: _frozen(value) for key, value in content.items()}
    for key in values.keys() & {"stopwords", "abbreviations", "negators"}:
        values[key] = frozenset(values[key].split())
    unknown = sorted(values.keys() - known.keys())
    if unknown:
        raise ValueError(f"{code}.toml: unknown keys {unknown}")
    return Language(**values)
