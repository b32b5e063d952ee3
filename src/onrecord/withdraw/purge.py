"""Take withdrawn text out of the archive and of what runs keep for themselves."""

import hashlib
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from onrecord.collect.withdrawn import forgetting
from onrecord.ingest.archive import Archive
from onrecord.ingest.decode import decode, is_nfc
from onrecord.ingest.inside import look_inside
from onrecord.ingest.suppress import KEY, LIST, Suppression
from onrecord.settings import Settings
from onrecord.text.segment import segment, text_buffer
from onrecord.text.tokens import normalise

#: What belongs into the archive besides packs.
_OWN = {"key", KEY, LIST}
#: Folders of a data folder in which runs keep what they can make again.
CACHES = ("cache", "results", "storage")


def holds(suppression: Suppression, files: Sequence[bytes]) -> list[bool]:
    """Which of some files hold withdrawn text, or are withdrawn.

    Pages, archives and the like are read by their readers; one that can't be seen whole is
    taken for one that does, because its file is still in its source.

    Args:
        suppression: what is withdrawn.
        files: raw bytes.
    """
    inside = look_inside(files, Settings())
    pieces = [[raw, *(found or [])] for raw, found in zip(files, inside, strict=True)]
    owner = [i for i, of_file in enumerate(pieces) for _ in of_file]
    flat = [raw for of_file in pieces for raw in of_file]
    texts = [decode(raw).text for raw in flat]
    column = pa.array(texts, pa.large_string())
    blocks = segment(column, Settings().split_above)
    buffer, _ = text_buffer(column)
    suspects = np.array([not is_nfc(text) for text in texts], np.bool_)
    hits = suppression.hits(normalise(buffer, blocks, suspects))
    found = {owner[i] for i in blocks.document[hits].tolist()}
    found |= {
        owner[i]
        for i, raw in enumerate(flat)
        if suppression.has_file(hashlib.sha256(raw).hexdigest())
    }
    found |= {i for i, seen in enumerate(inside) if seen is None}
    return [i in found for i in range(len(files))]


def count(folder: Path, suppression: Suppression) -> dict[str, int]:
    """How many files of each pack would leave an archive, by the pack's name."""
    archive = Archive(folder)
    found = {}
    for pack in archive.packs():
        n = sum(holds(suppression, list(archive.read_pack(pack).values())))
        if n:
            found[pack] = n
    return found


def purge(data: Path, suppression: Suppression) -> None:
    """Remove withdrawn text from the archive, and the caches as a whole.

    The caller holds the data folder. Doing it twice does no harm.

    Raises:
        OSError: something can't be read, written or removed.
        RefusedError: pages are being collected, or the record of it is damaged.
    """
    folder = data / "archive"
    archive = Archive(folder)
    archive.tidy()
    with forgetting(folder, suppression) as left:
        for pack in archive.packs():
            files = archive.read_pack(pack)
            gone = holds(suppression, list(files.values()))
            if any(gone):
                kept = [raw for raw, out in zip(files.values(), gone, strict=True) if not out]
                archive.replace_pack(pack, kept)
                left |= {name for name, out in zip(files, gone, strict=True) if out}
    for path in sorted(folder.rglob("*")) if folder.is_dir() else []:
        inside = path.relative_to(folder).parts
        strange = path.is_file() and inside[0] not in {"packs", "withheld", "custody"}
        if strange and path.name not in _OWN and holds(suppression, [path.read_bytes()])[0]:
            path.unlink()
    for name in CACHES:
        cache = data / name
        if cache.is_dir() and not cache.is_symlink():
            shutil.rmtree(cache)
