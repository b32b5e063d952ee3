"""Files that are whole or not there, whatever happens while they are written.

A write is durable in this order only: content, flush, rename, flush of the folder. A rename
alone can reach the disk before the content does, and a name is lost with the folder's entry.
"""

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path

#: How the names of files begin that are not whole yet. A name says what it will be, so that a
#: run after a crash writes over the draft, and never leaves two.
DRAFT = ".new-"


def flush_folder(folder: Path) -> None:
    """Make sure that the names in a folder are on disk.

    Raises:
        OSError: the disk says no.
    """
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_atomically(path: Path, content: str | Iterable[bytes], mode: int = 0o666) -> None:
    """Write a file so that a reader sees the old content or the new, never a part.

    When this returns, content and name are on disk.

    Args:
        path: the file.
        content: all of it, as a text or as pieces.
        mode: its permissions, before the umask.

    Raises:
        OSError: it can't be written; nothing of it is left then.
    """
    pieces = [content.encode()] if isinstance(content, str) else content
    draft = path.with_name(f"{DRAFT}{path.name}")
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        with os.fdopen(os.open(draft, flags, mode), "wb") as file:
            file.writelines(pieces)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError:
        with contextlib.suppress(OSError):  # the next run removes what is left of it
            draft.unlink(missing_ok=True)
        raise
    flush_folder(path.parent)


def remove_drafts(folder: Path) -> None:
    """Remove what a crash left behind. The caller holds whatever lock guards the folder.

    Raises:
        OSError: one can't be removed.
    """
    for draft in folder.glob(f"{DRAFT}*"):
        draft.unlink()
