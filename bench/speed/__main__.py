"""``python -m bench.speed``: measure releases of growing size and write the report.

Writes ``bench/results/speed.json`` and ``bench/results/speed.md``. Exit codes: 0 measured,
whether targets were hit or not; 1 a run failed; 2 wrong usage.
"""

import argparse
import datetime
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

from bench.corpus import ROOT, open_corpus
from bench.speed.inputs import Input, make, scratch
from bench.speed.machine import code_digest, machine, versions
from bench.speed.process import BenchError, Finished, OutOfMemoryError, run_module
from bench.speed.report import (
    figures_of_failure,
    figures_of_size,
    growth,
    growth_of_stages,
    report,
)

RESULTS = ROOT / "bench" / "results"

#: Kernels are compiled by a release of this size, in decimal MB, which is not counted.
WARM_UP = 10
#: Inputs of this size or larger, in decimal MB, are run once.
ONCE_FROM = 1000


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def _sizes(text: str) -> list[int]:
    try:
        sizes = sorted({int(word) for word in text.split(",")})
    except ValueError:
        sizes = []
    if not sizes or sizes[0] < 1:
        raise argparse.ArgumentTypeError(f"{text!r}: expected numbers of MB, such as 10,100")
    return sizes


def _settle(folder: Path) -> None:
    """Have files in the page cache and nothing waiting to be written.

    Before each run: some machines take back what was in the cache and not used for a while.
    """
    os.sync()
    for path in folder.rglob("*"):
        if path.is_file():
            path.read_bytes()


def _answer(finished: Finished) -> dict[str, Any]:
    process = {"cpu": finished.cpu, "wall": finished.wall, "others": finished.others}
    return {**finished.answer, "process": process}


def _release(made: Input, data: Path) -> dict[str, Any]:
    """One release on an empty data folder; once more where it had to compile kernels."""
    answer = scratch() / "answer.json"
    for _ in range(2):
        shutil.rmtree(data, ignore_errors=True)
        run = _answer(run_module("bench.speed.measure", made.folder, data, answer=answer))
        if not run["compiled"]:
            break
    return run


def _measure(made: Input, repeat: int, code: str) -> dict[str, Any]:
    """Measure one size: releases, then floors; say so where the memory was too small."""
    data = scratch() / "data"
    try:
        return _figures(made, repeat, data, code)
    except OutOfMemoryError as error:
        _say(f"{made.size:,} MB: {error}")
        return figures_of_failure(made.size, made.megabytes, made.facts, str(error))
    finally:
        shutil.rmtree(data, ignore_errors=True)


def _figures(made: Input, repeat: int, data: Path, code: str) -> dict[str, Any]:
    runs = []
    for i in range(repeat):
        _settle(made.folder)
        runs.append(_release(made, data))
        used = runs[-1]["process"]
        _say(
            f"{made.size:,} MB, run {i + 1} of {repeat}: {used['cpu']:.1f} CPU s, "
            f"{used['wall']:.1f} s, {runs[-1]['peak_mib']:,.0f} MiB"
        )
    if len({run["content_digest"] for run in runs}) > 1 and code_digest() == code:
        raise BenchError(f"{made.size:,} MB: runs on the same input gave different releases")
    floors = []
    for _ in range(repeat):
        _settle(made.folder)
        found = run_module(
            "bench.speed.floor",
            made.folder,
            Path(runs[-1]["release"]),
            answer=scratch() / "answer.json",
        )
        floors.append(_answer(found))
    _say(f"{made.size:,} MB, floor: {floors[-1]['cpu']:.2f} CPU s")
    return figures_of_size(made.size, made.megabytes, made.facts, runs, floors)


def _benchmark(sizes: list[int], repeat: int) -> dict[str, Any]:
    corpus = open_corpus()
    described = corpus.describe()
    notes = []
    if corpus.is_seeds:
        notes.append("there was no corpus but the seeds: inputs are mostly re-scrapes of these")
    _say(f"corpus: {described}")
    inputs = []
    for size in sizes:
        _say(f"{size:,} MB: make the input, or take it from the cache")
        inputs.append(make(size, corpus))
    code = code_digest()
    _say("warm up: compile the kernels")
    _release(make(WARM_UP, corpus), scratch() / "data")
    del corpus
    found = [_measure(made, 1 if made.size >= ONCE_FROM else repeat, code) for made in inputs]
    if code_digest() != code:
        notes.append("the source of Onrecord was changed while this ran: measure again")
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "machine": machine(),
        "versions": versions(),
        "code": code,
        "corpus": described,
        "notes": notes,
        "sizes": found,
        "growth": growth(found),
        "growth_of_stages": growth_of_stages(found),
    }


def main() -> int:
    """Measure, print the report and write it."""
    parser = argparse.ArgumentParser(prog="python -m bench.speed", description=__doc__)
    parser.add_argument("--sizes", type=_sizes, default=[10, 100], help="decimal MB: 10,100,1000")
    parser.add_argument("--repeat", type=int, default=3, help="runs of each size below 1,000 MB")
    chosen = parser.parse_args()
    if chosen.repeat < 1:
        parser.error("--repeat: expected 1 or more")
    try:
        results = _benchmark(chosen.sizes, chosen.repeat)
    except BenchError as error:
        _say(f"failed: {error}")
        return 1
    text = report(results)
    print(text, end="")
    RESULTS.mkdir(parents=True, exist_ok=True)
    described = json.dumps(results, indent=2, ensure_ascii=False) + "\n"
    (RESULTS / "speed.json").write_text(described, encoding="utf-8")
    (RESULTS / "speed.md").write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
