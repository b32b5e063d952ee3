"""What an edit made of a paragraph: found by the same engine that finds repeats.

A paragraph whose document was edited is among the inputs no more, so the engine has not seen
it. Here it is compared with the paragraphs that stand in its document now.
"""

from collections.abc import Iterator

import numpy as np
import polars as pl
from numpy.typing import NDArray

from onrecord.dedup.candidates import candidates
from onrecord.dedup.exact import Standing, Texts
from onrecord.dedup.fingerprints import winnow
from onrecord.dedup.verify import A_IN_B, B_IN_A, NEAR_COPY, VARIANT, verify, view
from onrecord.scratch import Rows
from onrecord.text.segment import Blocks, text_buffer
from onrecord.text.tokens import normalise

#: Documents are compared in parts of about so many characters of their old paragraphs.
PART = 16_000_000

# Of several paragraphs, the one that says most of the old one: a copy, a text that has it,
# the same with another number or name, a part of it.
_COPY, _HAS_IT, _CORRECTED, _PART_OF_IT = range(4)
_NOTHING = {"record_id": pl.String, "successor_id": pl.String}


def follow(
    gone: pl.DataFrame,
    before: Rows,
    paragraphs: Rows,
    occurrences: Rows,
    threads: int,
) -> pl.DataFrame:
    """Find what edits made of paragraphs.

    Args:
        gone: ``record_id``, ``text``, and ``document_id``: the document where it stood.
        before: ``paragraphs`` of the release before.
        paragraphs, occurrences: tables of this release. Only texts that it publishes count.
        threads: how many work at once; changes no result.

    Returns:
        ``record_id`` and ``successor_id`` of those for which a relation was verified.
    """
    parts = [_follow(part, before, paragraphs, occurrences, threads) for part in _parts(gone)]
    return pl.concat([pl.DataFrame(schema=_NOTHING), *parts])


def _parts(gone: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Cut the work where a document ends."""
    gone = gone.sort("document_id", "record_id")
    sizes = gone.group_by("document_id", maintain_order=True).agg(
        pl.col("text").str.len_bytes().sum()
    )
    numbered = sizes.select("document_id", (pl.col("text").cum_sum() // PART).alias("part"))
    joined = gone.join(numbered, on="document_id", maintain_order="left")
    for part in joined.partition_by("part", maintain_order=True):
        yield part.drop("part")


def _follow(
    gone: pl.DataFrame, before: Rows, paragraphs: Rows, occurrences: Rows, threads: int
) -> pl.DataFrame:
    here = (
        occurrences.lazy()
        .select("document_id", "paragraph_id", "withheld")
        .filter(pl.col("document_id").is_in(gone["document_id"].unique().implode()))
        .filter(pl.col("paragraph_id").is_not_null() & ~pl.col("withheld"))
        .select("document_id", "paragraph_id")
        .unique()
        .collect()
    )
    living = (
        paragraphs.lazy()
        .select("paragraph_id", "text")
        .filter(pl.col("paragraph_id").is_in(here["paragraph_id"].unique().implode()))
        .filter(pl.col("text").is_not_null())
        .sort("paragraph_id")
        .collect()
    )
    if not living.height:
        return pl.DataFrame(schema=_NOTHING)
    known = before.lazy().select("paragraph_id", pl.lit(True).alias("known")).collect()
    old = gone.select("record_id", "text").unique("record_id").sort("record_id")
    related = _related(pl.concat([old["text"], living["text"]]), old.height, threads)
    pairs = (
        related.with_columns(
            old["record_id"].gather(related["old"]).alias("record_id"),
            living["paragraph_id"].gather(related["new"]).alias("paragraph_id"),
        )
        .join(gone.select("record_id", "document_id"), on="record_id")
        .join(here, on=["document_id", "paragraph_id"])
        .join(known, on="paragraph_id", how="left")
        # What stood beside it before is no corrected form of it.
        .filter((pl.col("kind") <= _HAS_IT) | pl.col("known").is_null())
        .sort(
            "record_id", "kind", "coverage", "paragraph_id", descending=[False, False, True, False]
        )
        .unique("record_id", keep="first", maintain_order=True)
    )
    return pairs.select("record_id", pl.col("paragraph_id").alias("successor_id"))


def _related(texts: pl.Series, n_old: int, threads: int) -> pl.DataFrame:
    """Verified relations between old texts, which come first, and new ones.

    Returns:
        ``old``, ``new`` (rows), ``kind``, ``coverage`` (of the old text).
    """
    column = texts.to_arrow().cast("large_string")
    data, offsets = text_buffer(column)
    n = len(column)
    blocks = Blocks(np.zeros(n, np.int32), offsets[:-1].copy(), offsets[1:].copy())
    tokens = normalise(data, blocks, np.ones(1, np.bool_))
    engine = Texts()
    standing = Standing(np.arange(n, dtype=np.uint64), np.ones(n, np.bool_))
    of_text: NDArray[np.int32] = engine.add(tokens, standing)
    rows = np.arange(len(engine))
    details = view(engine, rows)
    words = winnow(details.first, details.size, details.hashes, threads)
    pairs = verify(details, *candidates(words, details.core), threads)
    row_of = np.full(len(engine), -1, np.int64)
    row_of[of_text[::-1]] = np.arange(n)[::-1]
    a, b = row_of[pairs.a], row_of[pairs.b]
    found = []
    for old, new, covered, contained in (
        (a, b, pairs.coverage_a, A_IN_B),
        (b, a, pairs.coverage_b, B_IN_A),
    ):
        kind = np.full(old.size, _PART_OF_IT)
        kind[pairs.relation == NEAR_COPY] = _COPY
        kind[pairs.relation == VARIANT] = _CORRECTED
        kind[pairs.relation == contained] = _HAS_IT
        crosses = (old < n_old) & (new >= n_old)
        found.append(
            pl.DataFrame(
                {
                    "old": old[crosses],
                    "new": new[crosses] - n_old,
                    "kind": kind[crosses],
                    "coverage": covered[crosses],
                }
            )
        )
    return pl.concat(found)
