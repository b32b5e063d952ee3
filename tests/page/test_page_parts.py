"""The page of a release whose tables are in parts."""

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from onrecord.release.place import open_release
from tests.page.conftest import Tab

MakeSource = Callable[..., Path]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, make_source: MakeSource) -> Path:
    """Two releases in parts of 100 rows; in the second some records are gone."""
    from onrecord.job import release
    from onrecord.settings import Settings

    root = tmp_path_factory.mktemp("parts")
    lines = [f"Line {i} of the minutes: {i * 37} bridges and {i * i} roads.\n" for i in range(450)]
    folder = make_source(root / "seeds", "news", {"a.txt": "\n".join(lines).encode()})
    files = {f"{i}.txt": f"Number {i} of {i * 11} papers.\n".encode() for i in range(120)}
    make_source(root / "seeds", "papers", files)
    told = Settings(part_rows=100)
    release(root / "seeds", root / "data", told)
    (folder / "a.txt").write_text("\n".join(lines[:330]))
    (root / "seeds" / "papers" / "7.txt").unlink()
    release(root / "seeds", root / "data", told)
    return root / "data"


def test_tables_in_parts_are_shown_as_one(
    data: Path, serve: Callable[[Path], str], tab: Callable[..., Tab]
) -> None:
    release = open_release(str(data))
    rows = pl.read_parquet(release.root / "parquet" / "paragraphs" / "*.parquet")
    assert release.provenance.parts["paragraphs"] == -(-rows.height // 100)
    url = serve(data)
    shown = tab().open(f"{url}#/table/paragraphs")
    links = shown.page.locator("#view a[href='#downloads']")
    assert links.count() == 1
    assert "5 parts each" in shown.text("#view p:has(a[href='#downloads'])")
    shown.page.get_by_role("button", name="Load all").click()
    shown.until("/^all [0-9]/.test(document.querySelector('#view [role=status]').textContent)")
    assert f"all {rows.height} rows" in shown.text("#view [role=status]")
    shown.page.locator("#filter").fill("line 329 ")
    found = rows.filter(pl.col("text").str.starts_with("Line 329 "))
    assert shown.texts("table.data tbody td:first-child") == found["paragraph_id"].to_list()
    shown.go(f"#/paragraph/{found['paragraph_id'][0]}")
    assert "Line 329" in shown.text("#view")
    gone = release.rows("parquet/retired.parquet").read()
    for name, kind in zip(gone["record_id"].to_pylist(), gone["kind"].to_pylist(), strict=True):
        if name[-1] not in "07" and kind == "paragraph":
            continue  # a sample of them
        shown.go(f"#/{kind}/{name}")
        assert f"This {kind} was published from release 1.0.0 on" in shown.text("#view")
    shown.go("#/")
    sums = release.read("SHA256SUMS").decode()
    listed = shown.texts(".files a")
    assert "csv/paragraphs/paragraphs-00001.csv" in listed
    assert "parquet/retired/retired-00002.parquet" in listed
    assert all(f"  {name}\n" in sums for name in listed)
    assert shown.complaints == []
