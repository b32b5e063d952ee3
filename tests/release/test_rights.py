"""What a source's publication mode withholds is in no published file."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from onrecord.pipeline import release
from onrecord.settings import Settings

MakeSource = Callable[..., Path]

SECRET = "The witness Zarifeh said that the convoy left the barracks shortly before midnight."
SHARED = "The convoy was seen on the northern road by three drivers early in the morning hours."


@pytest.fixture
def published(tmp_path: Path, make_source: MakeSource) -> Path:
    text = f"\n  {SECRET}\n\n{SHARED}\n{SECRET[:-9]} noon.\n".encode() + b"stray \xff byte"
    make_source(tmp_path / "seeds", "closed", {"a.txt": text}, publication=None)
    make_source(tmp_path / "seeds", "open", {"b.txt": SHARED.encode()}, publication="full")
    return release(tmp_path / "seeds", tmp_path / "data", Settings()).path


def _is_in(release_path: Path, words: str) -> bool:
    found = [p for p in release_path.rglob("*.csv") if words.encode() in p.read_bytes()]
    for path in release_path.rglob("*.parquet"):
        for row in pq.read_table(path).to_pylist():
            found += [path for value in row.values() if isinstance(value, str) and words in value]
    found += [
        p
        for p in release_path.rglob("*")
        if p.suffix in (".json", ".md") and words in p.read_text(encoding="utf-8")
    ]
    return bool(found)


def test_withheld_text_is_nowhere(published: Path) -> None:
    assert not any(_is_in(published, words) for words in ("Zarifeh", "barracks", "midnight"))
    assert _is_in(published, "northern road")


def test_withheld_documents_keep_ids_spans_and_counts(published: Path) -> None:
    documents = {
        row["source_id"]: row
        for row in pq.read_table(published / "parquet" / "documents.parquet").to_pylist()
    }
    closed = documents["closed"]
    assert (closed["restores"], closed["revision"], closed["head"]) == ("none", None, None)
    assert closed["n_blocks"] == 4
    rows = [
        row
        for row in pq.read_table(published / "parquet" / "occurrences.parquet").to_pylist()
        if row["document_id"] == closed["document_id"]
    ]
    assert all(
        row["withheld"] and row["text"] is row["gap"] is row["residue"] is None for row in rows
    )
    assert rows[0]["byte_start"] == 3
    assert pq.read_table(published / "parquet" / "patches.parquet").num_rows == 0


def test_the_open_copy_gives_the_wording(published: Path) -> None:
    paragraphs = pq.read_table(published / "parquet" / "paragraphs.parquet").to_pylist()
    (shared,) = [row for row in paragraphs if row["text"]]
    assert (shared["text"], shared["n_sources"]) == (SHARED, 2)


def test_ids_of_withheld_texts_need_the_key(
    published: Path, tmp_path: Path, make_source: MakeSource
) -> None:
    make_source(tmp_path / "guess", "guess", {"a.txt": SECRET.encode()}, publication="full")
    guess = release(tmp_path / "guess", tmp_path / "other", Settings()).path
    ids = {
        path: set(
            pq.read_table(path / "parquet" / "paragraphs.parquet")["paragraph_id"].to_pylist()
        )
        for path in (guess, published)
    }
    assert not ids[guess] & ids[published]
    assert (tmp_path / "data" / "archive" / "key").stat().st_mode & 0o077 == 0


def test_an_excerpt_shows_the_beginning_of_a_document(
    tmp_path: Path, make_source: MakeSource
) -> None:
    files = {"a.txt": f"A headline\n{SHARED}\n{SECRET}\n{SECRET[::-1]}\n".encode()}
    make_source(tmp_path / "seeds", "some", files, publication="excerpt")
    path = release(tmp_path / "seeds", tmp_path / "data", Settings()).path
    rows = pq.read_table(path / "parquet" / "occurrences.parquet").sort_by("position").to_pylist()
    assert [row["text"] for row in rows] == ["A headline", SHARED, SECRET, None]
    assert sum(len(row["text"] or "") for row in rows) <= 200


def test_restoring_a_withheld_document_says_why_not(published: Path, tmp_path: Path) -> None:
    documents = pq.read_table(published / "parquet" / "documents.parquet").to_pylist()
    (closed,) = [d["document_id"] for d in documents if d["source_id"] == "closed"]
    done = subprocess.run(
        [sys.executable, "-m", "onrecord", "restore", closed, "--data", str(tmp_path / "data")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert "withheld" in done.stderr


def test_withholding_what_was_published_is_a_major_release(
    tmp_path: Path, make_source: MakeSource
) -> None:
    folder = make_source(tmp_path / "seeds", "open", {"a.txt": SHARED.encode()})
    release(tmp_path / "seeds", tmp_path / "data", Settings())
    described = folder / "source.yml"
    described.write_text(described.read_text().replace("full", "metadata"))
    outcome = release(tmp_path / "seeds", tmp_path / "data", Settings())
    assert outcome.version == "2.0.0"
    retired = pq.read_table(outcome.path / "parquet" / "retired.parquet").to_pylist()
    assert [(row["kind"], row["reason"]) for row in retired] == [("paragraph", "withdrawn")]
    log = (outcome.path / "CHANGELOG.md").read_text(encoding="utf-8")
    assert "withheld now: 1" in log
