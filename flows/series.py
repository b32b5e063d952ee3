"""One task run for many batches: it waits for the next one, does it, and hands it back.

Prefect's database slows down long before a large corpus is cut into its batches, so that a
task run has to stand for several. Their results must not wait in it: each is a large table,
and goes to whoever asked for it as soon as it is there.
"""

import contextvars
import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")
#: A batch to work on, and where its result goes; None when there are no more.
_Order = tuple[Callable[[], Any], Future[Any]] | None


class Series:
    """A task run that does up to `size` batches, in a thread of its own.

    Args:
        size: how many.
        as_task: runs a function as a task, with its retries.
    """

    def __init__(self, size: int, as_task: Callable[[Callable[[], None]], None]) -> None:
        self.left = size
        self._as_task = as_task
        self._orders: SimpleQueue[_Order] = SimpleQueue()
        self._current: _Order = None
        context = contextvars.copy_context()  # the flow run, which tasks look for there
        self._thread = threading.Thread(target=context.run, args=(self._run,), daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._as_task(self._work)
        except BaseException as error:  # whoever waits for the batch gets it
            self.left = 0
            current = self._current or self._orders.get()
            if current is not None:
                current[1].set_exception(error)

    def _work(self) -> None:
        """The body of the task. Tried again, it goes on with the batch that failed."""
        while self.left:
            self._current = self._current or self._orders.get()
            if self._current is None:
                return
            batch, result = self._current
            value = batch()
            self._current = None
            self.left -= 1
            result.set_result(value)

    def do(self, batch: Callable[[], T]) -> T:
        """Have one batch done, and wait for its result; one caller at a time."""
        result: Future[T] = Future()
        self._orders.put((batch, result))
        return result.result()

    def close(self) -> None:
        """There are no more batches: let the task run end."""
        self._orders.put(None)
        self._thread.join()
