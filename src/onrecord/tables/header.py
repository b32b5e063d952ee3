"""The labels of a table against the fields of its schema."""

from typing import Any

from onrecord.tables.descriptor import Column, Schema
from onrecord.tables.problems import Problem, TableError


def _apart(names: list[str]) -> list[str]:
    """Names of which no two are the same: later ones get a number."""
    found: list[str] = []
    for name in names:
        again, n = name, 2
        while again in found:
            again, n = f"{name}{n}", n + 1
        found.append(again)
    return found


class Header:
    """What the labels say of the columns.

    Attributes:
        labels: as they stand.
        columns: a field for each column, in their order.
        problems: what is wrong with the labels.
    """

    def __init__(
        self, labels: list[str], rows: list[int], schema: Schema, exact_case: bool
    ) -> None:
        """Compare labels with a schema.

        Args:
            labels: in the order of the columns; empty where the table has no header.
            rows: numbers of the rows that they stand in.
            schema: what the fields should be.
            exact_case: whether labels must agree in upper and lower case.

        Raises:
            TableError: columns are to be matched by name, and names stand twice.
        """
        self._fold = (lambda name: name) if exact_case else str.lower
        self.labels = labels
        self._rows = rows
        self.problems: list[Problem] = []
        self.columns = list(schema.fields)
        if not labels:
            return
        by_name = schema.fields_match != "exact"
        matched = self._by_name(labels, schema) if by_name else self._in_order(labels, schema)
        names = [f.name if f else label for f, label in zip(matched, labels, strict=True)]
        self.columns = [
            f or Column(name=name, type="any")
            for f, name in zip(matched, _apart(names), strict=True)
        ]
        self._extra_and_missing(labels, matched, schema)
        if not by_name:
            self._each(labels, schema)

    def _in_order(self, labels: list[str], schema: Schema) -> list[Column | None]:
        fields = schema.fields
        return [fields[i] if i < len(fields) else None for i in range(len(labels))]

    def _by_name(self, labels: list[str], schema: Schema) -> list[Column | None]:
        folded = [self._fold(label) for label in labels]
        if len(set(folded)) < len(folded):
            note = (
                f'matching fields by name ("fieldsMatch": "{schema.fields_match}") requires '
                "unique labels in the header"
            )
            raise TableError("error", note)
        fields = {self._fold(field.name): field for field in reversed(schema.fields)}
        return [fields.get(name) for name in folded]

    def _extra_and_missing(
        self, labels: list[str], matched: list[Column | None], schema: Schema
    ) -> None:
        for number, label in enumerate(labels, 1):
            if matched[number - 1] is None and schema.fields_match not in ("subset", "partial"):
                self._found("extra-label", labels, label, "", number)
        if schema.fields_match == "partial" and schema.fields and not any(matched):
            self.problems.append(Problem("unmatched-header", more=self._place(labels)))
        there = {field.name for field in matched if field}
        absent = [field for field in schema.fields if field.name not in there]
        if schema.fields_match in ("superset", "partial"):
            keys = schema.primary_key
            absent = [f for f in absent if f.constraints.get("required") or f.name in keys]
        for number, field in enumerate(absent, len(labels) + 1):
            self._found("missing-label", labels, "", field.name, number)

    def _each(self, labels: list[str], schema: Schema) -> None:
        pairs = enumerate(zip(schema.fields, labels, strict=False), 1)
        for number, (field, label) in pairs:
            before = [i for i, other in enumerate(labels[: number - 1], 1) if other == label]
            if not label:
                self._found("blank-label", labels, "", field.name, number)
            elif before:
                note = f'at position "{", ".join(map(str, before))}"'
                self._found("duplicate-label", labels, label, field.name, number, note)
            elif self._fold(label) != self._fold(field.name):
                self._found("incorrect-label", labels, label, field.name, number)

    def _place(self, labels: list[str]) -> dict[str, Any]:
        return {"labels": labels, "rowNumbers": self._rows}

    def _found(
        self, type: str, labels: list[str], label: str, name: str, number: int, note: str = ""
    ) -> None:
        more = self._place(labels) | {"label": label, "fieldName": name}
        self.problems.append(Problem(type, note, number=number, more=more))
