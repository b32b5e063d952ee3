"""Whether a reader of the release before can read this one: its schemas then and now."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from onrecord.records.schema import TABLES, descriptor


class SchemaChanges(NamedTuple):
    """How the schemas differ, in words; one line a finding.

    Attributes:
        broken: what a reader of the release before may stumble over.
        grown: what such a reader can leave aside.
    """

    broken: tuple[str, ...]
    grown: tuple[str, ...]


def _required(field: Mapping[str, Any]) -> bool:
    return bool(field.get("constraints", {}).get("required"))


def _values(field: Mapping[str, Any]) -> set[str] | None:
    listed = field.get("constraints", {}).get("enum")
    return None if listed is None else set(listed)


def _compare_field(
    where: str, before: Mapping[str, Any], now: Mapping[str, Any] | None
) -> tuple[str | None, str | None]:
    """(what is broken, what has grown) of one column."""
    if now is None:
        return f"{where} is gone", None
    if before["type"] != now["type"]:
        return f"{where} is of type {now['type']}, it was {before['type']}", None
    if _required(before) and not _required(now):
        return f"{where} may be null now", None
    known, values = _values(before), _values(now)
    if known is not None and values is None:
        return f"{where} may hold any value now", None
    if known is not None and values is not None and values - known:
        return None, f"{where} may hold {', '.join(sorted(values - known))}, too"
    return None, None


def schema_changes(before: Mapping[str, Mapping[str, Any]]) -> SchemaChanges:
    """Compare the schemas of the release before with those of now.

    A table or column that is gone, a column of another type, one that was never null and may
    be now, and another primary key are incompatible. New tables, new columns and new values
    of a closed list are not. Titles, descriptions and stricter rules do not matter to readers.

    Args:
        before: the Table Schemas of the release before, by table; none where it is not known.
    """
    broken, grown = [], []
    for name in [*TABLES, *sorted(before.keys() - set(TABLES))]:
        then = before.get(name)
        if then is None:
            grown.append(f"table {name} is new")
            continue
        if name not in TABLES:
            broken.append(f"table {name} is gone")
            continue
        now = descriptor(name)
        fields = {field["name"]: field for field in now["fields"]}
        if list(then.get("primaryKey", [])) != list(now.get("primaryKey", [])):
            broken.append(f"schema of {name}: the primary key is another one")
        for field in then["fields"]:
            where = f"schema of {name}: column {field['name']}"
            breaks, grows = _compare_field(where, field, fields.pop(field["name"], None))
            broken += [breaks] if breaks else []
            grown += [grows] if grows else []
        grown += [f"schema of {name}: column {column} is new" for column in fields]
    return SchemaChanges(tuple(broken), tuple(grown))
