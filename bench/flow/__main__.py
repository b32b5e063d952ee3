"""``python -m bench.flow``: a release as a flow beside ``onrecord release``.

Writes ``bench/results/flow.json`` and ``bench/results/flow.md``. Exit codes: 0 measured, whether
the target was hit or not; 1 a run failed; 2 wrong usage.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench.corpus import ROOT
from bench.speed.inputs import make
from bench.speed.machine import code_digest, machine, versions
from flows.own_server import QUIET, own_server

RESULTS = ROOT / "bench" / "results"
#: Orchestration may cost so much of a run, in CPU time and in wall time.
TARGET = 0.10
_FLOW = "import sys; from flows.release import release; release(sys.argv[1], sys.argv[2])"


@dataclass(frozen=True, slots=True)
class Run:
    """One release.

    Attributes:
        way: ``direct`` or ``flow``.
        cpu: seconds of the process and its children.
        server: CPU seconds of the Prefect server meanwhile.
        wall: seconds from the start of the process to its end.
        digest: content digest of the release.
    """

    way: str
    cpu: float
    server: float
    wall: float
    digest: str


def _cpu_of(pid: int | None) -> float:
    """CPU seconds of a process so far."""
    if pid is None:
        return 0.0
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def release(way: str, sources: Path, data: Path, api: str, server: int | None) -> Run:
    """Make one release in an empty data folder.

    Raises:
        SystemExit: it failed.
    """
    shutil.rmtree(data, ignore_errors=True)
    command = ["-m", "onrecord", "release", str(sources), "--data", str(data)]
    if way == "flow":
        command = ["-c", _FLOW, str(sources), str(data)]
    environment = os.environ | QUIET | {"PREFECT_API_URL": api}
    os.sync()
    before, began = _cpu_of(server), time.perf_counter()
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, *command],
        env=environment,
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - began
    if status:
        raise SystemExit(f"{way}: the release failed")
    latest = json.loads((data / "releases" / "latest.json").read_bytes())
    cpu = used.ru_utime + used.ru_stime
    return Run(way, cpu, _cpu_of(server) - before, wall, latest["content_digest"])


def report(figures: dict[str, Any]) -> str:
    """The figures as a page."""
    rows = [
        "# What orchestration costs",
        "",
        "Written by `python -m bench.flow`; the same figures are in `flow.json`. One release of "
        f"{figures['input']['bytes'] / 1e6:.1f} MB in {figures['input']['documents']:,} documents "
        "into an empty data folder, by `onrecord release` and by the flow with a Prefect server "
        "running on the same machine, in turns; of each the median. Starting Python and importing "
        "Prefect is part of it.",
        "",
        "| | CPU s | CPU s of the server | wall s |",
        "| --- | ---: | ---: | ---: |",
    ]
    for way in ("direct", "flow"):
        run = figures["median"][way]
        rows.append(f"| {way} | {run['cpu']:.2f} | {run['server']:.2f} | {run['wall']:.2f} |")
    over = figures["overhead"]
    rows += [
        f"| more | {over['cpu']:+.1%} | | {over['wall']:+.1%} |",
        "",
        f"With the server's own CPU time: {over['cpu_with_server']:+.1%}. Target: at most "
        f"{TARGET:.0%} of the run: CPU {_verdict(over['cpu'])}, wall {_verdict(over['wall'])}. "
        f"Both gave the same content digest: {'yes' if figures['same'] else '**no**'}.",
        "",
        "Runs: "
        + "; ".join(
            f"{run['way']} {run['cpu']:.2f} CPU s, {run['wall']:.2f} s" for run in figures["runs"]
        )
        + f". Load of the machine meanwhile: {figures['load']}.",
        "",
        ", ".join(f"{k} {v}" for k, v in {**figures["machine"], **figures["versions"]}.items()),
        "",
    ]
    return "\n".join(rows)


def _verdict(share: float) -> str:
    return "hit" if share <= TARGET else "**missed**"


def _median(runs: list[Run], way: str) -> dict[str, float]:
    mine = [asdict(run) for run in runs if run.way == way]
    return {
        key: sorted(run[key] for run in mine)[len(mine) // 2] for key in ("cpu", "server", "wall")
    }


def main() -> None:
    """Measure and write the report."""
    parser = argparse.ArgumentParser(prog="python -m bench.flow", description=__doc__)
    parser.add_argument("--size", type=int, default=57, help="decimal MB")
    parser.add_argument("--runs", type=int, default=3, help="of each way")
    wanted = parser.parse_args()
    made = make(wanted.size)
    runs: list[Run] = []
    with tempfile.TemporaryDirectory() as room, own_server(Path(room) / "prefect") as api:
        server = json.loads((Path(room) / "prefect" / "server.json").read_bytes())["pid"]
        data = Path(room) / "data"
        release("direct", made.folder, data, api, None)  # compiles what is not, and warms files
        for _ in range(wanted.runs):
            for way in ("direct", "flow"):
                runs.append(release(way, made.folder, data, api, server))
                print(runs[-1], file=sys.stderr, flush=True)
    median = {way: _median(runs, way) for way in ("direct", "flow")}
    direct, flow = median["direct"], median["flow"]
    figures = {
        "input": made.facts,
        "runs": [asdict(run) for run in runs],
        "median": median,
        "overhead": {
            "cpu": flow["cpu"] / direct["cpu"] - 1,
            "cpu_with_server": (flow["cpu"] + flow["server"] - direct["server"]) / direct["cpu"]
            - 1,
            "wall": flow["wall"] / direct["wall"] - 1,
        },
        "same": len({run.digest for run in runs}) == 1,
        "load": ", ".join(f"{value:.1f}" for value in os.getloadavg()),
        "machine": machine(),
        "versions": versions() | {"code": code_digest()},
    }
    RESULTS.mkdir(exist_ok=True)
    text = json.dumps(figures, indent=1) + "\n"
    (RESULTS / "flow.json").write_text(text, encoding="utf-8")
    page = report(figures)
    (RESULTS / "flow.md").write_text(page, encoding="utf-8")
    print(page)


if __name__ == "__main__":
    main()
