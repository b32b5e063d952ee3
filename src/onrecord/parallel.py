"""Run a function over pieces of work in threads, with results in the order of the pieces.

Kernels release Python's lock, so threads use every core without copying an array. The number
of threads never changes a result: pieces are cut by size alone and put together in order.
"""

import contextvars
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

P = TypeVar("P")
T = TypeVar("T")


def cores() -> int:
    """How many threads are worth having: the cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_order(function: Callable[[P], T], pieces: Iterable[P], threads: int) -> Iterator[T]:
    """Apply a function to each piece and yield the results in order.

    Args:
        function: called in a thread, with a copy of the caller's context variables.
        pieces: what to work on; taken only as fast as results are consumed, so that no
            more than `threads` + 1 are in memory.
        threads: how many run at once; 1 runs in the caller's thread.
    """
    if threads < 2:
        yield from map(function, pieces)
        return
    waiting: deque[Future[T]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        try:
            for piece in pieces:
                context = contextvars.copy_context()
                waiting.append(pool.submit(context.run, function, piece))
                if len(waiting) > threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
