"""A release, as the programs that people use see it."""

import hashlib
import json
import subprocess
from importlib.resources import files
from pathlib import Path
from typing import Any

import duckdb
import frictionless
import jsonschema
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from onrecord.page.write import ASSET_NAMES
from onrecord.records.schema import TABLES, schema
from onrecord.release.digest import release_digest, table_digest
from onrecord.release.layout import DESCRIPTIONS, INDEXES
from onrecord.release.restore import restore


def _read_csv(path: Path, table: str) -> pa.Table:
    """A CSV table read by pyarrow with the types of its schema."""
    convert = pyarrow.csv.ConvertOptions(
        column_types=schema(table).arrow, strings_can_be_null=True, quoted_strings_can_be_null=False
    )
    parse = pyarrow.csv.ParseOptions(newlines_in_values=True)
    read = pyarrow.csv.ReadOptions(block_size=64 << 20)
    return pyarrow.csv.read_csv(path, read, parse, convert)


def test_every_file_of_the_design_is_there_and_no_other(seed_release: Path) -> None:
    found = {p.relative_to(seed_release).as_posix() for p in seed_release.rglob("*") if p.is_file()}
    expected = {f"csv/{name}.csv" for name in TABLES}
    expected |= {f"parquet/{name}.parquet" for name in TABLES}
    expected |= {f"index/{name}.parquet" for name in INDEXES}
    expected |= {"datapackage.json", "parquet/datapackage.json", "README.md", "CHANGELOG.md"}
    expected |= {"provenance.json", "quality.json", "SHA256SUMS", "index.html", *DESCRIPTIONS}
    expected |= {f"assets/{name}" for name in ASSET_NAMES}
    expected |= {f"view/tables/{name}.parquet" for name in TABLES} | {"view/view.json"}
    expected |= {f"view/{kind}/00000.parquet" for kind in ("documents", "paragraphs", "search")}
    assert found == expected


def test_frictionless_finds_tables_and_files_valid(seed_release: Path) -> None:
    report = frictionless.validate(str(seed_release / "datapackage.json"))
    assert report.valid, report.to_summary()
    kinds = [task.type for task in report.tasks]
    assert kinds.count("table") == len(TABLES)
    assert kinds.count("file") == len(TABLES) + len(INDEXES)


def test_frictionless_finds_the_parquet_tables_valid(seed_release: Path) -> None:
    report = frictionless.validate(str(seed_release / "parquet" / "datapackage.json"))
    assert report.valid, report.to_summary()
    assert len(report.tasks) == len(TABLES)


@pytest.mark.parametrize("damage", ["csv/paragraphs.csv", "parquet/paragraphs.parquet"])
def test_frictionless_finds_a_flipped_byte(seed_release: Path, tmp_path: Path, damage: str) -> None:
    subprocess.run(["cp", "-r", str(seed_release), str(tmp_path / "copy")], check=True)
    path = tmp_path / "copy" / damage
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)
    report = frictionless.validate(str(tmp_path / "copy" / "datapackage.json"))
    assert not report.valid


@pytest.mark.parametrize("name", ["datapackage.json", "parquet/datapackage.json"])
def test_descriptor_passes_the_official_profile(seed_release: Path, name: str) -> None:
    profiles = [p for p in files("dplib").rglob("*.json") if "package" in p.name]  # type: ignore[attr-defined]
    (path,) = [p for p in profiles if "2.0" in str(p)]
    profile = json.loads(path.read_text(encoding="utf-8"))
    descriptor = json.loads((seed_release / name).read_text(encoding="utf-8"))
    problems = [e.message for e in jsonschema.Draft7Validator(profile).iter_errors(descriptor)]
    assert problems == []
    assert descriptor["$schema"] == "https://datapackage.org/profiles/2.0/datapackage.json"


def test_sums_hold_for_every_file(seed_release: Path) -> None:
    lines = (seed_release / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    listed = dict(line.split("  ", 1)[::-1] for line in lines)
    present = {
        p.relative_to(seed_release).as_posix() for p in seed_release.rglob("*") if p.is_file()
    }
    assert set(listed) == present - {"SHA256SUMS"}
    for name, sha256 in listed.items():
        assert hashlib.sha256((seed_release / name).read_bytes()).hexdigest() == sha256


@pytest.mark.parametrize("table", TABLES)
def test_csv_and_parquet_hold_the_same_rows(seed_release: Path, table: str) -> None:
    from_csv = _read_csv(seed_release / "csv" / f"{table}.csv", table)
    from_parquet = pq.read_table(seed_release / "parquet" / f"{table}.parquet")
    assert from_csv.to_pylist() == from_parquet.to_pylist()
    assert table_digest(table, from_csv) == table_digest(table, from_parquet)


def test_content_digest_can_be_recomputed_from_csv(seed_release: Path) -> None:
    provenance = json.loads((seed_release / "provenance.json").read_text(encoding="utf-8"))
    digests = {
        name: table_digest(name, _read_csv(seed_release / "csv" / f"{name}.csv", name))
        for name in TABLES
    }
    assert digests == provenance["table_digests"]
    assert release_digest(digests) == provenance["content_digest"]


@pytest.mark.parametrize("table", TABLES)
def test_tables_open_in_pandas_polars_and_duckdb(seed_release: Path, table: str) -> None:
    csv, parquet = (seed_release / kind / f"{table}.{kind}" for kind in ("csv", "parquet"))
    rows = pq.read_metadata(parquet).num_rows
    columns = schema(table).arrow.names
    frames = {
        "pandas csv": pd.read_csv(csv, keep_default_na=False, na_values=[""]),
        "pandas parquet": pd.read_parquet(parquet),
        "polars csv": pl.read_csv(csv, infer_schema_length=None),
        "polars parquet": pl.read_parquet(parquet),
    }
    for name, frame in frames.items():
        assert list(frame.columns) == columns, name
        assert len(frame) == rows, name
    for path in (csv, parquet):
        relation = duckdb.sql(f"SELECT * FROM '{path}'")
        assert relation.columns == columns
        assert len(relation.fetchall()) == rows


def test_every_document_is_restored_from_the_release(seeds: Path, seed_release: Path) -> None:
    documents: list[dict[str, Any]] = pq.read_table(
        seed_release / "parquet" / "documents.parquet"
    ).to_pylist()
    assert documents
    for document in documents:
        original = (seeds / document["source_id"] / document["path"]).read_bytes()
        assert restore(seed_release, document["document_id"]) == original


def test_spans_cut_the_blocks_out_of_the_files(seeds: Path, seed_release: Path) -> None:
    documents = {
        row["document_id"]: row
        for row in pq.read_table(seed_release / "parquet" / "documents.parquet").to_pylist()
    }
    for row in pq.read_table(seed_release / "parquet" / "occurrences.parquet").to_pylist():
        document = documents[row["document_id"]]
        raw = (seeds / document["source_id"] / document["path"]).read_bytes()
        block = raw[row["byte_start"] : row["byte_end"]]
        assert block.decode(document["encoding"]) == row["text"]


def test_index_and_latest_name_the_release(seed_data: Path, seed_release: Path) -> None:
    releases = seed_data / "releases"
    index = json.loads((releases / "index.json").read_text(encoding="utf-8"))
    latest = json.loads((releases / "latest.json").read_text(encoding="utf-8"))
    provenance = json.loads((seed_release / "provenance.json").read_text(encoding="utf-8"))
    assert index["releases"] == [latest]
    assert latest["version"] == "1.0.0"
    assert latest["path"] == seed_release.name
    assert latest["content_digest"] == provenance["content_digest"]
    sums = hashlib.sha256((seed_release / "SHA256SUMS").read_bytes()).hexdigest()
    assert latest["sums_sha256"] == sums
