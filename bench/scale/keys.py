"""How often fingerprints stand in the texts of a release: what decides how its pairs grow.

A few phrases stand in a great many texts, most in one or two.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from onrecord.dedup.candidates import LONGEST_RUN, candidates
from onrecord.dedup.fingerprints import TEXT_BITS, winnow
from onrecord.text.segment import Blocks, text_buffer
from onrecord.text.tokens import normalise


@dataclass(frozen=True, slots=True)
class Keys:
    """The fingerprints of some texts.

    Attributes:
        texts: how many texts there are.
        tokens: in all of them.
        folded: bytes of their keys (``text.tokens.Tokens``).
        fingerprints: how many words of fingerprint and text.
        rare: how many of these are of fingerprints that stand in few texts.
        rare_pairs: pairs of texts that these give.
        often: how many different fingerprints stand in more.
        most: in how many texts the most frequent one stands.
        tail: exponent of the distribution of the frequent ones (Hill 1975): the share that stands
            in more than f texts falls as f to the power of minus this.
        verified: pairs that are verified.
    """

    texts: int
    tokens: int
    folded: int
    fingerprints: int
    rare: int
    rare_pairs: int
    often: int
    most: int
    tail: float
    verified: int


def _keys(texts: pl.Series) -> Keys:
    words = texts.to_arrow(compat_level=pl.CompatLevel.oldest())
    data, bounds = text_buffer(words)
    n = len(texts)
    blocks = Blocks(np.arange(n, dtype=np.int32), bounds[:-1].copy(), bounds[1:].copy())
    tokens = normalise(data, blocks, np.zeros(n, np.bool_))
    sizes = np.diff(tokens.offsets)
    prints = winnow(tokens.offsets[:-1].copy(), sizes, tokens.hashes)
    a, _ = candidates(prints, sizes)
    counts = _counts(prints)
    few, many = counts[counts <= LONGEST_RUN], counts[counts > LONGEST_RUN]
    tail = many.size / np.log(many / LONGEST_RUN).sum() if many.size else 1.0
    return Keys(
        texts=n,
        tokens=int(tokens.hashes.size),
        folded=int(tokens.folded_offsets[-1]),
        fingerprints=int(prints.size),
        rare=int(few.sum()),
        rare_pairs=int((few * (few - 1) // 2).sum()),
        often=int(many.size),
        most=int(counts.max(initial=0)),
        tail=round(float(tail), 3),
        verified=int(a.size),
    )


def _counts(words: NDArray[np.uint64]) -> NDArray[np.int64]:
    """In how many texts each fingerprint stands."""
    prints = words >> np.uint64(TEXT_BITS)
    begins = np.flatnonzero(np.concatenate((np.ones(1, np.bool_), prints[1:] != prints[:-1])))
    return np.diff(np.append(begins[: prints.size], prints.size))


def keys_of(release: Path) -> Keys:
    """The fingerprints of a release's paragraphs.

    Args:
        release: its folder.
    """
    files = sorted((release / "parquet").glob("paragraphs*/*.parquet"))
    files += sorted((release / "parquet").glob("paragraphs*.parquet"))
    return _keys(pl.read_parquet(files, columns=["text"])["text"].rechunk())
