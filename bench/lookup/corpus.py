"""The tables of a large release, made up: ids at random, texts from a few thousand clauses.

Of each document's blocks most are paragraphs of their own and some repeat a paragraph of
another document. One paragraph stands in very many documents.
"""

import hashlib
from dataclasses import dataclass

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from onrecord.dedup.verify import RULE
from onrecord.records.schema import conform, empty
from onrecord.scratch import Rows

BLOCKS, REPEATS = 12, 2
OWN = BLOCKS - REPEATS
SOURCES = 10
#: Every so many-th repeat is of one and the same paragraph.
POPULAR = 20
#: Repeats are of paragraphs of later documents than these, which a second release can drop.
DROPPED = 1_000
VARIANTS = 50_000


@dataclass(frozen=True)
class Documents:
    """Documents by number; the same number gives the same document in every release."""

    numbers: NDArray[np.int64]
    paragraphs: int
    older: int


def _ids(letter: str, digits: int, numbers: NDArray[np.int64]) -> list[str]:
    return [
        letter + hashlib.blake2b(f"{letter}{n}".encode(), digest_size=digits // 2).hexdigest()
        for n in numbers.tolist()
    ]


def _clauses() -> NDArray[np.object_]:
    words = [f"word{i:03}" for i in range(400)]
    rng = np.random.default_rng(1)
    picks = rng.integers(0, len(words), (4_000, 8))
    return np.array([" ".join(words[i] for i in row) for row in picks.tolist()], object)


def _texts(paragraphs: NDArray[np.int64]) -> NDArray[np.object_]:
    """Three clauses and the paragraph's number: 24 words and a number."""
    clauses = _clauses()
    n = clauses.size
    parts = [clauses[(paragraphs * step + shift) % n] for step, shift in ((1, 0), (7, 3), (31, 9))]
    numbers = np.char.mod("%d.", paragraphs).astype(object)
    texts: NDArray[np.object_] = parts[0] + " " + parts[1] + " " + parts[2] + " " + numbers
    return texts


def tables(documents: Documents) -> dict[str, Rows]:
    """All tables that do not depend on the release before.

    Args:
        documents: which there are. Those numbered below ``older`` were published in 1.0.0.
    """
    numbers = np.sort(documents.numbers)
    n = numbers.size
    row = np.repeat(np.arange(n), BLOCKS)
    position = np.tile(np.arange(BLOCKS), n)
    paragraph = numbers[row] * OWN + position
    repeat = position >= OWN
    base = DROPPED * OWN
    spread = base + (numbers[row] * 7919 + position * 104_729) % (documents.paragraphs - base)
    paragraph = np.where(repeat, spread, paragraph)
    popular = repeat & ((numbers[row] + position) % POPULAR == 0)
    paragraph = np.where(popular, base, paragraph)

    blocks = pl.DataFrame({"row": row, "position": position, "paragraph": paragraph})
    blocks = blocks.with_columns(
        pl.Series("text", _texts(paragraph)),
        pl.Series("near", position == BLOCKS - 1),
        pl.Series("repeat", repeat),
    ).with_columns(
        pl.when("near").then(pl.col("text") + " By wire").otherwise("text").alias("text")
    )
    size = pl.col("text").str.len_bytes().cast(pl.Int64)
    start = (size + 1).cum_sum().over("row") - size - 1
    blocks = blocks.with_columns(start.alias("byte_start"), (start + size).alias("byte_end"))
    ids = np.array(_ids("d", 16, numbers), object)
    blocks = blocks.with_columns(
        pl.Series("document_id", ids[row]),
        pl.Series("paragraph_id", np.array(_ids("p", 20, paragraph), object)),
    )
    made = {
        "sources": _sources(n),
        "documents": _documents(blocks, numbers, ids, documents.older),
        "paragraphs": _paragraphs(blocks, documents.older * OWN),
        "occurrences": _occurrences(blocks),
        "matches": _matches(blocks),
        "patches": empty("patches"),
        "variants": _variants(blocks),
        "quarantine": empty("quarantine"),
    }
    return {name: Rows.of(table) for name, table in made.items()}


def _table(name: str, frame: pl.DataFrame) -> pa.Table:
    table = frame.to_arrow()
    return conform(name, {c: table[c] for c in table.column_names})


def _null(*names: str) -> list[pl.Expr]:
    return [pl.lit(None, pl.String).alias(name) for name in names]


def _sources(documents: int) -> pa.Table:
    share = np.bincount(np.arange(documents) % SOURCES, minlength=SOURCES)
    return conform(
        "sources",
        {
            "source_id": [f"source-{i}" for i in range(SOURCES)],
            "title": [f"Source {i}" for i in range(SOURCES)],
            "origin": ["made up"] * SOURCES,
            "license": ["CC0-1.0"] * SOURCES,
            "publication": ["full"] * SOURCES,
            "basis": ["made up"] * SOURCES,
            "language": ["en"] * SOURCES,
            "n_documents": share,
        },
    )


def _documents(
    blocks: pl.DataFrame, numbers: NDArray[np.int64], ids: NDArray[np.object_], older: int
) -> pa.Table:
    joined = blocks.group_by("row", maintain_order=True).agg(
        pl.col("text").str.join("\n"), pl.col("paragraph").n_unique().alias("n_paragraphs")
    )
    raw = [f"{text}\n".encode() for text in joined["text"].to_list()]
    n = numbers.size
    first = np.where(numbers < older, "1.0.0", "").astype(object)
    frame = pl.DataFrame(
        {
            "document_id": ids,
            "source_id": [f"source-{i % SOURCES}" for i in range(n)],
            "path": [f"{number // 1000:05}/{number:08}.txt" for number in numbers.tolist()],
            "revision": [hashlib.sha256(data).hexdigest() for data in raw],
            "bytes": [len(data) for data in raw],
            "first_release": first,
            "n_paragraphs": joined["n_paragraphs"].cast(pl.Int64),
        }
    ).with_columns(
        *_null("locator", "url", "retrieved", "title", "published", "head", "original_encoding"),
        pl.lit("valid").alias("encoding_by"),
        pl.lit(1.0).alias("encoding_confidence"),
        pl.lit(False).alias("repaired"),
        pl.lit("utf-8").alias("encoding"),
        pl.lit("text/1").alias("reader"),
        pl.lit("file").alias("restores"),
        pl.lit("en").alias("language"),
        pl.lit(BLOCKS, pl.Int64).alias("n_blocks"),
    )
    return _table("documents", frame)


def _paragraphs(blocks: pl.DataFrame, older: int) -> pa.Table:
    counts = blocks.group_by("paragraph_id").agg(
        pl.len().cast(pl.Int64).alias("n_occurrences"),
        pl.col("row").n_unique().cast(pl.Int64).alias("n_documents"),
    )
    first = pl.when(pl.col("paragraph") < older).then(pl.lit("1.0.0")).otherwise(pl.lit(""))
    frame = (
        blocks.filter(~pl.col("repeat"))
        .join(counts, on="paragraph_id")
        .select(
            "paragraph_id",
            "text",
            pl.lit("en").alias("language"),
            pl.lit(25, pl.Int64).alias("n_tokens"),
            pl.col("text").str.len_chars().cast(pl.Int64).alias("n_characters"),
            "n_occurrences",
            "n_documents",
            pl.lit(1, pl.Int64).alias("n_sources"),
            (pl.col("n_documents") >= 5).alias("boilerplate"),
            "document_id",
            "position",
            first.alias("first_release"),
        )
    )
    return _table("paragraphs", frame)


def _occurrences(blocks: pl.DataFrame) -> pa.Table:
    relation = (
        pl.when(~pl.col("repeat"))
        .then(pl.lit("canonical"))
        .when("near")
        .then(pl.lit("near"))
        .otherwise(pl.lit("exact"))
    )
    frame = blocks.select(
        "document_id",
        "position",
        "byte_start",
        "byte_end",
        "paragraph_id",
        relation.alias("relation"),
        pl.when("near").then(0.9259).otherwise(1.0).alias("coverage"),
        pl.when("near").then(pl.lit("By wire")).alias("residue"),
        pl.lit(False).alias("repeats_itself"),
        pl.lit(False).alias("withheld"),
        "text",
        pl.lit("\\n").alias("gap"),
    )
    return _table("occurrences", frame)


def _matches(blocks: pl.DataFrame) -> pa.Table:
    frame = blocks.filter("repeat").select(
        "document_id",
        "position",
        "byte_start",
        "byte_end",
        "paragraph_id",
        pl.when("near").then(pl.lit("near")).otherwise(pl.lit("exact")).alias("relation"),
        pl.when("near").then(0.9259).otherwise(1.0).alias("coverage"),
        pl.lit(1.0).alias("paragraph_coverage"),
        pl.lit(RULE).alias("rule"),
    )
    return _table("matches", frame)


def _variants(blocks: pl.DataFrame) -> pa.Table:
    own = blocks.filter(~pl.col("repeat"))["paragraph_id"].unique().sort()
    a, b = own.head(VARIANTS), own.tail(VARIANTS)
    frame = pl.DataFrame({"paragraph_id": a, "other_id": b}).with_columns(
        pl.lit(0.96).alias("coverage"),
        pl.lit(0.96).alias("other_coverage"),
        pl.lit("number").alias("difference"),
        pl.lit("300").alias("these_words"),
        pl.lit("340").alias("other_words"),
    )
    return _table("variants", frame)
