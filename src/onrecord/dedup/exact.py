"""Group blocks with the same tokens: the *texts* that the rest of the engine works on."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onrecord.kernel import kernel
from onrecord.text.tokens import Tokens


@dataclass(frozen=True, slots=True)
class Texts:
    """Distinct token sequences.

    Attributes:
        of_block: int32[blocks], the text of each block.
        block: int64[texts], the canonical block of each text: the most preferred one.
    """

    of_block: NDArray[np.int32]
    block: NDArray[np.int64]

    def __len__(self) -> int:
        return self.block.size


@kernel
def _same(folded, offsets, a, b):
    """Whether two blocks have the same key, byte for byte."""
    at, other = offsets[a], offsets[b]
    if offsets[a + 1] - at != offsets[b + 1] - other:
        return False
    for i in range(offsets[a + 1] - at):
        if folded[at + i] != folded[other + i]:
            return False
    return True


@kernel
def _group(keys, order, folded, offsets):
    """Give the blocks of each run of equal hashes a leader with the same bytes.

    `order` sorts the blocks by hash, then by preference. Two keys that only collide in their
    hash get leaders of their own.
    """
    leader = np.empty(keys.size, np.int64)
    i = 0
    while i < order.size:
        j = i
        while j < order.size and keys[order[j]] == keys[order[i]]:
            block = order[j]
            leader[block] = block
            for k in range(i, j):
                if leader[order[k]] == order[k] and _same(folded, offsets, order[k], block):
                    leader[block] = order[k]
                    break
            j += 1
        i = j
    return leader


def group(tokens: Tokens, preference: NDArray[np.int64]) -> Texts:
    """Group the blocks whose token sequences are the same.

    Args:
        tokens: of all blocks.
        preference: int64[blocks], a rank: the lowest of a group becomes its canonical block.

    Returns:
        The texts, numbered in the order of their canonical blocks.
    """
    order = np.lexsort((preference, tokens.keys))
    leader = _group(tokens.keys, order, tokens.folded, tokens.folded_offsets)
    block, of_block = np.unique(leader, return_inverse=True)
    return Texts(of_block.astype(np.int32), block.astype(np.int64))
