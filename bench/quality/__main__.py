"""``python -m bench.quality``: make the labelled set, run Onrecord on it, print the score."""

import argparse
import json
import time
from pathlib import Path

from bench.corpus import open_corpus
from bench.quality.dataset import build
from bench.quality.languages import CODES
from bench.quality.onrecord_run import answer
from bench.quality.report import as_json, show, tables
from bench.quality.score import score


def main() -> None:
    """Parse the arguments and run."""
    parser = argparse.ArgumentParser(prog="python -m bench.quality", description=__doc__)
    parser.add_argument("--seed", type=int, required=True, help="what everything is drawn from")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the full size")
    parser.add_argument("--languages", help="codes, with commas between them; all by default")
    parser.add_argument("--show", metavar="KIND", help="print missed examples of a kind, or 'all'")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument("--write", type=Path, help="write the set to this folder and stop")
    arguments = parser.parse_args()
    languages = arguments.languages.split(",") if arguments.languages else list(CODES)
    unknown = sorted(set(languages) - set(CODES))
    if unknown:
        parser.error(f"unknown languages: {', '.join(unknown)} (known: {', '.join(CODES)})")
    started = time.perf_counter()
    corpus = open_corpus()
    print(f"corpus: {corpus.describe()}")
    labelled = build(arguments.seed, arguments.scale, languages, corpus)
    built = time.perf_counter()
    if arguments.write:
        labelled.write(arguments.write)
        print(f"written: {arguments.write}, {labelled.digest()}")
        return
    found = answer(labelled)
    ran = time.perf_counter()
    result = score(labelled, found.predictions)
    tables(labelled, found, result)
    print(f"built in {built - started:.1f} s, released in {ran - built:.1f} s")
    if arguments.show:
        show(labelled, found.predictions, result, arguments.show)
    if arguments.json:
        content = as_json(labelled, found, result)
        arguments.json.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
