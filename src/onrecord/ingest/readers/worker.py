"""The child process: reads one file after the other, with a limit on time and memory.

It gets a request a line on its standard input and answers on what was its standard output.
The processor's time runs anew with each answer; when it is up, the system ends the process.
"""

import json
import os
import resource
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

from onrecord.ingest.readers.frames import packed
from onrecord.ingest.readers.protocol import Facts, Options
from onrecord.ingest.readers.walk import Walk

#: Real time may run so many times as long as the processor's, for a child that only waits.
PATIENCE = 6
#: Sent as the last word of a child that has no memory left.
OUT_OF_MEMORY = 77


def _limit_memory(size: int) -> None:
    """Let the process have so many bytes more than it has now."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        used = pages * resource.getpagesize()
    except (OSError, ValueError):
        return  # only Linux tells, and only there the limit works
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = used + size
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))


class _Answers:
    """Where the answers go."""

    def __init__(self, file: BinaryIO, seconds: float) -> None:
        self._file = file
        self._seconds = seconds

    def __call__(self, header: dict[str, Any], payload: bytes = b"") -> None:
        signal.setitimer(signal.ITIMER_PROF, 0)
        self._file.write(packed(header, payload))
        self._file.write(payload)
        self._file.flush()
        self.start_clock()

    def start_clock(self) -> None:
        """Let the time for the next answer begin."""
        signal.setitimer(signal.ITIMER_PROF, self._seconds)

    def stop_clock(self) -> None:
        """Nothing is being read."""
        signal.setitimer(signal.ITIMER_PROF, 0)


def _raw(request: dict[str, Any]) -> bytes:
    with Path(request["file"]).open("rb") as file:
        file.seek(request["start"])
        return file.read(request["size"])


def serve(requests: BinaryIO, answers: _Answers) -> None:
    """Answer requests until there are no more."""
    for line in requests:
        request = json.loads(line)
        options = request["options"]
        options["exclude"] = tuple(options["exclude"])
        walk = Walk(replace(Options(), **options), answers, request["resume"])
        try:
            walk.file(request["name"], _raw(request), Facts(**request["facts"]))
        except MemoryError:
            os._exit(OUT_OF_MEMORY)
        answers({"kind": "done"})
        answers.stop_clock()


def main() -> None:
    """Be a child: ``worker.main(seconds, bytes)`` with the two limits as arguments."""
    seconds, memory = float(sys.argv[1]), int(sys.argv[2])
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started it ends it
    answers = os.fdopen(os.dup(1), "wb", buffering=1 << 16)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)  # a library that prints must not garble the answers
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.setrecursionlimit(3000)
    _limit_memory(memory)
    serve(sys.stdin.buffer, _Answers(answers, seconds))
