"""A release before the validators and readers of other ecosystems."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from onrecord.records.schema import TABLES
from onrecord.release.layout import part_paths, table_path

pytestmark = pytest.mark.ecosystem

Ask = Callable[..., Any]


@pytest.fixture(params=["seed_release", "described_release", "parted_release"])
def shown(request: pytest.FixtureRequest) -> Path:
    found: Path = request.getfixturevalue(request.param)
    return found


def rows_of(release: Path, name: str) -> pa.Table:
    """A table of a release, in one file or in parts."""
    parts = json.loads((release / "provenance.json").read_text("utf-8")).get("parts", {})
    paths = part_paths(table_path(name), parts)
    return pa.concat_tables(pq.read_table(release / path) for path in paths)


def test_ro_crate_datacite_citation_file_and_feed_are_valid(shown: Path, ask: Ask) -> None:
    found = ask("describe", shown)
    assert set(found) == {"ro-crate", "ro-crate files", "datacite", "cff", "feed"}
    assert not any(found.values()), found


def test_croissant_is_valid_and_gives_every_record(shown: Path, ask: Ask) -> None:
    found = ask("load", shown)
    assert found["issues"] == []
    assert found["version"] == "1.0.0"
    assert set(found["records"]) == set(TABLES)
    for name in TABLES:
        table = rows_of(shown, name)
        assert found["records"][name]["rows"] == table.num_rows
        if table.num_rows:
            assert found["tables"][name] == {
                "rows": table.num_rows,
                "first": table.slice(0, 1).to_pylist()[0],
            }
    first = rows_of(shown, "paragraphs").slice(0, 1).to_pylist()[0]
    assert found["records"]["paragraphs"]["first"] == first


def test_the_card_has_the_tables_with_rows_as_configurations(shown: Path, ask: Ask) -> None:
    found = ask("load", shown)
    assert found["default"] == "paragraphs"
    rows = {name: rows_of(shown, name).num_rows for name in TABLES}
    assert set(found["tables"]) == {name for name, n in rows.items() if n}
    assert found["card"]["pretty_name"]
