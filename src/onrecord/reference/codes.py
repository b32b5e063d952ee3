"""The page of codes: every closed list of values, with what each stands for."""

from onrecord.ingest.quarantine import ADVICE, Reason
from onrecord.records.schema import TABLES, schema

_INTRO = """# Codes

Closed lists of values that stand in the tables. This page is written from the code by
`make reference`. [inputs.md](inputs.md#reasons) says more of what can't be read, and
[releases.md](releases.md#stable-identities) of what is retired.
"""


def codes_page() -> str:
    """``docs/reason-codes.md``."""
    lines = [_INTRO, "## Reasons of quarantine", ""]
    lines += ["| code | what to do |", "| --- | --- |"]
    lines += [f"| `{reason.value}` | {ADVICE[reason]} |" for reason in Reason]
    lines.append("")
    for table in TABLES:
        for field in schema(table).fields:
            values = field.constraints.enum
            if not values or (table, field.name) == ("quarantine", "reason"):
                continue
            lines += [f"## `{table}.{field.name}`", "", field.description, ""]
            lines += ["Values: " + ", ".join(f"`{value}`" for value in values) + ".", ""]
    return "\n".join(lines).rstrip() + "\n"
