"""Most memory that a process and all its children hold at once.

An engine may work in processes of its own, so the high-water mark of one says little.
"""

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

_EVERY = 0.5  # seconds


@dataclass(slots=True)
class Memory:
    """In MiB.

    Attributes:
        own: most at once that can't be had back but by writing it to a swap space.
        pages: most at once of pages of files, which the system takes out where it needs room.
    """

    own: float = 0.0
    pages: float = 0.0


def _held(pid: int) -> tuple[int, int]:
    """KiB that one process holds: its own, and pages of files."""
    own = pages = 0
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
            name, _, value = line.partition(":")
            if name == "RssAnon":
                own += int(value.split()[0])
            elif name in ("RssFile", "RssShmem"):
                pages += int(value.split()[0])
    return own, pages


@contextlib.contextmanager
def watched() -> Iterator[Memory]:
    """Watch over all children of this process while the context lasts."""
    most = Memory()
    done = threading.Event()

    def watch() -> None:
        while not done.wait(_EVERY):
            held = [_held(child.pid) for child in psutil.Process().children(recursive=True)]
            most.own = max(most.own, sum(own for own, _ in held) / 1024)
            most.pages = max(most.pages, sum(pages for _, pages in held) / 1024)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield most
    finally:
        done.set()
        thread.join()
