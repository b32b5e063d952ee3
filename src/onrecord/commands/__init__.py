"""The command line: one module a command.

Exit codes: 0 done (also when nothing changed), 1 refused or a check failed, 2 wrong usage or
configuration, 130 stopped with Ctrl-C. Heavy libraries are imported only when a command runs,
and Prefect only by `serve`, which is nothing without it.
"""

import atexit
import gc
import sys
from typing import Annotated

import typer

from onrecord.commands import (
    check,
    collect,
    diff,
    export,
    get,
    new,
    preview,
    release,
    restore,
    serve,
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
    add_completion=True,
    invoke_without_command=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Start a dataset of your own:  onrecord new my-dataset\n\n"
    "Publish the sources in seeds/:  onrecord release\n\n"
    "Look at what was published:  onrecord preview\n\n"
    "Every command explains itself:  onrecord release --help",
)

#: Groups of commands, in the order in which people come to need them.
_PANELS = {
    "Start": {"new": new, "validate": validate, "collect": collect},
    "Publish": {"release": release, "serve": serve, "withdraw": withdraw},
    "Look": {"preview": preview, "list": list_, "get": get, "diff": diff, "why": why},
    "Use": {"export": export, "restore": restore},
    "Check": {"verify": verify, "check": check},
}
for _panel, _commands in _PANELS.items():
    for _name, _module in _commands.items():
        app.command(_name, rich_help_panel=_panel)(_module.command)


def _version(wanted: bool) -> None:
    if wanted:
        from onrecord import __version__

        typer.echo(f"onrecord {__version__}")
        raise typer.Exit


@app.callback()
def onrecord(
    context: typer.Context,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Turn a folder of scraped text into a versioned open dataset.

    Every paragraph once, every byte accounted for.
    """
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def main() -> None:
    """Run the command line; errors become one message and an exit code."""
    # Python would look for cycles of garbage once more at the end, among all that compilers and
    # tables left; the operating system takes it back at once.
    atexit.register(gc.freeze)
    try:
        app()
    except OnrecordError as error:
        fail(str(error))
        sys.exit(error.exit_code)
