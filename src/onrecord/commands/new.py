"""``onrecord new``: the folder of a dataset of one's own."""

import json
import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

from onrecord.commands.console import out


def command(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder to make; it may exist if it is empty.")
    ],
    title: Annotated[
        str | None, typer.Option(help="Title of the dataset; by default from the folder's name.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Start a dataset of your own: a folder with all that a release needs.

    It has a dataset.yml, a source with two small texts as an example, a README that says what to
    do next, a workflow that checks every change and publishes, a line for cron, and what git is
    to ignore. It works as it is: `onrecord release` in it publishes release 1.0.0 of the example.
    Nothing is asked, and nothing that exists is written over.

    Exit codes: 0 done; 1 there is something in DIR, or it can't be written; 2 wrong usage.
    """
    from onrecord.start import start

    written = start(folder, title)
    if as_json:
        content = {"folder": str(folder), "files": written}
        typer.echo(json.dumps(content, indent=2, ensure_ascii=False))
        return
    out.print(f"Made {folder} with:", markup=False, highlight=False, soft_wrap=True)
    for name in written:
        out.print(f"  {name}", markup=False, highlight=False, soft_wrap=True)
    out.print("\nTry next:")
    for line in (f"cd {folder}", f"{_program()} release", "less README.md"):
        out.print(f"  {line}", markup=False, highlight=False, soft_wrap=True)


def _program() -> str:
    """How to call this program from another folder."""
    here = Path(sys.executable).absolute().with_name("onrecord")
    return "onrecord" if shutil.which("onrecord") or not here.is_file() else str(here)
