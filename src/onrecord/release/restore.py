"""Rebuild a document's raw bytes from the tables of a release alone."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from onrecord.errors import NotFoundError, RefusedError
from onrecord.ingest.decode import Patch, encode
from onrecord.ingest.decode import restore as splice
from onrecord.release.write import read_parquet


def unescape(text: str | None) -> str:
    """Undo the JSON escapes of ``head`` and ``gap``; null stands for nothing."""
    return json.loads(f'"{text}"') if text else ""


def rebuild(
    document: Mapping[str, Any],
    blocks: Iterable[tuple[str, str | None]],
    patches: Iterable[Mapping[str, Any]],
) -> bytes:
    """Rebuild one document.

    Args:
        document: its row of ``documents``.
        blocks: (text, gap) of its occurrences, in order.
        patches: its rows of ``patches``, in order.

    Returns:
        The bytes of the file.
    """
    text = unescape(document["head"]) + "".join(t + unescape(gap) for t, gap in blocks)
    splices = [
        Patch(p["byte_offset"], p["replaces"], bytes.fromhex(p["bytes_hex"] or "")) for p in patches
    ]
    return splice(encode(text, document["encoding"]), splices)


def restore(release: Path, document_id: str) -> bytes:
    """Rebuild one document of a release.

    Args:
        release: its folder.
        document_id: which document.

    Returns:
        The bytes of the file, checked against its sha256.

    Raises:
        NotFoundError: the release has no such document.
        RefusedError: its text is withheld, or the tables don't give its bytes.
    """
    only = [("document_id", "==", document_id)]
    parquet = release / "parquet"
    rows = read_parquet(parquet / "documents.parquet", filters=only).to_pylist()
    if not rows:
        raise NotFoundError(
            f"release {release.name} has no document {document_id!r}. "
            "The ids are in csv/documents.csv."
        )
    (document,) = rows
    if document["restores"] == "none":
        raise RefusedError(
            f"document {document_id}: its text is withheld, because its source "
            f"{document['source_id']!r} is not published in full."
        )
    columns = ["position", "text", "gap"]
    occurrences = read_parquet(parquet / "occurrences.parquet", columns, only)
    occurrences = occurrences.sort_by("position")
    texts, gaps = occurrences["text"].to_pylist(), occurrences["gap"].to_pylist()
    patches = read_parquet(parquet / "patches.parquet", filters=only).sort_by("byte_offset")
    raw = rebuild(document, zip(texts, gaps, strict=True), patches.to_pylist())
    if hashlib.sha256(raw).hexdigest() != document["revision"]:
        raise RefusedError(
            f"document {document_id}: the tables of release {release.name} do not give back "
            "the bytes of its revision; the release was damaged. Check it with sha256sum -c."
        )
    return raw
