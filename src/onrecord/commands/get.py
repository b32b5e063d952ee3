"""``onrecord get``: bring a release here, or a part of it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from onrecord.commands.console import err, installed, note, out

if TYPE_CHECKING:
    from onrecord.release.fetch import Fetched

_FORMATS = ("csv", "parquet", "all")


def command(
    place: Annotated[
        str,
        typer.Option(
            "--from", metavar="PLACE", help="Where the release is: a path or a URL. Required."
        ),
    ],
    version: Annotated[
        str | None, typer.Argument(help="Which release; the latest by default.")
    ] = None,
    target: Annotated[
        str, typer.Option("--to", metavar="DIR", help="Folder to bring it to; made if need be.")
    ] = "releases",
    tables: Annotated[
        str | None,
        typer.Option(metavar="A,B", help="Only these tables, by name, with commas in between."),
    ] = None,
    form: Annotated[
        str, typer.Option("--format", help="Which form of the tables: csv, parquet or all.")
    ] = "all",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Bring a release to this disk, and check every byte of it.

    PLACE is a data folder, a folder of releases, the folder of one release, s3://bucket/prefix,
    or an http(s):// base URL. The release appears in DIR only when all of it is there and has
    the checksums of its SHA256SUMS; then DIR's own index.json names it, so that every other
    command takes DIR as a place. A run that broke off is gone on with by the next one. Files
    that another release in DIR has too are not transferred again.

    With --tables or --format only a selection comes, with everything that explains it:
    SELECTION.json says which files are here. A later run adds to it.

    Exit codes: 0 done, or all of it was here; 1 no such release, or it can't be read, written,
    or is not what its checksums say; 2 wrong usage.
    """
    from onrecord.errors import ConfigurationError
    from onrecord.release.fetch import fetch
    from onrecord.release.store import is_url

    if is_url(target):
        raise ConfigurationError(f"--to: expected a folder on this disk, got {target!r}")
    if form not in _FORMATS:
        raise ConfigurationError(f"--format: expected csv, parquet or all, got {form!r}")
    names = None if tables is None else [name.strip() for name in tables.split(",") if name.strip()]
    with _bar() as start:
        fetched = fetch(place, version, Path(target), names, form, start)  # type: ignore[arg-type]
    for stale in fetched.withdrawn:
        note(f"note: texts were withdrawn from {stale}, which is in {target}. Remove it there.")
    _show(fetched, as_json)


def _show(fetched: "Fetched", as_json: bool) -> None:
    if as_json:
        import json
        from dataclasses import asdict

        typer.echo(json.dumps(asdict(fetched), indent=2, ensure_ascii=False, default=str))
        return
    what = "release" if fetched.whole else "a selection of release"
    if fetched.changed:
        out.print(f"Got {what} [bold]{fetched.version}[/bold], every checksum verified.")
    else:
        out.print(f"Here already: {what} [bold]{fetched.version}[/bold], every checksum verified.")
    for label, value in (
        ("files", f"{fetched.files:,}"),
        ("transferred", f"{fetched.transferred:,} bytes"),
        ("reused", f"{fetched.reused:,} bytes"),
        ("where", str(fetched.path)),
    ):
        out.print(f"{label:<12} {value}", markup=False, highlight=False, soft_wrap=True)
    out.print("\nTry next:")
    line = f"  {installed('onrecord')} list {fetched.path.parent}"
    out.print(line, markup=False, highlight=False, soft_wrap=True)


@contextmanager
def _bar() -> Iterator[Callable[[int], Callable[[int], None]]]:
    """A progress bar on terminals; nothing elsewhere."""
    from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn
    from rich.progress import TransferSpeedColumn as Speed

    if not err.is_terminal:
        yield lambda _: lambda _: None
        return
    columns = BarColumn(), DownloadColumn(), Speed(), TimeRemainingColumn()
    with Progress(*columns, console=err, transient=True) as progress:

        def start(total: int) -> Callable[[int], None]:
            task = progress.add_task("", total=total or None)
            return lambda size: progress.update(task, advance=size)

        yield start
