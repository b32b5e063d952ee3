"""Boilerplate glued to the paragraphs of a source is split off, and stays split off."""

import itertools
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from onrecord.dedup.glued import DOCUMENTS
from onrecord.job import release
from onrecord.outcome import Outcome
from onrecord.release.restore import restore
from onrecord.settings import Settings

MakeSource = Callable[..., Path]

FOOTER = "All content by Hamun Press is licensed under a Creative Commons Attribution licence."
LEAD_IN = "From our own correspondents in the eastern provinces and the capital."
#: The last paragraphs of as many articles.
NEWS = [
    "Farmers near Ravel began to harvest saffron a week late, after October brought no rain.",
    "The ferry to Port Amsel stopped before noon because of a broken rudder, its owner wrote.",
    "A court in Lissa ordered the mill to pay for the fish that died below its outlet in May.",
    "Schools in the hill districts open again on Sunday; buses will leave an hour earlier.",
    "Engineers hope to close the last gap of the northern tunnel before the first snow falls.",
    "The museum bought two maps of the old harbour from a dealer who had kept them in a drawer.",
    "Nurses at the children's hospital asked for a second night shift and more beds.",
    "Traders said wheat had become dearer since the border post at Kesh shut its gates.",
    "Volunteers counted forty storks along the river, more than in any spring since the flood.",
    "The harbour club's best striker will miss three matches with a torn muscle in his thigh.",
    "Archaeologists found a kiln under the car park where the town wants to build flats.",
    "A parliamentary committee put off its vote on fishing quotas until the minister returns.",
    "Bakers mixed barley into their dough last winter, when flour was hard to come by.",
    "Telephone lines in Ostrava Street were dead for two days after thieves dug up the cable.",
    "The orchestra opens its season with a symphony that was thought to be lost for a century.",
    "Police returned eleven bicycles to their owners and looked for the owners of thirty more.",
    "Water in the reservoir stands four metres below last summer's mark, the utility reported.",
    "Miners walked out of the Tarn pit at dawn to protest against unpaid wages from August.",
    "A chess tournament for girls drew players from nineteen villages to the new library.",
    "The airline cancelled its Thursday flight to Samara and offered seats on a coach instead.",
    "Beekeepers blame a mild January for hives that woke too early and starved by March.",
    "Prosecutors dropped the case against the editor, who had printed a list of tax debts.",
    "The old theatre keeps its painted ceiling, but visitors will find wider seats and a lift.",
    "Rangers closed the canyon path when falling stones hurt a hiker from the coast.",
    "Students rebuilt a wooden windmill beside the railway and now grind maize with it.",
    "Tax on imported tea falls by half in the new year, according to the customs office.",
]
#: Here most of a source is split, retired or withheld on purpose.
SETTINGS = Settings(allow=("agency",))
#: What stands between the sentence and the footer, and what of it belongs to the sentence.
GLUE = {" ": "", "": "", " MH/PA ": " MH/PA", "\n": "", "  \n\n": "", "\u00a0": ""}


def article(i: int, last: str) -> str:
    return f"Evening report number {i}\n\n{last}\n"


class Published:
    """The tables of a release and the raw files that it was made from."""

    def __init__(self, outcome: Outcome, folder: Path) -> None:
        self.path = outcome.path
        self.folder = folder
        self.documents = self.table("documents")
        self.paragraphs = self.table("paragraphs")
        self.occurrences = self.table("occurrences").sort("document_id", "position")

    def table(self, name: str) -> pl.DataFrame:
        return pl.read_parquet(self.path / "parquet" / f"{name}.parquet")

    def texts(self, path: str) -> list[str]:
        """The blocks of a document, in order."""
        name = self.documents.filter(path=path)["document_id"].item()
        return self.occurrences.filter(document_id=name)["text"].to_list()

    def paragraph(self, text: str) -> dict[str, Any]:
        (row,) = self.paragraphs.filter(text=text).to_dicts()
        return row

    def split_off(self) -> list[dict[str, str]]:
        stated: list[dict[str, str]] = json.loads((self.path / "provenance.json").read_text())[
            "split_off"
        ]
        return stated

    def check_bytes(self) -> None:
        """Every span is exact and every document restores."""
        assert self.documents.height
        for document in self.documents.to_dicts():
            raw = (self.folder / document["path"]).read_bytes()
            assert restore(self.path, document["document_id"]) == raw
            rows = self.occurrences.filter(document_id=document["document_id"]).to_dicts()
            for row in rows:
                words = raw[row["byte_start"] : row["byte_end"]]
                # A stray byte is shown as U+FFFD and kept in `patches`.
                assert words.decode(document["encoding"], "replace") == row["text"]
            for row, after in itertools.pairwise(rows):
                assert row["byte_end"] <= after["byte_start"]


class Agency:
    """A source to which articles can be added, and from which they can be removed."""

    def __init__(self, root: Path, make_source: MakeSource, **yml: Any) -> None:
        self.seeds, self.data = root / "seeds", root / "data"
        self.folder = make_source(self.seeds, "agency", {}, **yml)

    def write(self, endings: Sequence[str], first: int = 0) -> None:
        """One article for each ending, named by its number."""
        for i, ending in enumerate(endings, first):
            (self.folder / f"{i:02}.txt").write_text(article(i, ending), encoding="utf-8")

    def release(self) -> Published:
        return Published(release(self.seeds, self.data, SETTINGS), self.folder)


@pytest.fixture
def agency(tmp_path: Path, make_source: MakeSource) -> Agency:
    return Agency(tmp_path, make_source)


def test_a_footer_is_one_paragraph_however_it_was_glued_on(agency: Agency) -> None:
    glue = [list(GLUE)[i % len(GLUE)] for i in range(len(NEWS))]
    agency.write([news + between + FOOTER for news, between in zip(NEWS, glue, strict=True)])
    published = agency.release()

    for i, (news, between) in enumerate(zip(NEWS, glue, strict=True)):
        headline = f"Evening report number {i}"
        assert published.texts(f"{i:02}.txt") == [headline, news + GLUE[between], FOOTER]
    footer = published.paragraph(FOOTER)
    assert footer["boilerplate"]
    assert (footer["n_documents"], footer["n_occurrences"]) == (len(NEWS), len(NEWS))
    rows = published.occurrences.filter(paragraph_id=footer["paragraph_id"])
    assert sorted(rows["document_id"]) == sorted(published.documents["document_id"])
    assert sorted(rows["relation"]) == ["canonical"] + ["exact"] * (len(NEWS) - 1)
    assert published.split_off() == [{"source_id": "agency", "side": "end", "text": FOOTER}]
    published.check_bytes()


def test_sentences_behind_a_footer_are_compared_with_their_like(agency: Agency) -> None:
    agency.write([f"{news} {FOOTER}" for news in NEWS])
    agency.write([NEWS[4]], first=len(NEWS))
    published = agency.release()
    assert published.paragraph(NEWS[4])["n_documents"] == 2


def test_spans_are_exact_in_every_encoding(agency: Agency) -> None:
    agency.write([f"{news} {FOOTER}" for news in NEWS])
    odd = {
        "utf-16.txt": article(50, f"Café Löwe stays open. {FOOTER}").encode("utf-16"),
        "latin.txt": article(51, f"Café Löwe closes at ten. {FOOTER}").encode("cp1252"),
        "mark.txt": b"\xef\xbb\xbf" + article(52, f"Café Löwe is full.{FOOTER}").encode(),
        "stray.txt": article(53, f"Café Löwe opens.{FOOTER}").encode().replace(b"opens", b"o\xffs"),
        "decomposed.txt": article(54, f"Cafe\u0301 Lo\u0308we is shut.{FOOTER}").encode(),
    }
    for name, raw in odd.items():
        (agency.folder / name).write_bytes(raw)
    published = agency.release()
    assert published.paragraph(FOOTER)["n_documents"] == len(NEWS) + len(odd)
    for name in odd:
        assert published.texts(name)[-1] == FOOTER
        assert published.texts(name)[-2].startswith(("Café", "Cafe\u0301"))
    assert published.documents["encoding"].n_unique() == 3
    published.check_bytes()


def test_marks_that_open_go_with_the_footer(agency: Agency) -> None:
    agency.write([f"{news} {FOOTER}" for news in NEWS[:-2]])
    agency.write([f"{NEWS[-2]} ({FOOTER})", f"{NEWS[-1]} “{FOOTER}”"], first=len(NEWS) - 2)
    published = agency.release()
    assert published.texts(f"{len(NEWS) - 2:02}.txt")[1:] == [NEWS[-2], f"({FOOTER})"]
    assert published.texts(f"{len(NEWS) - 1:02}.txt")[1:] == [NEWS[-1], f"“{FOOTER}”"]
    assert published.paragraph(FOOTER)["n_documents"] == len(NEWS)
    published.check_bytes()


@pytest.mark.parametrize("documents", [DOCUMENTS - 1, DOCUMENTS])
def test_a_footer_in_fewer_documents_is_not_split_off(agency: Agency, documents: int) -> None:
    agency.write([f"{news} {FOOTER}" for news in NEWS[:documents]])
    agency.write(NEWS[documents:], first=documents)
    published = agency.release()
    found = [published.texts(f"{i:02}.txt")[1:] for i in range(documents)]
    if documents < DOCUMENTS:
        assert found == [[f"{news} {FOOTER}"] for news in NEWS[:documents]]
        assert published.split_off() == []
    else:
        assert found == [[news, FOOTER] for news in NEWS[:documents]]


def test_a_footer_in_two_sources_counts_in_each_alone(
    agency: Agency, make_source: MakeSource
) -> None:
    agency.write([f"{news} {FOOTER}" for news in NEWS[:DOCUMENTS]])
    rest = {
        f"{i}.txt": article(i, f"{news} {FOOTER}").encode()
        for i, news in enumerate(NEWS[DOCUMENTS:])
    }
    make_source(agency.seeds, "mirror", rest)
    published = agency.release()
    assert {stated["source_id"] for stated in published.split_off()} == {"agency"}
    assert published.texts("0.txt")[-1] == f"{NEWS[DOCUMENTS]} {FOOTER}"
    assert published.texts("00.txt")[-1] == FOOTER


def test_a_document_that_repeats_its_own_tail_makes_no_boilerplate(agency: Agency) -> None:
    lines = [f"{news} {FOOTER}" for news in NEWS]
    agency.write(["\n".join(lines)])
    (agency.folder / "some.txt").write_text(article(77, f"{NEWS[0]} Or not. {FOOTER}"))
    published = agency.release()
    assert published.texts("00.txt")[1:] == lines
    assert published.split_off() == []
    published.check_bytes()


def test_a_lead_in_is_split_off_too(agency: Agency) -> None:
    agency.write([f"{LEAD_IN} {news}" for news in NEWS])
    published = agency.release()
    for i, news in enumerate(NEWS):
        assert published.texts(f"{i:02}.txt")[1:] == [LEAD_IN, news]
    assert published.paragraph(LEAD_IN)["boilerplate"]
    assert published.paragraph(LEAD_IN)["n_documents"] == len(NEWS)
    assert published.split_off() == [{"source_id": "agency", "side": "start", "text": LEAD_IN}]
    published.check_bytes()


def test_a_sentence_between_a_lead_in_and_a_footer_stands_alone(agency: Agency) -> None:
    agency.write([f"{LEAD_IN} {news} {FOOTER}" for news in NEWS])
    published = agency.release()
    for i, news in enumerate(NEWS):
        assert published.texts(f"{i:02}.txt")[1:] == [LEAD_IN, news, FOOTER]
    assert [stated["side"] for stated in published.split_off()] == ["end", "start"]
    published.check_bytes()


def test_what_was_split_off_stays_so_when_few_documents_are_left(agency: Agency) -> None:
    agency.write([f"{news} {FOOTER}" for news in NEWS])
    first = agency.release()
    for file in sorted(agency.folder.glob("*.txt"))[3:]:
        file.unlink()
    second = agency.release()
    assert second.documents.height == 3
    for i in range(3):
        assert second.texts(f"{i:02}.txt")[1:] == [NEWS[i], FOOTER]
    footers = first.paragraph(FOOTER), second.paragraph(FOOTER)
    assert footers[0]["paragraph_id"] == footers[1]["paragraph_id"]
    assert second.split_off() == first.split_off() != []
    assert footers[1]["n_documents"] == 3
    second.check_bytes()

    fresh = Published(release(agency.seeds, agency.data / "fresh", SETTINGS), agency.folder)
    assert fresh.texts("00.txt")[1:] == [f"{NEWS[0]} {FOOTER}"]  # it was the release before


def retired(published: Published) -> dict[str, dict[str, Any]]:
    rows = pl.read_csv(published.path / "csv" / "retired.csv", infer_schema=False).to_dicts()
    return {row["record_id"]: row for row in rows}


@pytest.mark.parametrize("side", ["end", "start"])
def test_a_paragraph_that_is_split_leaves_its_sentence_as_successor(
    agency: Agency, side: str
) -> None:
    whole = [f"{news} {FOOTER}" if side == "end" else f"{LEAD_IN} {news}" for news in NEWS]
    agency.write(whole[:10])
    first = agency.release()
    agency.write(whole[10:], first=10)
    second = agency.release()
    gone = retired(second)
    assert len(gone) == 10
    for text, news in zip(whole[:10], NEWS[:10], strict=True):
        row = gone[first.paragraph(text)["paragraph_id"]]
        assert row["kind"] == "paragraph"
        assert row["reason"] == "superseded"
        assert row["successor_id"] == second.paragraph(news)["paragraph_id"]


def test_a_paragraph_that_is_split_twice_leaves_its_sentence_as_successor(agency: Agency) -> None:
    whole = [f"{LEAD_IN} {news} {FOOTER}" for news in NEWS]
    agency.write(whole[:10])
    first = agency.release()
    agency.write(whole[10:], first=10)
    second = agency.release()
    gone = retired(second)
    for text, news in zip(whole[:10], NEWS[:10], strict=True):
        row = gone[first.paragraph(text)["paragraph_id"]]
        assert row["successor_id"] == second.paragraph(news)["paragraph_id"]


def named_in(release_path: Path) -> list[str]:
    """Files of a release that can be read as text and have words of the footer in them."""
    files = [p for p in release_path.rglob("*") if p.suffix in (".json", ".md", ".csv")]
    return [p.name for p in files if "Hamun Press" in p.read_text(encoding="utf-8")]


def test_a_withheld_footer_is_split_off_but_not_stated(
    tmp_path: Path, make_source: MakeSource
) -> None:
    closed = Agency(tmp_path, make_source, publication="metadata")
    closed.write([f"{news} {FOOTER}" for news in NEWS])
    published = closed.release()
    assert published.split_off() == []
    assert named_in(published.path) == []
    assert set(published.documents["n_blocks"]) == {3}
    assert published.paragraphs["boilerplate"].sum() == 1

    described = closed.folder / "source.yml"
    described.write_text(described.read_text().replace('"metadata"', '"full"'))
    opened = closed.release()
    assert [stated["text"] for stated in opened.split_off()] == [FOOTER]
    assert "provenance.json" in named_in(opened.path)


def test_a_footer_that_is_withheld_from_now_on_is_no_longer_stated(agency: Agency) -> None:
    agency.write([f"{news} {FOOTER}" for news in NEWS])
    assert agency.release().split_off() != []
    described = agency.folder / "source.yml"
    described.write_text(described.read_text().replace('"full"', '"metadata"'))
    closed = agency.release()
    assert set(closed.documents["n_blocks"]) == {3}
    assert named_in(closed.path) == []
