"""Show what a release would be, and what was done, for people and for machines."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rich.text import Text

from onrecord.commands.console import note, out
from onrecord.commands.marked import grid, show

if TYPE_CHECKING:
    from onrecord.outcome import Outcome
    from onrecord.rehearsal import Rehearsal

_CHANGES = ("added", "retired", "changed")


def print_json(content: dict[str, Any]) -> None:
    """Print a result for machines."""
    text = json.dumps(content, indent=2, ensure_ascii=False)
    out.print(text, markup=False, highlight=False, soft_wrap=True)


def outcome_dict(outcome: "Outcome") -> dict[str, Any]:
    """What a run did, for machines."""
    return asdict(outcome) | {"path": str(outcome.path)}


def show_rehearsal(rehearsal: "Rehearsal", as_json: bool) -> None:
    """Show what a release would be."""
    if as_json:
        content = asdict(rehearsal)
        content["removals"] = [removal._asdict() for removal in rehearsal.removals]
        print_json(content | {"refused": rehearsal.refused})
        return
    for remark in rehearsal.remarks:
        note(f"note: {remark}")
    if rehearsal.version is None:
        show(f"Nothing changed: release {rehearsal.previous} is up to date.")
        return
    before = f" after {rehearsal.previous}" if rehearsal.previous else ""
    verb = "would be refused" if rehearsal.refused else "would be published"
    show(Text(f"Release {rehearsal.version}{before} {verb} ({rehearsal.level}).", style="bold"))
    for line in (*rehearsal.problems[:20], *rehearsal.beyond):
        show(f"refused: {line}", 2)
    for reason in rehearsal.reasons:
        show(f"- {reason}", 2)
    show()
    grid(["table", "rows"], [[name, f"{n:,}"] for name, n in rehearsal.tables.items()])
    rows = [
        [source, table, *(f"{counts[change]:,}" for change in _CHANGES)]
        for source, tables in rehearsal.sources.items()
        for table, counts in tables.items()
    ]
    if rows:
        show()
        grid(["source", "table", *_CHANGES], rows)
    if rehearsal.removals:
        show()
        show(Text("The largest removals", style="bold"))
        for kind, name, source, size, reason, successor in rehearsal.removals:
            unit = "bytes" if kind == "document" else "characters"
            now = f"; {successor} stands for it now" if successor else ""
            show(f"{kind} {name} of {source}, {size:,} {unit}: {reason}{now}", 2)
    show()
    show("Nothing was written.")
