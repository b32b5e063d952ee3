"""``CHANGELOG.md``: what changed from release to release, for people, newest first.

It is carried on for ever, so it names records by id only, never by texts or paths, which may
have to be withdrawn one day.
"""

from collections.abc import Mapping
from typing import Any

from onrecord.release.changes import Plan

_CHANGES = ("added", "retired", "changed")
_HEAD = "# Changes of the dataset\n\nThe newest release comes first.\n\n"
_LEVELS = {
    "major": "A major release: readers may have to do something.",
    "minor": "A minor release: records were added, retired or changed.",
    "patch": "A patch: only what describes the dataset or its sources changed.",
}


def by_source(plan: Plan) -> dict[str, dict[str, dict[str, int]]]:
    """How many documents and paragraphs changed in each source, by table and kind of change."""
    found: dict[str, dict[str, dict[str, int]]] = {}
    for row in plan.counts.to_pylist() if plan.counts is not None else []:
        if row["source_id"] and row["resource"] in ("documents", "paragraphs"):
            tables = found.setdefault(row["source_id"], {})
            counts = tables.setdefault(row["resource"], dict.fromkeys(_CHANGES, 0))
            counts[row["change"]] += row["n"]
    return dict(sorted(found.items()))


def removals(plan: Plan) -> list[str]:
    """The largest records that a release retires, in words."""
    lines = []
    for kind, name, source, size, reason, successor in plan.removals:
        unit = "bytes" if kind == "document" else "characters"
        now = f"; `{successor}` stands for it now" if successor else ""
        lines.append(f"{kind} `{name}` of `{source}`, {size:,} {unit}: {reason}{now}")
    return lines


def _source_table(plan: Plan) -> list[str]:
    rows = by_source(plan)
    if not rows:
        return []
    kinds = [(table, change) for table in ("documents", "paragraphs") for change in _CHANGES]
    lines = [
        "",
        "| source | " + " | ".join(f"{table} {change}" for table, change in kinds) + " |",
        "| --- |" + " ---: |" * len(kinds),
    ]
    for source, tables in rows.items():
        cells = [f"{tables.get(table, {}).get(change, 0):,}" for table, change in kinds]
        lines.append(f"| `{source}` | " + " | ".join(cells) + " |")
    return lines


def changelog(plan: Plan, figures: Mapping[str, Any], before: str | None) -> str:
    """``CHANGELOG.md``: this release on top of the log of the one before.

    Args:
        plan: the release.
        figures: of the release, as in ``quality.json``.
        before: the log of the release before; None for a first release.
    """
    lines = [f"## {plan.version}", ""]
    if plan.level in _LEVELS:
        lines += [_LEVELS[plan.level], ""]
    lines += [f"- {reason}" for reason in plan.reasons]
    lines.append(
        f"- in all now: {figures['documents']:,} documents, {figures['paragraphs']:,} "
        f"paragraphs, {figures['quarantined']:,} in quarantine"
    )
    lines += _source_table(plan)
    gone = removals(plan)
    if gone:
        lines += ["", "The largest removals:", "", *(f"- {line}" for line in gone)]
    older = ""
    if before:
        _, _, older = before.partition("\n## ")
        older = f"\n## {older}"
    return _HEAD + "\n".join(lines) + "\n" + older
