"""``onrecord list``: which releases a place has."""

from typing import TYPE_CHECKING, Annotated

import typer

from onrecord.commands.console import out

if TYPE_CHECKING:
    from onrecord.release.catalog import Entry


def command(
    place: Annotated[
        str, typer.Argument(help="A data folder, a folder of releases, or a URL of either.")
    ] = "data",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """List the releases of a place, oldest first.

    Shows of each its version, when it was made, the first 12 digits of its content digest, how
    many documents and paragraphs it has, and what else there is to know: which is the latest,
    which was reissued because texts were withdrawn (its version ends with +w and a number), and
    of which only a selection of files is here. PLACE may be s3://bucket/prefix or an http(s)://
    base URL; only its index.json is read.

    Exit codes: 0 done; 1 there is no release, or the place can't be read; 2 wrong usage.
    """
    from onrecord.release.place import read_index

    entries = read_index(place).releases
    if as_json:
        import json

        rows = [{**entry.model_dump(), "marks": _marks(entry, entries)} for entry in entries]
        typer.echo(json.dumps({"place": place, "releases": rows}, indent=2, ensure_ascii=False))
        return
    rows_shown = [("version", "created", "digest", "documents", "paragraphs", "")]
    rows_shown += [_row(entry, entries) for entry in entries]
    widths = [max(len(row[column]) for row in rows_shown) for column in range(6)]
    for row in rows_shown:
        cells = [
            cell.rjust(width) if column in (3, 4) else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        out.print("  ".join(cells).rstrip(), markup=False, highlight=False, soft_wrap=True)


def _row(entry: "Entry", entries: list["Entry"]) -> tuple[str, str, str, str, str, str]:
    return (
        entry.version,
        entry.created,
        entry.content_digest[:12],
        "-" if entry.documents is None else f"{entry.documents:,}",
        "-" if entry.paragraphs is None else f"{entry.paragraphs:,}",
        ", ".join(_marks(entry, entries)),
    )


def _marks(entry: "Entry", entries: list["Entry"]) -> list[str]:
    """What sets a release apart, in a word each."""
    base, _, withdrawals = entry.version.partition("+w")
    later = [other.version for other in entries[entries.index(entry) + 1 :]]
    marks = ["latest"] if entry is entries[-1] else []
    if withdrawals:
        former = [former.version for former in entry.supersedes or []]
        marks.append(" ".join(["reissued", *(["for", ", ".join(former)] if former else [])]))
    if any(version.partition("+w")[0] == base for version in later):
        marks.append("superseded")
    if entry.selection:
        marks.append("selection")
    return marks
