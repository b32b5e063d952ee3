"""The archive gives back what was put into it, keeps nothing twice, and survives a crash."""

import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from onrecord.errors import NotFoundError
from onrecord.ingest.archive import Archive

ARTICLE = b"The ferry stopped before noon because of a broken rudder.\n"
LETTER = "Sehr geehrte Damen und Herren, das Café bleibt zu.\n".encode("cp1252")
FILES = [ARTICLE, LETTER, b"", b"\0\xff" * 300, b"\n"]


def sha256(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()


def packs(folder: Path) -> list[Path]:
    return sorted((folder / "packs").glob("*.pack"))


def size(folder: Path) -> int:
    """Bytes in all packs."""
    return sum(pack.stat().st_size for pack in packs(folder))


def test_what_is_put_in_comes_out(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    names = archive.put(FILES)
    assert names == [sha256(raw) for raw in FILES]
    assert [archive.get(name) for name in reversed(names)] == FILES[::-1]


def test_nothing_to_keep_makes_no_pack(tmp_path: Path) -> None:
    assert Archive(tmp_path).put([]) == []
    assert packs(tmp_path) == []


def test_nothing_is_kept_twice(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    names = archive.put([ARTICLE, LETTER, ARTICLE])
    assert names == [sha256(ARTICLE), sha256(LETTER), sha256(ARTICLE)]
    assert size(tmp_path) == len(ARTICLE) + len(LETTER)
    archive.put([LETTER])
    archive.put([ARTICLE, b"new", LETTER])
    Archive(tmp_path).put([b"new", ARTICLE])
    assert size(tmp_path) == len(ARTICLE) + len(LETTER) + len(b"new")
    assert len(packs(tmp_path)) == 2
    assert archive.get(sha256(b"new")) == b"new"


def test_another_archive_over_the_same_folder_finds_all(tmp_path: Path) -> None:
    first = Archive(tmp_path)
    names = first.put(FILES[:2]) + first.put(FILES)[2:]
    again = Archive(tmp_path)
    assert [again.get(name) for name in names] == FILES
    assert again.put(FILES) == names
    assert len(packs(tmp_path)) == 2


def test_an_unknown_sha256_is_an_error_of_its_own(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    archive.put([ARTICLE])
    with pytest.raises(NotFoundError, match=sha256(LETTER)):
        archive.get(sha256(LETTER))
    with pytest.raises(NotFoundError):
        Archive(tmp_path / "nowhere").get(sha256(ARTICLE))


def test_threads_that_put_the_same_content_keep_it_once(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    common = [b"common %d\n" % i * 100 for i in range(20)]
    own = [[b"only in %d\n" % thread * 100] for thread in range(4)]
    barrier = threading.Barrier(len(own))

    def put(mine: list[bytes]) -> list[str]:
        barrier.wait()
        return [name for raw in mine + common for name in archive.put([raw])]

    with ThreadPoolExecutor(len(own)) as pool:
        found = list(pool.map(put, own))
    assert found == [[sha256(raw) for raw in mine + common] for mine in own]
    kept = common + [raw for mine in own for raw in mine]
    for reader in (archive, Archive(tmp_path)):
        assert [reader.get(sha256(raw)) for raw in kept] == kept
    assert size(tmp_path) == sum(map(len, kept))


def test_threads_that_put_the_same_files_at_once_keep_them_once(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    files = [b"file %d\n" % i * 50 for i in range(50)]
    barrier = threading.Barrier(2)

    def put(order: int) -> list[str]:
        barrier.wait()
        return archive.put(files[::order])

    with ThreadPoolExecutor(2) as pool:
        forward, backward = pool.map(put, (1, -1))
    assert forward == backward[::-1] == [sha256(raw) for raw in files]
    assert size(tmp_path) == sum(map(len, files))
    assert [Archive(tmp_path).get(name) for name in forward] == files


def test_drafts_and_packs_without_an_index_are_not_read(tmp_path: Path) -> None:
    Archive(tmp_path).put([ARTICLE])
    folder = tmp_path / "packs"
    line = f"{sha256(LETTER)} 0 {len(LETTER)}\n"
    (folder / ".0123.index.89abcdef").write_text(line, encoding="ascii")
    (folder / ".0123.pack.89abcdef").write_bytes(LETTER)
    (folder / "4567.pack").write_bytes(LETTER)
    archive = Archive(tmp_path)
    with pytest.raises(NotFoundError):
        archive.get(sha256(LETTER))
    assert archive.get(sha256(ARTICLE)) == ARTICLE
    archive.put([LETTER])
    assert Archive(tmp_path).get(sha256(LETTER)) == LETTER


def test_the_index_is_written_after_the_pack(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    placed: list[str] = []
    replace = Path.replace

    def watched(self: Path, target: Path) -> Path:
        placed.append(target.suffix)
        if target.suffix == ".index":  # what it names is there by then, and whole
            assert target.with_suffix(".pack").stat().st_size == len(ARTICLE + LETTER)
            assert not target.exists()
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", watched)
    Archive(tmp_path).put([ARTICLE, LETTER])
    assert placed == [".pack", ".index"]


@pytest.mark.parametrize("lost", [".pack", ".index"])
def test_a_write_that_fails_leaves_nothing_half_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: str
) -> None:
    archive = Archive(tmp_path)
    archive.put([LETTER])
    replace = Path.replace

    def failing(self: Path, target: Path) -> Path:
        if target.suffix == lost:
            raise OSError(28, "No space left on device")
        return replace(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", failing)
        with pytest.raises(OSError, match="No space left"):
            archive.put([ARTICLE, LETTER])
    assert [p for p in (tmp_path / "packs").iterdir() if p.name.startswith(".")] == []
    with pytest.raises(NotFoundError):
        Archive(tmp_path).get(sha256(ARTICLE))

    archive.put([ARTICLE, LETTER])  # the same run may try again
    for reader in (archive, Archive(tmp_path)):
        assert [reader.get(sha256(raw)) for raw in (ARTICLE, LETTER)] == [ARTICLE, LETTER]


def test_a_second_run_after_a_crash_spoils_no_pack(tmp_path: Path) -> None:
    """Two batches share a file; the run is killed after one of them is kept.

    The batch that is whole has the other's file left out; the second run adds that one.
    """
    archive = Archive(tmp_path)
    archive.put([LETTER])
    (lost,) = packs(tmp_path)
    archive.put([ARTICLE, LETTER])
    for file in (lost, lost.with_suffix(".index")):  # as if killed before it was written
        file.unlink()

    again = Archive(tmp_path)
    again.put([ARTICLE, LETTER])
    for reader in (again, Archive(tmp_path)):
        assert [reader.get(sha256(raw)) for raw in (ARTICLE, LETTER)] == [ARTICLE, LETTER]
