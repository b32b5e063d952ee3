"""The corpus in memory: all documents of a run and their blocks, between ingest and records."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from onrecord.ingest.quarantine import Rejected
from onrecord.ingest.sources import Source
from onrecord.kernel import kernel
from onrecord.text.segment import Blocks, text_buffer
from onrecord.text.tokens import Tokens


@dataclass(frozen=True, slots=True)
class Prepared:
    """One batch of files, ready for deduplication.

    Attributes:
        documents: ``ingest.read.DOCUMENT_SCHEMA``; every one has at least one block.
        patches: ``ingest.read.PATCH_SCHEMA``.
        rejected: files that can't be used.
        blocks: where the blocks stand in the concatenated text of `documents`.
        tokens: of the blocks.
    """

    documents: pa.Table
    patches: pa.Table
    rejected: list[Rejected]
    blocks: Blocks
    tokens: Tokens


@dataclass(frozen=True, slots=True)
class Corpus:
    """All batches of a run as one.

    Attributes:
        sources: sorted by id.
        documents, patches, rejected, blocks, tokens: as in `Prepared`, of all batches.
        text: uint8, the concatenated UTF-8 text of all documents.
        text_offsets: int64[documents + 1], where each document's text begins.
    """

    sources: list[Source]
    documents: pa.Table
    patches: pa.Table
    rejected: list[Rejected]
    blocks: Blocks
    tokens: Tokens
    text: NDArray[np.uint8]
    text_offsets: NDArray[np.int64]

    def block_bytes(self, block: int) -> bytes:
        """The verbatim UTF-8 text of one block."""
        return self.text[self.blocks.start[block] : self.blocks.end[block]].tobytes()


def _joined_offsets(parts: list[NDArray[np.int64]]) -> NDArray[np.int64]:
    """Offsets of concatenated arrays from the offsets of each."""
    joined = [np.zeros(1, np.int64)]
    base = 0
    for part in parts:
        joined.append(part[1:] + base)
        base += int(part[-1])
    return np.concatenate(joined)


def join(sources: list[Source], batches: list[Prepared], rejected: list[Rejected]) -> Corpus:
    """Put the batches of a run together.

    Args:
        sources: sorted by id.
        batches: in the order of their documents.
        rejected: inputs that were rejected before they were read.
    """
    documents = pa.concat_tables([b.documents for b in batches]).combine_chunks()
    data, offsets = text_buffer(text_of(documents))
    row, at = 0, 0
    document, start, end = [], [], []
    for batch in batches:
        document.append(batch.blocks.document + row)
        start.append(batch.blocks.start + at)
        end.append(batch.blocks.end + at)
        row += batch.documents.num_rows
        at += int(text_buffer(text_of(batch.documents))[1][-1])
    tokens = [b.tokens for b in batches]
    return Corpus(
        sources,
        documents,
        pa.concat_tables([b.patches for b in batches]),
        sorted(rejected + [r for b in batches for r in b.rejected]),
        Blocks(
            np.concatenate(document).astype(np.int32),
            np.concatenate(start),
            np.concatenate(end),
        ),
        Tokens(
            _joined_offsets([t.offsets for t in tokens]),
            np.concatenate([t.hashes for t in tokens]),
            np.concatenate([t.start for t in tokens]),
            np.concatenate([t.end for t in tokens]),
            np.concatenate([t.flags for t in tokens]),
            _joined_offsets([t.folded_offsets for t in tokens]),
            np.concatenate([t.folded for t in tokens]),
            np.concatenate([t.keys for t in tokens]),
        ),
        data,
        offsets,
    )


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
