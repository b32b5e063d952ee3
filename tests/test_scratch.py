"""What is put aside comes back the same, whether it waited in memory or in files."""

import errno
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from onrecord import corpus
from onrecord.arrays import Growing
from onrecord.errors import RefusedError
from onrecord.job import release
from onrecord.release.catalog import read_provenance
from onrecord.scratch import Paged, Rows, Scratch, scratch
from onrecord.settings import Settings

SCHEMA = pa.schema([("name", pa.large_string()), ("size", pa.int64())])
#: Nothing in memory; the first tables, and by size the last would fit too; everything.
ROOM = [10, 400, 10**9]


def table(first: int, n: int) -> pa.Table:
    names: list[str | None] = [f"paragraph {i} – “é”" for i in range(first, first + n)]
    for i in range(n):
        if (first + i) % 7 in (3, 5):
            names[i] = None if (first + i) % 7 == 3 else ""
    return pa.table([names, list(range(first, first + n))], schema=SCHEMA)


PIECES = [table(0, 5), table(5, 0), table(5, 1), table(6, 11), table(17, 3)]
WHOLE = pa.concat_tables(PIECES).combine_chunks()


@pytest.fixture(params=ROOM)
def rows(request: pytest.FixtureRequest, tmp_path: Path) -> Rows:
    """The rows of all pieces."""
    aside = Scratch(tmp_path / "aside", memory=request.param)
    made = Rows(SCHEMA, aside)
    for piece in PIECES:
        made.append(piece)
    in_files = [p for p in (tmp_path / "aside").glob("*") if p.is_file()]
    assert len(in_files) == (0 if request.param == max(ROOM) else 1)
    return made


@pytest.mark.parametrize("room", [0, 10, 2000, 10**9])
def test_arrays_come_back_the_same(tmp_path: Path, room: int) -> None:
    aside = Scratch(tmp_path / "aside", memory=room)
    random = np.random.default_rng(11)
    arrays = [random.integers(0, 256, n).astype(np.uint8) for n in (1000, 0, 1, 1500, 20)]
    expected = [array.copy() for array in arrays]
    kept = [aside.keep(array) for array in arrays]
    for array in arrays:
        array[:] = 0  # whoever put it aside may use it again
    for _ in range(2):
        found: list[NDArray[np.uint8]] = [one.read() for one in kept]
        for array, same in zip(found, expected, strict=True):
            assert array.dtype == np.uint8
            assert array.tolist() == same.tolist()
    in_files = len(list((tmp_path / "aside").glob("*")))
    assert in_files == {0: 4, 10: 3, 2000: 1, 10**9: 0}[room]


def test_only_so_much_stays_in_memory(tmp_path: Path) -> None:
    aside = Scratch(tmp_path, memory=10)
    assert [aside.claim(size) for size in (6, 5, 4, 1, 0)] == [True, False, True, False, True]


def test_rows_come_back_in_their_order(rows: Rows) -> None:
    assert rows.num_rows == WHOLE.num_rows == 20
    for _ in range(2):  # as often as wanted
        assert pa.concat_tables(rows.pieces()).combine_chunks() == WHOLE
        assert rows.table() == WHOLE
    assert all(column.num_chunks == 1 for column in rows.table().columns)


@pytest.mark.parametrize("size", [1, 4, 5, 6, 19, 20, 21])
def test_groups_are_of_equal_size_wherever_pieces_end(rows: Rows, size: int) -> None:
    groups = list(rows.groups(size))
    sizes = [group.num_rows for group in groups]
    assert sizes == [size] * (20 // size) + ([20 % size] if 20 % size else [])
    assert pa.concat_tables(groups).combine_chunks() == WHOLE
    assert all(column.num_chunks == 1 for group in groups for column in group.columns)


def test_a_query_sees_all_rows_in_their_order(rows: Rows) -> None:
    frame = rows.lazy().collect()
    assert frame.equals(pl.DataFrame(pl.from_arrow(WHOLE)))
    some = rows.lazy().filter(pl.col("name").is_null()).select("size").collect()
    assert some["size"].to_list() == [3, 10, 17]


def test_open_places_are_filled_on_the_way_out(rows: Rows) -> None:
    filled = rows.filled("name", "1.2.0")
    expected = ["1.2.0" if name == "" else name for name in WHOLE["name"].to_pylist()]
    assert expected.count("1.2.0") == 3
    assert filled.table()["name"].to_pylist() == expected
    assert filled.lazy().collect()["name"].to_list() == expected
    assert [group.num_rows for group in filled.groups(8)] == [8, 8, 4]
    assert rows.table() == WHOLE


@pytest.mark.parametrize("room", ROOM)
def test_no_rows_are_an_empty_table(tmp_path: Path, room: int) -> None:
    rows = Rows(SCHEMA, Scratch(tmp_path / "aside", memory=room))
    rows.append(table(0, 0))
    assert rows.num_rows == 0
    assert list(rows.pieces()) == list(rows.groups(3)) == []
    assert rows.table() == SCHEMA.empty_table()
    assert rows.lazy().collect().columns == ["name", "size"]
    assert not (tmp_path / "aside").exists()


def test_a_scratch_is_empty_before_and_gone_after(tmp_path: Path) -> None:
    folder = tmp_path / "cache" / "scratch"
    folder.mkdir(parents=True)
    (folder / "000001").write_bytes(b"left by a run that was killed")

    def use() -> None:
        with scratch(folder) as aside:
            assert not folder.exists()
            aside.file().write_bytes(b"x")
            assert [p.name for p in folder.iterdir()] == ["000001"]
            raise InterruptedError

    with pytest.raises(InterruptedError):
        use()
    assert not folder.exists()


def test_an_array_grows_the_same_in_memory_and_in_a_file(tmp_path: Path) -> None:
    both = [Growing(np.uint16, 3), Paged(np.uint16, 3, Scratch(tmp_path / "aside"))]
    n = 0
    for more in (2, 1, 0, 50_000, 4):
        for array in both:
            array.room(n + more)[n : n + more] = np.arange(n, n + more) % 65_521
        n += more
    first, second = (array.room(n)[:n].copy() for array in both)
    assert (first == np.arange(n) % 65_521).all()
    assert (first == second).all()


def test_a_disk_that_is_full_is_told_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    aside = Scratch(tmp_path / "file" / "aside", memory=10)
    with pytest.raises(RefusedError, match=r"can't be written.*Nothing was published"):
        aside.keep(np.zeros(11, np.uint8))
    rows = Rows(SCHEMA, aside)
    with pytest.raises(RefusedError, match="can't be written"):
        rows.append(PIECES[0])


def test_a_release_without_room_in_memory_is_the_same(
    seeds: Path, seed_release: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files: list[Path] = []
    new_file = Scratch.file

    def watched(self: Scratch) -> Path:
        files.append(new_file(self))
        return files[-1]

    monkeypatch.setattr(Scratch, "claim", lambda self, size: False)
    monkeypatch.setattr(Scratch, "file", watched)
    monkeypatch.setattr(corpus, "IN_MEMORY", 0)
    outcome = release(seeds, tmp_path / "data", Settings(batch_bytes=5_000, threads=2))
    expected = read_provenance(seed_release)
    assert expected is not None
    assert outcome.content_digest == expected.content_digest
    assert len(files) > 5  # texts and rows did wait in files
    aside = tmp_path / "data" / "cache" / "scratch"
    of_the_page = tmp_path / "data" / "releases" / f".staging-{outcome.version}-aside"
    assert {path.parent for path in files} == {aside, of_the_page}
    assert not any(path.exists() for path in files)
    assert [p for p in (tmp_path / "data" / "cache" / "scratch").rglob("*") if p.is_file()] == []


def test_a_release_that_fails_leaves_nothing_aside(
    tmp_path: Path, make_source: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_source(tmp_path / "seeds", "news", {"a.txt": b"The ferry stopped before noon.\n"})
    monkeypatch.setattr(Scratch, "claim", lambda self, size: False)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("onrecord.release.publish._write_sums", full)
    with pytest.raises(RefusedError, match="No space left"):
        release(tmp_path / "seeds", tmp_path / "data", Settings())
    assert [p for p in (tmp_path / "data" / "cache" / "scratch").rglob("*") if p.is_file()] == []
