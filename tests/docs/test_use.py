"""The examples of how to use a release: each is run as it stands."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import Block, blocks
from tests.ecosystem.conftest import environment

ALL = [one for one in blocks("use.md") if one.language in ("python", "r", "bash")]
HEAVY = [one for one in ALL if one.text.startswith("# environment: load")]
LIGHT = [one for one in ALL if one not in HEAVY]


def name(one: Block) -> str:
    return next(line for line in one.text.splitlines() if not line.startswith("#"))[:40]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, seed_data: Path) -> Path:
    folder = tmp_path_factory.mktemp("use")
    (folder / "data").symlink_to(seed_data)
    return folder


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_there_is_an_example_for_every_tool() -> None:
    text = "".join(one.text for one in ALL)
    for tool in ("pandas", "polars", "duckdb", "read.csv", "load_dataset", "mlcroissant"):
        assert tool in text
    for tool in ("frictionless", "--spreadsheet-safe", "sqlite"):
        assert tool in text


@pytest.mark.parametrize("one", LIGHT, ids=name)
def test_an_example_runs(one: Block, place: Path) -> None:
    if one.language == "r":
        if not shutil.which("Rscript"):
            pytest.skip("Rscript is not installed (Debian: apt-get install r-base-core)")
        assert "968 paragraphs" in run("Rscript", "-e", one.text, cwd=place)
        return
    if one.language == "bash":
        words = one.text.split()
        assert words[0] == "onrecord"
        assert "Exported release 1.0.0" in run(sys.executable, "-m", *words, cwd=place)
        return
    if "sqlite3" in one.text and not (place / "dataset.sqlite").exists():
        # The page exports the file right before; that test may run elsewhere.
        (export,) = (other for other in LIGHT if "--format sqlite" in other.text)
        run(sys.executable, "-m", *export.text.split(), cwd=place)
    assert run(sys.executable, "-c", one.text, cwd=place).strip()


@pytest.mark.ecosystem
@pytest.mark.parametrize("one", HEAVY, ids=name)
def test_an_example_with_a_library_of_its_own_runs(one: Block, place: Path, tmp_path: Path) -> None:
    nowhere = "http://127.0.0.1:9"
    offline = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path), "PYTHONPATH": ""}
    offline |= {"https_proxy": nowhere, "http_proxy": nowhere}
    printed = run(environment("load"), "-c", one.text, cwd=place, **offline)
    assert "num_rows: 968" in printed or len(printed.splitlines()) >= 3
