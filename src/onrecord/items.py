"""Items of lists, and headings, bylines and dates above a text, in hard-wrapped documents.

A paragraph runs over many lines there. These are blocks of their own all the same.
"""

import re

import numpy as np
from numpy.typing import NDArray

from onrecord.ingest.readers.facts import date
from onrecord.text.segment import Blocks

BLANKS = b" \t\r\n\f\v"
_ITEM = re.compile(
    rb"[ \t]*(?:([-*+]|\xe2\x80\xa2|\xe2\x80\xa3|\xe2\x97\xa6|\xe2\x96\xaa|\xc2\xb7)"
    rb"|\(?(\d{1,3})[.)])[ \t]+\S"
)
_MAY_HAVE_ITEMS = re.compile(rb"\n[ \t]*(?:[-*+\xe2\xc2(]|\d{1,3}[.)])")
_SMALL = "and|of|the|for|in|at|de|du|der|van|von|al|el|bin"
_NAME = r"[^\W\d_a-z][\w.'’-]*"
_BYLINE = re.compile(rf"(?:By|BY)[ \t]+{_NAME}(?:,?[ \t]+(?:{_SMALL}|{_NAME}))+")
_LONGEST_HEADING = 80
#: So many lines may stand above a text: heading, byline, date.
_ABOVE = 3


def _is_above(line: str, following: str) -> bool:
    """Whether a line at the top of a block is a heading, a byline or a date."""
    if len(line) > _LONGEST_HEADING:
        return False
    capital = line.isupper() and sum(map(str.isalpha, line)) >= 4 and not following.isupper()
    return capital or _BYLINE.fullmatch(line) is not None or date(line) is not None


def trimmed(block: bytes, start: int, end: int) -> tuple[int, int]:
    """A span of a block without the blanks at its ends."""
    piece = block[start:end]
    return end - len(piece.lstrip(BLANKS)), start + len(piece.rstrip(BLANKS))


def _cuts(block: bytes) -> list[int]:
    """Where in a block of several lines a new block begins."""
    lines = block.split(b"\n")
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    cuts = set()
    above = [line.decode(errors="replace").strip() for line in lines[: _ABOVE + 1]]
    for i in range(min(_ABOVE, len(lines) - 1)):
        if not _is_above(above[i], above[i + 1]):
            break
        cuts.add(starts[i + 1])
    if _MAY_HAVE_ITEMS.search(block):
        marks = [_ITEM.match(line) for line in lines]
        bullets = [mark[1] for mark in marks if mark and mark[1]]
        numbers = {int(mark[2]) for mark in marks if mark and mark[2]}
        for start, mark in zip(starts, marks, strict=False):
            if mark is None:
                continue
            n = int(mark[2] or 0)
            listed = 1 in numbers and not numbers.isdisjoint((n - 1, n + 1))
            if bullets.count(mark[1]) > 1 if mark[1] else listed:
                cuts.add(start)
    return sorted(cuts - {0})


def with_items(text: NDArray[np.uint8], blocks: Blocks) -> Blocks:
    """Blocks of several lines, cut where a heading ends or an item begins.

    Args:
        text: uint8, what the blocks are spans of.
        blocks: of some documents.
    """
    breaks = np.flatnonzero(text == ord("\n"))
    several = np.searchsorted(breaks, blocks.start) < np.searchsorted(breaks, blocks.end)
    found: list[tuple[int, int, int]] = []
    replaced = np.zeros(len(blocks), np.bool_)
    for row in np.flatnonzero(several).tolist():
        first, after = int(blocks.start[row]), int(blocks.end[row])
        block = text[first:after].tobytes()
        cuts = _cuts(block)
        if not cuts:
            continue
        replaced[row] = True
        for start, end in zip([0, *cuts], [*cuts, len(block)], strict=True):
            inner = trimmed(block, start, end)
            if inner[0] < inner[1]:
                found.append((int(blocks.document[row]), first + inner[0], first + inner[1]))
    if not found:
        return blocks
    more = np.array(found, np.int64)
    document = np.concatenate((blocks.document[~replaced], more[:, 0].astype(np.int32)))
    starts = np.concatenate((blocks.start[~replaced], more[:, 1]))
    ends = np.concatenate((blocks.end[~replaced], more[:, 2]))
    order = np.argsort(starts, kind="stable")
    return Blocks(document[order], starts[order], ends[order])
