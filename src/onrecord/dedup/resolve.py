"""Decide which texts are kept and what stands for the others.

Greedy, in a fixed order, and only over directly verified pairs to a text that is kept: never
by connected components, because chains of near pairs erase data. Composites are set aside,
then come containers (longest first), then near copies (most preferred first); a text whose
container turned out to be a near copy of a third is resolved again at the end, or kept.
"""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onrecord.dedup.guard import MOVED
from onrecord.dedup.verify import A_IN_B, B_IN_A, NEAR_COPY, VARIANT, Pairs, View, covered_by

# What becomes of a text.
KEPT, NEAR, CONTAINED, COMPOSITE = range(4)

#: A composite is covered to this share by the paragraphs in it …
COMPOSITE_SHARE = 0.80
#: … which are at least so many, or at least two where the text is longer than this.
COMPOSITE_PARTS = 3
COMPOSITE_CHARACTERS = 2000


@dataclass(frozen=True, slots=True)
class Link:
    """One verified relation, seen from the text that may be removed.

    Attributes:
        target: the text that may stand for it.
        coverage: of the removed text by the target.
        other_coverage: of the target by the removed text.
        span: tokens of the removed text from the first to behind the last that match.
        target_span: the same in the target.
    """

    target: int
    coverage: float
    other_coverage: float
    span: tuple[int, int]
    target_span: tuple[int, int]

    def reversed(self, text: int) -> "Link":
        """The same evidence seen from the target, about `text`."""
        return Link(text, self.other_coverage, self.coverage, self.target_span, self.span)


@dataclass(frozen=True, slots=True)
class Resolution:
    """What became of each text.

    Attributes:
        fate: uint8[texts], KEPT | NEAR | CONTAINED | COMPOSITE.
        links: for each text that is not kept, its evidence: one link, or the parts of a
            composite in their order.
        variants: int64[n], rows of `Pairs` that are variants with both texts kept.
    """

    fate: NDArray[np.uint8]
    links: dict[int, list[Link]]
    variants: NDArray[np.int64]


def _links(pairs: Pairs) -> tuple[dict[int, list[Link]], dict[int, list[Link]]]:
    """(containers of each text, near copies of each text)."""
    containers: dict[int, list[Link]] = defaultdict(list)
    copies: dict[int, list[Link]] = defaultdict(list)
    a_list, b_list = pairs.a.tolist(), pairs.b.tolist()
    of_a, of_b = pairs.coverage_a.tolist(), pairs.coverage_b.tolist()
    spans_a, spans_b = pairs.a_span.tolist(), pairs.b_span.tolist()
    for row, relation in enumerate(pairs.relation.tolist()):
        if relation == VARIANT:
            continue
        a, b = a_list[row], b_list[row]
        span_a, span_b = tuple(spans_a[row]), tuple(spans_b[row])
        a_to_b = Link(b, of_a[row], of_b[row], span_a, span_b)
        b_to_a = Link(a, of_b[row], of_a[row], span_b, span_a)
        if relation == A_IN_B:
            containers[a].append(a_to_b)
        elif relation == B_IN_A:
            containers[b].append(b_to_a)
        elif relation == NEAR_COPY:
            copies[a].append(a_to_b)
            copies[b].append(b_to_a)
    return containers, copies


def _side_by_side(parts: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """Of parts of a text, as (start, end, text), those that lie side by side.

    Longest first; a part that overlaps those taken by more than a fifth of its length is
    left out.
    """
    taken: list[tuple[int, int, int]] = []
    for start, end, part in sorted(parts, key=lambda p: (p[0] - p[1], p)):
        overlap = sum(max(0, min(end, e) - max(start, s)) for s, e, _ in taken)
        if overlap <= (end - start) // 5:
            taken.append((start, end, part))
    return sorted(taken)


def resolve(
    pairs: Pairs,
    texts: View,
    characters: NDArray[np.int64],
    preference: NDArray[np.int64],
    openness: NDArray[np.int64],
    documents: NDArray[np.int64],
    boilerplate: int,
) -> Resolution:
    """Decide the fate of every text.

    Args:
        pairs: verified relations.
        texts: the texts' tokens.
        characters: int64[texts], length of the canonical wording.
        preference: int64[texts], rank of the canonical block; the lowest wins among copies.
        openness: int64[texts], 0 for the most open publication class; no text is ever
            removed in favour of one with a higher number.
        documents: int64[texts], in how many documents it stands as a block of its own.
        boilerplate: a text that stands in at least so many documents, and in more than a
            longer one that has it too, is a paragraph of its own: a licence footer is not
            part of the one article that it got glued to.

    Returns:
        The fate of every text and the evidence.
    """
    fate = np.zeros(texts.size.size, np.uint8)
    links: dict[int, list[Link]] = {}
    containers, copies = _links(pairs)

    def open_enough(text: int, target: int) -> bool:
        return bool(openness[target] <= openness[text])

    def stands_alone(text: int, target: int) -> bool:
        return bool(documents[text] >= boilerplate and documents[text] > documents[target])

    def by_preference(text: int) -> int:
        return int(preference[text])

    def longest_first(text: int) -> tuple[int, int]:
        return -int(texts.size[text]), by_preference(text)

    def best_first(link: Link) -> tuple[float, int, int]:
        return (-link.coverage, *longest_first(link.target))

    # A text made of others never absorbs them, so it is set aside before anything else.
    contents: dict[int, list[tuple[int, Link]]] = defaultdict(list)
    for text, found in containers.items():
        for link in found:
            contents[link.target].append((text, link))

    def parts_of(text: int) -> list[Link]:
        """The kept texts that make up `text`, if they do, as evidence seen from it."""
        inside = {p: x for p, x in contents[text] if fate[p] == KEPT and open_enough(text, p)}
        enough = 2 if characters[text] > COMPOSITE_CHARACTERS else COMPOSITE_PARTS
        if len(inside) < enough:
            return []
        tiles = _side_by_side([(*x.target_span, part) for part, x in inside.items()])
        found = [inside[part].reversed(part) for _, _, part in tiles]
        share = coverage(texts, text, COMPOSITE, found).mean()
        return found if len(found) >= enough and share >= COMPOSITE_SHARE else []

    for text in sorted(contents, key=longest_first):
        if parts_of(text):
            fate[text] = COMPOSITE

    for text in sorted(containers, key=longest_first):
        if fate[text] != KEPT:
            continue
        kept = [x for x in containers[text] if fate[x.target] == KEPT]
        kept = [x for x in kept if open_enough(text, x.target) and not stands_alone(text, x.target)]
        if kept:
            fate[text] = CONTAINED
            links[text] = [min(kept, key=best_first)]

    for text in sorted(copies, key=by_preference):
        if fate[text] != KEPT:
            continue
        kept = [x for x in copies[text] if fate[x.target] == KEPT]
        kept = [x for x in kept if preference[x.target] < preference[text]]
        if kept:
            fate[text] = NEAR
            links[text] = [min(kept, key=best_first)]

    # A container that gave way to a near copy no longer stands for what it contained: what
    # leaned on it looks for another container or copy, or is kept. Containers are longer,
    # so that going from the longest to the shortest meets them first.
    orphans = [
        t for t, found in links.items() if fate[t] == CONTAINED and fate[found[0].target] != KEPT
    ]
    for text in orphans:
        fate[text] = KEPT
        del links[text]
    for text in sorted(orphans, key=longest_first):
        choices = [(CONTAINED, x) for x in containers[text] if not stands_alone(text, x.target)]
        choices += [(NEAR, x) for x in copies[text]]
        choices = [
            (kind, x)
            for kind, x in choices
            if fate[x.target] == KEPT and open_enough(text, x.target)
        ]
        if choices:
            kind, link = min(choices, key=lambda c: (c[0] != CONTAINED, best_first(c[1])))
            fate[text] = kind
            links[text] = [link]
    _revive(fate, links)

    for text in np.flatnonzero(fate == COMPOSITE).tolist():
        evidence = parts_of(text)
        if evidence:
            links[text] = evidence
        else:  # its parts gave way to copies that were not compared with it
            fate[text] = KEPT

    both_kept = (pairs.relation == VARIANT) & (fate[pairs.a] == KEPT) & (fate[pairs.b] == KEPT)
    return Resolution(fate, links, np.flatnonzero(both_kept))


def coverage(texts: View, text: int, fate: int, links: list[Link]) -> NDArray[np.bool_]:
    """Which tokens of a text its evidence covers: bool[tokens]."""
    # A part of a composite covers its own place alone; elsewhere moved passages count.
    shortest = int(texts.size[text]) + 1 if fate == COMPOSITE else MOVED
    return covered_by(texts, text, [x.target for x in links], [x.span for x in links], shortest)


def _revive(fate: NDArray[np.uint8], links: dict[int, list[Link]]) -> None:
    """Keep every text whose evidence leads to one that is not kept (in place)."""
    while True:
        lost = [t for t, found in links.items() if any(fate[x.target] != KEPT for x in found)]
        if not lost:
            return
        for text in lost:
            fate[text] = KEPT
            del links[text]
