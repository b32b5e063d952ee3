"""The archive: a private, content-addressed store of raw bytes.

Contract: ``<data>/archive/packs/`` holds packs. ``<name>.pack`` is the raw bytes of some files,
one behind the other; ``<name>.index`` has a line for each: its sha256 in hex, where it begins
and how many bytes it has. Packs, not a file each, because making a small file costs more than
everything else that is done with it. A pack is written next to its place, flushed and renamed
into it, and the folder flushed, before the same is done with its index: what an index names is
whole, also after a power cut. A pack without an index is what a crash left; it is never read,
and the next run removes it. Neither is ever changed; a withdrawal replaces a pack by one
without the withdrawn bytes. What is known already is not kept twice.
The archive is private: releases are published, it is not.
"""

import contextlib
import hashlib
import secrets
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

import filelock

from onrecord.durable import flush_folder, remove_drafts, write_atomically
from onrecord.errors import NotFoundError, RefusedError

_PACK, _INDEX = ".pack", ".index"
_KEY_BYTES = 32
#: So many packs are open at once.
_OPEN = 64


class _Place(NamedTuple):
    """Where some bytes are kept."""

    pack: str
    start: int
    size: int


def pack_files(packs: Path, pack: str) -> dict[str, bytes]:
    """What one pack of a folder of packs holds, by sha256 as its index states it.

    Raises:
        OSError, ValueError: it can't be read.
    """
    data = (packs / f"{pack}{_PACK}").read_bytes()
    found = {}
    for line in (packs / f"{pack}{_INDEX}").read_text(encoding="ascii").splitlines():
        name, start, size = line.split()
        found[name] = data[int(start) : int(start) + int(size)]
    return found


class Archive:
    """The store below one folder. Threads may share it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._packs = folder / "packs"
        self._lock = threading.Lock()
        self._places: dict[str, _Place] = {}
        for index in sorted(self._packs.glob(f"[!.]*{_INDEX}")):
            self._places |= self._read_index(index)

    @property
    def folder(self) -> Path:
        """Where it is."""
        return self._folder

    def _read_index(self, index: Path) -> dict[str, _Place]:
        """What one index names.

        Raises:
            RefusedError: it is damaged, or its pack is not what it says.
        """
        places = {}
        try:
            for line in index.read_text(encoding="ascii").splitlines():
                sha256, start, size = line.split()
                places[sha256] = _Place(index.stem, int(start), int(size))
            size_now = index.with_suffix(_PACK).stat().st_size
        except (OSError, ValueError) as error:
            raise RefusedError(
                f"{index}: the archive is damaged here: {error}. Put a copy of this file and its "
                "pack back; or remove both, and the files that are still in the sources are "
                "archived again."
            ) from None
        if size_now != sum(place.size for place in places.values()):
            pack = index.with_suffix(_PACK)
            raise RefusedError(f"{pack}: damaged: {size_now:,} bytes, not what its index says.")
        return places

    def _writing(self) -> filelock.BaseFileLock:
        """Wait for other writers: a release and a collection may run side by side.

        Between a pack and its index, nobody may take the pack for what a crash left.
        """
        return filelock.FileLock(self._folder / ".lock")

    def tidy(self) -> None:
        """Remove what a crash left behind. Only who holds the data folder may call this.

        Raises:
            RefusedError: it can't be removed.
        """
        if not self._folder.is_dir():
            return
        try:
            with self._writing():
                for folder in (self._folder, self._packs, self._folder / "withheld"):
                    remove_drafts(folder)
                for pack in self._packs.glob(f"*{_PACK}"):
                    if not pack.with_suffix(_INDEX).exists():
                        pack.unlink()
        except OSError as error:
            raise RefusedError(
                f"{error.filename or self._folder}: can't be removed: {error.strerror or error}. "
                "Nothing was published."
            ) from None

    def put(self, files: Sequence[bytes]) -> list[str]:
        """Keep the bytes of some files, in one pack.

        Returns:
            Their sha256, in hex.

        Raises:
            OSError: they can't be written.
        """
        names = [hashlib.sha256(raw).hexdigest() for raw in files]
        self.put_named(dict(zip(names, files, strict=True)))
        return names

    def put_named(self, files: Mapping[str, bytes]) -> None:
        """Keep the bytes of some files, by their sha256 in hex; see `put`."""
        with self._lock:
            # Sorted, so that the same files make the same pack in whatever order they come.
            fresh = {name: files[name] for name in sorted(files) if name not in self._places}
            if fresh:
                self._places |= self._write_pack(fresh)

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
        with self._writing():
            write_atomically(self._packs / f"{pack}{_PACK}", files.values())
            write_atomically(self._packs / f"{pack}{_INDEX}", "".join(lines))
        return places

    def place(self, sha256: str) -> tuple[Path, int, int]:
        """Where the bytes with a sha256 are: file, first byte, how many. It never changes.

        Raises:
            NotFoundError: they are not kept here.
        """
        found = self._places.get(sha256)
        if found is None:
            raise NotFoundError(f"the archive has no bytes with sha256 {sha256}")
        return self._packs / f"{found.pack}{_PACK}", found.start, found.size

    def has(self, sha256: str) -> bool:
        """Whether the bytes with a sha256 are kept here."""
        return sha256 in self._places

    def get(self, sha256: str) -> bytes:
        """The bytes with a sha256.

        Raises:
            NotFoundError: they are not kept here.
            RefusedError: the archive is damaged where they are.
            OSError: they can't be read.
        """
        path, start, size = self.place(sha256)
        with path.open("rb") as file:
            file.seek(start)
            raw = file.read(size)
        if hashlib.sha256(raw).hexdigest() != sha256:
            raise RefusedError(f"{path.name}: the archive is damaged: {sha256} differs")
        return raw

    def get_all(self, names: Sequence[str]) -> Iterator[bytes]:
        """The bytes with each of some sha256, in order; see `get`, but they are not checked."""
        with contextlib.ExitStack() as stack:
            files: dict[Path, BinaryIO] = {}
            for sha256 in names:
                path, start, size = self.place(sha256)
                if path not in files:
                    if len(files) >= _OPEN:
                        stack.close()
                        files.clear()
                    files[path] = stack.enter_context(path.open("rb"))
                files[path].seek(start)
                yield files[path].read(size)

    def packs(self) -> list[str]:
        """Names of the packs that hold something."""
        return sorted(index.stem for index in self._packs.glob(f"[!.]*{_INDEX}"))

    def read_pack(self, pack: str) -> dict[str, bytes]:
        """Everything that one pack holds, by sha256.

        Raises:
            OSError: it can't be read.
        """
        return pack_files(self._packs, pack)

    def replace_pack(self, pack: str, files: Sequence[bytes]) -> None:
        """Let a pack go, and keep some of its files in a new one.

        The new one is whole before the old one goes, and that loses its index first: a crash
        leaves both, or a pack without an index, which `tidy` removes.

        Raises:
            OSError: they can't be written or removed.
        """
        with self._lock:
            kept = {hashlib.sha256(raw).hexdigest(): raw for raw in files}
            self._places = {n: p for n, p in self._places.items() if p.pack != pack}
            if kept:
                self._places |= self._write_pack(kept)
            with self._writing():
                (self._packs / f"{pack}{_INDEX}").unlink()
                (self._packs / f"{pack}{_PACK}").unlink()
                flush_folder(self._packs)

    def has_key(self) -> bool:
        """Whether the secret that `key` gives was ever needed."""
        return (self._folder / "key").exists()

    def key(self) -> bytes:
        """The secret that ids of withheld texts are derived with, made on first use.

        Raises:
            RefusedError: it can't be read or written, or is damaged.
        """
        place = self._folder / "key"
        try:
            if not place.exists():
                self._folder.mkdir(parents=True, exist_ok=True)
                write_atomically(place, [secrets.token_bytes(_KEY_BYTES)], mode=0o600)
            key = place.read_bytes()
        except OSError as error:
            raise RefusedError(
                f"{place}: the key for ids of withheld texts can't be read or made: "
                f"{error.strerror or error}. Nothing was published."
            ) from None
        if len(key) != _KEY_BYTES:
            raise RefusedError(
                f"{place}: the key for ids of withheld texts is damaged: {len(key)} bytes, not "
                f"{_KEY_BYTES}. Put a copy of it back. Nothing was published."
            )
        return key
