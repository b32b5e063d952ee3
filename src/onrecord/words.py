"""Compare two wordings word by word, for people.

The engine decides by tokens; this only shows what differs, in the order of reading.
"""

import re
from difflib import SequenceMatcher
from enum import StrEnum
from typing import NamedTuple

_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
#: A word, a character of a script that puts no spaces between words, or another sign, each with
#: the white space behind it.
_WORDS = re.compile(rf"(?:[{_UNSPACED}]|[^\W{_UNSPACED}]+|[^\w\s])\s*|\s+")
#: Longer texts are compared by sentences: by words would take too long to wait for.
_MOST_WORDS = 2_000
_SENTENCES = re.compile(r".+?(?:[.!?。！？؟]+\s*|\n|$)|\n", re.DOTALL)


class Side(StrEnum):
    """Which of two texts has a passage."""

    BOTH = "both"
    ONLY_FIRST = "first"
    ONLY_SECOND = "second"


class Passage(NamedTuple):
    """A run of text."""

    side: Side
    text: str


def compare(first: str, second: str) -> list[Passage]:
    """What two texts have in common and what each has alone.

    Case and white space make no difference.

    Returns:
        Passages in the order of reading; what is only in `first` comes before what is only
        in `second` at the same place. Common passages are worded as in `second`.
    """
    a, b = _WORDS.findall(first), _WORDS.findall(second)
    if max(len(a), len(b)) > _MOST_WORDS:
        a, b = _SENTENCES.findall(first), _SENTENCES.findall(second)
    same_a, same_b = ([piece.strip().casefold() for piece in pieces] for pieces in (a, b))
    matcher = SequenceMatcher(None, same_a, same_b, autojunk=False)
    found: list[Passage] = []
    for kind, a_from, a_to, b_from, b_to in matcher.get_opcodes():
        if kind == "equal":
            found.append(Passage(Side.BOTH, "".join(b[b_from:b_to])))
            continue
        if a_to > a_from:
            found.append(Passage(Side.ONLY_FIRST, "".join(a[a_from:a_to])))
        if b_to > b_from:
            found.append(Passage(Side.ONLY_SECOND, "".join(b[b_from:b_to])))
    return found


def within(passages: list[Passage]) -> list[Passage]:
    """Passages without what the first text has before and after the second."""
    first, last = 0, len(passages)
    while first < last and passages[first].side is Side.ONLY_FIRST:
        first += 1
    while last > first and passages[last - 1].side is Side.ONLY_FIRST:
        last -= 1
    gap = Passage(Side.BOTH, "… ")
    return [
        *([gap] if first else []),
        *passages[first:last],
        *([gap] if last < len(passages) else []),
    ]
