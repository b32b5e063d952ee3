"""Killed at every kind of call that writes, a run leaves releases as they were, or complete."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.hostile.harness import (
    CREATIONS,
    WRITES,
    Point,
    Zygote,
    fault,
    spread,
)
from tests.hostile.lab import Lab, moved
from tests.hostile.state import faults_after, faults_now, restore, sums

pytestmark = [pytest.mark.hostile, pytest.mark.usefixtures("strace")]

#: At so many writes and creations a run is killed, in each situation; at all other calls always.
SOME_WRITES, SOME_CREATIONS = 16, 4


def _chosen(points: list[Point]) -> list[Point]:
    """All points but of writes and creations, of which there are many."""
    writes = [point for point in points if point.call in WRITES]
    creations = [point for point in points if point.call in CREATIONS]
    rest = [point for point in points if point.call not in (*WRITES, *CREATIONS)]
    return rest + spread(writes, SOME_WRITES) + spread(creations, SOME_CREATIONS)


def _empty(data: Path, *_: object) -> Path:
    data.mkdir()
    return data


def _run_killed_at(call: str, part: str) -> Callable[[Path, Path, Zygote, Path], Path]:
    """A data folder in which a run was killed at a call on a path."""

    def make(data: Path, published: Path, zygote: Zygote, seeds: Path) -> Path:
        restore(published, data)
        command = "release", seeds, "--data", data, "--no-page"
        traced = zygote.trace(data, *command)
        (point,) = [p for p in traced if p.call == call and p.path.endswith(part) and p.n == 1]
        restore(published, data)
        done = zygote.run(*command, strace=fault("signal=KILL", point))
        assert done.code == -9
        return data

    return make


def _published(data: Path, published: Path, *_: object) -> Path:
    restore(published, data)
    return data


SITUATIONS = {
    "first release": _empty,
    "second release": _published,
    "after a kill before the rename": _run_killed_at("rename", ".staging-1.1.0"),
    "after a kill before the index": _run_killed_at("rename", "releases/.new-index.json"),
}


@pytest.mark.parametrize("situation", SITUATIONS)
def test_killed_anywhere_nothing_is_lost_or_half_there(
    situation: str,
    lab: Lab,
    zygotes: list[Zygote],
    published: Path,
    sources: tuple[Path, Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    seeds = sources[1]
    template = SITUATIONS[situation](tmp_path / "template", published, zygotes[0], seeds)
    traced_in = tmp_path / "traced" / "data"
    restore(template, traced_in)
    # The page triples the files and the time of a run; killed over it is the first release.
    options = () if situation == "first release" else ("--no-page",)
    every = zygotes[0].trace(traced_in, "release", seeds, "--data", traced_in, *options)
    # The key of withheld texts is made by chance in a first release, so its bytes differ, and so
    # do the names in the cache.
    wanted = "" if situation == "first release" else sums(traced_in, "1.1.0")
    if not wanted:
        every = [point for point in every if "/cache/prepared/" not in point.path]

    def experiment(zygote: Zygote, data: Path, point: Point, full: bool) -> list[str]:
        restore(template, data)
        here = moved(point, traced_in, data)
        command = "release", seeds, "--data", data, *options
        done = zygote.run(*command, strace=fault("signal=KILL", here))
        if done.code != -9:
            return [f"was not killed but ended with {done.code}: {done.output}"]
        return faults_now(template, data) + faults_after(
            zygote, seeds, data, wanted, full, *options
        )

    chosen = _chosen(every)
    faults = lab.each(experiment, chosen)
    with capsys.disabled():
        counted = f"points tried: {lab.tried} of {len(every)}, failures: {len(faults)}"
        print(f"\nkilled, {situation}: {counted}")
    assert not faults, "\n".join(faults)
