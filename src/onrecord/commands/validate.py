"""``onrecord validate``: check sources without building anything."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from onrecord.commands.console import err, note, out
from onrecord.commands.marked import grid, shortened

if TYPE_CHECKING:
    from onrecord.discover import Found
    from onrecord.ingest.quarantine import Rejected


def command(
    seeds: Annotated[
        Path, typer.Argument(help="Folder with one folder a source, each with a source.yml.")
    ] = Path("seeds"),
    max_file_mb: Annotated[
        float,
        typer.Option(min=0.001, max=1_000_000, help="Larger files are quarantined as too_large."),
    ] = 64,
    data: Annotated[
        Path, typer.Option(help="Where the archive is, with the pages that were collected.")
    ] = Path("data"),
    limit: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=NUMBER", help="Change a limit of reading; see release --help."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Check sources without building a release, and without writing anything.

    Reads dataset.yml, every source.yml, every file, and every page that `onrecord collect`
    fetched, and lists what a release would quarantine.

    Exit codes: 0 all descriptions are right (files for quarantine are only listed); 2 wrong
    usage or a bad source.yml or dataset.yml.
    """
    from onrecord import pipeline
    from onrecord.discover import discover
    from onrecord.ingest.archive import Archive
    from onrecord.settings import Settings, limits

    settings = Settings(max_file_bytes=int(max_file_mb * 1024 * 1024), **limits(limit or []))
    found = discover(seeds, settings, data)
    rejected = list(found.rejected)
    readable: dict[str, int] = {}
    with err.status("reading") if err.is_terminal else _Quiet(), TemporaryDirectory() as folder:
        for sources, unreadable in pipeline.tried(found, Archive(Path(folder)), settings):
            rejected += unreadable
            for source_id in sources:
                readable[source_id] = readable.get(source_id, 0) + 1
    if as_json:
        _print_json(found, readable, rejected)
        return
    grid(
        ["source", "title", "published", "licence", "documents", "quarantine"],
        [
            [
                source.id,
                shortened(source.title, 40),
                source.publication.value,
                source.license or "not stated",
                f"{readable.get(source.id, 0):,}",
                f"{sum(r.source_id == source.id for r in rejected):,}",
            ]
            for source in found.sources
        ],
    )
    for remark in found.remarks:
        note(f"note: {remark}")
    for reject in sorted(rejected):
        name = f"{reject.source_id}/{reject.path}"
        name += f"!/{reject.locator}" if reject.locator else ""
        line = f"{name!r}: {reject.reason}: {reject.detail}"
        out.print(line, markup=False, highlight=False, soft_wrap=True)


def _print_json(found: "Found", readable: dict[str, int], rejected: "list[Rejected]") -> None:
    """All that was found, for programs."""
    sources = [
        {
            "source_id": source.id,
            "title": source.title,
            "publication": source.publication.value,
            "license": source.license,
            "documents": readable.get(source.id, 0),
            "quarantine": sum(one.source_id == source.id for one in rejected),
        }
        for source in found.sources
    ]
    content = {
        "dataset": found.dataset.stated(),
        "sources": sources,
        "quarantine": [one._asdict() for one in sorted(rejected)],
        "remarks": found.remarks,
    }
    typer.echo(json.dumps(content, indent=2, ensure_ascii=False))


class _Quiet:
    """Shows nothing, where there is no terminal."""

    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...
