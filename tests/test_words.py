"""Differing words, shown for people."""

from hypothesis import given
from hypothesis import strategies as st

from onrecord.words import Passage, Side, compare, within


def squeezed(text: str) -> str:
    return "".join(text.casefold().split())


@given(st.text(max_size=80), st.text(max_size=80))
def test_each_side_can_be_read_from_the_passages(first: str, second: str) -> None:
    passages = compare(first, second)
    ours = "".join(p.text for p in passages if p.side is not Side.ONLY_FIRST)
    assert ours == second
    theirs = "".join(p.text for p in passages if p.side is not Side.ONLY_SECOND)
    assert squeezed(theirs) == squeezed(first)


def test_words_that_differ_are_told_apart_by_side() -> None:
    assert compare("Twelve people died on Friday.", "Fourteen people died on Friday.") == [
        Passage(Side.ONLY_FIRST, "Twelve "),
        Passage(Side.ONLY_SECOND, "Fourteen "),
        Passage(Side.BOTH, "people died on Friday."),
    ]


def test_scripts_without_spaces_are_compared_by_character() -> None:
    assert compare("中文是好的", "中文不好的") == [
        Passage(Side.BOTH, "中文"),
        Passage(Side.ONLY_FIRST, "是"),
        Passage(Side.ONLY_SECOND, "不"),
        Passage(Side.BOTH, "好的"),
    ]


def test_long_texts_are_compared_by_sentence() -> None:
    lines = [f"Sentence number {i} of the report was read out.\n" for i in range(600)]
    other = [*lines[:300], "This one is new.\n", *lines[301:]]
    sides = [p.side for p in compare("".join(lines), "".join(other))]
    assert sides == [Side.BOTH, Side.ONLY_FIRST, Side.ONLY_SECOND, Side.BOTH]


def test_a_contained_text_is_shown_without_what_stands_around_it() -> None:
    passages = compare("One. The clinic had closed early. Two.", "The clinic had closed.")
    assert within(passages) == [
        Passage(Side.BOTH, "… "),
        Passage(Side.BOTH, "The clinic had closed"),
        Passage(Side.ONLY_FIRST, "early"),
        Passage(Side.BOTH, "."),
        Passage(Side.BOTH, "… "),
    ]
