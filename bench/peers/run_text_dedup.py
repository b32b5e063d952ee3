"""text-dedup: its MinHash script, run with a ``config.toml`` as its README shows it.

"default" is the README's MinHash configuration: 240 permutations, 5-grams of words, threshold 0.7,
every pair of a cluster verified. "tuned" has shorter n-grams and a lower threshold for short
texts. One worker.

The script throws out texts with fewer than ``min_length`` words before it looks for repeats.
They are neither repeats nor kept then; here they count as left alone, which flatters it.

Its suffix arrays need a Rust program that no package brings, so they are not run.
"""

import json
import os
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.peers.contract import Meter, Removed, read, serve

SETTINGS: dict[str, dict[str, Any]] = {
    "default": {"num_perm": 240, "threshold": 0.7, "ngram_size": 5, "min_length": 5},
    "tuned": {"num_perm": 240, "threshold": 0.6, "ngram_size": 1, "min_length": 1},
}

_CONFIGURATION = """
[input]
input_type = "local_files"
file_type = "json"
[input.read_arguments]
path = "json"
data_files = "paragraphs.jsonl"
split = "train"
cache_dir = "cache"

[algorithm]
algorithm_name = "minhash"
text_column = "text"
seed = 42
batch_size = 10000
num_proc = 1
num_perm = {num_perm}
threshold = {threshold}
false_positive_weight = 0.5
false_negative_weight = 0.5
hash_bits = 64
ngram_size = {ngram_size}
min_length = {min_length}
check_false_positive = true

[output]
output_dir = "output"
clean_cache = false
save_clusters = true

[debug]
enable_profiling = false
"""


def run(
    paragraphs: Path, scratch: Path, settings: dict[str, Any], meter: Meter
) -> Iterator[Removed]:
    """Write input and configuration, run the script, read its clusters."""
    ids = []
    with (scratch / "paragraphs.jsonl").open("w", encoding="utf-8") as out:
        for one in read(paragraphs):
            ids.append(one["id"])
            out.write(json.dumps({"text": one["text"]}) + "\n")
    (scratch / "config.toml").write_text(_CONFIGURATION.format(**settings), encoding="utf-8")
    # The library under it must not look for anything on the network, nor write elsewhere.
    os.environ |= {"HF_HUB_OFFLINE": "1", "HF_HOME": str(scratch.resolve() / "home")}
    os.chdir(scratch)
    from text_dedup.config.base import Config  # noqa: PLC0415  # reads the environment
    from text_dedup.minhash import main  # noqa: PLC0415

    with meter.timed():
        main(Config())
    # Our own file, written a moment ago by the tool.
    clusters = pickle.loads(Path("output/clusters.pickle").read_bytes())  # noqa: S301
    for row, cluster in clusters.items():
        if row != cluster:
            yield ids[row], ids[cluster]


if __name__ == "__main__":
    serve(run, SETTINGS, ["text-dedup", "datasets", "polars", "numpy"])
