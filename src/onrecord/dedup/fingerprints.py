"""Choose a few shingle hashes of each text, the same ones wherever the same words stand.

Winnowing (Schleimer, Wilkerson, Aiken 2003, section 3): of every window of consecutive
shingle hashes the smallest is kept, the rightmost where several are smallest. With shingles
of 5 tokens and windows of 4, any run of 5 + 4 - 1 = 8 tokens that two texts share gives them
a fingerprint in common.
"""

import numpy as np
from numpy.typing import NDArray

from onrecord.kernel import kernel
from onrecord.text.tokens import Tokens

SHINGLE = 5
WINDOW = 4
#: Shorter texts have no fingerprint: they repeat only exactly.
SHORTEST = SHINGLE + WINDOW - 1


@kernel
def _winnow(blocks, offsets, hashes, shingle, window):
    """(uint64 fingerprint, int32 text) of every text, each once a text; texts ascend."""
    room = np.int64(0)
    for t in range(blocks.size):
        room += max(0, offsets[blocks[t] + 1] - offsets[blocks[t]])
    prints = np.empty(room, np.uint64)
    texts = np.empty(room, np.int32)
    n = 0
    recent = np.empty(window, np.uint64)
    for t in range(blocks.size):
        first, last = offsets[blocks[t]], offsets[blocks[t] + 1]
        if last - first < shingle + window - 1:
            continue
        chosen = np.int64(-1)  # the shingle chosen in the window before
        for s in range(last - first - shingle + 1):
            h = np.uint64(0x9E3779B97F4A7C15)
            for k in range(shingle):
                h = (h ^ hashes[first + s + k]) * np.uint64(0xFF51AFD7ED558CCD)
                h ^= h >> np.uint64(32)
            recent[s % window] = h
            if s < window - 1:
                continue
            best = np.int64(s - window + 1)
            for k in range(s - window + 2, s + 1):
                if recent[k % window] <= recent[best % window]:
                    best = np.int64(k)
            if best != chosen:
                chosen = best
                prints[n] = recent[best % window]
                texts[n] = t
                n += 1
    return prints[:n].copy(), texts[:n].copy()


def winnow(
    tokens: Tokens, blocks: NDArray[np.int64]
) -> tuple[NDArray[np.uint64], NDArray[np.int32]]:
    """Fingerprints of the texts whose canonical blocks are given.

    Returns:
        uint64[n] fingerprints and int32[n] the text of each, sorted by both, without repeats.
    """
    prints, texts = _winnow(blocks, tokens.offsets, tokens.hashes, SHINGLE, WINDOW)
    order = np.argsort(prints, kind="stable")  # stable: texts stay in ascending order
    prints, texts = prints[order], texts[order]
    fresh = np.ones(prints.size, np.bool_)
    fresh[1:] = (prints[1:] != prints[:-1]) | (texts[1:] != texts[:-1])
    return prints[fresh], texts[fresh]
