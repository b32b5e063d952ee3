"""An engine that sends nothing anywhere: threads of this process.

A local run does not use it, because packing what need not travel is a waste. It shows that the
packed form of the steps gives the same results, where neither Daft nor Ray is installed.
"""

from collections.abc import Iterable, Iterator
from functools import partial

from onrecord.engines.protocol import Work, answer, result
from onrecord.parallel import in_order


class Threads:
    """Maps a function over tasks in threads.

    Args:
        threads: how many work at once.
    """

    def __init__(self, threads: int) -> None:
        self._threads = threads

    def map(self, work: Work, tasks: Iterable[bytes]) -> Iterator[memoryview]:
        """See `Engine.map`."""
        for answered in in_order(partial(answer, work), tasks, self._threads):
            yield result(memoryview(answered))
