"""Take stock of a whole corpus: which texts it has, which block stands for each, and its id."""

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onrecord.corpus import NEW_WORDING, OPENNESS_BIT, Chunk, Corpus
from onrecord.dedup.exact import Texts
from onrecord.ingest.sources import Publication
from onrecord.kernel import kernel
from onrecord.text.characters import NORMAL_FORM


@dataclass(frozen=True, slots=True)
class Census:
    """All texts that stand in the corpus, numbered 0 to n - 1 by their first place in it.

    Attributes:
        rows: int64[n], their rows in ``Corpus.texts``.
        ids: their ids.
        of_block: for each chunk, int32[blocks], the text of each block.
        rank: uint64[n], of the canonical block.
        chunk: int32[n], the chunk of the canonical block.
        block: int64[n], the canonical block, as a row of that chunk.
        documents: int64[n], in how many documents the text stands.
    """

    rows: NDArray[np.int64]
    ids: list[str]
    of_block: list[NDArray[np.int32]]
    rank: NDArray[np.uint64]
    chunk: NDArray[np.int32]
    block: NDArray[np.int64]
    documents: NDArray[np.int64]

    @property
    def openness(self) -> NDArray[np.uint8]:
        """uint8[n], of the canonical block."""
        return _openness(self.rank)

    @property
    def published(self) -> NDArray[np.bool_]:
        """bool[n], whether the release before published the canonical wording."""
        known: NDArray[np.bool_] = (self.rank & NEW_WORDING) == 0
        return known

    @property
    def shown(self) -> NDArray[np.bool_]:
        """bool[n], whether the text is published."""
        return self.openness < len(Publication)


def _openness(rank: NDArray[np.uint64]) -> NDArray[np.uint8]:
    openness: NDArray[np.uint8] = (rank >> OPENNESS_BIT).astype(np.uint8)
    return openness


@kernel
def _best(of_block, rank, document, chunk, best_rank, best_chunk, best_block, documents, last):
    """Take the blocks of one chunk into the tables of the texts.

    `document` rises from block to block and from chunk to chunk; `last` is the last document
    in which each text was seen.
    """
    for b in range(of_block.size):
        text = of_block[b]
        if rank[b] < best_rank[text]:
            best_rank[text] = rank[b]
            best_chunk[text] = chunk
            best_block[text] = b
        if last[text] != document[b]:
            last[text] = document[b]
            documents[text] += 1


@kernel
def _known_wordings(text, starts, ends, wanted, data, offsets):
    """For each block whether it is, byte for byte, the wording with the wanted number."""
    same = np.zeros(starts.size, np.bool_)
    for b in range(starts.size):
        w = wanted[b]
        if w < 0 or offsets[w + 1] - offsets[w] != ends[b] - starts[b]:
            continue
        same[b] = True
        for i in range(ends[b] - starts[b]):
            if data[offsets[w] + i] != text[starts[b] + i]:
                same[b] = False
                break
    return same


def text_ids(
    texts: Texts, rows: NDArray[np.int64], shown: NDArray[np.bool_], key: Callable[[], bytes]
) -> list[str]:
    """The id of each given text: ``p`` and 20 hex digits over its tokens.

    Args:
        texts: every distinct text.
        rows: int64[n], which of them.
        shown: bool[n]; the id of a withheld text is an HMAC, because a plain hash of a short
            text can be guessed.
        key: gives the secret for those; called only when needed.
    """
    prefix = NORMAL_FORM.encode() + b"\0"
    plain = hashlib.sha256(prefix)
    folded = texts.folded.data
    keyed = None if shown.all() else hmac.new(key(), prefix, hashlib.sha256)
    ids = []
    for begin, end, is_open in zip(
        texts.folded_first[rows].tolist(),
        texts.folded_first[rows + 1].tolist(),
        shown.tolist(),
        strict=True,
    ):
        digest = plain.copy() if is_open or keyed is None else keyed.copy()
        digest.update(folded[begin:end])
        ids.append("p" + digest.hexdigest()[:20])
    return ids


def take_census(
    corpus: Corpus, key: Callable[[], bytes], wordings: Mapping[str, str | None]
) -> Census:
    """Number the texts that stand in the corpus and choose the canonical block of each.

    Canonical choice (design, section 6.9): the most open class, what was published before,
    the first in the order of the corpus. Damage can't differ here: copies with the same
    tokens are damaged alike.

    Args:
        corpus: all chunks.
        key: see `text_ids`.
        wordings: of the release before, by paragraph id; None where withheld.

    Returns:
        The census.
    """
    everything = len(corpus.texts)
    last_rank = np.iinfo(np.uint64).max
    rank = np.full(everything, last_rank)
    for chunk in corpus.chunks:
        np.minimum.at(rank, chunk.of_block, chunk.rank())
    # In the order of the corpus, texts of one series stand side by side.
    rows = np.argsort(rank)[: np.count_nonzero(rank < last_rank)]
    rank = rank[rows]
    number = np.full(everything, -1, np.int32)
    number[rows] = np.arange(rows.size)
    of_block = [number[chunk.of_block] for chunk in corpus.chunks]
    n = rows.size
    ids = text_ids(corpus.texts, rows, _openness(rank) < len(Publication), key)
    known = _Wordings(ids, wordings)

    rank[:] = last_rank
    chunk_of, block_of = np.empty(n, np.int32), np.empty(n, np.int64)
    documents, last = np.zeros(n, np.int64), np.full(n, -1, np.int64)
    for i, (chunk, texts, before) in enumerate(
        zip(corpus.chunks, of_block, corpus.document_rows(), strict=True)
    ):
        ranks = chunk.rank() | np.where(known.are_in(chunk, texts), np.uint64(0), NEW_WORDING)
        document = chunk.blocks.document + before
        _best(texts, ranks, document, i, rank, chunk_of, block_of, documents, last)
    return Census(rows, ids, of_block, rank, chunk_of, block_of, documents)


class _Wordings:
    """The wordings of the release before, as far as their ids stand in the corpus."""

    def __init__(self, ids: list[str], wordings: Mapping[str, str | None]) -> None:
        found = [(i, w) for i, name in enumerate(ids) if (w := wordings.get(name)) is not None]
        self._number = np.full(len(ids), -1, np.int64)
        self._number[[i for i, _ in found]] = np.arange(len(found))
        pieces = [wording.encode() for _, wording in found]
        self._data = np.frombuffer(b"".join(pieces), np.uint8)
        lengths = np.array([len(piece) for piece in pieces], np.int64)
        self._offsets = np.concatenate((np.zeros(1, np.int64), np.cumsum(lengths)))

    def are_in(self, chunk: Chunk, texts: NDArray[np.int32]) -> NDArray[np.bool_]:
        """For each block of a chunk whether the release before published its very wording."""
        if not self._data.size:
            return np.zeros(texts.size, np.bool_)
        blocks = chunk.blocks
        same: NDArray[np.bool_] = _known_wordings(
            chunk.text(), blocks.start, blocks.end, self._number[texts], self._data, self._offsets
        )
        return same
