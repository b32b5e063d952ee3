"""Pages that were collected into a working folder are in what is released from there to S3."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from onrecord.collect.custody import Custody
from onrecord.errors import RefusedError
from onrecord.job import release
from onrecord.outcome import Outcome
from onrecord.release.objects import Objects
from onrecord.release.remote import release_to
from onrecord.settings import Settings
from tests.collect.web import Collection, Site, answer, serve

Command = Callable[..., Any]
FIRST = b"The committee met on Tuesday to hear seven witnesses about the harbour wall.\n"
SECOND = b"The minister signed the treaty of friendship in the old town hall.\n"


@pytest.fixture
def site() -> Iterator[Site]:
    with serve() as found:
        found.routes |= {"/a": answer(FIRST), "/b": answer(SECOND)}
        yield found


@pytest.fixture
def collection(tmp_path: Path) -> Collection:
    """Collects into a folder that is no data folder yet."""
    return Collection(tmp_path / "seeds", tmp_path / "work")


def there(url: str, folder: str = "") -> dict[str, bytes]:
    store = Objects(url)
    return {meta.name: store.read(meta.name, 1 << 30)[0] for meta in store.list(folder)}


def paths(outcome: Outcome) -> set[str]:
    return set(pl.read_parquet(outcome.path / "parquet" / "documents.parquet")["path"])


def test_what_was_collected_is_released_from_any_working_folder(
    s3: str, site: Site, collection: Collection, tmp_path: Path, onrecord: Command
) -> None:
    collection.fetch(site.url("/a"))
    options = ["--data", s3, "--work", collection.data]
    ran = onrecord("release", collection.seeds, *options, "--dry-run")
    assert "Release 1.0.0 would be published" in ran.stdout
    assert there(s3) == {}
    ran = onrecord("release", collection.seeds, *options)
    assert ran.code == 0, ran.message
    (first,) = (collection.data / "releases").glob("1.*")
    rows = pl.read_parquet(first / "parquet" / "documents.parquet")
    assert rows["url"].to_list() == [site.url("/a")]
    archive = there(s3, "archive")
    (record,) = [name for name in archive if name.startswith("archive/custody/")]
    assert site.url("/a").encode() in archive[record]
    assert FIRST in b"".join(raw for name, raw in archive.items() if name.endswith(".pack"))

    # Elsewhere the pages come from the place, and more can be collected there.
    again, _ = release_to(s3, collection.seeds, Settings(), work=tmp_path / "fresh")
    assert (again.published, again.version) == (False, "1.0.0")
    assert there(s3, "archive") == archive
    other = Collection(collection.seeds, tmp_path / "fresh")
    other.fetch(site.url("/a"), site.url("/b"))
    assert sorted(v.result for v in other.visits()) == ["new", "new", "unchanged"]
    more, _ = release_to(s3, collection.seeds, Settings(), work=tmp_path / "fresh")
    assert paths(more) == {site.url("/a"), site.url("/b")}
    assert len([name for name in there(s3) if name.startswith("archive/custody/")]) == 2


def test_two_machines_collect_for_one_place(
    s3: str, site: Site, collection: Collection, tmp_path: Path
) -> None:
    other = Collection(collection.seeds, tmp_path / "other")
    other.fetch(site.url("/b"))
    collection.fetch(site.url("/a"))
    release_to(s3, collection.seeds, Settings(), work=collection.data)
    outcome, _ = release_to(s3, collection.seeds, Settings(), work=other.data)
    assert outcome.version == "1.1.0"
    assert paths(outcome) == {site.url("/a"), site.url("/b")}


def test_what_a_withdrawal_took_away_does_not_come_back_from_a_working_folder(
    s3: str, site: Site, collection: Collection, tmp_path: Path, onrecord: Command
) -> None:
    collection.fetch(site.url("/a"), site.url("/b"))
    local = Path(shutil.copytree(collection.data, tmp_path / "local"))
    made = release(collection.seeds, local, Settings())
    texts = pl.read_parquet(made.path / "parquet" / "paragraphs.parquet")
    name = texts.filter(pl.col("text") == FIRST.decode().strip())["paragraph_id"].item()
    ran = onrecord("withdraw", name, "--category", "privacy", "--data", local, "--yes")
    assert ran.code == 0, ran.message
    for file in ("suppressed.json", "suppressed.key"):
        Objects(s3).put(f"archive/{file}", local / "archive" / file)

    outcome, _ = release_to(s3, collection.seeds, Settings(), work=collection.data)
    assert paths(outcome) == {site.url("/b")}
    assert not [key for key, raw in there(s3).items() if FIRST.strip() in raw]
    visits = Custody(collection.data / "archive").visits()
    assert {visit.url for visit in visits if visit.role == "page"} == {site.url("/b")}


def test_lost_packs_and_a_collector_at_work_are_refused(
    s3: str, site: Site, collection: Collection, tmp_path: Path, onrecord: Command
) -> None:
    collection.fetch(site.url("/a"))
    with (
        Custody(collection.data / "archive").exclusive(),
        pytest.raises(RefusedError, match="another run is collecting here"),
    ):
        release_to(s3, collection.seeds, Settings(), work=collection.data)
    release_to(s3, collection.seeds, Settings(), work=collection.data)
    (pack,) = [name for name in there(s3) if name.endswith(".pack")]
    Objects(s3).put(pack, bytes(len(there(s3)[pack])))
    with pytest.raises(RefusedError, match="damaged"):
        release_to(s3, collection.seeds, Settings(), work=tmp_path / "fresh")

    refused = onrecord("collect", collection.seeds, "--data", s3)
    assert refused.code == 2
    assert f"onrecord release --data {s3} --work DIR" in refused.message
