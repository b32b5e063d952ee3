"""Score what a tool says of a labelled set, whatever tool it is.

A tool's answer is a `Predictions`: for each paragraph the group it was merged into and whether
it is the one that is kept, and for tools that know such things the relation, the parts of a
composite, and pairs of groups that are linked as variants.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from bench.quality.dataset import Case, LabelledSet
from bench.quality.kinds import COMPOSITE, CONTAINED, DIFFERENT, EDITED, EXACT, VARIANT

#: Kinds whose members are not all repeats of each other: only item and partner are.
_PAIRWISE = ("two run together", "split in two")


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a tool says of one paragraph.

    Attributes:
        group: paragraphs of one group were merged.
        kept: whether this one stands for its group.
        relation: exact | near | contained | composite, None of a kept one or where unknown.
        parts: groups that a composite is made of.
    """

    group: int
    kept: bool = True
    relation: str | None = None
    parts: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Predictions:
    """What a tool says of a set.

    Attributes:
        paragraphs: one each, by id.
        variants: linked pairs of groups, the smaller first.
        relations: whether the tool names relations.
        links: whether the tool links variants.
    """

    paragraphs: list[Prediction]
    variants: frozenset[tuple[int, int]] = frozenset()
    relations: bool = True
    links: bool = True

    @classmethod
    def from_removed(cls, count: int, kept_of: dict[int, int]) -> "Predictions":
        """Of a tool that only says which paragraph goes, and for which one.

        Args:
            count: of all paragraphs.
            kept_of: for each removed paragraph the one it went for.
        """

        def final(i: int) -> int:
            seen = set()
            while i in kept_of and i not in seen:
                seen.add(i)
                i = kept_of[i]
            return i

        found = [Prediction(final(i), i not in kept_of) for i in range(count)]
        return cls(found, relations=False, links=False)


@dataclass(slots=True)
class Tally:
    """Counts of one kind in one language.

    Attributes:
        cases: of the kind.
        found: repeats found; of negatives those that are violated.
        named: repeats whose label and prediction name a relation.
        right: … the right one.
        linked: variants that are linked; of `edited` those that are linked and not merged.
        wrong: cases that were missed, or violated.
        misnamed: cases found under another relation.
        unlinked: variants that are kept apart without a link.
    """

    cases: int = 0
    found: int = 0
    named: int = 0
    right: int = 0
    linked: int = 0
    wrong: list[Case] = field(default_factory=list)
    misnamed: list[tuple[Case, str]] = field(default_factory=list)
    unlinked: list[Case] = field(default_factory=list)


@dataclass(slots=True)
class Score:
    """The whole result.

    Attributes:
        tallies: by (kind, language).
        removed: how many paragraphs a tool removed.
        rightly: … in favour of a labelled partner.
        false: pairs of ids (removed, kept) that no label justifies.
    """

    tallies: dict[tuple[str, str], Tally]
    removed: int
    rightly: int
    false: list[tuple[int, int]]

    def of(self, *, negative: bool, languages: Iterable[str] | None = None) -> list[Tally]:
        """The tallies of repeats, or of look-alikes."""
        chosen = None if languages is None else set(languages)
        return [
            tally
            for (kind, language), tally in self.tallies.items()
            if (kind in self.negative_kinds) == negative and (chosen is None or language in chosen)
        ]

    #: Names of the kinds that must not be merged.
    negative_kinds: frozenset[str] = frozenset()
    #: … and that are variants.
    variant_kinds: frozenset[str] = frozenset()

    @property
    def precision(self) -> float:
        """Share of removed paragraphs that a label justifies."""
        return self.rightly / self.removed if self.removed else 1.0

    def recall(self, languages: Iterable[str]) -> float:
        """Share of repeats found: the mean over the kinds of a language, then over languages."""
        means = []
        for language in languages:
            shares = [t.found / t.cases for t in self.of(negative=False, languages=[language])]
            means.append(sum(shares) / len(shares) if shares else 1.0)
        return sum(means) / len(means) if means else 1.0

    @property
    def violations(self) -> int:
        """Look-alikes that were merged."""
        return sum(t.found for t in self.of(negative=True))

    @property
    def linked(self) -> float:
        """Share of the variants that are linked."""
        found = [t for (kind, _), t in self.tallies.items() if kind in self.variant_kinds]
        cases = sum(t.cases for t in found)
        return sum(t.linked for t in found) / cases if cases else 1.0

    @property
    def relations(self) -> float:
        """Share of found repeats under their right relation."""
        found = self.of(negative=False)
        named = sum(t.named for t in found)
        return sum(t.right for t in found) / named if named else 1.0


def _one_place(a: Prediction, b: Prediction) -> bool:
    """Whether one of the two is represented by the other, or both by a third."""
    return a.group == b.group or b.group in a.parts or a.group in b.parts


def _linked(predictions: Predictions, a: Prediction, b: Prediction) -> bool:
    """Whether the groups of the two are linked as variants."""
    first, second = sorted((a.group, b.group))
    return (first, second) in predictions.variants


def _relation(item: Prediction, partners: list[Prediction]) -> str | None:
    """The relation of item and partner, None where none is named.

    Where both were removed for a third, it is only named when all three have the same words, or
    when the item is a composite.
    """
    removed = {p.relation for p in (item, *partners) if not p.kept}
    if item.relation not in (None, COMPOSITE) and not any(p.kept for p in partners):
        return EXACT if removed == {EXACT} else None
    if item.relation:
        return item.relation
    named = [p.relation for p in partners if p.relation]
    return named[0] if named else None


def _judge(
    tally: Tally, case: Case, predictions: Predictions, ids: list[int], elsewhere: bool
) -> None:
    """Count one case; `elsewhere`: the item was removed for a third repeat of the same text."""
    item, *partners = (predictions.paragraphs[i] for i in ids)
    tally.cases += 1
    together = elsewhere or all(_one_place(item, partner) for partner in partners)
    linked = not together and all(_linked(predictions, item, p) for p in partners)
    tally.linked += linked
    if case.negative:
        if together:
            tally.found += 1
            tally.wrong.append(case)
        elif case.expected == VARIANT and not linked:
            tally.unlinked.append(case)
        return
    if not together and not (case.expected == EDITED and linked):
        tally.wrong.append(case)
        return
    tally.found += 1
    relation = _relation(item, partners)
    if case.expected != EDITED and relation is not None:
        tally.named += 1
        if relation in (case.expected, *case.also):
            tally.right += 1
        else:
            tally.misnamed.append((case, relation))


class _Truth:
    """Which paragraphs are repeats of which."""

    def __init__(self, labelled: LabelledSet) -> None:
        self.parent = list(range(len(labelled.paragraphs)))
        self.pairs: set[frozenset[int]] = set()
        self.cut: set[int] = set()  # what is only a part of its partner
        for case in labelled.cases:
            if case.expected in (VARIANT, DIFFERENT):
                continue
            item = labelled.ids[case.item]
            whole = labelled.text_at(case.partners[0])
            if case.expected == CONTAINED and len(labelled.text_at(case.item)) < len(whole):
                self.cut.add(item)
            for place in case.partners:
                partner = labelled.ids[place]
                if case.kind in _PAIRWISE:
                    self.pairs.add(frozenset((item, partner)))
                else:
                    self.parent[self.root(item)] = self.root(partner)

    def root(self, i: int) -> int:
        """The paragraph that stands for all repeats of one."""
        while self.parent[i] != i:
            self.parent[i] = self.parent[self.parent[i]]
            i = self.parent[i]
        return i

    def repeats(self, i: int, j: int) -> bool:
        """Whether two paragraphs are repeats."""
        return self.root(i) == self.root(j) or frozenset((i, j)) in self.pairs


def score(labelled: LabelledSet, predictions: Predictions) -> Score:
    """Compare a tool's answer with the labels.

    Args:
        labelled: the set.
        predictions: of the tool, for all paragraphs of the set.

    Returns:
        The counts by kind and language, and the precision.
    """
    if len(predictions.paragraphs) != len(labelled.paragraphs):
        raise ValueError("there must be one prediction a paragraph")
    tallies: dict[tuple[str, str], Tally] = defaultdict(Tally)
    truth = _Truth(labelled)
    kept = {p.group: i for i, p in enumerate(predictions.paragraphs) if p.kept}
    for case in labelled.cases:
        ids = [labelled.ids[place] for place in (case.item, *case.partners)]
        item = predictions.paragraphs[ids[0]]
        elsewhere = (
            not case.negative
            and not item.kept
            and case.kind not in _PAIRWISE
            and item.group in kept
            and kept[item.group] not in truth.cut
            and truth.repeats(ids[0], kept[item.group])
        )
        _judge(tallies[case.kind, case.language], case, predictions, ids, elsewhere)
    removed = rightly = 0
    false = []
    for i, prediction in enumerate(predictions.paragraphs):
        if prediction.kept:
            continue
        removed += 1
        groups = prediction.parts or (prediction.group,)
        wrong = [
            kept[group] for group in groups if group in kept and not truth.repeats(i, kept[group])
        ]
        if prediction.relation == COMPOSITE and len(wrong) < len(groups):
            wrong = []  # it is made of a labelled part and of another paragraph of the set
        rightly += not wrong
        false += [(i, j) for j in wrong]
    negative = frozenset(c.kind for c in labelled.cases if c.negative)
    variant = frozenset(c.kind for c in labelled.cases if c.expected == VARIANT)
    return Score(dict(tallies), removed, rightly, false, negative, variant)
