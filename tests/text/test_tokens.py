import unicodedata
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onrecord.ingest.decode import is_nfc
from onrecord.text.segment import segment, text_buffer
from onrecord.text.tokens import (
    AFTER_BREAK,
    AFTER_DASH,
    CASELESS_WORD,
    CUT,
    DATE,
    ENDED,
    NAME,
    NEGATES,
    NUMBER,
    SHOUTED,
    SPACED,
    SYMBOL_TOKEN,
    normalise,
)


@dataclass(frozen=True)
class Block:
    """The tokens of one block, as a test wants to see them."""

    words: list[str]  # verbatim
    folded: list[bytes]
    hashes: list[int]
    flags: list[int]
    spans: list[tuple[int, int]]
    folded_key: bytes
    key: int


def blocks_of(*texts: str) -> list[Block]:
    """Tokens of texts of one line each, as documents of one batch."""
    column = pa.array(texts, pa.large_string())
    data, _ = text_buffer(column)
    blocks = segment(column, 1_000_000)
    tokens = normalise(data, blocks, np.array([not is_nfc(text) for text in texts], np.bool_))
    found = []
    for i in range(len(blocks)):
        raw = data[blocks.start[i] : blocks.end[i]].tobytes()
        of_block = slice(tokens.offsets[i], tokens.offsets[i + 1])
        spans = list(
            zip(tokens.start[of_block].tolist(), tokens.end[of_block].tolist(), strict=True)
        )
        key = tokens.folded[tokens.folded_offsets[i] : tokens.folded_offsets[i + 1]].tobytes()
        folded = []
        at = 0
        while spans and at < len(key):
            length = int.from_bytes(key[at : at + 4], "little")
            folded.append(key[at + 4 : at + 4 + length])
            at += 4 + length
        found.append(
            Block(
                [raw[start:end].decode() for start, end in spans],
                folded,
                tokens.hashes[of_block].tolist(),
                tokens.flags[of_block].tolist(),
                spans,
                key,
                int(tokens.keys[i]),
            )
        )
    return found


def block(text: str) -> Block:
    (only,) = blocks_of(text)
    return only


def words(text: str) -> list[str]:
    return block(text).words


def same(one: str, other: str) -> bool:
    """Whether two texts are one by the key; key and tokens must agree on that."""
    a, b = blocks_of(one, other)
    assert (a.folded_key == b.folded_key) == (a.key == b.key)
    assert (a.folded_key == b.folded_key) == (a.folded == b.folded and bool(a.folded))
    return a.folded_key == b.folded_key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("The Council MET", "the council met", id="case"),
        pytest.param("ΑΘΗΝΑ", "αθηνα", id="Greek case"),
        pytest.param("МОСКВА", "москва", id="Cyrillic case"),
        pytest.param("“It’s over,” he said", '"It\'s over," he said', id="quotes"),
        pytest.param("«Fini», dit-il", "“Fini”, dit-il", id="guillemets"),
        pytest.param("can’t stop", "can t stop", id="a lost apostrophe"),
        pytest.param("long — or short", "long - or short", id="dashes"),
        pytest.param("to-day", "to‑day", id="non-breaking hyphen"),
        pytest.param("a minus −5", "a minus -5", id="minus sign and hyphen"),
        pytest.param("Ｔｅｘｔ １２３", "Text 123", id="full-width"),
        pytest.param("ｶﾀｶﾅ", "カタカナ", id="half-width Katakana"),
        pytest.param("５％ more", "5% more", id="full-width percent"),
        pytest.param("co\u00adoperation", "cooperation", id="soft hyphen"),
        pytest.param("zero\u200bwidth", "zerowidth", id="zero-width space"),
        pytest.param("zero\u2060width\ufeff!", "zerowidth!", id="word joiner"),
        pytest.param("می\u200cرود", "میرود", id="zero-width non-joiner"),
        pytest.param("علی", "علي", id="Persian and Arabic yeh"),
        pytest.param("کتاب", "كتاب", id="Persian and Arabic kaf"),
        pytest.param("محـــمد", "محمد", id="tatweel"),
        pytest.param("ﷲ", "الله", id="Arabic presentation form"),
        pytest.param("۱۹۸۸", "1988", id="Persian digits"),
        pytest.param("١٩٨٨", "1988", id="Arabic digits"),
        pytest.param("१९८८", "1988", id="Devanagari digits"),
        pytest.param("٣٫٥", "3.5", id="Arabic decimal separator"),
        pytest.param("ﬁnal oﬀer", "final offer", id="ligatures"),
        pytest.param("café", "cafe\u0301", id="composed and decomposed"),
        pytest.param("Ångström", "A\u030angstro\u0308m", id="composed capitals"),
        pytest.param("Å", "\u212b", id="the Ångström sign"),
        pytest.param("한국어", unicodedata.normalize("NFD", "한국어"), id="Hangul"),
        pytest.param("İstanbul", "istanbul", id="dotted capital I"),
        pytest.param("one, two; three.", "one two three", id="punctuation"),
        pytest.param("one two", "one\u00a0\t two", id="white space"),
        pytest.param("===== Title =====", "Title", id="ornaments"),
    ],
)
def test_what_carries_no_meaning_is_folded(one: str, other: str) -> None:
    assert same(one, other)
    assert block(one).hashes == block(other).hashes


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("+5%", "−5%"),
        ("+5%", "5%"),
        ("-5 degrees", "5 degrees"),
        ("5%", "5"),
        ("5%", "5‰"),
        ("$10", "€10"),
        ("$10", "10"),
        ("-$10", "$10"),
        ("10⁹", "109"),
        ("10⁹", "10"),
        ("x²", "x2"),
        ("x²", "x³"),
        ("p < 0.05", "p > 0.05"),
        ("p ≤ 0.05", "p < 0.05"),
        ("a = b", "a ≠ b"),
        ("½", "12"),
        ("½", "1 2"),
        ("½", "¼"),
        ("2½", "2"),
        ("30,000", "30 000"),
        ("3.5", "35"),
        ("3.5", "3,5"),
        ("1988", "1989"),
        ("5°", "5"),
        ("§ 5", "5"),
        ("№ 5", "5"),
        ("Iran", "Iraq"),
        ("على", "علي"),
        ("ab c", "a bc"),
        ("resume", "résumé"),
        ("one two", "two one"),
        ("one", "one one"),
        ("Ⅷ", "Ⅸ"),
        ("\ue000", "\ue001"),
        ("a\ufffdb", "ab"),
    ],
)
def test_what_may_change_the_meaning_stays_apart(one: str, other: str) -> None:
    assert not same(one, other)


def test_a_token_hash_depends_on_the_token_alone() -> None:
    first, second = blocks_of("The end of it", "At the very end")
    assert first.hashes[0] == second.hashes[1]
    assert first.hashes[1] == second.hashes[3]
    assert len(set(first.hashes)) == 4


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The cat sat.", ["The", "cat", "sat"]),
        ("It’s 30,000 people", ["It", "s", "30,000", "people"]),
        ("on 3.5.1988.", ["on", "3.5.1988"]),
        ("+5% or −5%", ["+", "5", "%", "or", "−", "5", "%"]),
        ("$10 and 10€", ["$", "10", "and", "10", "€"]),
        ("a-b - c", ["a", "b", "c"]),
        ("pages 3-5", ["pages", "3", "5"]),
        ("10⁹ and 2½", ["10", "⁹", "and", "2", "½"]),
        ("p < 0.05", ["p", "<", "0.05"]),
        ("x=1", ["x", "=", "1"]),
        ("B2B 4th", ["B", "2", "B", "4", "th"]),
        ("===== a == b", ["a", "=", "=", "b"]),
        ("co\u00adop\u200beration", ["co\u00adop\u200beration"]),
        ("(“Quoted”)", ["Quoted"]),
        ("e\u0301te\u0301", ["e\u0301te\u0301"]),
        ("«été»", ["été"]),
    ],
)
def test_words_numbers_and_symbols_are_tokens(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("委员会，开会。", list("委员会开会")),
        ("東京タワー", list("東京タワー")),
        ("2024年5月", ["2024", "年", "5", "月"]),
        ("𠀀𠀁", ["𠀀", "𠀁"]),
        ("สวัสดี", ["ส", "วั", "ส", "ดี"]),
        ("ກາ", ["ກ", "າ"]),
        ("ខ្មែរ", ["ខ្", "មែ", "រ"]),
        ("မြန်", ["မြ", "န်"]),
    ],
)
def test_scripts_without_spaces_are_cut_into_characters(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@pytest.mark.parametrize("text", ["한국어 문장", "हिन्दी वाक्य", "جملة عربية", "ბარი სახლი"])
def test_scripts_with_spaces_are_cut_into_words(text: str) -> None:
    assert words(text) == text.split()


@pytest.mark.parametrize(
    ("text", "flag", "expected"),
    [
        ("They met Boris in Rome", NAME, ["They", "Boris", "Rome"]),
        ("sold 30,000 for ½ of", NUMBER, ["30,000", "½"]),
        ("sold twelve of them", NUMBER, ["twelve"]),
        ("He did not and never will", NEGATES, ["not", "never"]),
        ("on Tuesday, 3 June", DATE, ["Tuesday", "June"]),
        ("rose +5% to $10", SYMBOL_TOKEN, ["+", "%", "$"]),
        ("the NATO and A summit", SHOUTED, ["NATO"]),
        ("met 東 and جملة", CASELESS_WORD, ["東", "جملة"]),
    ],
)
def test_tokens_are_flagged_for_the_guard(text: str, flag: int, expected: list[str]) -> None:
    found = block(text)
    flagged = [word for word, flags in zip(found.words, found.flags, strict=True) if flags & flag]
    assert flagged == expected


@pytest.mark.parametrize("text", ["***", "—", "…", "“”", "* * *", "-----", "=====", "(!)"])
def test_a_block_without_tokens_has_a_key_of_its_own_bytes(text: str) -> None:
    found = block(text)
    assert found.words == []
    assert found.folded_key == b"\xff\xff\xff\xff" + text.encode()


def test_blocks_without_tokens_match_only_verbatim() -> None:
    texts = ["***", "—", "**", "* * *", "…", "...", "-", "***"]
    keys = [found.key for found in blocks_of(*texts)]
    assert keys[0] == keys[-1]
    assert len(set(keys)) == len(texts) - 1


def test_no_tokens_are_not_an_empty_word() -> None:
    found = blocks_of("***", "a")
    assert found[0].key != found[1].key
    assert found[0].folded_key != b""


WORDS = [
    "the",
    "Council",
    "NATO",
    "été",
    "Ångström",
    "москва",
    "ΑΘΗΝΑ",
    "میرود",
    "한국어",
    "हिन्दी",
    "30,000",
    "1988",
    "۱۹۸۸",
    "½",
    "𐐷𐐨",
    "co\u00adop",
    "Ｔｅｘｔ",
    "ﬁn",
]
GAPS = [" ", ", ", ". ", " — ", "” “", "\u00a0", "; ", " (", ") ", "… "]


@given(
    st.lists(st.tuples(st.sampled_from(WORDS), st.sampled_from(GAPS)), min_size=1, max_size=30),
    st.sampled_from(["NFC", "NFD"]),
)
def test_spans_point_at_the_verbatim_words(pieces: list[tuple[str, str]], form: str) -> None:
    spelled = [(unicodedata.normalize(form, word), gap) for word, gap in pieces]
    text = "“" + "".join(word + gap for word, gap in spelled) + "”"
    assert words(text) == [word for word, _ in spelled]


line = st.text(
    st.one_of(
        st.sampled_from(list(" -+$%.,'’“”=½²\u0301\u0308\u00ad\u200d5٣aAßİé한日กี์ى")),
        st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]),
    ),
    max_size=80,
).filter(lambda text: len(segment(pa.array([text], pa.large_string()), 10_000)) == 1)


@given(line)
def test_spans_stay_within_the_block_and_ascend(text: str) -> None:
    found = block(text)
    trimmed = segment(pa.array([text], pa.large_string()), 10_000)
    size = int(trimmed.end[0] - trimmed.start[0])
    assert found.spans == sorted(found.spans)
    for (start, end), verbatim in zip(found.spans, found.words, strict=True):
        assert 0 <= start < end <= size
        assert verbatim == verbatim.strip("\n\r ")
    assert len(found.folded) == len(found.words)
    assert all(found.folded)


@given(line.filter(is_nfc))
def test_spans_of_composed_text_do_not_overlap_and_hold_their_token(text: str) -> None:
    found = block(text)
    behind = 0
    for (start, end), verbatim, hashed, flags in zip(
        found.spans, found.words, found.hashes, found.flags, strict=True
    ):
        assert start >= behind
        behind = end
        if not flags & SYMBOL_TOKEN:  # a sign is one only before a number
            assert block(verbatim).hashes == [hashed]


@given(line)
def test_composed_and_decomposed_text_have_the_same_tokens(text: str) -> None:
    composed, decomposed = unicodedata.normalize("NFC", text), unicodedata.normalize("NFD", text)
    one, other = block(composed), block(decomposed)
    assert one.folded == other.folded
    if one.folded:
        assert one.key == other.key
        assert one.flags == other.flags


@given(st.lists(line, min_size=1, max_size=5))
def test_blocks_of_a_batch_do_not_influence_each_other(texts: list[str]) -> None:
    assert blocks_of(*texts) == [block(text) for text in texts]


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1))
def test_case_of_ascii_carries_no_meaning(text: str) -> None:
    upper, lower = f"A {text.upper()}", f"a {text.lower()}"
    assert same(upper, lower)


def flagged(text: str, flag: int) -> list[str]:
    """The words of a text that have a flag."""
    (block,) = blocks_of(text)
    return [word for word, flags in zip(block.words, block.flags, strict=True) if flags & flag]


def test_an_address_is_one_piece_without_white_space() -> None:
    assert flagged("see www.example.org/a-b (here)", SPACED) == ["see", "www"]


@pytest.mark.parametrize("dash", [" – ", "— ", " - ", "- ", " -- "])
def test_a_dash_sets_apart(dash: str) -> None:
    assert flagged(f"ROME{dash}Rain fell", AFTER_DASH) == ["Rain"]


def test_a_hyphen_does_not() -> None:
    assert flagged("a land-locked sea", AFTER_DASH) == []


@pytest.mark.parametrize("apostrophe", "'’")
def test_an_apostrophe_in_a_word_ends_nothing(apostrophe: str) -> None:
    assert flagged(f"of Iran{apostrophe}s steel", AFTER_BREAK) == ["of"]
    assert flagged("the ‘new’ steel", AFTER_BREAK) == ["the", "new", "steel"]


@pytest.mark.parametrize(
    ("text", "flag"), [("It ends.", ENDED), ("It goes …", CUT), ("It goes...", CUT), ("It", 0)]
)
def test_how_a_block_ends(text: str, flag: int) -> None:
    (block,) = blocks_of(text)
    assert block.flags[-1] & (ENDED | CUT) == flag
