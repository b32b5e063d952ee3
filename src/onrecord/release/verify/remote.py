"""Releases behind a URL, for verifying: every byte is looked at, so every file is fetched once."""

import tempfile
import threading
from pathlib import Path
from typing import BinaryIO

from onrecord.errors import NotFoundError
from onrecord.release.store import DeniedError, RemoteFiles
from onrecord.release.verify.files import Found


class Remote:
    """`Files` behind a URL. Threads may share it.

    Args:
        files: where they are.
        name: of the folder.
    """

    def __init__(self, files: RemoteFiles, name: str) -> None:
        self._files = files
        self._name = name
        self._here = tempfile.TemporaryDirectory(prefix="onrecord-")
        self._locks: dict[str, threading.Lock] = {}

    @property
    def name(self) -> str:
        """The folder's name."""
        return self._name

    def listing(self) -> list[Found] | None:
        """Everything below; None where the place can't list."""
        found = self._files.listing()
        if found is None:
            return None
        folders = {name[:at] for name, _ in found for at in range(len(name)) if name[at] == "/"}
        files = [Found(name, "file", size) for name, size in found]
        return sorted([*files, *(Found(name, "folder", 0) for name in folders)])

    def open(self, name: str) -> BinaryIO:
        """A file, for reading: the copy that was fetched.

        Raises:
            OSError: there is none.
            RefusedError: the place can't be read any more.
        """
        path = Path(self._here.name) / name.replace("/", "\\")
        with self._locks.setdefault(name, threading.Lock()):
            if not path.exists():
                draft = path.with_name(f"{path.name}.part")
                try:
                    with draft.open("wb") as file:
                        file.writelines(self._files.stream(name))
                except (NotFoundError, DeniedError) as error:
                    raise OSError(str(error)) from None
                draft.rename(path)
        return path.open("rb")

    def at(self, folder: str) -> "Remote":
        """The files below one of its folders."""
        return Remote(self._files.below(folder), folder)
