"""The archive and the latest release of a remote data folder, beside a run that builds on them.

A run needs of the archive the key, and which raw bytes are known: the indexes of the packs, not
the packs. Those may be larger than this disk, so empty files of their sizes stand for them, which
take no room; reading one is an error like that of a damaged pack. What is here and not there is
removed first, so that a run begins with exactly what was published, whatever an earlier one left
behind.
"""

import hashlib
import os
import shutil
from pathlib import Path

from onrecord.durable import write_atomically
from onrecord.errors import RefusedError
from onrecord.release.catalog import Index, read_provenance, releases_folder
from onrecord.release.fetch import fetch
from onrecord.release.names import SUMS, is_safe
from onrecord.release.objects import Meta, Objects
from onrecord.release.store import MOST_READ, ConflictError

_ARCHIVE, _PACKS = "archive", "archive/packs"
_PACK = ".pack"


def bring_release(objects: Objects, index: Index, work: Path) -> None:
    """Make the latest release the only one in a working folder.

    Raises:
        RefusedError: it can't be read, or the folder can't be written.
    """
    folder = releases_folder(work)
    folder.mkdir(parents=True, exist_ok=True)
    latest = index.releases[-1] if index.releases else None
    for path in folder.iterdir():
        facts = read_provenance(path) if path.is_dir() else None
        if facts is None and path.name[0] == ".":
            continue  # the lock, and what was under way
        sums = path / SUMS
        if not (facts and latest and _sha256(sums) == latest.sums_sha256):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    if latest:
        fetch(objects.url, latest.version, folder)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


class ArchiveMirror:
    """The archive of a remote data folder, as far as a run needs it.

    Args:
        objects: the data folder.
        work: the working folder that stands for it.
    """

    def __init__(self, objects: Objects, work: Path) -> None:
        self._objects = objects
        self._work = work
        self._there: dict[str, Meta] = {}
        self._brought: dict[str, bytes] = {}

    def bring(self) -> None:
        """Make the archive here what the one there is, but for the packs.

        Raises:
            RefusedError: it can't be read.
        """
        self._there = {meta.name: meta for meta in self._objects.list(_ARCHIVE)}
        for path in self._here():
            if path not in self._there:
                (self._work / path).unlink()
        for name, meta in self._there.items():
            if not is_safe(name):
                raise RefusedError(f"{self._objects.at(name)}: no file of an archive.")
            target = self._work / name
            size = target.stat().st_size if target.is_file() else None
            if name.startswith(f"{_PACKS}/") and size == meta.size:
                continue  # named after what it holds
            target.parent.mkdir(parents=True, exist_ok=True)
            if name.endswith(_PACK):
                target.unlink(missing_ok=True)
                target.touch(mode=0o600)
                os.truncate(target, meta.size)
                continue
            raw, e_tag = self._objects.read(name, MOST_READ)
            self._there[name] = Meta(name, len(raw), e_tag)
            self._brought[name] = raw
            write_atomically(target, [raw], 0o600)  # the key is a secret

    def push(self) -> None:
        """Add to the archive there what the run added here: each pack before its index.

        Raises:
            RefusedError: it can't be written, or somebody else changed it meanwhile.
        """
        here = self._here()
        packs = [name for name in here if name.startswith(f"{_PACKS}/")]
        for name in sorted(packs, key=lambda name: not name.endswith(_PACK)):
            if name not in self._there:
                self._objects.put(name, self._work / name)
        for name in sorted(set(here) - set(packs)):
            raw = (self._work / name).read_bytes()
            if raw == self._brought.get(name):
                continue
            before = self._there.get(name)
            try:
                self._objects.put(name, raw, {"e_tag": before.e_tag} if before else "create")
            except ConflictError:
                if self._objects.read(name, MOST_READ)[0] != raw:
                    raise

    def _here(self) -> list[str]:
        """Names of the files of the archive here; drafts of a crashed run left out."""
        folder = self._work / _ARCHIVE
        return sorted(
            path.relative_to(self._work).as_posix()
            for path in folder.rglob("*")
            if path.is_file() and not path.name.startswith(".")
        )
