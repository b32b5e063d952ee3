"""Many batches in one task run, and which faults are tried again."""

import errno
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from flows.faults import passing
from flows.series import Series
from onrecord.errors import ConfigurationError, RefusedError
from onrecord.job import release
from onrecord.release.store import UnreachableError
from onrecord.settings import Settings


def _three_times(body: Callable[[], None]) -> None:
    for _ in range(2):
        try:
            return body()
        except OSError:
            continue
    body()


def test_a_series_does_its_batches_in_one_task_and_ends() -> None:
    begun = []

    def once(body: Callable[[], None]) -> None:
        begun.append(1)
        body()

    series = Series(3, once)
    assert [series.do(lambda i=i: i * i) for i in range(3)] == [0, 1, 4]  # type: ignore[misc]
    assert series.left == 0
    series.close()
    assert begun == [1]


def test_a_series_that_is_closed_early_ends_too() -> None:
    series = Series(5, lambda body: body())
    assert series.do(lambda: "one") == "one"
    series.close()
    assert series.left == 4


def test_a_failed_batch_is_tried_again_alone() -> None:
    calls: list[str] = []

    def unsteady() -> str:
        calls.append("unsteady")
        if len(calls) < 4:
            raise OSError(errno.EIO, "a bad moment")
        return "done"

    series = Series(2, _three_times)
    assert series.do(lambda: calls.append("first")) is None
    assert series.do(unsteady) == "done"
    series.close()
    assert calls == ["first", "unsteady", "unsteady", "unsteady"]


def test_what_can_not_be_done_reaches_whoever_asked() -> None:
    def broken() -> None:
        raise ValueError("no")

    series = Series(2, lambda body: body())
    with pytest.raises(ValueError, match="no"):
        series.do(broken)
    assert series.left == 0
    series.close()


def test_threads_of_a_run_may_each_have_a_series(seeds: Path, tmp_path: Path) -> None:
    made: list[Series] = []

    def run(stage, *args, step=(1, 1)):  # type: ignore[no-untyped-def]
        if stage.__name__ != "prepare":
            return stage(*args)
        series = Series(1, lambda body: body())
        made.append(series)
        return series.do(lambda: stage(*args))

    small = Settings(batch_bytes=20_000, threads=2)
    split = release(seeds, tmp_path / "series", small, run)
    assert len(made) > 3
    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: [series.close() for series in made]).result(30)
    whole = release(seeds, tmp_path / "whole", Settings(threads=1))
    assert split.content_digest == whole.content_digest


def _refusal(cause: BaseException) -> BaseException:
    try:
        try:
            raise cause
        except BaseException:
            raise RefusedError("in words") from None
    except RefusedError as error:
        return error


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (OSError(errno.EIO, "input/output error"), True),
        (ConnectionResetError(errno.ECONNRESET, "reset"), True),
        (UnreachableError("no answer"), True),
        (_refusal(OSError(errno.ENOSPC, "no space")), True),
        (FileNotFoundError(errno.ENOENT, "gone"), False),
        (PermissionError(errno.EACCES, "not yours"), False),
        (_refusal(PermissionError(errno.EACCES, "not yours")), False),
        (ConfigurationError("source.yml: wrong"), False),
        (RefusedError("too much would change"), False),
        (ValueError("a fault of ours"), False),
        (TimeoutError("took too long"), False),
    ],
)
def test_only_what_may_pass_is_tried_again(error: BaseException, again: bool) -> None:
    assert passing(error) is again
