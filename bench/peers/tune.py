"""``python -m bench.peers.tune``: where the settings named "tuned" come from.

Each tool is run over a small grid of its own settings on a labelled set whose seed is not that
of the comparison. The best is the one with the highest harmonic mean of recall and precision;
who changes a grid or the set copies it into ``run_TOOL.py``. Onrecord is not tuned here.
"""

import argparse
import json
from itertools import product
from typing import Any

from bench.peers.inputs import FOLDER, labelled_input
from bench.peers.scoring import figures, judge
from bench.peers.tools import TOOLS, FailedError, python_of, run

_SEED, _SCALE, _SECONDS = 5, 0.1, 900

GRIDS: dict[str, list[dict[str, Any]]] = {
    "datatrove": [
        {"n_grams": n, "num_buckets": buckets, "hashes_per_bucket": hashes}
        for n, (buckets, hashes) in product((1, 2, 3), ((14, 8), (16, 6), (20, 5), (25, 4)))
    ],
    "text-dedup": [
        {"num_perm": 240, "threshold": threshold, "ngram_size": n, "min_length": 1}
        for n, threshold in product((1, 2, 3), (0.5, 0.6, 0.7))
    ],
    "dolma": [
        {
            "false_positive_rate": 0.0001,
            "by_ngram": {"ngram_length": n, "stride": 0, "overlap_threshold": threshold},
        }
        for n, threshold in product((2, 3, 5, 8), (0.4, 0.5, 0.6, 0.7, 0.8, 0.9))
    ],
    "rensa": [
        {"sketch": "RMinHash", "threshold": threshold, "num_perm": 128, "words": n, "fold": True}
        for n, threshold in product((1, 2, 3), (0.2, 0.3, 0.4, 0.5, 0.6, 0.7))
    ],
}


def main() -> None:
    """Run the grids that were asked for and print them, the best first."""
    parser = argparse.ArgumentParser(prog="python -m bench.peers.tune", description=__doc__)
    parser.add_argument("--tools", default=",".join(GRIDS), help="with commas between them")
    parser.add_argument("--seed", type=int, default=_SEED)
    parser.add_argument("--scale", type=float, default=_SCALE)
    asked = parser.parse_args()
    paragraphs, labelled = labelled_input(asked.seed, asked.scale)
    for tool in TOOLS:
        if tool.name not in GRIDS or tool.name not in asked.tools.split(","):
            continue
        python = python_of(tool)
        found = []
        for settings in GRIDS[tool.name]:
            text = json.dumps(settings)
            try:
                answer = run(tool, text, python, paragraphs, FOLDER / "tune", _SECONDS)
            except FailedError as error:
                print(f"{tool.name} {text}: {error}", flush=True)
                continue
            result = figures(labelled, judge(labelled, answer.removed))
            recall, precision = result["recall"], result["precision"]
            mean = 2 * recall * precision / max(1e-9, recall + precision)
            found.append((mean, recall, precision, text))
        for mean, recall, precision, text in sorted(found, reverse=True):
            print(f"{tool.name} {mean:.4f} recall {recall:.4f} precision {precision:.4f} {text}")


if __name__ == "__main__":
    main()
