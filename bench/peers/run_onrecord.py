"""Onrecord, for speed: the paragraphs stand one a line in the files of a folder of sources.

"engine" times the stages from text in memory to decisions: segment, normalise, gather and
deduplicate, and stops there. "release" times all of a release, from reading the files to the
published tables. What Onrecord finds is scored by `bench.quality`, which knows its relations,
so no predictions are written here.
"""

from collections.abc import Callable, Iterable
from itertools import groupby
from pathlib import Path
from typing import Any, TypeVar

from bench.peers.contract import Meter, Removed, read, serve
from onrecord.job import release
from onrecord.kernel import cache_folder
from onrecord.settings import Settings

T = TypeVar("T")

SETTINGS: dict[str, dict[str, Any]] = {
    "engine": {"stages": ["segment", "normalise", "gather", "deduplicate"]},
    "release": {"stages": None},
}

_ABOUT = """title: {name}
origin: Made by bench/peers
publication: full
basis: Made to measure on this machine; never published.
"""
#: Paragraphs of a file where the input does not say in which they stand.
_LINES = 100


class _EngineDoneError(Exception):
    """The last of the timed stages is done."""


def _place(paragraph: dict[str, Any]) -> tuple[str, str]:
    """Source and file of a paragraph."""
    return (
        paragraph.get("source", "paragraphs"),
        paragraph.get("path", f"{paragraph['id'] // _LINES:07d}.txt"),
    )


def _write(paragraphs: Path, folder: Path) -> None:
    """Write the sources."""
    for (source, path), lines in groupby(read(paragraphs), _place):
        file = folder / source / path
        file.parent.mkdir(parents=True, exist_ok=True)
        about = folder / source / "source.yml"
        if not about.exists():
            about.write_text(_ABOUT.format(name=source), encoding="utf-8")
        with file.open("a", encoding="utf-8", newline="\n") as out:
            out.writelines(line["text"] + "\n" for line in lines)


def _kernels() -> int:
    """How many compiled kernels are in the cache."""
    return sum(1 for _ in cache_folder().rglob("*.nbc"))


def _release(sources: Path, data: Path, stages: list[str] | None, meter: Meter) -> None:
    """Release the paragraphs, and time all of it or some stages."""
    if stages is None:
        with meter.timed():
            release(sources, data, Settings())
        return

    def timed_stage(stage: Callable[..., T], *args: Any, **_: object) -> T:
        """Run one stage; time it when it is one of the engine's."""
        name = getattr(getattr(stage, "func", stage), "__name__", "")
        if name not in stages:
            return stage(*args)
        with meter.timed():
            result = stage(*args)
        if name == stages[-1]:
            raise _EngineDoneError
        return result

    try:
        release(sources, data, Settings(), timed_stage)
    except _EngineDoneError:
        return
    raise RuntimeError(f"the pipeline has no stage {stages[-1]}")


def run(
    paragraphs: Path, scratch: Path, settings: dict[str, Any], meter: Meter
) -> Iterable[Removed]:
    """Release the paragraphs; once more where kernels had to be compiled."""
    sources = scratch / "sources"
    _write(paragraphs, sources)
    compiled = _kernels()
    _release(sources, scratch / "data", settings["stages"], meter)
    if _kernels() != compiled:
        meter.reset()
        _release(sources, scratch / "again", settings["stages"], meter)
    return []


if __name__ == "__main__":
    serve(run, SETTINGS, ["onrecord", "numba", "numpy", "pyarrow"])
