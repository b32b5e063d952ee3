"""What was collected in a working folder and is not at its place on S3 yet.

A run makes the archive in its working folder the one that the place has. Pages that
``onrecord collect`` put there would be lost with that, so they are told apart: records of
custody that the place does not have, and the packs with bytes that these name. What a
withdrawal took out of the place in the meantime does not come back with them.
"""

import hashlib
from collections.abc import Iterator, Set
from contextlib import contextmanager
from pathlib import Path

from onrecord.collect.custody import Custody, Role
from onrecord.collect.withdrawn import Withdrawn
from onrecord.errors import RefusedError
from onrecord.ingest.archive import Archive, pack_files
from onrecord.ingest.suppress import read_suppression

CUSTODY, PACKS = "archive/custody", "archive/packs"


@contextmanager
def no_collector(work: Path) -> Iterator[None]:
    """Keep collectors away while the archive is made another.

    Raises:
        RefusedError: one is at work.
    """
    custody = Custody(work / "archive")
    if not custody.exists():
        yield
        return
    with custody.exclusive():
        yield


def is_custody(name: str) -> bool:
    """Whether a file of a data folder is a record of custody."""
    return name.startswith(f"{CUSTODY}/")


def sort_out(work: Path, there: Set[str]) -> None:
    """Of the packs that the place does not have, keep those with collected bytes alone.

    Args:
        work: the working folder; all that the place has is in it.
        there: names of the files that the place has.

    Raises:
        OSError: the archive can't be read or written.
        RefusedError: the record of custody is damaged.
    """
    folder = work / "archive"
    custody = Custody(folder)
    records = [path.name for path in custody.files() if f"{CUSTODY}/{path.name}" not in there]
    named = {visit.sha256 for visit in custody.visits(records)}
    kept = []
    for pack in _packs_here_alone(work, there):
        if whole(folder, pack).keys() & named:
            kept.append(pack)
        else:
            _drop(folder, pack)
    suppression = read_suppression(folder)
    if not records or not suppression:
        return
    from onrecord.withdraw.purge import holds  # noqa: PLC0415  (as heavy as a release)

    archive = Archive(folder)
    gone: set[str] = set()
    for pack in kept:
        files = archive.read_pack(pack)
        out = dict(zip(files, holds(suppression, list(files.values())), strict=True))
        if any(out.values()):
            archive.replace_pack(pack, [raw for name, raw in files.items() if not out[name]])
            gone |= {name for name in out if out[name]}
    custody.drop(Withdrawn(folder, suppression).visit(gone))


def _packs_here_alone(work: Path, there: Set[str]) -> list[str]:
    """Packs that the place does not have, or has only a half of."""
    names = {path.stem for path in (work / PACKS).glob("[!.]*") if path.is_file()}
    halves = ".pack", ".index"
    return sorted(n for n in names if any(f"{PACKS}/{n}{half}" not in there for half in halves))


def whole(folder: Path, pack: str) -> dict[str, bytes]:
    """What a pack holds, by sha256; nothing where it is not what its index says.

    So an empty file that stands for a pack of the place is never taken for one.
    """
    try:
        files = pack_files(folder / "packs", pack)
    except (OSError, ValueError):
        return {}
    sound = all(hashlib.sha256(raw).hexdigest() == name for name, raw in files.items())
    return files if sound else {}


def _drop(folder: Path, pack: str) -> None:
    """Remove a pack, its index first."""
    for suffix in (".index", ".pack"):
        (folder / "packs" / f"{pack}{suffix}").unlink(missing_ok=True)


def packs_with_pages(work: Path) -> list[str]:
    """Packs with pages that a release reads, and whose bytes are not here.

    Raises:
        RefusedError: the record of custody is damaged.
    """
    folder = work / "archive"
    wanted = {
        state.held.sha256
        for (_, role, _), state in Custody(folder).known().items()
        if role == Role.PAGE and state.held and state.held.sha256
    }
    archive = Archive(folder)
    found: set[str] = set()
    for sha256 in sorted(wanted):
        if not archive.has(sha256):
            continue  # a release says so
        path = archive.place(sha256)[0]
        if path.stem in found:
            continue
        try:
            archive.get(sha256)
        except RefusedError:
            found.add(path.stem)
    return sorted(found)
