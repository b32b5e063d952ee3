"""What must hold of every release, whatever the texts: nothing lost, nothing left hanging."""

import shutil
import tempfile
from pathlib import Path
from typing import Any

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onrecord.job import release
from onrecord.settings import Settings

SOURCE = """\
title: Generated texts
origin: made by this test
license: null
publication: full
basis: made by this test
language: en
"""
SENTENCES = [
    "Residents said that the water supply was cut on the first day of the operation.",
    "The clinic had run out of medicine before the northern road was opened again.",
    "Aid groups asked for access to the valley, where families were waiting for shelter.",
    "At least 12 people were killed when a shell hit a market in the town of Maradi.",
    "The ministry published its figures on the website late in the evening of 3 May.",
    "A spokesman did not answer questions about the detained drivers of the convoy.",
    "三名司机在清晨看到车队驶上了北方的公路，没有人回答记者的问题。",
]


@st.composite
def paragraphs(draw: st.DrawFn) -> str:
    """Some sentences in some order, often cut, edited or with something glued on."""
    text = " ".join(draw(st.lists(st.sampled_from(SENTENCES), min_size=1, max_size=5)))
    words = text.split()
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(0, len(words) - 1))
        words[at] = draw(st.sampled_from(["13", "not", "Zinder", "often", "", words[at].upper()]))
    text = " ".join(w for w in words if w) or "***"
    start = draw(st.integers(0, len(text) // 2))
    text = text[start:] if draw(st.booleans()) else text
    return draw(st.sampled_from(["", "", "Doyle,“", "*** "])) + text


def build(documents: list[list[str]]) -> dict[str, pl.DataFrame]:
    """The tables of a release of these documents."""
    folder = Path(tempfile.mkdtemp())
    try:
        source = folder / "seeds" / "generated"
        source.mkdir(parents=True)
        (source / "source.yml").write_text(SOURCE)
        for i, blocks in enumerate(documents):
            (source / f"{i:03}.txt").write_text("\n\n".join(blocks), encoding="utf-8")
        path = release(folder / "seeds", folder / "data", Settings()).path
        return {
            name: pl.read_parquet(path / "parquet" / f"{name}.parquet")
            for name in ("documents", "paragraphs", "occurrences", "matches", "variants")
        }
    finally:
        shutil.rmtree(folder)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.lists(paragraphs(), min_size=1, max_size=4), min_size=1, max_size=5))
def test_every_block_is_accounted_for(documents: list[list[str]]) -> None:
    tables = build(documents)
    occurrences, texts = tables["occurrences"], tables["paragraphs"]
    rows: list[dict[str, Any]] = occurrences.to_dicts()

    canonical = [row for row in rows if row["relation"] == "canonical"]
    assert sorted(row["paragraph_id"] for row in canonical) == sorted(texts["paragraph_id"])
    wording = dict(texts.select("paragraph_id", "text").iter_rows())
    assert all(wording[row["paragraph_id"]] == row["text"] for row in canonical)

    evidence: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for match in tables["matches"].to_dicts():
        evidence.setdefault((match["document_id"], match["position"]), []).append(match)
        assert match["paragraph_id"] in wording
    for row in rows:
        found = evidence.get((row["document_id"], row["position"]), [])
        if row["relation"] == "canonical":
            assert found == []
        elif row["relation"] == "composite":
            assert row["paragraph_id"] is None
            assert len(found) >= 2
        else:
            assert [match["paragraph_id"] for match in found] == [row["paragraph_id"]]
            assert row["coverage"] > 0.5
        if row["coverage"] < 1 and not row["repeats_itself"]:
            assert row["residue"]
    counted = occurrences.drop_nulls("paragraph_id").group_by("paragraph_id").len()
    counts = dict(counted.iter_rows())
    assert counts == dict(texts.select("paragraph_id", "n_occurrences").iter_rows())
    for variant in tables["variants"].to_dicts():
        assert variant["paragraph_id"] < variant["other_id"]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.sampled_from(SENTENCES[:4]), min_size=1, max_size=3, unique=True),
    st.integers(0, 10_000),
    st.integers(0, 10_000),
)
def test_texts_that_differ_in_a_number_are_never_merged(
    sentences: list[str], one: int, other: int
) -> None:
    text = " ".join([*sentences, "In all {} houses were burnt in the three villages, he said."])
    occurrences = build([[text.format(one)], [text.format(other)]])["occurrences"]
    assert occurrences["paragraph_id"].n_unique() == (1 if one == other else 2)
    assert set(occurrences["relation"]) <= {"canonical", "exact"}
