"""``onrecord check``: validate any Data Package, or one table, against its schema."""

import json
from pathlib import Path
from typing import Annotated

import typer

from onrecord.commands.console import note, out

_SHOWN = 20


def command(
    file: Annotated[
        str,
        typer.Argument(metavar="PATH", help="A datapackage.json, or one CSV or Parquet file."),
    ] = "datapackage.json",
    schema: Annotated[
        Path | None, typer.Option(help="Table Schema of a single file, in JSON.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON, in the shape of frictionless' reports.")
    ] = False,
    limit: Annotated[
        int, typer.Option(min=1, help="So many errors of one table are enough.")
    ] = 1000,
) -> None:
    """Check the tables of a Data Package against their schemas.

    Any package will do, not only releases: tables in CSV (of any dialect, also packed) or
    Parquet, with Table Schemas of version 1 or 2. Checked are header, shape of the rows, types,
    constraints, primary, unique and foreign keys, hashes and sizes. Rows are numbered as
    frictionless does it, the header being row 1. Nothing is fetched from a network.

    A single file is checked against --schema; without one, only the shape of its rows is.

    Exit codes: 0 valid; 1 not valid; 2 wrong usage, or no such file.
    """
    from onrecord.errors import ConfigurationError
    from onrecord.release.store import is_url
    from onrecord.tables.load import check_file, check_package

    if is_url(file):
        raise ConfigurationError(
            f"{file}: only files on this machine are checked. Of a release at an address, "
            "`onrecord verify` checks everything, and `onrecord get` brings it here."
        )
    path = Path(file)
    if path.is_dir():
        path = path / "datapackage.json"
    if path.suffix.lower() == ".json":
        if schema:
            raise ConfigurationError("--schema is for a single file; a package names its own.")
        report = check_package(path, limit)
    else:
        report = check_file(path, schema, limit)
    if as_json:
        text = json.dumps(report.descriptor(), ensure_ascii=False, indent=2)
        typer.echo(text.encode("utf-8", "replace").decode())
    else:
        for problem in report.problems:
            _say(problem.message)
        for task in report.tasks:
            errors = len(task.problems)
            verdict = "valid" if not errors else "1 error" if errors == 1 else f"{errors:,} errors"
            rows = f", {task.stats['rows']:,} rows" if "rows" in task.stats else ""
            _say(f"{task.name}: {verdict}{rows}")
            for problem in task.problems[:_SHOWN]:
                _say(f"  {problem.type}: {problem.message}")
            if errors > _SHOWN:
                _say(f"  and {errors - _SHOWN:,} more; --json lists all")
            for warning in task.warnings:
                note(f"note: {task.name}: {warning}")
    if not report.valid:
        raise typer.Exit(1)


def _say(line: str) -> None:
    """Print a line, with what a terminal could take for a command made visible."""
    shown = "".join(c if c.isprintable() else repr(c)[1:-1] for c in line)
    out.print(shown, markup=False, highlight=False, soft_wrap=True)
