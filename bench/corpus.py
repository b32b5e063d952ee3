"""The text that the benchmarks run on.

``CORPUS`` names a folder or an archive (tar, also compressed) with one folder a collection.
Without it the shared corpus beside the repository is taken, and where that is missing the
repository's own ``seeds/``; `describe` says which, so that no figure is read for another.
"""

import csv
import io
import os
import tarfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared" / "corpora" / "public.tar.xz"
SEEDS = ROOT / "seeds"

_LISTING = "sources.csv"
_NO_TEXT = {_LISTING, "source.yml", "README.md"}


@dataclass(frozen=True, slots=True, order=True)
class File:
    """One document of the corpus.

    Attributes:
        collection: the folder it stands in, at the top.
        path: below the collection, with forward slashes.
        language: BCP-47, None where the corpus does not state it.
        licence: as the corpus states it, None where it does not.
        data: its bytes.
    """

    collection: str
    path: str
    language: str | None
    licence: str | None
    data: bytes


@dataclass(frozen=True, slots=True)
class Corpus:
    """All documents, and where they come from.

    Attributes:
        origin: the folder or archive.
        is_seeds: whether it is only the repository's own seeds.
        files: sorted by collection and path.
    """

    origin: Path
    is_seeds: bool
    files: list[File]

    @property
    def bytes(self) -> int:
        """Size of all documents together."""
        return sum(len(file.data) for file in self.files)

    def describe(self) -> str:
        """One line for the head of a report."""
        size = f"{len(self.files):,} documents, {self.bytes / 1e6:,.1f} MB"
        if self.is_seeds:
            return f"the repository's seeds ({size}), for want of a corpus: set CORPUS"
        return f"{self.origin.name} ({size})"


def _members(origin: Path) -> dict[str, bytes]:
    """Bytes of every regular file of a folder or an archive, by its path."""
    if origin.is_dir():
        files = sorted(path for path in origin.rglob("*") if path.is_file())
        return {path.relative_to(origin).as_posix(): path.read_bytes() for path in files}
    found = {}
    with tarfile.open(origin) as archive:
        for member in archive:
            content = archive.extractfile(member) if member.isfile() else None
            if content is not None:
                found[str(PurePosixPath(member.name))] = content.read()
    return found


def open_corpus(where: str | None = None) -> Corpus:
    """Read the corpus.

    Args:
        where: a folder or an archive; the environment's ``CORPUS``, the shared corpus, or
            ``seeds/`` where it is not given.

    Raises:
        SystemExit: it can't be read; the message says why.
    """
    chosen = where or os.environ.get("CORPUS")
    origin = Path(chosen) if chosen else SHARED if SHARED.exists() else SEEDS
    try:
        members = _members(origin)
    except (OSError, tarfile.TarError) as error:
        raise SystemExit(f"{origin}: no folder or archive of text: {error}") from None
    stated: dict[str, dict[str, str]] = {}
    if _LISTING in members:
        listing = csv.DictReader(io.StringIO(members[_LISTING].decode()))
        stated = {row["file"]: row for row in listing}
    files = []
    for name in sorted(members):
        collection, slash, path = name.partition("/")
        if not slash or PurePosixPath(name).name in _NO_TEXT:
            continue
        row = stated.get(name, {})
        language, licence = row.get("language") or None, row.get("licence") or None
        files.append(File(collection, path, language, licence, members[name]))
    if not files:
        raise SystemExit(f"{origin}: holds no documents in folders")
    return Corpus(origin, origin == SEEDS, sorted(files))
