from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from onrecord.job import release
from onrecord.records.schema import TABLES, schema
from onrecord.records.validate import SHOWN, Problem, validate
from onrecord.release.write import read_parquet
from onrecord.scratch import Rows
from onrecord.settings import Settings

MakeSource = Callable[..., Path]
Tables = dict[str, pa.Table]

LONG = (
    "The committee met on Tuesday to hear from seven witnesses about the state of the old "
    "bridges in the northern districts, most of which nobody has inspected for {} years."
)
FILES = {
    "a.txt": f"{LONG.format(12)}\nOnly here.\n***\n".encode(),
    "b.txt": f"{LONG.format(12)}\nSomething else.\n".encode(),
    "c.txt": f"{LONG.format(34)}\nMore of it.\n".encode(),
    "d.txt": f"Headline. {LONG.format(12)} By our reporter\nThe end.\n".encode(),
    "dirty.txt": "Привет, мир, это строка ".encode() + b"\xff" + " конец\n".encode(),
    "empty.txt": b"",
    "gone.txt": b"A line that the next release does not have any more.\n",
}


#: Table, column, an id that nothing has, and the table that the column leads to.
FOREIGN_KEYS = [
    ("documents", "source_id", "nobody", "sources"),
    ("quarantine", "source_id", "nobody", "sources"),
    ("paragraphs", "document_id", "d" + "0" * 16, "documents"),
    ("occurrences", "document_id", "d" + "0" * 16, "documents"),
    ("occurrences", "paragraph_id", "p" + "0" * 20, "paragraphs"),
    ("matches", "document_id", "d" + "0" * 16, "documents"),
    ("matches", "paragraph_id", "p" + "0" * 20, "paragraphs"),
    ("patches", "document_id", "d" + "0" * 16, "documents"),
    ("variants", "paragraph_id", "p" + "0" * 20, "paragraphs"),
    ("variants", "other_id", "p" + "0" * 20, "paragraphs"),
]


@pytest.fixture(scope="module")
def valid(tmp_path_factory: pytest.TempPathFactory, make_source: MakeSource) -> Tables:
    """The tables of a second release, so that none of them is empty."""
    place = tmp_path_factory.mktemp("tables")
    folder = make_source(place / "seeds", "gazette", FILES, license="CC0-1.0")
    release(place / "seeds", place / "data", Settings())
    (folder / "gone.txt").unlink()
    (folder / "new.txt").write_bytes(b"A line that the first release did not have.\n")
    outcome = release(place / "seeds", place / "data", Settings())
    return {name: read_parquet(outcome.path / "parquet" / f"{name}.parquet") for name in TABLES}


def changed(tables: Tables, table: str, row: int, **cells: object) -> Tables:
    """The same tables with some cells of one row (counted from 0) changed."""
    arrow = schema(table).arrow
    rows: list[dict[str, Any]] = tables[table].to_pylist()
    rows[row] = {**rows[row], **cells}
    columns = {name: [r[name] for r in rows] for name in arrow.names}
    # Built column by column, because Arrow itself refuses null where a value is required.
    loose = pa.schema([pa.field(f.name, f.type) for f in arrow])
    return {**tables, table: pa.table(columns, schema=loose)}


def repeated(tables: Tables, table: str, row: int) -> Tables:
    """The same tables with one row of one table standing twice, the copy at the end."""
    whole = tables[table]
    return {**tables, table: pa.concat_tables([whole, whole.slice(row, 1)])}


def found(tables: Tables) -> list[tuple[str, int | None, str, str]]:
    return [(p.table, p.row, p.field, p.code) for p in validate(tables)]


def test_the_tables_of_a_release_have_no_problem(valid: Tables) -> None:
    assert all(valid[name].num_rows for name in TABLES)
    assert validate(valid) == []


def test_empty_tables_have_no_problem() -> None:
    assert validate({name: schema(name).arrow.empty_table() for name in TABLES}) == []


def test_the_tables_of_the_seeds_have_no_problem(seed_release: Path) -> None:
    tables = {name: read_parquet(seed_release / "parquet" / f"{name}.parquet") for name in TABLES}
    assert tables["paragraphs"].num_rows > 0
    assert validate(tables) == []


@pytest.mark.parametrize(
    ("table", "field", "value", "rule"),
    [
        pytest.param("documents", "path", None, "required", id="null text"),
        pytest.param("documents", "n_blocks", None, "required", id="null integer"),
        pytest.param("variants", "coverage", None, "required", id="null number"),
        pytest.param("paragraphs", "boilerplate", None, "required", id="null boolean"),
        pytest.param("documents", "revision", "G" * 64, "[0-9a-f]{64}", id="pattern"),
        pytest.param("documents", "revision", "a" * 65, "[0-9a-f]{64}", id="pattern, too long"),
        pytest.param("documents", "revision", "\n" + "a" * 64, "match", id="pattern, line before"),
        pytest.param("documents", "revision", "a" * 64 + "\n", "match", id="pattern, line after"),
        pytest.param("documents", "published", "1 May 2024", "match", id="pattern of a date"),
        pytest.param("changes", "change", "moved", "added, retired, changed", id="enum"),
        pytest.param("changes", "change", "Added", "one of", id="enum, another case"),
        pytest.param("occurrences", "byte_start", -1, "at least 0", id="minimum"),
        pytest.param("paragraphs", "n_characters", 0, "at least 1", id="minimum of one"),
        pytest.param("variants", "coverage", -0.1, "at least 0", id="minimum of a number"),
        pytest.param("variants", "coverage", 1.0001, "at most 1", id="maximum"),
        pytest.param("matches", "coverage", float("nan"), "at most 1", id="not a number"),
        pytest.param("occurrences", "text", "", "have 1 characters", id="empty text"),
        pytest.param("sources", "license", "", "have 1 characters", id="empty text may be null"),
    ],
)
def test_a_broken_constraint_is_found(
    valid: Tables, table: str, field: str, value: object, rule: str
) -> None:
    row = valid[table].num_rows - 1
    (problem, *others) = validate(changed(valid, table, row, **{field: value}))
    assert problem[:4] == (table, row + 1, field, "constraint-error")
    assert rule in problem.message
    assert repr(value) in problem.message
    assert others == []


def test_a_text_that_is_too_long_is_found(valid: Tables) -> None:
    broken = changed(valid, "sources", 0, source_id="a" * 101)
    problems = [p for p in validate(broken) if p.code == "constraint-error"]
    assert [p[:3] for p in problems] == [("sources", 1, "source_id")]
    assert "at most 100" in problems[0].message


@pytest.mark.parametrize("table", TABLES)
def test_a_key_that_stands_twice_is_found_where_it_is_repeated(valid: Tables, table: str) -> None:
    keys = ", ".join(schema(table).primary_key)
    rows = valid[table].num_rows
    assert found(repeated(valid, table, 0)) == [(table, rows + 1, keys, "primary-key")]


def test_part_of_a_key_may_stand_twice(valid: Tables) -> None:
    documents = valid["occurrences"]["document_id"].to_pylist()
    assert len(set(documents)) < len(documents)
    assert validate(valid) == []


@pytest.mark.parametrize(("table", "field", "value", "target"), FOREIGN_KEYS)
def test_a_foreign_key_that_leads_nowhere_is_found(
    valid: Tables, table: str, field: str, value: str, target: str
) -> None:
    (problem, *others) = validate(changed(valid, table, 0, **{field: value}))
    assert problem[:4] == (table, 1, field, "foreign-key")
    assert target in problem.message
    assert value in problem.message
    assert others == []


def test_every_foreign_key_of_the_schemas_is_tried_above() -> None:
    declared = {
        (name, key.fields[0], key.reference.resource)
        for name in TABLES
        for key in schema(name).foreign_keys
    }
    assert declared == {(table, field, target) for table, field, _, target in FOREIGN_KEYS}


def test_a_foreign_key_may_be_null_where_the_schema_allows_it(valid: Tables) -> None:
    tables = changed(valid, "occurrences", 0, paragraph_id=None)
    assert validate(tables) == []


def test_a_row_that_others_lead_to_is_missed(valid: Tables) -> None:
    gone = valid["patches"]["document_id"][0].as_py()
    kept = [
        i for i, name in enumerate(valid["documents"]["document_id"].to_pylist()) if name != gone
    ]
    problems = validate({**valid, "documents": valid["documents"].take(kept)})
    assert {p.code for p in problems} == {"foreign-key"}
    assert ("patches", 1, "document_id", "foreign-key") in [p[:4] for p in problems]


@pytest.mark.parametrize("table", TABLES)
def test_a_missing_column_is_found(valid: Tables, table: str) -> None:
    name = valid[table].column_names[-1]
    problems = validate({**valid, table: valid[table].drop_columns([name])})
    assert [p[:4] for p in problems] == [(table, None, "", "schema-error")]
    assert name in problems[0].message


def test_a_column_too_many_is_found(valid: Tables) -> None:
    extra = valid["sources"].append_column("colour", pa.array(["red"]))
    assert found({**valid, "sources": extra}) == [("sources", None, "", "schema-error")]


def test_a_column_of_another_type_is_found(valid: Tables) -> None:
    documents = valid["documents"]
    at = documents.column_names.index("bytes")
    texts = documents["bytes"].cast(pa.large_string())
    tables = {**valid, "documents": documents.set_column(at, "bytes", texts)}
    assert found(tables) == [("documents", None, "", "schema-error")]


def test_columns_in_another_order_are_found(valid: Tables) -> None:
    turned = valid["sources"].select(valid["sources"].column_names[::-1])
    assert found({**valid, "sources": turned}) == [("sources", None, "", "schema-error")]


def test_all_problems_of_all_tables_are_found_at_once(valid: Tables) -> None:
    tables = changed(valid, "documents", 1, path=None, n_blocks=-1)
    tables = changed(tables, "sources", 0, publication="all")
    tables = changed(tables, "variants", 0, difference="taste")
    assert sorted(found(tables), key=str) == [
        ("documents", 2, "n_blocks", "constraint-error"),
        ("documents", 2, "path", "constraint-error"),
        ("sources", 1, "publication", "constraint-error"),
        ("variants", 1, "difference", "constraint-error"),
    ]


def test_many_problems_of_one_kind_are_counted(valid: Tables) -> None:
    one = valid["quarantine"].to_pylist()[0]
    many = SHOWN + 7
    rows = [{**one, "input_id": f"d{i:016}", "reason": "bad mood"} for i in range(many)]
    table = pa.Table.from_pylist(rows, schema=schema("quarantine").arrow)
    problems = validate({**valid, "quarantine": table})
    assert [p.row for p in problems] == [*range(1, SHOWN + 1), None]
    assert problems[-1] == Problem(
        "quarantine", None, "reason", "constraint-error", problems[-1].message
    )
    assert "7 more" in problems[-1].message


def test_keys_are_compared_across_pieces(seed_release: Path) -> None:
    """Pieces may part in the middle of a document; a key that stands in two is found."""
    whole = pq.read_table(seed_release / "parquet" / "occurrences.parquet").slice(0, 40)
    contract = {"occurrences": schema("occurrences")}
    for size in (1, 2, 5):
        rows = Rows(contract["occurrences"].arrow)
        for at in range(0, whole.num_rows, size):
            rows.append(whole.slice(at, size))
        assert validate({"occurrences": rows}, contract=contract) == []
        rows.append(whole.slice(whole.num_rows - 1))
        (problem,) = validate({"occurrences": rows}, contract=contract)
        assert problem.code == "primary-key"
        assert problem.row == whole.num_rows + 1
