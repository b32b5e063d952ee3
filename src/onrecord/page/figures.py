"""What the page tells in numbers and examples: from the tables of the release alone."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from onrecord.display import unwrapped
from onrecord.page.charts import RELATIONS, bars, columns, shares
from onrecord.scratch import Rows

#: So many sources and languages have a bar of their own.
MOST_BARS = 20
#: So many years make columns; more are put together by decade.
MOST_COLUMNS = 40
#: So many documents are named as a beginning.
STARTS = 8
_LONGEST = 90


def over_time(documents: pl.LazyFrame) -> tuple[str, int]:
    """Documents by year of publication, and how many state no date.

    Returns:
        The chart, empty where no document states a date, and the number of those without one.
    """
    year = pl.col("published").str.slice(0, 4).cast(pl.Int32, strict=False).alias("year")
    found = documents.group_by(year).len().collect()
    unknown = int(found.filter(pl.col("year").is_null())["len"].sum())
    known = dict(found.drop_nulls("year").iter_rows())
    if not known:
        return "", unknown
    step = 1 if max(known) - min(known) < MOST_COLUMNS else 10
    first, last = min(known) // step * step, max(known)
    counts = dict.fromkeys(range(first, last + 1, step), 0)
    for value, n in known.items():
        counts[value // step * step] += n
    rows = [(f"{value}{'s' if step > 1 else ''}", n) for value, n in counts.items()]
    if len(rows) > 2 * MOST_COLUMNS:  # a date of the year 1 makes no thousand columns
        rows = [row for row in rows if row[1]][-MOST_COLUMNS:]
    return columns("Documents by year of publication", rows), unknown


def by_language(documents: pl.LazyFrame) -> str:
    """Documents by language."""
    name = pl.col("language").fill_null("not known")
    found = (
        documents.group_by(name).len().collect().sort(["len", "language"], descending=[True, False])
    )
    rows = [(str(language), int(n)) for language, n in found.iter_rows()]
    if len(rows) > MOST_BARS:
        rest = sum(n for _, n in rows[MOST_BARS - 1 :])
        rows = [*rows[: MOST_BARS - 1], (f"{len(rows) - MOST_BARS + 1} others", rest)]
    return bars("Documents by language", rows, "documents", left=120)


def by_source(figures: Mapping[str, Any]) -> tuple[str, int]:
    """Blocks of each source by relation, and how many sources have no bar."""
    stated = sorted(figures["sources"].items(), key=lambda pair: (-pair[1]["blocks"], pair[0]))
    rows = [(name, one["relations"]) for name, one in stated[:MOST_BARS]]
    return shares("What became of the blocks of each source", rows), len(stated) - len(rows)


def relations(figures: Mapping[str, Any]) -> list[dict[str, Any]]:
    """How many blocks have each relation, in the order of the legend."""
    total = figures["blocks"] or 1
    return [
        {"name": name, "words": words, "n": n, "share": n / total}
        for name, words in RELATIONS.items()
        if (n := figures["relations"].get(name, 0))
    ]


def starts(tables: Mapping[str, Rows]) -> list[dict[str, str]]:
    """Some documents to begin with: of each source the one with the most kinds of repeats.

    What is withheld names nothing; such a document is called by its path, as in the table.
    """
    occurrences = tables["occurrences"].lazy()
    kinds = pl.col("relation").is_in(["near", "contained", "composite"])
    counted = occurrences.group_by("document_id").agg(
        pl.col("relation").n_unique().alias("kinds"), kinds.sum().alias("repeats"), pl.len()
    )
    about = (
        tables["documents"].lazy().select("document_id", "source_id", "path", "title", "language")
    )
    ranked = counted.join(about, on="document_id").sort(
        ["kinds", "repeats", "len", "document_id"], descending=[True, True, True, False]
    )
    best = ranked.group_by("source_id", maintain_order=True).first().head(STARTS).collect()
    texts = (
        occurrences.filter(pl.col("position") == 0)
        .join(best.lazy().select("document_id"), on="document_id", how="semi")
        .select("document_id", pl.col("text").str.slice(0, 4 * _LONGEST))
        .collect()
    )
    first = dict(texts.iter_rows())
    return [
        {
            "id": row["document_id"],
            "source": row["source_id"],
            "language": row["language"] or "",
            "name": _name(row["title"], first.get(row["document_id"]), row["path"]),
        }
        for row in best.iter_rows(named=True)
    ]


def _name(title: str | None, text: str | None, path: str) -> str:
    words = unwrapped(title or text or path)
    return words if len(words) <= _LONGEST else words[:_LONGEST].rsplit(" ", 1)[0] + " …"
