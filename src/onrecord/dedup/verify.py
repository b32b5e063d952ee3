"""Verify every candidate pair on its tokens: coverage both ways, alignment, guard.

A token of one text is *covered* by another text when it and a neighbour of it stand there side
by side (2-token shingles). The share of covered tokens is Broder's containment ("On the
resemblance and containment of documents", SEQUENCES 1997), counted in tokens.
"""

import itertools
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from onrecord.dedup.align import align
from onrecord.dedup.exact import Texts
from onrecord.dedup.guard import judge, same_sentences, says_nothing_within
from onrecord.dedup.passages import MOVED, WORDING
from onrecord.dedup.repeats import repeated_ends
from onrecord.kernel import kernel
from onrecord.parallel import in_order
from onrecord.text.tokens import CASELESS_WORD, SHOUTED

#: Version of the rules by which relations are found; published with every match.
RULE = "onrecord-dedup/3"

#: Two texts are near when each covers this share of the other …
NEAR = 0.66
#: … and this share of the longer one's words (as a bag) stands in the other.
BAG = 0.70
#: Two texts that cover each other to this share only, with words in common like near ones,
#: are linked as variants: an edited text, a template filled in otherwise.
LINKED = 0.50
#: A text is contained when its container covers this share of it …
CONTAINED = 0.80
#: … and at least so many of its tokens.
CONTAINED_TOKENS = 6
#: Share of a text's tokens from which its script or its capitals hide names.
HIDES_NAMES = 0.5

#: Codes of `Pairs.relation`.
NONE, NEAR_COPY, A_IN_B, B_IN_A, VARIANT = range(5)

_FREQUENCY_SLOTS = 1 << 22
#: Candidates are verified in pieces of about so many pairs.
PIECE = 8192


class View(NamedTuple):
    """What the kernels need of the texts.

    Attributes:
        first: int64[texts], first token in the arrays of all tokens.
        size: int64[texts], number of tokens.
        core: int64[texts], number of tokens before the text starts to repeat its own end.
        hashes, flags: of all tokens.
        strict: bool[texts], whether names can't be told from other words.
        frequency: uint8[slots], in how many places a token stands, by its hash; at most 255.
        folded: uint8, the keys of the blocks.
        folded_first: int64[texts], where the text's key begins.
    """

    first: NDArray[np.int64]
    size: NDArray[np.int64]
    core: NDArray[np.int64]
    hashes: NDArray[np.uint64]
    flags: NDArray[np.uint16]
    strict: NDArray[np.bool_]
    frequency: NDArray[np.uint8]
    folded: NDArray[np.uint8]
    folded_first: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Pairs:
    """Verified pairs of texts; `a` is the shorter one.

    Attributes:
        a, b: int32[pairs], the texts.
        relation: uint8[pairs], NEAR_COPY | A_IN_B | B_IN_A | VARIANT.
        coverage_a, coverage_b: float64[pairs], the share of its tokens the other covers.
        difference: uint8[pairs], code in ``passages.DIFFERENCES``.
        a_span, b_span: int32[pairs, 2], tokens from the first to behind the last that match.
        a_words, b_words: int32[pairs, 2], the tokens that part.
    """

    a: NDArray[np.int32]
    b: NDArray[np.int32]
    relation: NDArray[np.uint8]
    coverage_a: NDArray[np.float64]
    coverage_b: NDArray[np.float64]
    difference: NDArray[np.uint8]
    a_span: NDArray[np.int32]
    b_span: NDArray[np.int32]
    a_words: NDArray[np.int32]
    b_words: NDArray[np.int32]


@kernel
def _strict(first, size, flags, trusted, frequency, hashes):
    """Whether names hide in each text; counts all tokens into `frequency` on the way."""
    strict = np.zeros(size.size, np.bool_)
    mask = np.uint64(frequency.size - 1)
    for t in range(size.size):
        hidden = 0
        for i in range(first[t], first[t] + size[t]):
            if flags[i] & (CASELESS_WORD | SHOUTED):
                hidden += 1
            slot = hashes[i] & mask
            if frequency[slot] < 255:
                frequency[slot] += 1
        strict[t] = not trusted[t] or hidden >= HIDES_NAMES * size[t]
    return strict


@kernel
def _pair_hash(x, y):
    h = (x ^ (y >> np.uint64(32)) ^ (y << np.uint64(32))) * np.uint64(0xFF51AFD7ED558CCD)
    h ^= h >> np.uint64(33)
    return h if h != np.uint64(0) else np.uint64(1)


@kernel
def _fill(table, hashes, first, size):
    """Empty `table` (uint64, a power of two of slots) and put a text's 2-token shingles in."""
    table[:] = 0
    mask = np.uint64(table.size - 1)
    for i in range(first, first + size - 1):
        h = _pair_hash(hashes[i], hashes[i + 1])
        slot = h & mask
        while table[slot] and table[slot] != h:
            slot = (slot + np.uint64(1)) & mask
        table[slot] = h


@kernel
def _slots(size):
    slots = 16
    while slots < 2 * size:
        slots *= 2
    return slots


@kernel
def _cover(table, hashes, first, size, covered):
    """Mark the tokens of a text that the text in `table` covers; return how many."""
    mask = np.uint64(table.size - 1)
    covered[:size] = False
    for i in range(size - 1):
        h = _pair_hash(hashes[first + i], hashes[first + i + 1])
        slot = h & mask
        while table[slot] and table[slot] != h:
            slot = (slot + np.uint64(1)) & mask
        if table[slot]:
            covered[i] = True
            covered[i + 1] = True
    n = 0
    for i in range(size):
        n += covered[i]
    return n


@kernel
def _settle(covered, size, start, end, shortest):
    """Unmark covered tokens that lie outside [start, end) in runs shorter than `shortest`.

    There, words stand in both texts by chance. Returns how many tokens stay covered.
    """
    n = 0
    i = 0
    while i < size:
        stop = i + 1
        if covered[i]:
            inside = start <= i < end
            while stop < size and covered[stop] and (start <= stop < end) == inside:
                stop += 1
            if inside or stop - i >= shortest:
                n += stop - i
            else:
                covered[i:stop] = False
        i = stop
    return n


@kernel
def _share_words(hashes, a, n, b, m, runs):
    """Whether BAG of the longer one's tokens stand in the other, each counted once."""
    if min(n, m) / max(n, m) < BAG:
        return False
    aligned = 0
    for k in range(runs.shape[0]):
        aligned += runs[k, 2]
    if aligned / max(n, m) >= BAG:
        return True  # as nearly always; sorting takes longer than all the rest
    x = np.sort(hashes[a : a + n])
    y = np.sort(hashes[b : b + m])
    i, j, both = 0, 0, 0
    while i < n and j < m:
        if x[i] == y[j]:
            both += 1
            i += 1
            j += 1
        elif x[i] < y[j]:
            i += 1
        else:
            j += 1
    return both / max(n, m) >= BAG


@kernel
def _verify(view, pair_a, pair_b):
    """See `verify`; the arrays of `Pairs` for all candidates."""
    n_pairs = pair_a.size
    relation = np.zeros(n_pairs, np.uint8)
    coverage_a = np.zeros(n_pairs, np.float64)
    coverage_b = np.zeros(n_pairs, np.float64)
    difference = np.zeros(n_pairs, np.uint8)
    spans = np.zeros((n_pairs, 8), np.int32)
    longest = np.int64(1)
    for t in range(view.size.size):
        longest = max(longest, view.size[t])
    covered_a = np.zeros(longest, np.bool_)
    covered_b = np.zeros(longest, np.bool_)
    room_a = np.zeros(_slots(longest), np.uint64)
    room_b = np.zeros(_slots(longest), np.uint64)
    table_b = room_b[:16]
    loaded = -1
    for p in range(n_pairs):
        a, b = pair_a[p], pair_b[p]
        if b != loaded:
            table_b = room_b[: _slots(view.size[b])]
            _fill(table_b, view.hashes, view.first[b], view.size[b])
            loaded = b
        n_a = _cover(table_b, view.hashes, view.first[a], view.size[a], covered_a)
        of_a = n_a / view.size[a]
        if of_a < LINKED:
            continue
        table_a = room_a[: _slots(view.size[a])]
        _fill(table_a, view.hashes, view.first[a], view.size[a])
        n_b = _cover(table_a, view.hashes, view.first[b], view.size[b], covered_b)
        of_b = n_b / view.size[b]
        if of_a < CONTAINED and of_b < LINKED:
            continue
        runs = align(
            view.hashes,
            view.first[a],
            view.core[a],
            covered_a,
            view.first[b],
            view.core[b],
            covered_b,
        )
        if runs.shape[0] == 0:
            continue
        # From here on, what is covered by chance far from the alignment counts no more.
        last = runs.shape[0] - 1
        n_a = _settle(covered_a, view.size[a], runs[0, 0], runs[last, 0] + runs[last, 2], MOVED)
        n_b = _settle(covered_b, view.size[b], runs[0, 1], runs[last, 1] + runs[last, 2], MOVED)
        of_a, of_b = n_a / view.size[a], n_b / view.size[b]
        coverage_a[p] = of_a
        coverage_b[p] = of_b
        linked = min(of_a, of_b) >= LINKED and _share_words(
            view.hashes, view.first[a], view.core[a], view.first[b], view.core[b], runs
        )
        near = linked and min(of_a, of_b) >= NEAR
        a_fits = of_a >= CONTAINED and n_a >= CONTAINED_TOKENS
        b_fits = of_b >= CONTAINED and n_b >= CONTAINED_TOKENS
        if not linked and not a_fits and not b_fits:
            continue
        strict = view.strict[a] or view.strict[b]
        a_in_b, b_in_a, ends_agree, code, w0, w1, w2, w3 = judge(
            view, a, covered_a, b, covered_b, runs, strict
        )
        if not (near and a_in_b and b_in_a and ends_agree):
            if not (a_in_b and b_in_a and ends_agree):
                same_a, same_b = same_sentences(view, a, b)
                a_in_b |= same_a
                b_in_a |= same_b
                ends_agree |= same_a and same_b
            end = runs[last, 1] + runs[last, 2]
            if a_in_b and says_nothing_within(view, a, b, runs[0, 1], end):
                a_in_b = False
                if not linked:
                    continue
        if near and a_in_b and b_in_a and ends_agree:
            relation[p] = NEAR_COPY
        elif a_fits and a_in_b:
            relation[p] = A_IN_B
        elif b_fits and b_in_a:
            relation[p] = B_IN_A
        else:
            relation[p] = VARIANT
            code = code if code else WORDING
        difference[p] = code
        spans[p, 0] = runs[0, 0]
        spans[p, 1] = runs[last, 0] + runs[last, 2]
        spans[p, 2] = runs[0, 1]
        spans[p, 3] = runs[last, 1] + runs[last, 2]
        spans[p, 4] = w0
        spans[p, 5] = w1
        spans[p, 6] = w2
        spans[p, 7] = w3
    return relation, coverage_a, coverage_b, difference, spans


def view(texts: Texts, rows: NDArray[np.int64]) -> View:
    """Gather what verification needs.

    Args:
        texts: every distinct text.
        rows: int64[n], those that take part; from here on they are numbered 0 to n - 1.
    """
    first = texts.first[rows]
    size = texts.first[rows + 1] - first
    core = repeated_ends(first, size, texts.hashes, texts.flags)
    frequency = np.zeros(_FREQUENCY_SLOTS, np.uint8)
    strict = _strict(first, size, texts.flags, texts.trusted[rows], frequency, texts.hashes)
    return View(
        first,
        size,
        core,
        texts.hashes,
        texts.flags,
        strict,
        frequency,
        texts.folded,
        texts.folded_first[rows],
    )


def _pieces(b: NDArray[np.int32]) -> list[slice]:
    """Cut candidates into pieces of some size that keep each longer text in one piece."""
    bounds = [0]
    while bounds[-1] < b.size:
        end = min(bounds[-1] + PIECE, b.size)
        while end < b.size and b[end] == b[end - 1]:
            end += 1
        bounds.append(end)
    return [slice(start, end) for start, end in itertools.pairwise(bounds)]


def verify(texts: View, a: NDArray[np.int32], b: NDArray[np.int32], threads: int = 1) -> Pairs:
    """Verify candidate pairs.

    Args:
        texts: as `view` gathers it.
        a, b: int32[candidates], shorter and longer text, sorted by the longer.
        threads: how many work at once.

    Returns:
        The pairs that stand in a relation; all others are left out.
    """
    pieces = _pieces(b) or [slice(0, 0)]
    found = in_order(lambda piece: _found(texts, a[piece], b[piece]), pieces, threads)
    return Pairs(*(np.concatenate(column) for column in zip(*found, strict=True)))


def _found(
    texts: View, a: NDArray[np.int32], b: NDArray[np.int32]
) -> tuple[NDArray[np.generic], ...]:
    """The columns of `Pairs` for one piece of the candidates."""
    relation, of_a, of_b, difference, spans = _verify(texts, a, b)
    found = relation != NONE
    spans = spans[found]
    return (
        a[found],
        b[found],
        relation[found],
        of_a[found],
        of_b[found],
        difference[found],
        spans[:, 0:2],
        spans[:, 2:4],
        spans[:, 4:6],
        spans[:, 6:8],
    )


@kernel
def _covered_by(texts, offsets, text, target, spans, shortest):
    """See `covered_by`."""
    starts = np.zeros(text.size + 1, np.int64)
    longest = np.int64(1)
    for k in range(text.size):
        starts[k + 1] = starts[k] + texts.size[text[k]]
        longest = max(longest, texts.size[text[k]])
    for other in target:
        longest = max(longest, texts.size[other])
    result = np.zeros(starts[-1], np.bool_)
    covered = np.zeros(longest, np.bool_)
    room = np.zeros(_slots(longest), np.uint64)
    for k in range(text.size):
        size = texts.size[text[k]]
        for row in range(offsets[k], offsets[k + 1]):
            other = target[row]
            table = room[: _slots(texts.size[other])]
            _fill(table, texts.hashes, texts.first[other], texts.size[other])
            _cover(table, texts.hashes, texts.first[text[k]], size, covered)
            _settle(covered, size, spans[row, 0], spans[row, 1], shortest[k])
            for i in range(size):
                result[starts[k] + i] |= covered[i]
    return starts, result


def covered_by(
    texts: View,
    offsets: NDArray[np.int64],
    text: NDArray[np.int32],
    target: NDArray[np.int32],
    spans: NDArray[np.int32],
    shortest: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Which tokens of some texts others cover.

    Args:
        texts: as `view` gathers it.
        offsets: int64[n + 1], which rows of `target` and `spans` belong to each text.
        text: int32[n], the texts.
        target: int32[rows], texts that may cover them.
        spans: int32[rows, 2], the tokens of the text from the first to behind the last that
            are aligned with the target. Outside, words may stand in both by chance:
        shortest: int64[n], so many covered tokens in a row count there.

    Returns:
        int64[n + 1] offsets and bool[tokens]: whether each token of each text is covered.
    """
    starts, covered = _covered_by(texts, offsets, text, target, spans, shortest)
    return starts, covered
