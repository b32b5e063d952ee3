"""The closed lists of the guard: every word is a token, and is found by its hash."""

import numpy as np
import pyarrow as pa
import pytest

from onrecord.dedup import words
from onrecord.text.lexicon import hash_bytes
from onrecord.text.segment import segment, text_buffer
from onrecord.text.tokens import normalise

LISTED = sorted({(kind, w) for kind, listed in words._LISTS.items() for w in listed.split()})
SAME = [line.split() for line in words._SAME.strip().splitlines()]


def token_hashes(text: str) -> list[int]:
    """Hashes of the tokens of one line."""
    column = pa.array([text], pa.large_string())
    data, _ = text_buffer(column)
    tokens = normalise(data, segment(column, 1_000_000), np.zeros(1, np.bool_))
    found: list[int] = tokens.hashes.tolist()
    return found


@pytest.mark.parametrize(("kind", "word"), LISTED)
def test_a_listed_word_is_a_token_and_is_found(kind: int, word: str) -> None:
    (hashed,) = token_hashes(word)
    assert words.weight_of(np.uint64(hashed)) == kind
    data = np.frombuffer(word.encode(), np.uint8)
    assert words._hash(word) == hash_bytes(data, 0, len(data))


def test_no_word_is_on_two_lists() -> None:
    every = [word for _, word in LISTED]
    assert len(set(every)) == len(every)


def test_words_of_one_line_mean_the_same_and_no_others_do() -> None:
    hashes = [[np.uint64(token_hashes(word)[0]) for word in line] for line in SAME]
    for i, line in enumerate(hashes):
        for j, other in enumerate(hashes):
            assert all(words.one_meaning(h, o) == (i == j) for h in line for o in other)


def test_other_words_weigh_something() -> None:
    for word in ("not", "minister", "twelve", "against", "without", "allegedly", "by", "from"):
        assert words.weight_of(np.uint64(token_hashes(word)[0])) == 0
