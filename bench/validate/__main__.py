"""``python -m bench.validate``: rows per second beside frictionless, and memory as rows grow.

Writes ``bench/results/validate.json`` and ``bench/results/validate.md``. Exit codes: 0 measured,
whether targets were hit or not; 1 a run failed; 2 wrong usage.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench.corpus import ROOT
from bench.speed.machine import code_digest, machine, versions
from bench.validate.table import make

RESULTS = ROOT / "bench" / "results"
#: The size at which both are compared, and how often each is run; the best run counts.
COMPARED = 1_000_000
RUNS = 3
TARGET = 50


def measure(tool: str, path: Path, runs: int) -> dict[str, Any]:
    """The best of some runs, by CPU time.

    Raises:
        subprocess.CalledProcessError: a run failed.
    """
    command = [sys.executable, "-m", "bench.validate.measure", tool, str(path)]
    found = [
        json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)  # noqa: S603
        for _ in range(runs)
    ]
    if not all(run["valid"] for run in found):
        raise SystemExit(f"{tool} calls the table invalid, which it is not")
    best: dict[str, Any] = min(found, key=lambda run: run["cpu"])
    return best


def report(figures: dict[str, Any]) -> str:
    """The figures as a page."""
    rows = [
        "# Checking tables",
        "",
        "A table of seven columns (string with pattern, string, number, integer, date, enum, "
        "quoted text) with bounds, a primary key and a foreign key, in CSV. Only the check is "
        "timed, not the start of Python; of onrecord the best of three runs in processes of "
        "their own, of frictionless one run, which takes a minute.",
        "",
        "| | rows | seconds | CPU seconds | rows per CPU second | peak MiB | at start |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for run in figures["runs"]:
        rows.append(
            f"| {run['tool']} | {run['rows']:,} | {run['wall']:.2f} | {run['cpu']:.2f} "
            f"| {run['rows'] / run['cpu']:,.0f} | {run['peak_mib']:.0f} | {run['start_mib']:.0f} |"
        )
    rows += [
        "",
        f"Ratio of rows per CPU second at {COMPARED:,} rows: **{figures['ratio_cpu']:.0f}**; of "
        f"rows per second of wall time: {figures['ratio_wall']:.0f} (target {TARGET}).",
        "",
        f"Load of the machine during the runs: {figures['load']}.",
        "",
        ", ".join(f"{k} {v}" for k, v in {**figures["machine"], **figures["versions"]}.items()),
        "",
    ]
    return "\n".join(rows)


def main() -> None:
    """Measure and write the report."""
    parser = argparse.ArgumentParser(prog="python -m bench.validate", description=__doc__)
    parser.add_argument("--sizes", default=f"100000,{COMPARED},4000000", help="rows")
    parser.add_argument("--frictionless", type=int, default=COMPARED, help="rows for frictionless")
    wanted = parser.parse_args()
    sizes = [int(size) for size in wanted.sizes.split(",")]
    runs = []
    with tempfile.TemporaryDirectory(prefix="bench-") as place:
        for tool, rows in [
            ("frictionless", wanted.frictionless),
            *(("onrecord", n) for n in sizes),
        ]:
            path = make(Path(place) / str(rows), rows)
            times = RUNS if tool == "onrecord" else 1
            runs.append({"tool": tool, "rows": rows, **measure(tool, path, times)})
            print(runs[-1], file=sys.stderr, flush=True)
    theirs = runs[0]
    ours = min(runs[1:], key=lambda run: abs(run["rows"] - COMPARED))
    ratios = {
        f"ratio_{kind}": (ours["rows"] / ours[kind]) / (theirs["rows"] / theirs[kind])
        for kind in ("cpu", "wall")
    }
    load = f"{min(r['load'] for r in runs):.1f} to {max(r['load'] for r in runs):.1f}"
    figures = {
        "runs": runs,
        **ratios,
        "load": load,
        "machine": machine(),
        "versions": versions(),
        "code": code_digest(),
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "validate.json").write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    page = report(figures)
    (RESULTS / "validate.md").write_text(page, encoding="utf-8")
    print(page)


if __name__ == "__main__":
    main()
