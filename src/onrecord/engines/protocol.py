"""What an engine is: it maps a function over tasks, elsewhere, and keeps their order."""

import json
import traceback
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from onrecord import errors
from onrecord.errors import OnrecordError, RefusedError

#: What is done to a task. It is sent to where it is done, so it is a function of a module, or an
#: object of a class of one that can be pickled.
Work = Callable[[bytes], bytes]

_DONE, _FAILED = b"\0", b"\1"


class Engine(Protocol):
    """Maps a function over tasks."""

    def map(self, work: Work, tasks: Iterable[bytes]) -> Iterator[memoryview]:
        """Do the work on each task; yield the results in the order of the tasks.

        Args:
            work: what to do.
            tasks: taken piece by piece, so that they need not be in memory all at once.

        Raises:
            OnrecordError: as `work` raised it.
            RefusedError: the engine broke off.
        """
        ...


def answer(work: Work, task: bytes) -> bytes:
    """Do the work; what it raises becomes an answer, too, so that its words arrive here."""
    try:
        return _DONE + work(task)
    except OnrecordError as error:
        kind, words = type(error).__name__, str(error)
    except Exception:
        kind, words = "", traceback.format_exc()
    return _FAILED + json.dumps([kind, words]).encode()


def result(answered: memoryview) -> memoryview:
    """The result in an answer.

    Raises:
        OnrecordError: what the work raised.
        RuntimeError: it failed in another way; with the traceback from there.
    """
    if answered[:1] == _DONE:
        return answered[1:]
    kind, words = json.loads(bytes(answered[1:]))
    if not kind:
        raise RuntimeError(f"a worker failed:\n{words}")
    known = getattr(errors, kind, RefusedError)
    raise known(words)
