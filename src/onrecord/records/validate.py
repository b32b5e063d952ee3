"""Check every record against the schemas, whole columns at a time.

The constraints of ``schemas/*.json`` are compiled into Polars expressions by `tables.rules`,
which does so for any package; here all cells have their types already. A problem is reported
like frictionless reports it: table, row (counted from 1, without the header), field, code,
message.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import polars as pl
import pyarrow as pa

from onrecord.parallel import in_order
from onrecord.records.schema import TABLES, Constraints, TableSchema, schema
from onrecord.scratch import Rows
from onrecord.tables.rules import rules

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


class Verdict(NamedTuple):
    """What was found.

    Attributes:
        problems: the first ones of each kind in full.
        documents: for each document with a value that breaks a constraint, the first message.
            Only a value can be blamed on the document that it comes from.
        others: whether there are problems that belong to no document: keys and shapes.
    """

    problems: list[Problem]
    documents: dict[str, str]
    others: bool


def _rules(column: str, constraints: Constraints, leads: bool) -> list[tuple[str, pl.Expr]]:
    """(rule in words, expression that is true where it is broken) of one column.

    A column that leads to another table's key needs no pattern of its own.
    """
    cell = pl.col(column)
    stated = constraints.model_dump(by_alias=True, exclude_none=True)
    required = [("a value is required", cell.is_null())] if stated.pop("required") else []
    if leads:
        stated.pop("pattern", None)
    compiled = [(rule.words, rule.broken) for rule in rules(cell, stated)]
    return required + [(words, broken) for words, broken in compiled if broken is not None]


def _keys(frame: pl.DataFrame, columns: tuple[str, ...]) -> pl.Series:
    """One comparable value a row for a key of one or several columns."""
    return frame[columns[0]] if len(columns) == 1 else frame.select(pl.struct(columns)).to_series()


class _Findings:
    """The problems of one table: the first ones of each kind in full, and how many more."""

    def __init__(self, table: str) -> None:
        self._table = table
        self._found: dict[tuple[str, str, str], list[Problem]] = {}
        self._more: dict[tuple[str, str, str], int] = {}
        self.documents: dict[str, str] = {}
        self.others = False

    def add(
        self,
        field: str,
        code: str,
        rule: str,
        broken: pl.Series,
        cells: pl.Series,
        before: int,
        owners: pl.Series | None = None,
    ) -> None:
        """Note the rows where `broken` is true; `before` rows of the table came earlier.

        `owners` are the documents that the rows belong to, where they can be blamed.
        """
        rows = broken.fill_null(False).arg_true()
        if not len(rows):
            return
        key = field, code, rule
        found = self._found.setdefault(key, [])
        for row in rows[: SHOWN - len(found)].to_list():
            message = f"{rule} (got {cells[int(row)]!r})"
            found.append(Problem(self._table, before + int(row) + 1, field, code, message))
        self._more[key] = self._more.get(key, 0) + len(rows)
        blamed = [] if owners is None else owners.gather(rows).unique(maintain_order=True).to_list()
        self.others = self.others or not blamed or None in blamed
        for name in filter(None, blamed):
            self.documents.setdefault(name, f"{self._table}, {field}: {rule}")

    def problems(self) -> list[Problem]:
        """All of them, in the order in which the rules were first broken."""
        listed = []
        for (field, code, rule), found in self._found.items():
            listed += found
            more = self._more[field, code, rule] - len(found)
            if more:
                listed.append(Problem(self._table, None, field, code, f"{rule}: {more} more rows"))
        return listed


def _implied(table: TableSchema) -> set[str]:
    """Columns that lead to a row whose own column is checked by the same pattern."""
    return {foreign.fields[0] for foreign in table.foreign_keys}


def _missing(
    table: TableSchema, rows: Rows, known: dict[str, pl.DataFrame]
) -> dict[str, pl.Series]:
    """For each column that leads to another table, its values that lead to no row there."""
    missing = {}
    for foreign in table.foreign_keys:
        column, target = foreign.fields[0], foreign.reference  # single columns only
        if target.resource not in known:
            missing[column] = pl.Series(column, [], pl.String)
            continue
        values = rows.columns(column).lazy().drop_nulls().unique()
        keys = known[target.resource].lazy()
        lost = values.join(keys, left_on=column, right_on=target.fields[0], how="anti")
        missing[column] = lost.collect().to_series()
    return missing


def _check(
    table: TableSchema,
    frame: pl.DataFrame,
    missing: dict[str, pl.Series],
    found: _Findings,
    at: int,
) -> None:
    """Look at some rows of one table, `at` rows of which came before."""
    owners = frame["document_id"] if "document_id" in frame.columns else None
    for field in table.fields:
        kept = _rules(field.name, field.constraints, field.name in _implied(table))
        if not kept:
            continue
        broken = frame.select(expr.alias(str(i)) for i, (_, expr) in enumerate(kept))
        cells = frame[field.name]
        for i, (rule, _) in enumerate(kept):
            found.add(field.name, "constraint-error", rule, broken[str(i)], cells, at, owners)
    keys = _keys(frame, table.primary_key)
    found.add(
        ", ".join(table.primary_key),
        "primary-key",
        "the key stands more than once",
        ~keys.is_first_distinct(),
        keys,
        at,
    )
    for foreign in table.foreign_keys:
        column = foreign.fields[0]
        if not len(missing[column]):
            continue
        found.add(
            column,
            "foreign-key",
            f"leads to no row of {foreign.reference.resource}",
            frame[column].is_in(missing[column].implode()),
            frame[column],
            at,
        )


def misshapen(table: TableSchema, actual: pa.Schema) -> Problem | None:
    """The problem of a table that has other columns than its schema, None where it has none."""
    expected = table.arrow
    if [(f.name, f.type) for f in expected] == [(f.name, f.type) for f in actual]:
        return None
    shown = [", ".join(f"{f.name} {f.type}" for f in found) for found in (expected, actual)]
    message = f"expected the columns {shown[0]}, got {shown[1]}"
    return Problem(table.name, None, "", "schema-error", message)


def _greatest(frame: pl.DataFrame, columns: tuple[str, ...]) -> tuple[Any, ...] | None:
    """The greatest key of some rows; None where there is none."""
    key = []
    for column in columns:
        top = frame[column].max()
        if top is None:
            return None
        key.append(top)
        frame = frame.filter(pl.col(column) == top)
    return tuple(key)


def _up_to(columns: tuple[str, ...], key: tuple[Any, ...]) -> pl.Expr:
    """True for rows whose key is not beyond another one."""
    reached = pl.lit(True)
    for column, value in reversed(list(zip(columns, key, strict=True))):
        cell = pl.col(column)
        reached = (cell < value) | ((cell == value) & reached)
    return reached


def _check_table(table: TableSchema, rows: Rows, known: dict[str, pl.DataFrame]) -> Verdict:
    """Problems of one table, piece by piece."""
    found = _Findings(table.name)
    missing = _missing(table, rows, known)
    at = 0
    last: tuple[Any, ...] | None = None
    for piece in rows.pieces():
        frame = pl.from_arrow(piece)
        assert isinstance(frame, pl.DataFrame)
        _check(table, frame, missing, found, at)
        # A key in two pieces would be missed: each must go on where the one before ended.
        if last is not None:
            again = frame.select(_up_to(table.primary_key, last)).to_series()
            field = ", ".join(table.primary_key)
            keys = _keys(frame, table.primary_key)
            found.add(field, "primary-key", "the rows are not sorted", again, keys, at)
        last = _greatest(frame, table.primary_key)
        at += frame.height
    return Verdict(found.problems(), found.documents, found.others)


def validate(
    tables: Mapping[str, Rows | pa.Table],
    threads: int = 1,
    contract: Mapping[str, TableSchema] | None = None,
) -> list[Problem]:
    """Check tables against their schemas, and against each other.

    Args:
        tables: by name. A key that leads to a table that is not among them is not checked.
        threads: how many tables are checked at once.
        contract: the schema of each of the tables; None for those in ``schemas/``, all of
            which must be there.

    Returns:
        The problems; none when the records keep their contract.
    """
    return judge(tables, threads, contract).problems


def judge(
    tables: Mapping[str, Rows | pa.Table],
    threads: int = 1,
    contract: Mapping[str, TableSchema] | None = None,
) -> Verdict:
    """Check tables as `validate` does, and say which documents are to blame."""
    if contract is None:
        contract = {name: schema(name) for name in TABLES}
    rows = {name: t if isinstance(t, Rows) else Rows.of(t) for name, t in tables.items()}
    shaped = [misshapen(table, rows[name].schema) for name, table in contract.items()]
    problems = [problem for problem in shaped if problem]
    if problems:
        return Verdict(problems, {}, True)
    referred = {f.reference.resource for table in contract.values() for f in table.foreign_keys}
    known = {
        name: rows[name].columns(contract[name].primary_key[0])
        for name in sorted(referred & contract.keys())
    }
    checked = list(
        in_order(lambda name: _check_table(contract[name], rows[name], known), contract, threads)
    )
    blamed: dict[str, str] = {}
    for verdict in reversed(checked):
        blamed |= verdict.documents
    found = [problem for verdict in checked for problem in verdict.problems]
    return Verdict(found, blamed, any(verdict.others for verdict in checked))
