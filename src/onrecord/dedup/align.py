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
#: So long a common head or tail is taken for aligned without a look at the rest.
ANCHOR = 8
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
def _kept(hashes, covered, first, start, end):
    """(positions, hashes) of the covered tokens [start, end) of a text: only they can match."""
    positions = np.empty(end - start, np.int64)
    values = np.empty(end - start, np.uint64)
    n = 0
    for i in range(start, end):
        if covered[i]:
            positions[n] = i
            values[n] = hashes[first + i]
            n += 1
    return positions[:n], values[:n]


@kernel
def _align_middle(at_a, of_a, at_b, of_b, head, anchored, partner):
    """Align the covered tokens between a common head and tail; write their `partner`.

    Args:
        at_a, of_a: positions and hashes of the covered tokens of one text.
        at_b, of_b: the same of the other.
        head: length of the common head; it holds the alignment at its start where > 0.
        anchored: whether a common tail holds it at its end.
        partner: int64[n], written: for each token of a the token of b that it matches.

    A cell (i, j) stands for all tokens up to at_a[i] and at_b[j]. What is not covered costs
    its share of the gap and needs no cell of its own.
    """
    rows, columns = at_a.size, at_b.size
    trace = np.empty((rows + 1, columns + 1), np.uint8)
    trace[0, :] = _FROM_LEFT if head else _START
    trace[:, 0] = _FROM_ABOVE if head else _START
    worst = np.int32(-(1 << 30))
    best = np.zeros(columns + 1, np.int32)  # row above, then this row
    match = np.full(columns + 1, worst, np.int32)
    step_b = np.empty(columns + 1, np.int32)  # tokens from one column to the next
    for j in range(1, columns + 1):
        step_b[j] = at_b[j - 1] - (at_b[j - 2] if j > 1 else head - 1)
        if head:
            best[j] = best[j - 1] + _GAP * step_b[j]
    top, top_i, top_j = np.int32(0), 0, 0
    for i in range(1, rows + 1):
        value = of_a[i - 1]
        step_a = np.int32(at_a[i - 1] - (at_a[i - 2] if i > 1 else head - 1))
        diagonal_best, diagonal_match = best[0], match[0]
        left = best[0] + _GAP * step_a if head else np.int32(0)
        best[0] = left
        for j in range(1, columns + 1):
            above_best, above_match = best[j], match[j]
            here = worst
            step = 0
            if of_b[j - 1] == value:
                here = diagonal_best + _GAP * (step_a + step_b[j] - 2)
                if not head and here < 0:
                    here = np.int32(0)
                here += _MATCH
                if step_a == 1 and step_b[j] == 1 and diagonal_match + _CONTINUED >= here:
                    here = diagonal_match + _CONTINUED
                    step = _CONTINUES
            score, source = here, _FROM_MATCH
            left += _GAP * step_b[j]
            if left > score:
                score, source = left, _FROM_LEFT
            above = above_best + _GAP * step_a
            if above > score:
                score, source = above, _FROM_ABOVE
            if not head and score <= 0:
                score, source = np.int32(0), _START
            trace[i, j] = source | step
            diagonal_best, diagonal_match = above_best, above_match
            best[j], match[j] = score, here
            left = score
            if score > top:
                top, top_i, top_j = score, i, j
    i, j = (rows, columns) if anchored else (top_i, top_j)
    forced = False  # the match before must be taken, because this one continues it
    while i > 0 and j > 0:
        cell = trace[i, j]
        if forced or cell & 3 == _FROM_MATCH:
            partner[at_a[i - 1]] = at_b[j - 1]
            forced = cell & _CONTINUES != 0
            i -= 1
            j -= 1
        elif cell & 3 == _START:
            break
        elif cell & 3 == _FROM_ABOVE:
            i -= 1
        else:
            j -= 1


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
    # A few words at the edge of a longer text may stand nearer to the rest of the match, too.
    if head < ANCHOR and head < n:
        head = 0
    if tail < ANCHOR and tail < n - head:
        tail = 0
    partner = np.full(n, -1, np.int64)
    for i in range(head):
        partner[i] = i
    for i in range(tail):
        partner[n - 1 - i] = m - 1 - i
    if head + tail < n and head + tail < m:
        at_a, of_a = _kept(hashes, covered_a, a, head, n - tail)
        at_b, of_b = _kept(hashes, covered_b, b, head, m - tail)
        if (at_a.size + 1) * (at_b.size + 1) > MOST_CELLS:
            return np.empty((0, 3), np.int64)
        _align_middle(at_a, of_a, at_b, of_b, head, tail > 0, partner)
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
