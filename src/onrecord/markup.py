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
from onrecord.text.segment import Blocks, text_buffer

_BLANKS = b" \t\r\n\f\v"
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


def _pieces(block: bytes, marks: _Marks) -> list[tuple[int, int]]:
    """What of a block is words: first byte and byte after the last of each piece."""
    found: list[tuple[int, int]] = []
    at, joined = 0, False
    for line in block.splitlines(keepends=True):
        start, end = at, at + len(line)
        at = end
        bare = line.rstrip(_BLANKS)
        if marks.none.fullmatch(bare):
            joined = False
            continue
        end = start + len(bare)
        lead = marks.lead.match(bare)
        if lead:
            start += lead.end()
            tail = marks.tail.search(bare, lead.end())
            end -= len(bare) - tail.start() if tail else 0
        if joined and not lead:
            found[-1] = (found[-1][0], end)
        elif start < end:
            found.append((start, end))
        # What follows a heading or a row of a table does not go on in the next line.
        joined = not (lead and lead.group().lstrip()[:1] in (b"#", b"|", b"=", b"!"))
    return [_trimmed(block, start, end) for start, end in found if block[start:end].strip(_BLANKS)]


def _trimmed(block: bytes, start: int, end: int) -> tuple[int, int]:
    piece = block[start:end]
    return end - len(piece.lstrip(_BLANKS)), start + len(piece.rstrip(_BLANKS))


def without_marks(documents: pa.Table, blocks: Blocks) -> Blocks:
    """The blocks of a batch without the marks of Markdown and wiki documents.

    Args:
        documents: ``ingest.read.DOCUMENT_SCHEMA``.
        blocks: of these documents.
    """
    kinds = [reader.partition("/")[0] for reader in documents["reader"].to_pylist()]
    marked = {row: _MARKS[kind] for row, kind in enumerate(kinds) if kind in _MARKS}
    if not marked:
        return blocks
    text, offsets = text_buffer(text_of(documents))
    is_marked = np.isin(blocks.document, list(marked))
    document = [blocks.document[~is_marked]]
    start, end = [blocks.start[~is_marked]], [blocks.end[~is_marked]]
    for row, marks in marked.items():
        here = slice(*np.searchsorted(blocks.document, [row, row + 1]))
        behind = _front_end(text[offsets[row] : offsets[row + 1]].tobytes())
        first = offsets[row] + behind
        spans = [
            (s + int(begin), e + int(begin))
            for begin, after in zip(blocks.start[here], blocks.end[here], strict=True)
            if begin >= first
            for s, e in _pieces(text[begin:after].tobytes(), marks)
        ]
        document.append(np.full(len(spans), row, np.int32))
        start.append(np.array([s for s, _ in spans], np.int64))
        end.append(np.array([e for _, e in spans], np.int64))
    rows, starts, ends = np.concatenate(document), np.concatenate(start), np.concatenate(end)
    order = np.argsort(starts, kind="stable")
    return Blocks(rows[order], starts[order], ends[order])


def _front_end(text: bytes) -> int:
    """The byte behind the front matter of a document, 0 where it has none."""
    if not text.removeprefix(b"\xef\xbb\xbf").startswith(b"---"):
        return 0
    front = FRONT.match(text.decode())
    return len(front.group().encode()) if front else 0
