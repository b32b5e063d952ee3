"""The corpus of a run, between ingest and records.

Batches of documents come in one after the other, in the order of their document ids. Of each
batch a `Chunk` stays: what documents it has, where their blocks stand, and which text each
block has. The texts' tokens are kept once (``dedup.exact.Texts``); the documents' wording
waits aside (``scratch``) until the tables are made.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from onrecord.dedup.exact import Standing, Texts
from onrecord.ingest.quarantine import Rejected
from onrecord.ingest.sources import Publication, Source
from onrecord.ingest.suppress import Suppression
from onrecord.kernel import kernel
from onrecord.scratch import Kept, Paged, Scratch
from onrecord.text.lexicon import NEGATION_LANGUAGES
from onrecord.text.segment import Blocks, text_buffer
from onrecord.text.tokens import Tokens, normalise

#: Of a corpus with more bytes the tokens are in pages that the system may put on the disk.
IN_MEMORY = 2_000_000_000
#: An excerpt shows so many characters of each document.
EXCERPT = 200

# A block's rank, from the highest bits down: openness, whether its wording is new (set by the
# census), the document's place in the corpus, the block's place in the document.
OPENNESS_BIT, DOCUMENT_BIT = np.uint64(61), np.uint64(32)
NEW_WORDING = np.uint64(1 << 60)


@dataclass(frozen=True, slots=True)
class Prepared:
    """One batch of files, ready for deduplication.

    Attributes:
        documents: ``ingest.read.DOCUMENT_SCHEMA``; every one has at least one block.
        patches: ``ingest.read.PATCH_SCHEMA``.
        rejected: files that can't be used.
        blocks: where the blocks stand in the concatenated text of `documents`.
        tokens: of the blocks.
        suppressed: bool[blocks], whether a block holds a text that was withdrawn.
    """

    documents: pa.Table
    patches: pa.Table
    rejected: list[Rejected]
    blocks: Blocks
    tokens: Tokens
    suppressed: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Chunk:
    """What stays of a batch.

    Attributes:
        documents: as in `Prepared`, without the text.
        patches: as in `Prepared`.
        kept_text: uint8, the concatenated UTF-8 text of the documents, put aside.
        text_offsets: int64[documents + 1], where each document's text begins.
        blocks: rows of `documents`, and places in the text.
        of_block: int32[blocks], the text of each block.
        openness: uint8[blocks], 0 where the source is published in full, higher where less
            is shown; ranks canonical choice and forbids relations from open to closed.
        suppressed: bool[blocks], whether the block holds a text that was withdrawn.
        shown: bool[blocks], whether the block's text is published.
        document_shown: bool[documents], whether all of a document's text is published.
    """

    documents: pa.Table
    patches: pa.Table
    kept_text: Kept
    text_offsets: NDArray[np.int64]
    blocks: Blocks
    of_block: NDArray[np.int32]
    openness: NDArray[np.uint8]
    suppressed: NDArray[np.bool_]
    shown: NDArray[np.bool_]
    document_shown: NDArray[np.bool_]

    def text(self) -> NDArray[np.uint8]:
        """uint8, the concatenated UTF-8 text of the documents."""
        return self.kept_text.read()

    def tokens(self, text: NDArray[np.uint8], rows: NDArray[np.int64]) -> Tokens:
        """The tokens of some blocks once more, with their places."""
        blocks = self.blocks
        some = Blocks(blocks.document[rows], blocks.start[rows], blocks.end[rows])
        return normalise(text, some, ~self.documents["nfc"].to_numpy().astype(np.bool_))

    def rank(self) -> NDArray[np.uint64]:
        """uint64[blocks], see ``dedup.exact.Standing``: openness, then place in the corpus."""
        order = self.documents["order"].to_numpy().astype(np.uint64)
        row = self.blocks.document
        place = (self.blocks.start - self.text_offsets[row]).astype(np.uint64)
        openness = self.openness.astype(np.uint64) << OPENNESS_BIT
        rank: NDArray[np.uint64] = openness | (order[row] << DOCUMENT_BIT) | place
        return rank


class Corpus:
    """All documents and blocks of a run.

    Args:
        sources, rejected, scratch: see the attributes.
        expected: bytes of text that are to come, about.

    Attributes:
        sources: sorted by id.
        chunks: in the order of the document ids.
        rejected: inputs that can't be used, sorted.
        texts: every distinct token sequence; `Chunk.of_block` counts in it.
        parts: for each text that was cut up, the part of it that stands for it.
        suppression: what was withdrawn.
    """

    def __init__(
        self,
        sources: list[Source],
        rejected: list[Rejected],
        scratch: Scratch,
        suppression: Suppression,
        expected: int = 0,
    ) -> None:
        self.suppression = suppression
        self.sources = sources
        self.chunks: list[Chunk] = []
        self.rejected = sorted(rejected)
        paged = partial(Paged, aside=scratch)
        self.texts = Texts(expected // 8, paged) if expected > IN_MEMORY else Texts(expected)
        self.parts: dict[int, int] = {}
        self.scratch = scratch
        self._source_row = {source.id: row for row, source in enumerate(sources)}

    def add(self, batch: Prepared) -> None:
        """Take in the next batch."""
        self.rejected = sorted(self.rejected + batch.rejected)
        n = batch.documents.num_rows
        if not n:
            return
        data, offsets = text_buffer(text_of(batch.documents))
        chunk = Chunk(
            batch.documents.drop_columns(["text"]).combine_chunks(),
            batch.patches,
            self.scratch.keep(data),
            offsets.copy(),
            batch.blocks,
            np.empty(0, np.int32),
            np.empty(0, np.uint8),
            batch.suppressed,
            np.empty(0, np.bool_),
            np.empty(n, np.bool_),
        )
        chunk = self.with_rights(chunk, data)
        standing = self.standing(chunk, np.arange(len(batch.blocks)))
        of_block = self.texts.add(batch.tokens, standing)
        self.chunks.append(replace(chunk, of_block=of_block))

    def part_of(self, text: int) -> int:
        """What stands for a text that was cut up, however often; else the text itself."""
        while text in self.parts:
            text = self.parts[text]
        return text

    def source_rows(self, chunk: Chunk) -> NDArray[np.int64]:
        """int64[documents], the source of each document of a chunk, as a row of `sources`."""
        names = chunk.documents["source_id"].to_pylist()
        return np.array([self._source_row[name] for name in names], np.int64)

    def standing(self, chunk: Chunk, rows: NDArray[np.int64]) -> Standing:
        """What some blocks of a chunk bring with them, besides their tokens."""
        languages = chunk.documents["language"].to_pylist()
        trusted = np.array([(x or "").split("-")[0] in NEGATION_LANGUAGES for x in languages])
        blocks = chunk.blocks
        return Standing(
            chunk.rank()[rows],
            trusted[blocks.document[rows]],
        )

    def with_rights(self, chunk: Chunk, text: NDArray[np.uint8]) -> Chunk:
        """A chunk with what may be shown of its blocks and documents.

        An excerpt shows the blocks that lie wholly within the first characters of their
        document. What was withdrawn is shown nowhere, and a document that holds some of it is
        not given back.
        """
        modes = [source.publication for source in self.sources]
        of_document = self.source_rows(chunk)
        rank = np.array([mode.openness for mode in modes], np.uint8)[of_document]
        document_shown = np.array([mode is Publication.FULL for mode in modes])[of_document]
        row = chunk.blocks.document
        shown = document_shown[row]
        excerpted = np.array([mode is Publication.EXCERPT for mode in modes])[of_document][row]
        if excerpted.any():
            begins = chunk.text_offsets[row[excerpted]]
            shown[excerpted] = characters(text, begins, chunk.blocks.end[excerpted]) <= EXCERPT
        shown &= ~chunk.suppressed
        document_shown[row[chunk.suppressed]] = False
        # Withheld texts rank behind all that is shown, whatever their source's mode.
        withheld = np.where(shown, np.uint8(0), np.uint8(len(Publication)))
        return replace(
            chunk, openness=rank[row] + withheld, shown=shown, document_shown=document_shown
        )

    def document_rows(self) -> Iterator[int]:
        """The number of documents before each chunk."""
        n = 0
        for chunk in self.chunks:
            yield n
            n += chunk.documents.num_rows


def text_of(documents: pa.Table) -> pa.LargeStringArray:
    """The text of all documents of a table as one array."""
    chunks = documents["text"].chunks
    return pa.concat_arrays(chunks) if chunks else pa.array([], pa.large_string())


@kernel
def _characters(text, starts, ends):
    """Code points in each span: the bytes that do not continue one."""
    counts = np.zeros(starts.size, np.int64)
    for i in range(starts.size):
        for at in range(starts[i], ends[i]):
            if text[at] & 0xC0 != 0x80:
                counts[i] += 1
    return counts


def characters(
    text: NDArray[np.uint8], starts: NDArray[np.int64], ends: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Length in characters (code points) of each span of a UTF-8 text."""
    counts: NDArray[np.int64] = _characters(text, starts, ends)
    return counts


@kernel
def _gather(text, starts, ends, shown):
    offsets = np.zeros(starts.size + 1, np.int64)
    for i in range(starts.size):
        offsets[i + 1] = offsets[i] + (ends[i] - starts[i] if shown[i] else 0)
    data = np.empty(offsets[-1], np.uint8)
    for i in range(starts.size):
        if shown[i]:
            data[offsets[i] : offsets[i + 1]] = text[starts[i] : ends[i]]
    return offsets, data


def gather(
    text: NDArray[np.uint8],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    shown: NDArray[np.bool_],
) -> pa.LargeStringArray:
    """A string column of spans of a UTF-8 text; null where `shown` is false."""
    offsets, data = _gather(text, starts, ends, shown)
    validity = pa.array(shown).buffers()[1]
    return pa.Array.from_buffers(
        pa.large_string(), len(starts), [validity, pa.py_buffer(offsets), pa.py_buffer(data)]
    )
