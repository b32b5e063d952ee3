"""How two releases differ, in numbers: by table, kind of change, reason and source."""

from collections.abc import Mapping
from typing import NamedTuple

import polars as pl
import pyarrow as pa

from onrecord.scratch import Rows

#: So many of the largest documents, and as many paragraphs, are named when they go.
NOTABLE = 5

COUNTS = pa.schema(
    [
        pa.field("resource", pa.large_string(), nullable=False),
        pa.field("change", pa.large_string(), nullable=False),
        pa.field("reason", pa.large_string(), nullable=False),
        pa.field("source_id", pa.large_string()),
        pa.field("n", pa.int64(), nullable=False),
    ]
)
_OF_DOCUMENT = ("documents", "occurrences", "matches", "patches")
_OF_SOURCE = ("sources", "quarantine")


class Removal(NamedTuple):
    """A record that a release retires, as far as a change log may say it.

    The log is carried on for ever, so it has neither texts nor paths, which may have to be
    withdrawn one day.

    Attributes:
        kind: document or paragraph.
        record_id: its id.
        source_id: where it stood.
        size: bytes of a document, characters of a paragraph.
        reason, successor_id: as in ``retired``.
    """

    kind: str
    record_id: str
    source_id: str
    size: int
    reason: str
    successor_id: str | None


def _homes(old: Mapping[str, Rows], new: Mapping[str, Rows], table: str, key: str) -> pl.LazyFrame:
    """The document of each record of both releases; that of now where it is in both."""
    both = [tables[table].lazy().select(key, "document_id") for tables in (new, old)]
    return pl.concat(both).unique(key, keep="first", maintain_order=True)


def by_source(old: Mapping[str, Rows], new: Mapping[str, Rows], changes: Rows) -> pa.Table:
    """Count the changes.

    Args:
        old, new: tables of the release before and of this one.
        changes: of this one.

    Returns:
        `COUNTS`, sorted; ``source_id`` is null for variants, which may link two sources.
    """
    resource = pl.col("resource")
    documents = pl.concat(
        [tables["documents"].lazy().select("document_id", "source_id") for tables in (new, old)]
    ).unique("document_id")
    rows = changes.lazy().select("resource", "record_key", "change", "reason")
    leading = pl.col("record_key").str.split("/").list.first()
    keyed = ["resource", "change", "reason"]
    parts = [
        rows.filter(resource.is_in(_OF_DOCUMENT))
        .with_columns(leading.alias("document_id"))
        .join(documents, on="document_id", how="left")
        .select(*keyed, "source_id"),
        rows.filter(resource == "paragraphs")
        .join(
            _homes(old, new, "paragraphs", "paragraph_id"),
            left_on="record_key",
            right_on="paragraph_id",
            how="left",
        )
        .join(documents, on="document_id", how="left")
        .select(*keyed, "source_id"),
        rows.filter(resource.is_in(_OF_SOURCE)).select(*keyed, leading.alias("source_id")),
        rows.filter(resource == "variants").select(
            *keyed, pl.lit(None, pl.String).alias("source_id")
        ),
    ]
    counted = (
        pl.concat(parts)
        .group_by(*keyed, "source_id")
        .agg(pl.len().cast(pl.Int64).alias("n"))
        .sort(*keyed, "source_id", nulls_last=True)
        .collect()
    )
    return counted.to_arrow().cast(COUNTS).combine_chunks()


def notable(old: Mapping[str, Rows], retired: pa.Table) -> tuple[Removal, ...]:
    """The largest documents and paragraphs that a release retires.

    Args:
        old: tables of the release before.
        retired: of this one; "" as the version of what it retires itself.
    """
    gone = pl.from_arrow(retired)
    assert isinstance(gone, pl.DataFrame)
    gone = gone.filter(pl.col("since") == "")
    sources = old["documents"].lazy().select("document_id", "source_id")
    found = []
    for table, key, size in (
        ("documents", "document_id", "bytes"),
        ("paragraphs", "paragraph_id", "n_characters"),
    ):
        columns = list(dict.fromkeys([key, "document_id", size]))
        rows = (
            old[table]
            .lazy()
            .select(columns)
            .join(gone.lazy(), left_on=key, right_on="record_id")
            .sort(size, key, descending=[True, False])
            .head(NOTABLE)
            .join(sources, on="document_id", maintain_order="left")
            .select("kind", pl.col(key), "source_id", size, "reason", "successor_id")
            .collect()
        )
        found += [Removal(*row) for row in rows.iter_rows()]
    return tuple(found)
