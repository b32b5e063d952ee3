"""Files that need a reader, read by child processes and kept in the archive."""

from collections.abc import Callable
from pathlib import Path

import pytest

from onrecord.ingest.archive import Archive
from onrecord.ingest.files import find
from onrecord.ingest.sources import read_source
from onrecord.ingest.unpack import Unpacked, unpack
from onrecord.settings import Settings
from tests import makers as m

ENDLESS = b"<html><body>" + b"<div>" * 20_000 + b"some words" + b"</div>" * 20_000
PEACE = Settings(parser_seconds=60, threads=2)


@pytest.fixture
def read(
    tmp_path: Path, make_source: Callable[..., Path]
) -> Callable[..., tuple[Unpacked, Archive]]:
    def run(files: dict[str, bytes], settings: Settings = PEACE) -> tuple[Unpacked, Archive]:
        folder = make_source(tmp_path, "mixed", files)
        source = read_source(folder)
        archive = Archive(tmp_path / "archive")
        listing = find(source, folder, settings.max_file_bytes)
        assert not listing.rejected
        return unpack(listing.candidates, {"mixed": source}, archive, settings), archive

    return run


Read = Callable[..., tuple[Unpacked, Archive]]


def test_what_is_found_is_kept_by_its_own_hash(read: Read) -> None:
    member, page = m.story("a member").encode(), m.page("a page")
    files = {"a.zip": m.zipped({"x.txt": member, "y.html": page}), "b.txt": b"plain words"}
    found, archive = read(files)
    plain = [c for c in found.candidates if c.extract is None]
    assert [c.path for c in plain] == ["b.txt"]
    first, second = (c.extract for c in found.candidates if c.extract)
    assert (first.locator, first.restores, first.reader) == ("x.txt", "file", "text/1")
    assert archive.get(first.sha256) == member
    assert (second.locator, second.restores) == ("y.html", "extract")
    assert m.story("a page") in archive.get(second.sha256).decode()


def test_a_child_that_takes_too_long_costs_only_what_it_was_reading(read: Read) -> None:
    files = {
        "deep.zip": m.zipped(
            {"1.txt": b"words before", "2.html": ENDLESS, "3.txt": b"words behind"}
        ),
        "fine.html": m.page("another file"),
    }
    found, _ = read(files, Settings(parser_seconds=1, threads=2))
    kept = {(c.path, c.extract.locator) for c in found.candidates if c.extract}
    assert kept == {("deep.zip", "1.txt"), ("deep.zip", "3.txt"), ("fine.html", "")}
    (rejected,) = found.rejected
    assert (rejected.path, rejected.locator) == ("deep.zip", "2.html")
    assert rejected.reason == "parser_time"
    assert "--limit parser_seconds" in rejected.detail


def test_a_file_whose_readers_fail_too_often_is_given_up(read: Read) -> None:
    files = {"all.zip": m.zipped({f"{i}.html": ENDLESS for i in range(5)} | {"z.txt": b"words"})}
    found, _ = read(files, Settings(parser_seconds=0.7, parser_failures=1))
    assert not found.candidates
    assert [(r.locator, r.reason.value) for r in found.rejected] == [
        ("0.html", "parser_time"),
        ("1.html", "parser_time"),
        ("", "parser_time"),
    ]


def test_the_number_of_threads_changes_nothing(read: Read, tmp_path: Path) -> None:
    files = {f"{i}.html": m.page(f"page {i}") for i in range(6)}
    few, _ = read(files, Settings(parser_seconds=60, threads=1, batch_bytes=1))
    folder = tmp_path / "mixed"
    source = read_source(folder)
    candidates = find(source, folder, 1 << 20).candidates
    many = unpack(candidates, {"mixed": source}, Archive(tmp_path / "other"), Settings(threads=2))
    assert [c.extract for c in few.candidates] == [c.extract for c in many.candidates]
