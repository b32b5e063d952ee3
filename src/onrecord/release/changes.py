"""Compare a new release with the one before, and decide its version.

A pure function builds a frozen plan; ``publish`` executes it. Semantic versioning of data:

- MAJOR: an incompatible schema; a paragraph with another wording under the same id; text that
  was published and is withheld now.
- MINOR: records were added, retired or changed, or a schema has grown.
- PATCH: only what describes the dataset or its sources changed.
- No release where nothing changed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from onrecord.outcome import NOTHING_CHANGED
from onrecord.records.schema import empty, schema
from onrecord.release.compare import RECORDS, RETIRED, Fetch, all_changes
from onrecord.release.compatible import schema_changes
from onrecord.release.dataset import UNDESCRIBED, Dataset
from onrecord.release.retire import Fates, Follow, retire
from onrecord.release.summary import Removal, by_source, notable
from onrecord.scratch import Rows, Scratch
from onrecord.split_off import SplitOff

FIRST_VERSION = "1.0.0"
#: So many single records are named where a version is explained; the rest is counted.
NAMED = 10


@dataclass(frozen=True, slots=True)
class Previous:
    """The release before, as far as a new one depends on it.

    Attributes:
        version: its version.
        content_digest: of its records.
        tables: its tables; one that its schema did not have yet is missing.
        split_off: boilerplate that it split off the texts it was glued to.
        schemas: its Table Schemas, by table.
        dataset: what it stated of the dataset.
    """

    version: str
    content_digest: str
    tables: Mapping[str, Rows]
    split_off: list[SplitOff]
    schemas: Mapping[str, Mapping[str, Any]]
    dataset: Mapping[str, Any] = field(default_factory=UNDESCRIBED.stated)

    def first_releases(self) -> dict[str, str]:
        """First release of every document and paragraph that it holds or that was retired."""
        found: dict[str, str] = {}
        for table, key in (
            ("retired", "record_id"),
            ("documents", "document_id"),
            ("paragraphs", "paragraph_id"),
        ):
            rows = self.tables[table].lazy().select(key, "first_release").collect()
            found.update(rows.iter_rows())
        return found

    def wordings(self) -> dict[str, str | None]:
        """Text of every paragraph it holds, None where withheld."""
        rows = self.tables["paragraphs"].lazy().select("paragraph_id", "text").collect()
        return dict(rows.iter_rows())


@dataclass(frozen=True, slots=True)
class Plan:
    """What a release would be.

    Attributes:
        version: None where nothing changed.
        previous: version of the release before, None for the first.
        level: major, minor, patch, none or first.
        reasons: why, for people.
        tables: all tables of the release, complete.
        split_off: boilerplate that was split off, for the next release.
        counts: how many records changed, by table, kind, reason and source; see
            ``release.summary``.
        removals: the largest records that this release retires.
        composites: see ``Fates``; only retired ids.
        dataset: what the release says of the dataset.
    """

    version: str | None
    previous: str | None
    level: str
    reasons: tuple[str, ...]
    tables: Mapping[str, Rows]
    split_off: list[SplitOff]
    counts: pa.Table | None = None
    removals: tuple[Removal, ...] = ()
    composites: pa.Table = field(default_factory=lambda: Fates().composites)
    dataset: Dataset = UNDESCRIBED


def _fetch(name: str, rows: Rows, usable: bool = True) -> Fetch:
    """Rows of a table by range; none where they can't be compared."""
    if not usable:
        return lambda part: pl.DataFrame(schema=rows.lazy().collect_schema()).clear()
    leading = schema(name).primary_key[0]
    return lambda part: rows.lazy().filter(part.expression(leading)).collect()


def _same_key(name: str, before: Rows) -> bool:
    """Whether a table had the primary key that it has now."""
    now = schema(name).arrow
    return all(
        key in before.schema.names and before.schema.field(key).type == now.field(key).type
        for key in schema(name).primary_key
    )


def compare(
    previous: Mapping[str, Rows],
    tables: Mapping[str, Rows],
    retired: pa.Table,
    aside: Scratch | None,
) -> Rows:
    """Make ``changes``: every record that was added, retired or changed.

    Args:
        previous, tables: those of the release before and of this one.
        retired: of this release; says why documents and paragraphs are gone.
        aside: where many rows may wait.
    """
    why = retired.select(["record_id", "reason"])
    found = Rows(schema("changes").arrow, aside)
    for name in RECORDS:
        before, after = previous.get(name, Rows.of(empty(name))), tables[name]
        then, now = _fetch(name, before, _same_key(name, before)), _fetch(name, after)
        for _, rows in all_changes(name, then, now, max(before.num_rows, after.num_rows)):
            found.append(with_reasons(rows, why))
    return found


def with_reasons(rows: pl.DataFrame, why: pa.Table) -> pa.Table:
    """Rows of ``changes``, with the reason for which documents and paragraphs are gone.

    Args:
        rows: as ``release.compare`` makes them.
        why: ``record_id`` and ``reason``, from ``retired``.
    """
    known = pl.from_arrow(why.rename_columns(["record_id", "why"]))
    assert isinstance(known, pl.DataFrame)
    of_record = pl.col("change") == RETIRED
    joined = rows.join(
        known, left_on="record_key", right_on="record_id", how="left", maintain_order="left"
    ).with_columns(
        pl.when(of_record & pl.col("why").is_not_null())
        .then("why")
        .otherwise("reason")
        .alias("reason")
    )
    arrow = schema("changes").arrow
    return joined.select(arrow.names).to_arrow().cast(arrow).combine_chunks()


def _next(version: str, level: str) -> str:
    major, minor, patch = (int(part) for part in version.partition("+")[0].split("."))
    if level == "major":
        return f"{major + 1}.0.0"
    return f"{major}.{minor + 1}.0" if level == "minor" else f"{major}.{minor}.{patch + 1}"


def _named(keys: list[str], done: str) -> tuple[str, ...]:
    """What was done to paragraphs: some by name and the others by number."""
    named = tuple(f"paragraph {key} was {done}" for key in keys[:NAMED])
    more = len(keys) - NAMED
    return named if more <= 0 else (*named, f"{more:,} more paragraphs were {done}")


def _reworded(changes: Rows, tables: Mapping[str, Rows], returned: Mapping[str, str]) -> list[str]:
    """Paragraphs that say in other words what their id said before.

    Args:
        changes: of this release.
        tables: of this release.
        returned: the old wording of each paragraph that lives again, as far as it is known.
    """
    of_paragraphs = (pl.col("resource") == "paragraphs") & (pl.col("change") == "changed")
    text = pl.col("fields").str.split(" ").list.contains("text")
    found = changes.lazy().filter(of_paragraphs & text).select("record_key").collect()
    keys: list[str] = found["record_key"].to_list()
    if returned:
        known = pl.LazyFrame({"paragraph_id": list(returned), "was": list(returned.values())})
        now = tables["paragraphs"].lazy().select("paragraph_id", "text")
        other = now.join(known, on="paragraph_id").filter(pl.col("text") != pl.col("was"))
        keys += other.select("paragraph_id").collect()["paragraph_id"].to_list()
    return sorted(keys)


def _closed_documents(previous: Mapping[str, Rows], tables: Mapping[str, Rows]) -> int:
    """Documents that could be restored from the release before and can't be now."""
    then = previous["documents"].lazy().select("document_id", "restores")
    now = tables["documents"].lazy().select("document_id", pl.col("restores").alias("now"))
    closed = then.join(now, on="document_id").filter(
        (pl.col("restores") != "none") & (pl.col("now") == "none")
    )
    count: int = closed.select(pl.len()).collect().item()
    return count


def _hidden_blocks(previous: Mapping[str, Rows], tables: Mapping[str, Rows], changes: Rows) -> int:
    """Blocks that were shown and are not, in sources that show less than before."""
    openness = pl.col("publication").replace_strict(
        {"full": 0, "excerpt": 1, "metadata": 2}, default=2
    )
    then = previous["sources"].lazy().select("source_id", openness.alias("then"))
    now = tables["sources"].lazy().select("source_id", openness.alias("now"))
    closed = then.join(now, on="source_id").filter(pl.col("now") > pl.col("then"))
    names = closed.select("source_id").collect()["source_id"]
    if not len(names):
        return 0
    documents = (
        tables["documents"].lazy().filter(pl.col("source_id").is_in(names.implode()))
    ).select("document_id")
    flipped = (
        changes.lazy()
        .filter((pl.col("resource") == "occurrences") & (pl.col("change") == "changed"))
        .filter(pl.col("fields").str.split(" ").list.contains("withheld"))
        .select(pl.col("record_key").str.split("/").list.first().alias("document_id"))
    )
    count: int = flipped.join(documents, on="document_id").select(pl.len()).collect().item()
    return count


def _decide(
    previous: Previous,
    tables: Mapping[str, Rows],
    changes: Rows,
    new_reasons: Mapping[tuple[str, str], int],
    returned: Mapping[str, str],
) -> tuple[str, tuple[str, ...]]:
    """The level of a release, and why."""
    broken, grown = schema_changes(previous.schemas)
    reworded = _named(_reworded(changes, tables, returned), "reworded")
    counted = {
        "documents": _closed_documents(previous.tables, tables)
        + new_reasons.get(("document", "withdrawn"), 0),
        "blocks": _hidden_blocks(previous.tables, tables, changes),
        "paragraphs": new_reasons.get(("paragraph", "withdrawn"), 0),
    }
    hidden = [f"{what} whose text is withheld now: {n:,}" for what, n in counted.items() if n]
    counts = _counts(changes)
    if broken or reworded or hidden:
        return "major", (*broken, *grown, *reworded, *hidden, *counts)
    records = changes.lazy().filter(
        (pl.col("resource") != "sources") | (pl.col("change") != "changed")
    )
    if grown or records.select(pl.len()).collect().item():
        return "minor", (*grown, *counts)
    return ("patch", counts) if changes.num_rows else ("none", NOTHING_CHANGED)


def _described_anew(
    before: Mapping[str, Any], dataset: Dataset, level: str, reasons: tuple[str, ...]
) -> tuple[str, tuple[str, ...]]:
    """Take into account what ``dataset.yml`` says: other words of it alone make a patch."""
    now = dataset.stated()
    changed = [key for key in Dataset.model_fields if before.get(key) != now.get(key)]
    if not changed:
        return level, reasons
    told = f"description of the dataset: {', '.join(changed)} changed"
    return ("patch", (told,)) if level == "none" else (level, (*reasons, told))


def _counts(changes: Rows) -> tuple[str, ...]:
    """What changed, table by table, in words."""
    counted = changes.lazy().group_by("resource", "change").len().collect()
    rows = {(name, change): n for name, change, n in counted.iter_rows()}
    order = [(name, change) for name in RECORDS for change in ("added", "retired", "changed")]
    return tuple(f"{a}: {rows[a, b]:,} {b}" for a, b in order if (a, b) in rows)


def plan(
    tables: Mapping[str, Rows],
    previous: Previous | None,
    fates: Fates,
    split_off: list[SplitOff],
    follow: Follow | None = None,
    returned: Mapping[str, str] | None = None,
    aside: Scratch | None = None,
    dataset: Dataset = UNDESCRIBED,
) -> Plan:
    """Decide what the release would be.

    Args:
        tables: as ``records.assemble`` makes them.
        previous: the release before, None for the first.
        fates: what became of texts that are no paragraphs.
        split_off: see `Plan`.
        follow: finds what edits made of paragraphs; see ``release.retire``.
        returned: the old wording of each paragraph that lives again, as far as it is known.
        aside: where many rows may wait.
        dataset: what is said of the dataset now.

    Returns:
        The plan, with ``retired`` and ``changes`` filled and every version stamped.
    """
    if previous is None:
        complete = dict(tables) | {name: Rows.of(empty(name)) for name in ("retired", "changes")}
        first = Plan(FIRST_VERSION, None, "first", ("first release",), complete, split_off)
        return _stamp(replace(first, dataset=dataset))
    retired, new_reasons = retire(previous.tables, tables, fates, follow)
    changes = compare(previous.tables, tables, retired, aside)
    level, reasons = _decide(previous, tables, changes, new_reasons, returned or {})
    level, reasons = _described_anew(previous.dataset, dataset, level, reasons)
    if level == "none":
        return Plan(None, previous.version, level, reasons, {}, split_off)
    complete = dict(tables) | {"retired": Rows.of(retired), "changes": changes}
    composites = fates.composites.filter(
        pc.is_in(fates.composites["record_id"], retired["record_id"].combine_chunks())
    )
    return _stamp(
        Plan(
            _next(previous.version, level),
            previous.version,
            level,
            reasons,
            complete,
            split_off,
            by_source(previous.tables, tables, changes),
            notable(previous.tables, retired),
            composites.sort_by("record_id"),
            dataset,
        )
    )


def _stamp(plan: Plan) -> Plan:
    """The plan with its version wherever one was left open."""
    assert plan.version is not None
    tables = dict(plan.tables)
    for name, column in (
        ("documents", "first_release"),
        ("paragraphs", "first_release"),
        ("retired", "since"),
    ):
        tables[name] = tables[name].filled(column, plan.version)
    return replace(plan, tables=tables)
