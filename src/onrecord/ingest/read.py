"""Read a batch of files: text into a table, the rest aside."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa

from onrecord.ingest.decode import REPLACEMENT, Decoded, decode, is_nfc
from onrecord.ingest.files import Candidate, Fetched
from onrecord.ingest.quarantine import Reason, Rejected, reject
from onrecord.ingest.suppress import Suppression

#: Name and version of the plain-text reader, published with each document.
READER = "text/1"

#: What begins with one of these is no text, whatever else it looks like.
_SIGNATURES = {
    b"\x89PNG\r\n\x1a\n": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"GIF87a": "a GIF image",
    b"GIF89a": "a GIF image",
    b"%PDF-": "a PDF document",
    b"PK\x03\x04": "a ZIP archive or an office document",
    b"\x1f\x8b\x08": "a gzip archive",
    b"BZh": "a bzip2 archive",
    b"\xfd7zXZ\0": "an xz archive",
    b"7z\xbc\xaf\x27\x1c": "a 7-Zip archive",
    b"Rar!\x1a\x07": "a RAR archive",
    b"(\xb5/\xfd": "a Zstandard archive",
    b"\x7fELF": "a program",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "an old office document",
    b"SQLite format 3\0": "a database",
    b"OggS": "an Ogg recording",
    b"ID3": "an MP3 recording",
    b"fLaC": "a FLAC recording",
    b"PAR1": "a Parquet table",
}
_MARKS = tuple(_SIGNATURES)
#: A text may hold this share of control characters and undecodable bytes.
_MOST_NOISE = 0.10
_CONTROLS = bytes(set(range(0x20)) - set(b"\t\n\r\v\f\x1b")) + b"\x7f"

#: A file that grew since it was found is read on in pieces of so many bytes.
_MORE = 1 << 20

DOCUMENT_SCHEMA = pa.schema(
    [
        ("document_id", pa.string()),
        ("source_id", pa.string()),
        ("path", pa.string()),
        ("revision", pa.string()),
        ("bytes", pa.int64()),
        ("encoding", pa.string()),
        ("nfc", pa.bool_()),
        ("text", pa.large_string()),
    ]
)
PATCH_SCHEMA = pa.schema(
    [
        ("document_id", pa.string()),
        ("byte_offset", pa.int64()),
        ("replaces", pa.int64()),
        ("bytes_hex", pa.string()),
    ]
)


@dataclass(frozen=True, slots=True)
class Batch:
    """What a batch of files gave.

    Attributes:
        documents: DOCUMENT_SCHEMA, in the order of the files.
        patches: PATCH_SCHEMA.
        rejected: the files that could not be used.
        raw: the bytes of the files that may be kept, by their sha256.
    """

    documents: pa.Table
    patches: pa.Table
    rejected: list[Rejected]
    raw: Mapping[str, bytes]


def document_id(source_id: str, path: str, locator: str = "") -> str:
    """The id of a document: ``d`` and 16 hex digits over source, path and locator.

    Each part goes in behind its length, so that no two triples look alike.
    """
    digest = hashlib.sha256(b"onrecord-document/1")
    for part in (source_id, path, locator):
        data = part.encode()
        digest.update(len(data).to_bytes(8, "little") + data)
    return "d" + digest.hexdigest()[:16]


def _load(candidate: Candidate, max_bytes: int) -> bytes | Rejected:
    """The bytes of a file, or why it can't be read. Never waits and never reads too much."""
    at = (candidate.source_id, candidate.path)
    if candidate.fetched:
        return _load_fetched(candidate, candidate.fetched)
    try:
        handle = os.open(candidate.file, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            raw = os.read(handle, candidate.bytes + 1)
            while len(raw) <= max_bytes and (more := os.read(handle, _MORE)):
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
        with candidate.file.open("rb") as pack:
            pack.seek(fetched.start)
            raw = pack.read(candidate.bytes)
    except OSError as error:
        found = f"archive: {error.strerror or error}"
        return reject(*at, candidate.bytes, Reason.UNREADABLE, found)
    if hashlib.sha256(raw).hexdigest() != fetched.sha256:
        found = "the archive has other bytes than were fetched"
        return reject(*at, candidate.bytes, Reason.UNREADABLE, found)
    return raw


def _not_text(raw: bytes) -> str | None:
    """What a file is that begins like no text."""
    if not raw.startswith(_MARKS):
        return None
    return next(what for mark, what in _SIGNATURES.items() if raw.startswith(mark))


def _noise(raw: bytes, decoded: Decoded) -> float:
    """Share of control characters and undecodable bytes."""
    data = raw if decoded.encoding == "utf-8" else decoded.text.encode()
    controls = len(data) - len(data.translate(None, _CONTROLS))
    return (controls + decoded.text.count(REPLACEMENT)) / max(1, len(decoded.text))


def read(candidates: list[Candidate], suppression: Suppression | None, max_bytes: int) -> Batch:
    """Read files and decode them.

    Args:
        candidates: the files.
        suppression: what was withdrawn: such a file is not looked into.
        max_bytes: files that turn out larger are rejected.

    Returns:
        Documents, patches, rejected files, and the bytes of all files that were read, also of
        those that turn out to be no text.
    """
    loaded = [(candidate, _load(candidate, max_bytes)) for candidate in candidates]
    rejected = [raw for _, raw in loaded if isinstance(raw, Rejected)]
    rows: list[tuple[object, ...]] = []
    patches: list[tuple[object, ...]] = []
    kept: dict[str, bytes] = {}
    for candidate, raw in loaded:
        if isinstance(raw, Rejected):
            continue
        at = (candidate.source_id, candidate.path)
        key = candidate.document_id or document_id(*at)
        revision = hashlib.sha256(raw).hexdigest()
        if suppression and (suppression.has_document(key) or suppression.has_file(revision)):
            # Its path may say what it said, so that it goes by its id.
            found = "a document that was withdrawn"
            rejected.append(reject(candidate.source_id, key, 0, Reason.WITHDRAWN, found))
            continue
        kept[revision] = raw
        decoded = _text_of(at, raw)
        if isinstance(decoded, Rejected):
            rejected.append(decoded)
            continue
        nfc = is_nfc(decoded.text)
        rows.append((key, *at, revision, len(raw), decoded.encoding, nfc, decoded.text))
        patches += [
            (key, patch.offset, patch.replaces, patch.data.hex() or None)
            for patch in decoded.patches
        ]
    return Batch(_table(rows, DOCUMENT_SCHEMA), _table(patches, PATCH_SCHEMA), rejected, kept)


def _text_of(at: tuple[str, str], raw: bytes) -> Decoded | Rejected:
    """A file as text, or why it is none."""
    if not raw:
        return reject(*at, 0, Reason.EMPTY, "no bytes")
    what = _not_text(raw)
    if what:
        return reject(*at, len(raw), Reason.BINARY, what)
    decoded = decode(raw)
    noise = _noise(raw, decoded)
    if noise > _MOST_NOISE:
        found = f"{noise:.0%} control characters or undecodable bytes"
        return reject(*at, len(raw), Reason.BINARY, found)
    return decoded


def _table(rows: list[tuple[object, ...]], schema: pa.Schema) -> pa.Table:
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    arrays = [pa.array(c, f.type) for c, f in zip(columns, schema, strict=True)]
    return pa.table(arrays, schema=schema)
