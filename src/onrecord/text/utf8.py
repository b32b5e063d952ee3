"""Reading and writing UTF-8 inside compiled kernels."""

import numpy as np

from onrecord.kernel import kernel
from onrecord.text.characters import CASELESS, IDEOGRAPH, IGNORED, LETTER, TABLE_SIZE


@kernel
def decode_at(text, at):
    """Return (code point, bytes it takes) at byte `at` of valid UTF-8."""
    first = text[at]
    if first < 0x80:
        return np.int64(first), 1
    if first < 0xE0:
        return (np.int64(first & 0x1F) << 6) | np.int64(text[at + 1] & 0x3F), 2
    if first < 0xF0:
        return (
            (np.int64(first & 0x0F) << 12)
            | (np.int64(text[at + 1] & 0x3F) << 6)
            | np.int64(text[at + 2] & 0x3F)
        ), 3
    return (
        (np.int64(first & 0x07) << 18)
        | (np.int64(text[at + 1] & 0x3F) << 12)
        | (np.int64(text[at + 2] & 0x3F) << 6)
        | np.int64(text[at + 3] & 0x3F)
    ), 4


@kernel
def encode_at(code, out, at):
    """Write `code` as UTF-8 at byte `at` of `out`; return the byte after it."""
    if code < 0x80:
        out[at] = code
        return at + 1
    if code < 0x800:
        out[at] = 0xC0 | (code >> 6)
        out[at + 1] = 0x80 | (code & 0x3F)
        return at + 2
    if code < 0x10000:
        out[at] = 0xE0 | (code >> 12)
        out[at + 1] = 0x80 | ((code >> 6) & 0x3F)
        out[at + 2] = 0x80 | (code & 0x3F)
        return at + 3
    out[at] = 0xF0 | (code >> 18)
    out[at + 1] = 0x80 | ((code >> 12) & 0x3F)
    out[at + 2] = 0x80 | ((code >> 6) & 0x3F)
    out[at + 3] = 0x80 | (code & 0x3F)
    return at + 4


@kernel
def property_of(code, properties):
    """Kind and flags of a code point (see ``characters``), beyond the tables by rule."""
    if code < TABLE_SIZE:
        return np.int64(properties[code])
    if code < 0x40000:  # planes 2 and 3: Han
        return np.int64(IDEOGRAPH | CASELESS)
    if code >= 0xE0000 and code < 0xF0000:  # tags and variation selectors
        return np.int64(IGNORED)
    return np.int64(LETTER | CASELESS)  # private use: may carry meaning


@kernel
def grown(array, needed):
    """Return `array`, or a copy with room for `needed` elements, at least doubled."""
    if needed <= array.size:
        return array
    bigger = np.empty(max(needed, 2 * array.size), array.dtype)
    bigger[: array.size] = array
    return bigger
