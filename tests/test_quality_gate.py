"""Nobody lowers the quality of deduplication without seeing it here.

The set is drawn once by ``bench.quality`` (seed 7) from texts in the public domain and kept in
``tests/data/quality``, so that this test needs nothing else. Its digest is pinned together with
the floors: a set that was made easier does not pass for a better engine. The floors are what
the engine reached when the set was drawn, rounded down; raise them when it gets better.
"""

from pathlib import Path

import pytest

from bench.quality.dataset import LabelledSet, read
from bench.quality.onrecord_run import Answer, answer
from bench.quality.score import Score, score

SET = Path(__file__).parent / "data" / "quality"
DIGEST = "c6d08e4c2ce7febf6c3df52ee07f074fca58ba24f8e79bddcf8c015b1265ff61"
LANGUAGES = ("en", "fr", "es", "ru", "ar", "fa", "zh", "ja")
#: Share of the repeats that must be found, the mean of the kinds, by language.
FLOORS = {
    "en": 0.98,
    "fr": 0.94,
    "es": 1.0,
    "ru": 0.97,
    "ar": 0.96,
    "fa": 1.0,
    "zh": 1.0,
    "ja": 1.0,
}


@pytest.fixture(scope="module")
def labelled() -> LabelledSet:
    return read(SET)


@pytest.fixture(scope="module")
def answered(labelled: LabelledSet) -> Answer:
    return answer(labelled)


@pytest.fixture(scope="module")
def scored(labelled: LabelledSet, answered: Answer) -> Score:
    return score(labelled, answered.predictions)


def test_the_set_is_the_one_that_was_measured(labelled: LabelledSet) -> None:
    assert labelled.digest() == DIGEST
    assert len(labelled.cases) == 600


def test_no_two_statements_that_differ_are_merged(scored: Score) -> None:
    assert scored.violations == 0
    assert scored.linked >= 0.99


@pytest.mark.parametrize("language", LANGUAGES)
def test_repeats_are_found(scored: Score, language: str) -> None:
    assert scored.recall([language]) >= FLOORS[language]


def test_what_is_removed_repeats_what_it_names(scored: Score, answered: Answer) -> None:
    assert scored.precision >= 1.0
    assert scored.relations >= 1.0
    assert answered.evidence == []


def test_glued_footers_become_paragraphs(answered: Answer) -> None:
    found, glued = answered.footers[1], answered.footers[0]
    assert found == glued > 0
