"""What the workflow of ``onrecord new`` runs, against a real store."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from onrecord.release.place import read_index
from onrecord.start import start

pytestmark = pytest.mark.ecosystem  # seven runs of the real command


def test_the_workflow_publishes_and_publishes_again_only_what_changed(
    s3: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start(tmp_path / "mine")
    workflow = yaml.safe_load((tmp_path / "mine/.github/workflows/release.yml").read_text("utf-8"))
    job = workflow["jobs"]["publish"]
    script = job["steps"][-1]["run"]
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "onrecord").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m onrecord "$@"\n')
    (tools / "onrecord").chmod(0o755)
    for name in job["env"]:
        if name not in os.environ:
            monkeypatch.setenv(name, "")  # as a variable that nobody has set
    monkeypatch.setenv("ONRECORD_PLACE", s3)
    monkeypatch.setenv("AWS_REGION", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")

    def run() -> str:
        done = subprocess.run(
            ["bash", "-eo", "pipefail", "-c", script],
            cwd=tmp_path / "mine",
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    first = run()
    assert "Published release 1.0.0" in first
    assert "Release 1.0.0 is intact" in first
    assert "Nothing changed: release 1.0.0" in run()
    (tmp_path / "mine/seeds/example/more.txt").write_text("One more line of text.\n")
    assert "Published release 1.1.0" in run()
    assert [entry.version for entry in read_index(s3).releases] == ["1.0.0", "1.1.0"]
