"""dolma: its Rust Bloom filter on paragraphs.

"default" is paragraph deduplication as in its documentation (``docs/deduplication.md``): equal
paragraphs, false positives at 0.0001 where the filter holds as many paragraphs as there are.
"tuned" is its ``by_ngram``: a paragraph goes when most of its n-grams were seen before.

dolma marks spans of documents and names no partner, so ``kept`` is null. Each paragraph is a
document of one line here.
"""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dolma import deduper

from bench.peers.contract import Meter, Removed, read, serve

SETTINGS: dict[str, dict[str, Any]] = {
    "default": {"false_positive_rate": 0.0001, "by_ngram": None},
    "tuned": {
        "false_positive_rate": 0.0001,
        "by_ngram": {"ngram_length": 3, "stride": 0, "overlap_threshold": 0.6},
    },
}

_NAME = "repeats"


def run(
    paragraphs: Path, scratch: Path, settings: dict[str, Any], meter: Meter
) -> Iterator[Removed]:
    """Write dolma's documents, run the deduper, read its attributes."""
    documents = scratch / "documents" / "paragraphs.jsonl.gz"
    documents.parent.mkdir()
    count = words = 0
    with gzip.open(documents, "wt", encoding="utf-8", compresslevel=1) as out:
        for one in read(paragraphs):
            count += 1
            words += len(one["text"].split())
            out.write(json.dumps({"id": str(one["id"]), "text": one["text"]}) + "\n")
    by_ngram = settings["by_ngram"]
    config = {
        "documents": [str(documents)],
        "dedupe": {
            "name": _NAME,
            "paragraphs": {"attribute_name": _NAME, "paragraph_separator": "\n"}
            | ({"by_ngram": {**by_ngram, "skip_short_paragraphs": False}} if by_ngram else {}),
            "skip_empty": False,
            "min_length": 0,
            "min_words": 0,
            "num_partitions": 1,
            "partition_index": 0,
            "file_partition": False,
            "document_dir": "documents",
        },
        "bloom_filter": {
            "file": str(scratch / "filter.bin"),
            "read_only": False,
            "size_in_bytes": 0,
            "estimated_doc_count": words if by_ngram else count,
            "desired_false_positive_rate": settings["false_positive_rate"],
        },
        "processes": 1,
        "work_dir": {"input": str(scratch / "in"), "output": str(scratch / "out")},
        "compression": {"input": None, "output": None},
        "is_s3_volume": False,
    }
    with meter.timed():
        deduper(config)
    attributes = scratch / "attributes" / _NAME / documents.name
    with gzip.open(attributes, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            if row["attributes"].get(_NAME):
                yield int(row["id"]), None


if __name__ == "__main__":
    serve(run, SETTINGS, ["dolma"])
