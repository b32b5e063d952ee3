import unicodedata
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onrecord.settings import Settings
from onrecord.text.segment import segment

LIMIT = Settings().split_above
ROOT = Path(__file__).resolve().parents[2]


def spans(text: str, split_above: int = LIMIT) -> list[tuple[int, int]]:
    blocks = segment(pa.array([text], pa.large_string()), split_above)
    assert blocks.document.tolist() == [0] * len(blocks)
    return list(zip(blocks.start.tolist(), blocks.end.tolist(), strict=True))


def cut(text: str, split_above: int = LIMIT) -> list[str]:
    raw = text.encode()
    return [raw[start:end].decode() for start, end in spans(text, split_above)]


def wrap(paragraphs: list[str], width: int, joint: str = "\n\n") -> str:
    """Break paragraphs at a fixed width, like mail."""
    wrapped = []
    for paragraph in paragraphs:
        lines = [""]
        for word in paragraph.split():
            if lines[-1] and len(lines[-1]) + 1 + len(word) > width:
                lines.append("")
            lines[-1] += f" {word}" if lines[-1] else word
        wrapped.append("\n".join(lines))
    return joint.join(wrapped)


PROSE = [
    "The committee met on Tuesday to hear from seven witnesses about the state of the bridges "
    "in the northern districts, many of which were built more than eighty years ago and have "
    "not been inspected since the reform of the road administration.",
    "Its chairwoman said that nobody could tell how many of them were still safe, and that she "
    "would ask for a full survey before the winter, whatever the cost of it might turn out to "
    "be in the end, because lives depended on it.",
    "The ministry did not answer questions about the survey. A spokesman pointed to the budget "
    "debate of the coming month, in which all of the requests of the districts are going to be "
    "weighed against each other, as in every year.",
]


def test_the_seed_article_has_twenty_blocks(seeds: Path) -> None:
    text = (seeds / "justice-1988-conference/000_670b2b72983f2036.txt").read_text("utf-8")
    blocks = cut(text)
    assert len(blocks) == 20
    assert blocks == [line.strip() for line in text.split("\n") if line.strip()]
    assert blocks[0].startswith("International conference calls for justice")
    assert blocks[7].startswith("Professor Rehman underscored")
    assert blocks[15].startswith("“The spirit of countless victims")
    assert blocks[16].startswith("Mrs. Rajavi,“The spirit")
    assert blocks[19].endswith("YouTu")


def test_hard_wrapped_text_is_separated_at_blank_lines() -> None:
    text = (ROOT / "LICENSE").read_text("utf-8")
    blocks = cut(text)
    expected: list[str] = []
    for line in text.split("\n"):  # paragraphs as a reader sees them
        if not line.strip():
            expected.append("")
        elif expected and expected[-1]:
            expected[-1] += "\n" + line
        else:
            expected.append(line)
    assert blocks == [paragraph.strip() for paragraph in expected if paragraph]
    assert any(block.startswith('"Licensor" shall mean') and "\n" in block for block in blocks)


@pytest.mark.parametrize("width", [60, 72, 80])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\u2028"])
def test_wrapped_prose_is_one_block_a_paragraph(width: int, end: str) -> None:
    wrapped = wrap(PROSE, width)
    blocks = cut(wrapped.replace("\n", end))
    assert blocks == [part.replace("\n", end) for part in wrapped.split("\n\n")]


@pytest.mark.parametrize("blank", ["", "   ", "\t", "\u00a0", "\u3000", "\u200b", "\ufeff", "\0"])
def test_a_line_of_any_white_space_is_a_blank_line(blank: str) -> None:
    wrapped = wrap(PROSE, 72)
    assert cut(wrapped.replace("\n\n", f"\n{blank}\n")) == wrapped.split("\n\n")


def test_text_with_a_paragraph_a_line_is_not_merged() -> None:
    assert cut("\n".join(PROSE)) == PROSE
    assert cut("\n".join(PROSE * 5)) == PROSE * 5


def test_short_lines_are_not_merged() -> None:
    lines = ["Title of the piece", "By A. Reporter", "Tuesday, 3 May", "LONDON", "Share this"]
    assert cut("\n".join(lines)) == lines
    verses = ["Tyger Tyger, burning bright,", "In the forests of the night;"] * 4
    assert cut("\n".join(verses)) == verses


def test_a_list_of_items_of_like_width_is_not_merged() -> None:
    items = [f"Item {i:02}: the district of Number {i:02} was heard" for i in range(12)]
    assert cut("\n".join(items)) == items


SENTENCES = [
    "Mr. Smith of the U.S. Senate spoke first.",
    "He was followed by Dr. Jones, who asked: “Is that all?”",
    "Nobody answered!",
    "It was 3.5 degrees at 9 a.m. on that day in the city.",
    "The end came early (and without notice.)",
    "Everybody went home…",
]


def test_a_long_line_is_split_at_sentence_ends() -> None:
    assert cut(" ".join(SENTENCES * 20), 200) == SENTENCES * 20


def test_a_line_up_to_the_limit_is_not_split() -> None:
    text = " ".join(SENTENCES)
    assert cut(text, len(text)) == [text]
    assert cut(text, len(text) - 1) == SENTENCES
    accented = text.replace("e", "é")
    assert cut(accented, len(accented)) == [accented]  # characters, not bytes


@pytest.mark.parametrize(
    "piece",
    ["Mr. Smith", "Mrs. Rajavi", "the U.S. Senate", "J. Doe", "no. 5 Street", "p. 17 Of", "3.5"],
)
def test_abbreviations_end_no_sentence(piece: str) -> None:
    sentence = f"Then they asked {piece} about the whole affair and waited."
    assert cut(" ".join([sentence] * 10), 200) == [sentence] * 10


def test_a_long_line_of_chinese_is_split_without_spaces() -> None:
    sentences = ["委员会昨天开会讨论了桥梁的状况。", "她说：“没有人知道。”", "真的吗？"]
    assert cut("".join(sentences * 20), 200) == sentences * 20


def test_a_long_line_without_sentences_stays_whole() -> None:
    text = "word " * 5000
    assert cut(text, 200) == [text.strip()]


def test_only_the_long_line_is_split() -> None:
    long = " ".join(SENTENCES * 10)
    short = "One. Two things happened here. Three of them."
    assert cut(f"{short}\n{long}\n{short}", 200) == [short, *SENTENCES * 10, short]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\x0b", "\x0c", "\x85", "\u2028", "\u2029"])
def test_every_line_break_separates(end: str) -> None:
    text = f"First line{end}Second line{end}{end}Third line{end}"
    assert cut(text) == ["First line", "Second line", "Third line"]


def test_line_breaks_may_be_mixed() -> None:
    text = "a\r\nb\rc\nd\u2028e\u2029f\r\r\n\n\rg"
    assert cut(text) == list("abcdefg")


@pytest.mark.parametrize("blank", ["\u00a0", " \u00a0\t", "\u200b", "\u2060", "\x00", "\x1f"])
def test_blanks_around_a_line_belong_to_the_separator(blank: str) -> None:
    text = f"{blank}one{blank}\n{blank}\n{blank}two{blank}"
    assert cut(text) == ["one", "two"]


def test_blanks_within_a_line_stay() -> None:
    assert cut("one\u00a0two \t three\u200bfour") == ["one\u00a0two \t three\u200bfour"]


def test_a_byte_order_mark_stands_before_the_first_block() -> None:
    assert spans("\ufeffone\ntwo") == [(3, 6), (7, 10)]


@pytest.mark.parametrize("text", ["", " ", "\n\n", "\ufeff", "\r\n \u00a0\t\r\n", "\0\0"])
def test_nothing_but_blanks_has_no_block(text: str) -> None:
    assert cut(text) == []


def test_documents_of_a_batch_do_not_flow_into_each_other() -> None:
    texts = ["one\ntwo", "", "\n\n", "three", wrap(PROSE, 72), "four\nfive"]
    blocks = segment(pa.array(texts, pa.large_string()), LIMIT)
    raw = "".join(texts).encode()
    found: list[list[str]] = [[] for _ in texts]
    for row, start, end in zip(blocks.document, blocks.start, blocks.end, strict=True):
        found[row].append(raw[start:end].decode())
    assert found == [cut(text) for text in texts]
    assert [len(part) for part in found] == [2, 0, 0, 1, 3, 2]


def test_a_slice_of_a_column_is_cut_like_the_column_alone() -> None:
    column = pa.array(["skipped", "one\ntwo", "skipped"], pa.large_string()).slice(1, 1)
    blocks = segment(column, LIMIT)
    raw = b"skippedone\ntwoskipped"
    assert [raw[start:end] for start, end in zip(blocks.start, blocks.end, strict=True)] == [
        b"one",
        b"two",
    ]


def blank(char: str) -> bool:
    """White space, controls, and what has no width."""
    if char in "\u180e\u200b\u2060\ufeff":
        return True
    return char.isspace() or unicodedata.category(char) == "Cc"


alphabet = st.one_of(
    st.sampled_from(list(" \t\n\r\u00a0\u2028\u2029\u0085\u200b\ufeff\0.!?。…”\"')aAzÉß日ก5")),
    st.characters(exclude_categories=["Cs"]),
)
documents = st.text(alphabet, max_size=400) | st.lists(
    st.sampled_from([*PROSE, *SENTENCES, wrap(PROSE, 60), "", " ", "\r", "\u00a0", "***"]),
    max_size=30,
).map("\n".join)


@given(text=documents, split_above=st.sampled_from([0, 20, 200, LIMIT]))
def test_blocks_and_gaps_rebuild_the_text(text: str, split_above: int) -> None:
    raw = text.encode()
    at = 0
    gaps = ""
    for start, end in spans(text, split_above):
        assert at <= start < end
        gaps += raw[at:start].decode()
        block = raw[start:end].decode()
        assert not blank(block[0])
        assert not blank(block[-1])
        at = end
    gaps += raw[at:].decode()
    assert all(blank(char) for char in gaps)


@given(documents)
def test_cutting_a_block_again_gives_the_block(text: str) -> None:
    for block in cut(text):
        if "\n" not in block:
            assert cut(block) == [block]
