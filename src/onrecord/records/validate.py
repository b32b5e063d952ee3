"""Check every record against the schemas, whole columns at a time.

The constraints of ``schemas/*.json`` are compiled into Polars expressions. A problem is reported
like frictionless reports it: table, row (counted from 1, without the header), field, code,
message.
"""

from typing import NamedTuple

import polars as pl
import pyarrow as pa

from onrecord.records.schema import TABLES, Constraints, TableSchema, schema

#: So many problems of one kind are reported in full; the count is always right.
SHOWN = 20


class Problem(NamedTuple):
    """One broken rule.

    Attributes:
        table: the table.
        row: its row, from 1; None for a problem of the whole table.
        field: the column, or the columns of a key joined by a comma.
        code: what kind, as frictionless calls it.
        message: what is wrong, with the value.
    """

    table: str
    row: int | None
    field: str
    code: str
    message: str


def _rules(column: str, constraints: Constraints) -> list[tuple[str, str, pl.Expr]]:
    """(code, rule in words, expression that is true where it is broken) of one column."""
    cell = pl.col(column)
    rules: list[tuple[str, str, pl.Expr]] = []
    if constraints.required:
        rules.append(("constraint-error", "a value is required", cell.is_null()))
    if constraints.pattern is not None:
        broken = ~cell.str.contains(f"^(?:{constraints.pattern})$")
        rules.append(("constraint-error", f"must match {constraints.pattern}", broken))
    if constraints.enum is not None:
        broken = ~cell.is_in(list(constraints.enum))
        rules.append(("constraint-error", f"must be one of {', '.join(constraints.enum)}", broken))
    if constraints.minimum is not None:
        broken = cell < constraints.minimum
        rules.append(("constraint-error", f"must be at least {constraints.minimum:g}", broken))
    if constraints.maximum is not None:
        broken = cell > constraints.maximum
        rules.append(("constraint-error", f"must be at most {constraints.maximum:g}", broken))
    if constraints.min_length is not None:
        broken = cell.str.len_chars() < constraints.min_length
        rules.append(("constraint-error", f"must have {constraints.min_length} characters", broken))
    if constraints.max_length is not None:
        broken = cell.str.len_chars() > constraints.max_length
        rules.append(
            ("constraint-error", f"must have at most {constraints.max_length} characters", broken)
        )
    return rules


def _keys(frame: pl.DataFrame, columns: tuple[str, ...]) -> pl.Series:
    """One comparable value a row for a key of one or several columns."""
    return frame[columns[0]] if len(columns) == 1 else frame.select(pl.struct(columns)).to_series()


def _report(
    table: str, field: str, code: str, rule: str, broken: pl.Series, cells: pl.Series
) -> list[Problem]:
    """Problems for the rows where `broken` is true; the first ones, and how many more."""
    rows = broken.fill_null(False).arg_true()
    problems = [
        Problem(table, int(row) + 1, field, code, f"{rule} (got {cells[int(row)]!r})")
        for row in rows[:SHOWN].to_list()
    ]
    if len(rows) > SHOWN:
        message = f"{rule}: {len(rows) - SHOWN} more rows"
        problems.append(Problem(table, None, field, code, message))
    return problems


def _check(table: TableSchema, frames: dict[str, pl.DataFrame]) -> list[Problem]:
    """Problems of one table."""
    frame = frames[table.name]
    problems: list[Problem] = []
    for field in table.fields:
        rules = _rules(field.name, field.constraints)
        if not rules:
            continue
        broken = frame.select(expr.alias(str(i)) for i, (_, _, expr) in enumerate(rules))
        for i, (code, rule, _) in enumerate(rules):
            problems += _report(
                table.name, field.name, code, rule, broken[str(i)], frame[field.name]
            )
    keys = _keys(frame, table.primary_key)
    problems += _report(
        table.name,
        ", ".join(table.primary_key),
        "primary-key",
        "the key stands more than once",
        ~keys.is_first_distinct(),
        keys,
    )
    for foreign in table.foreign_keys:
        (column,), (target,) = foreign.fields, foreign.reference.fields  # single columns only
        known = frames[foreign.reference.resource][target].unique()
        problems += _report(
            table.name,
            column,
            "foreign-key",
            f"leads to no row of {foreign.reference.resource}",
            frame[column].is_not_null() & ~frame[column].is_in(known.implode()),
            frame[column],
        )
    return problems


def validate(tables: dict[str, pa.Table]) -> list[Problem]:
    """Check all tables of a release.

    Args:
        tables: every table of ``schema.TABLES``.

    Returns:
        The problems; none when the records keep their contract.
    """
    problems: list[Problem] = []
    frames: dict[str, pl.DataFrame] = {}
    for name in TABLES:
        expected, actual = schema(name).arrow, tables[name].schema
        if [(f.name, f.type) for f in expected] != [(f.name, f.type) for f in actual]:
            message = f"expected columns {expected.names}, got {actual.names}"
            problems.append(Problem(name, None, "", "schema-error", message))
        frame = pl.from_arrow(tables[name])
        assert isinstance(frame, pl.DataFrame)
        frames[name] = frame
    if problems:
        return problems
    return [problem for name in TABLES for problem in _check(schema(name), frames)]
