"""A document with an invalid record is quarantined whole; what no document explains is refused."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from onrecord import pipeline
from onrecord.errors import RefusedError
from onrecord.ingest.ids import document_id
from onrecord.job import release
from onrecord.records.schema import TABLES
from onrecord.release.write import read_parquet
from onrecord.scratch import Rows
from onrecord.settings import Settings

MakeSource = Callable[..., Path]
FILES = {f"{i}.txt": f"Something that only text number {i} says.\n".encode() for i in range(4)}


def faulty(
    monkeypatch: pytest.MonkeyPatch, table: str, column: str, value: Any, *names: str
) -> None:
    """Let the tables be made with a wrong value in the first row of each of some documents."""
    right = pipeline.assemble

    def wrong(*args: Any) -> Any:
        tables, rest = right(*args)
        rows = tables[table].table()
        owners = rows["document_id"].to_pylist()
        cells = rows[column].to_pylist()
        for name in names:
            if name in owners:
                cells[owners.index(name)] = value
        at = rows.column_names.index(column)
        changed = pa.array(cells, rows.schema.field(at).type)
        return {**tables, table: Rows.of(rows.set_column(at, rows.schema.field(at), changed))}, rest

    monkeypatch.setattr(pipeline, "assemble", wrong)


def names(*files: str) -> list[str]:
    return [document_id("gazette", file) for file in files]


@pytest.fixture
def place(tmp_path: Path, make_source: MakeSource) -> Path:
    make_source(tmp_path / "seeds", "gazette", FILES, license="CC0-1.0")
    return tmp_path


def run(place: Path) -> dict[str, list[dict[str, Any]]]:
    outcome = release(place / "seeds", place / "data", Settings())
    return {t: read_parquet(outcome.path / "parquet" / f"{t}.parquet").to_pylist() for t in TABLES}


def test_a_document_with_an_invalid_record_is_quarantined_whole(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    faulty(monkeypatch, "occurrences", "byte_start", -1, *names("2.txt"))
    tables = run(place)
    (row,) = tables["quarantine"]
    assert (row["path"], row["reason"]) == ("2.txt", "invalid_record")
    assert "occurrences, byte_start: must be at least 0" in row["detail"]
    assert [d["path"] for d in sorted(tables["documents"], key=lambda d: d["path"])] == [
        "0.txt",
        "1.txt",
        "3.txt",
    ]
    gone = names("2.txt")[0]
    for table in ("occurrences", "paragraphs", "patches", "matches"):
        assert gone not in [r["document_id"] for r in tables[table]]


def test_too_many_invalid_documents_refuse_the_release(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    faulty(monkeypatch, "occurrences", "byte_start", -1, *names("1.txt", "2.txt"))
    with pytest.raises(RefusedError, match="2 of 4 documents have an invalid record"):
        run(place)
    assert not (place / "data" / "releases" / "index.json").exists()


def test_a_broken_key_is_no_fault_of_a_document(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    faulty(monkeypatch, "paragraphs", "document_id", "d" + "0" * 16, *names("2.txt"))
    with pytest.raises(RefusedError, match="leads to no row of documents"):
        run(place)
    assert not (place / "data" / "releases" / "index.json").exists()
