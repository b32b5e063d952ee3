"""Damage done to a text: typography, cuts, slips of the pen, changed words.

All functions take the random numbers first and return the changed text; where there is nothing
to change, the text as it is.
"""

import random
import re
import unicodedata
from collections.abc import Sequence
from functools import cache

from bench.quality.languages import Language
from bench.quality.text import units

_DOUBLE = '“”„«»"「」『』‟'
_SINGLE = "’‘‚'"
_SPACES = ["\u00a0", "  ", "\u2009", "\t", "\u202f", "   ", "\u2003"]
#: Vowels and tones of Thai and vowels of Arabic, which are no letters to `str.isalpha`.
_MARKS = re.compile(r"[\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u064b-\u0652]")
#: Soft hyphen, zero-width space, word joiner, byte-order mark.
_INVISIBLE = ["\u00ad", "\u200b", "\u2060", "\ufeff"]
_TATWEEL = "\u0640"
#: Arabic letters that join the next one.
_JOINING = re.compile(r"(?<=[بتثجحخسشصضطظعغفقكلمنهي])(?=[\u0627-\u064a])")
_DASH = re.compile(r"(?<=\s)(?:[-–—]|--)(?=\s)|(?<=[^\W\d_])[-‐‑](?=[^\W\d_])")
#: Characters that are changed together where there are no spaces: about a word.
_PHRASE = {"zh": 2, "ja": 2, "th": 4}


def change_case(rng: random.Random, text: str) -> str:
    """All capitals, no capitals, or every word with one."""
    style = rng.randrange(3)
    if style == 0:
        return text.upper()
    if style == 1:
        return text.lower()
    return re.sub(r"(?<![\w'’])[^\W\d_]", lambda m: m[0].upper(), text)


def has_quotes(text: str) -> bool:
    """Whether there are quotation marks or apostrophes to change."""
    return any(c in text for c in _DOUBLE + _SINGLE)


def change_quotes(rng: random.Random, text: str) -> str:
    """Other quotation marks and apostrophes throughout."""
    styles = [("“", "”", "’"), ('"', '"', "'"), ("«", "»", "’"), ("„", "“", "’"), ("''", "''", "'")]
    if re.search(r"[\u3000-\u9fff]", text):
        styles = [("“", "”", "’"), ("「", "」", "’"), ('"', '"', "'"), ("『", "』", "’")]
    opening, closing, apostrophe = rng.choice(styles)
    out = []
    opened = False
    for c in text.replace("''", '"'):
        if c in _DOUBLE:
            out.append(closing if opened else opening)
            opened = not opened
        else:
            out.append(apostrophe if c in _SINGLE else c)
    return "".join(out)


def has_dash(text: str) -> bool:
    """Whether there are dashes or hyphens to change."""
    return _DASH.search(text) is not None


def change_dashes(rng: random.Random, text: str) -> str:
    """Other dashes between words, other hyphens within."""
    dash, hyphen = rng.choice("–—-"), rng.choice("-‐‑")
    if rng.random() < 0.2:
        dash = "--"
    return _DASH.sub(lambda m: dash if text[m.start() - 1].isspace() else hyphen, text)


def change_spaces(rng: random.Random, text: str) -> str:
    """Other white space between words; where there is none, between letters and ideographs."""
    if text.count(" ") < 2:
        return re.sub(r"(?<=[\u3002\uff0c\u3001])(?=\S)", "\u3000", text)
    share = rng.choice((0.1, 0.4, 1.0))
    kind = rng.choice([*_SPACES, ""])
    return re.sub(
        " ", lambda m: (kind or rng.choice(_SPACES)) if rng.random() < share else " ", text
    )


@cache
def _half_width() -> dict[str, str]:
    """Katakana and their half-width forms (voiced ones are two characters)."""
    narrow = [chr(code) for code in range(0xFF66, 0xFF9E)]
    narrow += [c + mark for c in narrow for mark in "\uff9e\uff9f"]
    forms = {unicodedata.normalize("NFKC", c): c for c in narrow}
    return {wide: c for wide, c in forms.items() if len(wide) == 1}


def change_width(rng: random.Random, text: str) -> str:
    """ASCII in full width, or full-width forms in ASCII, or katakana in half width."""
    style = rng.randrange(3)
    if style == 0 and has_katakana(text):
        forms = _half_width()
        return "".join(forms.get(c, c) for c in text)
    if style == 1 and re.search(r"[\uff01-\uff5e]", text):
        return re.sub(r"[\uff01-\uff5e]", lambda m: chr(ord(m[0]) - 0xFEE0), text)
    return re.sub(r"[!-~]", lambda m: chr(ord(m[0]) + 0xFEE0), text)


def has_katakana(text: str) -> bool:
    """Whether a text has a word in katakana."""
    return re.search(r"[\u30a1-\u30f6]{3}", text) is not None


def has_width(text: str) -> bool:
    """Whether a text has letters, digits or marks that are written in two widths."""
    return re.search(r"[0-9A-Za-z\uff01-\uff5e]{2}", text) is not None


def decompose(rng: random.Random, text: str) -> str:
    """Letters and their accents as separate characters."""
    return unicodedata.normalize("NFD", text)


def add_invisible(rng: random.Random, text: str) -> str:
    """Soft hyphens within words, zero-width characters anywhere between letters."""
    mark = rng.choice(_INVISIBLE)
    share = rng.choice((0.03, 0.1))
    inside = [m.end() for m in re.finditer(r"[^\W\d_](?=[^\W\d_])", text)]
    chosen = {at for at in inside if rng.random() < share} or {rng.choice(inside)}
    return "".join(mark + c if i in chosen else c for i, c in enumerate(text))


def change_letters(rng: random.Random, text: str, language: Language) -> str:
    """Arabic and Persian: other forms of yeh and kaf, tatweel, other digits."""
    forms = dict(language.letters)
    style = rng.randrange(4)
    if style != 1:
        text = "".join(forms.get(c, c) for c in text)
    if style in (1, 2):
        text = _JOINING.sub(lambda m: _TATWEEL if rng.random() < 0.08 else "", text)
    digits = rng.choice(("٠١٢٣٤٥٦٧٨٩", "۰۱۲۳۴۵۶۷۸۹"))
    return re.sub(r"[0-9٠-٩۰-۹]", lambda m: digits[int(m[0])], text)


def cut_end(rng: random.Random, text: str, language: Language, share: tuple[float, float]) -> str:
    """The beginning of a text, up to a word's end.

    Args:
        rng: random numbers.
        text: to cut.
        language: of the text.
        share: least and greatest share of the words to keep.
    """
    pieces = units(text, language)
    kept = round(rng.uniform(*share) * len(pieces))
    return "".join(pieces[:kept]).rstrip().rstrip(",;:،؛、，；：(（「“«\"'-–— ")


def edit_words(
    rng: random.Random, text: str, language: Language, share: float, others: Sequence[str]
) -> str:
    """Substitute, delete and insert plain words (pairs of characters where there are no spaces).

    Args:
        rng: random numbers.
        text: to edit.
        language: of the text.
        share: of the words to touch; at least one.
        others: words of the language to substitute and insert.
    """
    pieces = units(text, language)
    size = phrase(language)
    plain = [i for i in range(0, len(pieces) - size + 1, size) if _is_plain(pieces[i : i + size])]
    count = max(1, round(share * len(pieces) / size))
    if len(plain) < count:
        return text
    for i in sorted(rng.sample(plain, count), reverse=True):
        new = rng.choice(others) + (" " if language.spaced else "")
        style = rng.randrange(3)
        if style == 0:  # substitution
            tail = re.sub(r"^[^\W\d_]+", "", "".join(pieces[i : i + size]).strip())
            pieces[i : i + size] = [new.rstrip() + tail + (" " if language.spaced else "")]
        elif style == 1:
            del pieces[i : i + size]
        else:
            pieces.insert(i, new)
    return "".join(pieces).strip()


def phrase(language: Language) -> int:
    """How many units are changed together: a word, or about one."""
    return 1 if language.spaced else _PHRASE[language.code]


def _is_plain(pieces: list[str]) -> bool:
    """Whether words are letters only, without a capital."""
    text = "".join(pieces).strip().rstrip(",،、，")
    return bool(text) and not re.search(r"[\W\d_]", _MARKS.sub("", text)) and text == text.lower()


def slip(rng: random.Random, text: str, share: float) -> str:
    """Typing errors: letters left out, doubled, swapped or mistaken.

    Args:
        rng: random numbers.
        text: to damage.
        share: of the characters; at least one error.
    """
    letters = [i for i, c in enumerate(text) if c.isalpha()]
    alphabet = sorted({text[i].lower() for i in letters})
    out = list(text)
    for i in sorted(rng.sample(letters, max(1, round(share * len(text)))), reverse=True):
        style = rng.randrange(4)
        if style == 0:
            del out[i]
        elif style == 1:
            out.insert(i, out[i].lower())
        elif style == 2 and i + 1 < len(out) and out[i + 1].isalpha():
            out[i], out[i + 1] = out[i + 1], out[i]
        else:
            out[i] = rng.choice(alphabet)
    return "".join(out).strip()


def repeat_tail(rng: random.Random, text: str, language: Language) -> str:
    """A text with a copy of its last third glued on, which lost its first characters."""
    pieces = units(text, language)
    tail = "".join(pieces[-(len(pieces) // 3) :])
    return text + tail[rng.randint(1, 3) :].lstrip()
