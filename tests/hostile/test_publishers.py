"""Several publishers, and clocks that jump."""

import time
from pathlib import Path

import pytest

from onrecord.release.verify import Folder, read_catalog
from tests.hostile.harness import Point, Zygote, fault
from tests.hostile.state import faults_after, restore

pytestmark = pytest.mark.hostile


@pytest.mark.usefixtures("strace")
def test_of_two_publishers_at_once_one_wins_and_the_other_says_so(
    zygotes: list[Zygote], published: Path, sources: tuple[Path, Path], tmp_path: Path
) -> None:
    data = tmp_path / "data"
    restore(published, data)
    folder = data / "releases" / ".staging-1.1.0"
    # Half a second at each flush of a folder of the release: time enough for the other one.
    points = [Point("fsync", str(folder / name), 1) for name in ("csv", "parquet", "README.md")]
    slow = fault("delay_enter=700000", *points)
    with Zygote(tmp_path / "other") as other:
        first = zygotes[0].start("release", sources[1], "--data", data, strace=slow)
        patience = time.monotonic() + 60
        while not folder.exists() and time.monotonic() < patience:
            time.sleep(0.01)
        second = other.run("release", sources[1], "--data", data)
        won = first()
    assert won.code == 0, won.output
    assert second.code == 1
    assert "another run is publishing here" in second.output
    assert "Traceback" not in second.output
    assert not faults_after(zygotes[0], sources[1], data, "", full=True)


def test_versions_go_up_whatever_the_clock_says(
    zygotes: list[Zygote], sources: tuple[Path, Path], tmp_path: Path
) -> None:
    data = tmp_path / "data"
    end_of_days, epoch, lately = "253402300799", "0", "1760000000"
    clocks = [lately, end_of_days, epoch, lately, epoch]
    for i, clock in enumerate(clocks):
        source = sources[i % 2]
        env = {"SOURCE_DATE_EPOCH": clock}
        done = zygotes[0].run(
            "release", source, "--data", data, "--allow", "harbour", "--allow", "closed", env=env
        )
        assert done.code == 0, done.output
    index, problems, notes = read_catalog(Folder(data / "releases"))
    assert index and not problems and not notes
    assert [entry.version for entry in index.releases] == [f"1.{i}.0" for i in range(len(clocks))]
    assert index.releases[2].created < index.releases[1].created
    done = zygotes[0].run("verify", data, "--all")
    assert done.code == 0, done.output
