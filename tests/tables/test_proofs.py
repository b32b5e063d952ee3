"""A proof may leave a cell open; it must never say what the exact rules do not."""

from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onrecord.tables.column import Compiled
from onrecord.tables.descriptor import Column
from tests.tables.mutations import CATALOGUE, ODD, WRONG

LETTERS = st.sampled_from(list("0123456789+-.,:eETZP%_ /@abcx{}[]\"'é٣\t\n"))
CELLS = st.one_of(st.text(LETTERS, max_size=12), st.sampled_from(ODD), st.text(max_size=6))
FIELDS = [described for described, _ in CATALOGUE]


def compiled(described: dict[str, Any]) -> Compiled:
    return Compiled(Column.model_validate(described), 1, ("",), pl.String(), True)


def contradictions(described: dict[str, Any], cells: list[str]) -> list[str]:
    """Cells that the proof of a field judges otherwise than the exact rules do."""
    column = compiled(described)
    if column.proof.value is None:
        return []
    frame = pl.DataFrame({"c1": cells}, schema={"c1": pl.String})
    values = frame.select(column.proof.value.alias("v1"))
    keys = values.select(column.proof.key(pl.col("v1"))).to_series()
    rules = [rule for rule in column.rules if rule.broken is not None]
    flags = values.select(rule.broken.alias(str(i)) for i, rule in enumerate(rules))
    wrong = []
    for i, cell in enumerate(cells):
        if cell == "" or values["v1"][i] is None:
            continue
        value, verdict = column.judge(cell)
        broken = [column.note(rule) for k, rule in enumerate(rules) if flags[str(k)][i]]
        exactly = [note for _, note in verdict]
        if value is None or broken != exactly or keys[i] != column.key(value):
            wrong.append(f"{cell!r}: {broken} {keys[i]}, exactly {verdict} {value!r}")
    return wrong


@pytest.mark.parametrize("described", FIELDS, ids=[f["name"] for f in FIELDS])
def test_what_is_proven_is_so(described: dict[str, Any]) -> None:
    valid = next(cells for f, cells in CATALOGUE if f is described)
    known = [*valid, *WRONG.get(described["name"], []), *ODD]

    @settings(max_examples=6)
    @given(st.lists(CELLS, min_size=40, max_size=80))
    def check(cells: list[str]) -> None:
        assert contradictions(described, [*known, *cells]) == []

    check()


@pytest.mark.parametrize("described", FIELDS, ids=[f["name"] for f in FIELDS])
def test_allowed_cells_are_allowed(described: dict[str, Any]) -> None:
    column = compiled(described)
    for cell in next(cells for f, cells in CATALOGUE if f is described):
        if cell in described.get("missingValues", ()):
            continue
        assert column.judge(cell)[1] == ()


@pytest.mark.parametrize("name", sorted({"count", "day", "code", "kind", "size", "uuid", "mail"}))
def test_the_usual_cell_is_proven(name: str) -> None:
    described, valid = next((f, cells) for f, cells in CATALOGUE if f["name"] == name)
    column = compiled(described)
    assert column.proof.value is not None
    proven = pl.DataFrame({"c1": valid}).select(column.proof.value).to_series()
    assert not proven.is_null()[0]
