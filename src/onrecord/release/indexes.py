"""Index files: the same records in another order, so that single ones are found at once.

``index/*.parquet`` are part of a release, listed in ``datapackage.json`` and ``SHA256SUMS``.
They hold nothing that the tables do not hold, but for ``composites``; the content digest
leaves them out. Each is sorted by its first column and written in row groups with statistics,
so that a reader fetches a footer and one or two groups, from disk or by range requests.
"""

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

import polars as pl
import pyarrow as pa

from onrecord.records.schema import schema
from onrecord.release.compare import Range, ranges
from onrecord.release.layout import (
    CHANGES_BY_SOURCE,
    COMPOSITE_PLACES,
    OCCURRENCES_BY_PARAGRAPH,
    VARIANTS_BY_OTHER,
    index_path,
)
from onrecord.release.retire import COMPOSITES
from onrecord.release.summary import COUNTS
from onrecord.release.write import PartWriter, parquet_writer, rows_of_part
from onrecord.scratch import Rows

#: Rows in a row group, and the most groups: narrow rows, of which a reader wants a few.
SMALLEST_GROUP, MOST_GROUPS = 2_000, 200


def _by_paragraph() -> pa.Schema:
    """Columns of ``matches``, by paragraph; relation and rule as `_places` says."""
    fields = {field.name: field for field in schema("matches").arrow}
    names = "paragraph_id", "document_id", "position", "byte_start", "byte_end"
    kept = [fields[name] for name in (*names, "relation", "coverage", "paragraph_coverage")]
    return pa.schema([*kept, pa.field("rule", pa.large_string())])


def schemas() -> dict[str, pa.Schema]:
    """The columns of each index file."""
    variants = schema("variants").arrow
    return {
        OCCURRENCES_BY_PARAGRAPH: _by_paragraph(),
        VARIANTS_BY_OTHER: pa.schema(
            [variants.field("other_id"), *(f for f in variants if f.name != "other_id")]
        ),
        CHANGES_BY_SOURCE: COUNTS,
        COMPOSITE_PLACES: COMPOSITES,
    }


class _Sorted(Rows):
    """Rows that a query gives range by range, in the order of the first column."""

    def __init__(self, columns: pa.Schema, rows: int, query: pl.LazyFrame, keys: list[str]) -> None:
        super().__init__(columns)
        self._ranges = ranges("paragraphs", rows)
        self._query, self._keys = query, keys

    def _part(self, part: Range) -> pa.Table:
        query = self._query.filter(part.expression(self.schema.names[0]))
        found = query.select(self.schema.names).sort(self._keys).collect()
        return found.to_arrow().cast(self.schema)

    def pieces(self) -> Iterator[pa.Table]:
        """The rows, one range a piece."""
        for part in self._ranges:
            yield self._part(part)


def _places(tables: Mapping[str, Rows]) -> pl.LazyFrame:
    """Every place where a paragraph stands: its canonical block, and one row a match.

    ``relation`` is that of the block, so that a part of a composite says ``composite``.
    """
    occurrences = tables["occurrences"].lazy()
    spans = ["document_id", "position", "byte_start", "byte_end"]
    canonical = occurrences.filter(pl.col("relation") == "canonical").select(
        "paragraph_id",
        *spans,
        "relation",
        pl.lit(1.0).alias("coverage"),
        pl.lit(1.0).alias("paragraph_coverage"),
        pl.lit(None, pl.String).alias("rule"),
    )
    composites = occurrences.filter(pl.col("relation") == "composite").select(
        "document_id", "position", pl.col("relation").alias("whole")
    )
    matches = tables["matches"].lazy().join(composites, on=["document_id", "position"], how="left")
    relation = pl.coalesce("whole", "relation").alias("relation")
    shares = ["coverage", "paragraph_coverage", "rule"]
    return pl.concat([canonical, matches.select("paragraph_id", *spans, relation, *shares)])


def index_rows(
    tables: Mapping[str, Rows], counts: pa.Table | None, composites: pa.Table
) -> dict[str, Rows]:
    """The rows of every index file.

    Args:
        tables: of the release.
        counts: see ``release.summary.by_source``; None for a first release.
        composites: see ``release.retire.Fates``.
    """
    columns = schemas()
    n_places = tables["occurrences"].num_rows + tables["matches"].num_rows
    keys = ["paragraph_id", "document_id", "position", "byte_start"]
    return {
        OCCURRENCES_BY_PARAGRAPH: _Sorted(
            columns[OCCURRENCES_BY_PARAGRAPH], n_places, _places(tables), keys
        ),
        VARIANTS_BY_OTHER: _Sorted(
            columns[VARIANTS_BY_OTHER],
            tables["variants"].num_rows,
            tables["variants"].lazy(),
            ["other_id", "paragraph_id"],
        ),
        CHANGES_BY_SOURCE: Rows.of(COUNTS.empty_table() if counts is None else counts),
        COMPOSITE_PLACES: Rows.of(composites),
    }


def write_indexes(
    tables: Mapping[str, Rows],
    counts: pa.Table | None,
    composites: pa.Table,
    release: Path,
    part_rows: int,
) -> dict[str, int]:
    """Write ``index/`` of a release; see `index_rows`.

    Args:
        tables, counts, composites: see `index_rows`.
        release: its folder.
        part_rows: a file of more rows is cut into parts of so many.

    Returns:
        How many parts there are of those that have several.

    Raises:
        OSError: it can't be written.
    """
    (release / "index").mkdir()
    n_places = tables["occurrences"].num_rows + tables["matches"].num_rows
    most = rows_of_part(n_places, part_rows)
    group = min(most, max(SMALLEST_GROUP, -(-min(n_places, most) // MOST_GROUPS)))
    parts = {}
    for name, rows in index_rows(tables, counts, composites).items():
        writer = PartWriter(partial(parquet_writer, rows.schema), release / index_path(name), most)
        with writer:
            for table in rows.groups(group, most):
                writer.write(table)
        parts[name] = writer.parts
    return {name: n for name, n in parts.items() if n > 1}
