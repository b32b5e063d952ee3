"""Names of files that must not be published, because they may say what the text says.

A file is often called by its headline. Where a source publishes no text, a document's id is
therefore an HMAC of its source and path, and the id stands in place of the path. A plain hash
of a path could be matched against a list of guesses; this one can't without the key.
"""

import hashlib
import hmac
from dataclasses import replace

from onrecord.ingest.files import Candidate
from onrecord.ingest.quarantine import Rejected


def concealed_id(key: bytes, source_id: str, path: str, locator: str = "") -> str:
    """The id of a document whose path is not published: ``d`` and 16 hex digits."""
    digest = hmac.new(key, b"onrecord-document/1", hashlib.sha256)
    for part in (source_id, path, locator) if locator else (source_id, path):
        data = part.encode()
        digest.update(len(data).to_bytes(8, "little") + data)
    return "d" + digest.hexdigest()[:16]


def conceal(candidate: Candidate, key: bytes) -> Candidate:
    """A file under the name that is published."""
    name = concealed_id(key, candidate.source_id, candidate.path, candidate.locator)
    extract = replace(candidate.extract, locator="") if candidate.extract else None
    return replace(candidate, path=name, document_id=name, extract=extract)


def conceal_rejected(rejected: Rejected, key: bytes) -> Rejected:
    """An entry that can't be used under the name that is published."""
    name = concealed_id(key, rejected.source_id, rejected.path, rejected.locator)
    return rejected._replace(path=name, locator="")
