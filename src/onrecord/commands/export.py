"""``onrecord export``: a release as one file, or what a source or a licence allows."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from onrecord.commands.console import note, out

if TYPE_CHECKING:
    from onrecord.export import Exported


def command(
    form: Annotated[
        str, typer.Option("--format", help="csv, jsonl, txt, sqlite or duckdb. Required.")
    ],
    output: Annotated[Path, typer.Option(metavar="FILE", help="File to write. Required.")],
    version: Annotated[
        str | None, typer.Argument(help="Which release; the latest by default.")
    ] = None,
    data: Annotated[
        str, typer.Option(metavar="PLACE", help="Where the releases are: a path or a URL.")
    ] = "data",
    table: Annotated[
        str | None, typer.Option(help="Of csv and jsonl: which table; paragraphs by default.")
    ] = None,
    source: Annotated[
        list[str] | None, typer.Option(help="Only what this source holds. May be repeated.")
    ] = None,
    license_: Annotated[
        list[str] | None,
        typer.Option("--license", help="Only sources with this licence. May be repeated."),
    ] = None,
    spreadsheet_safe: Annotated[
        bool,
        typer.Option("--spreadsheet-safe", help="Of csv: no cell may pass for a formula."),
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace FILE if it exists.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Write a release as one file, or only what a source or a licence allows.

    txt: the text of each paragraph on a line of its own, and nothing else. jsonl: a record a
    line, of one table. csv: one table, as in the release. sqlite and duckdb: all tables in one
    database; DuckDB comes with `pip install 'onrecord[duckdb]'`.

    With --source or --license, only the documents of these sources come, with what hangs on
    them. A paragraph comes if it stands in one of them, in words that stand there: where the
    release shows it in the words of another source, the export does not. Licences are compared
    as the sources state them. Where both options are given, both must hold.

    With --spreadsheet-safe, a cell that begins with = + - @, a tab or a carriage return gets an
    apostrophe before it, so that no spreadsheet program runs what somebody wrote into a text.
    Without it, texts are verbatim, as in the release.

    FILE appears when all of it is written; it is replaced only with --force. PLACE is a data
    folder, its folder of releases, the folder of one release, s3://bucket/prefix, or an
    http(s):// base URL.

    Exit codes: 0 done; 1 no such release, source or licence, or FILE exists or can't be
    written; 2 wrong usage, or DuckDB is not installed.
    """
    from onrecord.export import Order, export
    from onrecord.release.place import open_release

    order = Order(
        form,  # type: ignore[arg-type]
        output,
        table,
        source or (),
        license_ or (),
        spreadsheet_safe,
        force,
    )
    _show(export(open_release(data, version), order), as_json)


def _show(exported: "Exported", as_json: bool) -> None:
    if as_json:
        import json
        from dataclasses import asdict

        typer.echo(json.dumps(asdict(exported), indent=2, ensure_ascii=False, default=str))
        return
    what = "" if exported.whole else "a part of "
    out.print(f"Exported {what}release [bold]{exported.version}[/bold] as {exported.format}.")
    licences = ", ".join(name or "none stated" for name in exported.licenses)
    for label, value in (
        ("file", str(exported.output)),
        ("bytes", f"{exported.bytes:,}"),
        ("sha256", exported.sha256),
        *((name, f"{rows:,}") for name, rows in exported.rows.items()),
        ("sources", f"{len(exported.sources):,}"),
        ("licences", licences),
    ):
        out.print(f"{label:<12} {value}", markup=False, highlight=False, soft_wrap=True)
    if None in exported.licenses:
        note("note: where a source states no licence, ask before you pass its texts on.")
