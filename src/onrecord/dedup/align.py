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

#: Pairs in whose differing middles alike tokens meet in more places are not aligned: tables full
#: of one figure.
MOST_POINTS = 4_000_000
#: A run at either end that is shorter than this and lies apart from the rest is a coincidence.
WEAK_RUN = 3
#: So long a common head or tail is taken for aligned without a look at the rest.
ANCHOR = 8
#: Scores: a match, one that continues a run. A token in a gap costs 1.
_MATCH, _CONTINUED = 128, 192
_NO_SCORE = -(1 << 60)
#: Columns of the points at which tokens match: its place among the covered tokens of either text,
#: the point before it on the best way there or -1, and the score of that way.
_ROW, _COLUMN, _BEFORE, _SCORE = range(4)


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
def _places(values):
    """Where to find equal hashes: (slots, following).

    The slot of a hash, see `_slot`, has the first column with it; ``following`` leads from each
    column to the next one with the same hash. Both end with -1.
    """
    size = 16
    while size < 2 * values.size:
        size *= 2
    slots = np.full(size, -1, np.int32)
    following = np.empty(values.size, np.int32)
    for j in range(values.size - 1, -1, -1):
        slot = _slot(slots, values, values[j])
        following[j] = slots[slot]
        slots[slot] = j
    return slots, following


@kernel
def _slot(slots, values, value):
    """The slot of a hash, or an empty one where no column has it."""
    mask = np.uint64(slots.size - 1)
    slot = value & mask
    while slots[slot] >= 0 and values[slots[slot]] != value:
        slot = (slot + np.uint64(1)) & mask
    return slot


@kernel
def _with_room(points, size):
    """`points`, or a copy of it that has room for `size` rows."""
    if size <= points.shape[0]:
        return points
    larger = np.empty((max(size, 2 * points.shape[0]), points.shape[1]), points.dtype)
    larger[: points.shape[0]] = points
    return larger


@kernel
def _best_before(tree, points, column):
    """(score, point) of the best of the points in `tree` left of a column: the first of equals."""
    score, best = _NO_SCORE, -1
    while column > 0:
        point = tree[column]
        if point >= 0 and points[point, _SCORE] >= score:
            score, best = points[point, _SCORE], point
        column -= column & -column
    return score, best


@kernel
def _put(tree, points, point):
    """Put a point into `tree`, which has those of the rows above."""
    column = points[point, _COLUMN]
    node = column + 1
    while node < tree.size:
        other = tree[node]
        ahead = points[point, _SCORE] - (points[other, _SCORE] if other >= 0 else _NO_SCORE)
        if ahead > 0 or (ahead == 0 and column <= points[other, _COLUMN]):
            tree[node] = point
        node += node & -node


@kernel
def _align_middle(at_a, of_a, at_b, of_b, head, anchored, partner):
    """Align the covered tokens between a common head and tail; write their `partner`.

    Args:
        at_a, of_a: positions and hashes of the covered tokens of one text.
        at_b, of_b: the same of the other.
        head: length of the common head; it holds the alignment at its start where > 0.
        anchored: whether a common tail holds it at its end.
        partner: int64[n], written: for each token of a the token of b that it matches.

    Returns:
        Whether it was done: False where too many tokens are alike.

    Only the points where a token meets its like are looked at, row by row: the sparse dynamic
    programming of Eppstein, Galil, Giancarlo and Italiano ("Sparse dynamic programming I",
    Journal of the ACM, 1992). Both positions are added to every score, and with that a gap costs
    nothing: the best way to a point is by the best of all points above and left of it. A tree
    over the columns knows that one (Fenwick, "A new data structure for cumulative frequency
    tables", 1994). At a tie it is one of the row right above, the last of them, then one in the
    first column, the lowest of them.
    """
    rows, columns = at_a.size, at_b.size
    points = np.empty((rows + columns, 4), np.int64)
    slots, following = _places(of_b)
    tree = np.full(columns + 1, -1, np.int64)  # has all points but those of the row above
    above, here, n = 0, 0, 0  # the points of the row above are [above, here), of this [here, n)
    top, last = 0, -1
    for i in range(rows):
        nearest, score, chosen = above, _NO_SCORE, -1  # the best point of the row above, so far
        points = _with_room(points, n + columns)
        column = slots[_slot(slots, of_b, of_a[i])]
        while column >= 0:
            j = np.int64(column)
            column = following[j]
            while nearest < here and points[nearest, _COLUMN] < j:
                if points[nearest, _SCORE] >= score:
                    score, chosen = points[nearest, _SCORE], nearest
                nearest += 1
            best, before = _best_before(tree, points, j)
            if score >= best:
                best, before = score, chosen
            place = at_a[i] + at_b[j]
            if head:
                best = max(best, 2 * (head - 1))
            else:
                if before >= 0 and best <= at_a[i - 1] + at_b[j - 1]:
                    before = -1  # what leads here is not worth its gaps
                best = max(best, place - 2)
            best += _MATCH + 2
            run = nearest - 1
            if (
                run >= above
                and points[run, _COLUMN] == j - 1
                and at_a[i] == at_a[i - 1] + 1
                and at_b[j] == at_b[j - 1] + 1
                and points[run, _SCORE] + _CONTINUED + 2 >= best
            ):
                best, before = points[run, _SCORE] + _CONTINUED + 2, run
            points[n, _ROW], points[n, _COLUMN] = i, j
            points[n, _BEFORE], points[n, _SCORE] = before, best
            if best - place > top and not anchored:
                top, last = best - place, n
            n += 1
        if n > MOST_POINTS:
            return False
        for point in range(above, here):
            _put(tree, points, point)
        above, here = here, n
    if anchored:
        score, last = _best_before(tree, points, columns)
        for point in range(above, n):
            if points[point, _SCORE] >= score:
                score, last = points[point, _SCORE], point
        if last >= 0 and not head and score <= at_a[rows - 1] + at_b[columns - 1]:
            last = -1
    while last >= 0:
        partner[at_a[points[last, _ROW]]] = at_b[points[last, _COLUMN]]
        last = points[last, _BEFORE]
    return True


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
        if not _align_middle(at_a, of_a, at_b, of_b, head, tail > 0, partner):
            return np.empty((0, 3), np.int64)
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
