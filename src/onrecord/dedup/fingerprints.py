"""Choose a few shingle hashes of each text, the same ones wherever the same words stand.

Winnowing (Schleimer, Wilkerson, Aiken 2003, section 3): of every window of consecutive
shingle hashes the smallest is kept, the rightmost where several are smallest. With shingles
of 5 tokens and windows of 4, any run of 5 + 4 - 1 = 8 tokens that two texts share gives them
a fingerprint in common. A slip of the pen in every fifth word leaves a short text no run of 8, so
short texts keep all their shingles.
"""

import numpy as np
from numpy.typing import NDArray

from onrecord.kernel import kernel
from onrecord.parallel import in_order

SHINGLE = 5
WINDOW = 4
#: Texts of up to so many tokens keep every shingle.
SHORT_TEXT = 24
#: Texts are worked on in pieces of so many.
PIECE = 32_768
#: Shorter texts have no fingerprint: they repeat only exactly.
SHORTEST = SHINGLE + WINDOW - 1


#: A fingerprint and its text share one word of 64 bits: the hash in front, the text behind.
TEXT_BITS = 28


@kernel
def _mixed(h):
    """Spread a hash over all its bits, so that the smallest of a window is a random one."""
    h ^= h >> np.uint64(32)
    h *= np.uint64(0xFF51AFD7ED558CCD)
    return h ^ (h >> np.uint64(29))


@kernel
def _turned(h, by):
    """A 64-bit word turned left by some bits."""
    return (h << np.uint64(by)) | (h >> np.uint64(64 - by))


@kernel
def _winnow(first, size, begin, end, hashes, shingle, window):
    """Fingerprint words of the texts [begin, end), in the order of the texts."""
    room = np.int64(0)
    for t in range(begin, end):
        room += size[t]
    words = np.empty(room, np.uint64)
    n = 0
    recent = np.empty(window, np.uint64)
    low = np.uint64((1 << TEXT_BITS) - 1)
    for t in range(begin, end):
        if size[t] < shingle + window - 1:
            continue
        rolling = np.uint64(0)
        for k in range(shingle - 1):
            rolling = _turned(rolling, 1) ^ hashes[first[t] + k]
        chosen = np.int64(-1)  # the shingle chosen in the window before
        best = np.int64(-1)
        thin = size[t] > SHORT_TEXT
        for s in range(size[t] - shingle + 1):
            rolling = _turned(rolling, 1) ^ hashes[first[t] + s + shingle - 1]
            recent[s % window] = _mixed(rolling)
            rolling ^= _turned(hashes[first[t] + s], shingle - 1)
            if not thin:
                words[n] = (recent[s % window] & ~low) | np.uint64(t)
                n += 1
                continue
            if best < 0:
                best = np.int64(s)
            elif best <= s - window:  # the smallest left the window: look at all of it
                best = np.int64(s - window + 1)
                for k in range(best + 1, s + 1):
                    if recent[k % window] <= recent[best % window]:
                        best = np.int64(k)
            elif recent[s % window] <= recent[best % window]:
                best = np.int64(s)
            if s >= window - 1 and best != chosen:
                chosen = best
                words[n] = (recent[best % window] & ~low) | np.uint64(t)
                n += 1
    return words[:n].copy()


def winnow(
    first: NDArray[np.int64],
    size: NDArray[np.int64],
    hashes: NDArray[np.uint64],
    threads: int = 1,
) -> NDArray[np.uint64]:
    """Fingerprints of texts.

    Args:
        first, size: int64[texts], first token and number of tokens of each.
        hashes: uint64[tokens].
        threads: how many work at once.

    Returns:
        uint64[n], sorted and without repeats: the upper bits are the fingerprint, the lowest
        TEXT_BITS the text. Two shingles that only share these bits cost one verification.
    """
    if size.size >= 1 << TEXT_BITS:
        raise ValueError(f"more than {1 << TEXT_BITS:,} distinct texts")
    pieces = range(0, max(1, size.size), PIECE)
    found = in_order(
        lambda at: _winnow(first, size, at, min(at + PIECE, size.size), hashes, SHINGLE, WINDOW),
        pieces,
        threads,
    )
    words = np.concatenate(list(found))
    words.sort()
    fresh = np.ones(words.size, np.bool_)
    fresh[1:] = words[1:] != words[:-1]
    return words[fresh]
