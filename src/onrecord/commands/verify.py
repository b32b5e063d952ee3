"""``onrecord verify``: is a release what it says it is, and if not, what is wrong and where."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from onrecord.commands.console import err, note, out

if TYPE_CHECKING:
    from onrecord.release.verify import Files, Problem, Report
    from onrecord.release.verify.files import Progress


def command(
    place: Annotated[
        str,
        typer.Argument(
            help="A data folder, a folder of releases, or one release: a path or a URL."
        ),
    ] = "data",
    release: Annotated[
        str | None, typer.Option(help="Version of the release; the latest by default.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Verify every release there.")] = False,
    fast: Annotated[
        bool, typer.Option(help="Check files, sums, index, chain and signature; read no record.")
    ] = False,
    allowed_signers: Annotated[
        Path | None,
        typer.Option(help="Require a signature by one of these: see `man ssh-keygen`."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Say whether a release is what it says it is, and if not, what is wrong and where.

    Checks that every file is there and none is extra, sizes and sha256 of each, the descriptors
    against the official Data Package profile, every value by its schema, all keys, that CSV and
    Parquet hold the records that the content digest states, the link to the release before, the
    index, and the signature where there is one. Each problem is a line: file, place, code,
    message. --fast looks at no record: a tenth of the time, and enough after a download.

    Exit codes: 0 all is right; 1 something is not, or there is no such release; 2 wrong usage.
    """
    from onrecord.release.verify import Depth, find, verify

    if everything and release:
        raise typer.BadParameter("give a version or --all, not both", param_hint="--all")
    found = find(place)
    depth = Depth.SUMS if fast else Depth.FULL
    reports = []
    for files, entry in found.releases(release, everything):
        with _progress(files) as progress:
            reports.append(verify(files, found.index, entry, depth, allowed_signers, progress))
    if as_json:
        _print_json(place, found.problems, found.notes, reports)
    else:
        _print(found.problems, found.notes, reports)
    if found.problems or any(report.problems for report in reports):
        raise typer.Exit(1)


def _print(problems: "list[Problem]", notes: list[str], reports: "list[Report]") -> None:
    """A line a problem, and one for each release."""
    for remark in notes:
        note(f"note: {remark}")
    for problem in problems:
        out.print(str(problem), markup=False, highlight=False, soft_wrap=True)
    for report in reports:
        for remark in report.notes:
            note(f"note: {report.release}: {remark}")
        for problem in report.problems:
            line = f"{report.release}/{problem}"
            out.print(line, markup=False, highlight=False, soft_wrap=True)
        out.print(_summary(report), markup=False, highlight=False, soft_wrap=True)


def _summary(report: "Report") -> str:
    """What came out for one release, in a line."""
    read = f"{report.files:,} files, {report.bytes:,} bytes"
    if report.rows:
        read += f", {report.rows:,} rows in CSV and Parquet"
    if report.problems:
        count = len(report.problems)
        return f"Release {report.release}: {count} problem{'s' * (count > 1)} ({read})."
    signed = f"signed by {report.signature}" if report.signature else "not signed"
    return f"Release {report.release} is intact: {read}; {signed}."


def _print_json(
    place: str, problems: "list[Problem]", notes: list[str], reports: "list[Report]"
) -> None:
    """All findings, for programs."""
    releases = []
    for report in reports:
        found = asdict(report) | {"problems": [one._asdict() for one in report.problems]}
        releases.append({"ok": not report.problems} | found)
    ok = not problems and all(release["ok"] for release in releases)
    listed = [problem._asdict() for problem in problems]
    content = {"place": place, "ok": ok, "problems": listed, "notes": notes, "releases": releases}
    typer.echo(json.dumps(content, indent=2, ensure_ascii=False))


@contextmanager
def _progress(files: "Files") -> "Iterator[Progress]":
    """A bar on a terminal, nothing elsewhere."""
    if not err.is_terminal:
        yield lambda _, __: None
        return
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

    total = sum(one.size for one in files.listing() or [] if one.kind == "file")
    columns = TextColumn("{task.description:<32}"), BarColumn(), DownloadColumn()
    with Progress(*columns, console=err, transient=True) as bar:
        task = bar.add_task(files.name, total=total or None)
        yield lambda name, size: bar.update(task, description=name, advance=size)
