"""The bytes of a file, wherever it is: in a source's folder, or in the archive."""

import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from onrecord.ingest.files import Candidate, Fetched
from onrecord.ingest.quarantine import Reason, Rejected, reject

if TYPE_CHECKING:
    from onrecord.release.objects import Objects

#: So many files are fetched at once from where each takes its time.
_AT_ONCE = 16
#: A file that grew since it was found is read on in pieces of so many bytes.
_MORE = 1 << 20


def is_remote(candidate: Candidate) -> bool:
    """Whether a file is in an object store."""
    return "://" in candidate.file and candidate.fetched is None


def load_all(candidates: Sequence[Candidate], max_bytes: int) -> list[bytes | Rejected]:
    """The bytes of some files, or why they can't be read; see `load`."""
    if not any(map(is_remote, candidates)):
        return [load(candidate, max_bytes) for candidate in candidates]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(partial(load, max_bytes=max_bytes), candidates))


def load(candidate: Candidate, max_bytes: int) -> bytes | Rejected:
    """The bytes of a file, or why it can't be read. Never reads too much.

    Never waits for a file on disk.

    Raises:
        RefusedError: an object store does not answer; what it holds is unknown then.
    """
    at = (candidate.source_id, candidate.path)
    if candidate.fetched:
        return _load_fetched(candidate, candidate.fetched)
    if is_remote(candidate):
        return _load_remote(candidate, max_bytes)
    try:
        handle = os.open(candidate.file, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            raw = os.read(handle, candidate.bytes + 1)
            # One byte less than asked for is the end of the file, as it was when it was found.
            while len(raw) != candidate.bytes and len(raw) <= max_bytes:
                more = os.read(handle, _MORE)
                if not more:
                    break
                raw += more
        finally:
            os.close(handle)
    except OSError as error:
        found = error.strerror or str(error)
        return reject(*at, candidate.bytes, Reason.UNREADABLE, found)
    if len(raw) > max_bytes:
        found = f"more than {max_bytes:,} bytes"
        return reject(*at, candidate.bytes, Reason.TOO_LARGE, found)
    return raw


@cache
def _store(url: str) -> "Objects":
    from onrecord.release.objects import Objects  # noqa: PLC0415 (local files never need it)

    return Objects(url)


def _object(candidate: Candidate) -> tuple["Objects", str]:
    """The bucket of a file, and its name there."""
    scheme, _, rest = candidate.file.partition("://")
    bucket, _, name = rest.partition("/")
    return _store(f"{scheme}://{bucket}"), name


def _load_remote(candidate: Candidate, max_bytes: int) -> bytes | Rejected:
    """The bytes of a file in an object store, or why they can't be had."""
    from onrecord.release.store import MissingError  # noqa: PLC0415 (see `_store`)

    at = (candidate.source_id, candidate.path)
    objects, name = _object(candidate)
    try:
        raw = objects.part(name, 0, max_bytes + 1)
    except MissingError:
        found = "it was removed while the sources were read"
        return reject(*at, candidate.bytes, Reason.UNREADABLE, found)
    if len(raw) > max_bytes:
        found = f"more than {max_bytes:,} bytes"
        return reject(*at, candidate.bytes, Reason.TOO_LARGE, found)
    return raw


def _load_fetched(candidate: Candidate, fetched: Fetched) -> bytes | Rejected:
    """The bytes of a file that was fetched, or why they can't be had from the archive."""
    at = (candidate.source_id, candidate.path)
    try:
        with Path(candidate.file).open("rb") as pack:
            pack.seek(fetched.start)
            raw = pack.read(candidate.bytes)
    except OSError as error:
        found = f"archive: {error.strerror or error}"
        return reject(*at, candidate.bytes, Reason.UNREADABLE, found)
    if hashlib.sha256(raw).hexdigest() != fetched.sha256:
        found = "the archive has other bytes than were fetched"
        return reject(*at, candidate.bytes, Reason.UNREADABLE, found)
    return raw


def head(candidate: Candidate, size: int) -> bytes | None:
    """The first bytes of a file, None where it can't be read."""
    if is_remote(candidate):
        objects, name = _object(candidate)
        return objects.part(name, 0, min(size, candidate.bytes))
    start = candidate.fetched.start if candidate.fetched else 0
    try:
        handle = os.open(candidate.file, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            return os.pread(handle, min(size, candidate.bytes), start)
        finally:
            os.close(handle)
    except OSError:
        return None
