"""Bring results into the order of their tasks, in bounded memory.

A cluster gives results as they come. One that is early waits in a file until its turn.
"""

import tempfile
from collections.abc import Iterable, Iterator
from typing import IO


def in_turn(results: Iterable[tuple[int, memoryview]]) -> Iterator[memoryview]:
    """Results in the order of their numbers.

    Args:
        results: with their numbers, each of which from 0 on comes once, in any order.
    """
    due = 0
    early: dict[int, tuple[int, int]] = {}
    room: IO[bytes] | None = None
    try:
        for number, data in results:
            if number != due:
                room = room or tempfile.TemporaryFile()  # noqa: SIM115 (closed below)
                early[number] = room.seek(0, 2), len(data)
                room.write(data)
                continue
            yield data
            due += 1
            while room and due in early:
                start, size = early.pop(due)
                room.seek(start)
                yield memoryview(room.read(size))
                due += 1
            if room and not early:
                room.close()
                room = None
    finally:
        if room:
            room.close()
