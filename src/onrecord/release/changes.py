"""Compare a new release with the one before, and decide its version.

A pure function builds a frozen plan; ``publish`` executes it. Semantic versioning of data:
MAJOR for an incompatible schema or a rewording under the same id, MINOR when records are
added, retired or changed, PATCH when only what describes the sources changes, and no release
at all when nothing does.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from onrecord.records.schema import DERIVED, TABLES, conform, empty, schema
from onrecord.scratch import Rows
from onrecord.split_off import SplitOff

FIRST_VERSION = "1.0.0"

#: Tables whose rows are records of the dataset; ``retired`` and ``changes`` follow from them.
_RECORDS = tuple(name for name in TABLES if name not in ("retired", "changes"))


@dataclass(frozen=True, slots=True)
class Previous:
    """The release before, as far as a new one depends on it.

    Attributes:
        version: its version.
        content_digest: of its records.
        tables: its tables; one that its schema did not have yet is missing.
        split_off: boilerplate that it split off the texts it was glued to.
    """

    version: str
    content_digest: str
    tables: Mapping[str, Rows]
    split_off: list[SplitOff]

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
    """

    version: str | None
    previous: str | None
    level: str
    reasons: tuple[str, ...]
    tables: Mapping[str, Rows]
    split_off: list[SplitOff]


def _compared(name: str) -> list[str]:
    """The columns of a table that make a record differ: no keys, nothing derived."""
    table = schema(name)
    skip = DERIVED.get(name, set()) | set(table.primary_key)
    return [field.name for field in table.fields if field.name not in skip]


def compare(name: str, old: Rows, new: Rows) -> list[dict[str, Any]]:
    """Rows of ``changes`` for one table: records added, retired and changed."""
    keys = list(schema(name).primary_key)
    before, after = old.lazy(), new.lazy()
    columns = [c for c in _compared(name) if c in old.schema.names and c in new.schema.names]

    def record_key() -> pl.Expr:
        return pl.concat_str([pl.col(key).cast(pl.String) for key in keys], separator="/")

    def only_in(one: pl.LazyFrame, other: pl.LazyFrame) -> list[str]:
        found = one.select(keys).join(
            other.select(keys), on=keys, how="anti", maintain_order="left"
        )
        names: list[str] = found.select(record_key()).collect().to_series().to_list()
        return names

    added, retired = only_in(after, before), only_in(before, after)
    both = after.select(keys + columns).join(
        before.select(keys + columns), on=keys, suffix=" before", maintain_order="left"
    )
    differs = [pl.col(c).ne_missing(pl.col(f"{c} before")).alias(f"{c} differs") for c in columns]
    changed = (
        both.with_columns(differs)
        .filter(
            pl.any_horizontal(pl.col(f"{c} differs") for c in columns) if columns else pl.lit(False)
        )
        .collect()
    )
    rows = [
        {"record_key": key, "change": "added", "fields": None, "reason": "new in this release"}
        for key in added
    ]
    rows += [
        {"record_key": key, "change": "retired", "fields": None, "reason": "not in this release"}
        for key in retired
    ]
    for key, record in zip(
        changed.select(record_key()).to_series().to_list(), changed.to_dicts(), strict=True
    ):
        fields = [c for c in columns if record[f"{c} differs"]]
        rows.append(
            {
                "record_key": key,
                "change": "changed",
                "fields": " ".join(fields),
                "reason": "differs from the release before",
            }
        )
    return [{"resource": name, **row} for row in rows]


def _schema_changes(old: Mapping[str, Rows]) -> tuple[list[str], list[str]]:
    """Tables whose published columns are gone or of another type, and those with new ones."""
    broken, grown = [], []
    for name in TABLES:
        now = {f.name: f.type for f in schema(name).arrow}
        before = {f.name: f.type for f in old[name].schema} if name in old else {}
        if any(now.get(column) != kind for column, kind in before.items()):
            broken.append(name)
        elif now.keys() != before.keys():
            grown.append(name)
    return broken, grown


def _reason(before: Mapping[str, Any], now: Mapping[str, Any] | None) -> str:
    """Why a paragraph is gone, from its document then and now."""
    if now is None:
        return "missing"
    if before["restores"] != now["restores"]:
        return "withdrawn" if now["restores"] == "none" else "superseded"
    return "edited" if before["revision"] != now["revision"] else "resegmented"


def _retired(
    previous: Previous,
    tables: Mapping[str, Rows],
    successors: Mapping[str, str],
) -> list[dict[str, Any]]:
    """Rows of ``retired``: what the release before retired, and what this one does.

    Args:
        previous: the release before.
        tables: of this one.
        successors: ids of texts that are still there, but stand behind another paragraph.
    """
    now = _documents(tables)
    living = set(now)
    living |= set(tables["paragraphs"].lazy().select("paragraph_id").collect().to_series())
    rows = previous.tables["retired"].table().to_pylist()
    rows = [row for row in rows if row["record_id"] not in living]
    for row in rows:  # what stood for it may be gone by now
        if row["successor_id"] not in living:
            row["successor_id"] = successors.get(row["record_id"])
    known = {row["record_id"] for row in rows}

    revisions = {row["revision"]: name for name, row in now.items() if row["revision"]}
    before = _documents(previous.tables)
    for row in before.values():
        if row["document_id"] in living or row["document_id"] in known:
            continue
        moved = revisions.get(row["revision"])
        rows.append(
            {
                "kind": "document",
                "record_id": row["document_id"],
                "first_release": row["first_release"],
                "since": "",
                "reason": "moved" if moved else "missing",
                "successor_id": moved,
                "category": None,
            }
        )
    published = previous.tables["paragraphs"].lazy()
    published = published.select("paragraph_id", "document_id", "first_release")
    for row in published.collect().iter_rows(named=True):
        if row["paragraph_id"] in living or row["paragraph_id"] in known:
            continue
        successor = successors.get(row["paragraph_id"])
        reason = _reason(before[row["document_id"]], now.get(row["document_id"]))
        rows.append(
            {
                "kind": "paragraph",
                "record_id": row["paragraph_id"],
                "first_release": row["first_release"],
                "since": "",
                "reason": "superseded" if successor else reason,
                "successor_id": successor,
                "category": None,
            }
        )
    return rows


def _documents(tables: Mapping[str, Rows]) -> dict[str, dict[str, Any]]:
    """What decides why a document's paragraphs are gone, by document id."""
    columns = "document_id", "first_release", "restores", "revision"
    rows = tables["documents"].lazy().select(columns).collect()
    return {row["document_id"]: row for row in rows.iter_rows(named=True)}


def _columns(name: str, rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
    return {column: [row[column] for row in rows] for column in schema(name).arrow.names}


def _next(version: str, level: str) -> str:
    major, minor, patch = (int(part) for part in version.partition("+")[0].split("."))
    if level == "major":
        return f"{major + 1}.0.0"
    return f"{major}.{minor + 1}.0" if level == "minor" else f"{major}.{minor}.{patch + 1}"


def plan(
    tables: Mapping[str, Rows],
    previous: Previous | None,
    successors: Mapping[str, str],
    split_off: list[SplitOff],
) -> Plan:
    """Decide what the release would be.

    Args:
        tables: as ``records.assemble`` makes them.
        previous: the release before, None for the first.
        successors: see `_retired`.
        split_off: see `Plan`.

    Returns:
        The plan, with ``retired`` and ``changes`` filled and every version stamped.
    """
    complete = dict(tables)
    if previous is None:
        complete |= {name: Rows.of(empty(name)) for name in ("retired", "changes")}
        level = "first"
        reasons: tuple[str, ...] = ("first release",)
        version = FIRST_VERSION
    else:
        retired = _retired(previous, tables, successors)
        why = {row["record_id"]: row["reason"] for row in retired}
        rows = [
            row
            for name in _RECORDS
            for row in compare(name, previous.tables.get(name, Rows.of(empty(name))), tables[name])
        ]
        for row in rows:
            if row["change"] == "retired":
                row["reason"] = why.get(row["record_key"], row["reason"])
        breaks, grown = _schema_changes(previous.tables)
        reworded = [
            row["record_key"]
            for row in rows
            if row["resource"] == "paragraphs"
            and row["change"] == "changed"
            and "text" in row["fields"].split()
        ]
        withdrawn = sum(row["reason"] == "withdrawn" and row["change"] == "retired" for row in rows)
        if breaks or reworded or withdrawn:
            level = "major"
            reasons = tuple(f"schema of {name} changed" for name in breaks)
            reasons += tuple(f"paragraph {key} was reworded" for key in reworded)
            if withdrawn:
                reasons += (f"paragraphs withheld now: {withdrawn:,}",)
            reasons += _counts(rows)
        elif grown or any(r["resource"] != "sources" or r["change"] != "changed" for r in rows):
            level = "minor"
            reasons = tuple(f"schema of {name} grew" for name in grown) + _counts(rows)
        elif rows:
            level, reasons = "patch", _counts(rows)
        else:
            return Plan(None, previous.version, "none", ("nothing changed",), {}, split_off)
        version = _next(previous.version, level)
        complete["retired"] = Rows.of(conform("retired", _columns("retired", retired)))
        complete["changes"] = Rows.of(conform("changes", _columns("changes", rows)))
    for name, column in (
        ("documents", "first_release"),
        ("paragraphs", "first_release"),
        ("retired", "since"),
    ):
        complete[name] = complete[name].filled(column, version)
    before = previous.version if previous else None
    return Plan(version, before, level, reasons, complete, split_off)


def _counts(rows: list[dict[str, Any]]) -> tuple[str, ...]:
    """What changed, table by table, in words."""
    counts: dict[tuple[str, str], int] = {}
    for row in rows:
        key = row["resource"], row["change"]
        counts[key] = counts.get(key, 0) + 1
    return tuple(f"{name}: {n:,} {change}" for (name, change), n in counts.items())
