"""A disk that is full, broken or read-only ends a run with words, and harms no release."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hostile.harness import (
    CREATIONS,
    FLUSHES,
    FOLDERS,
    REMOVALS,
    RENAMES,
    WRITES,
    Done,
    Point,
    Zygote,
    fault,
    spread,
)
from tests.hostile.lab import Lab, moved
from tests.hostile.state import faults_after, faults_now, restore, sums

pytestmark = pytest.mark.hostile

#: What the kernel says, and which calls may say it.
ERRORS = {
    "ENOSPC": ("No space left on device", (*WRITES, *CREATIONS, *FOLDERS, *RENAMES, *FLUSHES)),
    "EIO": ("Input/output error", (*WRITES, *FLUSHES, *RENAMES, *REMOVALS)),
    "EROFS": ("Read-only file system", (*CREATIONS, *FOLDERS, *RENAMES, *REMOVALS)),
}
#: At so many points of each call it is said.
POINTS = 6


def in_words(done: Done, words: str) -> list[str]:
    """What is wrong with how a run ended: it must say what the disk said, in one message."""
    found = []
    if done.code != 1:
        found.append(f"ended with {done.code}: {done.output}")
    if "Traceback" in done.output or "error:" not in done.output:
        found.append(f"no clear message: {done.output}")
    elif words not in done.output:
        found.append(f"does not say {words!r}: {done.output}")
    return found


def unharmed(done: Done) -> list[str]:
    """What is wrong with a run that must go on: where only what it need not keep was hit."""
    if done.code or "Traceback" in done.output:
        return [f"a cache that can't be written ended it with {done.code}: {done.output}"]
    return []


@pytest.mark.usefixtures("strace")
@pytest.mark.parametrize("error", ERRORS)
def test_an_error_at_any_call_ends_in_words_and_harms_nothing(
    error: str,
    lab: Lab,
    zygotes: list[Zygote],
    published: Path,
    sources: tuple[Path, Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    words, calls = ERRORS[error]
    seeds = sources[1]
    template = tmp_path / "template"
    restore(published, template)
    (template / "releases" / ".staging-0.9.0" / "csv").mkdir(parents=True)  # for `rmdir`
    (template / "releases" / ".staging-0.9.0" / "csv" / "x.csv").write_text("stale")
    traced_in = tmp_path / "traced" / "data"
    restore(template, traced_in)
    every = zygotes[0].trace(traced_in, "release", seeds, "--data", traced_in)
    wanted = sums(traced_in, "1.1.0")

    def experiment(zygote: Zygote, data: Path, point: Point, full: bool) -> list[str]:
        restore(template, data)
        options = fault(f"error={error}", moved(point, traced_in, data), onwards=True)
        done = zygote.run("release", seeds, "--data", data, strace=options)
        found = unharmed(done) if _is_spared(point.path, traced_in) else in_words(done, words)
        return found + faults_now(template, data) + faults_after(zygote, seeds, data, wanted, full)

    possible = [point for point in every if point.call in calls]
    chosen = {point: None for call in calls for point in _of(possible, call)}
    faults = lab.each(experiment, chosen)
    with capsys.disabled():
        counted = f"points tried: {lab.tried} of {len(possible)}, failures: {len(faults)}"
        print(f"\n{error}: {counted}")
    assert not faults, "\n".join(faults)


def _is_spared(path: str, data: Path) -> bool:
    """Whether a path is one of those that a run does without: what it keeps for the next one."""
    cache = data / "cache"
    kept = str(cache / "prepared"), str(cache / "last-run.json"), str(cache / ".new-last-run.json")
    return path == str(cache) or path.startswith(kept)


def _of(points: list[Point], call: str) -> list[Point]:
    """Some points of one call, spread from first to last."""
    mine = [point for point in points if point.call == call]
    return spread(mine, POINTS)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, of 3 MiB."""
    if os.geteuid() != 0:
        pytest.skip("mounting a file system needs root")
    place = tmp_path / "disk"
    place.mkdir()
    options = "size=3m,mode=700"
    command = ["mount", "-t", "tmpfs", "-o", options, "none", str(place)]
    if subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("a tmpfs can't be mounted here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_disk_that_is_really_full(
    small_disk: Path,
    zygotes: list[Zygote],
    published: Path,
    sources: tuple[Path, Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    seeds = sources[1]
    reference = tmp_path / "reference"
    restore(published, reference)
    assert zygotes[0].run("release", seeds, "--data", reference).code == 0
    wanted = sums(reference, "1.1.0")
    data, ballast = small_disk / "data", small_disk / "ballast"
    faults: list[str] = []
    refused = 0
    rooms = [0, 1, 2, 4, 8, 16, 24, 32, 48, 64, 96, 128, 160, 200, 240, 280, 400]  # pages of 4 KiB
    for room in rooms:
        ballast.unlink(missing_ok=True)
        restore(published, data)
        free = shutil.disk_usage(small_disk).free // 4096
        with ballast.open("wb") as file:
            file.write(bytes(4096) * max(0, free - room))
        done = zygotes[0].run("release", seeds, "--data", data)
        found = in_words(done, "No space left on device") if done.code else []
        refused += bool(done.code)
        found += faults_now(published, data)
        ballast.unlink()
        found += faults_after(zygotes[0], seeds, data, wanted, full=True)
        faults += [f"{room} pages free: {one}" for one in found]
    with capsys.disabled():
        counted = f"sizes tried: {len(rooms)}, refused: {refused}, failures: {len(faults)}"
        print(f"\nfull tmpfs: {counted}")
    assert not faults, "\n".join(faults)
    assert 0 < refused < len(rooms)


def test_a_file_system_that_is_really_read_only(
    small_disk: Path, zygotes: list[Zygote], published: Path, sources: tuple[Path, Path]
) -> None:
    data = small_disk / "data"
    restore(published, data)
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    done = zygotes[0].run("release", sources[1], "--data", data)
    assert not in_words(done, "Read-only file system")
    assert zygotes[0].run("verify", data).code == 0
    subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
    assert not faults_now(published, data)
    assert not faults_after(zygotes[0], sources[1], data, "", full=True)
