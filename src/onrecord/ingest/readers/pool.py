"""The parent's side: children that read files, one file each at a time."""

import contextlib
import json
import os
import queue
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from onrecord.ingest.quarantine import Reason
from onrecord.ingest.readers.frames import Frames
from onrecord.ingest.readers.worker import OUT_OF_MEMORY, PATIENCE

_PIECE = 1 << 18
_START = "from onrecord.ingest.readers.worker import main; main()"
#: A child may take so many seconds to start.
_STARTING = 60.0


class Died(Exception):  # noqa: N818
    """A child ended, or had to be ended, before it had read its file.

    Attributes:
        reason: what it died of.
    """

    def __init__(self, reason: Reason, found: str) -> None:
        super().__init__(found)
        self.reason = reason


class _Child:
    """One process."""

    def __init__(self, seconds: float, memory: int) -> None:
        self._seconds = seconds
        self._memory = memory
        environment = dict(os.environ)
        environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
        # The same file gives the same text, wherever it is read.
        environment |= {"PYTHONHASHSEED": "0", "TZ": "UTC", "LC_ALL": "C.UTF-8"}
        self._process = subprocess.Popen(  # noqa: S603  # our own interpreter
            [sys.executable, "-c", _START, str(seconds), str(memory)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        self._ready = select.poll()
        self._ready.register(self._process.stdout.fileno(), select.POLLIN)
        self._frames = Frames()

    def ask(self, request: dict[str, Any]) -> Iterator[tuple[dict[str, Any], bytes]]:
        """Have a file read.

        Yields:
            What the child says, up to the end of the file.

        Raises:
            Died: it ended before.
        """
        process = self._process
        assert process.stdin is not None
        try:
            process.stdin.write(json.dumps(request).encode("ascii") + b"\n")
            process.stdin.flush()
        except BrokenPipeError:
            raise self._death() from None
        patience = _STARTING + self._seconds * PATIENCE
        while True:
            header, payload = self._answer(patience)
            patience = self._seconds * PATIENCE
            if header["kind"] == "done":
                return
            if header["kind"] != "tick":
                yield header, payload

    def _answer(self, patience: float) -> tuple[dict[str, Any], bytes]:
        """The child's next answer."""
        assert self._process.stdout is not None
        until = time.monotonic() + patience
        while (found := self._frames.next()) is None:
            if not self._ready.poll(max(0.0, until - time.monotonic()) * 1000):
                self.kill()
                raise Died(Reason.PARSER_TIME, f"stopped, it waited for {self._seconds:g} s")
            data = os.read(self._process.stdout.fileno(), _PIECE)
            if not data:
                raise self._death()
            self._frames.feed(data)
        return found

    def _death(self) -> Died:
        """What the child died of."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(5)
        code = self._process.poll()
        self.kill()
        if code == -signal.SIGPROF:
            return Died(Reason.PARSER_TIME, f"stopped after {self._seconds:g} s")
        if code in (OUT_OF_MEMORY, -signal.SIGKILL):
            found = f"stopped, it took more than {self._memory:,} bytes of memory"
            return Died(Reason.PARSER_MEMORY, found)
        return Died(Reason.PARSER_FAILED, "the reader's process broke down")

    def kill(self) -> None:
        """End the process and wait for it."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                with contextlib.suppress(OSError):
                    pipe.close()
        self._process.kill()
        self._process.wait()


class Pool:
    """Some children, started when they are needed. Threads may share it."""

    def __init__(self, seconds: float, memory: int) -> None:
        self._limits = seconds, memory
        self._idle: queue.SimpleQueue[_Child] = queue.SimpleQueue()

    def read(self, request: dict[str, Any]) -> Iterator[tuple[dict[str, Any], bytes]]:
        """Have a file read by an idle child; see `_Child.ask`."""
        try:
            child = self._idle.get_nowait()
        except queue.Empty:
            child = _Child(*self._limits)
        whole = False
        try:
            yield from child.ask(request)
            whole = True
        finally:
            if whole:
                self._idle.put(child)
            else:
                child.kill()

    def close(self) -> None:
        """End all children."""
        with contextlib.suppress(queue.Empty):
            while True:
                self._idle.get_nowait().kill()


@contextmanager
def pool(seconds: float, memory: int) -> Iterator[Pool]:
    """A pool whose children end with it.

    Args:
        seconds: of the processor that a reader may take for one answer.
        memory: bytes that a child may take for reading.
    """
    children = Pool(seconds, memory)
    try:
        yield children
    finally:
        children.close()
