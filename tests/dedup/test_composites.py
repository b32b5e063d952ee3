"""An article that stands twice, in paragraphs and on one line: the line points to its parts."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from onrecord.dedup.resolve import COMPOSITE_CHARACTERS, COMPOSITE_PARTS
from onrecord.job import release
from onrecord.settings import Settings

MakeSource = Callable[..., Path]

#: An article of long paragraphs; any two of them are over 2,000 characters.
LONG = [
    "The last ferry of the Amsel line left the pier at Lissa on Saturday evening with nine "
    "passengers, two goats and a piano on board, and with that a service of a hundred and "
    "four years came to its end. For most of that time the boats had been the only way to "
    "reach the salt villages on the far shore, whose people carried bread, letters and the "
    "sick across the water twice a day. When the bridge at Kesh was opened in spring, the "
    "number of passengers fell by half within a month, and the owner of the boats wrote to "
    "the council that she could pay for fuel or for repairs, but no longer for both. The "
    "council answered in August that it had no money either. A collection among the guests "
    "of the harbour inn brought in enough to keep the smaller boat running through the "
    "summer holidays, when the children of the villages go to the coast for swimming "
    "lessons; after that nobody had another idea, and the date of the last crossing was "
    "painted on a board beside the ticket window, where it stayed for six weeks in the rain.",
    "What will become of the two boats is still open. A museum in the capital has asked for "
    "the older one, a steel vessel with an engine that was built before the war and has been "
    "taken apart and oiled every winter since then. It would have to be cut into three "
    "pieces to pass under the railway, and the curators are looking for somebody who can put "
    "them together again afterwards. The younger boat may be sold to a fish farm further "
    "south. The five members of the crew have been offered work by the road authority: they "
    "are to watch the bridge in strong winds, count lorries and close the barrier when the "
    "gusts become too heavy. Only the oldest of them, a mechanic who has served on the line "
    "for thirty-one years, has turned the offer down. He means to stay at the pier, he said, "
    "and to mend nets with his brother, because somebody ought to be there when the first "
    "storm closes the bridge and the villagers come down to the shore with their lanterns, "
    "as they have always done when somebody on the other side had to be fetched.",
    "Economists at the university had warned of the end of the line two years ago. In a "
    "study for the ministry they worked out that every crossing cost the owner three times "
    "what the tickets brought in, and proposed that the province should pay the difference, "
    "as it does for buses. Their figures were never discussed in public: the study vanished "
    "in a drawer, and was found only when the ministry moved house. The opposition now wants "
    "to know who put it there. A spokeswoman for the ministry replied that drafts are not "
    "published as a rule, that this one had contained mistakes in its tables, and that the "
    "bridge had been decided upon long before. On the far shore they look at the matter "
    "calmly. The road has brought a doctor, a shop that is open on Sundays and cheaper salt "
    "sacks, the elder of the largest village explained, but it has also brought the noise of "
    "lorries by night, and the young now leave by car instead of by boat, and do not wave.",
]
#: An article of short paragraphs, on one line far below 2,000 characters.
SHORT = [
    "Rangers closed the canyon path on Friday when falling stones hurt a hiker from the coast.",
    "The woman was carried down by volunteers and taken to hospital in Ravel with a broken wrist.",
    "Geologists will look at the cliff next week; until then walkers are sent round by the lake.",
]
HEADLINE = "A hundred and four years on the water"


class Published:
    """The tables of a release, document by document."""

    def __init__(self, path: Path) -> None:
        tables = {
            name: pl.read_parquet(path / "parquet" / f"{name}.parquet")
            for name in ("documents", "paragraphs", "occurrences", "matches")
        }
        self.documents: dict[str, str] = dict(
            tables["documents"].select("path", "document_id").iter_rows()
        )
        self.text: dict[str, str] = dict(
            tables["paragraphs"].select("paragraph_id", "text").iter_rows()
        )
        self._tables = tables

    def blocks(self, path: str) -> list[dict[str, Any]]:
        rows = self._tables["occurrences"].filter(document_id=self.documents[path])
        return rows.sort("position").to_dicts()

    def matches(self, path: str, position: int) -> list[dict[str, Any]]:
        """The evidence of one block, in the order of its bytes."""
        rows = self._tables["matches"].filter(document_id=self.documents[path], position=position)
        return rows.sort("byte_start").to_dicts()


@pytest.fixture
def publish(tmp_path: Path, make_source: MakeSource) -> Callable[..., Published]:
    """Release some documents: ``publish({path: text}, **settings)``."""

    def run(files: dict[str, str], **chosen: Any) -> Published:
        raw = {name: text.encode() for name, text in files.items()}
        make_source(tmp_path / "seeds", "news", raw)
        return Published(release(tmp_path / "seeds", tmp_path / "data", Settings(**chosen)).path)

    return run


ARTICLES = {"long": LONG, "two long parts": LONG[:2], "short": SHORT}


@pytest.mark.parametrize("paragraphs", ARTICLES.values(), ids=ARTICLES)
@pytest.mark.parametrize("names", [("a.txt", "b.txt"), ("b.txt", "a.txt")], ids="/".join)
def test_an_article_on_one_line_is_made_of_its_paragraphs(
    publish: Callable[..., Published], paragraphs: list[str], names: tuple[str, str]
) -> None:
    line = " ".join(paragraphs)
    parted, whole = names  # whichever comes first in the corpus
    published = publish({parted: "\n\n".join(paragraphs), whole: line})
    blocks = published.blocks(parted)
    assert [row["text"] for row in blocks] == paragraphs
    assert {row["relation"] for row in blocks} == {"canonical"}
    assert sorted(published.text.values()) == sorted(paragraphs)

    (block,) = published.blocks(whole)
    assert (block["relation"], block["paragraph_id"]) == ("composite", None)
    assert (block["coverage"], block["residue"]) == (1, None)
    parts = published.matches(whole, 0)
    assert [published.text[part["paragraph_id"]] for part in parts] == paragraphs
    raw = line.encode()
    # From the first token to the last: the marks at the ends of a part are no tokens.
    words = [raw[part["byte_start"] : part["byte_end"]].decode() for part in parts]
    assert words == [text.rstrip(".") for text in paragraphs]
    assert [part["paragraph_coverage"] for part in parts] == [1] * len(parts)
    # Each covers its share of the line.
    shares = [len(text) / len(line) for text in paragraphs]
    assert [part["coverage"] for part in parts] == pytest.approx(shares, abs=0.05)


def test_a_composite_keeps_what_no_part_has(publish: Callable[..., Published]) -> None:
    line = f"RAVEL (Hamun) – {' '.join(SHORT)} With files from our correspondent"
    published = publish({"a.txt": "\n".join(SHORT), "b.txt": line})
    (block,) = published.blocks("b.txt")
    assert block["relation"] == "composite"
    assert 0.8 < block["coverage"] < 1
    assert "RAVEL" in block["residue"]
    assert "With files from our correspondent" in block["residue"]
    assert sorted(published.text.values()) == sorted(SHORT)


def test_two_short_sentences_and_their_line_are_one_paragraph(
    publish: Callable[..., Published],
) -> None:
    parts, line = SHORT[:2], " ".join(SHORT[:2])
    assert len(parts) < COMPOSITE_PARTS
    assert len(line) <= COMPOSITE_CHARACTERS < len(" ".join(LONG[:2]))
    published = publish({"a.txt": "\n\n".join(parts), "b.txt": line})
    assert [row["relation"] for row in published.blocks("a.txt")] == ["contained", "contained"]
    assert list(published.text.values()) == [line]


def test_a_line_that_is_half_new_is_no_composite(publish: Callable[..., Published]) -> None:
    line = " ".join([LONG[0], *SHORT])
    published = publish({"a.txt": "\n".join(SHORT), "b.txt": line})
    (block,) = published.blocks("b.txt")
    assert block["relation"] == "canonical"
    assert [row["relation"] for row in published.blocks("a.txt")] == ["contained"] * 3


def test_a_body_that_stands_twice_repeats_itself_block_by_block(
    publish: Callable[..., Published],
) -> None:
    body = [HEADLINE, *LONG, *SHORT]
    published = publish({"a.txt": "\n\n".join(body + body)})
    blocks = published.blocks("a.txt")
    first, second = blocks[: len(body)], blocks[len(body) :]
    assert [row["relation"] for row in first] == ["canonical"] * len(body)
    assert [row["relation"] for row in second] == ["exact"] * len(body)
    ids = [row["paragraph_id"] for row in first]
    assert [row["paragraph_id"] for row in second] == ids
    assert len(set(ids)) == len(published.text) == len(body)
    for row in second:
        (match,) = published.matches("a.txt", row["position"])
        assert (match["paragraph_id"], match["coverage"]) == (row["paragraph_id"], 1)
        assert (match["byte_start"], match["byte_end"]) == (row["byte_start"], row["byte_end"])


@pytest.mark.parametrize("body", ARTICLES.values(), ids=ARTICLES)
def test_a_second_copy_on_one_line_points_to_the_first(
    publish: Callable[..., Published], body: list[str]
) -> None:
    published = publish({"a.txt": "\n".join([HEADLINE, *body, " ".join(body)])})
    *first, line = published.blocks("a.txt")
    assert [row["relation"] for row in first] == ["canonical"] * (1 + len(body))
    assert line["relation"] == "composite"
    parts = published.matches("a.txt", line["position"])
    assert [part["paragraph_id"] for part in parts] == [r["paragraph_id"] for r in first[1:]]


def test_a_second_copy_on_a_line_that_is_split_repeats_the_first(
    publish: Callable[..., Published],
) -> None:
    body = [*SHORT, "The lake path is open all the year and has benches at every bend."]
    published = publish({"a.txt": "\n".join([*body, " ".join(body)])}, split_above=200)
    blocks = published.blocks("a.txt")
    assert [row["text"] for row in blocks] == body + body
    assert [row["relation"] for row in blocks] == ["canonical"] * 4 + ["exact"] * 4
    assert [row["paragraph_id"] for row in blocks[4:]] == [r["paragraph_id"] for r in blocks[:4]]
