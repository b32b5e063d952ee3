"""Faults by strace, at exactly one call: which calls there are, and a run with one of them hit.

Points are (call, path, n): the n-th such call on that path. ``-P`` restricts both the trace and
the count to the path, so what a thread does elsewhere can't shift them.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Self

ROOT = Path(__file__).resolve().parents[2]
#: Every run sees this time, so that a release that was disturbed is the same, byte for byte.
EPOCH = "1760000000"

WRITES = ("write", "pwrite64", "writev", "pwritev", "pwritev2", "ftruncate")
FLUSHES = ("fsync", "fdatasync")
RENAMES = ("rename", "renameat", "renameat2", "link", "linkat")
REMOVALS = ("unlink", "unlinkat", "rmdir")
FOLDERS = ("mkdir", "mkdirat")
CREATIONS = ("openat", "creat")
CALLS = (*WRITES, *FLUSHES, *RENAMES, *REMOVALS, *FOLDERS, *CREATIONS)

_CALL = re.compile(r"^(\d+) +(\w+)\((.*)$")
_OPEN_FILE = re.compile(r"^\d+<([^>]*)>")
_FAILED = re.compile(r"\) += -1 E[A-Z]+ \([^()]*\)$")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')

MISSING = (
    "strace is missing. Install it with `apt-get install strace`: without it no fault can be "
    "put into a run"
)


class Point(NamedTuple):
    """The n-th call of a kind on a path."""

    call: str
    path: str
    n: int


def has_strace() -> bool:
    """Whether strace is there, and may trace."""
    if not shutil.which("strace"):
        return False
    done = subprocess.run(["strace", "-qq", "-o", "/dev/null", "true"], check=False)
    return done.returncode == 0


@dataclass
class Done:
    """How a run ended: its exit code, or minus the signal; and what it printed."""

    code: int
    output: str


class Zygote:
    """A warm process that runs the command line; see ``zygote.py``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        environment = dict(os.environ, PYTHONPATH=f"{ROOT / 'src'}{os.pathsep}{ROOT}")
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("zygote.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        self._expect("ready")

    def _line(self) -> str:
        assert self._process.stdout
        return self._process.stdout.readline().strip()

    def _expect(self, word: str) -> None:
        found = self._line()
        assert found == word, found

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(60)

    def run(
        self, *argv: str | Path, strace: Sequence[str] = (), env: dict[str, str] | None = None
    ) -> Done:
        """Run ``onrecord ARGV``, under strace with some options where any are given."""
        return self.start(*argv, strace=strace, env=env)()

    def start(
        self, *argv: str | Path, strace: Sequence[str] = (), env: dict[str, str] | None = None
    ) -> Callable[[], Done]:
        """Start such a run; what comes back waits for its end."""
        output = self._folder / "output"
        request: dict[str, Any] = {
            "argv": [str(one) for one in argv],
            "output": str(output),
            "env": {"SOURCE_DATE_EPOCH": EPOCH} | (env or {}),
            "traced": bool(strace),
        }
        assert self._process.stdin
        print(json.dumps(request), file=self._process.stdin, flush=True)
        pid = self._line()
        tracer = None
        if strace:
            tracer = subprocess.Popen(
                ["strace", "-f", "-qq", *strace, "-p", pid], stderr=subprocess.DEVNULL
            )

        def end() -> Done:
            code = int(self._line())
            if tracer:
                tracer.wait(60)
            return Done(code, output.read_text(encoding="utf-8", errors="replace"))

        return end

    def trace(self, data: Path, *argv: str | Path) -> list[Point]:
        """Run a command and list every call that writes below a folder, in order."""
        log = self._folder / "trace"
        done = self.run(*argv, strace=["-y", "-o", str(log), "-e", f"trace={','.join(CALLS)}"])
        assert done.code == 0, done.output
        return points(log.read_text(encoding="utf-8", errors="replace").splitlines(), data)


def points(lines: Iterable[str], data: Path) -> list[Point]:
    """Every point of a trace that can be hit.

    strace counts the calls of each thread for itself, so the n-th call is hit in the thread that
    comes to it first.
    """
    seen: Counter[tuple[str, str, str]] = Counter()
    found: dict[Point, None] = {}
    for line in lines:
        match = _CALL.match(line)
        if not match or _FAILED.search(line):
            continue  # a call that did nothing, like mkdir of a folder that is there
        thread, call, rest = match.groups()
        path = _path(call, rest)
        if path is None or not Path(path).is_relative_to(data):
            continue
        seen[thread, call, path] += 1
        found.setdefault(Point(call, path, seen[thread, call, path]))
    return list(found)


def _path(call: str, rest: str) -> str | None:
    """What ``-P`` must name to restrict a trace to this call."""
    if call in CREATIONS and "O_CREAT" not in rest and "O_TRUNC" not in rest:
        return None
    quoted = _QUOTED.search(rest)
    if call in (*RENAMES, *REMOVALS, *FOLDERS, *CREATIONS) and quoted and quoted[1][:1] == "/":
        return quoted[1]
    opened = _OPEN_FILE.match(rest)
    return opened[1] if opened else None


def fault(what: str, *points: Point, onwards: bool = False) -> list[str]:
    """Options of strace that put a fault into a run: ``signal=KILL`` or ``error=ENOSPC``."""
    (call,) = {point.call for point in points}
    n = f"{points[0].n}+" if onwards else str(points[0].n)
    paths = [option for point in points for option in ("-P", point.path)]
    inject = f"inject={call}:{what}:when={n}"
    return [*paths, "-o", "/dev/null", "-e", f"trace={call}", "-e", inject]


def spread(items: Sequence[Any], n: int) -> list[Any]:
    """At most n of some items, evenly from first to last."""
    if len(items) <= n:
        return list(items)
    return [items[i * (len(items) - 1) // (n - 1)] for i in range(n)]
