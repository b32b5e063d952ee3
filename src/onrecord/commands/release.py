"""``onrecord release``: build a release and publish it when anything changed."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from onrecord.commands.console import Stages, installed, note, out, peak_memory_mib
from onrecord.commands.rehearsed import outcome_dict, print_json, show_rehearsal

if TYPE_CHECKING:
    from onrecord.pipeline import Outcome

_RELATIONS = ("exact", "near", "contained", "composite")


def command(
    seeds: Annotated[
        Path, typer.Argument(help="Folder with one folder a source, each with a source.yml.")
    ] = Path("seeds"),
    data: Annotated[Path, typer.Option(help="Where the archive and the releases are kept.")] = Path(
        "data"
    ),
    max_file_mb: Annotated[
        float,
        typer.Option(min=0.001, max=1_000_000, help="Larger files are quarantined as too_large."),
    ] = 64,
    split_above: Annotated[
        int, typer.Option(min=200, help="Split lines of more characters at sentence ends.")
    ] = 10_000,
    boilerplate_documents: Annotated[
        int,
        typer.Option(
            "--boilerplate",
            min=2,
            help="A paragraph in so many documents of a source is boilerplate.",
        ),
    ] = 5,
    allow: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SOURCE",
            help="Publish although this source loses more than the caps allow. Repeatable.",
        ),
    ] = None,
    sign_key: Annotated[
        Path | None,
        typer.Option(
            envvar="ONRECORD_SIGNING_KEY",
            help="Sign SHA256SUMS with this SSH key. It is recorded nowhere.",
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be published; write nothing.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print what was done, or would be, as JSON.")
    ] = False,
) -> None:
    """Build a release from a folder of sources, and publish it when anything changed.

    Reads every source, cuts documents into blocks, finds what repeats, checks every record
    against the schemas and every document against its bytes, and publishes tables as CSV and
    Parquet below DATA/releases/. Nothing is visible until all of it is. A release in which
    half of a source's blocks would be merged, half of its inputs can't be read, or half of its
    paragraphs would retire is refused, unless the source is allowed by name.

    With --dry-run nothing is written at all: the version that would be published is shown, why,
    what would change in every source, the largest removals, and what it would be refused for.

    Exit codes: 0 published, or nothing changed; 1 refused; 2 wrong usage or a bad source.yml.
    With --dry-run the same, of what would be.
    """
    began = time.perf_counter()
    from onrecord import pipeline
    from onrecord.kernel import is_warm
    from onrecord.settings import Settings

    if not is_warm():
        note("first run: compiling the kernels, this takes up to a minute once")
    settings = Settings(
        max_file_bytes=int(max_file_mb * 1024 * 1024),
        split_above=split_above,
        boilerplate_documents=boilerplate_documents,
        allow=tuple(allow or ()),
    )
    if dry_run:
        with Stages(pipeline.stage_order()) as stages:
            rehearsed = pipeline.rehearse(seeds, data, settings, stages)
        show_rehearsal(rehearsed, as_json)
        raise typer.Exit(1 if rehearsed.refused else 0)
    with Stages(pipeline.stage_order()) as stages:
        outcome = pipeline.release(seeds, data, settings, stages, sign_key=sign_key)
    if as_json:
        print_json(outcome_dict(outcome))
        return
    _show(outcome, time.perf_counter() - began)


def _show(outcome: "Outcome", seconds: float) -> None:
    """The short table at the end, and what to try next."""
    figures = outcome.figures
    relations = figures["relations"]
    repeats = ", ".join(f"{relations[name]:,} {name}" for name in _RELATIONS if name in relations)
    for remark in outcome.remarks:
        note(f"note: {remark}")
    if outcome.published:
        out.print(f"Published release [bold]{outcome.version}[/bold].")
    else:
        out.print(f"Nothing changed: release [bold]{outcome.version}[/bold] is up to date.")
    for label, value in (
        ("documents", f"{figures['documents']:,}"),
        ("blocks", f"{figures['blocks']:,}"),
        ("paragraphs", f"{figures['paragraphs']:,}"),
        ("repeats", repeats or "none"),
        ("quarantined", f"{figures['quarantined']:,}"),
        ("time", f"{seconds:.1f} s, {peak_memory_mib():,.0f} MiB at most"),
        ("where", str(outcome.path)),
    ):
        out.print(f"{label:<12} {value}", markup=False, highlight=False, soft_wrap=True)
    if figures["quarantined"]:
        line = f"See {outcome.path / 'csv' / 'quarantine.csv'} for what could not be read."
        out.print(line, markup=False, highlight=False, soft_wrap=True)
    out.print("\nTry next:")
    lines = [
        f"less {outcome.path / 'README.md'}",
        f"{installed('frictionless')} validate {outcome.path / 'datapackage.json'}",
    ]
    if outcome.sample:
        data = outcome.path.parents[1]
        lines.append(f"{installed('onrecord')} restore {outcome.sample} --data {data}")
    for line in lines:
        out.print(f"  {line}", markup=False, highlight=False, soft_wrap=True)
