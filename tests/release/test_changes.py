"""Versions, stable identities and retirement over several releases of one folder."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from onrecord.job import release
from onrecord.outcome import Outcome
from onrecord.settings import Settings

MakeSource = Callable[..., Path]

FIRST = "Residents said that the water supply was cut on the first day of the operation."
SECOND = "The clinic had run out of medicine before the road was opened again on Friday."
THIRD = "Aid groups asked for access to the valley, where families were waiting for shelter."


class Dataset:
    """A folder of one source and its data folder."""

    def __init__(self, root: Path, make_source: MakeSource) -> None:
        self.data = root / "data"
        self.seeds = root / "seeds"
        self.folder = make_source(
            self.seeds, "news", {"a.txt": f"{FIRST}\n{SECOND}\n".encode()}, language="en"
        )

    def write(self, name: str, *paragraphs: str) -> None:
        (self.folder / name).write_text("\n".join(paragraphs) + "\n", encoding="utf-8")

    def release(self) -> Outcome:
        return release(self.seeds, self.data, Settings())

    def rows(self, version: str, table: str) -> list[dict[str, Any]]:
        path = self.data / "releases" / version / "parquet" / f"{table}.parquet"
        rows: list[dict[str, Any]] = pq.read_table(path).to_pylist()
        return rows

    def paragraphs(self, version: str) -> dict[str, dict[str, Any]]:
        return {row["text"]: row for row in self.rows(version, "paragraphs")}


@pytest.fixture
def dataset(tmp_path: Path, make_source: MakeSource) -> Dataset:
    made = Dataset(tmp_path, make_source)
    assert made.release().version == "1.0.0"
    return made


def test_running_twice_makes_no_second_release(dataset: Dataset) -> None:
    before = {p: p.stat().st_mtime_ns for p in dataset.data.rglob("*") if p.is_file()}
    again = dataset.release()
    assert (again.version, again.published) == ("1.0.0", False)
    del before[dataset.data / "releases" / ".lock"]
    assert {p: p.stat().st_mtime_ns for p in before} == before
    folders = [p.name for p in (dataset.data / "releases").iterdir() if p.is_dir()]
    assert folders == ["1.0.0"]


def test_an_added_file_is_a_minor_release(dataset: Dataset) -> None:
    dataset.write("b.txt", THIRD)
    assert dataset.release().version == "1.1.0"
    old, new = dataset.paragraphs("1.0.0"), dataset.paragraphs("1.1.0")
    assert new[FIRST]["paragraph_id"] == old[FIRST]["paragraph_id"]
    assert new[FIRST]["first_release"] == "1.0.0"
    assert new[THIRD]["first_release"] == "1.1.0"
    added = {(c["resource"], c["change"]) for c in dataset.rows("1.1.0", "changes")}
    assert {("documents", "added"), ("paragraphs", "added"), ("occurrences", "added")} <= added
    log = (dataset.data / "releases" / "1.1.0" / "CHANGELOG.md").read_text(encoding="utf-8")
    assert log.index("## 1.1.0") < log.index("## 1.0.0")


def test_a_new_title_of_the_source_is_a_patch(dataset: Dataset) -> None:
    path = dataset.folder / "source.yml"
    path.write_text(path.read_text().replace("Source news", "The news"))
    assert dataset.release().version == "1.0.1"
    (change,) = dataset.rows("1.0.1", "changes")
    assert (change["resource"], change["change"], change["fields"]) == (
        "sources",
        "changed",
        "title",
    )


def test_a_removed_file_retires_its_records(dataset: Dataset) -> None:
    dataset.write("b.txt", THIRD)
    dataset.release()
    (dataset.folder / "b.txt").unlink()
    assert dataset.release().version == "1.2.0"
    retired = {row["kind"]: row for row in dataset.rows("1.2.0", "retired")}
    assert retired["document"]["reason"] == "missing"
    assert retired["paragraph"]["reason"] == "missing"
    assert retired["paragraph"]["since"] == "1.2.0"
    third = dataset.paragraphs("1.1.0")[THIRD]["paragraph_id"]
    assert retired["paragraph"]["record_id"] == third


def test_a_renamed_file_is_told_apart_from_a_missing_one(dataset: Dataset) -> None:
    (dataset.folder / "a.txt").rename(dataset.folder / "z.txt")
    dataset.release()
    (row,) = dataset.rows("1.1.0", "retired")
    (document,) = dataset.rows("1.1.0", "documents")
    assert (row["kind"], row["reason"]) == ("document", "moved")
    assert row["successor_id"] == document["document_id"]


def test_a_longer_text_supersedes_and_its_going_brings_the_old_one_back(dataset: Dataset) -> None:
    dataset.write("0.txt", f"{THIRD} {FIRST} {SECOND} So said all who were asked in the valley.")
    dataset.release()
    gone = dataset.paragraphs("1.0.0")[FIRST]["paragraph_id"]
    retired = {row["record_id"]: row for row in dataset.rows("1.1.0", "retired")}
    (container,) = dataset.rows("1.1.0", "paragraphs")
    assert retired[gone]["reason"] == "superseded"
    assert retired[gone]["successor_id"] == container["paragraph_id"]

    (dataset.folder / "0.txt").unlink()
    dataset.release()
    back = dataset.paragraphs("1.2.0")[FIRST]
    assert (back["paragraph_id"], back["first_release"]) == (gone, "1.0.0")
    assert gone not in {row["record_id"] for row in dataset.rows("1.2.0", "retired")}


def test_a_wording_stays_when_an_earlier_copy_arrives(dataset: Dataset) -> None:
    dataset.write("0.txt", FIRST.upper())
    dataset.release()
    paragraphs = dataset.paragraphs("1.1.0")
    assert set(paragraphs) == {FIRST, SECOND}
    assert paragraphs[FIRST]["n_documents"] == 2
    near = FIRST.replace("operation.", "operation, they added")
    dataset.write("00.txt", near)
    dataset.release()
    assert set(dataset.paragraphs("1.2.0")) == {FIRST, SECOND}


#: A notice as three pages of digital.gov print it. The first and the last are kept apart; the one
#: between is a copy of both.
NOTICE = (
    "All references to specific brands and/or companies are used only for illustrative purposes "
    "and do not imply endorsement by the U.S. federal government or any federal government agency."
)
NOTICES = f"**Disclaimer**: {NOTICE}", f"_({NOTICE})_", f"<i>({NOTICE})</i>"


def test_a_copy_of_two_kept_texts_stays_with_its_own(tmp_path: Path, make_source: Any) -> None:
    """What the first release published says nothing new of the same input."""
    dataset = Dataset(tmp_path, make_source)
    order = [NOTICES[0], NOTICES[1], NOTICES[2]]
    for number, text in enumerate(order):
        dataset.write(f"page-{number}.txt", text)
    first = dataset.release()
    relations = [row["relation"] for row in dataset.rows("1.0.0", "occurrences")]
    assert relations.count("near") == 1
    again = dataset.release()
    assert not again.published
    assert again.content_digest == first.content_digest


def _tell(dataset: Dataset) -> str:
    return (dataset.data / "cache" / "last-run.json").read_text(encoding="utf-8")


def test_a_run_with_nothing_to_do_reads_the_files_and_no_more(dataset: Dataset) -> None:
    stages: list[str] = []

    def run(stage: Any, *args: Any, step: tuple[int, int] = (1, 1)) -> Any:
        stages.append(stage.__name__)
        return stage(*args)

    again = release(dataset.seeds, dataset.data, Settings(), run)
    assert (again.version, again.published, stages) == ("1.0.0", False, ["discover"])
    # The same size and date, other bytes.
    file = dataset.folder / "a.txt"
    times = file.stat()
    file.write_bytes(file.read_bytes().replace(b"first day", b"third day"))
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert dataset.release().version == "1.1.0"


@pytest.mark.parametrize("lost", ["cache", "archive/packs", "damaged"])
def test_a_run_does_all_the_work_where_it_can_not_tell(dataset: Dataset, lost: str) -> None:
    before = _tell(dataset)
    if lost == "damaged":
        (dataset.data / "cache" / "last-run.json").write_text(before[:-20], encoding="utf-8")
    else:
        shutil.rmtree(dataset.data / lost)
    again = dataset.release()
    assert (again.version, again.published) == ("1.0.0", False)
    assert list((dataset.data / "archive" / "packs").iterdir())
    assert _tell(dataset) == before
