"""Same input, same code, same settings: same bytes, whatever the machine is set to."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from onrecord.release.layout import DESCRIPTIONS

EPOCH = "1700000000"


def _copy(seeds: Path, target: Path, backwards: bool) -> Path:
    """A copy of the sources whose files were created in another order."""
    files = sorted((p for p in seeds.rglob("*") if p.is_file()), reverse=backwards)
    for file in files:
        place = target / file.relative_to(seeds)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, place)
    return target


def _build(seeds: Path, data: Path, *options: str, **environment: str) -> dict[str, bytes]:
    """Every published file of a build, by its path."""
    command = [sys.executable, "-m", "onrecord", "release", str(seeds), "--data", str(data)]
    environment = os.environ | {"SOURCE_DATE_EPOCH": EPOCH} | environment
    done = subprocess.run(
        [*command, *options], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    releases = data / "releases"
    return {
        p.relative_to(releases).as_posix(): p.read_bytes()
        for p in sorted(releases.rglob("*"))
        if p.is_file() and p.name != ".lock"
    }


def test_two_builds_give_the_same_bytes(seeds: Path, tmp_path: Path) -> None:
    one = _build(
        _copy(seeds, tmp_path / "a", backwards=False),
        tmp_path / "data-a",
        TZ="Asia/Tehran",
        LANG="C",
        LC_ALL="C",
        PYTHONHASHSEED="1",
    )
    other = _build(
        _copy(seeds, tmp_path / "b", backwards=True),
        tmp_path / "data-b",
        TZ="America/Denver",
        LANG="fa_IR.UTF-8",
        LC_ALL="C.UTF-8",
        PYTHONHASHSEED="4242",
        POLARS_MAX_THREADS="1",
        OMP_NUM_THREADS="1",
    )
    assert one.keys() == other.keys()
    assert [name for name in one if one[name] != other[name]] == []


def test_without_an_epoch_only_the_creation_time_differs(seeds: Path, tmp_path: Path) -> None:
    one = _build(seeds, tmp_path / "a")
    other = _build(seeds, tmp_path / "b", SOURCE_DATE_EPOCH="1800000000")
    differing = {name for name in one if one[name] != other[name]}
    assert differing == {
        "1.0.0/README.md",  # the year stands in the citation
        *(f"1.0.0/{name}" for name in DESCRIPTIONS),
        "1.0.0/datapackage.json",
        "1.0.0/parquet/datapackage.json",
        "1.0.0/provenance.json",
        "1.0.0/SHA256SUMS",
        "1.0.0/index.html",
        "index.html",
        "index.json",
        "latest.json",
        "feed.atom",
    }


def test_batches_change_nothing(
    seeds: Path, seed_release: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from onrecord.job import release
    from onrecord.release.catalog import read_provenance
    from onrecord.settings import Settings

    monkeypatch.setenv("SOURCE_DATE_EPOCH", EPOCH)
    outcome = release(seeds, tmp_path, Settings(batch_bytes=5_000))
    expected = read_provenance(seed_release)
    assert expected is not None
    assert outcome.content_digest == expected.content_digest
