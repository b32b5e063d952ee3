"""Group blocks with the same tokens: the *texts* that the rest of the engine works on.

Batches of blocks come in one after the other. Of each distinct token sequence the tokens are
kept once, however often it stands in the corpus, so that memory grows with what is new in a
batch and not with its size. A hash only proposes; the sequences are compared byte for byte.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from onrecord.arrays import Growing
from onrecord.kernel import kernel
from onrecord.text.tokens import Tokens

S = TypeVar("S", bound=np.generic)
#: Makes an array of some type that grows from some size.
Make = Callable[[Any, int], Growing[Any]]


class Standing(NamedTuple):
    """What the blocks of a batch bring with them, besides their tokens.

    Attributes:
        rank: uint64[blocks], lower where a block is the better one to show a text's
            capitals: openness, then place in the corpus. No two blocks share one.
        trusted: bool[blocks], whether the negations of its language are known.
    """

    rank: NDArray[np.uint64]
    trusted: NDArray[np.bool_]


@kernel
def _same(folded, at, end, other_folded, other, other_end):
    """Whether two keys are the same, byte for byte."""
    if end - at != other_end - other:
        return False
    for i in range(end - at):
        if folded[at + i] != other_folded[other + i]:
            return False
    return True


@kernel
def _find(keys, offsets, folded, slot_keys, slot_texts, known, known_folded, known_offsets):
    """The text of each block of a batch; those above `known` are new, in order of arrival.

    The hash table (open addressing) has room for all of them and gets the new ones.
    Returns int32[blocks] texts and int64[new] the first block of each new text.
    """
    mask = np.uint64(slot_keys.size - 1)
    of_block = np.empty(keys.size, np.int32)
    first = np.empty(keys.size, np.int64)
    new = 0
    for b in range(keys.size):
        slot = keys[b] & mask
        text = -1
        while slot_texts[slot] >= 0:
            if slot_keys[slot] == keys[b]:
                found = slot_texts[slot]
                if found < known:
                    same = _same(
                        folded,
                        offsets[b],
                        offsets[b + 1],
                        known_folded,
                        known_offsets[found],
                        known_offsets[found + 1],
                    )
                else:
                    other = first[found - known]
                    start, end = offsets[other], offsets[other + 1]
                    same = _same(folded, offsets[b], offsets[b + 1], folded, start, end)
                if same:
                    text = found
                    break
            slot = (slot + np.uint64(1)) & mask
        if text < 0:
            text = known + new
            slot_keys[slot] = keys[b]
            slot_texts[slot] = text
            first[new] = b
            new += 1
        of_block[b] = text
    return of_block, first[:new].copy()


@kernel
def _rehash(slot_keys, slot_texts, old_keys, old_texts):
    """Move all entries of a hash table into a bigger, empty one."""
    mask = np.uint64(slot_keys.size - 1)
    for i in range(old_texts.size):
        if old_texts[i] >= 0:
            slot = old_keys[i] & mask
            while slot_texts[slot] >= 0:
                slot = (slot + np.uint64(1)) & mask
            slot_keys[slot] = old_keys[i]
            slot_texts[slot] = old_texts[i]


@kernel
def _ranges(out, at, values, offsets, rows):
    """Copy ``values[offsets[r]:offsets[r + 1]]`` for each row to `out`, from `at` on."""
    for r in rows:
        for i in range(offsets[r], offsets[r + 1]):
            out[at] = values[i]
            at += 1


@kernel
def _prefer(of_block, offsets, new_flags, standing, first, flags, rank, trusted):
    """Let each text take the flags and the trust of its best block so far."""
    for b in range(of_block.size):
        text = of_block[b]
        if standing.rank[b] < rank[text]:
            rank[text] = standing.rank[b]
            trusted[text] = standing.trusted[b]
            for i in range(offsets[b + 1] - offsets[b]):
                flags[first[text] + i] = new_flags[offsets[b] + i]


def _longer(array: NDArray[S], needed: int) -> NDArray[S]:
    """`array`, or a copy with room for `needed` elements and half as many more."""
    if needed <= array.size:
        return array
    bigger = np.empty(needed + needed // 2, array.dtype)
    bigger[: array.size] = array
    return bigger


class Texts:
    """All distinct token sequences of a corpus, in order of arrival.

    Attributes:
        first: int64[texts + 1], first token of each text in `hashes` and `flags`.
        folded_first: int64[texts + 1], where its key begins in `folded`.
        rank, trusted: as in `Standing`, of the best block of each text.
        hashes: uint64[tokens]. flags: uint16[tokens]. folded: uint8[…]. As in ``Tokens``.

    The arrays may have room at their ends; `len` says how many texts there are.

    Args:
        expected: bytes of text that are to come, about. Room that is never filled costs
            nothing: the system gives memory when it is first written to.
        growing: makes the arrays of the tokens, which are nearly all of it.
    """

    def __init__(self, expected: int = 0, growing: Make = Growing) -> None:
        self._count = 0
        self.first = np.zeros(1024, np.int64)
        self.folded_first = np.zeros(1024, np.int64)
        self.rank = np.empty(1024, np.uint64)
        self.trusted = np.empty(1024, np.bool_)
        # Not half of the text is distinct in the corpora we know; a word has some 6 bytes.
        self._hashes = growing(np.uint64, 1024 + expected // 10)
        self._flags = growing(np.uint16, 1024 + expected // 10)
        self._folded = growing(np.uint8, 1024 + 2 * expected // 3)
        self._take_room(0, 0)
        self._slot_keys = np.zeros(1024, np.uint64)
        self._slot_texts = np.full(1024, -1, np.int32)

    def __len__(self) -> int:
        return self._count

    def add(self, tokens: Tokens, standing: Standing) -> NDArray[np.int32]:
        """Take in a batch of blocks.

        Args:
            tokens: of the blocks.
            standing: what else is known of each block.

        Returns:
            int32[blocks], the text of each block.
        """
        n = self._count
        self._make_slots(n + tokens.keys.size)
        of_block: NDArray[np.int32]
        of_block, blocks = _find(
            tokens.keys,
            tokens.folded_offsets,
            tokens.folded,
            self._slot_keys,
            self._slot_texts,
            n,
            self.folded,
            self.folded_first,
        )
        m = n + blocks.size
        self.first = _longer(self.first, m + 1)
        self.folded_first = _longer(self.folded_first, m + 1)
        self.rank = _longer(self.rank, m)
        self.trusted = _longer(self.trusted, m)
        sizes = tokens.offsets[blocks + 1] - tokens.offsets[blocks]
        self.first[n + 1 : m + 1] = self.first[n] + np.cumsum(sizes)
        lengths = tokens.folded_offsets[blocks + 1] - tokens.folded_offsets[blocks]
        self.folded_first[n + 1 : m + 1] = self.folded_first[n] + np.cumsum(lengths)
        self._take_room(self.first[m], self.folded_first[m])
        _ranges(self.hashes, self.first[n], tokens.hashes, tokens.offsets, blocks)
        _ranges(self.flags, self.first[n], tokens.flags, tokens.offsets, blocks)
        _ranges(self.folded, self.folded_first[n], tokens.folded, tokens.folded_offsets, blocks)
        self.rank[n:m] = np.iinfo(np.uint64).max
        self._count = m
        _prefer(
            of_block,
            tokens.offsets,
            tokens.flags,
            standing,
            self.first,
            self.flags,
            self.rank,
            self.trusted,
        )
        return of_block

    def _take_room(self, tokens: int, folded: int) -> None:
        """See that so many tokens, and bytes of their keys, have a place."""
        self.hashes = self._hashes.room(tokens)
        self.flags = self._flags.room(tokens)
        self.folded = self._folded.room(folded)

    def _make_slots(self, texts: int) -> None:
        """See that the hash table stays at most half full."""
        slots = self._slot_texts.size
        if 2 * texts <= slots:
            return
        while slots < 2 * texts:
            slots *= 2
        keys, rows = np.zeros(slots, np.uint64), np.full(slots, -1, np.int32)
        _rehash(keys, rows, self._slot_keys, self._slot_texts)
        self._slot_keys, self._slot_texts = keys, rows
