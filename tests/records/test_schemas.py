"""The schemas are the single source: what comes from them must not drift from them."""

import json
from pathlib import Path

import frictionless
import jsonschema
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from onrecord.dedup.passages import DIFFERENCES
from onrecord.ingest.quarantine import ADVICE, Reason
from onrecord.ingest.sources import Publication, Source
from onrecord.records.dictionary import dictionary
from onrecord.records.schema import DERIVED, TABLES, descriptor, schema

ROOT = Path(__file__).parents[2]
ARROW = {
    "string": pa.large_string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
}


def _enum(table: str, field: str) -> set[str]:
    (found,) = [f for f in schema(table).fields if f.name == field]
    assert found.constraints.enum is not None
    return set(found.constraints.enum)


def test_every_table_has_a_schema_and_every_schema_a_table() -> None:
    assert {p.stem for p in (ROOT / "schemas").glob("*.json")} == set(TABLES)


@pytest.mark.parametrize("table", TABLES)
def test_schema_passes_the_official_profile_and_frictionless(table: str) -> None:
    import dplib

    folder = Path(dplib.__file__).parent
    (path,) = [p for p in folder.rglob("*schema*.json") if "table" in p.name and "2.0" in str(p)]
    profile = json.loads(path.read_text(encoding="utf-8"))
    problems = jsonschema.Draft7Validator(profile).iter_errors(descriptor(table))
    assert [e.message for e in problems] == []
    frictionless.Schema.from_descriptor(descriptor(table))


@pytest.mark.parametrize("table", TABLES)
def test_every_field_explains_itself(table: str) -> None:
    assert schema(table).name == table
    for field in schema(table).fields:
        assert field.title, field.name
        assert len(field.description) > 10, field.name


@pytest.mark.parametrize("table", TABLES)
def test_published_tables_have_the_types_of_the_schema(seed_release: Path, table: str) -> None:
    published = pq.read_schema(seed_release / "parquet" / f"{table}.parquet")
    fields = descriptor(table)["fields"]
    assert published.names == [f["name"] for f in fields]
    for field in fields:
        column = published.field(field["name"])
        assert column.type == ARROW[field["type"]]
        assert column.nullable is not field.get("constraints", {}).get("required", False)


@pytest.mark.parametrize("table", TABLES)
def test_published_descriptor_carries_the_schema(seed_release: Path, table: str) -> None:
    for name in ("datapackage.json", "parquet/datapackage.json"):
        package = json.loads((seed_release / name).read_text(encoding="utf-8"))
        (resource,) = [r for r in package["resources"] if r["name"] == table]
        assert resource["schema"] == descriptor(table)


@pytest.mark.parametrize("table", TABLES)
def test_no_cell_is_an_empty_string(seed_release: Path, table: str) -> None:
    frame = pl.read_parquet(seed_release / "parquet" / f"{table}.parquet")
    texts = frame.select(pl.col(pl.String))
    assert texts.select(pl.all().eq("").any()).sum_horizontal().sum() == 0


def test_closed_lists_of_the_code_are_those_of_the_schemas() -> None:
    assert _enum("quarantine", "reason") == set(Reason) == set(ADVICE)
    assert _enum("sources", "publication") == set(Publication)
    assert _enum("variants", "difference") == set(DIFFERENCES) - {""}


def test_source_ids_follow_one_pattern() -> None:
    (field,) = [f for f in schema("sources").fields if f.name == "source_id"]
    pattern = Source.model_json_schema()["properties"]["id"]["pattern"]
    assert pattern == f"^{field.constraints.pattern}$"


def test_derived_columns_exist() -> None:
    for table, columns in DERIVED.items():
        assert columns <= set(schema(table).arrow.names)


def test_data_dictionary_is_up_to_date() -> None:
    page = (ROOT / "docs" / "data-dictionary.md").read_text(encoding="utf-8")
    assert page == dictionary(), "run `make dictionary`"
