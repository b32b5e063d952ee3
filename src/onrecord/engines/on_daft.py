"""An engine on Daft: tasks are rows of a DataFrame, and a batch function works on them.

The workers are processes of their own, one a core: reading files is mostly Python, and threads of
one process would take turns at it. On this machine Daft starts them; on a cluster Ray does, where
there is room. Results are taken one by one, as they are needed, and never collected.
"""

import os
import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import daft
import pyarrow as pa

from onrecord.engines.protocol import Work, answer, result
from onrecord.engines.waiting import in_turn
from onrecord.errors import RefusedError

#: Tasks go into one DataFrame until they have so many bytes together.
WINDOW = 256 * 1024 * 1024
#: So many answers wait here at most, besides the one that is being used.
_BUFFER = 2
#: More parts make Daft no faster: each is a task of its scheduler.
_PARTS = 4096
#: Seconds between two looks at how the workers are.
_LOOK = 2.0


class Worker:
    """What runs in a worker's process.

    Args:
        work: what to do to each task.
    """

    def __init__(self, work: Work) -> None:
        self._work = work

    @daft.method.batch(return_dtype=daft.DataType.binary(), batch_size=1)  # type: ignore[untyped-decorator]
    def answers(self, tasks: daft.Series) -> pa.Array:
        """An answer to each task."""
        found = [answer(self._work, task) for task in tasks.to_pylist()]
        return pa.array(found, pa.large_binary())


class OnDaft:
    """Maps a function over tasks with Daft.

    Args:
        workers: how many processes work at once.
        spread: whether they are on several machines.
        trouble: says what is wrong with the workers; None where nothing is.
    """

    def __init__(
        self,
        workers: int,
        spread: bool = False,
        trouble: Callable[[], str | None] = lambda: None,
    ) -> None:
        self._workers = workers
        self._spread = spread
        self._trouble = trouble

    def map(self, work: Work, tasks: Iterable[bytes]) -> Iterator[memoryview]:
        """See `Engine.map`."""
        for window in windows(tasks, WINDOW):
            for answered in in_turn(self._answers(work, window)):
                yield result(answered)

    def _answers(self, work: Work, tasks: list[bytes]) -> Iterator[tuple[int, memoryview]]:
        """Answers as they come, with the numbers of their tasks.

        Raises:
            RefusedError: the workers broke off.
        """
        workers = min(self._workers, len(tasks))
        # Not a decorator: how many there are is known only now.
        of = daft.cls(Worker, max_concurrency=workers, use_process=True, name_override="onrecord")
        numbers = pa.array(range(len(tasks)), pa.int64())
        frame = daft.from_arrow(
            pa.table({"number": numbers, "task": pa.array(tasks, pa.large_binary())})
        )
        if self._spread:
            frame = frame.into_partitions(min(len(tasks), _PARTS))
        answered = of(work).answers(frame["task"]).alias("answer")
        for batch in self._watched(frame.select(frame["number"], answered)):
            for number, data in zip(batch["number"].to_pylist(), batch["answer"], strict=True):
                yield number, memoryview(data.as_buffer())

    def _watched(self, frame: daft.DataFrame) -> Iterator[pa.RecordBatch]:
        """What a DataFrame gives, in a thread of its own: a lost worker must not hang a run."""
        found: queue.Queue[Any] = queue.Queue(_BUFFER)
        left = threading.Event()

        def put(item: object) -> None:
            while not left.is_set():
                try:
                    return found.put(item, timeout=_LOOK)
                except queue.Full:
                    continue

        def run() -> None:
            try:
                for batch in frame.to_arrow_iter(results_buffer_size=_BUFFER):
                    put(batch)
                    if left.is_set():
                        return
                put(None)
            except BaseException as error:
                put(error)

        threading.Thread(target=run, name="onrecord-daft", daemon=True).start()
        try:
            while True:
                try:
                    item = found.get(timeout=_LOOK)
                except queue.Empty:
                    if words := self._trouble():
                        raise _broken(words) from None
                    continue
                if item is None:
                    return
                if isinstance(item, BaseException):
                    raise _broken(str(item) or type(item).__name__) from item
                yield item
        finally:
            left.set()


def _broken(words: str) -> RefusedError:
    """What to say when the workers broke off."""
    lines = [line.strip() for line in words.splitlines() if line.strip()] or ["no reason given"]
    said = lines[0] if len(lines) == 1 else f"{lines[0][:300]} … {lines[-1][:300]}"
    return RefusedError(
        f"The engine's workers broke off: {said}\nNothing was published. Run it again; where it "
        "happens again, `--engine local` needs no workers."
    )


def windows(tasks: Iterable[bytes], most: int) -> Iterator[list[bytes]]:
    """Cut tasks into lists of about so many bytes.

    Args:
        tasks: taken as they are needed.
        most: a list is full when its tasks have so many bytes.
    """
    window: list[bytes] = []
    size = 0
    for task in tasks:
        window.append(task)
        size += len(task)
        if size >= most:
            yield window
            window, size = [], 0
    if window:
        yield window


def native(workers: int) -> OnDaft:
    """Daft on this machine.

    Raises:
        RefusedError: this process uses Daft on Ray already.
    """
    runner = daft.runners.get_or_infer_runner_type()
    if runner != "native" and os.environ.get("DAFT_RUNNER") != "native":
        raise RefusedError("This process uses Daft on Ray already; it can't do both.")
    daft.set_runner_native()
    return OnDaft(workers)
