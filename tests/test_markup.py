"""Blocks of Markdown and wiki texts, of lists and headings in wrapped text, and their display."""

from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onrecord.display import unwrapped
from onrecord.ingest.decode import decode
from onrecord.ingest.files import Candidate, find
from onrecord.ingest.read import read
from onrecord.ingest.readers.front import stated_in
from onrecord.ingest.sources import read_source
from onrecord.markup import refined
from onrecord.text.segment import segment

WRAPPED = (
    "The committee met on Tuesday to hear from seven witnesses about the state\n"
    "of the bridges in the northern districts, many of which were built more\n"
    "than eighty years ago and have not been inspected since the reform of the\n"
    "road administration, which had promised a full survey before the winter.\n"
)


def cut(text: str, kind: str = "text") -> list[str]:
    documents = pa.table(
        {"text": pa.array([text], pa.large_string()), "reader": pa.array([f"{kind}/1"])}
    )
    column = documents["text"].combine_chunks()
    column = column.chunk(0) if isinstance(column, pa.ChunkedArray) else column
    blocks = refined(documents, segment(column, 10_000))
    raw = text.encode()
    found = [raw[s:e].decode() for s, e in zip(blocks.start, blocks.end, strict=True)]
    assert list(blocks.start) == sorted(blocks.start)
    assert all(piece == piece.strip() and piece for piece in found)
    return found


def test_marks_of_markdown_are_no_paragraphs() -> None:
    text = (
        "---\ntitle: A title\ndate: 2024-03-05\n---\n\n# Heading #\n\nSetext\n======\n\n"
        f"{WRAPPED}\n* * *\n\n- item one\n- item two\n  goes on here\n1. number one\n\n"
        "> quoted words\n\n```python\ncode = 1\n```\n\n| a | b |\n|---|:-:|\n| c | d |\n\n"
        "[link]: https://example.org\n<!-- comment -->\n- - -\n"
    )
    assert cut(text, "markdown") == [
        "Heading",
        "Setext",
        WRAPPED.strip(),
        "item one",
        "item two\n  goes on here",
        "number one",
        "quoted words",
        "code = 1",
        "a | b",
        "c | d",
    ]
    assert stated_in(text) == ("A title", "2024-03-05")


def test_a_first_heading_is_a_title_and_no_date_is_guessed() -> None:
    assert stated_in("\ufeff\n# The *title* #\n\ntext") == ("The *title*", None)
    assert stated_in("text\n# Later\n") == (None, None)
    assert stated_in("---\ndate: 05/03/2024\n---\ntext") == (None, None)


def test_marks_of_wiki_text_are_no_paragraphs() -> None:
    text = (
        "__NOTOC__\n{{Infobox|name=x}}\n== Heading ==\nA text.\n* item one\n** item two\n----\n"
        '{| class="t"\n|-\n! head\n| cell\n|}\n[[Category:Bridges]]\n; term\n: meaning\n'
    )
    words = ["Heading", "A text.", "item one", "item two", "head", "cell", "term", "meaning"]
    assert cut(text, "wiki") == words


def test_items_in_wrapped_text_are_blocks_of_their_own() -> None:
    wrapped = "\n".join([WRAPPED.strip()] * 2)
    text = f"{wrapped}\n- the first thing\n- the second\n  thing\n- the third\n\n{WRAPPED}"
    assert cut(text) == [
        wrapped,
        "- the first thing",
        "- the second\n  thing",
        "- the third",
        WRAPPED.strip(),
    ]
    numbered = f"{WRAPPED}1. the first\n2. the second\n\n{WRAPPED}\n{WRAPPED}"
    assert cut(numbered)[:3] == [WRAPPED.strip(), "1. the first", "2. the second"]


@pytest.mark.parametrize(
    "above",
    [
        ["COMMITTEE HEARS SEVEN WITNESSES"],
        ["By Ada Reporter"],
        ["BRIDGES", "By Ada Reporter and Ben of the Times", "Tuesday, March 5, 2024"],
        ["5 March 2024"],
    ],
)
def test_headings_bylines_and_dates_above_wrapped_text(above: list[str]) -> None:
    text = "\n".join([*above, WRAPPED]) + f"\n{WRAPPED}" * 4
    assert cut(text) == [*above, *[WRAPPED.strip()] * 5]


@pytest.mark.parametrize(
    "line",
    [
        "By connecting the people, principles, and methods of the new districts",
        "23. The vote was put off once more because the members had not been there",
        "- a dash that stands at the beginning of one line alone makes no list at",
        "UNESCO and the ministry of the northern districts had asked for a survey",
    ],
)
def test_wrapped_lines_that_only_look_like_something_are_not_cut(line: str) -> None:
    text = f"{WRAPPED}{line}\n{WRAPPED}"
    assert cut(text) == [text.strip()]


@given(st.text(st.sampled_from("ab -*#>|=\n\t1.)`[]:{}!Ü")), st.sampled_from(["markdown", "wiki"]))
def test_no_word_is_lost(text: str, kind: str) -> None:
    words = "".join(c for c in text if c.isalpha())
    if "`" in text or "[" in text or "{" in text or text.lstrip().startswith("---"):
        cut(text, kind)
        return
    assert "".join(c for c in "".join(cut(text, kind)) if c.isalpha()) == words


def test_a_paragraph_is_shown_on_one_line() -> None:
    assert unwrapped(WRAPPED.strip()) == " ".join(WRAPPED.split())
    assert unwrapped("a well-  \r\n  known man\u2028here") == "a well-known man here"
    assert unwrapped("委员会昨天\n开会讨论了 bridges\n桥梁") == "委员会昨天开会讨论了 bridges 桥梁"
    assert unwrapped("one - \n two") == "one - two"


def test_markdown_is_known_by_its_name_and_restores(tmp_path: Path, make_source: object) -> None:
    files = {"a.md": b"# Head\n\n- words here\n", "b.txt": b"# Head\n"}
    folder = make_source(tmp_path, "notes", files)  # type: ignore[operator]
    source = read_source(folder)
    found: list[Candidate] = find(source, folder, 1000).candidates
    documents = read(found, None, 1000, {"notes": source}).documents
    assert documents["reader"].to_pylist() == ["markdown/1", "text/1"]
    assert documents["title"].to_pylist() == ["Head", None]
    assert documents["restores"].to_pylist() == ["file", "file"]
    assert decode(files["a.md"]).text == documents["text"][0].as_py()
