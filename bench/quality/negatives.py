"""Look-alikes that must never be merged: they say different things.

`NEGATIVES` lists the kinds. A *variant* differs in a number, a name, a date, a "not" or a symbol;
*different* texts share a quotation, boilerplate or a word and nothing else.
"""

import random
import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from bench.quality.background import Base
from bench.quality.kinds import DIFFERENT, VARIANT, Kind, Planted, Scene, one
from bench.quality.languages import Language
from bench.quality.plant import SAYING
from bench.quality.text import length, seeded

#: A number in a text: not part of a name, a version or an address.
_NUMBER = re.compile(r"(?<![\w.,:/+-])\d+(?:[.,]\d+)*(?![\w:/-]|[.,]\d)")
#: Pairs of phrases that differ in one symbol; {n} is a number.
_SYMBOLS = (
    ("+{n}%", "−{n}%"),
    ("+{n}%", "-{n}%"),
    ("+{n} %", "–{n} %"),
    ("${n}", "€{n}"),
    ("£{n}", "€{n}"),
    ("¥{n}", "${n}"),
    ("{n}%", "{n}"),
    ("{n}%", "{n}‰"),
    ("p < 0.0{d}", "p > 0.0{d}"),
    ("< {n}", "> {n}"),
    ("≤ {n}", "≥ {n}"),
    ("≤ {n}", "< {n}"),
    ("10⁹ t", "109 t"),
    ("10⁶ t", "106 t"),
    ("10⁶ t", "10⁹ t"),
    ("{n} m²", "{n} m³"),
    ("{n} km²", "{n} km"),
    ("½ kg", "¼ kg"),
    ("{d}½ kg", "{d} kg"),
    ("{d}½ kg", "{d}¾ kg"),
    ("±{n}", "+{n}"),
    ("n = {n}", "n ≠ {n}"),
    ("+{n} °C", "−{n} °C"),
)


def _numbers(text: str) -> list[re.Match[str]]:
    """Numbers of a text; longer ones than seven digits are no figures."""
    return [m for m in _NUMBER.finditer(text) if len(m[0]) <= 9]


def _has_number(base: Base, language: Language) -> bool:
    return bool(_numbers(base.text))


def _value(number: str) -> int:
    """The digits of a number, of any script, as one integer."""
    return int("".join(c for c in number if c.isdecimal()))


def _plausible(old: str, new: str) -> bool:
    """Whether a number could stand in the place of another: a day is a day, a year a year."""
    if len(old) != len(new) or old == new or (new[0] == "0") != (old[0] == "0"):
        return False
    if len(old) <= 2 and 0 < _value(old) <= 31:
        return 0 < _value(new) <= 31
    if len(old) == 4 and old.isdecimal() and 1300 <= _value(old) <= 2100:
        return 1300 <= _value(new) <= 2030
    return True


def _digit(like: str, value: int) -> str:
    """A digit in the script of another one."""
    return chr(ord(like) - int(like) + value)


def _other_number(rng: random.Random, number: str) -> str:
    """A number of the same shape, digit for digit."""
    while True:
        out = "".join(_digit(c, rng.randrange(10)) if c.isdecimal() else c for c in number)
        if _plausible(number, out) or (number.strip("0") == "" and out != number):
            return out


def _slipped(rng: random.Random, number: str) -> str:
    """The number with one digit corrected."""
    places = [i for i, c in enumerate(number) if c.isdecimal()]
    choices = []
    for i in places:
        for value in range(10):
            new = number[:i] + _digit(number[i], value) + number[i + 1 :]
            if _plausible(number, new):
                choices.append(new)
    return rng.choice(choices) if choices else _other_number(rng, number)


def _put(text: str, span: tuple[int, int], new: str) -> str:
    return text[: span[0]] + new + text[span[1] :]


def numbers(rng: random.Random, bases: Sequence[Base], scene: Scene) -> Planted | None:
    """The same sentence with other numbers, in one to three places."""
    text = bases[0].text
    found = _numbers(text)
    chosen = sorted(rng.sample(found, min(len(found), rng.randint(1, 3))), key=re.Match.start)
    for number in reversed(chosen):
        text = _put(text, number.span(), _other_number(rng, number[0]))
    return one(text, bases[0].text)


def one_digit(rng: random.Random, bases: Sequence[Base], scene: Scene) -> Planted | None:
    """A figure corrected by one digit."""
    text = bases[0].text
    number = rng.choice(_numbers(text))
    return one(_put(text, number.span(), _slipped(rng, number[0])), text)


@cache
def _any_of(names: tuple[str, ...], spaced: bool) -> re.Pattern[str]:
    """One of the names, as a word."""
    options = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    return re.compile(rf"(?<!\w)(?:{options})(?!\w)" if spaced else f"(?:{options})")


def _named(text: str, names: tuple[str, ...], language: Language) -> list[re.Match[str]]:
    """Where one of the names stands in a text."""
    return list(_any_of(names, language.spaced).finditer(text)) if names else []


def _asides(
    rng: random.Random, base: Base, language: Language, frame: str, pair: Sequence[str]
) -> Planted | None:
    """A text with a sentence put behind its first one, or in front, that names one or another."""
    at = 1 if rng.random() < 0.8 else 0
    texts = []
    for name in pair:
        parts = list(base.sentences)
        parts.insert(at, frame.format(name=name))
        texts.append(language.joiner.join(parts))
    return one(*texts)


def names(rng: random.Random, bases: Sequence[Base], scene: Scene) -> Planted | None:
    """The same sentence about another place or person."""
    base, language = bases[0], scene.language
    for group in language.places:
        found = _named(base.text, group, language)
        if found:
            place = rng.choice(found)
            new = rng.choice([name for name in group if name != place[0]])
            return one(_put(base.text, place.span(), new), base.text)
    if language.people and rng.random() < 0.5:
        first, second = rng.sample(language.people, 2)
        frame = language.aside_person
    else:
        first, second = rng.sample(language.places[0], 2)
        frame = language.aside_place
    return _asides(rng, base, language, frame, (first, second))


def one_letter(rng: random.Random, bases: Sequence[Base], scene: Scene) -> Planted | None:
    """Two real names that are one letter apart."""
    base, language = bases[0], scene.language
    if language.near_people and rng.random() < 0.5:
        pair, frame = rng.choice(language.near_people), language.aside_person
    else:
        pair, frame = rng.choice(language.near_places), language.aside_place
        found = _named(base.text, language.places[0], language) if language.places else []
        if found:
            place = rng.choice(found)
            return one(*(_put(base.text, place.span(), name) for name in pair))
    return _asides(rng, base, language, frame, pair)


def dates(rng: random.Random, bases: Sequence[Base], scene: Scene) -> Planted | None:
    """The same sentence about another day or month."""
    base, language = bases[0], scene.language
    for group in (language.weekdays, language.months):
        found = _named(base.text, group, language)
        if found:
            day = rng.choice(found)
            new = rng.choice([name for name in group if name != day[0]])
            return one(_put(base.text, day.span(), new), base.text)
    days = rng.sample(language.weekdays, 2)
    months = [rng.choice(language.months)] * 2
    numbers = [rng.randint(1, 28)] * 2
    changed = rng.randrange(3)
    if changed == 1:
        months = rng.sample(language.months, 2)
    elif changed == 2:
        numbers = rng.sample(range(1, 29), 2)
    if changed:
        days[1] = days[0]
    return one(
        *(
            language.dated.format(weekday=w, month=m, day=d, text=base.text)
            for w, m, d in zip(days, months, numbers, strict=True)
        )
    )


def _negatable(base: Base, language: Language) -> bool:
    return any(re.search(pattern, base.text) for pattern, _ in language.negations)


def negated(rng: random.Random, bases: Sequence[Base], scene: Scene) -> Planted | None:
    """A sentence and its negation."""
    text = bases[0].text
    places = [
        (match, replacement)
        for pattern, replacement in scene.language.negations
        for match in re.finditer(pattern, text)
    ]
    match, replacement = rng.choice(places)
    return one(_put(text, match.span(), match.expand(replacement)), text)


def symbols(rng: random.Random, bases: Sequence[Base], scene: Scene) -> Planted | None:
    """Two figures in parentheses that differ in a sign, a currency, or a comparison."""
    text, language = bases[0].text, scene.language
    pair = rng.choice(_SYMBOLS + language.symbols)
    number, digit = rng.randint(2, 98), rng.randint(1, 9)
    commas = [m.start() for m in re.finditer(r"[,،，、](?!\d)", text)]
    end = len(text.rstrip("\"'”’»)」』" + language.terminal))
    at = rng.choice([*commas, end])
    wide = language.code in ("zh", "ja")
    opening, closing = ("（", "）") if wide else (" (", ")")
    return one(
        *(
            text[:at] + opening + phrase.format(n=number, d=digit) + closing + text[at:]
            for phrase in pair
        )
    )


def shared_quotation(rng: random.Random, bases: Sequence[Base], scene: Scene) -> Planted | None:
    """Two paragraphs that quote the same words."""
    language = scene.language
    first, second, quoted = bases
    if length(quoted.text, language) > 0.6 * min(first.size, second.size):
        return None
    opening, closing = language.quotes
    quote = opening + quoted.text.strip("".join(language.quotes)) + closing
    at = rng.choice((0, 1, 9))
    texts = []
    for base in (first, second):
        parts = list(base.sentences)
        parts.insert(at, quote)
        texts.append(language.joiner.join(parts))
    return one(*texts)


def shared_boilerplate(rng: random.Random, bases: Sequence[Base], scene: Scene) -> Planted | None:
    """Two paragraphs with the same lead-in or closing, up to two fifths of their words."""
    language = scene.language
    first, second = bases
    leading = rng.random() < 0.5
    shared = rng.choice(language.lead_ins if leading else language.closings)
    if len(first.sentences) > 1 and rng.random() < 0.5:
        # The second paragraph begins, or ends, with a sentence of the first one.
        shared = first.sentences[0 if leading else -1]
        rest = first.sentences[1:] if leading else first.sentences[:-1]
        first = replace(first, text=language.joiner.join(rest))
    size = length(shared, language)
    if size > 0.4 * (size + min(length(base.text, language) for base in (first, second))):
        return None
    texts = [
        language.joiner.join((shared, base.text) if leading else (base.text, shared))
        for base in (first, second)
    ]
    return one(*texts)


def _serves(base: Base, language: Language) -> bool:
    """A passage of one and a half times the least length, neither long nor short."""
    return base.size >= 1.5 * SAYING[language.spaced]


@cache
def items_of(language: Language) -> tuple[tuple[str, str], ...]:
    """Pairs of list items with the same head or the same tail; no item stands in two."""
    rng = seeded(language.code)
    heads, tails = language.item_heads, language.item_tails
    free = {(h, t) for h in heads for t in tails}
    pairs = []
    order = sorted(free)
    rng.shuffle(order)
    for h, t in order:
        if (h, t) not in free:
            continue
        fitting = sorted((a, b) for a, b in free if (a == h) != (b == t))
        if not fitting:
            continue
        other = rng.choice(fitting)
        free -= {(h, t), other}
        pairs.append((h + language.item_glue + t, language.item_glue.join(other)))
    return tuple(pairs)


def _has_dates(language: Language) -> bool:
    return bool(language.weekdays)


def _has_places(language: Language) -> bool:
    return bool(language.places)


def _has_near(language: Language) -> bool:
    return bool(language.near_places)


NEGATIVES = (
    Kind("other numbers", VARIANT, numbers, fits=_has_number),
    Kind("one digit corrected", VARIANT, one_digit, fits=_has_number),
    Kind("other dates", VARIANT, dates, has=_has_dates),
    Kind("other names", VARIANT, names, has=_has_places),
    Kind("names one letter apart", VARIANT, one_letter, has=_has_near),
    Kind("negated", VARIANT, negated, fits=_negatable),
    Kind("another symbol", VARIANT, symbols),
    Kind("a shared quotation", DIFFERENT, shared_quotation, bases=3, fits=_serves),
    Kind("shared boilerplate", DIFFERENT, shared_boilerplate, bases=2, fits=_serves),
)
