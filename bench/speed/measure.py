"""Run one release and write down what each of its stages took.

``python -m bench.speed.measure SOURCES DATA ANSWER`` is run in a fresh process for each
measurement. Stages are recorded by the names under which the pipeline runs them, whatever
these are.
"""

import json
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

from bench.speed.process import Usage, end_before_memory_does, peak_mib, since_start, usage
from onrecord.compiled import cache_folder
from onrecord.settings import Settings

T = TypeVar("T")

START = "(start and imports)"
BETWEEN = "(between stages)"

_FIGURES = ("documents", "blocks", "paragraphs", "relations", "quarantined")


@dataclass(slots=True)
class Entry:
    """What one stage used, summed over its runs.

    Attributes:
        runs: how many there were.
        cpu: seconds, all threads.
        wall: seconds.
        peak_mib: most memory the process had held at once when the stage last ended.
    """

    runs: int = 0
    cpu: float = 0.0
    wall: float = 0.0
    peak_mib: float = 0.0


@dataclass(slots=True)
class Step:
    """What one step inside a stage used, summed over its runs.

    Attributes:
        stage: the stage in which it ran.
        runs: how many there were.
        cpu: seconds, of the threads that ran it and of no others that they started.
    """

    stage: str
    runs: int = 0
    cpu: float = 0.0


def _name(stage: Callable[..., object]) -> str:
    plain = getattr(stage, "func", stage)  # of a partial
    return str(getattr(plain, "__name__", type(plain).__name__))


class Ledger:
    """Counts every second from its start for exactly one stage.

    What is used while several stages run at once, in threads, is shared out between them in
    equal parts, so that the sum over all stages is what the process used. A stage that hands
    out a lazy iterator is charged for none of what is done when that is consumed.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._here = threading.local()
        self._active: list[str] = []
        self._last = usage()
        self.entries: dict[str, Entry] = {}
        self.steps: dict[str, Step] = {}

    def _settle(self) -> None:
        """Charge what was used since the last event to the stages that ran."""
        now = usage()
        used = now.since(self._last)
        self._last = now
        share = max(1, len(self._active))
        for name in self._active or [BETWEEN]:
            entry = self.entries.setdefault(name, Entry())
            entry.cpu += used.cpu / share
            entry.wall += used.wall / share

    def __call__(
        self, stage: Callable[..., T], *args: Any, step: tuple[int, int] = (1, 1), **_: object
    ) -> T:
        """Run a stage and charge it."""
        name = _name(stage)
        with self._lock:
            self._settle()
            self._active.append(name)
        self._here.stage = name
        try:
            return stage(*args)
        finally:
            with self._lock:
                self._settle()
                self._active.remove(name)
                entry = self.entries.setdefault(name, Entry())
                entry.runs += 1
                entry.peak_mib = peak_mib()

    def within(
        self, stage: Callable[..., T], *args: Any, step: tuple[int, int] = (1, 1), **_: object
    ) -> T:
        """Run a step inside a stage, in the stage's thread."""
        before = time.thread_time()
        try:
            return stage(*args)
        finally:
            cpu = time.thread_time() - before
            name = _name(stage)
            with self._lock:
                entry = self.steps.setdefault(name, Step(getattr(self._here, "stage", BETWEEN)))
                entry.runs += 1
                entry.cpu += cpu

    def close(self) -> None:
        """Charge what is left."""
        with self._lock:
            self._settle()
            if BETWEEN in self.entries:
                self.entries[BETWEEN].peak_mib = peak_mib()


def _kernels() -> int:
    """How many compiled kernels are kept, told without loading the compiler."""
    return sum(1 for _ in cache_folder().rglob("*.nbc"))


def measure(sources: Path, data: Path, settings: Settings) -> dict[str, Any]:
    """Run a release and say what it took.

    Args:
        sources: folder with one folder a source.
        data: where the archive and the release go.
        settings: of the release.

    Returns:
        ``stages`` in the order in which they first ran, each with ``runs``, ``cpu`` and
        ``wall`` in seconds and ``peak_mib``; ``steps`` inside them; all of it together;
        ``compiled``, the number of kernels that were not in the cache and so spoil the
        figures; and what came out.
    """
    from onrecord.job import release  # noqa: PLC0415  # imports are counted as part of the start

    begun = since_start()
    start = Entry(1, begun.cpu, begun.wall, peak_mib())
    ledger = Ledger()
    kernels = _kernels()
    outcome = release(sources, data, settings, ledger, ledger.within)
    ledger.close()
    done: Usage = since_start()
    order = [name for name in ledger.entries if name != BETWEEN]
    entries = {START: start} | {name: ledger.entries[name] for name in order}
    if BETWEEN in ledger.entries:
        entries[BETWEEN] = ledger.entries[BETWEEN]
    return {
        "stages": {name: asdict(entry) for name, entry in entries.items()},
        "steps": {name: asdict(step) for name, step in ledger.steps.items()},
        "cpu": done.cpu,
        "wall": done.wall,
        "peak_mib": peak_mib(),
        "compiled": _kernels() - kernels,
        "release": str(outcome.path),
        "content_digest": outcome.content_digest,
        "figures": {name: outcome.figures[name] for name in _FIGURES if name in outcome.figures},
    }


if __name__ == "__main__":
    end_before_memory_does()
    where, into, answer = map(Path, sys.argv[1:])
    # The page has a benchmark of its own: no peer and no floor has one.
    answer.write_text(json.dumps(measure(where, into, Settings(page=False))), encoding="utf-8")
