"""datatrove: the four steps of its MinHash pipeline, as in its example for it.

The example is ``examples/minhash_deduplication.py`` of its repository. "default" is
``MinhashConfig()``: 5-grams of words, 14 buckets of 8 hashes (threshold about 0.72). "tuned" has
single words and a lower threshold for short texts. The words are those of the English tokenizer
in both, which is the default whatever the language, and all numbers are alike, also by default
(to tell them apart changed next to nothing). A paragraph with fewer words than an n-gram has no
signature and is always kept.

All is done by one worker. Of each cluster, datatrove itself decides which member stays.
"""

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.dedup import (
    MinhashDedupBuckets,
    MinhashDedupCluster,
    MinhashDedupFilter,
    MinhashDedupSignature,
)
from datatrove.pipeline.dedup.minhash import MinhashConfig
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers import JsonlWriter

from bench.peers.contract import Meter, Removed, read, serve

SETTINGS: dict[str, dict[str, Any]] = {
    "default": {"n_grams": 5, "num_buckets": 14, "hashes_per_bucket": 8},
    "tuned": {"n_grams": 1, "num_buckets": 16, "hashes_per_bucket": 6},
}

_CLUSTERED, _TO_REMOVE = "000000.clusters", "000000.remove"


def _numbers(file: Path) -> list[int]:
    """The unsigned 32-bit numbers of a file; none where there is no file."""
    data = file.read_bytes() if file.exists() else b""
    return [number for (number,) in struct.iter_unpack("<I", data)]


def run(
    paragraphs: Path, scratch: Path, settings: dict[str, Any], meter: Meter
) -> Iterator[Removed]:
    """Run signatures, buckets, clusters and filter one after the other."""
    documents, signatures, buckets, clustered, kept = (
        str(scratch / name) for name in ("documents", "signatures", "buckets", "clusters", "kept")
    )
    Path(documents).mkdir()
    ids = []
    with (Path(documents) / "00000.jsonl").open("w", encoding="utf-8") as out:
        for one in read(paragraphs):
            ids.append(one["id"])
            out.write(json.dumps({"id": str(one["id"]), "text": one["text"]}) + "\n")
    config = MinhashConfig(**settings)
    steps: list[tuple[list[Any], int]] = [
        ([JsonlReader(documents), MinhashDedupSignature(signatures, config=config)], 1),
        ([MinhashDedupBuckets(signatures, buckets, config=config)], config.num_buckets),
        ([MinhashDedupCluster(buckets, clustered, config=config, save_cluster_id=True)], 1),
        ([JsonlReader(documents), MinhashDedupFilter(clustered), JsonlWriter(kept)], 1),
    ]
    with meter.timed():
        for number, (pipeline, tasks) in enumerate(steps):
            LocalPipelineExecutor(
                pipeline=pipeline, tasks=tasks, workers=1, logging_dir=str(scratch / f"log{number}")
            ).run()
    removed = set(_numbers(Path(clustered) / _TO_REMOVE))
    flat = _numbers(Path(clustered) / _CLUSTERED)
    cluster_of = dict(zip(flat[::2], flat[1::2], strict=True))
    stays = {cluster: row for row, cluster in cluster_of.items() if row not in removed}
    for row in removed:
        yield ids[row], ids[stays[cluster_of[row]]]


if __name__ == "__main__":
    serve(run, SETTINGS, ["datatrove", "numpy", "spacy"])
