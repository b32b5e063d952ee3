"""Real repeats in the sample corpus, found by reading it."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def tables(seed_release: Path) -> dict[str, pl.DataFrame]:
    names = ("documents", "occurrences", "paragraphs", "variants")
    return {n: pl.read_parquet(seed_release / "parquet" / f"{n}.parquet") for n in names}


def blocks(tables: dict[str, pl.DataFrame], path: str) -> list[dict[str, Any]]:
    """The blocks of one file, in order."""
    document = tables["documents"].filter(path=path)["document_id"].item()
    return tables["occurrences"].filter(document_id=document).sort("position").to_dicts()


def difference(tables: dict[str, pl.DataFrame], one: str, other: str) -> str | None:
    """What tells the paragraphs of two one-line files apart, if they are variants."""
    ids = sorted(blocks(tables, path)[0]["paragraph_id"] for path in (one, other))
    found = tables["variants"].filter(paragraph_id=ids[0], other_id=ids[1])
    return found["difference"].item() if found.height else None


def test_a_file_stored_twice_is_published_once(tables: dict[str, pl.DataFrame]) -> None:
    first = blocks(tables, "Salazar/10Jan2007Salazar477.txt")
    second = blocks(tables, "Salazar/11Jan2007Salazar475.txt")
    assert [b["paragraph_id"] for b in first] == [b["paragraph_id"] for b in second]
    assert {b["relation"] for b in second} == {"exact"}


def test_a_contact_line_is_boilerplate(tables: dict[str, pl.DataFrame]) -> None:
    line = "Contact: Cody Wertz, 303/455-7600; Andrew Nannis, 202/224-5852."
    found = tables["paragraphs"].filter(pl.col("text").str.contains(line, literal=True))
    assert found["boilerplate"].to_list() == [True]
    assert found["n_documents"].item() == 11


@pytest.mark.parametrize(
    ("one", "other", "kind"),
    [
        ("Allard/23Mar2007Allard5.txt", "Allard/27Mar2007Allard4.txt", "date"),
        ("Allard/28Jul2005Allard11.txt", "Allard/28Jul2005Allard12.txt", "number"),
    ],
)
def test_a_release_reissued_for_another_day_or_sum_is_a_variant(
    tables: dict[str, pl.DataFrame], one: str, other: str, kind: str
) -> None:
    assert difference(tables, one, other) == kind


def test_another_phone_number_is_not_merged(tables: dict[str, pl.DataFrame]) -> None:
    numbers = ("202/494-8790", "202/228-3630")
    lines = [
        blocks(tables, path)[6]
        for path in ("Salazar/31Mar2008Salazar34.txt", "Salazar/30Jan2008Salazar82.txt")
    ]
    assert all(number in line["text"] for number, line in zip(numbers, lines, strict=True))
    assert lines[0]["paragraph_id"] != lines[1]["paragraph_id"]


def test_a_release_on_one_line_is_made_of_its_paragraphs(tables: dict[str, pl.DataFrame]) -> None:
    (line,) = blocks(tables, "Allard/29Oct2007Allard2.txt")
    assert (line["relation"], line["paragraph_id"]) == ("composite", None)
    paragraphs = blocks(tables, "Salazar/29Oct2007Salazar203.txt")
    assert {b["relation"] for b in paragraphs} == {"canonical"}


def test_a_quote_is_contained_in_the_sentence_that_introduces_it(
    tables: dict[str, pl.DataFrame],
) -> None:
    longer = blocks(tables, "Salazar/21Jun2006Salazar108.txt")[1]
    shorter = blocks(tables, "Salazar/27Jul2006Salazar73.txt")[3]
    assert shorter["relation"] == "contained"
    assert shorter["paragraph_id"] == longer["paragraph_id"]


def test_a_statement_worded_differently_a_year_later_is_kept(
    tables: dict[str, pl.DataFrame],
) -> None:
    old = blocks(tables, "Salazar/1May2006Salazar164.txt")[3]
    new = blocks(tables, "Salazar/1May2007Salazar373.txt")[3]
    assert old["paragraph_id"] != new["paragraph_id"]
    pair = sorted([old["paragraph_id"], new["paragraph_id"]])
    found = tables["variants"].filter(paragraph_id=pair[0], other_id=pair[1])
    assert found["difference"].to_list() == ["wording"]


def test_the_readme_quotes_these_counts(tables: dict[str, pl.DataFrame]) -> None:
    relations = dict(tables["occurrences"].group_by("relation").len().iter_rows())
    repeats = ", ".join(
        f"{relations[name]:,} {name}" for name in ("exact", "near", "contained", "composite")
    )
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"repeats      {repeats}" in page
    assert f"paragraphs   {tables['paragraphs'].height:,}" in page
    assert f"blocks       {tables['occurrences'].height:,}" in page


def test_seeds_stay_small(seeds: Path) -> None:
    assert sum(p.stat().st_size for p in seeds.rglob("*") if p.is_file()) < 1_000_000
