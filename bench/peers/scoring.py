"""From "this paragraph goes, for that one" to the figures of `bench.quality.score`.

A tool that names no partner gets the most favourable reading of a removal: it went for one of
its labelled repeats where it has any, else for the look-alike of which it is one member, and
only without both is it a removal that no label justifies. It need not be so: such a tool may
have removed a paragraph for another reason, and can't be asked.
"""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from bench.peers.contract import Removed
from bench.quality.dataset import LabelledSet
from bench.quality.kinds import COMPOSITE, CONTAINED, EXACT, NEAR
from bench.quality.score import Predictions, Score, score

#: Columns of repeats by what they are; all other labels count in the mean alone.
RELATIONS = (EXACT, NEAR, CONTAINED, COMPOSITE)


@dataclass(frozen=True, slots=True)
class _Neighbours:
    """What the labels connect each paragraph with.

    Attributes:
        repeats: its labelled repeats.
        alike: those it must not be merged with.
    """

    repeats: dict[int, list[int]]
    alike: dict[int, list[int]]


def _neighbours(labelled: LabelledSet) -> _Neighbours:
    """Both relations, read off the cases."""
    repeats: dict[int, list[int]] = defaultdict(list)
    alike: dict[int, list[int]] = defaultdict(list)
    for case in labelled.cases:
        item = labelled.ids[case.item]
        into = alike if case.negative else repeats
        for place in case.partners:
            partner = labelled.ids[place]
            into[item].append(partner)
            into[partner].append(item)
    return _Neighbours(repeats, alike)


def _partners(labelled: LabelledSet, removed: list[int]) -> dict[int, int]:
    """Partners for removals that name none, by the most favourable reading."""
    gone = set(removed)
    near = _neighbours(labelled)
    stranger = next(
        p.id
        for p in labelled.paragraphs
        if p.id not in gone and p.id not in near.repeats and p.id not in near.alike
    )
    chosen = {}
    for i in removed:
        for others in (near.repeats.get(i, []), near.alike.get(i, [])):
            if kept := [j for j in others if j not in gone]:
                chosen[i] = min(kept)
                break
            # Both are gone: the later one may have gone for the earlier one.
            if earlier := [j for j in others if j < i]:
                chosen[i] = min(earlier)
                break
        else:
            chosen[i] = stranger
    return chosen


def judge(labelled: LabelledSet, removed: list[Removed]) -> Score:
    """Score what a tool removed.

    Args:
        labelled: the set.
        removed: with partners, or without any.
    """
    kept_of = {i: kept for i, kept in removed if kept is not None}
    kept_of |= _partners(labelled, [i for i, kept in removed if kept is None])
    return score(labelled, Predictions.from_removed(len(labelled.paragraphs), kept_of))


def figures(labelled: LabelledSet, result: Score) -> dict[str, Any]:
    """What the table shows of a score.

    Returns:
        Recalls are means over kinds and languages of the share found; ``recall`` by relation
        counts the kinds of that relation only; ``merged`` of ``look_alikes`` must be 0.
    """
    languages = sorted(labelled.available)
    expected = {case.kind: case.expected for case in labelled.cases}
    by_relation = {}
    for relation in RELATIONS:
        shares = [
            t.found / t.cases for (k, _), t in result.tallies.items() if expected[k] == relation
        ]
        by_relation[relation] = round(sum(shares) / len(shares), 4) if shares else None
    others = [code for code in languages if code != "en"]
    return {
        "recall": round(result.recall(languages), 4),
        "recall_english": round(result.recall(["en"]), 4) if "en" in languages else None,
        "recall_others": round(result.recall(others), 4) if others else None,
        "recall_by_relation": by_relation,
        "precision": round(result.precision, 4),
        "removed": result.removed,
        "merged": result.violations,
        "look_alikes": sum(t.cases for t in result.of(negative=True)),
    }
