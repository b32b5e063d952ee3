"""The bytes of a file, wherever it is: in a source's folder, or in the archive."""

import hashlib
import os
from pathlib import Path

from onrecord.ingest.files import Candidate, Fetched
from onrecord.ingest.quarantine import Reason, Rejected, reject

#: A file that grew since it was found is read on in pieces of so many bytes.
_MORE = 1 << 20


def load(candidate: Candidate, max_bytes: int) -> bytes | Rejected:
    """The bytes of a file, or why it can't be read. Never waits and never reads too much."""
    at = (candidate.source_id, candidate.path)
    if candidate.fetched:
        return _load_fetched(candidate, candidate.fetched)
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
    start = candidate.fetched.start if candidate.fetched else 0
    try:
        handle = os.open(candidate.file, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            return os.pread(handle, min(size, candidate.bytes), start)
        finally:
            os.close(handle)
    except OSError:
        return None
