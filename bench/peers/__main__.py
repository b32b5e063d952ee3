"""``python -m bench.peers``: Onrecord and other tools on the same paragraphs.

Quality is scored on a labelled set, speed is measured on a larger input without labels. Writes
``peers.md``, ``peers.json`` and ``peers.png``.
"""

import argparse
import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.corpus import ROOT, open_corpus
from bench.peers import report
from bench.peers.contract import PREDICTIONS, TIMING, read
from bench.peers.environments import UnavailableError
from bench.peers.inputs import (
    FOLDER,
    labelled_input,
    read_labelled,
    speed_input,
    text_megabytes,
)
from bench.peers.scoring import figures, judge
from bench.peers.tools import ONRECORD, TOOLS, Answer, FailedError, Tool, python_of, run
from bench.quality.dataset import LabelledSet
from bench.quality.onrecord_run import answer as onrecord_answer
from bench.quality.score import score
from bench.speed.machine import code_digest, machine

_SEED, _SCALE, _SIZE, _SLOW_SIZE, _SECONDS = 2026, 0.25, 100, 10, 3600


class _Bench:
    """What all runs share.

    Attributes:
        seconds: a run is ended after so many.
        reuse: whether answers of earlier runs of the same runner on the same input are taken.
    """

    def __init__(self, seconds: int, reuse: bool) -> None:
        self.seconds = seconds
        self.reuse = reuse
        self._digests: dict[Path, str] = {}

    def _digest(self, path: Path) -> str:
        if path not in self._digests:
            with path.open("rb") as file:
                self._digests[path] = hashlib.file_digest(file, "sha256").hexdigest()[:12]
        return self._digests[path]

    def answer(self, tool: Tool, setting: str, python: Path, paragraphs: Path) -> Answer:
        """Run a tool, or take its answer of an earlier run.

        Raises:
            FailedError: it did not finish.
        """
        runner = self._digest(Path(__file__).with_name(f"{tool.module}.py"))
        folder = FOLDER / "answers" / self._digest(paragraphs) / f"{tool.module}-{setting}-{runner}"
        # Of Onrecord only the code of this moment counts.
        if self.reuse and tool is not ONRECORD and (folder / TIMING).exists():
            timing = json.loads((folder / TIMING).read_text(encoding="utf-8"))
            return Answer([(r["id"], r["kept"]) for r in read(folder / PREDICTIONS)], timing)
        return run(tool, setting, python, paragraphs, folder, self.seconds)

    def quality(
        self, tool: Tool, setting: str, python: Path, paragraphs: Path, labelled: LabelledSet
    ) -> dict[str, Any]:
        """Figures on a labelled set.

        Raises:
            FailedError: the tool did not finish.
        """
        found = self.answer(tool, setting, python, paragraphs)
        return figures(labelled, judge(labelled, found.removed))

    def speed(self, tool: Tool, setting: str, python: Path, paragraphs: Path) -> dict[str, Any]:
        """Figures on an input without labels.

        Raises:
            FailedError: the tool did not finish.
        """
        found = self.answer(tool, setting, python, paragraphs)
        megabytes, count = text_megabytes(paragraphs)
        used = {k: v for k, v in found.timing.items() if k not in {"versions", "settings"}}
        return {
            "megabytes": round(megabytes, 2),
            "paragraphs": count,
            **used,
            "mb_per_cpu_second": round(megabytes / max(1e-9, found.timing["cpu_seconds"]), 3),
            "removed": len(found.removed),
            "versions": found.timing["versions"],
            "settings": found.timing["settings"],
        }


def _rows(
    bench: _Bench,
    tool: Tool,
    labelled: tuple[Path, LabelledSet] | None,
    sizes: tuple[Path, Path] | None,
) -> list[dict[str, Any]]:
    """One row a setting; a tool that can't be had gives rows that say why."""
    rows = []
    try:
        python, problem = python_of(tool), None
    except UnavailableError as error:
        python, problem = Path(), f"not installed: {error}"
    for setting in tool.settings:
        row: dict[str, Any] = {
            "tool": tool.name,
            "version": None,
            "setting": setting,
            "quality": None,
            "quality_problem": problem if labelled else None,
            "speed": None,
            "speed_problem": problem if sizes else None,
        }
        rows.append(row)
        if problem:
            continue
        if labelled:
            try:
                if tool is not ONRECORD:
                    row["quality"] = bench.quality(tool, setting, python, *labelled)
                elif len(rows) == 1:
                    found = onrecord_answer(labelled[1]).predictions
                    row["quality"] = figures(labelled[1], score(labelled[1], found))
                else:  # a release holds what the engine decided
                    row["quality"] = rows[0]["quality"]
                print(f"  {tool.name}, {setting}: quality {row['quality']}", flush=True)
            except FailedError as error:
                row["quality_problem"] = str(error)
        if sizes:
            try:
                row["speed"] = bench.speed(tool, setting, python, sizes[setting in tool.slow])
                row["version"] = row["speed"]["versions"][tool.package]
                print(f"  {tool.name}, {setting}: speed {row['speed']}", flush=True)
            except FailedError as error:
                row["speed_problem"] = str(error)
        for part in ("quality_problem", "speed_problem"):
            if row[part]:
                print(f"  {tool.name}, {setting}: {row[part]}", flush=True)
    return rows


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    names = [tool.name for tool in TOOLS]
    parser = argparse.ArgumentParser(prog="python -m bench.peers", description=__doc__)
    parser.add_argument(
        "--paragraphs",
        type=Path,
        help="JSON Lines with id and text: the labelled set with --labels, else the speed input",
    )
    parser.add_argument("--labels", type=Path, help="labels.jsonl of bench.quality --write")
    parser.add_argument("--seed", type=int, default=_SEED, help="of the labelled set to make")
    parser.add_argument("--scale", type=float, default=_SCALE, help="of the labelled set to make")
    parser.add_argument("--size", type=int, default=_SIZE, help="MB of the speed input")
    parser.add_argument("--tools", default=",".join(names), help="with commas between them")
    parser.add_argument("--only", choices=("quality", "speed"), help="measure that alone")
    parser.add_argument("--seconds", type=int, default=_SECONDS, help="end a run after so many")
    parser.add_argument("--reuse", action="store_true", help="take answers of earlier runs")
    parser.add_argument("--out", type=Path, default=ROOT / "bench" / "results")
    parsed = parser.parse_args(arguments)
    parsed.tools = parsed.tools.split(",")
    if unknown := sorted(set(parsed.tools) - set(names)):
        parser.error(f"unknown tools: {', '.join(unknown)} (known: {', '.join(names)})")
    if parsed.labels and not parsed.paragraphs:
        parser.error("--labels needs --paragraphs")
    return parsed


def main(arguments: Sequence[str] | None = None) -> None:
    """Run everything that was asked for and write the report."""
    asked = _parse(arguments)
    notes = [f"Corpus: {open_corpus().describe()}"]
    labelled = None
    if asked.only != "speed" and (asked.labels or not asked.paragraphs):
        if asked.labels:
            labelled = asked.paragraphs, read_labelled(asked.paragraphs, asked.labels)
            notes.append(f"Labelled set: {asked.paragraphs.name}, digest {labelled[1].digest()}")
        else:
            labelled = labelled_input(asked.seed, asked.scale)
            notes.append(
                f"Labelled set: seed {asked.seed}, scale {asked.scale}, "
                f"{len(labelled[1].paragraphs):,} paragraphs, {len(labelled[1].cases):,} cases, "
                f"digest {labelled[1].digest()}"
            )
    sizes = None
    if asked.only != "quality":
        if asked.paragraphs and not asked.labels:
            sizes = asked.paragraphs, asked.paragraphs
        else:
            sizes = speed_input(asked.size), speed_input(min(asked.size, _SLOW_SIZE))
    notes.append(f"Onrecord's code: `{code_digest()}`")
    bench = _Bench(asked.seconds, asked.reuse)
    rows = []
    for tool in TOOLS:
        if tool.name in asked.tools:
            print(tool.name, flush=True)
            rows += _rows(bench, tool, labelled, sizes)
    results: dict[str, Any] = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": machine(),
        "notes": notes,
        "rows": rows,
    }
    asked.out.mkdir(parents=True, exist_ok=True)
    results["picture"] = report.picture(results, asked.out / "peers.png")
    text = json.dumps(results, indent=2, ensure_ascii=False)
    (asked.out / "peers.json").write_text(text + "\n", encoding="utf-8")
    (asked.out / "peers.md").write_text(report.markdown(results), encoding="utf-8")
    print(f"written: {asked.out / 'peers.md'}")


if __name__ == "__main__":
    main()
