"""What every runner shares: how it is called, how its work is timed, what it writes.

A runner is a module of this package that is run by the Python of its tool's own environment,
``python -m bench.peers.run_TOOL PARAGRAPHS FOLDER --setting NAME``. So it, and this module, may
import the standard library and that tool only. Instead of a name it takes settings as JSON.

It reads ``PARAGRAPHS``, JSON Lines with ``id`` (int, ascending) and ``text`` (one line), and
writes to ``FOLDER``:

* ``predictions.jsonl``: one line for each paragraph that the tool removes, with its ``id`` and
  with ``kept``, the id of the paragraph that stands for it, null where the tool does not say;
* ``timing.json``: what the work took, the versions and the settings.

Only the tool's own work is timed, from its own input format to its decisions: not starting
Python, importing the tool, turning the paragraphs into that format, or reading the decisions.
"""

import argparse
import json
import os
import platform
import resource
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

PREDICTIONS, TIMING = "predictions.jsonl", "timing.json"

#: A removed paragraph, and the one that stands for it.
Removed = tuple[int, int | None]


def _cpu_seconds() -> float:
    """User and system time of all threads of this process and of its finished children."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _peak_bytes() -> int:
    """Most memory that this process, or the largest of its children, has held at once.

    Linux counts the memory of the parent at the start into ``ru_maxrss``, so for this process
    the kernel's high-water mark of the program itself is read where there is one.
    """
    unit = 1 if sys.platform == "darwin" else 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                peak = int(line.split()[1]) * 1024
    return max(peak, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * unit)


class Meter:
    """Adds up what the timed parts of a run took.

    Attributes:
        cpu_seconds: user and system time, all threads and finished children.
        wall_seconds: on the clock.
        peak_rss_bytes: of the process by the end of the last timed part, the paragraphs in
            memory included where the tool takes them from there.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget what was timed, because it does not count."""
        self.cpu_seconds = 0.0
        self.wall_seconds = 0.0
        self.peak_rss_bytes = 0

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Time what is done inside."""
        cpu, wall = _cpu_seconds(), time.perf_counter()
        yield
        self.cpu_seconds += _cpu_seconds() - cpu
        self.wall_seconds += time.perf_counter() - wall
        self.peak_rss_bytes = _peak_bytes()


def read(paragraphs: Path) -> Iterator[dict[str, Any]]:
    """The paragraphs of an input, one by one."""
    with paragraphs.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def texts(paragraphs: Path) -> tuple[list[int], list[str]]:
    """All ids and texts of an input, for tools that work in memory."""
    ids, found = [], []
    for paragraph in read(paragraphs):
        ids.append(paragraph["id"])
        found.append(paragraph["text"])
    return ids, found


def clusters(members: Iterable[tuple[int, int]]) -> Iterator[Removed]:
    """What is removed when the first of each cluster is kept.

    Args:
        members: pairs of a paragraph and its cluster.
    """
    first: dict[int, int] = {}
    for member, cluster in sorted(members):
        kept = first.setdefault(cluster, member)
        if kept != member:
            yield member, kept


#: (paragraphs, an empty folder for scratch files, settings, meter) → what is removed.
Run = Callable[[Path, Path, dict[str, Any], Meter], Iterable[Removed]]


def serve(run: Run, settings: dict[str, dict[str, Any]], packages: Sequence[str]) -> None:
    """Be a runner: read the command line, run the tool, write the answer.

    Args:
        run: does it.
        settings: those that have names; what is run is written to the answer.
        packages: distributions whose versions matter.
    """
    parser = argparse.ArgumentParser(description="Run one tool; see bench.peers.contract.")
    parser.add_argument("paragraphs", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--setting", required=True, help=f"{', '.join(settings)}, or JSON")
    asked = parser.parse_args()
    scratch = asked.folder / "scratch"
    scratch.mkdir(parents=True, exist_ok=True)
    given = asked.setting
    chosen = json.loads(given) if given.startswith("{") else settings[given]
    meter = Meter()
    load = os.getloadavg()[0]
    with (asked.folder / PREDICTIONS).open("w", encoding="utf-8") as out:
        for removed, kept in sorted(run(asked.paragraphs, scratch, chosen, meter)):
            out.write(json.dumps({"id": removed, "kept": kept}) + "\n")
    timing = {
        "cpu_seconds": round(meter.cpu_seconds, 3),
        "wall_seconds": round(meter.wall_seconds, 3),
        "peak_rss_bytes": meter.peak_rss_bytes,
        "load_average": round(load, 2),
        "versions": {"python": platform.python_version()} | {p: version(p) for p in packages},
        "settings": chosen,
    }
    (asked.folder / TIMING).write_text(json.dumps(timing, indent=2) + "\n", encoding="utf-8")
