"""Words and sentences, by rules of our own: the engine under test has no part in the labels."""

import random
import re
from functools import cache
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from bench.quality.languages import Language

#: Marks that belong to the character before them (Thai vowels and tones, kana voicing).
_MARKS = "\u0300-\u036f\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u3099\u309a\uff9e\uff9f"
_SPACED = re.compile(r"\S+\s*")
_UNSPACED = re.compile(rf"(?:[0-9A-Za-z][0-9A-Za-z.,:%+_/-]*|\S[{_MARKS}]*)\s*")
_WORD = re.compile(r"\w+")
_CLOSING = "\"'”’»)]」』）"
_OPENING = "\"'“‘«([「『（„¿¡"


def seeded(name: str) -> random.Random:
    """Random numbers that depend on a name and nothing else.

    Args:
        name: any text.
    """
    return random.Random(name)  # noqa: S311 - nothing secret


def units(text: str, language: Language) -> list[str]:
    """Cut a text into words, or characters where there are no spaces; joined they give it back.

    Args:
        text: without white space at its ends.
        language: of the text.

    Returns:
        The pieces, each with the white space behind it.
    """
    return (_SPACED if language.spaced else _UNSPACED).findall(text)


def length(text: str, language: Language) -> int:
    """How many `units` a text has.

    Args:
        text: without white space at its ends.
        language: of the text.
    """
    return len(text.split()) if language.spaced else len(_UNSPACED.findall(text))


def tokens(text: str, language: Language) -> list[str]:
    """Words (or characters) in lower case, without punctuation.

    Args:
        text: any text.
        language: of the text.
    """
    words = _WORD.findall(text.lower())
    if language.spaced:
        return words
    return [c for word in words for c in ([word] if word.isascii() else word)]


def _ends_sentence(text: str, at: int, following: int, language: Language) -> bool:
    """Whether the stop at `at` ends a sentence; the next word begins at `following`."""
    if text[at] == ".":
        word = text[text.rfind(" ", 0, at) + 1 : at].lstrip(_OPENING)
        if not word or "." in word or len(word) == 1 or word.lower() in language.abbreviations:
            return False
        if language.code == "de" and word.isdigit():
            return False
    if not language.cased:
        return True
    while text[following] in _OPENING and following + 1 < len(text):
        following += 1
    return text[following].isupper() or text[following].isdigit()


@cache
def _stops(terminal: str, spaced: bool) -> re.Pattern[str]:
    """What a sentence may end with; where there are no spaces, a whole sentence."""
    stops, closing = re.escape(terminal), re.escape(_CLOSING)
    if spaced:
        return re.compile(rf"[{stops}]([{stops}{closing}]*)\s+")
    return re.compile(rf"[^{stops}]*[{stops}]+[{closing}]*|[^{stops}]+$")


def sentences(text: str, language: Language) -> list[str]:
    """Cut a text into sentences.

    Args:
        text: a paragraph.
        language: of the paragraph.

    Returns:
        The sentences, without white space around them. Thai has no marks for their ends: one.
    """
    if not language.terminal:
        return [text]
    stops = _stops(language.terminal, language.spaced)
    if not language.spaced:
        return [part.strip() for part in stops.findall(text) if part.strip()]
    found = []
    start = 0
    for stop in stops.finditer(text):
        if stop.end() < len(text) and _ends_sentence(text, stop.start(), stop.end(), language):
            found.append(text[start : stop.end(1)])
            start = stop.end()
    found.append(text[start:].rstrip())
    return found


_VOCABULARY: dict[str, int] = {}


def _number(word: str) -> int:
    """A 64-bit number for a new word, the same in every run."""
    number = int.from_bytes(blake2b(word.encode(), digest_size=8).digest(), "little")
    _VOCABULARY[word] = number
    return number


def shingles(words: list[str], size: int) -> NDArray[np.uint64]:
    """64-bit hashes of all runs of `size` words.

    Args:
        words: of one text.
        size: of a run; a shorter text is one run.

    Returns:
        uint64[max(1, words - size + 1)].
    """
    if not words:
        return np.empty(0, np.uint64)
    numbers = np.array([_VOCABULARY.get(word) or _number(word) for word in words], np.uint64)
    n = max(1, numbers.size - size + 1)
    hashes = np.zeros(n, np.uint64)
    for k in range(min(size, numbers.size)):
        hashes = hashes * np.uint64(0x9E3779B97F4A7C15) + numbers[k : k + n]
        hashes ^= hashes >> np.uint64(29)
    return hashes
