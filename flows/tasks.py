"""How the stages of the library become Prefect tasks: retried, timed, and never too many."""

import logging
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self, TypeVar

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.logging import get_run_logger

from flows.faults import passing
from flows.progress import Progress
from flows.series import Series

T = TypeVar("T")

#: More task runs than this stall the server's database.
MOST = 200
#: A stage that is run in batches has at most so many, also where it is done more than once.
_MOST_BATCHES = 60
#: These change what they work on, or find out for themselves what to do about a lost
#: connection: doing them twice does not do the same.
ONCE = {"unglue", "upload"}
#: Work in memory of some milliseconds a batch. It is no task: taking a batch in twice would
#: count it twice, and so many task runs say nothing.
_PLAIN = {"collect"}
RETRIES = 3
BACK_OFF = [2.0, 10.0, 60.0]


def _is_news(entry: logging.LogRecord) -> bool:
    """Whether a line is more than Prefect's remark on timeouts in threads.

    It says, for each batch, that a timeout there takes effect only between the steps of Python
    code. That is known: docs/operations.md says so, once.
    """
    return "task is running in a worker thread" not in entry.getMessage()


logging.getLogger("prefect.task_runs").addFilter(_is_news)


def _passing(_task: object, _run: object, state: Any) -> bool:
    """Retry what may pass, never a configuration or a refusal that a person must mend."""
    found = state.result(raise_on_failure=False)
    return isinstance(found, BaseException) and passing(found)


def as_task(
    step: Callable[[], T],
    name: str,
    run_name: str | None = None,
    timeout: float | None = None,
    again: bool = True,
) -> T:
    """Run a step as a task of the current flow run.

    What it works on stays out of Prefect: these are large tables that it would walk through and
    try to hash. So the step is a closure, and Prefect keeps no result; what is costly to make
    again is kept by ``onrecord.cache`` below the data folder, where a withdrawal reaches it.

    Args:
        step: what to do.
        name: of the task.
        run_name: of this run of it.
        timeout: seconds after which it is given up; None to wait for ever.
        again: whether it may be tried again.
    """

    @task(
        name=name,
        task_run_name=run_name or name,
        cache_policy=NO_CACHE,
        persist_result=False,
        retries=RETRIES if again else 0,
        retry_delay_seconds=BACK_OFF,
        retry_condition_fn=_passing,
        timeout_seconds=timeout,
    )
    def run_step() -> T:
        return step()

    return run_step()


class Tasks:
    """Runs the stages of one flow run: pass it as `run`, and use it as a context manager.

    Args:
        timeout: seconds after which a task is given up; None to wait for ever.
        progress: is told of what is done.
        again: whether stages may be tried again at all.
    """

    def __init__(
        self,
        timeout: float | None = None,
        progress: Progress | None = None,
        again: bool = True,
    ) -> None:
        self._timeout = timeout
        self._again = again
        self._progress = progress
        self._lock = threading.Lock()
        self._count = 0
        self._series: list[Series] = []
        self._idle: list[Series] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for series in self._series:
            series.close()
        if self._progress:
            self._progress.end(failed=error is not None)

    def __call__(self, stage: Callable[..., T], *args: Any, step: tuple[int, int] = (1, 1)) -> T:
        """Run one stage, or one batch of it."""
        name = stage.__name__
        if self._progress:
            self._progress.begin(name, step)
        result = self._run(lambda: stage(*args), name, step)
        if self._progress:
            self._progress.done(name, step)
        return result

    def _claim(self) -> bool:
        """Whether one more task run may be made; it is counted if so."""
        with self._lock:
            self._count += 1
            if self._count == MOST + 1:
                get_run_logger().info("%d task runs are enough: the rest runs without", MOST)
            return self._count <= MOST

    def _run(self, work: Callable[[], T], name: str, step: tuple[int, int]) -> T:
        at, of = step
        if name in _PLAIN:
            return work()
        if of > _MOST_BATCHES:
            return self._in_series(work, name, -(-of // _MOST_BATCHES))
        if not self._claim():
            return work()
        run_name = name if of == 1 else f"{name} {at} of {of}"
        return self._as_task(work, name, run_name)

    def _as_task(self, work: Callable[[], T], name: str, run_name: str) -> T:
        again = self._again and name not in ONCE
        return as_task(work, name, run_name, self._timeout, again)

    def _in_series(self, work: Callable[[], T], name: str, size: int) -> T:
        with self._lock:
            series = self._idle.pop() if self._idle else None
        if series is None:
            if not self._claim():
                return work()
            number = len(self._series) + 1
            run_name = f"{name}, series {number}, up to {size} batches"
            series = Series(size, lambda body: self._as_task(body, name, run_name))
            with self._lock:
                self._series.append(series)
        result = series.do(work)
        if series.left:
            with self._lock:
                self._idle.append(series)
        return result
