"""Bytes to text and back, without losing one.

The text is what the release publishes; the encoding and the *patches* are what it takes to get
the bytes back. A patch is a splice: at byte `offset` of the file stand the bytes `data`, where
the encoded text has `replaces` bytes. A stray byte in UTF-8 becomes U+FFFD in the text (three
bytes when encoded) and a patch of that one byte. So dirty files are published, not thrown out.
"""

import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

from onrecord.ingest.encodings import (
    ESCAPE,
    MARKS,
    REPLACEMENT,
    SAMPLE,
    Choice,
    choose,
    decode_dirty,
)


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
    if encoding is None and not declared and not raw.startswith(MARKS):
        try:
            text = raw.decode()  # nearly every file; what is strict UTF-8 encodes back to itself
            if "\0" not in text[:SAMPLE] and ESCAPE not in raw:
                return Decoded(text, "utf-8", [])
        except UnicodeDecodeError:
            pass
    choice = Choice(encoding, "declared") if encoding else choose(raw, declared)
    text, strays = decode_dirty(raw, choice.codec)
    patches = _merged(strays, raw, len(encode(REPLACEMENT, choice.codec)))
    encoded = encode(text, choice.codec)
    if restore(encoded, patches) != raw:
        patches = _differences(raw, encoded, 0)
    return Decoded(text, choice.codec, patches, choice.by, round(choice.confidence, 4))


def is_nfc(text: str) -> bool:
    """Whether a text is in Unicode Normalization Form C."""
    return text.isascii() or unicodedata.is_normalized("NFC", text)
