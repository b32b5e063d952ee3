"""Align two token sequences, preferring unbroken runs that lie close together.

A local alignment (Smith and Waterman, "Identification of common molecular subsequences", 1981)
without mismatches: a token matches its like or stands in a gap. A match that continues a run
scores more than one that starts a run, and every token in a gap costs a little, so that a word
is not matched far away from its neighbours. What sticks out at the ends costs nothing. Only
*covered* tokens may match (see ``verify``): a word that shares no neighbour with the other
text says nothing about where it belongs.
"""

import numpy as np

from onrecord.kernel import kernel

#: Pairs whose differing middles need more cells than this are not aligned.
MOST_CELLS = 64_000_000
#: A run at either end that is shorter than this and lies apart from the rest is a coincidence.
WEAK_RUN = 3
#: Scores: a match, one that continues a run, a token in a gap.
_MATCH, _CONTINUED, _GAP = 128, 192, -1

_FROM_MATCH, _FROM_ABOVE, _FROM_LEFT, _START, _CONTINUES = 0, 1, 2, 3, 4


@kernel
def _matches(hashes, a, covered_a, b, covered_b, i, j):
    return covered_a[i] and covered_b[j] and hashes[a + i] == hashes[b + j]


@kernel
def _drop_weak_ends(starts_a, starts_b, lengths, n):
    """Leave out short runs at the ends that lie apart; return (first run, run after last)."""
    low, high = 0, n
    while high - low > 1 and lengths[low] < WEAK_RUN:
        gap_a = starts_a[low + 1] - starts_a[low] - lengths[low]
        gap_b = starts_b[low + 1] - starts_b[low] - lengths[low]
        if max(gap_a, gap_b) <= lengths[low] + 2:
            break
        low += 1
    while high - low > 1 and lengths[high - 1] < WEAK_RUN:
        gap_a = starts_a[high - 1] - starts_a[high - 2] - lengths[high - 2]
        gap_b = starts_b[high - 1] - starts_b[high - 2] - lengths[high - 2]
        if max(gap_a, gap_b) <= lengths[high - 1] + 2:
            break
        high -= 1
    return low, high


@kernel
def align(hashes, a, n, covered_a, b, m, covered_b):
    """Align ``hashes[a : a + n]`` with ``hashes[b : b + m]``.

    Args:
        hashes: uint64, token hashes of all texts.
        a, n: first token and number of tokens of one text.
        covered_a: bool[>= n], which of its tokens may match.
        b, m, covered_b: the same of the other text.

    Returns:
        int64[k, 3]: the runs that match, as (token of a, token of b, length), ascending;
        k = 0 where nothing matches or the texts are too long to be aligned.
    """
    head = 0
    while head < n and head < m and _matches(hashes, a, covered_a, b, covered_b, head, head):
        head += 1
    tail = 0
    while (
        tail < n - head
        and tail < m - head
        and _matches(hashes, a, covered_a, b, covered_b, n - 1 - tail, m - 1 - tail)
    ):
        tail += 1
    rows, columns = n - head - tail, m - head - tail
    if (rows + 1) * (columns + 1) > MOST_CELLS:
        return np.empty((0, 3), np.int64)
    partner = np.full(n, -1, np.int64)
    for i in range(head):
        partner[i] = i
    for i in range(tail):
        partner[n - 1 - i] = m - 1 - i
    # A common head or tail holds the alignment there; without one that end is free.
    open_gap = _GAP if head else 0
    trace = np.zeros((rows + 1, columns + 1), np.uint8)
    trace[0, :] = _FROM_LEFT if head else _START
    trace[:, 0] = _FROM_ABOVE if head else _START
    worst = np.int32(-(1 << 30))
    best = np.empty(columns + 1, np.int32)  # row above, then this row
    for j in range(columns + 1):
        best[j] = open_gap * j
    match = np.full(columns + 1, worst, np.int32)
    if head:
        match[0] = 0  # a match right behind the common head continues it
    top, top_i, top_j = np.int32(0), 0, 0
    for i in range(1, rows + 1):
        diagonal_best, diagonal_match = best[0], match[0]
        best[0] = open_gap * i
        match[0] = worst
        for j in range(1, columns + 1):
            above_best, above_match = best[j], match[j]
            here = worst
            step = 0
            if _matches(
                hashes, a + head, covered_a[head:], b + head, covered_b[head:], i - 1, j - 1
            ):
                here = diagonal_best + _MATCH
                if diagonal_match + _CONTINUED >= here:
                    here = diagonal_match + _CONTINUED
                    step = _CONTINUES
            score, source = here, _FROM_MATCH
            if best[j - 1] + _GAP > score:
                score, source = best[j - 1] + _GAP, _FROM_LEFT
            if above_best + _GAP > score:
                score, source = above_best + _GAP, _FROM_ABOVE
            if not head and score <= 0:
                score, source = np.int32(0), _START
            trace[i, j] = source | step
            diagonal_best, diagonal_match = above_best, above_match
            best[j], match[j] = score, here
            if score > top:
                top, top_i, top_j = score, i, j
    i, j = (rows, columns) if tail else (top_i, top_j)
    forced = False  # the match before must be taken, because this one continues it
    while i > 0 and j > 0:
        cell = trace[i, j]
        if forced or cell & 3 == _FROM_MATCH:
            partner[head + i - 1] = head + j - 1
            forced = cell & _CONTINUES != 0
            i -= 1
            j -= 1
        elif cell & 3 == _START:
            break
        elif cell & 3 == _FROM_ABOVE:
            i -= 1
        else:
            j -= 1
    starts_a = np.empty(n, np.int64)
    starts_b = np.empty(n, np.int64)
    lengths = np.empty(n, np.int64)
    k = 0
    for i in range(n):
        if partner[i] < 0:
            continue
        if i > 0 and partner[i - 1] >= 0 and partner[i] == partner[i - 1] + 1:
            lengths[k - 1] += 1
        else:
            starts_a[k], starts_b[k], lengths[k] = i, partner[i], 1
            k += 1
    low, high = _drop_weak_ends(starts_a, starts_b, lengths, k)
    runs = np.empty((high - low, 3), np.int64)
    for i in range(low, high):
        runs[i - low, 0] = starts_a[i]
        runs[i - low, 1] = starts_b[i]
        runs[i - low, 2] = lengths[i]
    return runs
