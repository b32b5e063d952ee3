"""What is kept from run to run changes no result, whatever happens to it."""

import errno
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from onrecord import cache as kept
from onrecord.cache import Cache, Entry, key_of
from onrecord.errors import RefusedError
from onrecord.ingest.quarantine import Reason, reject
from onrecord.job import release
from onrecord.settings import Settings

SMALL = Settings(batch_bytes=400, threads=1)
TEXTS = {
    f"{i}.txt": f"The {name} stopped before noon and was seen no more.\n\n{name}\n".encode()
    for i, name in enumerate(["ferry", "bus", "tram", "barge", "coach", "sledge"] * 4)
}


@pytest.fixture
def news(tmp_path: Path, make_source: Callable[..., Path]) -> Path:
    make_source(
        tmp_path / "seeds", "news", TEXTS | {"bad.txt": b"\x7fELF\0\0\1\2", "empty.txt": b" \n"}
    )
    return tmp_path / "seeds"


def _watch(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many files were decoded, batch by batch."""
    from onrecord import pipeline

    seen: list[int] = []
    read = pipeline.read

    def watched(*args: Any, **more: Any) -> Any:
        seen.append(len(args[0]))
        return read(*args, **more)

    monkeypatch.setattr(pipeline, "read", watched)
    return seen


def _entries(data: Path) -> list[Path]:
    return sorted((data / "cache" / "prepared").glob("*.batch"))


def test_a_run_that_was_killed_goes_on_behind_its_last_batch(
    news: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = _watch(monkeypatch)
    whole = release(news, tmp_path / "whole", Settings(cache_bytes=0))
    batches = release(news, tmp_path / "batches", SMALL)
    total = len(seen) - 1
    assert total > 3
    seen.clear()

    def killed(stage: Any, *args: Any, step: tuple[int, int] = (1, 1)) -> Any:
        if stage.__name__ == "collect" and step[0] == 3:
            raise KeyboardInterrupt
        return stage(*args)

    with pytest.raises(KeyboardInterrupt):
        release(news, tmp_path / "data", SMALL, killed)
    assert len(seen) == 3
    seen.clear()
    again = release(news, tmp_path / "data", SMALL)
    assert len(seen) == total - 3
    assert whole.content_digest == batches.content_digest == again.content_digest
    assert whole.figures == again.figures


def test_only_what_changed_is_read_anew(
    news: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    release(news, tmp_path / "data", SMALL)
    before = _entries(tmp_path / "data")
    seen = _watch(monkeypatch)
    file = news / "news" / "3.txt"
    file.write_bytes(file.read_bytes().replace(b"barge", b"canoe"))  # of the same size
    changed = release(news, tmp_path / "data", SMALL)
    assert len(seen) == 1
    assert changed.version == "1.1.0"
    assert len(_entries(tmp_path / "data")) == len(before)
    assert len(set(before) - set(_entries(tmp_path / "data"))) == 1
    fresh = release(news, tmp_path / "fresh", SMALL)
    assert fresh.figures == changed.figures


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "gone", "a folder"])
def test_a_damaged_entry_is_made_again(news: Path, tmp_path: Path, damage: str) -> None:
    data = tmp_path / "data"
    first = release(news, data, SMALL)
    for entry in _entries(data):
        raw = bytearray(entry.read_bytes())
        raw[len(raw) // 2] ^= 1
        if damage in ("gone", "a folder"):
            entry.unlink()
            if damage == "a folder":
                entry.mkdir()
        else:
            cut = {"cut": raw[:-9] + b"", "flipped": raw, "empty": b""}[damage]
            entry.write_bytes(bytes(cut) if damage != "flipped" else bytes(raw))
    (data / "cache" / "last-run.json").unlink()
    again = release(news, data, SMALL)
    assert (again.published, again.content_digest) == (False, first.content_digest)


def test_settings_and_code_are_part_of_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    key = key_of(Settings(), ["a", b"b"])
    assert key == key_of(Settings(threads=7, cap_merged=0.1, batch_bytes=1), ["a", b"b"])
    assert key != key_of(Settings(split_above=500), ["a", b"b"])
    assert key != key_of(Settings(), ["ab", b""])
    monkeypatch.setattr(kept, "code_digest", lambda: "another version")
    assert key != key_of(Settings(), ["a", b"b"])


def test_no_withdrawn_text_is_kept(news: Path, tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    first = Cache(folder, 10_000, "a")
    entry = Entry((pa.table({"x": [1, 2]}),), [reject("s", "p", 3, Reason.EMPTY, "x", "l")])
    first.save("k", entry)
    loaded = Cache(folder, 10_000, "a").load("k")
    assert loaded is not None
    assert loaded.tables[0].equals(entry.tables[0])
    assert loaded.rejected == entry.rejected
    assert Cache(folder, 10_000, "another list of withdrawn texts").load("k") is None
    assert list(folder.glob("*.batch")) == []


def test_there_is_never_more_than_allowed_and_old_entries_go_first(tmp_path: Path) -> None:
    entry = Entry((pa.table({"x": list(range(100))}),), [])
    once = Cache(tmp_path / "one", 1 << 20, "")
    once.save("k", entry)
    size = next((tmp_path / "one").glob("*.batch")).stat().st_size
    cache = Cache(tmp_path / "some", 3 * size, "")
    for name in "abcde":
        cache.save(name, entry)
    assert [name for name in "abcde" if cache.load(name)] == ["a", "b", "c"]
    later = Cache(tmp_path / "some", 3 * size, "")
    assert later.load("b") is not None
    later.save("f", entry)
    assert len(list((tmp_path / "some").glob("*.batch"))) == 3
    later.finish()
    assert sorted(path.stem for path in (tmp_path / "some").glob("*.batch")) == ["b", "f"]


def test_nothing_is_kept_where_nothing_is_wanted(news: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    release(news, data, Settings(cache_bytes=0))
    assert not (data / "cache" / "prepared").exists()
    (data / "cache" / "last-run.json").unlink()
    release(news, data, SMALL)
    assert _entries(data)
    release(news, data, Settings(cache_bytes=0))
    assert _entries(data) == []


def test_a_place_that_can_not_be_written_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    cache = Cache(tmp_path / "file" / "cache", 10_000, "")
    cache.save("k", Entry((pa.table({"x": [1]}),), []))
    assert cache.load("k") is None


def test_a_release_that_fails_keeps_what_was_read(
    news: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("onrecord.release.publish._write_sums", full)
        with pytest.raises(RefusedError, match="No space left"):
            release(news, tmp_path / "data", SMALL)
    seen = _watch(monkeypatch)
    assert release(news, tmp_path / "data", SMALL).version == "1.0.0"
    assert seen == []


def test_threads_may_share_it(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "c", 1 << 20, "")
    entry = Entry((pa.table({"x": [1]}),), [])
    names = [f"{i:02}" for i in range(40)]
    threads = [threading.Thread(target=cache.save, args=(name, entry)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    again = Cache(tmp_path / "c", 1 << 20, "")
    assert all(again.load(name) for name in names)
