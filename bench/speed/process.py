"""What a process has used so far, and running one to find out what it uses."""

import json
import os
import resource
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.corpus import ROOT

MIB = 1024 * 1024

#: Set for a measured process: when it was started, by the clock of `time.perf_counter`.
_STARTED = "BENCH_SPEED_STARTED"


#: Share of the memory free at its start that a measured process may take before it ends itself.
_MOST_OF_FREE = 0.85
_WATCHED_EVERY = 0.25  # seconds
_OUT_OF_MEMORY = 70  # exit code


class BenchError(Exception):
    """A measured process failed, so there is nothing to report."""


class OutOfMemoryError(BenchError):
    """A measured process ended itself before it took the whole machine's memory."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process has used so far.

    Attributes:
        cpu: seconds of user and system time of all its threads and finished children.
        wall: seconds on the clock.
    """

    cpu: float
    wall: float

    def since(self, before: "Usage") -> "Usage":
        """What was used in between."""
        return Usage(self.cpu - before.cpu, self.wall - before.wall)


def usage() -> Usage:
    """What this process has used up to now."""
    own, children = (
        resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    cpu = own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime
    return Usage(cpu, time.perf_counter())


class Meter:
    """Adds up what is used inside its ``with`` blocks."""

    def __init__(self) -> None:
        self.used = Usage(0.0, 0.0)
        self._before = self.used

    def __enter__(self) -> None:
        self._before = usage()

    def __exit__(self, *_: object) -> None:
        more = usage().since(self._before)
        self.used = Usage(self.used.cpu + more.cpu, self.used.wall + more.wall)


def since_start() -> Usage:
    """What this process has used up to now, interpreter start and imports included."""
    now = usage()
    return Usage(now.cpu, now.wall - float(os.environ.get(_STARTED, now.wall)))


def peak_mib() -> float:
    """Most memory this process has held at once so far, in MiB.

    Linux counts the memory of the parent at the start into ``ru_maxrss``, so the kernel's
    high-water mark of this very program is read where there is one.
    """
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / MIB if sys.platform == "darwin" else most / 1024


def _free_mib() -> float | None:
    """Memory that can be had without swapping, in MiB; None where that is not known."""
    listing = Path("/proc/meminfo")
    if listing.exists():
        for line in listing.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) / 1024
    return None


def end_before_memory_does() -> None:
    """Watch over this process in a thread: end it before the machine runs out of memory.

    Other programs must not be killed because a benchmark was too large for the machine.
    """
    free = _free_mib()
    if free is None:
        return
    limit = _MOST_OF_FREE * free

    def watch() -> None:
        while peak_mib() < limit:
            time.sleep(_WATCHED_EVERY)
        print(f"ended: it took more than {limit:,.0f} MiB", file=sys.stderr, flush=True)
        os._exit(_OUT_OF_MEMORY)

    threading.Thread(target=watch, daemon=True).start()


@dataclass(frozen=True, slots=True)
class Finished:
    """A measured process that is done.

    Attributes:
        answer: what it reported itself.
        cpu: seconds of user and system time by the operating system's count, all threads.
        wall: seconds from its start to its end.
        others: share of the machine's cores that other processes used meanwhile, 0 to 1; None
            where the operating system doesn't tell.
    """

    answer: dict[str, Any]
    cpu: float
    wall: float
    others: float | None


def _busy_seconds() -> float | None:
    """CPU time that all processes of the machine have used since it was started."""
    counts = Path("/proc/stat")
    if not counts.exists():
        return None
    # user, nice, system, idle, waiting for the disk, interrupts, soft interrupts, stolen
    ticks = [int(word) for word in counts.read_text().split("\n", 1)[0].split()[1:9]]
    return (sum(ticks) - ticks[3] - ticks[4]) / os.sysconf("SC_CLK_TCK")


def run_module(module: str, *arguments: Path | str, answer: Path) -> Finished:
    """Run a module of the benchmark in a process of its own.

    Args:
        module: its full name; it writes JSON to the last of its arguments.
        arguments: before the last.
        answer: the last: a file, overwritten.

    Raises:
        OutOfMemoryError: the machine's memory is too small for it.
        BenchError: it failed; its own message went to the error stream.
    """
    answer.unlink(missing_ok=True)
    command = [sys.executable, "-m", module, *map(str, arguments), str(answer)]
    busy_before = _busy_seconds()
    began = time.perf_counter()
    environment = {**os.environ, _STARTED: repr(began)}
    # Modules are compiled once and kept, as on the machines of people.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    child = subprocess.Popen(command, cwd=ROOT, env=environment)  # noqa: S603
    _, status, used = os.wait4(child.pid, 0)
    wall = time.perf_counter() - began
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode == _OUT_OF_MEMORY:
        raise OutOfMemoryError(f"ended after {wall:,.0f} s: it took nearly all free memory")
    if child.returncode != 0 or not answer.is_file():
        raise BenchError(f"{module} ended with exit code {child.returncode}")
    found = json.loads(answer.read_text(encoding="utf-8"))
    cpu = used.ru_utime + used.ru_stime
    busy = _busy_seconds()
    others = None
    if busy is not None and busy_before is not None:
        cores = os.cpu_count() or 1
        others = min(1.0, max(0.0, busy - busy_before - cpu) / (cores * wall))
    return Finished(found, cpu, wall, others)
