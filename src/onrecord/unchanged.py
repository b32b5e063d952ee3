"""Tell that a run has nothing to do, before it does it.

A release depends on its inputs, the release before, the settings and the code. When all of these
are what they were at the end of the last run, another run can only find what that one found. So
the end of a run leaves digests of them in ``<data>/cache/last-run.json``, and the next one
compares. The bytes of every file go into it: a file's date proves nothing, and reading is cheap.
They are read last, where nothing else tells the runs apart. What the archive holds goes in, too:
where something of it was lost, the run puts it back.

The file is safe to delete: a run without it does all the work. Nothing is held meanwhile:
releases never change, and the index is replaced as a whole.
"""

import contextlib
import hashlib
import itertools
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from onrecord.discover import Found
from onrecord.durable import write_atomically
from onrecord.errors import NotFoundError
from onrecord.ingest.files import Candidate
from onrecord.ingest.load import load_all
from onrecord.ingest.quarantine import Rejected
from onrecord.keys import code_digest, framed_digest
from onrecord.outcome import NOTHING_CHANGED, Outcome
from onrecord.release.catalog import (
    INDEX,
    JOURNAL,
    Index,
    read_provenance,
    release_path,
    releases_folder,
)
from onrecord.release.sums import unchanged_files
from onrecord.settings import INDIFFERENT, Settings

#: So many files are read before they are hashed.
_AT_ONCE = 64
_FILE = Path("cache") / "last-run.json"
#: What the archive holds besides packs that decides what becomes of a file: what was withdrawn,
#: and the secret of ids.
_SMALL = ("suppressed.json", "suppressed.key", "key")

#: Settings that change only how a run goes about it. Where nothing is to be kept any more, a run
#: has something to do: it removes what was.
_HOW = INDIFFERENT - {"cache_bytes"}

#: The digest of what was read, by `place_of`.
Hashes = Mapping[str, bytes]


class LastRun(BaseModel):
    """How things stood at the end of a run.

    Attributes:
        told: see `told_digest`.
        contents: see `contents_digest`.
        version, content_digest: of the release that was the latest then.
        archive: a digest of the names and sizes of the archive's files.
        remarks: what was left out on purpose, in words.
        sample: id of a document that can be restored, None where there is none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    told: str
    contents: str
    version: str
    content_digest: str
    archive: str
    remarks: tuple[str, ...]
    sample: str | None


def told_digest(found: Found, settings: Settings) -> str:
    """A digest of all that a run works on, but for what its files hold and what was withdrawn.

    Args:
        found: what the sources hold.
        settings: of the run.
    """

    def parts() -> Iterable[str]:
        yield code_digest()
        yield settings.model_dump_json(exclude=_HOW)
        for source in found.sources:
            yield source.model_dump_json()
        yield found.dataset.model_dump_json()
        yield from map(repr, found.rejected)
        yield from found.remarks
        for c in found.candidates:
            yield repr((c.source_id, c.path, c.bytes, c.fetched))

    return framed_digest("onrecord-told/1", parts())


def place_of(candidate: Candidate) -> str:
    """Where a candidate is: its file, or a place in it."""
    return f"{candidate.file}:{candidate.fetched.start}" if candidate.fetched else candidate.file


def hash_of(raw: bytes | Rejected) -> bytes:
    """The digest of what was read."""
    seen = repr(raw).encode("utf-8", "surrogateescape") if isinstance(raw, Rejected) else raw
    return hashlib.sha256(seen).digest()


def contents_digest(candidates: Iterable[Candidate], known: Hashes, settings: Settings) -> str:
    """A digest of what all files hold.

    Args:
        candidates: the files, in a fixed order.
        known: digests of those that were read; all others are read.
        settings: of the run.
    """

    def parts() -> Iterable[bytes]:
        waiting = iter(candidates)
        while some := list(itertools.islice(waiting, _AT_ONCE)):
            unread = [one for one in some if place_of(one) not in known]
            read = iter(load_all(unread, settings.max_file_bytes))
            for one in some:
                yield known.get(place_of(one)) or hash_of(next(read))

    return framed_digest("onrecord-contents/1", parts())


def _archive_digest(archive: Path) -> str:
    """A digest of what an archive holds: names and sizes of its packs, and what was withdrawn.

    A pack never changes under its name. What was fetched when is no part of it: what a source
    has of that is in its listing.
    """
    packs = archive / "packs"
    files = sorted(packs.iterdir()) if packs.is_dir() else []
    parts = [f"{file.name} {file.stat().st_size}" for file in files]
    for name in _SMALL:
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            parts.append(f"{name} {(archive / name).read_bytes().hex()}")
    return framed_digest("onrecord-archive/1", parts)


def last_run(told: str, contents: str, done: Outcome, data: Path) -> LastRun:
    """How things stand at the end of a run: see `LastRun`. The caller holds the data folder."""
    return LastRun(
        told=told,
        contents=contents,
        version=done.version,
        content_digest=done.content_digest,
        archive=_archive_digest(data / "archive"),
        remarks=done.remarks,
        sample=done.sample,
    )


def _read_last_run(data: Path) -> LastRun | None:
    """What the last run left, None where that can't be told."""
    try:
        return LastRun.model_validate_json((data / _FILE).read_bytes())
    except (OSError, ValidationError):
        return None


def write_last_run(data: Path, last: LastRun) -> None:
    """Leave it for the next run; where that fails, the next run does all the work."""
    with contextlib.suppress(OSError):
        (data / _FILE).parent.mkdir(parents=True, exist_ok=True)
        write_atomically(data / _FILE, last.model_dump_json(indent=2) + "\n", 0o600)


def up_to_date(found: Found, data: Path, settings: Settings) -> Outcome | None:
    """What a run did that has nothing to do, None where there may be something.

    Args:
        found: what the sources hold.
        data: the data folder.
        settings: of the run.
    """
    last = _read_last_run(data)
    if last is None or (releases_folder(data) / JOURNAL).exists():
        return None
    try:
        latest = Index.model_validate_json((releases_folder(data) / INDEX).read_bytes())
        path = release_path(data)
        facts, entry = read_provenance(path), latest.releases[-1]
        known = {(x.version, x.content_digest) for x in (facts, entry, last) if x is not None}
        if facts is None or len(known) > 1 or last.told != told_digest(found, settings):
            return None
        if last.archive != _archive_digest(data / "archive"):
            return None
        unchanged_files(path)
        figures = json.loads((path / "quality.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, LookupError, NotFoundError):
        return None  # the run that does all the work says what is wrong, or mends it
    if last.contents != contents_digest(found.candidates, {}, settings):
        return None
    done = last.version, path, last.content_digest
    return Outcome(*done, False, figures, NOTHING_CHANGED, last.remarks, last.sample)
