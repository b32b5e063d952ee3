"""Exact hashing with Polars: what equality alone finds, and how fast that is."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import polars as pl

from bench.peers.contract import Meter, Removed, clusters, serve

SETTINGS: dict[str, dict[str, Any]] = {
    "verbatim": {"normalise": False},
    "folded": {"normalise": True},
}

#: What is no letter and no digit, in any script.
_APART = r"[^\p{L}\p{M}\p{N}]+"


def run(
    paragraphs: Path, scratch: Path, settings: dict[str, Any], meter: Meter
) -> Iterable[Removed]:
    """Group paragraphs whose text is the same, or the same but for case and punctuation."""
    with meter.timed():
        frame = pl.read_ndjson(paragraphs, schema={"id": pl.Int64, "text": pl.String})
        text = pl.col("text")
        if settings["normalise"]:
            text = text.str.to_lowercase().str.replace_all(_APART, " ").str.strip_chars()
        frame = frame.select("id", text.hash(seed=0).alias("cluster"))
        repeated = frame.filter(pl.col("cluster").is_duplicated())
    return clusters(repeated.iter_rows())


if __name__ == "__main__":
    serve(run, SETTINGS, ["polars"])
