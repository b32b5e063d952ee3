"""Find the pairs of texts that are worth verifying: those that share fingerprints."""

import numpy as np
from numpy.typing import NDArray

from onrecord.dedup.fingerprints import TEXT_BITS
from onrecord.kernel import kernel

#: A fingerprint that stands in more texts than this is a phrase of its trade: its texts are
#: linked to their longest member and to their neighbours instead of all with all.
LONGEST_RUN = 16
#: Share of the shorter text's fingerprints that a pair must have in common.
SHARED = 0.10


@kernel
def _pairs(prints, texts, sizes, longest_run):
    """One uint64 word (lower text << 32 | higher text) for each shared fingerprint."""
    room = np.int64(0)
    i = 0
    while i < prints.size:
        j = i + 1
        while j < prints.size and prints[j] == prints[i]:
            j += 1
        run = j - i
        room += run * (run - 1) // 2 if run <= longest_run else 2 * run
        i = j
    words = np.empty(room, np.uint64)
    n = 0
    i = 0
    while i < prints.size:
        j = i + 1
        while j < prints.size and prints[j] == prints[i]:
            j += 1
        if j - i <= longest_run:
            for a in range(i, j):
                for b in range(a + 1, j):
                    words[n] = (np.uint64(texts[a]) << np.uint64(32)) | np.uint64(texts[b])
                    n += 1
        else:
            longest = texts[i]
            for a in range(i + 1, j):
                if sizes[texts[a]] > sizes[longest]:
                    longest = texts[a]
            for a in range(i, j):
                low, high = min(texts[a], longest), max(texts[a], longest)
                if low != high:
                    words[n] = (np.uint64(low) << np.uint64(32)) | np.uint64(high)
                    n += 1
                if a + 1 < j and texts[a] != longest and texts[a + 1] != longest:
                    words[n] = (np.uint64(texts[a]) << np.uint64(32)) | np.uint64(texts[a + 1])
                    n += 1
        i = j
    return words[:n].copy()


def candidates(
    words: NDArray[np.uint64], sizes: NDArray[np.int64]
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Pairs of texts that share enough fingerprints.

    Args:
        words: uint64[n], fingerprints with their texts, sorted (see ``fingerprints``).
        sizes: int64[texts], tokens of each text.

    Returns:
        int32[pairs] shorter text, int32[pairs] longer text; sorted by the longer one, so
        that the verifier prepares each longer text once.
    """
    prints = words >> np.uint64(TEXT_BITS)
    texts = (words & np.uint64((1 << TEXT_BITS) - 1)).astype(np.int32)
    counts = np.bincount(texts, minlength=sizes.size)
    found = _pairs(prints, texts, sizes, LONGEST_RUN)
    found.sort()
    edges = np.flatnonzero(np.concatenate((np.ones(1, np.bool_), found[1:] != found[:-1])))
    edges = edges[: found.size]
    shared = np.diff(np.append(edges, found.size))
    found = found[edges]
    a = (found >> np.uint64(32)).astype(np.int32)
    b = (found & np.uint64(0xFFFFFFFF)).astype(np.int32)
    enough = shared >= SHARED * np.minimum(counts[a], counts[b])
    a, b = a[enough], b[enough]
    swap = sizes[a] > sizes[b]
    a, b = np.where(swap, b, a), np.where(swap, a, b)
    order = np.lexsort((a, b))
    return a[order], b[order]
