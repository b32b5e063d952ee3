"""Rebuild a document's raw bytes from the tables of a release alone."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from onrecord.errors import NotFoundError, RefusedError
from onrecord.ingest.archive import Archive
from onrecord.ingest.decode import Patch, encode
from onrecord.ingest.decode import restore as splice
from onrecord.ingest.private import read_withheld
from onrecord.release.layout import table_path
from onrecord.release.lookup import Lookup
from onrecord.release.place import Release, open_release
from onrecord.scratch import Rows
from onrecord.text.segment import text_buffer


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


class Restorer:
    """Checks that tables give documents back, in bulk: most of them in one go.

    Args:
        documents: their rows.
        patches: their rows.
    """

    def __init__(self, documents: Rows, patches: Rows) -> None:
        columns = "document_id", "restores", "revision", "encoding", "head"
        rows = documents.lazy().select(columns).collect()
        self._documents = {row["document_id"]: row for row in rows.iter_rows(named=True)}
        self._patches: dict[str, list[dict[str, Any]]] = {}
        for row in patches.lazy().collect().iter_rows(named=True):
            self._patches.setdefault(row["document_id"], []).append(row)

    def unrestored(self, occurrences: pa.Table) -> list[str]:
        """Ids of documents that the tables do not give back byte for byte.

        Args:
            occurrences: rows, sorted; all those of each document that stands in them.
        """
        names = occurrences["document_id"].combine_chunks().dictionary_encode()
        ids = names.dictionary.to_pylist()
        starts = np.searchsorted(names.indices.to_numpy(), np.arange(len(ids) + 1))
        gaps = occurrences["gap"].combine_chunks().dictionary_encode()
        plain = pa.array([unescape(gap) for gap in gaps.dictionary.to_pylist()], pa.large_string())
        gap = plain.take(gaps.indices).fill_null("")
        text = occurrences["text"].combine_chunks().fill_null("")
        pairs = pc.binary_join_element_wise(text, gap, pa.scalar("", pa.large_string()))
        data, offsets = text_buffer(pairs)
        lost = []
        for name, first, after in zip(ids, starts[:-1], starts[1:], strict=True):
            document = self._documents[name]
            if document["restores"] == "none":
                continue
            patches = self._patches.get(name, [])
            body = data[offsets[first] : offsets[after]]
            if document["encoding"] == "utf-8" and not patches:
                digest = hashlib.sha256(unescape(document["head"]).encode())
                digest.update(body.data)
            else:
                whole = [(body.tobytes().decode(), None)]
                digest = hashlib.sha256(rebuild(document, whole, patches))
            if digest.hexdigest() != document["revision"]:
                lost.append(name)
        return lost


def _withheld(
    release: Release, tables: Lookup, document: Mapping[str, Any], archive: Path | None
) -> bytes:
    """The bytes of a document whose text is withheld, out of the archive."""
    name, source = document["document_id"], document["source_id"]
    (row,) = tables.rows(table_path("sources"), "source_id", [source])
    if row["publication"] == "full":
        raise RefusedError(f"document {name}: a part of its text was withdrawn.")
    why = (
        f"document {name}: its text is withheld, because its source {source!r} is not published "
        "in full."
    )
    known = read_withheld(archive, release.version).get(name) if archive else None
    if archive is None or known is None:
        raise RefusedError(f"{why} It can be restored only where the archive is.")
    try:
        return Archive(archive).get(known.revision)
    except (OSError, NotFoundError):
        raise RefusedError(f"{why} The archive in {archive} does not have its bytes.") from None


def restore(release: Release | Path, document_id: str, archive: Path | None = None) -> bytes:
    """Rebuild one document of a release.

    Args:
        release: which, or its folder.
        document_id: which document.
        archive: the private store, from which a document is taken whose text is withheld;
            None where it is not at hand.

    Returns:
        The bytes of the file, checked against its sha256.

    Raises:
        NotFoundError: the release has no such document, or lacks a table.
        RefusedError: its text is withheld, or the tables don't give its bytes.
    """
    if isinstance(release, Path):
        release = open_release(str(release))
    tables, key = Lookup(release), ("document_id", [document_id])
    rows = tables.rows(table_path("documents"), *key)
    if not rows:
        raise NotFoundError(
            f"release {release.version} has no document {document_id!r}. "
            "The ids are in the table documents."
        )
    (document,) = rows
    if document["restores"] == "none":
        return _withheld(release, tables, document, archive)
    columns = ["position", "text", "gap"]
    occurrences = tables.table(table_path("occurrences"), *key, columns).sort_by("position")
    texts, gaps = occurrences["text"].to_pylist(), occurrences["gap"].to_pylist()
    patches = tables.table(table_path("patches"), *key).sort_by("byte_offset")
    raw = rebuild(document, zip(texts, gaps, strict=True), patches.to_pylist())
    if hashlib.sha256(raw).hexdigest() != document["revision"]:
        raise RefusedError(
            f"document {document_id}: the tables of release {release.version} do not give back "
            "the bytes of its revision; the release was damaged. Check it with sha256sum -c."
        )
    return raw
