"""Bring a release here, or a part of it: resumed, checked, and visible only when it is whole.

Everything is put together in a staging folder beside the releases, flushed to disk and renamed
into its place; the folder's own ``index.json`` comes last. A staging folder that a crash left
behind is gone on with by the next run for the same release. Files that another release here has
too are not transferred again: they get a second name.
"""

import hashlib
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import filelock
from pydantic import ValidationError

from onrecord.durable import flush_folder, write_atomically
from onrecord.errors import RefusedError
from onrecord.release.catalog import (
    INDEX,
    LATEST,
    PAGE,
    Index,
    Link,
    as_json,
    read_provenance,
    release_counts,
    releases_folder,
    version_key,
    versions_page,
)
from onrecord.release.download import Tally, download, is_file, link
from onrecord.release.names import SELECTION, SIGNATURE, SUMS, parse_sums
from onrecord.release.place import File, Release, open_release
from onrecord.release.selection import Format, Selection, select

#: So many files are under way at once.
AT_ONCE = 8
_STAGING, _REPLACED, _PARTS = ".get-", ".replaced-", ".parts"


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a run brought.

    Attributes:
        version: of the release.
        path: its folder.
        files: how many files of it are wanted and here.
        whole: whether that is all of them.
        changed: whether this run changed anything but the index.
        transferred: bytes that came from the place.
        reused: bytes that were on this disk already.
        withdrawn: versions in the index here that the place has reissued since.
    """

    version: str
    path: Path
    files: int
    whole: bool
    changed: bool
    transferred: int
    reused: int
    withdrawn: tuple[str, ...]


def fetch(
    place: str,
    version: str | None,
    target: Path,
    tables: Sequence[str] | None = None,
    form: Format = "all",
    start: Callable[[int], Callable[[int], None]] = lambda _: lambda _: None,
) -> Fetched:
    """Bring a release into a folder of releases.

    Args:
        place: where from; see `open_release`.
        version: which; the latest where None.
        target: a data folder, or a folder of releases; made where it does not exist.
        tables: names of tables; None for all.
        form: which form of the tables.
        start: called once with the number of bytes that are wanted, as far as it is known;
            gives what is called with each number of bytes that is done.

    Raises:
        ConfigurationError: no such table, or a place that can't be used.
        NotFoundError: there is no such release.
        RefusedError: it can't be read, written, or is not what it says.
    """
    release = open_release(place, version)
    sums = release.sums()
    listed = release.files(sums)
    wanted = select(listed, tables, form)
    folder = _destination(target)
    try:
        with _exclusive(folder):
            return _bring(release, sums, listed, wanted, folder, start)
    except OSError as error:
        raise RefusedError(
            f"{error.filename or folder}: can't be written: {error.strerror or error}. "
            "What came is kept; the next run goes on with it."
        ) from None


def _destination(target: Path) -> Path:
    """The folder of releases that a folder is or has."""
    below = releases_folder(target)
    return below if (below / INDEX).is_file() else target


@contextmanager
def _exclusive(folder: Path) -> Iterator[None]:
    """Hold a folder of releases for one run, and mend what a crash left of a swap."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(folder / ".lock", timeout=0)
    try:
        lock.acquire()
    except filelock.Timeout:
        raise RefusedError(
            f"{folder}: another run is writing here. Try again when it is done."
        ) from None
    try:
        for old in folder.glob(f"{_REPLACED}*"):
            place = folder / old.name.removeprefix(_REPLACED)
            if place.exists():
                shutil.rmtree(old)
            else:
                old.rename(place)
        yield
    finally:
        lock.release()


def _bring(
    release: Release,
    sums: bytes,
    listed: list[File],
    wanted: list[File],
    folder: Path,
    start: Callable[[int], Callable[[int], None]],
) -> Fetched:
    """Bring the wanted files of a release into a folder of releases."""
    index = _read_index(folder)
    final = folder / release.version.replace("+", "_")
    wanted = _with_present(listed, wanted, final, sums)
    whole = len(wanted) == len(listed)
    tally = Tally(start(sum(file.bytes or 0 for file in wanted)))
    signature = release.signature()
    changed = not _is_there(final, wanted, whole, signature)
    if changed:
        staging = folder / f"{_STAGING}{final.name}-{hashlib.sha256(sums).hexdigest()[:12]}"
        _fill(staging, release, wanted, _present(folder, index, final), tally)
        _describe(staging, sums, signature, [] if whole else wanted)
        _check_version(release, staging)
        _swap(staging, final)
        for stale in folder.glob(f"{_STAGING}*"):
            shutil.rmtree(stale)
    _write_index(folder, index, release, final)
    return Fetched(
        release.version,
        final,
        len(wanted),
        whole,
        changed,
        tally.transferred,
        tally.reused,
        _withdrawn(release, index),
    )


def _read_index(folder: Path) -> Index:
    """What a folder of releases says that it has; nothing where it is new."""
    path = folder / INDEX
    try:
        return Index.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return Index()
    except ValidationError:
        raise RefusedError(f"{path}: damaged. Remove it, or choose another folder.") from None


def _with_present(listed: list[File], wanted: list[File], final: Path, sums: bytes) -> list[File]:
    """What is wanted, and what an earlier run chose of the same release.

    Raises:
        RefusedError: there is another release of that version.
    """
    try:
        if (final / SUMS).read_bytes() != sums:
            raise RefusedError(
                f"{final}: another release of the same version is here. Choose another folder."
            )
    except FileNotFoundError:
        return wanted
    names = {file.name for file in wanted}
    return [f for f in listed if f.name in names or (final / f.name).is_file()]


def _is_there(final: Path, wanted: list[File], whole: bool, signature: bytes | None) -> bool:
    """Whether a folder holds what is wanted, byte for byte."""
    if not final.is_dir() or (final / SELECTION).is_file() == whole:
        return False
    if signature is not None and not (final / SIGNATURE).is_file():
        return False
    return all(is_file(final / file.name, file.sha256) for file in wanted)


def _present(folder: Path, index: Index, final: Path) -> dict[str, list[Path]]:
    """Where bytes with a sha256 should be in the releases that are here; yet to be checked."""
    found: dict[str, list[Path]] = {}
    for path in [*(folder / entry.path for entry in index.releases), final]:
        try:
            listed = parse_sums((path / SUMS).read_bytes(), str(path / SUMS))
        except (OSError, RefusedError):
            continue
        for name, sha256 in listed.items():
            found.setdefault(sha256, []).append(path / name)
    return found


def _fill(
    staging: Path,
    release: Release,
    wanted: list[File],
    present: dict[str, list[Path]],
    tally: Tally,
) -> None:
    """Put the wanted files into the staging folder, several at a time."""
    parts = staging / _PARTS
    parts.mkdir(parents=True, exist_ok=True)
    names = {staging / file.name for file in wanted}
    for path in staging.rglob("*"):  # what another run for the same release wanted
        if path.is_file() and path.parent != parts and path not in names:
            path.unlink()
    same: dict[str, list[File]] = {}
    for file in wanted:
        same.setdefault(file.sha256, []).append(file)

    def bring(files: list[File]) -> None:
        first, sha256 = staging / files[0].name, files[0].sha256
        places = [first, *present.get(sha256, [])]
        here = next((path for path in places if is_file(path, sha256)), None)
        if here:
            if here != first:
                link(here, first)
            tally.was_here(first.stat().st_size)
        else:
            part = download(release.store, files[0], parts, tally)
            first.parent.mkdir(parents=True, exist_ok=True)
            part.replace(first)
        for other in files[1:]:
            link(first, staging / other.name)
            tally.was_here(first.stat().st_size)

    largest_first = sorted(same.values(), key=lambda files: -(files[0].bytes or 0))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        waiting = [pool.submit(bring, files) for files in largest_first]
        try:
            for done in as_completed(waiting):
                done.result()
        except BaseException:  # also Ctrl-C: what is under way ends at its next piece
            tally.stop.set()
            pool.shutdown(cancel_futures=True)
            raise
    shutil.rmtree(parts)


def _describe(staging: Path, sums: bytes, signature: bytes | None, selected: list[File]) -> None:
    """Add what says which files belong to the release, and which of them are here."""
    (staging / SUMS).write_bytes(sums)
    if signature is not None:
        (staging / SIGNATURE).write_bytes(signature)
    if selected:
        names = [file.name for file in selected]
        content = as_json(Selection(files=names).model_dump())
        (staging / SELECTION).write_text(content, encoding="utf-8", newline="\n")


def _check_version(release: Release, staging: Path) -> None:
    """Make sure that what came is what was asked for."""
    facts = read_provenance(staging)
    stated = release.provenance
    if facts is None or (facts.version, facts.content_digest) != (
        stated.version,
        stated.content_digest,
    ):
        shutil.rmtree(staging)
        raise RefusedError(
            f"{release.store.where}: provenance.json changed meanwhile. Nothing was kept."
        )


def _swap(staging: Path, final: Path) -> None:
    """Flush a staging folder to disk and rename it into its place."""
    for path in [*staging.rglob("*"), staging]:
        flush_folder(path)  # files take the same call
    replaced = final.with_name(f"{_REPLACED}{final.name}")
    if final.exists():
        final.rename(replaced)
    staging.rename(final)
    flush_folder(final.parent)
    shutil.rmtree(replaced, ignore_errors=True)


def _write_index(folder: Path, index: Index, release: Release, final: Path) -> None:
    """Take a release into the index of a folder."""
    stated = {"path": final.name, **release_counts(final)}
    entry = release.as_entry().model_copy(update=stated)
    others = [other for other in index.releases if other.version != entry.version]
    entries = sorted([*others, entry], key=lambda one: version_key(one.version))
    elsewhere = _elsewhere(index, release.index, {one.version for one in entries})
    renewed = index.model_copy(update={"releases": entries, "elsewhere": elsewhere})
    models = {INDEX: renewed, LATEST: entries[-1]}
    wanted = {name: as_json(model.model_dump(exclude_none=True)) for name, model in models.items()}
    if any(one.page for one in entries):
        wanted[PAGE] = versions_page(renewed, folder)
    for name, content in wanted.items():
        path = folder / name
        if not path.is_file() or path.read_text(encoding="utf-8") != content:
            write_atomically(path, content)


def _elsewhere(index: Index, there: Index | None, here: set[str]) -> list[Link] | None:
    """What is known of the releases that are not here, so that the chain can be checked."""
    known = {link.version: link for link in index.elsewhere or []}
    for entry in there.releases if there else []:
        known[entry.version] = Link(version=entry.version, content_digest=entry.content_digest)
        for old in entry.supersedes or []:
            known[old.version] = Link(version=old.version, content_digest=old.content_digest)
    left = [known[version] for version in sorted(known, key=version_key) if version not in here]
    return left if left or there is None else None


def _withdrawn(release: Release, index: Index) -> tuple[str, ...]:
    """Versions here that the place has reissued, because texts were withdrawn from them."""
    if release.index is None:
        return ()
    there = {entry.version for entry in release.index.releases}
    reissued = {version.partition("+w")[0] for version in there if "+w" in version}
    return tuple(
        entry.version
        for entry in index.releases
        if entry.version not in there and entry.version.partition("+w")[0] in reissued
    )
