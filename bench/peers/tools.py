"""The tools that are compared, and running one of them."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.corpus import ROOT
from bench.peers.contract import PREDICTIONS, TIMING, Removed, read
from bench.peers.environments import Pythons, environment

#: Settings of a tool beside the default ones that are shown too.
DEFAULT, TUNED = "default", "tuned"


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool and how it is run.

    Attributes:
        name: for people; that of its requirements too, but for Onrecord.
        package: whose version is shown.
        module: the runner, in this package.
        settings: those that are run, in this order.
        pythons: what its pinned packages run on; None for the project's own environment.
        slow: settings that are timed on the smaller input, because the larger takes too long.
    """

    name: str
    package: str
    module: str
    settings: tuple[str, ...] = (DEFAULT, TUNED)
    pythons: Pythons | None = None
    slow: frozenset[str] = frozenset()


ONRECORD = Tool("Onrecord", "onrecord", "run_onrecord", ("engine", "release"))

TOOLS = (
    ONRECORD,
    Tool(
        "datatrove",
        "datatrove",
        "run_datatrove",
        pythons=Pythons(11, 13),
        slow=frozenset({DEFAULT, TUNED}),
    ),
    # It compares all pairs of a cluster in Python: time grows with the square of repeats.
    Tool(
        "text-dedup",
        "text-dedup",
        "run_text_dedup",
        pythons=Pythons(12, 13),
        slow=frozenset({DEFAULT, TUNED}),
    ),
    Tool("dolma", "dolma", "run_dolma", pythons=Pythons(11, 11)),
    Tool(
        "rensa",
        "rensa",
        "run_rensa",
        (DEFAULT, TUNED, "C-MinHash"),
        Pythons(11, 13),
        slow=frozenset({TUNED, "C-MinHash"}),
    ),
    Tool("polars", "polars", "run_polars", ("verbatim", "folded"), Pythons(11, 13)),
)


class FailedError(Exception):
    """A tool did not finish; the message says why, for people."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a runner wrote.

    Attributes:
        removed: paragraphs, and what they went for.
        timing: as in ``timing.json``.
    """

    removed: list[Removed]
    timing: dict[str, Any]


def python_of(tool: Tool) -> Path:
    """The interpreter to run a tool with.

    Raises:
        UnavailableError: its environment can't be had.
    """
    if tool.pythons is None:
        return Path(sys.executable)
    return environment(tool.name, tool.pythons)


def _last_words(log: Path) -> str:
    """The line of a log that says most about a failure."""
    lines = [x.strip() for x in log.read_text(encoding="utf-8", errors="replace").splitlines()]
    return next((line[:200] for line in reversed(lines) if line), "no output")


def run(
    tool: Tool, setting: str, python: Path, paragraphs: Path, folder: Path, seconds: int
) -> Answer:
    """Run a tool on an input.

    Args:
        tool: the tool.
        setting: one of its settings, or settings as JSON.
        python: see `python_of`.
        paragraphs: the input.
        folder: for its answer and its log; emptied first.
        seconds: after so many it is ended.

    Raises:
        FailedError: it did not finish.
    """
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    log = folder / "log.txt"
    # fmt: off
    command = [
        str(python), "-m", f"bench.peers.{tool.module}",
        str(paragraphs), str(folder), "--setting", setting,
    ]
    # fmt: on
    with log.open("wb") as out:
        try:
            done = subprocess.run(  # noqa: S603
                command,
                cwd=ROOT,
                env={**os.environ, "PYTHONHASHSEED": "0"},
                stdout=out,
                stderr=subprocess.STDOUT,
                timeout=seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise FailedError(f"not finished after {seconds:,} s") from None
        finally:
            shutil.rmtree(folder / "scratch", ignore_errors=True)
    if done.returncode:
        raise FailedError(f"exit code {done.returncode}: {_last_words(log)}")
    timing = json.loads((folder / TIMING).read_text(encoding="utf-8"))
    removed = [(row["id"], row["kept"]) for row in read(folder / PREDICTIONS)]
    return Answer(removed, timing)
