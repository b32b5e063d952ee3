"""The archive and the latest release of a remote data folder, beside a run that builds on them.

A run needs of the archive the key, and which raw bytes are known: the indexes of the packs, not
the packs. Those may be larger than this disk, so empty files of their sizes stand for them, which
take no room; reading one is an error like that of a damaged pack. Only packs with collected pages
come here, because a release reads these from the archive. What is here and not there is removed
first, so that a run begins with exactly what was published, whatever an earlier one left behind;
but for what was collected here (``gathered``).
"""

import hashlib
import os
import shutil
from pathlib import Path

from onrecord.durable import write_atomically
from onrecord.errors import RefusedError
from onrecord.release import gathered
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
        self._custody: set[str] = set()

    def bring(self) -> None:
        """Make the archive here what the one there is, but for the packs.

        Raises:
            OSError: it can't be written here.
            RefusedError: it can't be read, or pages are being collected here.
        """
        self._there = {meta.name: meta for meta in self._objects.list(_ARCHIVE)}
        for name in self._there:
            if not is_safe(name):
                raise RefusedError(f"{self._objects.at(name)}: no file of an archive.")
        with gathered.no_collector(self._work):
            self._bring()
            gathered.sort_out(self._work, self._there.keys())
            for pack in gathered.packs_with_pages(self._work):
                self._bring_pack(pack)
            self._custody = {name for name in self._here() if gathered.is_custody(name)}

    def _bring(self) -> None:
        for name in self._here():
            stays = gathered.is_custody(name) or name.startswith(f"{_PACKS}/")
            if name not in self._there and not stays:
                (self._work / name).unlink()
        for name, meta in self._there.items():
            target = self._work / name
            size = target.stat().st_size if target.is_file() else None
            if size == meta.size and (name.startswith(f"{_PACKS}/") or gathered.is_custody(name)):
                continue  # named after what it holds; a record only ever gets shorter
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

    def _bring_pack(self, pack: str) -> None:
        """Bring a pack itself in place of what stands for it.

        Raises:
            RefusedError: it is damaged there.
        """
        name = f"{_PACKS}/{pack}{_PACK}"
        write_atomically(self._work / name, self._objects.stream(name), 0o600)
        if not gathered.whole(self._work / _ARCHIVE, pack):
            raise RefusedError(f"{self._objects.at(name)}: damaged: not what its index says.")

    def push(self) -> None:
        """Add to the archive there what is new here: each pack before its index, records last.

        Records of custody that came after `bring` wait for the next run, because their packs
        may not be looked at here.

        Raises:
            RefusedError: it can't be written, or somebody else changed it meanwhile.
        """
        here = [n for n in self._here() if not gathered.is_custody(n) or n in self._custody]
        packs = [name for name in here if name.startswith(f"{_PACKS}/")]
        for name in sorted(packs, key=lambda name: not name.endswith(_PACK)):
            if name not in self._there:
                self._objects.put(name, self._work / name)
        for name in sorted(set(here) - set(packs)):
            if gathered.is_custody(name) and name in self._there:
                continue
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
