"""Ids that were published stay, or lead to a living record or a reason."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from onrecord.job import release
from onrecord.outcome import Outcome
from onrecord.settings import Settings

MakeSource = Callable[..., Path]
Row = dict[str, Any]

FIRST = "Residents said that the water supply was cut on the first day of the operation."
SECOND = "The clinic had run out of medicine before the road was opened again on Friday."
THIRD = "Aid groups asked for access to the valley, where 300 families were waiting for shelter."
FOURTH = "Nobody at the ministry would say when the bridge over the river is to be repaired."


class Dataset:
    """Some sources and their releases."""

    def __init__(self, root: Path, make_source: MakeSource) -> None:
        self.root, self.make_source = root, make_source

    def source(self, name: str, files: dict[str, str], publication: str = "full") -> None:
        raw = {path: text.encode() for path, text in files.items()}
        self.make_source(self.root / "seeds", name, raw, publication=publication)

    def publish_as(self, name: str, publication: str) -> None:
        path = self.root / "seeds" / name / "source.yml"
        lines = [x for x in path.read_text().splitlines() if not x.startswith("publication")]
        path.write_text("\n".join([*lines, f"publication: {publication}"]) + "\n")

    def file(self, name: str) -> Path:
        return self.root / "seeds" / name

    def release(self, **chosen: Any) -> Outcome:
        return release(self.root / "seeds", self.root / "data", Settings(**chosen))

    def rows(self, outcome: Outcome, table: str) -> list[Row]:
        rows: list[Row] = pq.read_table(outcome.path / "parquet" / f"{table}.parquet").to_pylist()
        return rows

    def id_of(self, outcome: Outcome, text: str) -> str:
        (row,) = [row for row in self.rows(outcome, "paragraphs") if row["text"] == text]
        return str(row["paragraph_id"])

    def retired(self, outcome: Outcome) -> dict[str, Row]:
        return {row["record_id"]: row for row in self.rows(outcome, "retired")}


@pytest.fixture
def dataset(tmp_path: Path, make_source: MakeSource) -> Dataset:
    return Dataset(tmp_path, make_source)


def reason(row: Row) -> tuple[str, str | None]:
    return row["reason"], row["successor_id"]


def test_an_edited_paragraph_leads_to_what_the_edit_made_of_it(dataset: Dataset) -> None:
    dataset.source("news", {"a.txt": f"{FIRST}\n{THIRD}\n{FOURTH}\n", "b.txt": SECOND})
    old = dataset.release()
    corrected, longer = THIRD.replace("300", "340"), f"{FIRST} They had no wells of their own."
    dataset.file("news/a.txt").write_text(f"{longer}\n{corrected}\n")
    new = dataset.release()
    retired = dataset.retired(new)
    assert new.version == "1.1.0"
    of = {text: retired[dataset.id_of(old, text)] for text in (FIRST, THIRD, FOURTH)}
    assert reason(of[FIRST]) == ("edited", dataset.id_of(new, longer))
    assert reason(of[THIRD]) == ("edited", dataset.id_of(new, corrected))
    assert reason(of[FOURTH]) == ("edited", None)


def test_missing_moved_and_kept_elsewhere_are_told_apart(dataset: Dataset) -> None:
    dataset.source(
        "news",
        {"gone.txt": FIRST, "here/name.txt": SECOND, "copy.txt": THIRD, "other.txt": THIRD},
    )
    old = dataset.release()
    ids = {row["path"]: row["document_id"] for row in dataset.rows(old, "documents")}
    dataset.file("news/gone.txt").unlink()
    dataset.file("news/there").mkdir()
    dataset.file("news/here/name.txt").rename(dataset.file("news/there/name.txt"))
    dataset.file("news/copy.txt").unlink()
    new = dataset.release()
    now = {row["path"]: row["document_id"] for row in dataset.rows(new, "documents")}
    retired = dataset.retired(new)
    assert reason(retired[ids["gone.txt"]]) == ("missing", None)
    assert reason(retired[ids["here/name.txt"]]) == ("moved", now["there/name.txt"])
    assert reason(retired[ids["copy.txt"]]) == ("superseded", now["other.txt"])
    assert reason(retired[dataset.id_of(old, FIRST)]) == ("missing", None)
    assert len(retired) == 4


def test_a_withheld_document_that_moves_is_found_by_what_stands_in_it(dataset: Dataset) -> None:
    dataset.source("closed", {"a.txt": f"{FIRST}\n{SECOND}\n", "b.txt": THIRD}, "metadata")
    old = dataset.release()
    ids = {row["n_blocks"]: row["document_id"] for row in dataset.rows(old, "documents")}
    dataset.file("closed/a.txt").rename(dataset.file("closed/z.txt"))
    new = dataset.release()
    now = {row["n_blocks"]: row["document_id"] for row in dataset.rows(new, "documents")}
    assert {k: reason(v) for k, v in dataset.retired(new).items()} == {ids[2]: ("moved", now[2])}


def test_a_chain_of_moves_leads_to_where_the_document_is_now(dataset: Dataset) -> None:
    dataset.source("news", {"a.txt": FIRST, "keep.txt": SECOND})
    (first, *_) = sorted(dataset.rows(dataset.release(), "documents"), key=lambda r: r["path"])
    dataset.file("news/a.txt").rename(dataset.file("news/b.txt"))
    dataset.release()
    dataset.file("news/b.txt").rename(dataset.file("news/c.txt"))
    third = dataset.release()
    now = {row["path"]: row["document_id"] for row in dataset.rows(third, "documents")}
    row = dataset.retired(third)[first["document_id"]]
    assert (reason(row), row["since"]) == (("moved", now["c.txt"]), "1.1.0")
    dataset.file("news/c.txt").unlink()
    last = dataset.retired(dataset.release())
    assert {reason(row) for row in last.values()} == {("missing", None)}


def test_text_that_is_withheld_now_is_withdrawn_and_leads_nowhere(dataset: Dataset) -> None:
    dataset.source("news", {"a.txt": f"{FIRST}\n{SECOND}\n"})
    dataset.source("other", {"b.txt": SECOND})
    old = dataset.release()
    dataset.publish_as("news", "metadata")
    closed = dataset.release()
    assert closed.version == "2.0.0"
    row = dataset.retired(closed)[dataset.id_of(old, FIRST)]
    assert (reason(row), row["category"]) == (("withdrawn", None), None)
    assert dataset.id_of(closed, SECOND) == dataset.id_of(old, SECOND)
    (hidden,) = [r["paragraph_id"] for r in dataset.rows(closed, "paragraphs") if not r["text"]]

    dataset.publish_as("news", "full")
    opened = dataset.release()
    assert opened.version == "2.1.0"
    back = {row["text"]: row for row in dataset.rows(opened, "paragraphs")}[FIRST]
    assert back["paragraph_id"] == dataset.id_of(old, FIRST)
    assert back["first_release"] == "1.0.0"
    row = dataset.retired(opened)[hidden]
    assert reason(row) == ("superseded", back["paragraph_id"])


def test_withholding_documents_alone_is_major_too(dataset: Dataset) -> None:
    dataset.source("news", {"a.txt": FIRST})
    dataset.source("other", {"b.txt": FIRST})
    dataset.release()
    dataset.publish_as("news", "metadata")
    closed = dataset.release()
    assert closed.version == "2.0.0"
    assert not [row for row in dataset.rows(closed, "retired") if row["kind"] == "paragraph"]
    assert "documents whose text is withheld now: 1" in closed.reasons


def test_a_paragraph_lives_again_with_its_old_wording(dataset: Dataset) -> None:
    dataset.source("news", {"m.txt": f"{FIRST}\n", "keep.txt": FOURTH})
    old = dataset.release()
    name = dataset.id_of(old, FIRST)
    dataset.source("wire", {"0.txt": f"{FIRST} {SECOND} So said all who were asked in the valley."})
    dataset.release()
    # Copies in other letters, some of which come before the old one in every order.
    for copy in ("0", "1", "z"):
        dataset.file(f"news/{copy}.txt").write_text(FIRST.upper())
    assert name in dataset.retired(dataset.release())
    dataset.file("wire/0.txt").unlink()
    back = dataset.release()
    (row,) = [row for row in dataset.rows(back, "paragraphs") if row["paragraph_id"] == name]
    assert (row["text"], row["first_release"], row["n_documents"]) == (FIRST, "1.0.0", 4)
    assert name not in dataset.retired(back)
    assert back.version == "1.3.0"


def test_an_id_that_comes_back_in_other_words_is_a_major_release(dataset: Dataset) -> None:
    dataset.source("news", {"a.txt": FIRST, "keep.txt": SECOND})
    name = dataset.id_of(dataset.release(), FIRST)
    dataset.file("news/a.txt").unlink()
    dataset.release()
    dataset.file("news/a.txt").write_text(FIRST.upper())
    back = dataset.release()
    assert dataset.id_of(back, FIRST.upper()) == name
    assert back.version == "2.0.0"
    assert f"paragraph {name} was reworded" in back.reasons


def test_text_that_is_cut_otherwise_is_resegmented(dataset: Dataset) -> None:
    line = " ".join((FIRST, SECOND, THIRD, FOURTH))
    dataset.source("news", {"a.txt": f"{line}\n"})
    old = dataset.release(split_above=1_000)
    new = dataset.release(split_above=200)
    pieces = {row["paragraph_id"]: row["text"] for row in dataset.rows(new, "paragraphs")}
    assert len(pieces) > 1
    row = dataset.retired(new)[dataset.id_of(old, line)]
    assert row["reason"] == "resegmented"
    again = dataset.release(split_above=1_000)
    whole = dataset.id_of(again, line)
    assert whole == dataset.id_of(old, line)
    assert {reason(dataset.retired(again)[name]) for name in pieces} == {("resegmented", whole)}
