"""The first real input comes out as the design says, block by block."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

SOURCE = "justice-1988-conference"
KEPT = [0, 3, 4, 5, 7, 8, 9, 11, 12, 13, 14, 17, 18, 19]


@pytest.fixture(scope="module")
def blocks(seed_release: Path) -> list[dict[str, Any]]:
    documents = pl.read_parquet(seed_release / "parquet" / "documents.parquet")
    occurrences = pl.read_parquet(seed_release / "parquet" / "occurrences.parquet")
    article = documents.filter(source_id=SOURCE)["document_id"].item()
    return occurrences.filter(document_id=article).sort("position").to_dicts()


def test_twenty_blocks_are_fourteen_paragraphs_and_six_repeats(
    blocks: list[dict[str, Any]],
) -> None:
    assert len(blocks) == 20
    assert [b["position"] for b in blocks if b["relation"] == "canonical"] == KEPT
    assert len({b["paragraph_id"] for b in blocks}) == 14


@pytest.mark.parametrize(
    ("block", "relation", "keeper", "residue", "repeats_itself"),
    [
        (1, "contained", 5, None, False),
        (2, "contained", 5, "rom", True),
        (6, "contained", 5, None, False),
        (10, "near", 9, "Mr .Blackman", False),
        (15, "contained", 14, None, False),
        (16, "contained", 14, "Mrs. Rajavi,", False),
    ],
)
def test_each_repeat_names_what_it_repeats(
    blocks: list[dict[str, Any]],
    block: int,
    relation: str,
    keeper: int,
    residue: str | None,
    repeats_itself: bool,
) -> None:
    found = blocks[block]
    assert found["relation"] == relation
    assert found["paragraph_id"] == blocks[keeper]["paragraph_id"]
    assert found["residue"] == residue
    assert found["repeats_itself"] is repeats_itself
    assert found["coverage"] >= 0.8


def test_only_the_damaged_caption_repeats_itself(blocks: list[dict[str, Any]]) -> None:
    assert [b["position"] for b in blocks if b["repeats_itself"]] == [2]


def test_a_quotation_over_two_paragraphs_is_no_repeat(blocks: list[dict[str, Any]]) -> None:
    assert blocks[8]["paragraph_id"] != blocks[9]["paragraph_id"]


def test_every_repeat_has_its_evidence(seed_release: Path, blocks: list[dict[str, Any]]) -> None:
    matches = pl.read_parquet(seed_release / "parquet" / "matches.parquet")
    for block in blocks:
        rows = matches.filter(
            document_id=block["document_id"], position=block["position"]
        ).to_dicts()
        if block["relation"] == "canonical":
            assert rows == []
            continue
        (row,) = rows
        assert row["paragraph_id"] == block["paragraph_id"]
        assert row["relation"] == block["relation"]
        assert row["coverage"] == block["coverage"]
        assert block["byte_start"] <= row["byte_start"] < row["byte_end"] <= block["byte_end"]
