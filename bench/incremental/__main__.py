"""``python -m bench.incremental``: a run with nothing to do, and one with a hundredth more.

Writes ``bench/results/incremental.json`` and ``bench/results/incremental.md``. Exit codes: 0
measured, whether targets were hit or not; 1 a run failed; 2 wrong usage.
"""

import argparse
import datetime
import hashlib
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench.corpus import ROOT
from bench.speed.inputs import make
from bench.speed.machine import code_digest, machine, versions
from bench.speed.process import BenchError, run_module

RESULTS = ROOT / "bench" / "results"
#: Every so many-th document comes later.
LATER = 100
#: A run with nothing to do may cost this share of a full one …
IDLE = 0.05
#: … and one with a hundredth more this share over what writing its release costs.
OVER_WRITING = 0.20


def _run(sources: Path, data: Path) -> dict[str, Any]:
    """One release: CPU and wall seconds of all of it, and of writing."""
    answer = data.with_suffix(".json")
    finished = run_module("bench.speed.measure", sources, data, answer=answer)
    made = finished.answer
    run = {
        "cpu": finished.cpu,
        "wall": finished.wall,
        "writing": made["stages"].get("publish", {}).get("cpu", 0.0),
        "release": Path(made["release"]).name,
        "others": finished.others,
    }
    print(f"{data.name}: {run}", file=sys.stderr, flush=True)
    return run


def _bytes_of(data: Path, version: str) -> dict[str, str]:
    """The sha256 of each file of a release."""
    folder = data / "releases" / version
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _measure(folder: Path, room: Path) -> dict[str, Any]:
    """All runs, on a copy of some sources."""
    sources, later, data, copy = (room / name for name in ("sources", "later", "data", "copy"))
    shutil.copytree(folder, sources, copy_function=os.link)
    files = sorted(p for p in sources.rglob("*") if p.is_file() and p.name != "source.yml")
    for path in files[::LATER]:
        place = later / path.relative_to(sources)
        place.parent.mkdir(parents=True, exist_ok=True)
        path.rename(place)
    _run(sources, room / "warm")  # compiles what is not
    runs = {"everything": _run(sources, data), "nothing changed": _run(sources, data)}
    shutil.copytree(data, copy, ignore=shutil.ignore_patterns("cache"))
    shutil.copytree(later, sources, dirs_exist_ok=True)
    runs["a hundredth more"] = _run(sources, data)
    runs["a hundredth more, without a cache"] = _run(sources, copy)
    version = runs["a hundredth more"]["release"]
    return {
        "documents": len(files),
        "added": len(files[::LATER]),
        "runs": runs,
        "identical": _bytes_of(data, version) == _bytes_of(copy, version),
    }


def _verdict(share: float, limit: float) -> str:
    return f"{share:.1%}, target at most {limit:.0%}: {'hit' if share <= limit else '**missed**'}"


def report(found: dict[str, Any]) -> str:
    """The figures as a page."""
    runs = found["runs"]
    full, idle, more = (runs[k] for k in ("everything", "nothing changed", "a hundredth more"))
    rows = [
        "# When little changed",
        "",
        "Written by `python -m bench.incremental`; the same figures are in `incremental.json`. "
        f"{found['documents']:,} documents, of which {found['added']:,} come later. Starting "
        "Python is part of every run; there is no page.",
        "",
        "| run | CPU s | of it writing | wall s | latest release |",
        "| --- | ---: | ---: | ---: | --- |",
        *(
            f"| {name} | {r['cpu']:.2f} | {r['writing']:.2f} | {r['wall']:.2f} | {r['release']} |"
            for name, r in runs.items()
        ),
        "",
        f"- Nothing changed, of a full run: {_verdict(idle['cpu'] / full['cpu'], IDLE)}.",
        "- A hundredth more, over writing alone: "
        f"{_verdict(more['cpu'] / more['writing'] - 1, OVER_WRITING)}.",
        f"- With and without a cache the same bytes: {'yes' if found['identical'] else '**no**'}.",
        f"- Other processes used up to {max(r['others'] or 0 for r in runs.values()):.0%} of the "
        "machine's cores meanwhile.",
        "",
        ", ".join(f"{k} {v}" for k, v in {**found["machine"], **found["versions"]}.items()),
        "",
    ]
    return "\n".join(rows)


def main() -> int:
    """Measure and write the report."""
    parser = argparse.ArgumentParser(prog="python -m bench.incremental", description=__doc__)
    parser.add_argument("--size", type=int, default=57, help="decimal MB")
    made = make(parser.parse_args().size)
    os.environ["SOURCE_DATE_EPOCH"] = "1700000000"  # else releases differ in when they were made
    try:
        with tempfile.TemporaryDirectory(dir=made.folder.parent) as room:
            found = _measure(made.folder, Path(room))
    except BenchError as error:
        print(f"failed: {error}", file=sys.stderr)
        return 1
    found |= {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "machine": machine(),
        "versions": versions(),
        "code": code_digest(),
    }
    text = report(found)
    print(text, end="")
    (RESULTS / "incremental.json").write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    (RESULTS / "incremental.md").write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
