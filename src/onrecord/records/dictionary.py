"""Write the data dictionary of all tables from their schemas.

``python -m onrecord.records.dictionary docs/data-dictionary.md`` brings the page up to date.
"""

import sys
from pathlib import Path

from onrecord.records.schema import TABLES, Constraints, TableSchema, schema


def _rules(constraints: Constraints) -> str:
    """Constraints of a field in words."""
    rules = ["required" if constraints.required else "may be null"]
    if constraints.enum:
        rules.append("one of " + ", ".join(f"`{value}`" for value in constraints.enum))
    if constraints.pattern:
        rules.append("matches `" + constraints.pattern.replace("|", "\\|") + "`")
    if constraints.minimum is not None:
        rules.append(f"at least {constraints.minimum:g}")
    if constraints.maximum is not None:
        rules.append(f"at most {constraints.maximum:g}")
    if constraints.max_length is not None:
        rules.append(f"at most {constraints.max_length} characters")
    return "; ".join(rules)


def _section(table: TableSchema) -> list[str]:
    """One table: what it is, its keys, its columns."""
    lines = [f"## {table.name}", "", table.description, ""]
    lines.append("Primary key: " + ", ".join(f"`{key}`" for key in table.primary_key) + ".")
    for key in table.foreign_keys:
        target = f"{key.reference.resource}.{key.reference.fields[0]}"
        lines.append(f"`{key.fields[0]}` leads to `{target}`.")
    lines += ["", "| column | type | meaning | rules |", "| --- | --- | --- | --- |"]
    for field in table.fields:
        meaning = field.description.replace("|", "\\|")
        lines.append(f"| `{field.name}` | {field.type} | {meaning} | {_rules(field.constraints)} |")
    return [*lines, ""]


def dictionary() -> str:
    """The data dictionary as Markdown."""
    lines = [
        "# Data dictionary",
        "",
        "Every table and column of a release. This page is written from `schemas/` by",
        "`make reference`; change the schemas, not this page.",
        "",
    ]
    for name in TABLES:
        lines += _section(schema(name))
    return "\n".join(lines)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(dictionary(), encoding="utf-8", newline="\n")
