"""How the command line behaves towards people, shells and programs."""

import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from typer.core import TyperGroup
from typer.testing import CliRunner

from onrecord.commands import app

GROUP = typer.main.get_command(app)
assert isinstance(GROUP, TyperGroup)

MakeSource = Callable[..., Path]


def on_terminal(*arguments: str, cwd: Path, **environment: str) -> str:
    """What a command prints on a terminal, colours and all."""
    ours, theirs = pty.openpty()
    variables = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR")}
    process = subprocess.Popen(
        [sys.executable, "-m", "onrecord", *arguments],
        cwd=cwd,
        env={**variables, "TERM": "xterm-256color", "COLUMNS": "100", **environment},
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    said = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:  # how a terminal says that nobody is left on the other side
            break
        if not piece:
            break
        said += piece
    os.close(ours)
    process.wait(60)
    return said.decode()


def test_alone_it_shows_what_it_can_do_and_what_to_type_next() -> None:
    result = CliRunner().invoke(app, [], env={"COLUMNS": "200"})
    assert result.exit_code == 0
    panels = re.findall(r"^╭─ (\w+)", result.stdout, re.MULTILINE)
    assert panels == ["Options", "Start", "Publish", "Look", "Use", "Check"]
    assert "onrecord new my-dataset" in result.stdout


@pytest.mark.parametrize("name", sorted(set(GROUP.commands) - {"serve"}))  # that never ends
def test_every_command_can_report_to_programs(name: str) -> None:
    options = [option for one in GROUP.commands[name].params for option in one.opts]
    assert "--json" in options


def test_every_command_stands_in_a_panel_and_every_option_is_explained() -> None:
    for name, command in GROUP.commands.items():
        assert getattr(command, "rich_help_panel", None), name
        for parameter in command.params:
            if parameter.name != "help":
                assert getattr(parameter, "help", None), f"{name} {parameter.name}"


def test_colours_only_on_a_terminal_and_not_where_they_are_unwanted(tmp_path: Path) -> None:
    bad = ("list", str(tmp_path / "none"))
    coloured = on_terminal(*bad, cwd=tmp_path)
    assert "\x1b[31m" in coloured
    assert "error:" in coloured
    plain = on_terminal(*bad, cwd=tmp_path, NO_COLOR="1")
    assert "error:" in plain
    assert not re.search(r"\x1b\[[0-9;]*3[0-7]", plain)
    piped = subprocess.run(
        [sys.executable, "-m", "onrecord", *bad],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert "\x1b" not in piped.stdout + piped.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_completes_commands_and_options(shell: str, tmp_path: Path) -> None:
    def ask(**variables: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", "import sys; sys.argv[0] = 'onrecord'; "
             "from onrecord.commands import main; main()"],
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            cwd=tmp_path,
            check=False,
        )  # fmt: skip
        return done.stdout

    assert "_ONRECORD_COMPLETE" in ask(_ONRECORD_COMPLETE=f"source_{shell}")
    asked = {
        "bash": {"COMP_WORDS": "onrecord re", "COMP_CWORD": "1"},
        "zsh": {"_TYPER_COMPLETE_ARGS": "onrecord re"},
        "fish": {"_TYPER_COMPLETE_ARGS": "onrecord re", "_TYPER_COMPLETE_FISH_ACTION": "get-args"},
    }[shell]
    offered = ask(_ONRECORD_COMPLETE=f"complete_{shell}", **asked)
    assert "release" in offered
    assert "restore" in offered
    assert "verify" not in offered


def test_validate_and_restore_report_as_json(
    tmp_path: Path, make_source: MakeSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    make_source(tmp_path / "seeds", "open", {"a.txt": b"A line.\n", "b.bin": b"\x00\x01\x02"})
    (tmp_path / "dataset.yml").write_text("title: Lines\n")
    found = json.loads(CliRunner().invoke(app, ["validate", "--json"]).stdout)
    assert found["dataset"] == {"title": "Lines"}
    assert [(one["documents"], one["quarantine"]) for one in found["sources"]] == [(1, 1)]
    assert found["quarantine"][0]["reason"] == "binary"
    made = json.loads(CliRunner().invoke(app, ["release", "--json"]).stdout)
    arguments = ["restore", made["sample"], "--output", "a.txt", "--json"]
    said = json.loads(CliRunner().invoke(app, arguments).stdout)
    assert said["bytes"] == 8
    assert (tmp_path / "a.txt").read_bytes() == b"A line.\n"
    assert CliRunner().invoke(app, ["restore", made["sample"], "--json"]).exit_code == 2
