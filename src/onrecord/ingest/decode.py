"""Bytes to text and back, without losing one.

The text is what the release publishes; the encoding and the *patches* are what it takes to get
the bytes back. A patch is a splice: at byte `offset` of the file stand the bytes `data`, where
the encoded text has `replaces` bytes. A stray byte in UTF-8 becomes U+FFFD in the text (three
bytes when encoded) and a patch of that one byte. So dirty files are published, not thrown out.
"""

import codecs
import threading
import unicodedata
from typing import NamedTuple

import chardet

REPLACEMENT = "\ufffd"

#: The codecs that text is published under: stateless and with explicit byte order, so that
#: any part of a text encodes to the same bytes as within the whole.
_CODEC_NAMES = """
    utf-8 utf-16-le utf-16-be utf-32-le utf-32-be latin-1 iso8859-2 iso8859-3 iso8859-4
    iso8859-5 iso8859-6 iso8859-7 iso8859-8 iso8859-9 iso8859-10 iso8859-11 iso8859-13
    iso8859-14 iso8859-15 iso8859-16 cp1250 cp1251 cp1252 cp1253 cp1254 cp1255 cp1256 cp1257
    cp1258 cp437 cp720 cp737 cp775 cp850 cp852 cp855 cp857 cp858 cp860 cp861 cp862 cp863 cp864
    cp865 cp866 cp869 cp874 koi8-r koi8-t koi8-u kz1048 mac-cyrillic mac-greek mac-latin2
    mac-roman mac-turkish ptcp154 tis-620 big5 big5hkscs cp949 cp932 cp950 euc-jp euc-kr
    gb2312 gbk gb18030 johab shift_jis
"""
_CODECS = frozenset(_CODEC_NAMES.split())
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
    """

    text: str
    encoding: str
    patches: list[Patch]


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


def _utf16_without_bom(raw: bytes) -> str | None:
    """UTF-16 by the zero bytes that most of its characters have in one and the same half."""
    sample = raw[:_SAMPLE]
    if b"\0" not in sample or len(sample) < 4:
        return None
    half = len(sample) // 2
    even, odd = sample[0::2].count(0) / half, sample[1::2].count(0) / half
    if odd >= 0.4 and even < 0.05:
        return "utf-16-le"
    if even >= 0.4 and odd < 0.05:
        return "utf-16-be"
    return None


def _known_codec(name: str | None) -> str | None:
    """Our name of a detected codec, None where we don't use it."""
    if not name:
        return None
    try:
        found = codecs.lookup(name).name
    except LookupError:
        return None
    found = {"iso8859-1": "latin-1", "ascii": "utf-8", "utf-8-sig": "utf-8"}.get(found, found)
    return found if found in _CODECS else None


def _choose(raw: bytes) -> str:
    """The encoding of a file: its mark, strict UTF-8, dirty UTF-8, or what a detector says."""
    marked = _bom(raw) or _utf16_without_bom(raw)
    if marked:
        return marked
    try:
        raw.decode("utf-8")
        return "utf-8"
    except UnicodeDecodeError:
        pass
    text, strays = _decode_dirty(raw, "utf-8")
    understood = sum(1 for char in text if char > "\x7f" and char != REPLACEMENT)
    if understood >= 2 * len(strays):
        return "utf-8"  # UTF-8 with some stray bytes
    return _known_codec(chardet.detect(raw[:_SAMPLE])["encoding"]) or _FALLBACK


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


def decode(raw: bytes, encoding: str | None = None) -> Decoded:
    """Decode a file so that every byte can be had back.

    Args:
        raw: its bytes.
        encoding: a codec to use; found from the bytes where none is given.

    Returns:
        Text, encoding and patches; ``restore(encode(text, encoding), patches)`` is `raw`.
    """
    if encoding is None and not raw.startswith(_MARKS):
        try:
            text = raw.decode()  # nearly every file; what is strict UTF-8 encodes back to itself
            if "\0" not in text[:_SAMPLE]:
                return Decoded(text, "utf-8", [])
        except UnicodeDecodeError:
            pass
    encoding = encoding or _choose(raw)
    text, strays = _decode_dirty(raw, encoding)
    patches = _merged(strays, raw, len(encode(REPLACEMENT, encoding)))
    encoded = encode(text, encoding)
    if restore(encoded, patches) != raw:
        patches = _differences(raw, encoded, 0)
    return Decoded(text, encoding, patches)


def is_nfc(text: str) -> bool:
    """Whether a text is in Unicode Normalization Form C."""
    return text.isascii() or unicodedata.is_normalized("NFC", text)
