"""What can be wrong with a table, in the words and the shape of frictionless reports."""

from dataclasses import dataclass, field
from typing import Any

_CELL = ("#table", "#row", "#cell")
_ROW = ("#table", "#row")
_LABEL = ("#table", "#header", "#label")

#: For each type: title, message, tags. The names in braces are properties of the problem.
TYPES: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "type-error": (
        "Type Error",
        'Type error in the cell "{cell}" in row "{rowNumber}" and field "{fieldName}" at '
        'position "{fieldNumber}": {note}',
        _CELL,
    ),
    "constraint-error": (
        "Constraint Error",
        'The cell "{cell}" in row at position "{rowNumber}" and field "{fieldName}" at position '
        '"{fieldNumber}" does not conform to a constraint: {note}',
        _CELL,
    ),
    "unique-error": (
        "Unique Error",
        'Row at position "{rowNumber}" has unique constraint violation in field "{fieldName}" '
        'at position "{fieldNumber}": {note}',
        _CELL,
    ),
    "extra-cell": (
        "Extra Cell",
        'Row at position "{rowNumber}" has an extra value in field at position "{fieldNumber}"',
        _CELL,
    ),
    "missing-cell": (
        "Missing Cell",
        'Row at position "{rowNumber}" has a missing cell in field "{fieldName}" at position '
        '"{fieldNumber}"',
        _CELL,
    ),
    "blank-row": ("Blank Row", 'Row at position "{rowNumber}" is completely blank', _ROW),
    "primary-key": (
        "PrimaryKey Error",
        'Row at position "{rowNumber}" violates the primary key: {note}',
        _ROW,
    ),
    "unique-key": (
        "UniqueKey Error",
        'Row at position "{rowNumber}" violates the unique key: {note}',
        _ROW,
    ),
    "foreign-key": (
        "ForeignKey Error",
        'Row at position "{rowNumber}" violates the foreign key: {note}',
        _ROW,
    ),
    "extra-label": (
        "Extra Label",
        'There is an extra label "{label}" in header at position "{fieldNumber}"',
        _LABEL,
    ),
    "missing-label": (
        "Missing Label",
        'There is a missing label in the header\'s field "{fieldName}" at position "{fieldNumber}"',
        _LABEL,
    ),
    "blank-label": (
        "Blank Label",
        'Label in the header in field at position "{fieldNumber}" is blank',
        _LABEL,
    ),
    "duplicate-label": (
        "Duplicate Label",
        'Label "{label}" in the header at position "{fieldNumber}" is duplicated to a label: '
        "{note}",
        _LABEL,
    ),
    "incorrect-label": (
        "Incorrect Label",
        'Label "{label}" in field {fieldName} at position "{fieldNumber}" does not match the '
        "field name in the schema",
        _LABEL,
    ),
    "unmatched-header": (
        "Unmatched Header",
        "None of the fields defined in the schema is present in the header",
        ("#table", "#header"),
    ),
    "hash-count": (
        "Hash Count Error",
        "The data source does not match the expected hash count: {note}",
        ("#file",),
    ),
    "byte-count": (
        "Byte Count Error",
        "The data source does not match the expected byte count: {note}",
        ("#file",),
    ),
    "source-error": (
        "Source Error",
        "The data source has not supported or has inconsistent contents: {note}",
        (),
    ),
    "scheme-error": (
        "Scheme Error",
        "The data source could not be successfully loaded: {note}",
        (),
    ),
    "format-error": (
        "Format Error",
        "The data source could not be successfully parsed: {note}",
        (),
    ),
    "encoding-error": (
        "Encoding Error",
        "The data source could not be successfully decoded: {note}",
        (),
    ),
    "compression-error": (
        "Compression Error",
        "The data source could not be successfully decompressed: {note}",
        (),
    ),
    "package-error": ("Package Error", "The data package has an error: {note}", ()),
    "resource-error": ("Resource Error", "The data resource has an error: {note}", ()),
    "dialect-error": ("Dialect Error", "Dialect is not valid: {note}", ()),
    "schema-error": ("Schema Error", "Schema is not valid: {note}", ()),
    "field-error": ("Field Error", "Field is not valid: {note}", ()),
    "error": ("Error", "{note}", ()),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One broken rule.

    Attributes:
        type: a key of `TYPES`.
        note: what exactly.
        row: number of the row as frictionless counts, the header being row 1; None where it
            belongs to no row.
        number: position of the field, from 1; None where it belongs to no field.
        more: what else a report says of it: fieldName, cell, cells, label, …
    """

    type: str
    note: str = ""
    row: int | None = None
    number: int | None = None
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def message(self) -> str:
        """All of it in words."""
        values = {"note": self.note, "rowNumber": self.row, "fieldNumber": self.number}
        return TYPES[self.type][1].format_map(values | self.more)

    def report(self) -> dict[str, Any]:
        """As it stands in a report."""
        title, _, tags = TYPES[self.type]
        said: dict[str, Any] = {
            "type": self.type,
            "title": title,
            "message": self.message,
            "tags": list(tags),
            "note": self.note,
        }
        if self.row is not None:
            said["rowNumber"] = self.row
        if self.number is not None:
            said["fieldNumber"] = self.number
        return said | self.more


class TableError(Exception):
    """A table that can't be read any further.

    Attributes:
        problem: why.
    """

    def __init__(self, type: str, note: str) -> None:
        super().__init__(note)
        self.problem = Problem(type, note)
