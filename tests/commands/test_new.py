"""``onrecord new``: what it makes works at once."""

import json
import re
import shlex
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from onrecord.commands import app
from onrecord.errors import RefusedError
from onrecord.release.dataset import read_dataset
from onrecord.release.place import open_release, read_index
from onrecord.start import short_name, start


def commands(page: str) -> list[list[str]]:
    """The commands that a page names in its blocks."""
    blocks = re.findall(r"^```\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    return [shlex.split(line)[1:] for line in lines if line.startswith("onrecord ")]


def test_the_commands_that_its_readme_names_do_what_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    made = CliRunner().invoke(app, ["new", "town-minutes"])
    assert made.exit_code == 0, made.output
    assert "cd town-minutes" in made.stdout
    monkeypatch.chdir(tmp_path / "town-minutes")
    named = commands(Path("README.md").read_text("utf-8"))
    assert [words[0] for words in named] == ["validate", "release", "verify", "export"]
    for words in named:
        result = CliRunner().invoke(app, words)
        assert result.exit_code == 0, (words, result.output)
        assert "quarantine: " not in result.output
    release = open_release("data")
    assert release.version == "1.0.0"
    assert release.provenance.dataset == {"title": "Town minutes", "name": "town-minutes"}
    # The example shows what the tool is for: repeats, and two dates that are not merged.
    assert release.parquet("parquet/variants.parquet").read()["difference"].to_pylist() == ["date"]
    relations = release.parquet("parquet/occurrences.parquet").read()["relation"].to_pylist()
    assert relations.count("exact") == 3
    texts = Path("data/paragraphs.txt").read_text("utf-8").splitlines()
    assert len(texts) == len(set(texts)) == 7


def test_its_way_to_a_dataset_of_ones_own_leaves_no_trace_of_the_example(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seeds: Path
) -> None:
    from shutil import copytree, rmtree

    start(tmp_path / "mine", "Rights: a “test”")
    monkeypatch.chdir(tmp_path / "mine")
    rmtree("seeds/example")
    copytree(seeds / "udhr", "seeds/udhr")
    assert CliRunner().invoke(app, ["release"]).exit_code == 0
    assert [entry.documents for entry in read_index("data").releases] == [9]
    assert read_dataset(Path("seeds")).title == "Rights: a “test”"


def test_the_workflow_checks_and_publishes_with_the_version_that_made_it(tmp_path: Path) -> None:
    from onrecord import __version__

    start(tmp_path / "x")
    workflow = yaml.safe_load((tmp_path / "x/.github/workflows/release.yml").read_text("utf-8"))
    steps = {
        name: [step["run"] for step in job["steps"] if "run" in step]
        for name, job in workflow["jobs"].items()
    }
    assert steps["check"][1:] == ["onrecord validate seeds", "onrecord release seeds --dry-run"]
    assert 'onrecord release seeds --data "$ONRECORD_PLACE"\n' in steps["publish"][-1]
    assert workflow["jobs"]["publish"]["env"]["ONRECORD_PLACE"] == "${{ vars.ONRECORD_PLACE }}"
    assert (tmp_path / "x/requirements.txt").read_text() == f"onrecord=={__version__}\n"
    assert "/data/" in (tmp_path / "x/.gitignore").read_text().splitlines()
    line = (tmp_path / "x/schedule.cron").read_text().splitlines()[-1]
    assert line.startswith("0 3 * * * cd ")
    assert str(tmp_path / "x") in line


def test_nothing_that_exists_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    start(tmp_path / "empty")
    before = sorted(p.read_bytes() for p in (tmp_path / "empty").rglob("*") if p.is_file())
    with pytest.raises(RefusedError, match="nothing is written over"):
        start(tmp_path / "empty")
    (tmp_path / "file").write_text("mine")
    with pytest.raises(RefusedError, match="nothing is written over"):
        start(tmp_path / "file")
    after = sorted(p.read_bytes() for p in (tmp_path / "empty").rglob("*") if p.is_file())
    assert before == after
    with pytest.raises(RefusedError, match="can't be written"):
        start(tmp_path / "file" / "below")


def test_it_reports_to_programs(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["new", str(tmp_path / "x"), "--title", "Ä: b", "--json"])
    assert "dataset.yml" in json.loads(result.stdout)["files"]
    assert read_dataset(tmp_path / "x" / "seeds").title == "Ä: b"


@pytest.mark.parametrize(
    ("words", "name"), [("Town Minutes", "town-minutes"), ("Протоколы", "my-dataset"), ("_a_", "a")]
)
def test_names_for_programs(words: str, name: str) -> None:
    assert short_name(words) == name
