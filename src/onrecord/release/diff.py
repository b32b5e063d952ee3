"""How two releases differ: from what the newer one states, or by comparing their tables.

A release states the difference to the one before it, in ``changes`` and, counted, in
``index/changes-by-source``. So neighbours are compared without reading their tables. Light on
purpose: only other pairs need ``release.compare``, which imports more.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import pyarrow.compute as pc

from onrecord.errors import ConfigurationError, NotFoundError
from onrecord.records.arrays import integers, strings
from onrecord.records.schema import TABLES, compared, schema
from onrecord.release.layout import CHANGES_BY_SOURCE, index_path, table_path
from onrecord.release.lookup import Lookup, Row
from onrecord.release.place import Release

#: Tables that can be compared; ``retired`` and ``changes`` follow from them.
RECORDS = tuple(name for name in TABLES if name not in ("retired", "changes"))


class Count(NamedTuple):
    """How many records of a table changed alike.

    Attributes:
        resource, change, reason: as in ``changes``.
        source_id: null for variants, and where it is not known.
        n: how many.
    """

    resource: str
    change: str
    reason: str
    source_id: str | None
    n: int


@dataclass(frozen=True, slots=True)
class ChangedRecord:
    """One record that is not the same in both releases.

    Attributes:
        record_key, change, fields, reason: as in ``changes``.
        old, new: its values, without derived columns. Of a changed record only the columns
            that changed; null where the release does not have it.
    """

    record_key: str
    change: str
    fields: str | None
    reason: str
    old: Row | None
    new: Row | None


@dataclass(frozen=True, slots=True)
class Pair:
    """Two releases.

    Attributes:
        old, new: as they are opened.
        neighbours: whether `new` was built on `old`.
    """

    old: Release
    new: Release

    @property
    def neighbours(self) -> bool:
        """Whether the newer release states the difference itself."""
        before: Any = (self.new.provenance.model_extra or {}).get("previous") or {}
        old = self.old.version, self.old.provenance.content_digest
        return (before.get("version"), before.get("content_digest")) == old

    def counts(self) -> list[Count]:
        """How many records changed, by table, kind of change, reason and source."""
        if self.old.provenance.content_digest == self.new.provenance.content_digest:
            return []
        if self.neighbours:
            try:
                table = self.new.rows(index_path(CHANGES_BY_SOURCE)).read()
            except NotFoundError:
                table = None  # made before there were index files
            if table is not None:
                return [Count(**row) for row in table.to_pylist()]
        from onrecord.release.difference import counts  # noqa: PLC0415 (heavy, seldom needed)

        return [Count(*row) for row in counts(self.old, self.new)]

    def records(self, name: str, limit: int | None = None) -> tuple[int, list[ChangedRecord]]:
        """The records of one table that are not the same in both.

        Args:
            name: of the table.
            limit: at most so many, the first by key; all where None.

        Returns:
            How many there are, and them.

        Raises:
            ConfigurationError: there is no such table.
        """
        if name not in RECORDS:
            raise ConfigurationError(f"no table {name!r} can be compared: {', '.join(RECORDS)}")
        if self.neighbours:
            return self._stated(name, limit)
        from onrecord.release.difference import records  # noqa: PLC0415 (heavy, seldom needed)

        total, rows = records(self.old, self.new, name, limit)
        return total, [ChangedRecord(**row) for row in rows]

    def _stated(self, name: str, limit: int | None) -> tuple[int, list[ChangedRecord]]:
        """The records that ``changes`` of the newer release names, with their values."""
        total, rows = _changes(self.new, name, limit)
        old = _values(self.old, name, [r["record_key"] for r in rows if r["change"] != "added"])
        new = _values(self.new, name, [r["record_key"] for r in rows if r["change"] != "retired"])
        return total, list(_joined(rows, old, new))


def _changes(release: Release, name: str, limit: int | None) -> tuple[int, list[Row]]:
    """How many rows of ``changes`` a table has, and the first of them."""
    total, rows = 0, list[Row]()
    for group in release.rows(table_path("changes")).groups("resource", [name]):
        column = group.read(["resource"])["resource"]
        here = pc.equal(column, strings([name], column.type)[0])
        n: int = pc.sum(here).as_py() or 0
        total += n
        if n and (limit is None or len(rows) < limit):
            room = None if limit is None else limit - len(rows)
            rows += group.read().filter(here).slice(0, room).to_pylist()
    return total, rows


def _joined(rows: list[Row], old: dict[str, Row], new: dict[str, Row]) -> Iterator[ChangedRecord]:
    for row in rows:
        key = row["record_key"]
        then, now = old.get(key), new.get(key)
        if row["fields"]:
            fields = row["fields"].split()
            then = {field: (then or {}).get(field) for field in fields}
            now = {field: (now or {}).get(field) for field in fields}
        yield ChangedRecord(key, row["change"], row["fields"], row["reason"], then, now)


def _values(release: Release, name: str, record_keys: list[str]) -> dict[str, Row]:
    """Keys and compared columns of some records, by their keys in ``changes``."""
    if not record_keys:
        return {}
    keys = schema(name).primary_key
    wanted = set(record_keys)
    lookup = Lookup(release)
    known = lookup.of(table_path(name)).schema.names
    columns = [c for c in [*keys, *compared(name)] if c in known]
    leading = {key.split("/", 1)[0] for key in record_keys}
    table = lookup.table(table_path(name), keys[0], leading, columns)
    if len(keys) > 1:
        parts = [pc.cast(table[key], "large_string") for key in keys]
        names = pc.binary_join_element_wise(*parts, strings(["/"])[0])
    else:
        names = table[keys[0]]
    mine = integers(i for i, key in enumerate(names.to_pylist()) if key in wanted)
    some = table.take(mine).to_pylist()
    return dict(zip(names.take(mine).to_pylist(), some, strict=True))
