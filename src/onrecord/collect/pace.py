"""How fast one host is asked: one request at a time, with a pause after each."""

import datetime
import hashlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from onrecord.collect.problems import Problem, Reason


class StoppedError(Exception):
    """The run was told to stop."""


class Clock:
    """Time, and waiting that can be cut short."""

    def __init__(self) -> None:
        self._stopped = threading.Event()

    def now(self) -> float:
        """Seconds that only ever grow."""
        return time.monotonic()

    def utc(self) -> datetime.datetime:
        """The time of day, in UTC."""
        return datetime.datetime.now(datetime.UTC)

    def sleep(self, seconds: float) -> None:
        """Wait.

        Raises:
            StoppedError: the run was told to stop.
        """
        if self._stopped.wait(seconds):
            raise StoppedError

    def stop(self) -> None:
        """Cut all waiting short, now and from now on."""
        self._stopped.set()


@dataclass(slots=True)
class _Host:
    """A host's turn: who holds the lock may ask it."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    ready: float = float("-inf")


class Pace:
    """The pace of a run, host by host. Threads share it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._hosts: dict[str, _Host] = {}
        self._lock = threading.Lock()

    def _host(self, name: str) -> _Host:
        with self._lock:
            return self._hosts.setdefault(name, _Host())

    @contextmanager
    def turn(self, name: str, delay: float, longest: float) -> Iterator[None]:
        """Wait until a host may be asked, and keep others from asking it meanwhile.

        Args:
            name: the host.
            delay: seconds of quiet after this turn.
            longest: so many seconds may be waited for the turn.

        Raises:
            Problem: the host wants a longer wait.
            StoppedError: the run was told to stop.
        """
        host = self._host(name)
        with host.lock:
            wait = host.ready - self._clock.now()
            if wait > longest:
                raise Problem(
                    Reason.ASKED_TO_WAIT, f"{name} wants {wait:,.0f} s of quiet; left for later"
                )
            self._clock.sleep(max(0.0, wait))
            try:
                yield
            finally:
                host.ready = max(host.ready, self._clock.now() + delay)

    def hold(self, name: str, seconds: float) -> None:
        """Leave a host alone for so many seconds from now."""
        host = self._host(name)
        host.ready = max(host.ready, self._clock.now() + seconds)


def backoff(url: str, attempt: int, first: float, longest: float) -> float:
    """Seconds to wait before asking once more.

    Doubles with each attempt, and is spread between one half and the whole of that by the address:
    pages that failed together are not asked for together again, and every run waits the same.

    Args:
        url: what is asked for.
        attempt: how many failed.
        first: seconds after the first.
        longest: never wait longer than so many seconds.
    """
    spread = hashlib.sha256(f"{attempt} {url}".encode()).digest()[0] / 255
    return min(longest, first * 2.0 ** (attempt - 1)) * (0.5 + spread / 2)
