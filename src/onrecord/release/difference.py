"""Compare the tables of any two releases, range by range; see ``release.diff``."""

import pyarrow as pa

from onrecord.records.schema import compared, empty, schema
from onrecord.release.changes import with_reasons
from onrecord.release.compare import (
    CHANGED,
    RECORDS,
    RETIRED,
    all_changes,
    ranges,
    side_by_side,
)
from onrecord.release.lookup import Row
from onrecord.release.place import Release
from onrecord.release.published import PublishedRows, published_tables
from onrecord.release.summary import by_source
from onrecord.scratch import Rows


def counts(old: Release, new: Release) -> list[tuple[str, str, str, str | None, int]]:
    """Rows like those of ``index/changes-by-source``."""
    before, after = published_tables(old), published_tables(new)
    reasons = _retired(after).select(["record_id", "reason"])
    changes = Rows(schema("changes").arrow)
    for name in RECORDS:
        then, now = before[name], after[name]
        for _, rows in all_changes(name, then.part, now.part, max(then.num_rows, now.num_rows)):
            changes.append(with_reasons(rows, reasons))
    return [tuple(row.values()) for row in by_source(before, after, changes).to_pylist()]


def _retired(tables: dict[str, PublishedRows]) -> pa.Table:
    return tables["retired"].table() if "retired" in tables else empty("retired")


def records(old: Release, new: Release, name: str, limit: int | None) -> tuple[int, list[Row]]:
    """How many records of a table differ, and the first of them; see ``diff.ChangedRecord``."""
    before, after = published_tables(old), published_tables(new)
    why = dict(zip(*(_retired(after)[c].to_pylist() for c in ("record_id", "reason")), strict=True))
    keys, columns = list(schema(name).primary_key), compared(name)
    total, found = 0, list[Row]()
    rows = max(table[name].num_rows for table in (before, after))
    for part in ranges(name, rows):
        differing = side_by_side(name, before[name].part(part), after[name].part(part))
        total += differing.height
        room = differing.height if limit is None else max(0, limit - len(found))
        for row in differing.head(room).iter_rows(named=True):
            found.append(_record(row, keys, columns, why))
    return total, found


def _record(row: Row, keys: list[str], columns: list[str], why: dict[str, str]) -> Row:
    """One row of `side_by_side` as a ``ChangedRecord``."""
    change, key = row["change"], row["record_key"]
    reason = "not the same in both" if change == CHANGED else f"only in the {_side(change)}"
    names = row["fields"].split() if change == CHANGED else columns
    lead = {} if change == CHANGED else {column: row[column] for column in keys}
    then = lead | {column: row[f"{column} before"] for column in names}
    now = lead | {column: row[column] for column in names}
    return {
        "record_key": key,
        "change": change,
        "fields": row["fields"],
        "reason": why.get(key, reason) if change == RETIRED else reason,
        "old": None if change == "added" else then,
        "new": None if change == RETIRED else now,
    }


def _side(change: str) -> str:
    return "older" if change == RETIRED else "newer"
