"""``onrecord collect``: fetch what sources name on the web into the archive."""

import json
import shlex
import sys
import threading
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn

from onrecord.commands.console import Bar, note, out

if TYPE_CHECKING:
    from onrecord.collect.custody import Visit
    from onrecord.collect.run import Outcome

#: So many failures and remarks of each source are shown; the record has all.
_SHOWN = 20


class _Display(Bar):
    """Shows visits as they happen: a bar on a terminal, a line for each elsewhere."""

    def __init__(self) -> None:
        super().__init__(
            TextColumn("{task.description:<40.40}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            stopped="stopped; what was fetched is kept, and the next run goes on",
        )
        self._lock = threading.Lock()
        if self._progress:
            self._bar = self._progress.add_task("reading lists", total=None)

    def planned(self, pages: int) -> None:
        """Show how many pages are going to be asked for."""
        if self._progress:
            self._progress.update(self._bar, total=pages)

    def seen(self, visit: "Visit") -> None:
        """Show a visit."""
        if self._progress:
            self._progress.update(
                self._bar, description=visit.url, advance=1 if visit.role == "page" else 0
            )
        else:
            with self._lock:
                note(f"{visit.result:<10}{visit.url}{_why(visit)}")


def _why(visit: "Visit") -> str:
    return f"  ({visit.reason}: {visit.detail})" if visit.reason else ""


def command(
    seeds: Annotated[
        Path, typer.Argument(help="Folder with one folder a source, each with a source.yml.")
    ] = Path("seeds"),
    data: Annotated[
        str,
        typer.Option(metavar="DIR", help="Where the archive and the releases are kept: a folder."),
    ] = "data",
    source: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", help="Only this source. Repeatable."),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 1 when anything at all failed.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Fetch what sources name on the web into the archive.

    Reads the feeds, sitemaps and addresses under `collect:` in each source.yml, and asks for the
    pages they name: one at a time from each host, with a pause after each, as robots.txt allows,
    and only for what changed since the last time. Bytes go to DATA/archive/, with a record of
    custody of every visit in DATA/archive/custody/. Nothing is published: `onrecord release` then
    takes the newest revision of each page like a file. DATA is a folder; what is collected in it
    is released to S3 by `onrecord release --data s3://bucket/prefix --work DATA`.

    A page that fails stops no other; the record says why, and the next run tries again. See
    docs/collect.md.

    Exit codes: 0 done, though single pages may have failed; 1 nothing at all could be had for some
    source, something failed with --strict, or the archive can't be written; 2 wrong usage or a bad
    source.yml.
    """
    from onrecord.errors import ConfigurationError
    from onrecord.release.store import is_url

    if is_url(data):
        raise ConfigurationError(
            f"{data}: pages are collected into a folder of this machine. Use --data DIR, and then "
            f"release from there: onrecord release --data {data} --work DIR"
        )
    try:
        from onrecord.collect.run import collect
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"collecting needs the package {error.name}: pip install 'onrecord[collect]'"
        ) from None

    with _Display() as display:
        outcome = collect(
            seeds, Path(data), tuple(source or ()), seen=display.seen, planned=display.planned
        )
    if as_json:
        sources = {name: asdict(tally) for name, tally in outcome.items()}
        sys.stdout.write(json.dumps({"sources": sources}, indent=2) + "\n")
    else:
        _show(outcome, seeds, Path(data))
    failed = any(tally.failures for tally in outcome.values())
    missed = any(not tally.reached for tally in outcome.values())
    if missed or (strict and failed):
        raise typer.Exit(1)


def _show(outcome: "Outcome", seeds: Path, data: Path) -> None:
    """A line for each source, then what failed."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    table.add_column("source", no_wrap=True)
    columns = ("listed", "new", "changed", "unchanged", "failed", "recent", "later")
    for column in columns:
        table.add_column(column, justify="right")
    for name, tally in outcome.items():
        table.add_row(name, *(f"{getattr(tally, column):,}" for column in columns))
    out.print(table, width=None if out.is_terminal else 200)
    for name, tally in outcome.items():
        remarks = [f"{visit.url}: {visit.reason}: {visit.detail}" for visit in tally.failures]
        remarks += tally.remarks
        for remark in remarks[:_SHOWN]:
            note(f"{name}: {remark}")
        if len(remarks) > _SHOWN:
            note(f"{name}: and {len(remarks) - _SHOWN:,} more")
        if tally.later:
            note(f"{name}: {tally.later:,} pages are left for the next run, see `max_pages`")
    where = data / "archive" / "custody"
    out.print(f"\nThe record is in {where}", markup=False, highlight=False, soft_wrap=True)
    words = shlex.join(["onrecord", "release", str(seeds), "--data", str(data)])
    out.print(f"Try next:\n  {words}", markup=False, highlight=False, soft_wrap=True)
