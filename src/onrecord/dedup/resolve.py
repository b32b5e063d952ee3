"""Decide which texts are kept and what stands for the others.

Greedy, in a fixed order, and only over directly verified pairs to a text that is kept: never
by connected components, because chains of near pairs erase data. Composites are set aside,
then come containers (longest first), then near copies (most preferred first); a text whose
container turned out to be a near copy of a third is resolved again at the end, or kept.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from onrecord.dedup.passages import MOVED
from onrecord.dedup.verify import A_IN_B, B_IN_A, NEAR_COPY, VARIANT, Pairs, View, covered_by
from onrecord.kernel import kernel

# What becomes of a text.
KEPT, NEAR, CONTAINED, COMPOSITE = range(4)

#: A composite is covered to this share by the paragraphs in it …
COMPOSITE_SHARE = 0.80
#: … which are at least so many, or at least two where the text is longer than this.
COMPOSITE_PARTS = 3
COMPOSITE_CHARACTERS = 2000


class Links(NamedTuple):
    """Verified relations, each seen from the text that may be removed.

    Attributes:
        text: int32[n], the text that may be removed.
        target: int32[n], the text that may stand for it.
        kind: uint8[n], NEAR or CONTAINED.
        coverage: float64[n], of the removed text by the target.
        other_coverage: float64[n], of the target by the removed text.
        span: int32[n, 2], tokens of the removed text from the first to behind the last that
            match.
        target_span: int32[n, 2], the same in the target.
    """

    text: NDArray[np.int32]
    target: NDArray[np.int32]
    kind: NDArray[np.uint8]
    coverage: NDArray[np.float64]
    other_coverage: NDArray[np.float64]
    span: NDArray[np.int32]
    target_span: NDArray[np.int32]

    def rows(self, which: NDArray[np.generic]) -> "Links":
        """Some of the rows, by index or mask."""
        return Links(*(column[which] for column in self))

    def reversed(self) -> "Links":
        """The same evidence seen from the targets."""
        return Links(
            self.target,
            self.text,
            self.kind,
            self.other_coverage,
            self.coverage,
            self.target_span,
            self.span,
        )


class Standings(NamedTuple):
    """What is known of each text besides its tokens; one entry a text.

    Attributes:
        preference: int64, rank of the canonical block; the lowest wins among copies.
        openness: uint8, 0 for the most open publication class; no text is ever removed in
            favour of one with a higher number.
        documents: int64, in how many documents it stands as a block of its own.
    """

    preference: NDArray[np.int64]
    openness: NDArray[np.uint8]
    documents: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Resolution:
    """What became of each text.

    Attributes:
        fate: uint8[texts], KEPT | NEAR | CONTAINED | COMPOSITE.
        evidence: sorted by text: one row for each text that is near or contained, the parts
            of each composite in their order.
        variants: int64[n], rows of `Pairs` that are variants with both texts kept.
    """

    fate: NDArray[np.uint8]
    evidence: Links
    variants: NDArray[np.int64]


def _links(pairs: Pairs) -> Links:
    """All relations by which a text may be removed; a near pair gives one each way."""
    forward = pairs.relation != VARIANT
    kind = np.where(pairs.relation == NEAR_COPY, NEAR, CONTAINED).astype(np.uint8)
    both = Links(
        pairs.a, pairs.b, kind, pairs.coverage_a, pairs.coverage_b, pairs.a_span, pairs.b_span
    )
    ahead = both.rows(forward & (pairs.relation != B_IN_A))
    back = both.reversed().rows(forward & (pairs.relation != A_IN_B))
    return _joined([ahead, back])


def _joined(parts: list[Links]) -> Links:
    """The rows of several tables of links."""
    return Links(*(np.concatenate([part[i] for part in parts]) for i in range(len(Links._fields))))


def _side_by_side(parts: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """Of parts of a text, as (start, end, row), those that lie side by side.

    Longest first; a part that overlaps those taken by more than a fifth of its length is
    left out.
    """
    taken: list[tuple[int, int, int]] = []
    for start, end, part in sorted(parts, key=lambda p: (p[0] - p[1], p)):
        overlap = sum(max(0, min(end, e) - max(start, s)) for s, e, _ in taken)
        if overlap <= (end - start) // 5:
            taken.append((start, end, part))
    return sorted(taken)


@kernel
def _choose(order, offsets, target, kind, allowed, fate, choice):
    """Give each text of `order` that is still kept its first allowed link to a kept text.

    The links of a text t are the rows offsets[t] to offsets[t + 1], best first. Writes `fate`
    and, in `choice`, the row.
    """
    for text in order:
        if fate[text] != KEPT:
            continue
        for row in range(offsets[text], offsets[text + 1]):
            if allowed[row] and fate[target[row]] == KEPT:
                fate[text] = kind[row]
                choice[text] = row
                break


@kernel
def _best_copies(offsets, target, allowed, fate, choice):
    """Let each near copy name the best of all kept texts that it is a copy of.

    Which of them are kept is settled. While it was not, only the more preferred ones could be
    named, and whether a text was published before is a part of that: the next release of the same
    input would name others.
    """
    for text in range(fate.size):
        if fate[text] != NEAR:
            continue
        for row in range(offsets[text], offsets[text + 1]):
            if allowed[row] and fate[target[row]] == KEPT:
                choice[text] = row
                break


def _offsets(texts: NDArray[np.int32], n: int) -> NDArray[np.int64]:
    """Where the rows of each of `n` texts begin, in a column of texts that is sorted."""
    return np.searchsorted(texts, np.arange(n + 1))


def resolve(pairs: Pairs, texts: View, standings: Standings, boilerplate: int) -> Resolution:
    """Decide the fate of every text.

    Args:
        pairs: verified relations.
        texts: the texts' tokens.
        standings: what else is known of them.
        boilerplate: a text that stands in at least so many documents, and in more than a
            longer one that has it too, is a paragraph of its own: a licence footer is not
            part of the one article that it got glued to.

    Returns:
        The fate of every text and the evidence.
    """
    n = texts.size.size
    fate = np.zeros(n, np.uint8)
    choice = np.full(n, -1, np.int64)
    preference, openness, documents = standings

    links = _links(pairs)
    text, target = links.text, links.target
    # Containers before copies, the best covering first, then the longest. At a tie the first of
    # the corpus: what was published before must not count here, see `_best_copies`.
    better = (target, -texts.size[target], -links.coverage, links.kind != CONTAINED)
    links = links.rows(np.lexsort((*better, text)))
    text, target = links.text, links.target
    offsets = _offsets(text, n)
    contained = links.kind == CONTAINED
    open_enough = openness[target] <= openness[text]
    stands_alone = (documents[text] >= boilerplate) & (documents[text] > documents[target])
    may_contain = contained & open_enough & ~stands_alone
    may_copy = ~contained & (preference[target] < preference[text])
    longest_first = np.lexsort((preference, -texts.size))

    # A text made of others never absorbs them, so it is set aside before anything else.
    composites = _Composites(links.rows(contained).reversed(), texts, standings)
    for composite in composites.candidates(longest_first):
        if composites.parts(composite, fate) is not None:
            fate[composite] = COMPOSITE

    def choose(order: NDArray[np.int64], allowed: NDArray[np.bool_]) -> None:
        _choose(order, offsets, target, links.kind, allowed, fate, choice)

    choose(longest_first, may_contain)
    choose(np.argsort(preference), may_copy)

    def choose_again(first: NDArray[np.bool_]) -> None:
        """Merge what may be into these texts; what they freed looks for another place.

        A container that gave way no longer stands for what it contained: what leaned on it
        looks for another container or copy, or is kept. Containers are longer, so that going
        from the longest to the shortest meets them first.
        """
        choose(longest_first, may_contain & first[target])
        orphan = (fate == CONTAINED) & (fate[target[choice]] != KEPT if target.size else False)
        fate[orphan], choice[orphan] = KEPT, -1
        choose(longest_first[orphan[longest_first]], may_contain | (~contained & open_enough))
        _revive(fate, choice, target)

    nothing = np.zeros(n, np.bool_)
    choose_again(nothing)
    # A composite is kept itself where its parts gave way to copies that were not compared with
    # it; then it may contain others, which may be parts of composites in their turn.
    while True:
        failed = nothing.copy()
        for composite in np.flatnonzero(fate == COMPOSITE).tolist():
            failed[composite] = composites.parts(composite, fate) is None
        if not failed.any():
            break
        fate[failed] = KEPT
        choose_again(failed)

    _best_copies(offsets, target, ~contained & open_enough, fate, choice)
    parts = []
    for composite in np.flatnonzero(fate == COMPOSITE).tolist():
        found = composites.parts(composite, fate)
        if found is not None:
            parts.append(found)
    evidence = _joined([links.rows(choice[choice >= 0]), *parts])
    evidence = evidence.rows(np.argsort(evidence.text, kind="stable"))
    both_kept = (pairs.relation == VARIANT) & (fate[pairs.a] == KEPT) & (fate[pairs.b] == KEPT)
    return Resolution(fate, evidence, np.flatnonzero(both_kept))


@kernel
def _characters(texts, rows):
    """About how many characters some texts have: those of their tokens, and a space for each."""
    counts = np.zeros(rows.size, np.int64)
    for k in range(rows.size):
        at = texts.folded_first[rows[k]]
        for _ in range(texts.size[rows[k]]):
            length = np.int64(0)
            for i in range(4):
                length |= np.int64(texts.folded[at + i]) << (8 * i)
            at += 4
            for i in range(length):
                counts[k] += texts.folded[at + i] & 0xC0 != 0x80
            at += length
            counts[k] += 1
    return counts


class _Composites:
    """Which texts may be made of others, and of which.

    `links` are seen from the composite: `text` has the part `target`.
    """

    def __init__(self, links: Links, texts: View, standings: Standings) -> None:
        open_enough = standings.openness[links.target] <= standings.openness[links.text]
        links = links.rows(open_enough)
        self._links = links.rows(np.lexsort((links.target, links.text)))
        self._offsets = _offsets(self._links.text, texts.size.size)
        self._texts = texts
        self._enough = np.full(texts.size.size, COMPOSITE_PARTS)
        two = np.flatnonzero(np.diff(self._offsets) >= 2)
        self._enough[two[_characters(texts, two) > COMPOSITE_CHARACTERS]] = 2

    def candidates(self, order: NDArray[np.int64]) -> list[int]:
        """Texts with parts enough in number and length, in the given order."""
        many = np.diff(self._offsets) >= self._enough
        length = (self._links.span[:, 1] - self._links.span[:, 0]).astype(np.int64)
        total = np.concatenate(([0], np.cumsum(length)))
        total = total[self._offsets[1:]] - total[self._offsets[:-1]]
        many &= total >= COMPOSITE_SHARE * self._texts.size
        chosen: list[int] = order[many[order]].tolist()
        return chosen

    def parts(self, text: int, fate: NDArray[np.uint8]) -> Links | None:
        """The kept texts that make up `text`, in their order; None where they don't."""
        rows = np.arange(self._offsets[text], self._offsets[text + 1])
        rows = rows[fate[self._links.target[rows]] == KEPT]
        enough = int(self._enough[text])
        if rows.size < enough:
            return None
        spans = self._links.span[rows].tolist()
        tiles = [(*span, row) for span, row in zip(spans, rows.tolist(), strict=True)]
        found = self._links.rows(np.array([row for _, _, row in _side_by_side(tiles)]))
        if found.text.size < enough:
            return None
        _, covered = coverage(self._texts, found, np.full(1, COMPOSITE, np.uint8))
        return found if covered.mean() >= COMPOSITE_SHARE else None


def coverage(
    texts: View, evidence: Links, fates: NDArray[np.uint8]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Which tokens of each removed text its evidence covers.

    Args:
        texts: the texts' tokens.
        evidence: sorted by text.
        fates: uint8[removed], what became of each text of the evidence.

    Returns:
        int64[removed + 1] offsets and bool[tokens], in the order of the texts.
    """
    removed, starts = np.unique(evidence.text, return_index=True)
    # A part of a composite covers its own place alone; elsewhere moved passages count.
    shortest = np.where(fates == COMPOSITE, texts.size[removed] + 1, MOVED)
    offsets = np.append(starts, evidence.text.size)
    return covered_by(texts, offsets, removed, evidence.target, evidence.span, shortest)


def _revive(fate: NDArray[np.uint8], choice: NDArray[np.int64], target: NDArray[np.int32]) -> None:
    """Keep every text whose evidence leads to one that is not kept (in place)."""
    while True:
        chosen = np.flatnonzero(choice >= 0)
        lost = chosen[fate[target[choice[chosen]]] != KEPT]
        if not lost.size:
            return
        fate[lost], choice[lost] = KEPT, -1
