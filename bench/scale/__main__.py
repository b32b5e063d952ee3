"""``python -m bench.scale``: releases of growing size by each engine, and what that means for more.

Writes ``bench/results/scale.json`` and ``bench/results/scale.md``. 10,000 MB take some two hours
and 60 GB of disk, so they are not measured unless they are asked for. What was measured before,
of other sizes or by other engines, stays in the results, with the code that it was measured of.

Exit codes: 0 measured, whether targets were hit or not; 1 a run failed; 2 wrong usage.
"""

import argparse
import datetime
import json
import shutil
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, get_args

from bench.corpus import ROOT, open_corpus
from bench.scale import model
from bench.scale.keys import keys_of
from bench.scale.watch import watched
from bench.speed.inputs import Input, make, scratch
from bench.speed.machine import code_digest, machine, versions
from bench.speed.process import BenchError, run_module
from onrecord.settings import Engine

RESULTS = ROOT / "bench" / "results"
ENGINES = get_args(Engine)

#: CPU time for each MB, as a multiple of that of the smallest input.
GROWTH = 1.2
#: Most memory held at once, in MiB, by size in decimal MB.
PEAK_MIB = {10_000: 8 * 1024}
_WARM_UP = 10  # decimal MB
_FREE = 6  # bytes on the disk for each byte of input, besides the input itself


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def _measured(made: Input, engine: str) -> dict[str, Any]:
    """One release of one size by one engine."""
    data = scratch() / "data"
    shutil.rmtree(data, ignore_errors=True)
    if shutil.disk_usage(scratch()).free < _FREE * made.size * 1_000_000:
        raise BenchError(f"{made.size:,} MB: the disk has too little room")
    answer = scratch() / "answer.json"
    with watched() as memory:
        done = run_module("bench.scale.run", engine, made.folder, data, answer=answer)
    found = done.answer
    keys = asdict(keys_of(Path(found["release"]))) if engine == "local" else None
    shutil.rmtree(data, ignore_errors=True)
    return {
        "engine": engine,
        "size": made.size,
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "code": code_digest(),
        "megabytes": made.megabytes,
        "documents": made.facts["documents"],
        "cpu": round(done.cpu, 2),
        "wall": round(done.wall, 2),
        "others": done.others,
        "own_mib": round(memory.own),
        "pages_mib": round(memory.pages),
        "stages": {
            name: {key: round(stage[key], 2) for key in ("cpu", "wall", "peak_mib")}
            for name, stage in found["stages"].items()
        },
        "figures": found["figures"],
        "content_digest": found["content_digest"],
        "keys": keys,
    }


def _before() -> list[dict[str, Any]]:
    """What was measured before."""
    try:
        return list(json.loads((RESULTS / "scale.json").read_text(encoding="utf-8"))["runs"])
    except (OSError, ValueError):
        return []


def _stages(runs: list[dict[str, Any]]) -> list[str]:
    """CPU seconds for each GB, and MiB at most when the stage ended, by stage."""
    names = list(dict.fromkeys(name for run in runs for name in run["stages"]))
    head = [f"{run['size']:,} MB, {run['engine']}" for run in runs]
    lines = [_line(["stage", *head]), _line(["---", *["---:"] * len(head)])]
    for name in names:
        cells = []
        for run in runs:
            stage = run["stages"].get(name)
            per_gb = 1000 * stage["cpu"] / run["megabytes"] if stage else 0
            cells.append(f"{per_gb:,.1f} / {stage['peak_mib']:,.0f}" if stage else "")
        lines.append(_line([name, *cells]))
    return lines


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def report(results: dict[str, Any]) -> str:
    """The results as Markdown."""
    runs = results["runs"]
    lines = [
        "# Scale",
        "",
        "Written by `python -m bench.scale`; the same figures are in `scale.json`. Releases "
        "without a page. *Own* memory is that of all processes of the run together, which can't "
        "be had back; *pages* are of files, which the system takes out of memory where it needs "
        "room. CPU of workers of Ray is not counted: they are no children of the run.",
        "",
        "- "
        + ", ".join(f"{k} {v}" for k, v in {**results["machine"], **results["versions"]}.items()),
        "",
        _line(
            ["MB", "engine", "CPU s", "CPU s / MB", "× smallest", "wall s", "own MiB", "pages MiB"]
        ),
        _line(["---:", "---", *["---:"] * 6]),
    ]
    first = {run["engine"]: run for run in reversed(runs)}
    for run in runs:
        per_mb = run["cpu"] / run["megabytes"]
        start = first[run["engine"]]
        growth = per_mb / (start["cpu"] / start["megabytes"])
        limit = PEAK_MIB.get(run["size"])
        verdict = "" if growth <= GROWTH else " **missed**"
        over = " **missed**" if limit and run["own_mib"] > limit else ""
        lines.append(
            _line(
                [
                    f"{run['size']:,}",
                    run["engine"],
                    f"{run['cpu']:,.1f}",
                    f"{per_mb:.3f}",
                    f"{growth:.2f}{verdict}",
                    f"{run['wall']:,.1f}",
                    f"{run['own_mib']:,}{over}",
                    f"{run['pages_mib']:,}",
                ]
            )
        )
    digests = {
        size: {r["content_digest"] for r in runs if r["size"] == size}
        for size in {r["size"] for r in runs}
    }
    same = all(len(found) == 1 for found in digests.values())
    codes = sorted({f"`{run['code']}` ({run['date']})" for run in runs})
    busy = max(run["others"] or 0.0 for run in runs)
    lines += [
        "",
        f"The same records whatever the engine: {'yes' if same else '**no**'}. Measured of code "
        f"{', '.join(codes)}; other processes used up to {busy:.0%} of the cores meanwhile.",
    ]
    if max(run["size"] for run in runs) < max(PEAK_MIB):
        lines += ["", "10,000 MB were not measured; below is what the smaller sizes say of them."]
    lines += ["", "## CPU seconds for each GB / most MiB held so far, by stage", "", *_stages(runs)]
    lines += ["", "## What larger inputs would need", ""]
    try:
        lines += model.table(results)
    except ValueError as error:
        lines.append(f"No forecast: {error}.")
    return "\n".join(lines) + "\n"


def _list(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def main() -> int:
    """Measure, print the report and write it."""
    parser = argparse.ArgumentParser(prog="python -m bench.scale", description=__doc__)
    parser.add_argument("--sizes", type=_list, default=["100", "1000"], help="decimal MB")
    parser.add_argument("--engines", type=_list, default=["local", "daft"], help=", ".join(ENGINES))
    chosen = parser.parse_args()
    if not all(size.isdecimal() and int(size) for size in chosen.sizes):
        parser.error("--sizes: expected numbers of MB, such as 100,1000")
    if strange := set(chosen.engines) - set(ENGINES):
        parser.error(f"--engines: {', '.join(sorted(strange))}: no such engine")
    runs = {(run["size"], run["engine"]): run for run in _before()}
    try:
        corpus = open_corpus()
        run_module(
            "bench.scale.run",
            "local",
            make(_WARM_UP, corpus).folder,
            scratch() / "data",
            answer=scratch() / "answer.json",
        )
        for size in sorted(map(int, chosen.sizes)):
            made = make(size, corpus)
            for engine in chosen.engines:
                _say(f"{size:,} MB, {engine}")
                runs[size, engine] = _measured(made, engine)
    except BenchError as error:
        _say(f"failed: {error}")
        return 1
    results = {
        "machine": machine(),
        "versions": versions(),
        "runs": [runs[key] for key in sorted(runs, key=lambda k: (ENGINES.index(k[1]), k[0]))],
    }
    text = report(results)
    print(text, end="")
    RESULTS.mkdir(parents=True, exist_ok=True)
    described = json.dumps(results, indent=2, ensure_ascii=False) + "\n"
    (RESULTS / "scale.json").write_text(described, encoding="utf-8")
    (RESULTS / "scale.md").write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
