"""The tutorial, followed to the letter."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, blocks, says

pytestmark = pytest.mark.ecosystem


def test_the_tutorial_leads_to_what_it_promises(tmp_path: Path) -> None:
    """Every command runs in one shell, and what is shown below it is what it prints."""
    (tmp_path / "onrecord").symlink_to(ROOT)
    tools = tmp_path / "bin"
    tools.mkdir()
    program = f'#!/bin/sh\nexec "{sys.executable}" -m onrecord "$@"\n'
    (tools / "onrecord").write_text(program)
    (tools / "onrecord").chmod(0o755)
    found = blocks("tutorial.md")
    assert [one.language for one in found].count("bash") >= 15
    script = "".join(f"{one.text}echo '=== block'\n" for one in found if one.language == "bash")
    done = subprocess.run(
        ["bash", "-eu", "-c", script],
        cwd=tmp_path,
        env={**os.environ, "PATH": f"{tools}:{os.environ['PATH']}", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    printed = iter(done.stdout.split("=== block\n"))
    last = ""
    compared = 0
    for one in found:
        if one.language == "bash":
            last = next(printed)
        else:
            assert says(last, one.text) == [], last
            compared += 1
    assert compared >= 9
