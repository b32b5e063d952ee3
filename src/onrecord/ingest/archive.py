"""The archive: a private, content-addressed store of raw bytes.

Contract: ``<data>/archive/packs/`` holds packs. ``<name>.pack`` is the raw bytes of some files,
one behind the other; ``<name>.index`` has a line for each: its sha256 in hex, where it begins
and how many bytes it has. Packs, not a file each, because making a small file costs more than
everything else that is done with it. A pack is written next to its place and renamed into it,
its index last, so that what an index names is whole; neither is ever changed. What is known
already is not kept twice. The archive is private: releases are published, it is not.
"""

import hashlib
import os
import secrets
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from onrecord.errors import NotFoundError, RefusedError

_PACK, _INDEX = ".pack", ".index"


class _Place(NamedTuple):
    """Where some bytes are kept."""

    pack: str
    start: int
    size: int


class Archive:
    """The store below one folder. Threads may share it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._packs = folder / "packs"
        self._lock = threading.Lock()
        self._places: dict[str, _Place] = {}
        for index in sorted(self._packs.glob(f"*{_INDEX}")):
            for line in index.read_text(encoding="ascii").splitlines():
                sha256, start, size = line.split()
                self._places[sha256] = _Place(index.stem, int(start), int(size))

    def put(self, files: Sequence[bytes]) -> list[str]:
        """Keep the bytes of some files, in one pack.

        Returns:
            Their sha256, in hex.

        Raises:
            OSError: they can't be written.
        """
        names = [hashlib.sha256(raw).hexdigest() for raw in files]
        with self._lock:
            fresh = {
                name: raw
                for name, raw in zip(names, files, strict=True)
                if name not in self._places
            }
            if fresh:
                self._places |= self._write_pack(fresh)
        return names

    def _write_pack(self, files: dict[str, bytes]) -> dict[str, _Place]:
        """Write files, by their sha256, as a pack; return where they are."""
        # Named after what it holds: the same name has the same bytes, whoever writes it.
        pack = hashlib.sha256("".join(files).encode()).hexdigest()[:32]
        places = {}
        at = 0
        for name, raw in files.items():
            places[name] = _Place(pack, at, len(raw))
            at += len(raw)
        lines = [f"{name} {place.start} {place.size}\n" for name, place in places.items()]
        self._packs.mkdir(parents=True, exist_ok=True)
        self._write(f"{pack}{_PACK}", list(files.values()))
        self._write(f"{pack}{_INDEX}", ["".join(lines).encode()])
        return places

    def _write(self, name: str, pieces: list[bytes]) -> None:
        """Write a file that is never seen half-written."""
        draft = self._packs / f".{name}.{secrets.token_hex(4)}"
        try:
            with draft.open("wb") as file:
                file.writelines(pieces)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(self._packs / name)
        except OSError:
            draft.unlink(missing_ok=True)
            raise

    def get(self, sha256: str) -> bytes:
        """The bytes with a sha256.

        Raises:
            NotFoundError: they are not kept here.
            OSError: they can't be read.
        """
        if sha256 not in self._places:
            raise NotFoundError(f"the archive has no bytes with sha256 {sha256}")
        place = self._places[sha256]
        with (self._packs / f"{place.pack}{_PACK}").open("rb") as file:
            file.seek(place.start)
            return file.read(place.size)

    def key(self) -> bytes:
        """The secret that ids of withheld texts are derived with, made on first use.

        Raises:
            RefusedError: it can't be read or written.
        """
        place = self._folder / "key"
        try:
            if not place.exists():
                self._folder.mkdir(parents=True, exist_ok=True)
                handle = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with os.fdopen(handle, "wb") as file:
                    file.write(secrets.token_bytes(32))
            return place.read_bytes()
        except OSError as error:
            raise RefusedError(
                f"{place}: the key for ids of withheld texts can't be read or made: "
                f"{error.strerror or error}. Nothing was published."
            ) from None
