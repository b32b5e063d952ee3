"""Bytes to text and back, without losing one.

The text is what the release publishes; the encoding and the *patches* are what it takes to get
the bytes back. A patch is a splice: at byte `offset` of the file stand the bytes `data`, where
the encoded text has `replaces` bytes. A stray byte in UTF-8 becomes U+FFFD in the text (three
bytes when encoded) and a patch of that one byte. So dirty files are published, not thrown out.
"""

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
_ESCAPE = b"\x1b"
_BOMS = (  # UTF-32 first: its little-endian mark begins like that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_MARKS = tuple(mark for mark, _ in _BOMS)
#: So much of a file is shown to the detector.
_SAMPLE = 200_000
#: Where no detector can tell: the code page of most old Western text.
_FALLBACK = "cp1252"


class Patch(NamedTuple):
    """One splice: bytes of the file that the encoded text does not give back.

    Attributes:
        offset: where `data` stands in the file, in bytes.
        replaces: how many bytes of the encoded text it stands for.
        data: the bytes of the file; may be none.
    """

    offset: int
    replaces: int
    data: bytes


class Decoded(NamedTuple):
    """A file as text.

    Attributes:
        text: what it says; U+FFFD where bytes mean nothing.
        encoding: codec name, with explicit byte order.
        patches: ascending; what `text` can't give back.
        by: how the codec was chosen: `mark` (of byte order), `declared`, `valid` (strict
            UTF-8), `shape` (where zero bytes stand), `mostly` (UTF-8 with a few strays),
            `detected`, or `assumed` where nothing could tell.
        confidence: how sure that is, from 0 to 1: what the detector says of itself, 0 where
            the codec was assumed, else 1.
    """

    text: str
    encoding: str
    patches: list[Patch]
    by: str = "valid"
    confidence: float = 1.0


class _Choice(NamedTuple):
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


def _decode_dirty(raw: bytes, encoding: str) -> tuple[str, list[tuple[int, int]]]:
    """Text with U+FFFD for each stray, and the strays as (first byte, byte after)."""
    _strays.found = []
    text = raw.decode(encoding, "onrecord.stray")
    return text, _strays.found


def encode(text: str, encoding: str) -> bytes:
    """Encode text; characters that the codec lacks (only U+FFFD can be) are left out."""
    return text.encode(encoding, "ignore")


def restore(encoded: bytes, patches: list[Patch]) -> bytes:
    """Apply patches to an encoded text and get the file back.

    Args:
        encoded: the whole text, encoded.
        patches: ascending by offset.

    Returns:
        The bytes of the file.
    """
    if not patches:
        return encoded
    out = bytearray()
    at = 0
    for patch in patches:
        take = patch.offset - len(out)
        out += encoded[at : at + take]
        out += patch.data
        at += take + patch.replaces
    out += encoded[at:]
    return bytes(out)


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
    sample = raw[: _SAMPLE // 4 * 4]
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
    text, strays = _decode_dirty(raw, codec)
    return len(strays) <= 0.02 * len(text)


def _choose(raw: bytes, declared: Sequence[str]) -> _Choice:
    """The encoding of a file: its mark, what is declared, or what its bytes show.

    A declaration is not believed where it makes no sense of the bytes, or where they are
    UTF-8 beyond doubt: text in another encoding with letters beyond ASCII almost never is.
    """
    marked = _bom(raw)
    if marked:
        return _Choice(marked, "mark")
    shifts = _ESCAPE in raw and raw.isascii()
    is_utf8 = _is_utf8(raw)
    for label in declared:
        codec = _declared_codec(label)
        if codec is None or (is_utf8 and not raw.isascii() and codec != "utf-8"):
            continue
        if codec == "utf-8" and (b"\0" in raw or shifts):
            continue
        if _fits(raw, codec):
            return _Choice(codec, "declared")
    shaped = _shape(raw)
    if shaped:
        return _Choice(shaped, "shape")
    if shifts:
        found = chardet.detect(raw[:_SAMPLE])
        codec = known_codec(found["encoding"])
        if codec and codec.startswith("iso2022"):
            return _Choice(codec, "detected", found["confidence"])
    if is_utf8:
        return _Choice("utf-8", "valid")
    text, strays = _decode_dirty(raw, "utf-8")
    understood = sum(1 for char in text if char > "\x7f" and char != REPLACEMENT)
    if understood >= 2 * len(strays):
        return _Choice("utf-8", "mostly")
    found = chardet.detect(raw[:_SAMPLE])
    codec = known_codec(found["encoding"])
    if codec:
        return _Choice(codec, "detected", found["confidence"])
    return _Choice(_FALLBACK, "assumed", 0.0)


def _merged(strays: list[tuple[int, int]], raw: bytes, width: int) -> list[Patch]:
    """Patches for strays; neighbours become one. `width`: bytes of an encoded U+FFFD."""
    patches: list[Patch] = []
    for start, end in strays:
        if patches and patches[-1].offset + len(patches[-1].data) == start:
            last = patches[-1]
            patches[-1] = Patch(last.offset, last.replaces + width, last.data + raw[start:end])
        else:
            patches.append(Patch(start, width, raw[start:end]))
    return patches


def _differences(raw: bytes, encoded: bytes, shift: int) -> list[Patch]:
    """Patches that turn `encoded` into `raw`, line by line where the lines pair up.

    For codecs in which two byte sequences mean one character, so that encoding picks the
    other one. `shift` is added to the offsets.
    """
    if raw == encoded:
        return []
    lines, others = raw.splitlines(keepends=True), encoded.splitlines(keepends=True)
    if len(lines) == len(others) > 1:
        patches = []
        for line, other in zip(lines, others, strict=True):
            patches += _differences(line, other, shift)
            shift += len(line)
        return patches
    head = 0
    least = min(len(raw), len(encoded))
    while head < least and raw[head] == encoded[head]:
        head += 1
    tail = 0
    while tail < least - head and raw[-1 - tail] == encoded[-1 - tail]:
        tail += 1
    data = raw[head : len(raw) - tail]
    return [Patch(shift + head, len(encoded) - head - tail, data)]


def decode(raw: bytes, encoding: str | None = None, declared: Sequence[str] = ()) -> Decoded:
    """Decode a file so that every byte can be had back.

    Args:
        raw: its bytes.
        encoding: a codec to use; found from the bytes where none is given.
        declared: labels under which somebody says the file is encoded, the best first; used
            where they make sense of the bytes.

    Returns:
        Text, encoding and patches; ``restore(encode(text, encoding), patches)`` is `raw`.
    """
    if encoding is None and not declared and not raw.startswith(_MARKS):
        try:
            text = raw.decode()  # nearly every file; what is strict UTF-8 encodes back to itself
            if "\0" not in text[:_SAMPLE] and _ESCAPE not in raw:
                return Decoded(text, "utf-8", [])
        except UnicodeDecodeError:
            pass
    choice = _Choice(encoding, "declared") if encoding else _choose(raw, declared)
    text, strays = _decode_dirty(raw, choice.codec)
    patches = _merged(strays, raw, len(encode(REPLACEMENT, choice.codec)))
    encoded = encode(text, choice.codec)
    if restore(encoded, patches) != raw:
        patches = _differences(raw, encoded, 0)
    return Decoded(text, choice.codec, patches, choice.by, round(choice.confidence, 4))


def is_nfc(text: str) -> bool:
    """Whether a text is in Unicode Normalization Form C."""
    return text.isascii() or unicodedata.is_normalized("NFC", text)
