"""What a Data Package says of its tables, as models; version 1 and 2 of the standard.

Properties that bear on no check are kept out. What can't be understood is an error in words,
never a guess.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

#: The constraints that each type of field may have.
_ORDERED = ("required", "unique", "enum", "minimum", "maximum", "exclusiveMinimum")
_BOUNDS = (*_ORDERED, "exclusiveMaximum")
_LENGTHS = ("required", "unique", "enum", "minLength", "maxLength")
_PLAIN = ("required", "unique", "enum")
SUPPORTED: dict[str, tuple[str, ...]] = {
    "any": _PLAIN,
    "array": _LENGTHS,
    "boolean": _PLAIN,
    "date": _BOUNDS,
    "datetime": _BOUNDS,
    "duration": _PLAIN,
    "geojson": _PLAIN,
    "geopoint": _PLAIN,
    "integer": _BOUNDS,
    "list": ("required", "unique", "minLength", "maxLength"),
    "number": _BOUNDS,
    "object": _LENGTHS,
    "string": (*_LENGTHS, "pattern"),
    "time": _BOUNDS,
    "year": _BOUNDS,
    "yearmonth": _BOUNDS,
}
#: The formats of types that have a closed list of them.
FORMATS: dict[str, tuple[str, ...]] = {
    "string": ("default", "email", "uri", "binary", "uuid"),
    "geopoint": ("default", "array", "object"),
    "geojson": ("default", "topojson"),
}
ITEM_TYPES = ("string", "integer", "boolean", "number", "datetime", "date", "time")


def _listed(value: Any) -> Any:
    """One name as a list of one."""
    return [value] if isinstance(value, str) else value


def _plain_values(value: Any) -> Any:
    """Missing values without their labels."""
    if not isinstance(value, list):
        return value
    return [v.get("value") if isinstance(v, dict) else v for v in value]


Names = Annotated[tuple[str, ...], BeforeValidator(_listed)]
Missing = Annotated[tuple[str, ...], BeforeValidator(_plain_values)]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)


class Column(_Model):
    """A field of a schema: one column."""

    name: str
    type: str = "string"
    format: str = "default"
    constraints: dict[str, Any] = {}
    missing_values: Missing | None = Field(default=None, alias="missingValues")
    true_values: tuple[str, ...] = Field(("true", "True", "TRUE", "1"), alias="trueValues")
    false_values: tuple[str, ...] = Field(("false", "False", "FALSE", "0"), alias="falseValues")
    bare_number: bool = Field(True, alias="bareNumber")
    float_number: bool = Field(False, alias="floatNumber")
    decimal_char: str = Field(".", alias="decimalChar")
    group_char: str = Field("", alias="groupChar")
    array_item: dict[str, Any] | None = Field(None, alias="arrayItem")
    delimiter: str = ","
    item_type: str = Field("string", alias="itemType")


class Reference(_Model):
    """Where a foreign key leads; an empty resource is the table itself."""

    resource: str = ""
    fields: Names


class ForeignKey(_Model):
    """One foreign key."""

    fields: Names
    reference: Reference


class Schema(_Model):
    """A Table Schema."""

    fields: tuple[Column, ...]
    fields_match: Literal["exact", "equal", "subset", "superset", "partial"] = Field(
        "exact", alias="fieldsMatch"
    )
    missing_values: Missing = Field(("",), alias="missingValues")
    primary_key: Names = Field((), alias="primaryKey")
    unique_keys: tuple[Names, ...] = Field((), alias="uniqueKeys")
    foreign_keys: tuple[ForeignKey, ...] = Field((), alias="foreignKeys")

    def missing(self, column: Column) -> tuple[str, ...]:
        """The texts that mean no value in a column."""
        own = column.missing_values
        return self.missing_values if own is None else own


class Dialect(_Model):
    """How a CSV file is written; None where the descriptor leaves it open."""

    header: bool | None = None
    header_rows: tuple[int, ...] | None = Field(None, alias="headerRows")
    header_join: str = Field(" ", alias="headerJoin")
    header_case: bool = Field(True, alias="headerCase")
    comment_char: str | None = Field(None, alias="commentChar")
    comment_rows: tuple[int, ...] = Field((), alias="commentRows")
    skip_blank_rows: bool = Field(False, alias="skipBlankRows")
    delimiter: str | None = None
    quote_char: str | None = Field(None, alias="quoteChar")
    double_quote: bool = Field(True, alias="doubleQuote")
    escape_char: str | None = Field(None, alias="escapeChar")
    skip_initial_space: bool | None = Field(None, alias="skipInitialSpace")


class Resource(_Model):
    """One file, or one table in several files, of a package."""

    name: str
    path: Names = ()
    data: Any = None
    type: str | None = None
    profile: str | None = None
    format: str | None = None
    encoding: str | None = None
    compression: str | None = None
    hash: str | None = None
    bytes: int | None = None
    table_schema: Schema | None = None
    dialect: Dialect = Dialect()
