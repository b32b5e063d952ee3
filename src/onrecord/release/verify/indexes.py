"""The index files of a release: that they say what its tables say.

The content digest leaves them out, so a forger who renews the sums could let a look-up find what
no table holds. They are made again from the tables, range by range, and compared row by row.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial

import polars as pl
import pyarrow as pa

from onrecord.release.compare import ranges
from onrecord.release.indexes import index_rows, schemas
from onrecord.release.layout import (
    CHANGES_BY_SOURCE,
    COMPOSITE_PLACES,
    INDEXES,
    OCCURRENCES_BY_PARAGRAPH,
    VARIANTS_BY_OTHER,
    index_path,
    part_paths,
)
from onrecord.release.summary import by_source
from onrecord.release.verify.files import Files, Progress
from onrecord.release.verify.report import Problem
from onrecord.release.verify.rows import Made, ParquetRows, Published, first_difference
from onrecord.scratch import Rows

#: Rows of ``changes`` that are counted at once.
_AT_ONCE = 500_000
_KEYED = ["resource", "change", "reason"]
_WHY = "differs from what the tables say"

#: Of each table, the columns that the index files are made of.
_COLUMNS = {
    "documents": ["document_id", "source_id"],
    "paragraphs": ["paragraph_id", "document_id"],
    "occurrences": [
        "document_id",
        "position",
        "byte_start",
        "byte_end",
        "paragraph_id",
        "relation",
        "coverage",
    ],
    "matches": [
        "document_id",
        "position",
        "byte_start",
        "byte_end",
        "paragraph_id",
        "relation",
        "coverage",
        "paragraph_coverage",
        "rule",
    ],
    "variants": [],
    "retired": ["record_id", "reason", "successor_id"],
    "changes": ["resource", "record_key", "change", "reason"],
}

Tables = Mapping[str, Published]


def _frame(table: pa.Table) -> pl.DataFrame:
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    return frame


def _chosen(rows: Published, names: list[str], keep: pl.Expr) -> pa.Table:
    """Some rows and columns of a table; of all of it, one piece at a time is in memory."""
    names = names or rows.schema.names
    found = [_frame(piece).filter(keep).select(names) for piece in rows.some(names)]
    whole = pl.concat(found) if found else _frame(rows.schema.empty_table().select(names))
    return whole.to_arrow().cast(pa.schema([rows.schema.field(name) for name in names]))


def _made_again(name: str, tables: Tables, n_rows: int) -> Iterator[pa.Table]:
    """The rows of an index file that is sorted by a paragraph, one range of these a piece."""
    nothing = {table: Rows.of(tables[table].schema.empty_table()) for table in tables}
    counts, composites = (schemas()[n].empty_table() for n in (CHANGES_BY_SOURCE, COMPOSITE_PLACES))
    whole = pl.col("relation") == "composite"
    for part in ranges("paragraphs", n_rows):
        if name == VARIANTS_BY_OTHER:
            picked = {"variants": part.expression("other_id")}
        else:
            inside = part.expression("paragraph_id")
            canonical = (pl.col("relation") == "canonical") & inside
            picked = {"occurrences": canonical | whole, "matches": inside}
        rows = {
            table: Rows.of(_chosen(tables[table], _COLUMNS[table], keep))
            for table, keep in picked.items()
        }
        yield index_rows(nothing | rows, counts, composites)[name].table()


def _sorted_by_paragraph(index: Published, tables: Tables, rows: Mapping[str, int]) -> str:
    """Where an index file and the tables part; empty where they do not."""
    name = index.path.rpartition("/")[2].partition(".")[0]
    of = ["variants"] if name == VARIANTS_BY_OTHER else ["occurrences", "matches"]
    n_rows = sum(rows[table] for table in of)
    return first_difference(
        index, Made(schemas()[name], partial(_made_again, name, tables, n_rows))
    )


def _counted(tables: Tables) -> pl.DataFrame:
    """Changes by source, as far as this release knows the source."""
    now = {
        name: Rows.of(_chosen(tables[name], _COLUMNS[name], pl.lit(True)))
        for name in ("documents", "paragraphs")
    }
    columns = tables["changes"].schema
    kept = pa.schema([columns.field(name) for name in _COLUMNS["changes"]])
    changes = Made(kept, lambda: (p.select(kept.names) for p in tables["changes"].pieces()))
    parts = [_frame(by_source(now, now, Rows.of(piece))) for piece in changes.groups(_AT_ONCE)]
    parts = parts or [_frame(schemas()[CHANGES_BY_SOURCE].empty_table())]
    return pl.concat(parts).group_by(*_KEYED, "source_id").agg(pl.col("n").sum())


def _changes_by_source(index: Published, tables: Tables, first: bool) -> str:
    """Where the counts of changes are wrong.

    The source of what was retired stands in the release before, so of these the sum over all
    sources is compared.
    """
    stated = _frame(pa.concat_tables([index.schema.empty_table(), *index.pieces()]))
    if first and not stated.height:
        return ""
    source = pl.when(pl.col("change") == "retired").then(None).otherwise("source_id")
    keys = [*_KEYED, "known"]
    one, other = (
        rows.with_columns(source.cast(pl.String).alias("known"))
        .group_by(keys)
        .agg(pl.col("n").sum())
        for rows in (stated, _counted(tables))
    )
    both = one.join(other, on=keys, how="full", nulls_equal=True, coalesce=True, suffix=" counted")
    wrong = both.filter(pl.col("n").ne_missing(pl.col("n counted")))
    order = stated.sort(*_KEYED, "source_id", nulls_last=True)
    if wrong.is_empty() and stated.equals(order):
        return ""
    if wrong.is_empty():
        return "the order of its rows"
    at = stated.with_columns(source.cast(pl.String).alias("known")).with_row_index("row", 1)
    named = at.join(wrong.select(keys), on=keys, nulls_equal=True)["row"].to_list()
    if named:
        return f"row {min(named)}, n"
    missing = wrong.sort(keys).row(0)[:3]
    return f"row {stated.height + 1}, none for {', '.join(missing)}"


def _composites(index: Published, tables: Tables) -> str:
    """Where a place of a retired text can't be right: no such text, or no such block."""
    stated = _frame(pa.concat_tables([index.schema.empty_table(), *index.pieces()]))
    reason, successor = pl.col("reason"), pl.col("successor_id")
    left = (reason == "superseded") & successor.is_null()
    gone = _chosen(tables["retired"], _COLUMNS["retired"], left)["record_id"]
    documents = stated["document_id"].unique().to_list()
    keep = pl.col("document_id").is_in(documents)
    blocks = _frame(_chosen(tables["occurrences"], ["document_id", "position"], keep))
    known = stated.with_row_index("row", 1).with_columns(
        ok=pl.col("record_id").is_in(gone.to_pylist())
    )
    stands = known.join(blocks.with_columns(there=True), on=["document_id", "position"], how="left")
    for column, right in (("record_id", stands["ok"]), ("position", stands["there"])):
        wrong = stands.filter(~right.fill_null(False))["row"].to_list()
        if wrong:
            return f"row {min(wrong)}, {column}"
    return "" if stated["record_id"].is_sorted() else "the order of its rows"


def check_indexes(
    files: Files,
    usable: Collection[str],
    tables: Tables,
    rows: Mapping[str, int],
    parts: Mapping[str, int],
    first: bool,
    progress: Progress,
) -> list[Problem]:
    """Compare the index files with the tables.

    Args:
        files: of the release.
        usable: files that are worth reading.
        tables: of the release, as they can be read.
        rows: how many each has.
        parts: see ``layout.part_paths``.
        first: whether no release stands before it.
        progress: see `Progress`.
    """
    if any(
        name not in tables or not set(columns) <= set(tables[name].schema.names)
        for name, columns in _COLUMNS.items()
    ):
        return []  # a part of a release, or one of another shape
    checks: dict[str, Callable[[Published], str]] = {
        OCCURRENCES_BY_PARAGRAPH: lambda index: _sorted_by_paragraph(index, tables, rows),
        VARIANTS_BY_OTHER: lambda index: _sorted_by_paragraph(index, tables, rows),
        CHANGES_BY_SOURCE: lambda index: _changes_by_source(index, tables, first),
        COMPOSITE_PLACES: lambda index: _composites(index, tables),
    }
    problems = []
    for name in INDEXES:
        paths = part_paths(index_path(name), parts)
        if not all(path in usable for path in paths):
            continue
        progress(name, 0)
        index = _Index(files, paths, schemas()[name])
        try:
            place = checks[name](index)
        except (OSError, ValueError, pa.ArrowException) as error:
            message = " ".join(str(error).split())[:300]
            problems.append(Problem(index.reading, "", "source-error", message))
            continue
        if place:
            problems.append(Problem(*index.locate(place), "index-file-error", _WHY))
    return problems


class _Index(ParquetRows):
    """Rows of an index file."""

    def some(self, names: list[str] | None) -> Iterator[pa.Table]:
        """The rows, one row group a piece.

        Raises:
            ValueError: it has other columns.
        """
        for piece in super().some(names):
            if names is None and (piece.schema.names, piece.schema.types) != (
                self.schema.names,
                self.schema.types,
            ):
                raise ValueError(f"expected the columns {', '.join(self.schema.names)}")
            yield piece.cast(self.schema) if names is None else piece
