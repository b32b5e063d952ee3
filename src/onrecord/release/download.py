"""Bring one file here and check it: resumed where it broke off, kept only when it is right.

Parts are named by the sha256 that the whole must have, so a part can never be mistaken for the
beginning of another file; and the whole is checked whatever came before.
"""

import hashlib
import os
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

from onrecord.errors import RefusedError
from onrecord.release.place import File
from onrecord.release.store import Files, NoRangesError, UnreachableError

#: A file whose size no descriptor states is at most so large, in bytes.
MOST_UNSTATED = 1 << 30
#: So often in a row a transfer may break off without a single byte in between.
ATTEMPTS = 4
_PIECE = 1024 * 1024


class StoppedError(Exception):
    """Another transfer failed, so this one was stopped; its part stays."""


class Tally:
    """How many bytes came, and how many were here. Threads share it.

    Args:
        show: called with each number of bytes that is done.
    """

    def __init__(self, show: Callable[[int], None]) -> None:
        self.transferred = 0
        self.reused = 0
        self.stop = threading.Event()
        self._show = show
        self._lock = threading.Lock()

    def came(self, size: int) -> None:
        """Account for bytes from the place."""
        with self._lock:
            self.transferred += size
            self._show(size)

    def was_here(self, size: int) -> None:
        """Account for bytes that were on this disk."""
        with self._lock:
            self.reused += size
            self._show(size)


def is_file(path: Path, sha256: str) -> bool:
    """Whether a path is a regular file with these bytes."""
    if path.is_symlink() or not path.is_file():
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == sha256


def link(source: Path, target: Path) -> None:
    """Give a file a second name, or a copy where the disk has no second names."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def download(source: Files, file: File, parts: Path, tally: Tally) -> Path:
    """Bring a file here.

    Args:
        source: where it comes from.
        file: which.
        parts: folder for what is under way.
        tally: for the bytes.

    Returns:
        Where it is, whole and checked.

    Raises:
        NotFoundError: the place does not have it.
        RefusedError: it can't be read, or its bytes are not the right ones.
        StoppedError: the tally said so.
    """
    part = parts / file.sha256
    resumed = _size(part)
    for _ in range(2):
        if _complete(source, file, part, tally) == file.sha256:
            return part
        part.unlink(missing_ok=True)
        if not resumed:
            break
        resumed = 0  # the fault may be in what was here; once more from the start
    raise RefusedError(
        f"{source.where}/{file.name}: the bytes that came are not the ones that SHA256SUMS names. "
        "They were not kept."
    )


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _complete(source: Files, file: File, part: Path, tally: Tally) -> str:
    """Add what is missing to a part; return the sha256 of all of it."""
    digest = hashlib.sha256()
    at = 0
    with part.open("a+b") as target:
        target.seek(0)
        while piece := target.read(_PIECE):
            digest.update(piece)
            at += len(piece)
        if file.bytes is not None and at > file.bytes:
            return ""
        tally.was_here(at)
        failed = 0
        while at != file.bytes and digest.hexdigest() != file.sha256:
            began = at
            try:
                for piece in source.stream(file.name, at):
                    if tally.stop.is_set():
                        raise StoppedError
                    at += len(piece)
                    _check_size(source, file, at)
                    target.write(piece)
                    digest.update(piece)
                    tally.came(len(piece))
                break
            except NoRangesError:
                target.truncate(0)
                digest, at = hashlib.sha256(), 0
            except UnreachableError:
                failed = 1 if at > began else failed + 1
                if failed == ATTEMPTS:
                    raise
                time.sleep(0.1 * 2**failed)
    return digest.hexdigest()


def _check_size(source: Files, file: File, at: int) -> None:
    most = MOST_UNSTATED if file.bytes is None else file.bytes
    if at > most:
        raise RefusedError(f"{source.where}/{file.name}: more than {most:,} bytes came. Refused.")
