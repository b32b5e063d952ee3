"""Markdown and wiki text: which parts of a block are words, and which only marks.

The text stays as it is; only the spans of blocks change. A line of marks alone (a rule, a fence,
the edge of a table) becomes part of the separator, and so do the signs before a heading or an
item of a list. In hard-wrapped text, headings and items are blocks of their own.
"""

import re
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from onrecord.corpus import text_of
from onrecord.ingest.readers.front import FRONT
from onrecord.items import BLANKS, trimmed, with_items
from onrecord.text.segment import NARROWEST, WIDEST, Blocks, text_buffer

#: What a line begins with when it is a block of its own: heading, item, quotation, table.
_MARKDOWN_LEAD = re.compile(rb"[ \t]*(?:#{1,6}[ \t]+|[-*+][ \t]+|\d{1,9}[.)][ \t]+|>[ \t]?|\|)+")
_MARKDOWN_TAIL = re.compile(rb"(?:[ \t]+#+|[ \t]*\|)[ \t]*\Z")
_MARKDOWN_NONE = re.compile(
    rb"[ \t]*(?:[-*_=~#+>|:` \t]+"  # rules, underlines, fences, edges of tables
    rb"|(?:```|~~~)[^`\n]*"
    rb"|<!--.*-->"
    rb"|\[[^\]\n]+\]:[ \t]*\S+.*)[ \t]*"  # where a link leads
)
_WIKI_LEAD = re.compile(rb"[ \t]*(?:={1,6}[ \t]*|[*#:;]+[ \t]*|[|!]\+?[ \t]*)")
_WIKI_TAIL = re.compile(rb"[ \t]*={1,6}[ \t]*\Z")
_WIKI_NONE = re.compile(
    rb"[ \t]*(?:[-=*#:;|!{}]+|\{\|.*|\|-.*|\|\}.*|\{\{.*\}\}|__[A-Z]+__|<!--.*-->"
    rb"|\[\[[A-Za-z]{2,20}:[^\]\n]*\]\])[ \t]*",
)


class _Marks(NamedTuple):
    """The marks of one language."""

    lead: re.Pattern[bytes]
    tail: re.Pattern[bytes]
    none: re.Pattern[bytes]


_MARKS = {
    "markdown": _Marks(_MARKDOWN_LEAD, _MARKDOWN_TAIL, _MARKDOWN_NONE),
    "wiki": _Marks(_WIKI_LEAD, _WIKI_TAIL, _WIKI_NONE),
}


class _Piece(NamedTuple):
    """What of a block is words.

    Attributes:
        start: first byte.
        end: byte after the last.
        led: whether a mark stands before it.
        open: whether the next line can go on with it: not behind a heading or a row of a table.
    """

    start: int
    end: int
    led: bool
    open: bool


def _pieces(block: bytes, marks: _Marks, base: int) -> list[_Piece]:
    """What of a block, which begins at byte `base`, is words."""
    found: list[_Piece] = []
    at, joined = 0, False
    for line in block.splitlines(keepends=True):
        start, end = at, at + len(line)
        at = end
        bare = line.rstrip(BLANKS)
        if marks.none.fullmatch(bare):
            joined = False
            continue
        end = start + len(bare)
        lead = marks.lead.match(bare)
        if lead:
            start += lead.end()
            tail = marks.tail.search(bare, lead.end())
            end -= len(bare) - tail.start() if tail else 0
        start, end = trimmed(block, start, end)
        goes_on = not (lead and lead.group().lstrip()[:1] in (b"#", b"|", b"=", b"!"))
        if joined and not lead:
            found[-1] = found[-1]._replace(end=base + end)
        elif start < end:
            found.append(_Piece(base + start, base + end, lead is not None, goes_on))
        joined = goes_on
    return found


def _goes_on(text: bytes, before: _Piece, after: _Piece) -> bool:
    """Whether a line of Markdown goes on in the next: both stand in one paragraph.

    A line that is neither as short as a caption nor as long as a paragraph was broken to fit.
    """
    gap = text[before.end : after.start]
    if after.led or not before.open or gap.count(b"\n") != 1 or gap.strip(BLANKS):
        return False
    begins = max(before.start, text.rfind(b"\n", before.start, before.end) + 1)
    width = len(text[begins : before.end].decode(errors="replace"))
    return NARROWEST <= width <= WIDEST or (before.led and gap.endswith(b"  "))


def _joined(text: bytes, pieces: list[_Piece]) -> list[_Piece]:
    """The pieces of a Markdown document, with the lines of each paragraph as one."""
    found: list[_Piece] = []
    for piece in pieces:
        if found and _goes_on(text, found[-1], piece):
            found[-1] = found[-1]._replace(end=piece.end)
        else:
            found.append(piece)
    return found


def refined(documents: pa.Table, blocks: Blocks) -> Blocks:
    """The blocks of a batch as they are published: cut at items, and without marks.

    Args:
        documents: ``ingest.read.DOCUMENT_SCHEMA``.
        blocks: of these documents.
    """
    text, offsets = text_buffer(text_of(documents))
    blocks = with_items(text, blocks)
    kinds = [reader.partition("/")[0] for reader in documents["reader"].to_pylist()]
    marked = {row: _MARKS[kind] for row, kind in enumerate(kinds) if kind in _MARKS}
    if not marked:
        return blocks
    is_marked = np.isin(blocks.document, list(marked))
    document = [blocks.document[~is_marked]]
    start, end = [blocks.start[~is_marked]], [blocks.end[~is_marked]]
    for row, marks in marked.items():
        here = slice(*np.searchsorted(blocks.document, [row, row + 1]))
        base = int(offsets[row])
        whole = text[base : offsets[row + 1]].tobytes()
        behind = _front_end(whole)
        pieces = [
            piece
            for begin, after in zip(blocks.start[here] - base, blocks.end[here] - base, strict=True)
            if begin >= behind
            for piece in _pieces(whole[begin:after], marks, int(begin))
        ]
        if kinds[row] == "markdown":
            pieces = _joined(whole, pieces)
        document.append(np.full(len(pieces), row, np.int32))
        start.append(np.array([base + piece.start for piece in pieces], np.int64))
        end.append(np.array([base + piece.end for piece in pieces], np.int64))
    rows, starts, ends = np.concatenate(document), np.concatenate(start), np.concatenate(end)
    order = np.argsort(starts, kind="stable")
    return Blocks(rows[order], starts[order], ends[order])


def _front_end(text: bytes) -> int:
    """The byte behind the front matter of a document, 0 where it has none."""
    if not text.removeprefix(b"\xef\xbb\xbf").startswith(b"---"):
        return 0
    front = FRONT.match(text.decode())
    return len(front.group().encode()) if front else 0
