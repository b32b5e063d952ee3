"""Print a score: tables for people, figures for files, examples for reading."""

from typing import Any

from rich.console import Console
from rich.table import Table

from bench.quality.dataset import Case, LabelledSet
from bench.quality.kinds import VARIANT
from bench.quality.onrecord_run import Answer
from bench.quality.score import Predictions, Score, Tally

#: What we aim at; the figures in a `Score` are compared with these.
TARGETS = {
    "macro recall, English": 0.99,
    "macro recall, other languages": 0.97,
    "precision": 0.9995,
    "look-alikes merged": 0,
    "variants linked": 0.95,
    "relation right": 0.98,
}
_EXAMPLES = 10


def figures(labelled: LabelledSet, result: Score) -> dict[str, float]:
    """The totals that targets are set for, where the set has them."""
    languages = sorted(labelled.available)
    found: dict[str, float] = {}
    if "en" in languages:
        found["macro recall, English"] = result.recall(["en"])
    if others := [code for code in languages if code != "en"]:
        found["macro recall, other languages"] = result.recall(others)
    found["precision"] = result.precision
    found["look-alikes merged"] = result.violations
    found["variants linked"] = result.linked
    found["relation right"] = result.relations
    return found


def hit(name: str, value: float) -> bool:
    """Whether a figure reaches its target."""
    return value <= TARGETS[name] if name == "look-alikes merged" else value >= TARGETS[name]


def _share(tally: Tally | None) -> str:
    """Found of all, in a cell."""
    return "" if tally is None else f"{tally.found}/{tally.cases}"


def _table(title: str, labelled: LabelledSet, result: Score, negative: bool) -> Table:
    """Kinds by languages."""
    languages = list(labelled.available)
    table = Table(title=title, title_justify="left")
    table.add_column("kind")
    for code in languages:
        table.add_column(code, justify="right")
    table.add_column("linked" if negative else "relation", justify="right")
    kinds = dict.fromkeys(k for k, _ in result.tallies if (k in result.negative_kinds) == negative)
    for kind in sorted(kinds):
        row = [result.tallies.get((kind, code)) for code in languages]
        of_kind = [tally for tally in row if tally]
        if negative:
            cases, right = sum(t.cases for t in of_kind), sum(t.linked for t in of_kind)
            last = f"{right / cases:.3f}" if kind in result.variant_kinds else ""
        else:
            cases, right = sum(t.named for t in of_kind), sum(t.right for t in of_kind)
            last = f"{right / cases:.3f}" if cases else ""
        table.add_row(kind, *map(_share, row), last)
    if not negative:
        table.add_section()
        table.add_row("mean of the kinds", *(f"{result.recall([code]):.3f}" for code in languages))
    return table


def tables(labelled: LabelledSet, found: Answer, result: Score) -> None:
    """Print the score.

    Args:
        labelled: the set.
        found: what the tool said, with what is wrong with its evidence.
        result: the score.
    """
    console = Console()
    if not console.is_terminal:
        console = Console(width=160)
    negatives = sum(case.negative for case in labelled.cases)
    console.print(
        f"seed {labelled.seed}, scale {labelled.scale}: {len(labelled.documents):,} documents, "
        f"{len(labelled.paragraphs):,} paragraphs, {len(labelled.cases) - negatives:,} repeats, "
        f"{negatives:,} look-alikes; {labelled.digest()[:16]}"
    )
    available = ", ".join(f"{code} {n:,}" for code, n in labelled.available.items())
    console.print(f"clean passages: {available}")
    console.print(_table("repeats found", labelled, result, negative=False))
    console.print(_table("look-alikes merged", labelled, result, negative=True))
    table = Table("figure", "value", "target", "")
    for name, value in figures(labelled, result).items():
        shown = f"{value:.0f}" if name == "look-alikes merged" else f"{value:.4f}"
        verdict = "hit" if hit(name, value) else "MISS"
        table.add_row(name, shown, str(TARGETS[name]), verdict)
    console.print(table)
    console.print(
        f"removed {result.removed:,}, of which {len(result.false):,} without a labelled partner; "
        f"evidence: {len(found.evidence)} problems in {found.removed:,} removed blocks; "
        f"{found.split_lines:,} lines became several blocks, "
        f"{found.joined_blocks:,} lines share a block; "
        f"{found.footers[1]} of {found.footers[0]} glued footers are paragraphs of their own"
    )
    for problem in found.evidence[:_EXAMPLES]:
        console.print(f"  {problem}", markup=False)


def as_json(labelled: LabelledSet, found: Answer, result: Score) -> dict[str, Any]:
    """The figures of a score, for a file.

    Args:
        labelled: the set.
        found: what the tool said.
        result: the score.
    """
    totals = figures(labelled, result)
    return {
        "seed": labelled.seed,
        "scale": labelled.scale,
        "digest": labelled.digest(),
        "available": labelled.available,
        "paragraphs": len(labelled.paragraphs),
        "totals": {
            n: {"value": v, "target": TARGETS[n], "hit": hit(n, v)} for n, v in totals.items()
        },
        "removed": result.removed,
        "removed_rightly": result.rightly,
        "evidence_problems": len(found.evidence),
        "glued_footers": found.footers[0],
        "glued_footers_split": found.footers[1],
        "kinds": [
            {
                "kind": kind,
                "language": language,
                "negative": kind in result.negative_kinds,
                "cases": tally.cases,
                "found": tally.found,
                "relation_named": tally.named,
                "relation_right": tally.right,
                "linked": tally.linked,
            }
            for (kind, language), tally in sorted(result.tallies.items())
        ],
    }


def _print_case(
    console: Console, labelled: LabelledSet, predictions: Predictions, case: Case, remark: str
) -> None:
    console.print(f"\n[{case.case_id}] {remark}", markup=False, highlight=False)
    for name, place in (("item", case.item), *(("partner", p) for p in case.partners)):
        said = predictions.paragraphs[labelled.ids[place]]
        told = f"group {said.group} {said.relation or 'kept'} {said.parts or ''}".strip()
        console.print(
            f"  {name} ({told}): {labelled.text_at(place)}",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )


def show(labelled: LabelledSet, predictions: Predictions, result: Score, kind: str = "all") -> None:
    """Print violated look-alikes (all of them), and up to ten other failures a kind.

    Args:
        labelled: the set.
        predictions: of the tool.
        result: the score.
        kind: name of a kind, "false" for removals that no label justifies, or "all".
    """
    console = Console()
    for (name, language), tally in sorted(result.tallies.items()):
        if kind not in ("all", name):
            continue
        negative = name in result.negative_kinds
        if not (tally.wrong or tally.misnamed or tally.unlinked):
            continue
        console.rule(f"{name}, {language}")
        for case in tally.wrong if negative else tally.wrong[:_EXAMPLES]:
            remark = "MERGED" if negative else "missed"
            _print_case(console, labelled, predictions, case, remark)
        for case, relation in tally.misnamed[:_EXAMPLES]:
            remark = f"found as {relation}, expected {case.expected}"
            _print_case(console, labelled, predictions, case, remark)
        for case in tally.unlinked[:_EXAMPLES]:
            if case.expected == VARIANT:
                _print_case(console, labelled, predictions, case, "kept apart, not linked")
    if kind in ("all", "false") and result.false:
        console.rule("removed without a labelled partner")
        for removed, kept in result.false[: 5 * _EXAMPLES]:
            for name, i in (("removed", removed), ("kept", kept)):
                text = labelled.paragraphs[i].text
                console.print(f"  {name} {i}: {text}", markup=False, soft_wrap=True)
            console.print()
