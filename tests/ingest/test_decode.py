import codecs

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from onrecord.ingest.decode import Decoded, Patch, decode, encode, is_nfc, restore

#: Codec and the mark that a file in it begins with.
MARKED = [
    ("utf-8", codecs.BOM_UTF8),
    ("utf-16-le", codecs.BOM_UTF16_LE),
    ("utf-16-be", codecs.BOM_UTF16_BE),
    ("utf-32-le", codecs.BOM_UTF32_LE),
    ("utf-32-be", codecs.BOM_UTF32_BE),
]
OLD = [
    "cp1250",
    "cp1251",
    "cp1252",
    "cp1256",
    "cp437",
    "koi8-r",
    "latin-1",
    "iso8859-7",
    "mac-roman",
    "tis-620",
    "shift_jis",
    "cp932",
    "euc-jp",
    "gbk",
    "gb18030",
    "big5",
    "big5hkscs",
    "euc-kr",
    "johab",
    "iso2022_jp",
    "iso2022_kr",
    "hz",
]
FRENCH = (
    "Le conseil a décidé, après un long débat, de reporter la séance à l'année "
    "prochaine. « C'est une déception », a déclaré le député, « mais nous l'avions prévu. » "
    "Les élèves de l'école française étaient déjà là, où le maître les avait placés.\n"
)
RUSSIAN = (
    "Совет решил после долгого обсуждения перенести заседание на следующий год. "
    "Это разочарование, сказал депутат, но мы этого ожидали.\n"
)
JAPANESE = "日本語の文章です。これは文字コードの試験であり、特別な意味はありません。\n"

texts = st.text(st.characters(exclude_categories=["Cs"]))
old_texts = st.sampled_from([FRENCH, RUSSIAN, JAPANESE, "plain\r\n"]) | texts


def check(raw: bytes, decoded: Decoded) -> None:
    """Nothing is lost, and patches ascend without overlap."""
    assert restore(encode(decoded.text, decoded.encoding), decoded.patches) == raw
    behind = 0
    for patch in decoded.patches:
        assert patch.offset >= behind
        assert raw[patch.offset : patch.offset + len(patch.data)] == patch.data
        assert patch.data or patch.replaces
        behind = patch.offset + max(1, len(patch.data))
    decoded.text.encode()  # no lone surrogates


@given(texts)
def test_utf8_comes_back_without_patches(text: str) -> None:
    raw = text.encode()
    if any(raw.startswith(mark) for _, mark in MARKED) or b"\0" in raw:
        check(raw, decode(raw))
    else:
        assert decode(raw) == Decoded(text, "utf-8", [])


@pytest.mark.parametrize(("codec", "mark"), MARKED)
@given(text=texts)
def test_a_byte_order_mark_decides_and_stays_in_the_text(
    codec: str, mark: bytes, text: str
) -> None:
    raw = mark + text.encode(codec)
    if codec == "utf-16-le" and text.startswith("\0"):
        check(raw, decode(raw))  # looks like UTF-32
        return
    assert decode(raw) == Decoded("\ufeff" + text, codec, [], "mark")


@pytest.mark.parametrize(("codec", "mark"), MARKED)
@given(raw=st.binary())
def test_any_bytes_behind_a_mark_come_back(codec: str, mark: bytes, raw: bytes) -> None:
    check(mark + raw, decode(mark + raw))


@pytest.mark.parametrize("codec", OLD)
@settings(max_examples=50)
@given(text=old_texts)
def test_old_encodings_come_back_whatever_is_detected(codec: str, text: str) -> None:
    raw = text.encode(codec, "ignore")
    check(raw, decode(raw))


@pytest.mark.parametrize("codec", OLD)
@settings(max_examples=50)
@given(raw=st.binary(max_size=200))
def test_any_bytes_come_back_under_any_codec(codec: str, raw: bytes) -> None:
    decoded = decode(raw, codec)
    assert decoded.encoding == codec
    check(raw, decoded)


@given(st.binary())
@example(b"")
@example(b"\xff")
@example(b"\xff\xfe")
@example(b"\xff\xfe\0\0")
@example(b"\xef\xbb\xbf\xff")
@example(b"\0\0\0\0\0")
@example(b"a\0b\0c\0d")
@example(b"\r\n\r\xff\n\r")
def test_any_bytes_come_back(raw: bytes) -> None:
    check(raw, decode(raw))


@given(
    pieces=st.lists(st.sampled_from(["Грозный ", "été ", "日本 ", "plain ", "\n"]), min_size=12),
    strays=st.lists(
        st.tuples(st.integers(0, 11), st.sampled_from([b"\xff", b"\xc0", b"\x80", b"\xe9 "])),
        max_size=2,
    ),
)
def test_stray_bytes_in_utf8_become_patches_of_those_bytes(
    pieces: list[str], strays: list[tuple[int, bytes]]
) -> None:
    before = "日本語の文章です。 ".encode()  # enough to be known as UTF-8
    raw = before
    wanted = []
    for i, piece in enumerate(pieces):
        for at, stray in strays:
            if at == i:
                wanted.append((len(raw), stray[:1]))
                raw += stray + b"."
        raw += piece.encode()
    decoded = decode(raw)
    assert decoded.encoding == "utf-8"
    assert [(patch.offset, patch.data) for patch in decoded.patches] == wanted
    assert decoded.text.count("\ufffd") == len(wanted)
    check(raw, decoded)


@given(text=texts, at=st.integers(0, 500), stray=st.integers(0x80, 0xFF))
def test_a_byte_put_anywhere_into_utf8_comes_back(text: str, at: int, stray: int) -> None:
    raw = text.encode()
    raw = raw[:at] + bytes([stray]) + raw[at:]
    check(raw, decode(raw))
    check(raw, decode(raw, "utf-8"))


def test_a_stray_byte_gives_a_replacement_character_and_a_patch() -> None:
    raw = "Привет, ".encode() + b"\xff" + "мир".encode()
    decoded = decode(raw)
    assert decoded == Decoded("Привет, \ufffdмир", "utf-8", [Patch(14, 3, b"\xff")], "mostly")


def test_neighbouring_strays_are_one_patch() -> None:
    raw = "Привет, ".encode() + b"\xff\xfe\xfd" + "мир".encode()
    decoded = decode(raw)
    assert decoded.text == "Привет, \ufffd\ufffd\ufffdмир"
    assert decoded.patches == [Patch(14, 9, b"\xff\xfe\xfd")]


def test_a_genuine_replacement_character_is_no_patch() -> None:
    raw = "before \ufffd after".encode()
    assert decode(raw) == Decoded("before \ufffd after", "utf-8", [])


def test_genuine_and_stray_replacement_characters_are_told_apart() -> None:
    raw = "мир \ufffd ".encode() + b"\x80" + " \ufffd мир".encode()
    decoded = decode(raw)
    assert decoded.text == "мир \ufffd \ufffd \ufffd мир"
    assert decoded.patches == [Patch(11, 3, b"\x80")]
    check(raw, decoded)


def test_a_cut_off_last_character_is_a_patch() -> None:
    raw = "мир и дом".encode()[:-1]
    decoded = decode(raw)
    assert decoded == Decoded("мир и до\ufffd", "utf-8", [Patch(14, 3, b"\xd0")], "mostly")


def test_surrogates_in_utf8_are_strays() -> None:
    raw = "мир дом ".encode() + b"\xed\xa0\x80"
    decoded = decode(raw)
    assert decoded.encoding == "utf-8"
    assert decoded.text.startswith("мир дом \ufffd")
    check(raw, decoded)


def test_bytes_that_cp1252_does_not_define_become_patches() -> None:
    raw = "caf\xe9 \x81 d\xe9j\xe0 \x9d vu".encode("latin-1")
    decoded = decode(raw, "cp1252")
    assert decoded.text == "café \ufffd déjà \ufffd vu"
    assert decoded.patches == [Patch(5, 0, b"\x81"), Patch(12, 0, b"\x9d")]
    check(raw, decoded)


def test_an_odd_last_byte_in_utf16_is_a_patch() -> None:
    raw = codecs.BOM_UTF16_LE + "text".encode("utf-16-le") + b"x"
    decoded = decode(raw)
    assert decoded == Decoded("\ufefftext\ufffd", "utf-16-le", [Patch(10, 2, b"x")], "mark")
    check(raw, decoded)


@pytest.mark.parametrize(("codec", "mark"), MARKED[1:3])
@pytest.mark.parametrize("surrogate", ["\ud800", "\udc00"])
def test_a_lone_surrogate_in_utf16_is_a_patch(codec: str, mark: bytes, surrogate: str) -> None:
    stray = surrogate.encode(codec, "surrogatepass")
    raw = mark + "a".encode(codec) + stray + "b".encode(codec)
    decoded = decode(raw)
    assert decoded == Decoded("\ufeffa\ufffdb", codec, [Patch(4, 2, stray)], "mark")
    check(raw, decoded)


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_utf16_without_a_mark_is_known_by_its_zeros(codec: str) -> None:
    raw = "The council met today.\n".encode(codec)
    assert decode(raw) == Decoded("The council met today.\n", codec, [], "shape")


@pytest.mark.parametrize(
    ("codec", "text"),
    [("cp1252", FRENCH * 3), ("cp1251", RUSSIAN * 3), ("shift_jis", JAPANESE * 3)],
)
def test_old_encodings_are_recognised(codec: str, text: str) -> None:
    decoded = decode(text.encode(codec))
    assert decoded.text == text
    assert decoded.patches == []


@pytest.mark.parametrize("codec", ["big5hkscs", "cp932"])
def test_two_byte_sequences_for_one_character_come_back(codec: str) -> None:
    doubles = []
    for high in range(0x81, 0xFF):
        for low in range(0x40, 0xFF):
            pair = bytes([high, low])
            try:
                char = pair.decode(codec)
            except UnicodeDecodeError:
                continue
            if len(char) == 1 and char.encode(codec) != pair:
                doubles.append(pair)
    assert doubles
    raw = b"".join(b"line " + pair + b" end\n" for pair in doubles[:50])
    decoded = decode(raw, codec)
    assert "\ufffd" not in decoded.text
    check(raw, decoded)
    assert len(decoded.patches) == len(doubles[:50])


def test_line_ends_and_controls_stay_as_they_are() -> None:
    raw = b"a\r\nb\rc\n\x0b\x0c\x1b[0m\x00\x7f\r\n"
    assert decode(raw) == Decoded(raw.decode(), "utf-8", [])


def test_normal_form_c_is_known() -> None:
    assert is_nfc("plain")
    assert is_nfc("café")
    assert not is_nfc("cafe\u0301")
