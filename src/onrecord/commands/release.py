"""``onrecord release``: build a release and publish it when anything changed."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from onrecord.commands.console import Stages, installed, note, out, peak_memory_mib
from onrecord.commands.rehearsed import outcome_dict, print_json, show_rehearsal

if TYPE_CHECKING:
    from onrecord.outcome import Outcome

_RELATIONS = ("exact", "near", "contained", "composite")


def command(
    seeds: Annotated[
        str,
        typer.Argument(
            help="Folder with one folder a source, each with a source.yml; or s3://bucket/prefix."
        ),
    ] = "seeds",
    data: Annotated[
        str,
        typer.Option(
            metavar="PLACE",
            help="Where the archive and the releases are kept: a folder, or s3://bucket/prefix.",
        ),
    ] = "data",
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
    limit: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=NUMBER",
            help="Change a limit of reading, such as parser_seconds=30. Repeatable; "
            "docs/inputs.md lists them.",
        ),
    ] = None,
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
    work: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Where to build what goes to S3; in your cache folder by default.",
        ),
    ] = None,
    part_rows: Annotated[
        int,
        typer.Option(min=1, help="A table with more rows is written as several files of so many."),
    ] = 5_000_000,
    page: Annotated[
        bool,
        typer.Option(
            "--page/--no-page", help="Make a page to look at, index.html, or leave it out."
        ),
    ] = True,
    engine: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="Where the costly steps run: local, in threads; daft, in processes of Daft here; "
            "ray, on a Ray cluster. Changes no result.",
        ),
    ] = "local",
    ray_address: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT",
            help="The Ray cluster of --engine ray, also as RAY_ADDRESS; without one, Ray is "
            "started here for this run.",
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

    With s3://bucket/prefix the release is built in a local folder and uploaded; only the last
    write makes it visible, and of two runs at once only one can do it. Credentials come from
    the environment: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION, AWS_ENDPOINT_URL.

    With --dry-run nothing is written to DATA: the version that would be published is shown, why,
    what would change in every source, the largest removals, and what it would be refused for.
    With s3:// what it builds on is brought into the local folder; nothing goes back.

    Exit codes: 0 published, or nothing changed; 1 refused; 2 wrong usage or a bad source.yml.
    With --dry-run the same, of what would be.
    """
    began = time.perf_counter()
    from onrecord.compiled import is_warm
    from onrecord.errors import ConfigurationError
    from onrecord.job import STAGES, release
    from onrecord.release.store import is_url
    from onrecord.settings import Settings, engine_named, limits

    if work is not None and not is_url(data):
        raise ConfigurationError("--work: only where --data is s3://bucket/prefix")
    if not is_warm():
        note("first run: compiling the kernels, this takes up to a minute once")
    settings = Settings(
        max_file_bytes=int(max_file_mb * 1024 * 1024),
        split_above=split_above,
        boilerplate_documents=boilerplate_documents,
        part_rows=part_rows,
        page=page,
        allow=tuple(allow or ()),
        engine=engine_named(engine),
        ray_address=ray_address,
        **limits(limit or []),
    )
    order = list(STAGES)
    if dry_run:
        if is_url(data):
            from onrecord.release import remote

            with Stages(remote.stage_order(order)) as stages:
                rehearsed = remote.rehearse(data, seeds, settings, stages, work=work)
        else:
            from onrecord.pipeline import rehearse

            with Stages(order) as stages:
                rehearsed = rehearse(seeds, Path(data), settings, stages)
        show_rehearsal(rehearsed, as_json)
        raise typer.Exit(1 if rehearsed.refused else 0)
    if is_url(data):
        from onrecord.release import remote

        with Stages(remote.stage_order(order)) as stages:
            outcome, where = remote.release_to(
                data, seeds, settings, stages, work=work, sign_key=sign_key
            )
    else:
        with Stages(order) as stages:
            outcome = release(seeds, Path(data), settings, stages, sign_key=sign_key)
        where = str(outcome.path)
    if as_json:
        print_json(outcome_dict(outcome) | {"path": where})
        return
    _show(outcome, where, data, time.perf_counter() - began)


def _show(outcome: "Outcome", where: str, data: str, seconds: float) -> None:
    """The short table at the end, and what to try next."""
    from onrecord.release.layout import table_path

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
        ("where", where),
    ):
        out.print(f"{label:<12} {value}", markup=False, highlight=False, soft_wrap=True)
    if figures["quarantined"]:
        one = outcome.path / table_path("quarantine", "csv")
        line = f"See {one if one.is_file() else one.with_suffix('')} for what could not be read."
        out.print(line, markup=False, highlight=False, soft_wrap=True)
    out.print("\nTry next:")
    place = "" if data == "data" else f" --data {data}"
    lines = (
        [f"{installed('onrecord')} preview{place}"]
        if (outcome.path / "index.html").is_file()
        else []
    )
    lines += [
        f"less {outcome.path / 'README.md'}",
        f"{installed('frictionless')} validate {outcome.path / 'datapackage.json'}",
    ]
    if outcome.sample:
        lines.append(f"{installed('onrecord')} restore {outcome.sample}{place}")
    for line in lines:
        out.print(f"  {line}", markup=False, highlight=False, soft_wrap=True)
