"""Take a batch of files to blocks, or take that from where an earlier run kept it.

What comes before the tokens is kept (``cache``): the tokens themselves are ten times as large
as the text, and making them is the cheapest step of reading.
"""

import hashlib
from pathlib import Path

import numpy as np
import pyarrow as pa

from onrecord.cache import Cache, Entry, key_of
from onrecord.ingest.quarantine import Rejected
from onrecord.ingest.read import Batch, Contents
from onrecord.ingest.sources import Source
from onrecord.ingest.suppress import Suppression
from onrecord.settings import Settings
from onrecord.text.segment import Blocks

#: Depends on what other documents there are.
_ORDER = "order"


def open_cache(data: Path, suppression: Suppression, settings: Settings) -> Cache | None:
    """The cache of a data folder, None where the settings want none.

    Args:
        data: the data folder; the caller holds it.
        suppression: what was withdrawn; the cache of another list is removed.
        settings: of the run.
    """
    folder = data / "cache" / "prepared"
    listed = suppression.listed.model_dump_json() + suppression.key.hex()
    stamp = hashlib.sha256(listed.encode()).hexdigest()
    if not settings.cache_bytes and not folder.exists():
        return None
    kept = Cache(folder, settings.cache_bytes, stamp)
    if settings.cache_bytes:
        return kept
    kept.finish()  # nothing is used, so nothing stays
    return None


def batch_key(loaded: Contents, sources: list[Source], settings: Settings) -> str:
    """The key of a batch: files, what is said of them, settings and code.

    Args:
        loaded: the files, with their bytes.
        sources: all sources.
        settings: of the run.
    """
    mine = {candidate.source_id for candidate, *_ in loaded}
    parts: list[str | bytes] = [s.model_dump_json() for s in sources if s.id in mine]
    for candidate, raw, sha256 in loaded:
        at = candidate.source_id, candidate.path, candidate.document_id, Path(candidate.name).name
        parts.append(repr((*at, candidate.bytes, candidate.fetched, candidate.extract)))
        parts.append(sha256 or repr(raw))
    return key_of(settings, parts)


def kept(batch: Batch, blocks: Blocks) -> Entry:
    """What to keep of a batch."""
    places = pa.table({"document": blocks.document, "start": blocks.start, "end": blocks.end})
    documents = batch.documents.drop_columns([_ORDER])
    return Entry((documents, batch.patches, places), batch.rejected)


def restored(
    entry: Entry, loaded: Contents, order: dict[str, int], suppression: Suppression
) -> tuple[Batch, Blocks]:
    """A batch and its blocks, from what was kept of it.

    Args:
        entry: what was kept.
        loaded: the files, with their bytes.
        order: the place of each document among all.
        suppression: what was withdrawn: of such a file no bytes may be kept.
    """
    documents, patches, places = entry.tables
    places = places.combine_chunks()
    rank = [order[name] for name in documents["document_id"].to_pylist()]
    documents = documents.append_column(_ORDER, pa.array(rank, pa.int64()))
    raw = {}
    for candidate, data, name in loaded:
        withdrawn = suppression.has_document(candidate.document_id) or suppression.has_file(name)
        if not (isinstance(data, Rejected) or withdrawn):
            raw[name] = data
    blocks = Blocks(
        np.asarray(places["document"].to_numpy(), np.int32),
        np.asarray(places["start"].to_numpy(), np.int64),
        np.asarray(places["end"].to_numpy(), np.int64),
    )
    return Batch(documents, patches, list(entry.rejected), raw), blocks
