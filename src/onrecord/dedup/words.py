"""Words that weigh little, and words that stand for one another: closed lists for the guard.

The guard takes every word that parts two texts for a difference. These lists name the few that
are none: words that one text may have and the other lack (an article, a title, "also"), and
pairs that are one thing spelled twice ("km", "kilometres"). They are closed and short on
purpose; whoever adds a word must be sure that no sentence means something else without it.
Spelled in the normal form, see ``text/lexicon.py``.

The words are numbers to the kernels: hashes, looked up in a table.
"""

import numpy as np
from numpy.typing import NDArray

from onrecord.kernel import kernel
from onrecord.text.lexicon import HASH_START

# What a word weighs. One text may have these, and the other may lack them:
ARTICLE = 1  # and one may stand for another
PREPOSITION = 2  # not before a number ("rose to 5" and "rose 5"); one never stands for another
TITLE = 3  # one never stands for another
JOINS = 4  # "and", "that"; not before a number
FILLER = 5  # "also"; one may stand for another
PERFECT = 6  # "has said" and "said"; only before a plain word, and never for another
# These weigh nothing at the beginning of a text alone:
COPULA = 7
# An address begins with one of these, an escaped character is one:
ADDRESS = 8
ENTITY = 9
# An attribution ends with one of these, and begins with one of those.
SAYS = 10
SAID = 11

_LISTS = {
    ARTICLE: """a an the el la los las un una lo le les l une der das den dem des ein eine
        einer einem einen os uma il gli het""",
    PREPOSITION: """of to in on at for upon de del al en para du d à au aux zu im am von do da dos
        em ao di della dei al te op в на с к у о по из""",
    TITLE: "mr mrs ms dr sir sen rep gov prof sr sra m mme herr frau",
    JOINS: "and that y e que et und и",
    FILLER: """also currently however moreover furthermore meanwhile additionally but mentioned
        aforementioned""",
    PERFECT: "has have had",
    COPULA: "is are was were be been",
    ADDRESS: "http https www mailto href",
    ENTITY: "mdash ndash nbsp rsquo lsquo rdquo ldquo quot amp hellip apos br",
    SAYS: "added stated noted announced reported explained",
    SAID: "said says according",
}

#: Words of one meaning, also beside a number. "$" and "dollars" stand on two sides of it.
_SAME = """
    km kms kilometer kilometers kilometre kilometres
    kg kgs kilogram kilograms kilogramme kilogrammes
    cm centimeter centimeters centimetre centimetres
    % percent pct
    $ dlrs
    1 one
    2 two
    3 three
    4 four
    5 five
    6 six
    7 seven
    8 eight
    9 nine
    10 ten
    11 eleven
    12 twelve
"""

#: Prepositions that may stand for one another.
_EXCHANGED = """
    in on at upon
    to for
"""

_SLOTS = 1024  # a power of two, far above the number of words


def _hash(word: str) -> np.uint64:
    """``lexicon.hash_bytes`` of a word, in plain Python: 64-bit FNV-1a and a finaliser."""
    mask = (1 << 64) - 1
    h = int(HASH_START)
    for byte in word.encode():
        h = (h ^ byte) * 0x100000001B3 & mask
    for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
        h = (h ^ h >> 33) * factor & mask
    return np.uint64(h ^ h >> 33 or 1)


def _table(values: dict[str, int]) -> tuple[NDArray[np.uint64], NDArray[np.uint8]]:
    """An open-addressing hash table from word to a small number."""
    keys = np.zeros(_SLOTS, np.uint64)
    numbers = np.zeros(_SLOTS, np.uint8)
    for word in sorted(values):
        key = _hash(word)
        slot = int(key) % _SLOTS
        while keys[slot]:
            slot = (slot + 1) % _SLOTS
        keys[slot], numbers[slot] = key, values[word]
    return keys, numbers


def _lines(text: str) -> dict[str, int]:
    """The number of its line for each word."""
    return {w: i for i, line in enumerate(text.strip().splitlines(), 1) for w in line.split()}


_WEIGHT_KEYS, _WEIGHTS = _table(
    {w: kind for kind, words in reversed(_LISTS.items()) for w in words.split()}
)
_MEANING_KEYS, _MEANINGS = _table(_lines(_SAME))
_EXCHANGED_KEYS, _EXCHANGES = _table(_lines(_EXCHANGED))


# An ellipsis in words: "ฯลฯ" (three tokens) and "略".
_PAIYANNOI, _LO_LING, _ABRIDGED = _hash("ฯ"), _hash("ล"), _hash("略")


@kernel
def omitted(hashes, start, end):
    """How many of the tokens from `start` to the last one, at `end` - 1, stand for an ellipsis."""
    if end > start and hashes[end - 1] == _ABRIDGED:
        return 1
    if end - start < 3 or hashes[end - 1] != _PAIYANNOI or hashes[end - 3] != _PAIYANNOI:
        return 0
    return 3 if hashes[end - 2] == _LO_LING else 0


@kernel
def _look_up(keys, numbers, h):
    mask = np.uint64(keys.size - 1)
    slot = h & mask
    while keys[slot]:
        if keys[slot] == h:
            return np.int64(numbers[slot])
        slot = (slot + np.uint64(1)) & mask
    return np.int64(0)


@kernel
def weight_of(h):
    """The list that the word with hash `h` is on: ARTICLE | PREPOSITION | …; 0 for none."""
    return _look_up(_WEIGHT_KEYS, _WEIGHTS, h)


@kernel
def one_meaning(h, other):
    """Whether two words, given by their hashes, are on one line of words of one meaning."""
    meaning = _look_up(_MEANING_KEYS, _MEANINGS, h)
    return meaning != 0 and meaning == _look_up(_MEANING_KEYS, _MEANINGS, other)


@kernel
def exchangeable(h):
    """The same number for all prepositions that may stand for the one with hash `h`."""
    line = _look_up(_EXCHANGED_KEYS, _EXCHANGES, h)
    return np.uint64(line) if line else h
