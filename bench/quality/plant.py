"""Repeats: what scraping, editing and page layout do to a paragraph.

`REPEATS` lists the kinds. Each maker is given clean passages and returns the texts of one case.
"""

import random
import re
from collections.abc import Callable, Sequence
from functools import partial

from bench.quality import edits
from bench.quality.background import Base
from bench.quality.kinds import (
    COMPOSITE,
    CONTAINED,
    EDITED,
    EXACT,
    NEAR,
    Fits,
    Kind,
    Planted,
    Scene,
    one,
)
from bench.quality.languages import Language
from bench.quality.text import length

#: So much text (words; characters where there are no spaces) says something by itself.
SAYING = {True: 8, False: 16}
_CLAUSE_END = tuple(",;:.!?…،؛؟、，；：。！？")


def at_least(factor: float, sentences: int = 1) -> Fits:
    """Passages of so many times the least size, and of so many sentences."""

    def fits(base: Base, language: Language) -> bool:
        size = base.size >= factor * SAYING[language.spaced]
        return size and len(base.sentences) >= sentences

    return fits


def _short(base: Base, language: Language) -> bool:
    """Passages that could be a caption or a pull quote, without quotation marks."""
    quotes = edits.has_quotes(base.text.replace("’", "").replace("'", ""))
    return not quotes and base.size <= 5 * SAYING[language.spaced]


def _of_text(test: Callable[[str], bool]) -> Fits:
    return lambda base, language: test(base.text)


def copy(rng: random.Random, bases: Sequence[Base], scene: Scene) -> Planted | None:
    """The same text once more."""
    return Planted((bases[0].text,), (bases[0].text,))


def typography(
    rng: random.Random,
    bases: Sequence[Base],
    scene: Scene,
    change: Callable[[random.Random, str], str],
) -> Planted | None:
    """The same text set differently."""
    return one(change(rng, bases[0].text), bases[0].text)


def letters(rng: random.Random, bases: Sequence[Base], scene: Scene) -> Planted | None:
    """Arabic script: the same letters in other forms."""
    return one(edits.change_letters(rng, bases[0].text, scene.language), bases[0].text)


def cut(
    rng: random.Random, bases: Sequence[Base], scene: Scene, marked: bool = False
) -> Planted | None:
    """The beginning of a paragraph, with or without an ellipsis."""
    text = edits.cut_end(rng, bases[0].text, scene.language, (0.3, 0.7))
    if length(text, scene.language) < SAYING[scene.language.spaced]:
        return None
    return one(text + rng.choice(scene.language.ellipses) if marked else text, bases[0].text)


def caption(rng: random.Random, bases: Sequence[Base], scene: Scene) -> Planted | None:
    """One sentence out of the middle of a long paragraph, or the better part of it."""
    base, language = bases[0], scene.language
    inner = base.sentences[1:-1]
    if not language.terminal:  # Thai: phrases between spaces
        phrases = base.text.split(" ")
        third = max(1, len(phrases) // 3)
        inner = (" ".join(phrases[third:-third]),)
    least = SAYING[language.spaced]
    inner = tuple(s for s in inner if least <= length(s, language) <= 0.6 * base.size)
    if not inner:
        return None
    sentence = rng.choice(inner)
    if rng.random() < 0.4 and length(sentence, language) >= 2 * least:
        sentence = edits.cut_end(rng, sentence, language, (0.7, 0.95))
    return one(sentence, base.text)


def pull_quote(rng: random.Random, bases: Sequence[Base], scene: Scene) -> Planted | None:
    """A quotation, and the same with its speaker glued on before or after it."""
    language = scene.language
    opening, closing = language.quotes
    quote = opening + bases[0].text + closing
    glue = rng.choice(("", " "))
    if rng.random() < 0.5:
        item = rng.choice(language.attribution_before).rstrip() + glue + quote
    else:
        item = quote + glue + rng.choice(language.attribution_after)
    return one(item, quote if rng.random() < 0.5 else bases[0].text)


def credit(rng: random.Random, bases: Sequence[Base], scene: Scene) -> Planted | None:
    """A caption, and the same with the credit of the photograph."""
    glue = rng.choice(("", " ", " – ", " / "))
    return one(bases[0].text + glue + rng.choice(scene.language.credits), bases[0].text)


def own_tail(rng: random.Random, bases: Sequence[Base], scene: Scene) -> Planted | None:
    """A paragraph with a damaged copy of its own last third behind it."""
    return one(edits.repeat_tail(rng, bases[0].text, scene.language), bases[0].text)


def edited(rng: random.Random, bases: Sequence[Base], scene: Scene, share: float) -> Planted | None:
    """A paragraph with some of its plain words changed."""
    text = bases[0].text
    return one(edits.edit_words(rng, text, scene.language, share, scene.vocabulary), text)


def mistyped(rng: random.Random, bases: Sequence[Base], scene: Scene) -> Planted | None:
    """A paragraph with typing errors."""
    return one(edits.slip(rng, bases[0].text, 0.02), bases[0].text)


def reordered(rng: random.Random, bases: Sequence[Base], scene: Scene) -> Planted | None:
    """The sentences of a paragraph in another order."""
    parts = list(bases[0].sentences)
    rng.shuffle(parts)
    return one(scene.language.joiner.join(parts), bases[0].text)


def merged(rng: random.Random, bases: Sequence[Base], scene: Scene) -> Planted | None:
    """Two paragraphs run together."""
    glue = scene.language.joiner if rng.random() < 0.7 else ""
    return Planted((bases[0].text + glue + bases[1].text,), (bases[0].text, bases[1].text))


def split(rng: random.Random, bases: Sequence[Base], scene: Scene) -> Planted | None:
    """One paragraph cut in two between sentences."""
    language, parts = scene.language, bases[0].sentences
    halves = []
    for at in range(1, len(parts)):
        half = (language.joiner.join(parts[:at]), language.joiner.join(parts[at:]))
        if min(length(h, language) for h in half) >= SAYING[language.spaced]:
            halves.append(half)
    if not halves:
        return None
    return Planted(rng.choice(halves), (bases[0].text,))


def _has_accent(text: str) -> bool:
    return re.search(r"[À-ÿĀ-ſёйЁЙ\u304c-\u30fe\u0622-\u0626]", text) is not None


def _both_cases(language: Language) -> bool:
    return language.cased


def _has_sentences(language: Language) -> bool:
    return bool(language.terminal)


def _has_forms(language: Language) -> bool:
    return bool(language.letters)


def _wide(language: Language) -> bool:
    return language.code in ("zh", "ja")


def _long_sentences(base: Base, language: Language) -> bool:
    """Three sentences or more, none of them a mere exclamation."""
    least = SAYING[language.spaced] / 2
    return len(base.sentences) >= 3 and all(length(s, language) >= least for s in base.sentences)


def _merges(base: Base, language: Language) -> bool:
    """Long enough to be a part, short enough not to make a page."""
    return base.size <= 12 * SAYING[language.spaced]


def _set(name: str, change: Callable[[random.Random, str], str], **more: object) -> Kind:
    """A kind that changes typography only."""
    return Kind(name, EXACT, partial(typography, change=change), shares=True, **more)  # type: ignore[arg-type]


REPEATS = (
    Kind("exact copy", EXACT, copy, shares=True),
    _set("letter case", edits.change_case, has=_both_cases),
    _set("quotation marks", edits.change_quotes, fits=_of_text(edits.has_quotes)),
    _set("dashes", edits.change_dashes, fits=_of_text(edits.has_dash)),
    _set("white space", edits.change_spaces),
    _set("full width", edits.change_width, fits=_of_text(edits.has_width), has=_wide),
    _set("decomposed", edits.decompose, fits=_of_text(_has_accent)),
    _set("invisible characters", edits.add_invisible),
    Kind("letter forms", EXACT, letters, has=_has_forms, shares=True),
    Kind("cut at the end", CONTAINED, cut, also=(NEAR,), fits=at_least(2), shares=True),
    Kind(
        "cut with ellipsis",
        CONTAINED,
        partial(cut, marked=True),
        also=(NEAR,),
        fits=at_least(2),
        shares=True,
    ),
    Kind(
        "cut at both ends",
        CONTAINED,
        caption,
        fits=at_least(4, 3),
        has=_has_sentences,
    ),
    Kind(
        "cut at both ends",
        CONTAINED,
        caption,
        fits=at_least(4),
        has=lambda x: not x.terminal,
    ),
    Kind("attribution glued on", NEAR, pull_quote, also=(CONTAINED,), fits=_short),
    Kind("credit glued on", NEAR, credit, also=(CONTAINED,), fits=_short),
    Kind("own tail repeated", NEAR, own_tail, also=(CONTAINED,), fits=at_least(3), shares=True),
    Kind("5% edited", EDITED, partial(edited, share=0.05), fits=at_least(2)),
    Kind("10% edited", EDITED, partial(edited, share=0.10), fits=at_least(2)),
    Kind("20% edited", EDITED, partial(edited, share=0.20), fits=at_least(2)),
    Kind("typing errors", EDITED, mistyped),
    Kind("sentences reordered", NEAR, reordered, fits=_long_sentences),
    Kind("two run together", COMPOSITE, merged, also=(CONTAINED,), bases=2, fits=_merges),
    Kind("split in two", CONTAINED, split, also=(COMPOSITE,), fits=at_least(2, 2)),
)
