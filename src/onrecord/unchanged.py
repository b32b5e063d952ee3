"""Tell that a run has nothing to do, before it does it.

A release depends on its inputs, the release before, the settings and the code. When all of these
are what they were at the end of the last run, another run can only find what that one found. So
the end of a run leaves a digest of them in ``<data>/cache/last-run.json``, and the next one
compares. The bytes of every file go into it: a file's date proves nothing, and reading is cheap.
What the archive holds goes in, too: where something of it was lost, the run puts it back.

The file is safe to delete: a run without it does all the work.
"""

import contextlib
import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from onrecord.cache import code_digest, framed_digest
from onrecord.durable import write_atomically
from onrecord.ingest.files import Candidate
from onrecord.ingest.load import load
from onrecord.ingest.quarantine import Rejected
from onrecord.settings import Settings

_FILE = Path("cache") / "last-run.json"
#: Settings that change how a run goes about it, and not what it gives.
_HOW = {"threads", "batch_bytes", "cache_bytes"}


class LastRun(BaseModel):
    """How things stood at the end of a run.

    Attributes:
        inputs: see `inputs_digest`.
        version, content_digest: of the release that was the latest then.
        archive: a digest of the names and sizes of the archive's files.
        remarks: what was left out on purpose, in words.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    inputs: str
    version: str
    content_digest: str
    archive: str
    remarks: tuple[str, ...]


def inputs_digest(candidates: Iterable[Candidate], told: Iterable[str], settings: Settings) -> str:
    """A digest of all that a run works on, but for the release before.

    Args:
        candidates: the files, in a fixed order; all of them are read.
        told: what is said of them: sources, dataset, schemas, rejected entries, withdrawn texts.
        settings: of the run.
    """

    def parts() -> Iterable[str | bytes]:
        yield code_digest()
        yield settings.model_dump_json(exclude=_HOW)
        yield from told
        for candidate in candidates:
            raw = load(candidate, settings.max_file_bytes)
            yield repr((candidate.source_id, candidate.path, candidate.fetched))
            yield repr(raw) if isinstance(raw, Rejected) else hashlib.sha256(raw).digest()

    return framed_digest("onrecord-inputs/1", parts())


def _archive_digest(archive: Path) -> str:
    """A digest of the names and sizes of an archive's files."""
    found = []
    for folder, _, names in os.walk(archive):
        for name in names:
            path = Path(folder) / name
            found.append(f"{path.relative_to(archive)} {path.stat().st_size}")
    return framed_digest("onrecord-archive/1", sorted(found))


def last_run(
    inputs: str, version: str, content_digest: str, data: Path, remarks: tuple[str, ...]
) -> LastRun:
    """How things stand now: see `LastRun`. The caller holds the data folder."""
    archive = _archive_digest(data / "archive")
    return LastRun(
        inputs=inputs,
        version=version,
        content_digest=content_digest,
        archive=archive,
        remarks=remarks,
    )


def read_last_run(data: Path) -> LastRun | None:
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
