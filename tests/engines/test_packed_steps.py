"""The steps that an engine runs give the same results packed, elsewhere, and in any order.

No Daft and no Ray here: threads of this process stand for them (``engines.threads``).
"""

import random
import socket
import threading
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onrecord import pipeline
from onrecord.dedup.exact import Texts
from onrecord.engines import verifying
from onrecord.engines.parcels import Parcel, pack, unpack
from onrecord.engines.preparing import Preparing
from onrecord.engines.protocol import Work, answer, result
from onrecord.engines.threads import Threads
from onrecord.engines.waiting import in_turn
from onrecord.errors import ConfigurationError, RefusedError
from onrecord.job import release
from onrecord.outcome import Outcome
from onrecord.settings import Settings

#: Of two kinds: some repeat each other nearly, some hold others.
LINES = [
    f"The {what} left the northern pier at {hour} in the morning, and {n} people were on board."
    for what in ("ferry", "steamer", "mail boat", "old ferry")
    for hour in ("six", "seven", "eight")
    for n in (12, 14)
]
SMALL = Settings(batch_bytes=700, threads=2, page=False)


class Counting(Threads):
    """Threads that count what they are sent."""

    def __init__(self) -> None:
        super().__init__(2)
        self.works: list[str] = []

    def map(self, work: Work, tasks: Iterable[bytes]) -> Iterator[memoryview]:
        def counted() -> Iterator[bytes]:
            for task in tasks:
                self.works.append(type(work).__name__)
                yield task

        return super().map(work, counted())


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Counting:
    """What a run takes for its engine where the settings ask for daft."""
    threads = Counting()
    asked = {"local": None, "daft": threads, "ray": threads}
    monkeypatch.setattr(pipeline, "open_engine", lambda settings: asked[settings.engine])
    monkeypatch.setattr(pipeline, "check_engine", lambda settings: None)
    monkeypatch.setattr(verifying, "WORTH", 0)
    monkeypatch.setattr(verifying, "PIECE", 5)
    return threads


@pytest.fixture
def news(tmp_path: Path, make_source: Callable[..., Path]) -> Path:
    rng = random.Random(7)
    files = {
        f"{i:02}.txt": "\n\n".join([*rng.sample(LINES, 4), f"Number {i}."]).encode()
        for i in range(16)
    }
    latin = "Kapitän Müller fuhr an diesem Tag nicht über den See.\n".encode("latin-1")
    odd = {"bad.txt": b"\x7fELF\0\0\1\2", "empty.txt": b" \n", "latin.txt": latin}
    make_source(tmp_path / "seeds", "news", files | odd)
    make_source(tmp_path / "seeds", "part", dict(list(files.items())[:5]), publication="excerpt")
    make_source(tmp_path / "seeds", "shut", dict(list(files.items())[5:9]), publication="metadata")
    return tmp_path / "seeds"


def _build(seeds: Path, data: Path, **chosen: Any) -> Outcome:
    (data / "archive").mkdir(parents=True, exist_ok=True)
    (data / "archive" / "key").write_bytes(bytes(range(32)))  # ids of withheld texts use it
    settings = SMALL.model_copy(update={"allow": ("news", "part", "shut"), **chosen})
    return release(seeds, data, settings)


def _entries(data: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (data / "cache" / "prepared").glob("*.batch")}


def test_an_engine_changes_nothing_and_fills_the_same_cache(
    news: Path, tmp_path: Path, engine: Counting
) -> None:
    needs_a_reader = news / "news" / "really.txt"
    needs_a_reader.write_bytes(_zip({"in.txt": LINES[1].encode()}))
    here = _build(news, tmp_path / "here")
    there = _build(news, tmp_path / "there", engine="daft")
    assert engine.works.count("Preparing") > 5
    assert engine.works.count("Verifying") > 5
    assert there.content_digest == here.content_digest
    assert (there.figures, there.remarks) == (here.figures, here.remarks)
    kept = _entries(tmp_path / "here")
    assert len(kept) > 5
    assert _entries(tmp_path / "there") == kept
    assert '"engine"' not in (there.path / "provenance.json").read_text()
    # Nothing changed is nothing changed, whatever the engine.
    assert _build(news, tmp_path / "here", engine="ray").published is False


def test_how_the_work_is_cut_up_changes_nothing(
    news: Path, tmp_path: Path, engine: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = _build(news, tmp_path / "here")
    for batch_bytes, piece in ((1, 64), (1 << 20, 1)):
        monkeypatch.setattr(verifying, "PIECE", piece)
        data = tmp_path / str(piece)
        found = _build(news, data, engine="daft", batch_bytes=batch_bytes)
        assert found.content_digest == expected.content_digest


def test_what_the_cache_has_is_not_sent(news: Path, tmp_path: Path, engine: Counting) -> None:
    _build(news, tmp_path / "data")
    (tmp_path / "data" / "cache" / "last-run.json").unlink()
    _build(news, tmp_path / "data", engine="daft")
    assert "Preparing" not in engine.works
    file = news / "news" / "03.txt"
    file.write_bytes(file.read_bytes().replace(b"Number 3", b"Number 9"))
    _build(news, tmp_path / "data", engine="daft")
    assert engine.works.count("Preparing") == 1


def test_a_worker_without_the_files_costs_no_document(
    news: Path,
    tmp_path: Path,
    engine: Counting,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    (news / "news" / "pages.zip").write_bytes(_zip({"in.txt": LINES[0].encode()}))
    expected = _build(news, tmp_path / "here")
    from onrecord.engines import preparing

    as_task = preparing._as_task

    def elsewhere(files: Any, order: Any) -> bytes:
        from dataclasses import replace

        gone = [replace(file, file=f"/nowhere{file.file}") for file in files]
        return as_task(gone, order)

    monkeypatch.setattr(preparing, "_as_task", elsewhere)
    found = _build(news, tmp_path / "there", engine="daft")
    assert engine.works.count("Preparing") > 5
    assert caplog.text.count("workers can't read some files") == 1
    assert found.content_digest == expected.content_digest
    assert found.figures == expected.figures


def _zip(files: dict[str, bytes]) -> bytes:
    import io

    room = io.BytesIO()
    with zipfile.ZipFile(room, "w") as made:
        for name, raw in files.items():
            made.writestr(name, raw)
    return room.getvalue()


def test_workers_with_another_program_are_refused(tmp_path: Path) -> None:
    from onrecord.ingest.suppress import Suppression, SuppressionList

    nothing = Suppression(SuppressionList(), b"")
    work = Preparing([], nothing, Settings(), tmp_path, "another")
    with pytest.raises(ConfigurationError, match="another version of onrecord"):
        list(Threads(1).map(work, [b""]))


def test_failures_arrive_with_their_words() -> None:
    def refuse(task: bytes) -> bytes:
        raise RefusedError(f"not {task.decode()}")

    def fail(task: bytes) -> bytes:
        raise ZeroDivisionError("by nothing")

    with pytest.raises(RefusedError, match=r"^not this$"):
        result(memoryview(answer(refuse, b"this")))
    with pytest.raises(RuntimeError, match="by nothing"):
        result(memoryview(answer(fail, b"")))


@given(st.permutations(range(12)), st.integers(0, 40))
def test_results_come_in_the_order_of_their_tasks(numbers: list[int], size: int) -> None:
    results = ((n, memoryview(bytes([n]) * (size % (n + 1)))) for n in numbers)
    assert [bytes(data) for data in in_turn(results)] == [
        bytes([n]) * (size % (n + 1)) for n in range(12)
    ]


def test_what_is_no_ray_is_refused_at_once() -> None:
    from onrecord.engines.ray_cluster import connect

    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"

        def answer_once() -> None:
            with server.accept()[0] as link:
                link.recv(64)
                link.sendall(b"HTTP/1.0 505 Version Not Supported\r\n\r\n")

        thread = threading.Thread(target=answer_once)
        thread.start()
        with pytest.raises(RefusedError, match=f"^Ray, {address}: what answers there is no Ray"):
            connect(address, 1)
        thread.join()
    with pytest.raises(RefusedError, match="Is the cluster running"):
        connect(address, 1)
    with pytest.raises(ConfigurationError, match="expected host:port"):
        connect("http://127.0.0.1:1", 1)


def test_parcels_hold_what_was_put_in() -> None:
    arrays = {
        "bits": np.array([True, False, True]),
        "none": np.empty(0, np.int32),
        "words": np.arange(7, dtype=np.uint64)[::2],
        "small": np.array([1, 255], np.uint8),
    }
    table = pa.table({"text": pa.array(["a", None, ""], pa.large_string()), "n": [1, 2, None]})
    for packed in (True, False):
        parcel = unpack(pack(Parcel({"x": [1, "y"]}, {"t": table}, arrays), packed))
        assert parcel.said == {"x": [1, "y"]}
        assert parcel.tables["t"].equals(table)
        for name, array in arrays.items():
            assert parcel.arrays[name].dtype == array.dtype
            assert parcel.arrays[name].tolist() == array.tolist()
            assert parcel.arrays[name].flags.writeable


def test_texts_without_pairs_are_verified_here() -> None:
    from onrecord.dedup.verify import view

    texts = Texts()
    nothing = np.empty(0, np.int32)
    empty = view(texts, np.empty(0, np.int64))
    ends = np.empty(0, np.int64)
    pairs = verifying.verify_on(Threads(1), empty, ends, nothing, nothing, 1)
    assert pairs.a.size == 0
