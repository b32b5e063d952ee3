"""Cut documents into blocks: maximal runs of text between separators.

The rule is chosen document by document (design, section 7):

* **hard-wrapped** text (mail, old press releases: lines broken at a fixed width) is separated
  at blank lines;
* all other text is separated at every line break;
* a line longer than a limit is split at sentence ends, so that an article scraped onto one
  line can be cited and compared piece by piece.

A block never starts or ends with white space or control characters: those belong to the
separators, which are kept byte for byte, so that a document can be put together again.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from onrecord.kernel import kernel
from onrecord.text.characters import (
    APOSTROPHE,
    BLANK,
    BREAK,
    CASELESS,
    CLOSER,
    DIGIT,
    IDEOGRAPH,
    KIND,
    LETTER,
    LOWER,
    MARK,
    STOP,
    tables,
)
from onrecord.text.utf8 import decode_at, grown, property_of

#: Text is taken for hard-wrapped when its lines fill this range of widths, in characters …
NARROWEST, WIDEST = 40, 100
#: … and this share of its line breaks stands where the next word would not have fitted.
FILLED_SHARE = 0.7
#: … and this share of the lines behind them goes on in lower case, where there is case.
CONTINUED_SHARE = 0.3
#: A full stop after fewer letters than this is taken for an abbreviation ("Mr.", "U.S.").
SHORTEST_LAST_WORD = 4


@dataclass(frozen=True, slots=True)
class Blocks:
    """Where the blocks of a batch of documents stand, in reading order.

    Attributes:
        document: int32[n], row of the document.
        start: int64[n], first byte of the block in the concatenated UTF-8 text of the batch.
        end: int64[n], the byte after its last.
    """

    document: NDArray[np.int32]
    start: NDArray[np.int64]
    end: NDArray[np.int64]

    def __len__(self) -> int:
        return int(self.document.size)


@kernel
def _lines(text, begin, end, properties):
    """Find the non-blank lines of one document.

    Returns int64 arrays of one row a line: first byte, byte after the last (both trimmed),
    length in characters, length of the first word in characters, whether a blank line (or
    the start of the document) stands before it, and whether it begins like the middle of a
    sentence.
    """
    starts = np.empty(64, np.int64)
    ends = np.empty(64, np.int64)
    widths = np.empty(64, np.int64)
    heads = np.empty(64, np.int64)
    apart = np.empty(64, np.int64)
    going_on = np.empty(64, np.int64)
    n = 0
    first = np.int64(-1)  # first byte of the line's text, -1 while there is none
    last = np.int64(0)  # byte after the line's last non-blank character
    width = np.int64(0)  # characters since `first`
    last_width = np.int64(0)  # the same up to `last`
    head = np.int64(-1)  # characters of the first word
    low = np.int64(0)  # whether the first character is no capital, digit or mark
    empty_lines = np.int64(1)
    carriage = False
    unspaced = False
    at = begin
    while True:
        if first >= 0:  # within a line, plain ASCII needs no table
            run = at
            while at < end and 0x21 <= text[at] <= 0x7E:
                at += 1
            if at > run:
                carriage = False
                width += at - run
                last = at
                last_width = width
        if at < end:
            code, size = decode_at(text, at)
            bits = property_of(code, properties)
        else:
            code, size, bits = np.int64(10), 1, np.int64(BREAK | BLANK)
        if bits & BREAK:
            if carriage and code == 10 and first < 0:
                carriage = False  # the second half of CR LF
                at += size
                if at > end:
                    break
                continue
            if first >= 0:
                if n == starts.size:
                    starts = grown(starts, n + 1)
                    ends = grown(ends, n + 1)
                    widths = grown(widths, n + 1)
                    heads = grown(heads, n + 1)
                    apart = grown(apart, n + 1)
                    going_on = grown(going_on, n + 1)
                starts[n] = first
                ends[n] = last
                widths[n] = last_width
                heads[n] = 1 if unspaced else (head if head >= 0 else last_width)
                apart[n] = 1 if empty_lines > 0 else 0
                going_on[n] = low
                n += 1
                empty_lines = np.int64(0)
            else:
                empty_lines += np.int64(1)
            first = np.int64(-1)
            width = np.int64(0)
            head = np.int64(-1)
            carriage = code == 13
        elif bits & BLANK:
            if first >= 0:
                if head < 0:
                    head = width
                width += 1
        else:
            carriage = False
            if first < 0:
                first = at
                low = np.int64(1 if bits & (LOWER | CASELESS) else 0)
                unspaced = bits & KIND == IDEOGRAPH  # may be broken behind any character
            width += 1
            last = at + size
            last_width = width
        at += size
        if at > end:
            break
    return starts[:n], ends[:n], widths[:n], heads[:n], apart[:n], going_on[:n]


@kernel
def _is_hard_wrapped(widths, heads, apart, going_on):
    """Whether line breaks stand where the next word would not have fitted."""
    n = widths.size
    pairs = 0
    for i in range(1, n):
        if not apart[i]:
            pairs += 1
    if pairs < 3:
        return False
    broken = np.empty(pairs, np.int64)
    k = 0
    for i in range(1, n):
        if not apart[i]:
            broken[k] = widths[i - 1]
            k += 1
    broken.sort()
    limit = broken[min(pairs - 1, (pairs * 19) // 20)]
    if limit < NARROWEST or limit > WIDEST:
        return False
    filled = 0
    continued = 0
    for i in range(1, n):
        if not apart[i] and widths[i - 1] + 1 + heads[i] > limit - 2:
            filled += 1
            continued += going_on[i]
    return filled >= FILLED_SHARE * pairs and continued >= CONTINUED_SHARE * filled


@kernel
def _sentence_ends(text, start, end, properties, cuts):
    """Append to `cuts` the byte after each sentence of a line but its last; return (cuts, n).

    A sentence ends at a stop and what closes it, before white space and a new beginning, or,
    in scripts without spaces, at the stop itself.
    """
    n = 0
    letters = 0  # of the word before the stop
    at = start
    while at < end:
        code, size = decode_at(text, at)
        bits = property_of(code, properties)
        at += size
        kind = bits & KIND
        if kind == LETTER or kind == MARK or kind == IDEOGRAPH:
            letters += 1
            continue
        if not bits & STOP:
            if kind != APOSTROPHE:
                letters = 2 * SHORTEST_LAST_WORD if kind == DIGIT else 0
            continue
        wide = code >= 0x3000  # the full stops of Chinese and Japanese need no space
        abbreviation = code == 46 and letters < SHORTEST_LAST_WORD
        letters = 0
        stop_end = at
        spaced = False
        begins = False
        while at < end:  # closing marks and further stops, then white space
            code, size = decode_at(text, at)
            bits = property_of(code, properties)
            if bits & BLANK:
                spaced = True
            elif not spaced and (bits & (CLOSER | STOP) or code == 34 or code == 39):
                stop_end = at + size
            else:
                begins = not bits & LOWER
                break
            at += size
        if at < end and begins and not abbreviation and (spaced or wide):
            cuts = grown(cuts, n + 1)
            cuts[n] = stop_end
            n += 1
    return cuts, n


@kernel
def _trimmed_start(text, at, end, properties):
    """First byte from `at` on that is not blank."""
    while at < end:
        code, size = decode_at(text, at)
        if not property_of(code, properties) & BLANK:
            break
        at += size
    return at


@kernel
def _segment(text, offsets, properties, split_above):
    """Blocks of every document: int32 document rows, int64 starts, int64 ends."""
    document = np.empty(1024, np.int32)
    starts = np.empty(1024, np.int64)
    ends = np.empty(1024, np.int64)
    cuts = np.empty(64, np.int64)
    n = 0
    for row in range(offsets.size - 1):
        line_start, line_end, widths, heads, apart, going_on = _lines(
            text, offsets[row], offsets[row + 1], properties
        )
        wrapped = _is_hard_wrapped(widths, heads, apart, going_on)
        i = 0
        while i < line_start.size:
            last = i
            if wrapped:
                while last + 1 < line_start.size and not apart[last + 1]:
                    last += 1
            begin, end = line_start[i], line_end[last]
            n_cuts = 0
            if last == i and widths[i] > split_above:
                cuts, n_cuts = _sentence_ends(text, begin, end, properties, cuts)
            for k in range(n_cuts + 1):
                if n == document.size:
                    document = grown(document, n + 1)
                    starts = grown(starts, n + 1)
                    ends = grown(ends, n + 1)
                document[n] = row
                starts[n] = begin
                ends[n] = cuts[k] if k < n_cuts else end
                if k < n_cuts:
                    begin = _trimmed_start(text, cuts[k], end, properties)
                n += 1
            i = last + 1
    return document[:n], starts[:n], ends[:n]


def text_buffer(text: pa.LargeStringArray) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The UTF-8 bytes of a string column and its offsets, without a copy."""
    _, offsets, data = text.buffers()
    bounds = np.frombuffer(offsets, np.int64)[text.offset : text.offset + len(text) + 1]
    # An array of its own: kernels are compiled once more for a read-only one.
    return np.frombuffer(data, np.uint8) if data else np.empty(0, np.uint8), bounds


def segment(text: pa.LargeStringArray, split_above: int) -> Blocks:
    """Cut each document of a batch into blocks.

    Args:
        text: the decoded text of each document.
        split_above: a line with more characters than this is split at sentence ends.

    Returns:
        The blocks, in the order of the documents and of the text.
    """
    data, offsets = text_buffer(text)
    return Blocks(*_segment(data, offsets, tables().properties, split_above))
