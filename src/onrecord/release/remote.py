"""Publish to S3: built in a local working folder, uploaded, and visible with one last write.

Nothing here waits for a lock there. Each run puts its release into a folder of its own, which
it reserves by creating a small object, ``releases/.claims/<folder>``; S3 lets only one run do
so. Then ``releases/index.json`` is replaced if it still is the one that the run began with
(compare and swap by e-tag). Whoever comes second finds another index, stops, and removes what it
uploaded. A claim names the index that its run began with; once the index is another one, that
run can't win any more, so whatever it left behind may be removed by anybody.
"""

import hashlib
import json
import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from onrecord.errors import ConfigurationError, OnrecordError, RefusedError
from onrecord.job import Run, call
from onrecord.job import release as build
from onrecord.outcome import Outcome
from onrecord.pipeline import rehearse as rehearse_here
from onrecord.rehearsal import Rehearsal
from onrecord.release.catalog import (
    INDEX,
    LATEST,
    PAGE,
    Entry,
    Index,
    Provenance,
    as_json,
    versions_page,
)
from onrecord.release.feed import FEED, feed
from onrecord.release.mirror import ArchiveMirror, bring_release
from onrecord.release.names import is_safe
from onrecord.release.objects import Objects
from onrecord.release.place import read_index
from onrecord.release.store import MOST_READ, ConflictError, MissingError, UnreachableError
from onrecord.release.working import held
from onrecord.settings import Settings

_RELEASES, _CLAIMS = "releases", "releases/.claims"
_AT_ONCE = 4
_UNCERTAIN = "Whether the release became visible is not known: `onrecord list` will tell."


class UncertainError(RefusedError):
    """The last write may or may not have been done."""


@dataclass(frozen=True, slots=True)
class Base:
    """The index that a run begins with.

    Attributes:
        index: what it says.
        sha256: of its bytes, in hex; empty where there is none yet.
        e_tag: of it; None where there is none yet.
    """

    index: Index
    sha256: str
    e_tag: str | None


def release_to(
    url: str,
    seeds: Path | str,
    settings: Settings,
    run: Run = call,
    within: Run = call,
    work: Path | None = None,
    sign_key: Path | None = None,
) -> tuple[Outcome, str]:
    """Build a release from a folder of sources, and publish it to S3 when anything changed.

    Args:
        url: ``s3://bucket/prefix`` of the data folder.
        seeds: folder with one folder a source, or ``s3://bucket/prefix`` of one.
        settings: see `Settings`.
        run: how stages are run.
        within: how the steps of ``prepare`` are run.
        work: local working folder; one in the user's cache where None.
        sign_key: SSH key to sign with.

    Returns:
        What was done, and the URL of the release that now is the latest.

    Raises:
        ConfigurationError: the URL, a ``source.yml`` or a setting is wrong.
        RefusedError: a check failed, S3 can't be read or written, or another run was faster.
    """
    objects = _writable(url)
    with held(work, objects.url) as folder:
        base = _read_base(objects)
        archive = ArchiveMirror(objects, folder)
        run(bring, objects, base, archive, folder)
        outcome = build(seeds, folder, settings, run, within, sign_key)
        entry = read_index(str(folder)).releases[-1]
        path = run(upload, objects, base, archive, entry, outcome)
        return outcome, objects.at(f"{_RELEASES}/{path}")


def rehearse(
    url: str,
    seeds: Path | str,
    settings: Settings,
    run: Run = call,
    within: Run = call,
    work: Path | None = None,
) -> Rehearsal:
    """Say what `release_to` would do, and write nothing to S3.

    What the release would build on is brought into the working folder.

    Args:
        url, seeds, settings, run, within, work: see `release_to`.

    Raises:
        ConfigurationError, RefusedError: see `release_to`.
    """
    objects = _writable(url)
    with held(work, objects.url) as folder:
        run(bring, objects, _read_base(objects), ArchiveMirror(objects, folder), folder)
        return rehearse_here(seeds, folder, settings, run, within)


def stage_order(local: list[str]) -> list[str]:
    """Names of the stages in their order, around those of a local run."""
    return [bring.__name__, *local, upload.__name__]


def _writable(url: str) -> Objects:
    objects = Objects(url)
    if not objects.writable:
        raise ConfigurationError(
            f"{url}: releases can be read from there, not published. Use a folder or s3://."
        )
    if objects.url.endswith(f"/{_RELEASES}"):
        raise ConfigurationError(f"{url}: name the data folder, not its folder of releases.")
    return objects


def _read_base(objects: Objects) -> Base:
    """The index there, as it is now."""
    name = f"{_RELEASES}/{INDEX}"
    try:
        raw, e_tag = objects.read(name, MOST_READ)
    except MissingError:
        return Base(Index(), "", None)
    if e_tag is None:
        raise RefusedError(f"{objects.at(name)}: has no e-tag, so two runs could both win.")
    try:
        index = Index.model_validate_json(raw)
    except ValidationError:
        raise RefusedError(f"{objects.at(name)}: damaged.") from None
    return Base(index, hashlib.sha256(raw).hexdigest(), e_tag)


def bring(objects: Objects, base: Base, archive: ArchiveMirror, folder: Path) -> None:
    """Bring here what a run builds on."""
    try:
        archive.bring()
        bring_release(objects, base.index, folder)
    except OSError as error:
        raise RefusedError(
            f"{error.filename or folder}: can't be written: {error.strerror or error}"
        ) from None


def upload(
    objects: Objects, base: Base, archive: ArchiveMirror, entry: Entry, outcome: Outcome
) -> str:
    """Upload what a run made and make it visible; return the folder of the latest release."""
    if not outcome.published:
        archive.push()
        _renew_latest(objects, outcome.path.parent)
        _renew_feed(objects)
        _tidy(objects)
        return base.index.releases[-1].path
    path = _claim(objects, base, entry.path)
    try:
        _upload_files(objects, outcome.path, f"{_RELEASES}/{path}")
        archive.push()
        _swap(objects, base, entry.model_copy(update={"path": path}))
    except UncertainError:
        raise
    except OnrecordError as error:
        _remove(objects, path)
        if isinstance(error, ConflictError) or _is_overtaken(objects, base):
            raise RefusedError(
                f"{objects.url}: another run published a release while this one was building. "
                "Nothing of this run is visible. Run it again to build on that release."
            ) from None
        raise RefusedError(f"{error} Nothing of this run is visible.") from None
    _renew_latest(objects, outcome.path.parent)
    _renew_feed(objects)
    _tidy(objects)
    return path


def _is_overtaken(objects: Objects, base: Base) -> bool:
    """Whether another run published meanwhile; it may have removed what this one uploaded."""
    try:
        return _read_base(objects).sha256 != base.sha256
    except OnrecordError:
        return False


def _claim(objects: Objects, base: Base, path: str) -> str:
    """Reserve a folder for the files of this run alone; return its name.

    Raises:
        RefusedError: the store takes no heed of conditions, so no run could be sure of anything.
    """
    content = as_json({"base": base.sha256}).encode()
    names = [path, *(f"{path}-{secrets.token_hex(4)}" for _ in range(2))]
    for name in names:
        try:
            objects.put(f"{_CLAIMS}/{name}", content, "create")
            break
        except ConflictError:
            continue
    else:
        raise ConflictError(f"{objects.at(_CLAIMS)}: no folder is free.")
    try:
        objects.put(f"{_CLAIMS}/{name}", content, "create")
    except ConflictError:
        return name
    raise RefusedError(f"{objects.url}: this store ignores conditional writes. Refused.")


def _upload_files(objects: Objects, release: Path, folder: str) -> None:
    """Upload every file of a release, and check that all of them arrived in full."""
    files = {
        f"{folder}/{path.relative_to(release).as_posix()}": path
        for path in sorted(release.rglob("*"))
        if path.is_file()
    }
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(objects.put, files, files.values()))
    arrived = {meta.name: meta.size for meta in objects.list(folder)}
    for name, path in files.items():
        if arrived.get(name) != path.stat().st_size:
            raise RefusedError(f"{objects.at(name)}: did not arrive in full.")


def _swap(objects: Objects, base: Base, entry: Entry) -> None:
    """Make a release visible, if the index still is the one that the run began with.

    Raises:
        ConflictError: it is not.
        UncertainError: the answer was lost; what was uploaded has to stay then.
    """
    name = f"{_RELEASES}/{INDEX}"
    index = base.index.model_copy(update={"releases": [*base.index.releases, entry]})
    raw = as_json(index.model_dump(exclude_none=True)).encode()
    try:
        objects.put(name, raw, {"e_tag": base.e_tag} if base.e_tag else "create")
        return
    except (ConflictError, UnreachableError):
        pass  # an answer may get lost on its way; the write, tried again, then meets itself
    try:
        now = objects.read(name, MOST_READ)[0]
    except OnrecordError as error:
        raise UncertainError(f"{error} {_UNCERTAIN}") from None
    if now == raw:
        return
    if hashlib.sha256(now).hexdigest() == base.sha256:
        raise UncertainError(f"{objects.at(name)}: not written yet. {_UNCERTAIN}")
    raise ConflictError(f"{objects.at(name)}: written by another run.")


def _renew_latest(objects: Objects, folder: Path) -> None:
    """Bring ``latest.json`` and the page of versions in line with the index.

    Also where another run moves it meanwhile.

    Args:
        objects: the data folder.
        folder: where the latest release is on this disk.
    """
    for _ in range(5):
        before = _read_base(objects)
        latest = before.index.releases[-1]
        wanted = {LATEST: as_json(latest.model_dump(exclude_none=True))}
        if any(entry.page for entry in before.index.releases):
            wanted[PAGE] = versions_page(before.index, folder)
        stale = {n: text for n, text in wanted.items() if not _is_there(objects, n, text)}
        for name, text in stale.items():
            objects.put(f"{_RELEASES}/{name}", text.encode())
        if not stale or _read_base(objects).sha256 == before.sha256:
            return


def _is_there(objects: Objects, name: str, text: str) -> bool:
    """Whether a file beside the index says what it should."""
    try:
        return objects.read(f"{_RELEASES}/{name}", MOST_READ)[0] == text.encode()
    except MissingError:
        return False


def _renew_feed(objects: Objects) -> None:
    """Bring ``feed.atom`` in line with the index.

    It says nothing that the index and the latest release do not say, so a run that overtakes this
    one writes it again, and `onrecord verify` remarks on one that was left behind.
    """
    index = _read_base(objects).index
    latest = f"{_RELEASES}/{index.releases[-1].path}"
    facts = Provenance.model_validate_json(objects.read(f"{latest}/provenance.json", MOST_READ)[0])
    log = objects.read(f"{latest}/CHANGELOG.md", MOST_READ)[0].decode()
    raw = feed(index, facts.dataset, log).encode()
    try:
        if objects.read(f"{_RELEASES}/{FEED}", MOST_READ)[0] == raw:
            return
    except MissingError:
        pass
    objects.put(f"{_RELEASES}/{FEED}", raw)


def _remove(objects: Objects, path: str) -> None:
    """Remove what this run uploaded, as far as that is possible; the next run does the rest."""
    try:
        objects.delete([meta.name for meta in objects.list(f"{_RELEASES}/{path}")])
        objects.delete([f"{_CLAIMS}/{path}"])
    except OnrecordError:
        return


def _tidy(objects: Objects) -> None:
    """Remove what runs left behind that can't win any more.

    The index is read last: a folder that it does not name then, and whose run began with
    another index, is named by none to come.
    """
    claims = {}
    for meta in objects.list(_CLAIMS):
        try:
            content = json.loads(objects.read(meta.name, MOST_READ)[0])
            claims[meta.name.rpartition("/")[2]] = content["base"]
        except (MissingError, ValueError, LookupError, TypeError):
            continue
    base = _read_base(objects)
    named = {entry.path for entry in base.index.releases}
    for path, began_with in claims.items():
        if is_safe(path) and path not in named and began_with != base.sha256:
            left = [meta.name for meta in objects.list(f"{_RELEASES}/{path}")]
            # Its run may still be uploading: the claim stays until nothing more comes.
            objects.delete(left or [f"{_CLAIMS}/{path}"])
