"""Documents found in containers: published, restored, concealed and withdrawn like any other."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from onrecord.commands import app
from onrecord.ingest.archive import Archive
from onrecord.ingest.ids import document_id
from onrecord.job import release
from onrecord.pipeline import rehearse
from onrecord.release.catalog import release_path
from onrecord.release.restore import restore
from onrecord.release.verify import Depth, Folder, verify
from onrecord.settings import Settings
from tests import makers as m

MakeSource = Callable[..., Path]
IMAGE = b"\x89PNG\r\n\x1a\n"
SECRET = (
    "The witness Zarifeh told the court that her brother had been held in the barracks at "
    "Qalat for eleven weeks before anybody was told where he was."
)


def rows(data: Path, table: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pq.read_table(
        release_path(data) / "parquet" / f"{table}.parquet"
    ).to_pylist()
    return found


@pytest.fixture
def places(tmp_path: Path, make_source: MakeSource) -> tuple[Path, Path]:
    page = m.page("the page").replace(b"</article>", f"<p>{SECRET}</p></article>".encode())
    files = {
        "all.zip": m.zipped({"in/a.txt": f"{SECRET}\n".encode("utf-16"), "b.html": page}),
        "other.zip": m.zipped({"c.txt": m.story("other").encode(), "img.png": IMAGE}),
        "late.txt": m.page("misnamed"),
        "plain.txt": m.story("plain").encode(),
    }
    make_source(tmp_path / "seeds", "news", files)
    closed = {"private.zip": m.zipped({"secret name.txt": b"Words that nobody may read here."})}
    closed |= {"bad.zip": m.zipped({"secret image.png": IMAGE})}
    make_source(tmp_path / "seeds", "closed", closed, publication="metadata")
    data = tmp_path / "data"
    release(tmp_path / "seeds", data, Settings())
    return tmp_path / "seeds", data


def test_they_are_published_kept_and_restored(places: tuple[Path, Path]) -> None:
    seeds, data = places
    documents = {(r["path"], r["locator"]): r for r in rows(data, "documents")}
    archive = Archive(data / "archive")
    assert {k for k in documents if documents[k]["source_id"] == "news"} == {
        ("all.zip", "in/a.txt"),
        ("all.zip", "b.html"),
        ("other.zip", "c.txt"),
        ("late.txt", None),
        ("plain.txt", None),
    }
    for (path, locator), row in documents.items():
        if row["source_id"] != "news":
            continue
        assert row["document_id"] == document_id("news", path, locator or "")
        raw = restore(release_path(data), row["document_id"])
        assert hashlib.sha256(raw).hexdigest() == row["revision"]
        assert archive.get(row["revision"]) == raw
        assert len(raw) == row["bytes"]
    member = documents["all.zip", "in/a.txt"]
    assert (member["restores"], member["encoding"]) == ("file", "utf-16-le")
    assert documents["late.txt", None]["reader"] == "html/1"
    assert documents["late.txt", None]["restores"] == "extract"
    for name in ("all.zip", "other.zip", "late.txt"):
        raw = (seeds / "news" / name).read_bytes()
        assert archive.get(hashlib.sha256(raw).hexdigest()) == raw
    (image,) = [r for r in rows(data, "quarantine") if r["source_id"] == "news"]
    assert (image["path"], image["locator"], image["reason"]) == ("other.zip", "img.png", "binary")
    assert verify(Folder(release_path(data)), depth=Depth.FULL).problems == []


def test_spans_lead_to_the_text_in_what_is_kept(places: tuple[Path, Path]) -> None:
    _, data = places
    documents = {r["document_id"]: r for r in rows(data, "documents")}
    checked = 0
    for row in rows(data, "occurrences"):
        document = documents[row["document_id"]]
        if row["text"] is None:
            continue
        raw = Archive(data / "archive").get(document["revision"])
        piece = raw[row["byte_start"] : row["byte_end"]]
        assert piece.decode(document["encoding"]) == row["text"]
        checked += 1
    assert checked >= 9


def test_nothing_changed_is_no_release(places: tuple[Path, Path]) -> None:
    seeds, data = places
    assert not release(seeds, data, Settings()).published
    assert rehearse(seeds, data, Settings()).version is None


def test_names_of_members_are_concealed_where_paths_are(places: tuple[Path, Path]) -> None:
    _, data = places
    (document,) = [r for r in rows(data, "documents") if r["source_id"] == "closed"]
    assert document["path"] == document["document_id"] and document["locator"] is None
    assert document["document_id"] != document_id("closed", "private.zip", "secret name.txt")
    (rejected,) = [r for r in rows(data, "quarantine") if r["source_id"] == "closed"]
    assert rejected["path"] == rejected["input_id"] and rejected["locator"] is None
    published = b"".join(p.read_bytes() for p in release_path(data).rglob("*") if p.is_file())
    assert b"secret name" not in published and b"secret image" not in published


def test_withdrawn_text_leaves_the_archive_with_the_file_that_holds_it(
    places: tuple[Path, Path],
) -> None:
    seeds, data = places
    container = hashlib.sha256((seeds / "news/all.zip").read_bytes()).hexdigest()
    other = hashlib.sha256((seeds / "news/other.zip").read_bytes()).hexdigest()
    (name,) = [r["paragraph_id"] for r in rows(data, "paragraphs") if r["text"] == SECRET]
    arguments = ["withdraw", name, "--category", "privacy", "--data", str(data), "--yes"]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    for again in (False, True):
        if again:
            release(seeds, data, Settings())
            texts = {r["text"] for r in rows(data, "occurrences")}
            assert SECRET not in texts and m.story("the page") in texts
        archive = Archive(data / "archive")
        assert not archive.has(container) and archive.has(other)
        packs = b"".join(
            raw for pack in archive.packs() for raw in archive.read_pack(pack).values()
        )
        assert SECRET.encode() not in packs and SECRET.encode("utf-16-le") not in packs


def test_the_figures_count_by_format(places: tuple[Path, Path]) -> None:
    _, data = places
    figures = json.loads((release_path(data) / "quality.json").read_text("utf-8"))
    assert figures["readers"] == {"html/1": 2, "text/1": 4}
    assert figures["quarantine_reasons"] == {"binary": 2}
