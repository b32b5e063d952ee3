"""A release in which a source would all but vanish is refused, unless allowed by name."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from onrecord.dedup import engine
from onrecord.errors import RefusedError
from onrecord.job import release
from onrecord.outcome import Outcome
from onrecord.settings import Settings

MakeSource = Callable[..., Path]

WORDS = """bridge canal council engine farmer garden harbour island journey kitchen ladder market
    needle orchard palace quarry river school timber uncle valley window yard autumn barrel
    candle doctor evening forest grain hammer iron jacket kettle lantern meadow nephew oven
    pepper quilt road saddle tailor umbrella village wagon"""


def sentence(seed: int) -> str:
    """Thirty words in an order that no other sentence has."""
    return " ".join(random.Random(seed).choices(WORDS.split(), k=30)) + "."


BEFORE = {f"{i:02}.txt": f"{sentence(i)}\n".encode() for i in range(24)}


def build(root: Path, *allow: str) -> Outcome:
    return release(root / "seeds", root / "data", Settings(allow=allow))


def refused_and_allowed(root: Path, found: str) -> None:
    """The release is refused for what was found, leaves nothing, and can be allowed."""
    before = sorted(p.name for p in (root / "data" / "releases").glob("[0-9]*"))
    with pytest.raises(RefusedError, match=found) as refused:
        build(root)
    assert "--allow" in str(refused.value)
    assert sorted(p.name for p in (root / "data" / "releases").glob("[0-9]*")) == before
    with pytest.raises(RefusedError, match=found):
        build(root, "another")
    assert build(root, "gazette").published


def test_a_source_of_which_most_can_not_be_read(make_source: MakeSource, tmp_path: Path) -> None:
    images = {f"{i:02}.txt": b"\x89PNG\r\n\x1a\n" for i in range(20)}
    make_source(tmp_path / "seeds", "gazette", {**images, "a.txt": b"A text.\n"})
    refused_and_allowed(tmp_path, "20 of 21 inputs can't be read, more than 50%")


def test_a_source_of_which_most_would_be_merged(make_source: MakeSource, tmp_path: Path) -> None:
    cut = {f"c{name}": text[:110] for name, text in BEFORE.items()}
    more = {f"d{name}": text[40:] for name, text in BEFORE.items()}
    make_source(tmp_path / "seeds", "gazette", {**BEFORE, **cut, **more}, publication="full")
    refused_and_allowed(tmp_path, r"\d+ of 72 blocks would stand behind others, more than 50%")


def test_verbatim_repeats_do_not_count(make_source: MakeSource, tmp_path: Path) -> None:
    copies = {f"{part}{name}": text for part in "abc" for name, text in BEFORE.items()}
    make_source(tmp_path / "seeds", "gazette", copies)
    assert build(tmp_path).figures["paragraphs"] == len(BEFORE)


def test_a_source_of_which_most_would_retire(make_source: MakeSource, tmp_path: Path) -> None:
    folder = make_source(tmp_path / "seeds", "gazette", BEFORE)
    build(tmp_path)
    for name in list(BEFORE)[:13]:
        (folder / name).unlink()
    refused_and_allowed(tmp_path, "13 of 24 paragraphs of the release before would retire")


def test_a_small_source_may_vanish(make_source: MakeSource, tmp_path: Path) -> None:
    images = {f"{i:02}.txt": b"\x89PNG\r\n\x1a\n" for i in range(18)}
    make_source(tmp_path / "seeds", "gazette", {**images, "a.txt": b"A text.\n"})
    assert build(tmp_path).figures["quarantined"] == 18


def test_more_texts_than_can_be_compared(
    make_source: MakeSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_source(tmp_path / "seeds", "gazette", BEFORE)
    monkeypatch.setattr(engine, "MOST_TEXTS", len(BEFORE))
    with pytest.raises(RefusedError, match=r"24 different paragraphs.*several datasets"):
        build(tmp_path)
    assert not list((tmp_path / "data" / "releases").glob("[0-9]*"))
    monkeypatch.undo()
    assert build(tmp_path).published
