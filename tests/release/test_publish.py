"""Publishing is all or nothing."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import filelock
import pytest

from onrecord.errors import RefusedError
from onrecord.job import release
from onrecord.release import publish
from onrecord.settings import Settings

MakeSource = Callable[..., Path]


@pytest.fixture
def seeds_folder(tmp_path: Path, make_source: MakeSource) -> Path:
    make_source(tmp_path / "seeds", "news", {"a.txt": b"One paragraph.\nAnother one.\n"})
    return tmp_path / "seeds"


def test_a_failing_write_leaves_nothing_visible(
    seeds_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", "somewhere")

    monkeypatch.setattr(publish, "parquet_writer", full)
    with pytest.raises(RefusedError, match="No space left on device"):
        release(seeds_folder, tmp_path / "data", Settings())
    assert [p.name for p in (tmp_path / "data" / "releases").iterdir()] == [".lock"]
    monkeypatch.undo()
    assert release(seeds_folder, tmp_path / "data", Settings()).version == "1.0.0"


def test_stale_staging_is_removed_and_a_lost_index_rewritten(
    seeds_folder: Path, tmp_path: Path
) -> None:
    releases = tmp_path / "data" / "releases"
    (releases / ".staging-1.0.0" / "csv").mkdir(parents=True)
    release(seeds_folder, tmp_path / "data", Settings())
    assert not (releases / ".staging-1.0.0").exists()
    index, latest = releases / "index.json", releases / "latest.json"
    before = index.read_bytes(), latest.read_bytes()
    index.unlink()
    latest.write_text("{}")
    assert not release(seeds_folder, tmp_path / "data", Settings()).published
    assert (index.read_bytes(), latest.read_bytes()) == before


def test_a_second_publisher_is_told_to_wait(seeds_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "data" / "releases").mkdir(parents=True)
    with filelock.FileLock(tmp_path / "data" / "releases" / ".lock"):
        command = [sys.executable, "-m", "onrecord", "release", str(seeds_folder)]
        done = subprocess.run(
            [*command, "--data", str(tmp_path / "data")],
            capture_output=True,
            text=True,
            check=False,
            env=os.environ,
        )
    assert done.returncode == 1
    assert "another run is publishing" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_damaged_latest_release_is_refused_in_words(seeds_folder: Path, tmp_path: Path) -> None:
    path = release(seeds_folder, tmp_path / "data", Settings()).path
    (path / "parquet" / "paragraphs.parquet").write_bytes(b"PAR1 damaged PAR1")
    with pytest.raises(RefusedError, match="the latest release can't be read"):
        release(seeds_folder, tmp_path / "data", Settings())


def test_a_version_is_not_given_again_when_its_release_is_lost(
    seeds_folder: Path, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    release(seeds_folder, data, Settings())
    (data / "releases" / "1.0.0").rename(tmp_path / "lost")
    with pytest.raises(RefusedError, match=r"names release 1\.0\.0"):
        release(seeds_folder, data, Settings())
    assert not (data / "releases" / "1.0.0").exists()
    (tmp_path / "lost").rename(data / "releases" / "1.0.0")
    assert not release(seeds_folder, data, Settings()).published
