"""Index files say what the tables say, in another order, and single records are found by them."""

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq
import pytest
from polars.testing import assert_frame_equal

from onrecord.release.compare import ranges
from onrecord.release.layout import (
    CHANGES_BY_SOURCE,
    COMPOSITE_PLACES,
    INDEXES,
    OCCURRENCES_BY_PARAGRAPH,
    VARIANTS_BY_OTHER,
    index_path,
    table_path,
)
from onrecord.release.lookup import Lookup
from onrecord.release.place import open_release

MakeSource = Callable[..., Path]

PARTS = (
    "Residents said that the water supply was cut on the first day of the operation.",
    "The clinic had run out of medicine before the road was opened again on Friday.",
    "Aid groups asked for access to the valley, where 300 families were waiting for shelter.",
)


def read(release: Path, name: str) -> pl.DataFrame:
    path = index_path(name) if name in INDEXES else table_path(name)
    return pl.read_parquet(release / path)


@pytest.fixture(scope="module")
def two_releases(tmp_path_factory: pytest.TempPathFactory, make_source: MakeSource) -> Path:
    """A line, and then its parts as paragraphs of their own: the data folder."""
    from onrecord.job import release
    from onrecord.settings import Settings

    root = tmp_path_factory.mktemp("two")
    line = " ".join(PARTS).encode()
    folder = make_source(root / "seeds", "news", {"line.txt": line, "other.txt": b"A word.\n"})
    release(root / "seeds", root / "data", Settings())
    (folder / "parts.txt").write_text("\n".join(PARTS))
    (folder / "other.txt").unlink()
    release(root / "seeds", root / "data", Settings())
    return root / "data"


def test_every_place_of_a_paragraph_is_in_the_index(seed_release: Path, two_releases: Path) -> None:
    for release in (seed_release, two_releases / "releases" / "1.1.0"):
        index = read(release, OCCURRENCES_BY_PARAGRAPH)
        keys = ["paragraph_id", "document_id", "position", "byte_start"]
        assert_frame_equal(index, index.sort(keys))
        occurrences, matches = read(release, "occurrences"), read(release, "matches")
        canonical = index.filter(relation="canonical")
        assert canonical["rule"].null_count() == canonical.height
        columns = ["paragraph_id", "document_id", "position", "byte_start", "byte_end", "coverage"]
        assert_frame_equal(
            canonical.select(columns),
            occurrences.filter(relation="canonical").select(columns).sort(keys),
        )
        rest = index.filter(pl.col("relation") != "canonical")
        assert_frame_equal(
            rest.drop("relation"), matches.select(rest.columns).drop("relation").sort(keys)
        )
        of_block = rest.join(occurrences, on=["document_id", "position"], suffix=" of block")
        assert of_block.height == rest.height
        assert of_block.filter(pl.col("relation") != pl.col("relation of block")).height == 0


def test_variants_stand_under_both_of_their_paragraphs(seed_release: Path) -> None:
    variants, index = read(seed_release, "variants"), read(seed_release, VARIANTS_BY_OTHER)
    assert variants.height
    assert_frame_equal(index, variants.select(index.columns).sort("other_id", "paragraph_id"))


def test_changes_are_counted_by_source(two_releases: Path) -> None:
    release = two_releases / "releases" / "1.1.0"
    index, changes = read(release, CHANGES_BY_SOURCE), read(release, "changes")
    keys = ["resource", "change", "reason"]
    assert_frame_equal(
        index.group_by(keys).agg(pl.col("n").sum()).sort(keys),
        changes.group_by(keys).agg(pl.len().cast(pl.Int64).alias("n")).sort(keys),
    )
    assert index.filter(pl.col("source_id") != "news").height == 0
    assert index.filter(
        pl.col("source_id").is_null() & (pl.col("resource") != "variants")
    ).is_empty()
    assert read(two_releases / "releases" / "1.0.0", CHANGES_BY_SOURCE).is_empty()


def test_a_retired_composite_leads_to_its_parts(two_releases: Path) -> None:
    release = two_releases / "releases" / "1.1.0"
    index = read(release, COMPOSITE_PLACES)
    retired = read(release, "retired").filter(
        (pl.col("reason") == "superseded") & pl.col("successor_id").is_null()
    )
    assert index["record_id"].to_list() == retired["record_id"].to_list()
    place = ["document_id", "position"]
    at = index.join(read(release, "occurrences"), on=place)
    assert at["relation"].to_list() == ["composite"]
    parts = index.join(read(release, "matches"), on=place)["paragraph_id"].to_list()
    assert sorted(parts) == sorted(
        read(release, "paragraphs").filter(pl.col("text").is_in(PARTS))["paragraph_id"].to_list()
    )


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ("paragraphs", "paragraph_id"),
        ("occurrences", "document_id"),
        ("matches", "document_id"),
        ("variants", "paragraph_id"),
    ],
)
def test_a_lookup_finds_what_a_filter_finds(seed_data: Path, table: str, key: str) -> None:
    release = open_release(str(seed_data))
    rows: list[dict[str, Any]] = release.parquet(table_path(table)).read().to_pylist()
    ids = sorted({row[key] for row in rows})
    lookup = Lookup(release)
    for wanted in ([ids[0]], [ids[-1]], ids[1::7], ["d" + "0" * 16], []):
        expected = [row for row in rows if row[key] in wanted]
        assert lookup.rows(table_path(table), key, wanted) == expected
    columns = [key, "coverage"] if "coverage" in rows[0] else [key]
    found = lookup.table(table_path(table), key, ids[:1], columns)
    assert found.column_names == columns


def test_index_files_have_small_row_groups_with_statistics(seed_release: Path) -> None:
    for name in INDEXES:
        metadata = pq.read_metadata(seed_release / index_path(name))
        for group in range(metadata.num_row_groups):
            first = metadata.row_group(group).column(0).statistics
            assert first.has_min_max


def test_ranges_cover_every_id_once() -> None:
    for name in ("paragraphs", "occurrences"):
        parts = ranges(name, 10_000_000)
        assert len(parts) == 40
        assert parts[0].first is None
        assert parts[-1].after is None
        pairs = itertools.pairwise(parts)
        assert all(a.after == b.first and a.after for a, b in pairs)
    assert len(ranges("sources", 10_000_000)) == 1
