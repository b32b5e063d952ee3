"""Texts that had another id in the release before, though their words are the same.

A text that was cut up since has its part as its successor. A text that was withheld had an
id that nobody can derive without the key; once it is published it has an open one, and the
old one leads to it. Never the other way round: an open id that led to a withheld one would
tell where a text stands that is not published.
"""

from collections.abc import Callable, Mapping

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from onrecord.census import Census, text_ids
from onrecord.corpus import Corpus
from onrecord.release.retire import Fates
from onrecord.scratch import Rows


def also_known_as(
    corpus: Corpus,
    census: Census,
    fates: Fates,
    old: Mapping[str, Rows],
    new: Mapping[str, Rows],
    key: Callable[[], bytes],
) -> Fates:
    """Fates, with those of texts that had another id.

    Args:
        corpus, census: of this release.
        fates: of its texts.
        old, new: tables of the release before and of this one.
        key: gives the secret that ids of withheld texts are derived with.
    """
    hidden = _hidden_are_gone(old, new)
    pairs: list[tuple[str, str]] = []
    whole = np.array(sorted(corpus.parts), np.int64)
    part = np.array([corpus.part_of(text) for text in whole.tolist()], np.int64)
    pairs += _pairs(corpus, (whole, True), (part, True), key)
    if hidden:
        pairs += _pairs(corpus, (whole, False), (part, True), key)
        pairs += _pairs(corpus, (whole, False), (part, False), key)
        opened = census.rows[census.shown]
        pairs += _pairs(corpus, (opened, False), (opened, True), key)
    if not pairs:
        return fates
    behind: dict[str, str] = dict(
        zip(
            fates.behind["record_id"].to_pylist(),
            fates.behind["successor_id"].to_pylist(),
            strict=True,
        )
    )
    living = set(new["paragraphs"].lazy().select("paragraph_id").collect()["paragraph_id"])
    known = living | behind.keys() | set(fates.composites["record_id"].to_pylist())
    for name, front in pairs:
        stands = behind.get(front, front)
        if name not in known and stands in living:
            behind[name] = stands
    columns = list(behind), list(behind.values())
    table = pa.table([pa.array(c, pa.large_string()) for c in columns], fates.behind.schema)
    return Fates(table, fates.composites)


def _pairs(
    corpus: Corpus,
    of: tuple[NDArray[np.int64], bool],
    fronts: tuple[NDArray[np.int64], bool],
    key: Callable[[], bytes],
) -> list[tuple[str, str]]:
    """Ids of texts, each with that of another one; whether they are open ids."""
    names = [
        text_ids(corpus.texts, rows, np.full(rows.size, is_open), key)
        for rows, is_open in (of, fronts)
    ]
    return list(zip(*names, strict=True))


def _hidden_are_gone(old: Mapping[str, Rows], new: Mapping[str, Rows]) -> bool:
    """Whether paragraphs are gone that were withheld in the release before."""
    hidden = old["paragraphs"].lazy().filter(pl.col("text").is_null())
    if not hidden.select(pl.len()).collect().item():
        return False
    gone = hidden.join(new["paragraphs"].lazy(), on="paragraph_id", how="anti")
    count: int = gone.select(pl.len()).collect().item()
    return count > 0
