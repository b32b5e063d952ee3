"""rensa: MinHash sketches and LSH in Rust, as its README deduplicates.

"default" is the README's own example: R-MinHash of white-space words, 128 permutations, threshold
0.8. The other settings are looser ones for short texts, with both of its kinds of sketches.

The README's call only says which entries to keep. Which one a removed paragraph matched is
asked afterwards and not timed; each question to C-MinHash is a scan, so only so many are asked.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import rensa

from bench.peers.contract import Meter, Removed, serve, texts

SETTINGS: dict[str, dict[str, Any]] = {
    "default": {"sketch": "RMinHash", "threshold": 0.8, "num_perm": 128, "words": 1, "fold": False},
    "tuned": {"sketch": "RMinHash", "threshold": 0.4, "num_perm": 128, "words": 1, "fold": True},
    "C-MinHash": {
        "sketch": "CMinHash",
        "threshold": 0.8,
        "num_perm": 128,
        "words": 1,
        "fold": False,
    },
}
_SEED = 42  # the default of the deduplicators
_ASKED = 20_000

_WORD = re.compile(r"\w+")


def _tokens(text: str, settings: dict[str, Any]) -> list[str]:
    """What is sketched: words as they stand, or runs of folded words."""
    words = _WORD.findall(text.lower()) if settings["fold"] else text.split()
    n = settings["words"]
    if len(words) < n:
        return [" ".join(words) or text]
    return words if n == 1 else [" ".join(words[i : i + n]) for i in range(len(words) - n + 1)]


def run(
    paragraphs: Path, scratch: Path, settings: dict[str, Any], meter: Meter
) -> Iterator[Removed]:
    """Add the paragraphs one by one; those too much like an earlier one are removed."""
    ids, found = texts(paragraphs)
    threshold, num_perm = settings["threshold"], settings["num_perm"]
    keeper: Any
    sketch: Any
    if settings["sketch"] == "RMinHash":
        keeper = rensa.RMinHashDeduplicator(threshold=threshold, num_perm=num_perm, use_lsh=True)
        sketch = rensa.RMinHash
    else:
        keeper = rensa.CMinHashDeduplicator(threshold=threshold, num_perm=num_perm)
        sketch = rensa.CMinHash
    with meter.timed():
        keep = keeper.add_pairs((str(i), _tokens(t, settings)) for i, t in enumerate(found))
    gone = [i for i, kept in enumerate(keep) if not kept]
    yield from ((ids[i], None) for i in gone[_ASKED:])
    removed = gone[:_ASKED]
    sketches = sketch.from_token_sets(
        [_tokens(found[i], settings) for i in removed], num_perm, _SEED
    )
    for i, one in zip(removed, sketches, strict=True):
        earlier = [j for j in map(int, keeper.get_duplicates(one)) if j < i]
        yield ids[i], ids[min(earlier)] if earlier else None


if __name__ == "__main__":
    serve(run, SETTINGS, ["rensa"])
