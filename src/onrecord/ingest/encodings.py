"""Which encoding a file is in: what marks, declarations and the bytes themselves say."""

import codecs
import threading
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

import chardet

REPLACEMENT = "\ufffd"

#: The codecs that text is published under. All have an explicit byte order, and all but the
#: last row are stateless: any part of a text encodes to the same bytes as within the whole.
_CODEC_NAMES = """
    utf-8 utf-16-le utf-16-be utf-32-le utf-32-be latin-1 iso8859-2 iso8859-3 iso8859-4
    iso8859-5 iso8859-6 iso8859-7 iso8859-8 iso8859-9 iso8859-10 iso8859-11 iso8859-13
    iso8859-14 iso8859-15 iso8859-16 cp1250 cp1251 cp1252 cp1253 cp1254 cp1255 cp1256 cp1257
    cp1258 cp437 cp720 cp737 cp775 cp850 cp852 cp855 cp857 cp858 cp860 cp861 cp862 cp863 cp864
    cp865 cp866 cp869 cp874 koi8-r koi8-t koi8-u kz1048 mac-cyrillic mac-greek mac-latin2
    mac-roman mac-turkish ptcp154 tis-620 big5 big5hkscs cp949 cp932 cp950 euc-jp euc-kr
    gb2312 gbk gb18030 johab shift_jis
    iso2022_jp iso2022_jp_1 iso2022_jp_2 iso2022_jp_2004 iso2022_jp_3 iso2022_jp_ext iso2022_kr hz
"""
#: Python's name of each codec, and ours.
_CODECS = {codecs.lookup(name).name: name for name in _CODEC_NAMES.split()}
#: Labels that are used for more than they say, or that Python does not know.
_LABELS = {
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "shift_jis": "cp932",
    "x-sjis": "cp932",
    "euc_kr": "cp949",
    "ks_c_5601-1987": "cp949",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "x-euc-jp": "euc-jp",
    "windows-874": "cp874",
    "koi8": "koi8-r",
    "x-mac-roman": "mac-roman",
    "macintosh": "mac-roman",
    "x-mac-cyrillic": "mac-cyrillic",
    "utf-16": "utf-16-le",
    "utf-32": "utf-32-le",
}
ESCAPE = b"\x1b"
_BOMS = (  # UTF-32 first: its little-endian mark begins like that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
MARKS = tuple(mark for mark, _ in _BOMS)
#: So much of a file is shown to the detector.
SAMPLE = 200_000
#: Where no detector can tell: the code page of most old Western text.
_FALLBACK = "cp1252"


class Choice(NamedTuple):
    """A codec, how it was chosen, and how sure the detector was."""

    codec: str
    by: str
    confidence: float = 1.0


_strays = threading.local()


def _note_stray(error: UnicodeError) -> tuple[str, int]:
    """Codec error handler: note where decoding failed and go on behind it."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    _strays.found.append((error.start, error.end))
    return REPLACEMENT, error.end


codecs.register_error("onrecord.stray", _note_stray)


def decode_dirty(raw: bytes, encoding: str) -> tuple[str, list[tuple[int, int]]]:
    """Text with U+FFFD for each stray, and the strays as (first byte, byte after)."""
    _strays.found = []
    text = raw.decode(encoding, "onrecord.stray")
    return text, _strays.found


def _bom(raw: bytes) -> str | None:
    return next((codec for mark, codec in _BOMS if raw.startswith(mark)), None)


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _plausible(text: str) -> float:
    """Share of a text's characters that are letters, marks, digits, punctuation or spaces."""
    kinds = [unicodedata.category(char) for char in text]
    odd = sum(
        kind[0] == "C" and char not in "\t\n\r\f\ufeff\u200e\u200f\u200b\u200c\u200d"
        for kind, char in zip(kinds, text, strict=True)
    )
    return 1 - odd / max(1, len(kinds))


def _few_controls(sample: bytes) -> bool:
    """Whether bytes read as UTF-8 with hardly a control character, as UTF-16 hardly does."""
    controls = len(sample) - len(sample.translate(None, bytes([*range(9), *range(14, 32)])))
    return controls < 0.1 * len(sample) and _is_utf8(sample[:-3])


def _shape(raw: bytes) -> str | None:
    """UTF-16 or UTF-32 without a mark, by where the zero bytes stand.

    In most texts they fill one half of all byte pairs. In Chinese and the like there are few,
    those of line ends and spaces; then the order of bytes with more of these is right.
    """
    sample = raw[: SAMPLE // 4 * 4]
    if b"\0" not in sample or len(sample) < 4:
        return None
    if len(raw) % 4 == 0 and sample.count(0) >= len(sample) // 2:
        for codec in ("utf-32-le", "utf-32-be"):
            if REPLACEMENT not in sample.decode(codec, "replace"):
                return codec
    half = len(sample) // 2
    even, odd = sample[0::2].count(0) / half, sample[1::2].count(0) / half
    if odd >= 0.4 and even < 0.05:
        return "utf-16-le"
    if even >= 0.4 and odd < 0.05:
        return "utf-16-be"
    if len(raw) % 2 or sample.count(0) < 0.01 * half or _few_controls(sample):
        return None
    spaces = {
        codec: sum(sample.decode(codec, "replace").count(mark) for mark in "\n \u3000")
        for codec in ("utf-16-le", "utf-16-be")
    }
    best = max(spaces, key=lambda codec: spaces[codec])
    text = sample[:4096].decode(best, "replace").replace(REPLACEMENT, "\0")
    return best if spaces[best] and _plausible(text) > 0.99 else None


def known_codec(name: str | None) -> str | None:
    """Our name of a codec that somebody else names, None where we don't use it."""
    if not name:
        return None
    try:
        found = codecs.lookup(name).name
    except (LookupError, ValueError):
        return None
    found = {"ascii": "utf-8", "utf-8-sig": "utf-8"}.get(found, found)
    return _CODECS.get(found)


def _declared_codec(label: str) -> str | None:
    """The codec that a declared label stands for in practice, None where it says nothing."""
    label = label.strip().strip("\"'").lower()
    try:
        name = codecs.lookup(label).name
    except (LookupError, ValueError):
        name = label
    return None if name == "ascii" else known_codec(_LABELS.get(name, name))


def _fits(raw: bytes, codec: str) -> bool:
    """Whether bytes make sense in a codec but for a few strays."""
    text, strays = decode_dirty(raw, codec)
    return len(strays) <= 0.02 * len(text)


def choose(raw: bytes, declared: Sequence[str]) -> Choice:
    """The encoding of a file: its mark, what is declared, or what its bytes show.

    A declaration is not believed where it makes no sense of the bytes, or where they are
    UTF-8 beyond doubt: text in another encoding with letters beyond ASCII almost never is.
    """
    marked = _bom(raw)
    if marked:
        return Choice(marked, "mark")
    shifts = ESCAPE in raw and raw.isascii()
    is_utf8 = _is_utf8(raw)
    for label in declared:
        codec = _declared_codec(label)
        if codec is None or (is_utf8 and not raw.isascii() and codec != "utf-8"):
            continue
        if codec == "utf-8" and (b"\0" in raw or shifts):
            continue
        if _fits(raw, codec):
            return Choice(codec, "declared")
    shaped = _shape(raw)
    if shaped:
        return Choice(shaped, "shape")
    if shifts:
        found = chardet.detect(raw[:SAMPLE])
        codec = known_codec(found["encoding"])
        if codec and codec.startswith("iso2022"):
            return Choice(codec, "detected", found["confidence"])
    if is_utf8:
        return Choice("utf-8", "valid")
    text, strays = decode_dirty(raw, "utf-8")
    understood = sum(1 for char in text if char > "\x7f" and char != REPLACEMENT)
    if understood >= 2 * len(strays):
        return Choice("utf-8", "mostly")
    found = chardet.detect(raw[:SAMPLE])
    codec = known_codec(found["encoding"])
    if codec:
        return Choice(codec, "detected", found["confidence"])
    return Choice(_FALLBACK, "assumed", 0.0)
