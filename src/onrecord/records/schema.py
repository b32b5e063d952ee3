"""The table schemas: read once from ``schemas/``, the single source for everything else."""

import json
from functools import cache
from typing import Any

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field

from onrecord.keys import schema_folder

#: The tables of a release, in an order in which no table refers to a later one.
TABLES = (
    "sources",
    "documents",
    "paragraphs",
    "occurrences",
    "matches",
    "patches",
    "variants",
    "retired",
    "quarantine",
    "changes",
)

#: Columns that follow from other records: they change without the record changing.
DERIVED = {
    "sources": {"n_documents"},
    "documents": {"n_blocks", "n_paragraphs", "first_release"},
    "paragraphs": {
        "n_occurrences",
        "n_documents",
        "n_sources",
        "boilerplate",
        "document_id",
        "position",
        "first_release",
    },
}

_ARROW_TYPES = {
    "string": pa.large_string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
}


class Constraints(BaseModel):
    """Constraints of a field, as far as our tables use them; anything else is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    required: bool = False
    pattern: str | None = None
    enum: tuple[str, ...] | None = None
    minimum: float | None = None
    maximum: float | None = None
    min_length: int | None = Field(default=None, alias="minLength")
    max_length: int | None = Field(default=None, alias="maxLength")


class TableField(BaseModel):
    """One column."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    type: str
    title: str
    description: str
    constraints: Constraints = Constraints()


class Reference(BaseModel):
    """Where a foreign key leads."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    resource: str
    fields: tuple[str, ...]


class ForeignKey(BaseModel):
    """One foreign key."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    fields: tuple[str, ...]
    reference: Reference


class TableSchema(BaseModel):
    """One table's schema."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    profile: str = Field(alias="$schema")
    name: str
    title: str
    description: str
    fields: tuple[TableField, ...]
    primary_key: tuple[str, ...] = Field(alias="primaryKey")
    foreign_keys: tuple[ForeignKey, ...] = Field(default=(), alias="foreignKeys")

    @property
    def arrow(self) -> pa.Schema:
        """The Arrow schema: types from the fields, not null where a value is required."""
        return pa.schema(
            [
                pa.field(f.name, _ARROW_TYPES[f.type], nullable=not f.constraints.required)
                for f in self.fields
            ]
        )


@cache
def descriptor(table: str) -> dict[str, Any]:
    """The schema of one table as it stands in its file, for publication."""
    text = (schema_folder() / f"{table}.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


@cache
def schema(table: str) -> TableSchema:
    """The schema of one table."""
    return TableSchema.model_validate(descriptor(table))


def compared(table: str) -> list[str]:
    """The columns of a table that make a record differ: no keys, nothing derived."""
    found = schema(table)
    skip = DERIVED.get(table, set()) | set(found.primary_key)
    return [field.name for field in found.fields if field.name not in skip]


def empty(table: str) -> pa.Table:
    """A table without rows."""
    return schema(table).arrow.empty_table()


def ordered(table: str, columns: dict[str, Any]) -> pa.Table:
    """Build a table by its schema from columns that are in the order of its primary key.

    Args:
        table: its name.
        columns: an array or list for each field.

    Raises:
        pa.ArrowInvalid, KeyError: a column is missing or of another type.
    """
    arrow = schema(table).arrow
    built = pa.table({name: columns[name] for name in arrow.names}, schema=arrow)
    return built.combine_chunks()


def conform(table: str, columns: dict[str, Any]) -> pa.Table:
    """Build a table by its schema and sort it by its primary key; see `ordered`."""
    keys = [(key, "ascending") for key in schema(table).primary_key]
    return ordered(table, columns).sort_by(keys).combine_chunks()
