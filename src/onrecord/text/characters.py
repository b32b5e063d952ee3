"""What each Unicode code point means to us, as arrays that compiled kernels can index.

Two tables over the first two planes (131,072 code points); the few characters above them are
handled by rule in the kernels:

* ``PROPERTIES``: a bit set a code point: white space, line break, sentence end, …
* ``FOLD``: the code point that stands for it in the normal form; 0 where it is dropped, and a
  negative number ``-k`` where row ``k`` of ``SEQUENCES`` holds several.

The normal form is deliberately weaker than NFKC, which turns 10⁹ into 109. It folds only what
carries no meaning in running text: case, full-width forms, letter variants of the same letter
(Arabic and Persian yeh and kaf, digits of other scripts), ligatures, zero-width characters.
"""

import unicodedata
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from onrecord.kernel import kept

#: Raised by one whenever a change to the normal form changes any token.
NORMAL_FORM = "onrecord-tokens/2"

TABLE_SIZE = 0x20000

# The kind of a code point, the lowest four bits of PROPERTIES. SEPARATOR is 0: whatever
# has no kind ends a token and takes no part in comparisons.
SEPARATOR, LETTER, DIGIT, IDEOGRAPH, SYMBOL, IGNORED, APOSTROPHE, NUMERAL, JOINER, SIGN, MARK = (
    range(11)
)
KIND = 0xF

# Flags above the kind.
BLANK = 1 << 4  # may be trimmed from the edges of a block
BREAK = 1 << 5  # ends a line
STOP = 1 << 6  # ends a sentence
OPENER = 1 << 7  # opens a quotation or a bracket
CLOSER = 1 << 8  # closes one
UPPER = 1 << 9  # upper- or title-case letter
CASELESS = 1 << 10  # a letter of a script without case
CURRENCY = 1 << 11
LOWER = 1 << 12

_LINE_BREAKS = "\n\r\x0b\x0c\x85\u2028\u2029"
_ZERO_WIDTH_BLANKS = "\u180e\u200b\u2060\ufeff"
_STOPS = ".!?…。！？｡؟۔।॥។၊။։"
_JOINERS = ".,٫٬．"
_APOSTROPHES = "'’ʼ＇‛`´"
_SIGNS = "-−–‐‑﹣－"
_EXTRA_SYMBOLS = "%‰‱٪°№§％"
_PLAIN_MATH = "|"
_OPENERS = "“‘„‚«‹([{「『《〈【（［｛〔"
_CLOSERS = "”’»›)]}」』》〉】）］｝〕"
# Scripts that put no spaces between words: every character is a token of its own.
_UNSPACED = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Burmese
    (0x1780, 0x17FF),  # Khmer
    (0x2E80, 0x2FDF),  # CJK radicals
    (0x3005, 0x3007),
    (0x3040, 0x30FF),  # Kana
    (0x31F0, 0x31FF),
    (0x3400, 0x4DBF),  # Han
    (0x4E00, 0x9FFF),
    (0xA9E0, 0xA9FF),
    (0xAA60, 0xAA7F),
    (0xF900, 0xFAFF),
    (0xFF66, 0xFF9F),  # half-width Katakana
)
# Letters that keyboards and code pages use for one and the same letter. Alef maksura (ى) is
# not here: in Arabic it tells على ("on") from علي ("Ali"), and we never merge two names.
_LETTER_VARIANTS = {
    "ی": "ي",
    "ک": "ك",
    "ڪ": "ك",
    "İ": "i",
    "ß": "ss",
    "ẞ": "ss",
}
_SIGN_VARIANTS = {"٪": "%", "٫": ".", "٬": ",", "．": "."}
# The half-width marks that voice the kana before them.
_VOICING = {"ﾞ": "\u3099", "ﾟ": "\u309a"}
_COMPATIBILITY_LETTERS = (
    (0xFB00, 0xFB06),  # Latin ligatures
    (0xFB50, 0xFDFF),  # Arabic presentation forms
    (0xFE70, 0xFEFC),
    (0xFF01, 0xFF9F),  # full-width Latin, half-width Katakana
)
_LONGEST_SEQUENCE = 4


class CharacterTables(NamedTuple):
    """The arrays that kernels index by code point.

    Attributes:
        properties: uint16[TABLE_SIZE], kind and flags of each code point.
        fold: int32[TABLE_SIZE], see the module's docstring.
        sequences: int32[k, 4], folds to several code points, padded with 0.
    """

    properties: NDArray[np.uint16]
    fold: NDArray[np.int32]
    sequences: NDArray[np.int32]


def _within(code: int, ranges: tuple[tuple[int, int], ...]) -> bool:
    return any(first <= code <= last for first, last in ranges)


def _kind(char: str, code: int, category: str) -> int:
    """The kind of one code point."""
    if char in _APOSTROPHES:
        return APOSTROPHE
    if char in _SIGNS:
        return SIGN
    if char in _JOINERS:
        return JOINER
    if char in _EXTRA_SYMBOLS or category == "Sc":
        return SYMBOL
    if category == "Sm":
        return SEPARATOR if char in _PLAIN_MATH else SYMBOL
    if category == "Nd":
        return DIGIT
    if category in ("No", "Nl"):
        return NUMERAL
    # Tatweel (ـ) only stretches a word; variation selectors only choose a glyph.
    if category == "Cf" or char == "ـ" or 0xFE00 <= code <= 0xFE0F:
        return IGNORED
    if category[0] == "M" or char in _VOICING:
        return MARK
    if category[0] == "L":
        return IDEOGRAPH if _within(code, _UNSPACED) else LETTER
    # What we can't know (private use, unassigned, a stray byte) may carry meaning.
    if category in ("Cn", "Co") or char == "\ufffd":
        return LETTER
    return SEPARATOR


def _flags(char: str, category: str) -> int:
    """The flags of one code point."""
    flags = 0
    if char in _LINE_BREAKS:
        flags |= BREAK
    if char.isspace() or category == "Cc" or char in _ZERO_WIDTH_BLANKS:
        flags |= BLANK
    if char in _STOPS:
        flags |= STOP
    if char in _OPENERS:
        flags |= OPENER
    if char in _CLOSERS:
        flags |= CLOSER
    if category in ("Lu", "Lt"):
        flags |= UPPER
    if category == "Ll":
        flags |= LOWER
    if category in ("Lo", "Cn", "Co") or char == "\ufffd":
        flags |= CASELESS
    if category == "Sc":
        flags |= CURRENCY
    return flags


def _fold(char: str, code: int, kind: int) -> str:
    """What stands for one code point in the normal form."""
    if kind == IGNORED:
        return ""
    if kind == SIGN:
        return "-"
    if char in _VOICING:
        return _VOICING[char]
    if 0x3040 <= code <= 0x30FF:  # voiced kana as half-width text has them: kana and mark
        return unicodedata.normalize("NFD", char)
    if kind == DIGIT:
        return str(unicodedata.decimal(char))
    if char in _SIGN_VARIANTS:
        return _SIGN_VARIANTS[char]
    if char in _LETTER_VARIANTS:
        return _LETTER_VARIANTS[char]
    if _within(code, _COMPATIBILITY_LETTERS):
        form = unicodedata.normalize("NFKC", char)
        if len(form) <= _LONGEST_SEQUENCE and " " not in form:
            return "".join(
                _LETTER_VARIANTS.get(part, part.lower() if len(part.lower()) == 1 else part)
                for part in form
            )
    folded = char.casefold()
    if len(folded) == 1:
        return folded
    lowered = char.lower()
    return lowered if len(lowered) == 1 else char


@cache
def tables() -> CharacterTables:
    """The tables, built once for a version of Unicode."""
    return CharacterTables(**kept(f"characters-{unicodedata.unidata_version}", _build))


def _build() -> dict[str, NDArray[Any]]:
    """Build the tables, which takes about a second."""
    properties = np.zeros(TABLE_SIZE, np.uint16)
    fold = np.arange(TABLE_SIZE, dtype=np.int32)
    sequences: list[list[int]] = [[0] * _LONGEST_SEQUENCE]  # row 0 is never used
    for code in range(TABLE_SIZE):
        char = chr(code)
        category = unicodedata.category(char)
        if category == "Cs":
            continue
        kind = _kind(char, code, category)
        properties[code] = kind | _flags(char, category)
        if kind == SEPARATOR:
            continue
        folded = _fold(char, code, kind)
        if len(folded) == 1:
            fold[code] = ord(folded)
        elif not folded:
            fold[code] = 0
        else:
            fold[code] = -len(sequences)
            row = [ord(part) for part in folded]
            sequences.append(row + [0] * (_LONGEST_SEQUENCE - len(row)))
    built = CharacterTables(properties, fold, np.array(sequences, np.int32))
    return built._asdict()
