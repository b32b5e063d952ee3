"""Warm processes, and data folders in the states that runs start from."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.hostile.harness import MISSING, Zygote, has_strace
from tests.hostile.lab import Lab

MakeSource = Callable[..., Path]

#: So many runs at once.
WORKERS = min(2, os.cpu_count() or 1)

_ARTICLE = (
    b"The ferry stopped before noon because of a broken rudder.\n\n"
    b"Nobody was hurt, the captain told the harbour office on Tuesday.\n"
)
_LETTER = b"Nobody was hurt, the captain told the harbour office on Tuesday.\n\nMore follows.\n"


@pytest.fixture(scope="session")
def strace() -> None:
    """Skip where no fault can be put into a run."""
    if not has_strace():
        pytest.skip(MISSING)


@pytest.fixture(scope="session")
def sources(tmp_path_factory: pytest.TempPathFactory, make_source: MakeSource) -> tuple[Path, Path]:
    """Small sources, one of them withheld, in an older and a newer state."""
    folder = tmp_path_factory.mktemp("sources")
    for name, files in (
        ("old", {"a.txt": _ARTICLE}),
        ("new", {"a.txt": _ARTICLE, "b.txt": _LETTER}),
    ):
        make_source(folder / name, "harbour", files)
        closed = {"c.txt": b"What this says must not be shown to anybody.\n"}
        make_source(folder / name, "closed", closed, publication="metadata")
    return folder / "old", folder / "new"


@pytest.fixture(scope="session")
def zygotes(tmp_path_factory: pytest.TempPathFactory, seed_data: Path) -> Iterator[list[Zygote]]:
    """Warm processes. They come after a whole run, which has compiled the kernels."""
    running = [Zygote(tmp_path_factory.mktemp("zygote")) for _ in range(WORKERS)]
    yield running
    for zygote in running:
        zygote.__exit__()


@pytest.fixture(scope="session")
def published(
    tmp_path_factory: pytest.TempPathFactory, zygotes: list[Zygote], sources: tuple[Path, Path]
) -> Path:
    """A data folder with one release of the older sources. Not to be written to."""
    data = tmp_path_factory.mktemp("published") / "data"
    done = zygotes[0].run("release", sources[0], "--data", data)
    assert done.code == 0, done.output
    return data


@pytest.fixture
def lab(zygotes: list[Zygote], tmp_path: Path) -> Lab:
    """Where experiments run."""
    return Lab(zygotes, tmp_path)
