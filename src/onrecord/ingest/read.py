"""Read a batch of files: text into a table, the rest aside."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import pyarrow as pa

from onrecord.ingest.archive import Archive
from onrecord.ingest.dateline import dateline
from onrecord.ingest.decode import Decoded, decode, is_nfc
from onrecord.ingest.files import Candidate, Extract
from onrecord.ingest.ids import document_id
from onrecord.ingest.load import load_all
from onrecord.ingest.look import is_suspect, noise, not_text
from onrecord.ingest.quarantine import Reason, Rejected, reject
from onrecord.ingest.readers.front import stated_in
from onrecord.ingest.readers.sniff import HEAD, PLAIN, plain_kind
from onrecord.ingest.sources import Publication, Source
from onrecord.ingest.suppress import Suppression

#: What holds for every document that is a file by itself.
_OF_FILES = {"place": 0, "repaired": False, "restores": "file"}

DOCUMENT_SCHEMA = pa.schema(
    [
        ("document_id", pa.string()),
        ("source_id", pa.string()),
        ("path", pa.string()),
        ("locator", pa.string()),
        ("place", pa.int64()),
        ("url", pa.string()),
        ("retrieved", pa.string()),
        ("revision", pa.string()),
        ("bytes", pa.int64()),
        ("encoding", pa.string()),
        ("original_encoding", pa.string()),
        ("encoding_by", pa.string()),
        ("encoding_confidence", pa.float64()),
        ("repaired", pa.bool_()),
        ("reader", pa.string()),
        ("restores", pa.string()),
        ("title", pa.string()),
        ("published", pa.string()),
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
        late: files that turned out to need a reader.
    """

    documents: pa.Table
    patches: pa.Table
    rejected: list[Rejected]
    raw: Mapping[str, bytes]
    late: list[Candidate] = field(default_factory=list)


class Loaded(NamedTuple):
    """A file that was read.

    Attributes:
        candidate: the file.
        raw: its bytes, or why it can't be read.
        sha256: of its bytes, in hex; empty where there are none.
    """

    candidate: Candidate
    raw: bytes | Rejected
    sha256: str


#: What was read of each file of a batch.
Contents = list[Loaded]


def contents(candidates: list[Candidate], store: Archive | None, max_bytes: int) -> Contents:
    """The bytes of each file, or why it can't be read.

    Args:
        candidates: the files.
        store: where readers put what they found.
        max_bytes: files that turn out larger are rejected.
    """
    extracts = [c.extract.sha256 for c in candidates if c.extract]
    kept = store.get_all(extracts) if extracts and store else iter(())
    plain = iter(load_all([c for c in candidates if not c.extract], max_bytes))
    found = []
    for candidate in candidates:
        raw = next(kept) if candidate.extract else next(plain)
        sha256 = "" if isinstance(raw, Rejected) else hashlib.sha256(raw).hexdigest()
        found.append(Loaded(candidate, raw, sha256))
    return found


def read(
    candidates: list[Candidate],
    suppression: Suppression | None,
    max_bytes: int,
    sources: Mapping[str, Source] | None = None,
    store: Archive | None = None,
    loaded: Contents | None = None,
) -> Batch:
    """Read files and decode them.

    Args:
        candidates: the files.
        suppression: what was withdrawn: such a file is not looked into.
        max_bytes: files that turn out larger are rejected.
        sources: by id, for what they say about their files.
        store: where readers put what they found.
        loaded: their contents, where they are read already.

    Returns:
        Documents, patches, rejected files, and the bytes of all files that were read, also of
        those that turn out to be no text.
    """
    sources = sources or {}
    rejected: list[Rejected] = []
    late: list[Candidate] = []
    rows: list[tuple[object, ...]] = []
    extracts: list[Extract | None] = []
    patches: list[tuple[object, ...]] = []
    kept: dict[str, bytes] = {}
    if loaded is None:
        loaded = contents(candidates, store, max_bytes)
    for candidate, raw, revision in loaded:
        if isinstance(raw, Rejected):
            rejected.append(raw)
            continue
        source = sources.get(candidate.source_id)
        if candidate.extract is None and _needs_reader(candidate, raw, source):
            late.append(candidate)
            continue
        at = (candidate.source_id, candidate.path, candidate.locator)
        key = candidate.document_id or document_id(*at)
        if suppression and (suppression.has_document(key) or suppression.has_file(revision)):
            # Its path may say what it said, so that it goes by its id.
            found = "a document that was withdrawn"
            rejected.append(reject(candidate.source_id, key, 0, Reason.WITHDRAWN, found))
            continue
        kept[revision] = raw
        decoded = _text_of(candidate, raw, source)
        if isinstance(decoded, Rejected):
            rejected.append(decoded)
            continue
        rows.append(_row(candidate, key, revision, len(raw), decoded, source))
        extracts.append(candidate.extract)
        patches += [
            (key, patch.offset, patch.replaces, patch.data.hex() or None)
            for patch in decoded.patches
        ]
    documents = _documents(rows, extracts)
    return Batch(documents, _table(patches, PATCH_SCHEMA), rejected, kept, late)


def _needs_reader(candidate: Candidate, raw: bytes, source: Source | None) -> bool:
    """Whether a file that is called like a text is none, but something that a reader reads."""
    if source is None or source.format or source.repair or not is_suspect(raw):
        return False
    from onrecord.ingest.readers.registry import format_of  # noqa: PLC0415  # loads all readers

    return format_of(candidate.name, raw[:HEAD]) not in PLAIN


#: What `_row` gives, in its order; the rest follows from the extract alone.
_OF_ALL = (
    *("document_id", "source_id", "path", "revision", "bytes", "encoding", "encoding_by"),
    *("encoding_confidence", "reader", "title", "published", "url", "retrieved", "nfc", "text"),
)


def _row(
    candidate: Candidate,
    key: str,
    revision: str,
    size: int,
    decoded: Decoded,
    source: Source | None,
) -> tuple[object, ...]:
    """What there is to say of each document, in the order of `_OF_ALL`."""
    source_id, path, extract = candidate.source_id, candidate.path, candidate.extract
    nfc = is_nfc(decoded.text)
    if extract is not None:
        chosen: tuple[str | None, float] = (decoded.by, decoded.confidence)
        if _is_extracted(extract):
            chosen = (extract.encoding_by, extract.confidence)
        return (
            *(key, source_id, path, revision, size, decoded.encoding, *chosen, extract.reader),
            *(extract.title, extract.published or _dated(decoded, source)),
            *(extract.url, extract.retrieved),
            *(nfc, decoded.text),
        )
    kind = (source.format if source else None) or plain_kind(candidate.name)
    title = published = None
    if kind == "markdown":
        title, published = stated_in(decoded.text)
    fetched = candidate.fetched
    url, retrieved = (fetched.url, fetched.retrieved) if fetched else (None, None)
    return (
        *(key, source_id, path, revision, size, decoded.encoding, decoded.by),
        *(decoded.confidence, f"{kind}/{PLAIN[kind]}", title),
        *(published or _dated(decoded, source), url, retrieved, nfc, decoded.text),
    )


def _dated(decoded: Decoded, source: Source | None) -> str | None:
    """The date at the head of a text, which is a part of it: only where all of it is shown."""
    if source is not None and source.publication is not Publication.FULL:
        return None
    return dateline(decoded.text)


def _documents(rows: list[tuple[object, ...]], extracts: list[Extract | None]) -> pa.Table:
    """Documents, by DOCUMENT_SCHEMA; nearly all of most corpora are no extracts."""
    n = len(rows)
    columns: dict[str, Sequence[object]] = (
        dict(zip(_OF_ALL, zip(*rows, strict=True), strict=True)) if rows else {}
    )
    if any(extracts):
        columns |= {
            "locator": [x.locator or None if x else None for x in extracts],
            "place": [x.place if x else 0 for x in extracts],
            "original_encoding": [x.encoding if x else None for x in extracts],
            "repaired": [x.repaired if x else False for x in extracts],
            "restores": [x.restores if x else "file" for x in extracts],
        }
    arrays = []
    for column in DOCUMENT_SCHEMA:
        if column.name in columns:
            arrays.append(pa.array(columns[column.name], column.type))
        elif column.name in _OF_FILES:
            arrays.append(pa.repeat(pa.scalar(_OF_FILES[column.name], column.type), n))
        else:
            arrays.append(pa.nulls(n, column.type))
    return pa.table(arrays, schema=DOCUMENT_SCHEMA)


def _is_extracted(extract: Extract) -> bool:
    """Whether a reader made the text; else its bytes are those of some plain text."""
    return extract.encoding is not None or extract.reader.partition("/")[0] not in PLAIN


def _text_of(candidate: Candidate, raw: bytes, source: Source | None) -> Decoded | Rejected:
    """A file as text, or why it is none."""
    extract, at = candidate.extract, (candidate.source_id, candidate.path)
    if not raw:
        return reject(*at, 0, Reason.EMPTY, "no bytes", candidate.locator)
    if extract and _is_extracted(extract):
        return Decoded(raw.decode(), "utf-8", [])
    found = not_text(raw)
    if found:
        return reject(*at, len(raw), Reason.BINARY, found, candidate.locator)
    of = extract or candidate.fetched
    stated = (of.charset if of else None, source.encoding if source else None)
    decoded = decode(raw, declared=[label for label in stated if label])
    found = noise(raw, decoded)
    if found:
        return reject(*at, len(raw), Reason.BINARY, found, candidate.locator)
    return decoded


def _table(rows: list[tuple[object, ...]], schema: pa.Schema) -> pa.Table:
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    arrays = [pa.array(c, f.type) for c, f in zip(columns, schema, strict=True)]
    return pa.table(arrays, schema=schema)
