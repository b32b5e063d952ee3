"""The page of commands: usage, options and help of each, as the program itself has them."""

import inspect
from pathlib import Path
from typing import Any

import typer

_INTRO = """# Commands

Every command, with its arguments and options. This page is written from the code by
`make reference`; the program says the same with `--help`.

Exit codes are the same everywhere: 0 done, 1 refused or a check failed, 2 wrong usage or
configuration, 130 stopped with Ctrl-C. Results go to standard output, messages and progress to
standard error. Colours are used on terminals only, and never where `NO_COLOR` is set. Every
command reports to programs with `--json`.

## Completion

`onrecord --install-completion` lets the shell that runs it (bash, zsh, fish, PowerShell) complete
commands and options with the tabulator key; open a new shell afterwards. `onrecord
--show-completion` prints what that would add to the shell's start-up files, to add it by hand.
"""


def _cell(words: str) -> str:
    return " ".join(words.split()).replace("|", "\\|").replace("<", "&lt;")


def _default(parameter: Any) -> str:
    """The default of an option, in words; "" where there is none."""
    value = parameter.default
    if parameter.required or value is None or callable(value) or value is False or value == []:
        return ""
    return "yes" if value is True else f"`{value}`"


def _value(parameter: Any) -> str:
    """What an option takes, in a word."""
    described = getattr(parameter, "type_descriptor", None)
    kind = getattr(described, "annotation", str)
    names = {int: "NUMBER", float: "NUMBER", Path: "PATH"}
    return parameter.metavar or names.get(kind, "TEXT")


def _row(parameter: Any) -> str:
    """One row of a table of arguments and options."""
    if parameter.param_type_name == "argument":
        name = f"`{(parameter.metavar or parameter.name).upper().strip('[]')}`"
        name += "" if parameter.required else " (optional)"
    else:
        value = "" if parameter.is_flag else f" {_value(parameter)}"
        name = ", ".join(f"`{option}{value}`" for option in parameter.opts)
    words = _cell(parameter.help or "")
    if parameter.envvar:
        words += f" Also by the variable `{parameter.envvar}`."
    return f"| {name} | {words} | {_default(parameter)} |"


def _section(name: str, command: Any) -> list[str]:
    """One command."""
    shown = [one for one in command.params if one.name != "help" and not one.hidden]
    wanted = [
        (one.metavar or one.name).upper().strip("[]")
        if one.required
        else f"[{(one.metavar or one.name).upper().strip('[]')}]"
        for one in shown
        if one.param_type_name == "argument"
    ]
    usage = " ".join(["onrecord", name, *wanted, "[OPTIONS]"])
    words = inspect.cleandoc(command.callback.__doc__ or "").replace("<", "&lt;")
    lines = [f"### onrecord {name}", "", "```", usage, "```", "", words, ""]
    if shown:
        lines += ["| | meaning | default |", "| --- | --- | --- |", *map(_row, shown), ""]
    return lines


def commands_page() -> str:
    """``docs/commands.md``."""
    from onrecord.commands import app  # noqa: PLC0415  (the commands need not know of this page)

    group: Any = typer.main.get_command(app)
    panels: dict[str, list[str]] = {}
    for name, command in group.commands.items():
        panels.setdefault(str(command.rich_help_panel), []).append(name)
    lines = [_INTRO]
    for panel, names in panels.items():
        lines += [f"## {panel}", ""]
        for name in names:
            lines += _section(name, group.commands[name])
    return "\n".join(lines).rstrip() + "\n"
