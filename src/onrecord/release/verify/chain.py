"""How a release stands among the others: the index, the latest one, and the chain.

Each release names the content digest of the one before, and the index keeps the digests of all,
also of those that a reissue after a withdrawal took the place of. So nobody can change an old
release and its checksums without breaking the link of the next one.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from onrecord.release.catalog import (
    INDEX,
    LATEST,
    Entry,
    Index,
    Provenance,
    as_json,
    version_key,
)
from onrecord.release.feed import FEED, feed
from onrecord.release.verify.files import Files, read
from onrecord.release.verify.report import Problem, Report

_NAME = "onrecord-releases"


def read_catalog(catalog: Files) -> tuple[Index | None, list[Problem], list[str]]:
    """Read ``index.json``, ``latest.json`` and ``feed.atom``.

    Args:
        catalog: the folder of releases.

    Returns:
        The index, None where it can't be read; what is wrong with the two; what is odd.
    """
    raw = read(catalog, INDEX)
    if raw is None:
        return None, [Problem(INDEX, "", "missing-file", "it can't be read")], []
    try:
        index = Index.model_validate_json(raw)
        keys = [version_key(entry.version) for entry in index.releases]
    except (ValidationError, ValueError) as error:
        return None, [Problem(INDEX, "", "source-error", _first(error))], []
    problems = [] if _canonical(raw, index) else [_not_canonical(INDEX)]
    if index.name != _NAME:
        problems.append(Problem(INDEX, "name", "index-error", f"expected {_NAME!r}"))
    if keys != sorted(set(keys)):
        message = "versions stand twice, or out of order"
        problems.append(Problem(INDEX, "releases", "index-error", message))
    for i, entry in enumerate(index.releases):
        folder = re.escape(entry.version.replace("+", "_"))
        # The suffix is of a publisher that found the plain name taken by one that failed.
        if not re.fullmatch(rf"{folder}(-[0-9a-f]{{8}})?", entry.path):
            message = f"{entry.path!r} is not the folder of {entry.version}"
            problems.append(Problem(INDEX, f"releases/{i}/path", "index-error", message))
    more, notes = _check_latest(read(catalog, LATEST), index)
    wrong, odd = _check_feed(catalog, index)
    return index, problems + more + wrong, notes + odd


def _first(error: Exception) -> str:
    return error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)


def _canonical(raw: bytes, content: Index | Entry) -> bool:
    """Whether a file is written as we write it, with all that we write and nothing else."""
    entries = content.releases if isinstance(content, Index) else [content]
    unknown = {name for one in (content, *entries) for name in one.model_extra or {}}
    needed = {"name", "releases"} if isinstance(content, Index) else set()
    if unknown - {"supersedes"} or not needed <= content.model_fields_set:
        return False
    return as_json(json.loads(raw)).encode() == raw


def _not_canonical(file: str) -> Problem:
    return Problem(file, "", "source-error", "not written as `onrecord release` writes it")


def _check_latest(raw: bytes | None, index: Index) -> tuple[list[Problem], list[str]]:
    """Compare ``latest.json`` with the index."""
    if raw is None:
        return [Problem(LATEST, "", "missing-file", "it can't be read")], []
    try:
        latest = Entry.model_validate_json(raw)
    except ValidationError as error:
        return [Problem(LATEST, "", "source-error", _first(error))], []
    if not _canonical(raw, latest):
        return [_not_canonical(LATEST)], []
    if latest not in index.releases:
        message = f"says other things of {latest.version} than {INDEX}"
        return [Problem(LATEST, "", "index-error", message)], []
    if latest != index.releases[-1]:
        # Between the two writes every publisher passes here, and a crash can leave it so.
        newest = index.releases[-1].version
        return [], [f"{LATEST} still names {latest.version}; {INDEX} has {newest}"]
    return [], []


def _feed_of(catalog: Files, index: Index) -> bytes | None:
    """The feed that an index should have; None where its latest release can't be read."""
    latest = catalog.at(index.releases[-1].path)
    raw, log = read(latest, "provenance.json"), read(latest, "CHANGELOG.md")
    try:
        facts = Provenance.model_validate_json(raw or b"")
        return feed(index, facts.dataset, (log or b"").decode()).encode()
    except ValueError:  # said of the release itself
        return None


def _check_feed(catalog: Files, index: Index) -> tuple[list[Problem], list[str]]:
    """Make ``feed.atom`` again where there is one; copies have none."""
    raw = read(catalog, FEED)
    if raw is None or not index.releases or raw == (wanted := _feed_of(catalog, index)):
        return [], []
    # Between two writes every publisher passes here, and a crash can leave it so.
    before = index.model_copy(update={"releases": index.releases[:-1]})
    if before.releases and raw == _feed_of(catalog, before):
        return [], [f"{FEED} does not name {index.releases[-1].version} yet"]
    if wanted is None:
        return [], []
    message = "is not what the index and the latest release make of it"
    return [Problem(FEED, "", "index-error", message)], []


def check_entry(
    entry: Entry,
    facts: Provenance | None,
    sums_sha256: str,
    figures: Mapping[str, Any],
    report: Report,
) -> None:
    """Compare what the index says of a release with the release.

    Args:
        entry: of the index.
        facts: what the release says of itself, None where it can't be read.
        sums_sha256: of its ``SHA256SUMS``.
        figures: what its ``quality.json`` says.
        report: takes the problems.
    """
    compared: list[tuple[str, Any, Any]] = [("sums_sha256", entry.sums_sha256, sums_sha256)]
    for name in ("documents", "paragraphs"):
        stated = getattr(entry, name)
        if stated is not None and name in figures:
            compared.append((name, stated, figures[name]))
    if facts:
        compared += [
            ("version", entry.version, facts.version),
            ("created", entry.created, facts.created),
            ("content_digest", entry.content_digest, facts.content_digest),
        ]
    for name, stated, actual in compared:
        if stated != actual:
            message = f"{stated}, but the release has {actual}"
            problem = Problem(INDEX, f"{entry.version}/{name}", "index-error", message)
            report.problems.append(problem)


def _link(stated: Any) -> tuple[str, str]:
    """(version, content digest) of a release that another one names."""
    link = stated if isinstance(stated, dict) else stated.model_dump()
    return str(link.get("version")), str(link.get("content_digest"))


def _published(index: Index) -> set[tuple[str, str]]:
    """(version, content digest) of every release that the index ever named."""
    known = {(entry.version, entry.content_digest) for entry in index.releases}
    known.update((link.version, link.content_digest) for link in index.elsewhere or [])
    for entry in index.releases:
        known.update(_link(former) for former in entry.supersedes or [])
    return known


def check_chain(index: Index, facts: Provenance, report: Report) -> None:
    """Check that a release stands on those that it says it stands on.

    Args:
        index: of the place.
        facts: what the release says of itself.
        report: takes the problems.
    """
    known = _published(index)
    versions = {version for version, _ in known}
    for name in ("previous", "supersedes"):
        stated = getattr(facts, name, None)
        if stated is None:
            continue
        version, digest = _link(stated)
        if (version, digest) in known:
            continue
        if version not in versions and index.elsewhere is not None:
            report.notes.append(f"stands on {version}, which is not here: that is not checked")
            continue
        said = (
            f"says {digest} of {version}, and {INDEX} does not"
            if version in versions
            else f"stands on {version}, which {INDEX} does not know"
        )
        report.problems.append(Problem("provenance.json", name, "chain-error", said))
    first = index.releases[0].version.partition("+")[0] if index.releases else ""
    is_first = facts.version.partition("+")[0] == first
    if getattr(facts, "previous", None) is None and not is_first:
        message = f"names no release before it, but {INDEX} has {first}"
        report.problems.append(Problem("provenance.json", "previous", "chain-error", message))
