"""``python -m bench.lookup``: time ``why``, ``diff`` and ``list`` on a made-up large release.

Two releases are made through the real plan and the real writers. Then each command runs as a
process of its own; what it costs beyond an interpreter that loads the same modules and does
nothing is its work.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from bench.corpus import ROOT
from bench.lookup.corpus import DROPPED, OWN, Documents, tables
from bench.speed.machine import machine
from bench.speed.process import Meter
from onrecord.ingest.sources import Source
from onrecord.release.catalog import releases_folder
from onrecord.release.changes import plan
from onrecord.release.describe import quality
from onrecord.release.layout import table_path
from onrecord.release.place import open_release
from onrecord.release.publish import load_previous, publish
from onrecord.release.retire import Fates
from onrecord.settings import Settings

RUNS = 5
CREATED = "2026-01-01T00:00:00Z"


def _sources() -> list[Source]:
    return [
        Source(id=f"source-{i}", title=f"Source {i}", origin="made up", basis="made up")
        for i in range(10)
    ]


def make(data: Path, paragraphs: int) -> dict[str, float]:
    """Publish two releases; return the CPU seconds of planning and publishing each."""
    n = paragraphs // OWN
    took = {}
    releases_folder(data).mkdir(parents=True, exist_ok=True)
    for version, numbers in (
        ("1.0.0", np.arange(n)),
        ("1.1.0", np.concatenate((np.arange(DROPPED, n), np.arange(n, n + DROPPED)))),
    ):
        rows = tables(Documents(numbers, paragraphs, n if version == "1.1.0" else 0))
        previous = load_previous(data)
        planning, writing = Meter(), Meter()
        with planning:
            planned = plan(rows, previous, Fates(), [])
        assert planned.version == version, planned.reasons
        with writing:
            figures = quality(planned.tables)
            publish(planned, figures, previous, _sources(), data, Settings(), CREATED)
        took[f"plan {version}"], took[f"publish {version}"] = planning.used.cpu, writing.used.cpu
    return took


def _ids(data: Path) -> dict[str, str]:
    """One id of each kind to ask for."""
    release = open_release(str(data))
    file = release.parquet(table_path("paragraphs"))
    rows = file.read(["paragraph_id", "n_occurrences", "document_id"])
    counts = rows["n_occurrences"].to_numpy()
    middle = int(np.flatnonzero(counts == 2)[counts.size // 100])
    most = int(np.argmax(counts))
    retired = release.parquet(table_path("retired")).read(["record_id"])["record_id"]
    names = rows["paragraph_id"]
    document = rows["document_id"][middle].as_py()
    return {
        "a paragraph": names[middle].as_py(),
        f"a paragraph in {counts[most]:,} places": names[most].as_py(),
        "a document": document,
        "a block": f"{document}/11",
        "a retired paragraph": retired[len(retired) - 1].as_py(),
    }


def _cpu(arguments: list[str]) -> float:
    """CPU seconds of a process, the least of some runs."""
    best = float("inf")
    for _ in range(RUNS):
        meter = Meter()
        with meter:
            done = subprocess.run(  # noqa: S603 (our own command)
                [sys.executable, *arguments], cwd=ROOT, capture_output=True, check=False
            )
        if done.returncode:
            raise SystemExit(done.stderr.decode())
        best = min(best, meter.used.cpu)
    return best


def _modules(arguments: list[str]) -> list[str]:
    """The modules that a command has loaded when it ends."""
    code = (
        "import sys, atexit\n"
        "from onrecord.commands import app\n"
        "atexit.register(lambda: print(*sorted(sys.modules), file=sys.stderr))\n"
        f"app({arguments!r})"
    )
    done = subprocess.run(  # noqa: S603 (our own command)
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True
    )
    return done.stderr.decode().splitlines()[-1].split()


_IMPORT = """
import importlib, sys
for name in {names!r}:
    try:
        importlib.import_module(name)
    except Exception:
        pass
"""


def measure(arguments: list[str]) -> dict[str, float]:
    """CPU seconds of a command, of loading its modules alone, and their difference."""
    names = [n for n in _modules(arguments) if n.split(".")[0] not in ("__main__", "__mp_main__")]
    whole = _cpu(["-m", "onrecord", *arguments])
    loading = _cpu(["-c", _IMPORT.format(names=names)])
    return {"whole": whole, "loading": loading, "work": max(0.0, whole - loading)}


def main() -> None:
    """Make the releases where they are not there yet, and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--paragraphs", type=int, default=1_000_000)
    parser.add_argument("--data", type=Path, help="keep the releases here, and use them again")
    parser.add_argument("--results", type=Path, default=ROOT / "bench" / "results")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as room:
        data = given.data or Path(room)
        report: dict[str, Any] = {"paragraphs": given.paragraphs, "machine": machine()}
        if not (data / "releases" / "latest.json").exists():
            report["made"] = make(data, given.paragraphs)
        place = ["--data", str(data)]
        asked = {f"why, {kind}": ["why", name, *place] for kind, name in _ids(data).items()}
        asked["diff of neighbours"] = ["diff", "1.0.0", "1.1.0", *place]
        asked["diff, rows of a table"] = [*asked["diff of neighbours"], "--table", "paragraphs"]
        asked["list"] = ["list", str(data)]
        report["work"] = {what: measure(arguments) for what, arguments in asked.items()}
    for what, seconds in report.get("made", {}).items():
        print(f"{what:<40} {seconds:7.1f} s CPU")
    print(f"{'seconds of CPU':<40} {'whole':>7} {'loading':>8} {'work':>6}")
    for what, found in report["work"].items():
        print(f"{what:<40} {found['whole']:7.3f} {found['loading']:8.3f} {found['work']:6.3f}")
    given.results.mkdir(parents=True, exist_ok=True)
    (given.results / "lookup.json").write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
