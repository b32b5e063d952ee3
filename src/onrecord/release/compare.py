"""Compare two states of a table, key by key: what was added, retired and changed.

Pure and columnar. Tables of millions of rows are compared in ranges of their leading key, so
that no more than one range of both is in memory.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import polars as pl

from onrecord.ingest.ids import input_id
from onrecord.records.schema import TABLES, TableSchema, compared, schema

#: Tables whose rows are records of the dataset; ``retired`` and ``changes`` follow from them.
#: In the order of their names, which is that of the rows of ``changes``.
RECORDS = tuple(sorted(name for name in TABLES if name not in ("retired", "changes")))
#: A range holds about so many rows of the larger table.
ROWS_AT_ONCE = 250_000

ADDED, RETIRED, CHANGED = "added", "retired", "changed"
_WHY = {
    ADDED: "new in this release",
    RETIRED: "not in this release",
    CHANGED: "differs from the release before",
}
#: Rows of a table, all or those of one range.
Fetch = Callable[["Range"], pl.DataFrame]


@dataclass(frozen=True, slots=True)
class Range:
    """Rows whose leading key is at least `first` and below `after`; None is no limit."""

    first: str | None = None
    after: str | None = None

    def expression(self, column: str) -> pl.Expr:
        """True for the rows of the range."""
        inside = pl.lit(True)
        if self.first is not None:
            inside = inside & (pl.col(column) >= self.first)
        if self.after is not None:
            inside = inside & (pl.col(column) < self.after)
        return inside


def ranges(name: str, rows: int) -> list[Range]:
    """Cut a table of so many rows into ranges of its leading key.

    Ids are the start of a sha256, so ranges of equal width have about as many rows.
    """
    kind = {"document_id": "d", "paragraph_id": "p"}.get(schema(name).primary_key[0])
    n = min(4096, -(-rows // ROWS_AT_ONCE)) if kind else 1
    if n <= 1:
        return [Range()]
    cuts = [f"{kind}{i * 0x10000 // n:04x}" for i in range(1, n)]
    return [Range(*pair) for pair in zip([None, *cuts], [*cuts, None], strict=True)]


def record_key(table: TableSchema) -> pl.Expr:
    """The key of a record as one text."""
    parts = [pl.col(key).cast(pl.String) for key in table.primary_key]
    return pl.concat_str(parts, separator="/").alias("record_key")


def _input_ids(rejected: pl.DataFrame) -> pl.Series:
    """Ids of inputs for releases that had none; all of these were whole files then."""
    rows = rejected.select("source_id", "path").iter_rows()
    return pl.Series([input_id(*row) for row in rows], dtype=pl.String)


def _like_now(name: str, before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """Rows of an older schema in the columns of now: null where it had none.

    Raises:
        pl.exceptions.PolarsError: a key of now is of another kind, or was not there.
    """
    keys = schema(name).primary_key
    if name == "quarantine" and "input_id" not in before.columns:
        before = before.with_columns(input_id=_input_ids(before))
    columns = [
        (pl.col(c) if c in before.columns else pl.lit(None)).cast(after.schema[c]).alias(c)
        for c in [*keys, *compared(name)]
    ]
    return before.select(columns)


def side_by_side(name: str, before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """The records of both states that are not the same in both.

    Args:
        name: of the table.
        before, after: its rows, or those of one range. `before` may follow an older schema.

    Returns:
        ``record_key``, ``change``, ``fields``, then every key and compared column with the
        value of now and, as ``<column> before``, the value of then; sorted by
        ``record_key``.
    """
    table = schema(name)
    keys, columns = list(table.primary_key), compared(name)
    after = after.select(keys + columns)
    now = after.with_columns(pl.lit(True).alias("now"))
    then = _like_now(name, before, after).with_columns(pl.lit(True).alias("then"))
    both = now.join(then, on=keys, how="full", suffix=" before", coalesce=True)
    differs = {c: pl.col(c).ne_missing(pl.col(f"{c} before")) for c in columns}
    change = (
        pl.when(pl.col("then").is_null())
        .then(pl.lit(ADDED))
        .when(pl.col("now").is_null())
        .then(pl.lit(RETIRED))
        .when(pl.any_horizontal(False, *differs.values()))
        .then(pl.lit(CHANGED))
        .alias("change")
    )
    found = both.with_columns(change).filter(pl.col("change").is_not_null())
    names = [pl.when(differ).then(pl.lit(column)) for column, differ in differs.items()]
    listed = pl.concat_str(names, separator=" ", ignore_nulls=True) if names else pl.lit(None)
    fields = pl.when(pl.col("change") == CHANGED).then(listed).cast(pl.String).alias("fields")
    values = [c for pair in ((c, f"{c} before") for c in columns) for c in pair]
    return found.select(record_key(table), "change", fields, *keys, *values).sort("record_key")


def changes(name: str, before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """Rows of ``changes`` for one table, or for one range of it; see `side_by_side`."""
    found = side_by_side(name, before, after)
    return found.select(
        pl.lit(name).alias("resource"),
        "record_key",
        "change",
        "fields",
        pl.col("change").replace_strict(_WHY, return_dtype=pl.String).alias("reason"),
    )


def all_changes(
    name: str, before: Fetch, after: Fetch, rows: int
) -> Iterator[tuple[Range, pl.DataFrame]]:
    """Rows of ``changes`` for one table, range by range.

    Args:
        name: of the table.
        before, after: give the rows of a range.
        rows: how many the larger one has.
    """
    for part in ranges(name, rows):
        yield part, changes(name, before(part), after(part))
