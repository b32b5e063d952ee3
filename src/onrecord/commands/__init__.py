"""The command line: one module a command.

Exit codes: 0 done (also when nothing changed), 1 refused or a check failed, 2 wrong usage or
configuration, 130 stopped with Ctrl-C. Heavy libraries are imported only when a command runs,
and Prefect never.
"""

import sys
from typing import Annotated

import typer

from onrecord.commands import (
    check,
    collect,
    diff,
    export,
    get,
    preview,
    release,
    restore,
    validate,
    verify,
    why,
    withdraw,
)
from onrecord.commands import list as list_
from onrecord.commands.console import fail
from onrecord.errors import OnrecordError

app = typer.Typer(
    name="onrecord",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Start with:  onrecord release   then look into data/releases/.",
)

app.command("check")(check.command)
app.command("collect")(collect.command)
app.command("diff")(diff.command)
app.command("export")(export.command)
app.command("get")(get.command)
app.command("list")(list_.command)
app.command("preview")(preview.command)
app.command("release")(release.command)
app.command("restore")(restore.command)
app.command("validate")(validate.command)
app.command("verify")(verify.command)
app.command("why")(why.command)
app.command("withdraw")(withdraw.command)


def _version(wanted: bool) -> None:
    if wanted:
        from onrecord import __version__

        typer.echo(f"onrecord {__version__}")
        raise typer.Exit


@app.callback()
def onrecord(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Turn a folder of scraped text into a versioned open dataset.

    Every paragraph once, every byte accounted for.
    """


def main() -> None:
    """Run the command line; errors become one message and an exit code."""
    try:
        app()
    except OnrecordError as error:
        fail(str(error))
        sys.exit(error.exit_code)
