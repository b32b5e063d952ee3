"""Take batches of files from bytes to tokens on an engine.

A worker reads the files of a batch where it runs, at the paths that they have here, and sends
back everything that a run needs of them: their bytes for the archive, their text, blocks and
tokens. A batch with a file that the worker can't read is done here again, so that a worker
without the files costs time, and never a document. So is one that the cache knows.
"""

import logging
import pickle
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from onrecord.cache import Cache
from onrecord.corpus import Prepared
from onrecord.discover import Found
from onrecord.engines.parcels import Parcel, pack, unpack
from onrecord.engines.protocol import Engine
from onrecord.errors import ConfigurationError, NotFoundError, RefusedError
from onrecord.ingest.archive import Archive
from onrecord.ingest.files import Candidate
from onrecord.ingest.load import is_remote
from onrecord.ingest.quarantine import Reason, Rejected
from onrecord.ingest.read import Batch, Contents, contents
from onrecord.ingest.sources import Source
from onrecord.ingest.suppress import Suppression
from onrecord.keys import code_digest
from onrecord.parallel import in_order
from onrecord.reading import batch_key
from onrecord.settings import Settings
from onrecord.text.segment import Blocks
from onrecord.text.tokens import Tokens
from onrecord.unchanged import hash_of, place_of

_log = logging.getLogger(__name__)
#: What of the tokens is sent; their places in the text are made again where they are needed.
_TOKENS = ("offsets", "hashes", "flags", "folded_offsets", "folded", "keys")
_BLOCKS = tuple(column.name for column in fields(Blocks))
_UNREADABLE = "unreadable"


class Made(NamedTuple):
    """What a worker made of a batch.

    Attributes:
        batch, blocks, prepared: as the stages of a run make them, but for the tokens' places.
        key: the batch's key for the cache, by the bytes that the worker read.
        hashes: digests of its files, as ``unchanged`` needs them.
    """

    batch: Batch
    blocks: Blocks
    prepared: Prepared
    key: str
    hashes: dict[str, bytes]


@dataclass(frozen=True)
class Preparing:
    """What a worker does to a batch. It travels with all that holds for every batch.

    Attributes:
        sources: all of them.
        suppression: what was withdrawn.
        settings: of the run.
        store: the folder of what readers found.
        code: digest of the program that the run has.
    """

    sources: list[Source]
    suppression: Suppression
    settings: Settings
    store: Path
    code: str

    @cached_property
    def _store(self) -> Archive:
        return Archive(self.store)

    def __call__(self, task: bytes) -> bytes:
        """A batch's files as bytes become what there is to know of them, as bytes.

        Raises:
            ConfigurationError: the worker has another program than the run.
        """
        if code_digest() != self.code:
            raise ConfigurationError(
                "A worker has another version of onrecord, of Python or of a library than this "
                "machine, and might give other results. Install the same on all of them."
            )
        # From the process that started this one: it could as well send other code.
        files, order = pickle.loads(task)  # noqa: S301
        try:
            some = self._store if any(file.extract for file in files) else None
            loaded = contents(files, some, self.settings.max_file_bytes)
        except (OSError, NotFoundError, RefusedError):
            return pack(Parcel(_UNREADABLE))
        return self._made(files, order, loaded)

    def _made(self, files: list[Candidate], order: list[int], loaded: Contents) -> bytes:
        from onrecord import pipeline  # noqa: PLC0415 (which imports this module)

        for one in loaded:
            if isinstance(one.raw, Rejected) and one.raw.reason is Reason.UNREADABLE:
                return pack(Parcel(_UNREADABLE))
        places = dict(zip((file.document_id for file in files), order, strict=True))
        found = Found(self.sources, files, places, [], [], {}, {}, [])
        batch = pipeline.ingest(files, found, self.suppression, self.settings, None, loaded)
        batch, blocks = pipeline.segment(batch, self.settings)
        prepared = pipeline.normalise(batch, blocks, self.suppression)
        late = {file.document_id for file in batch.late}
        said = {
            "key": batch_key(loaded, self.sources, self.settings),
            "rejected": [list(one) for one in batch.rejected],
            "late": [i for i, file in enumerate(files) if file.document_id in late],
            "raw": list(batch.raw),
            "hashes": [
                "" if one.candidate.extract else one.sha256 or hash_of(one.raw).hex()
                for one in loaded
            ],
        }
        raw = pa.table({"raw": pa.array(list(batch.raw.values()), pa.large_binary())})
        tables = {"documents": batch.documents, "patches": batch.patches, "raw": raw}
        arrays = {f"blocks.{name}": getattr(blocks, name) for name in _BLOCKS}
        arrays |= {name: getattr(prepared.tokens, name) for name in _TOKENS}
        return pack(Parcel(said, tables, arrays | {"suppressed": prepared.suppressed}))


def made(data: memoryview, files: list[Candidate]) -> Made | None:
    """What a worker sent; None where it could not read the files.

    Args:
        data: what it sent.
        files: of the batch.
    """
    parcel = unpack(data)
    if parcel.said == _UNREADABLE:
        return None
    said, tables, arrays = parcel.said, parcel.tables, parcel.arrays
    rows = said["rejected"]
    rejected = [Rejected(row[0], row[1], row[2], Reason(row[3]), *row[4:]) for row in rows]
    raw = dict(zip(said["raw"], tables["raw"]["raw"].to_pylist(), strict=True))
    late = [files[i] for i in said["late"]]
    plain = [(file, digest) for file, digest in zip(files, said["hashes"], strict=True) if digest]
    hashes = {place_of(file): bytes.fromhex(digest) for file, digest in plain}
    documents, patches = tables["documents"], tables["patches"]
    blocks = Blocks(*(arrays[f"blocks.{name}"] for name in _BLOCKS))
    nowhere = np.empty(0, np.uint32)
    tokens = Tokens(start=nowhere, end=nowhere, **{name: arrays[name] for name in _TOKENS})
    prepared = Prepared(documents, patches, rejected, blocks, tokens, arrays["suppressed"])
    batch = Batch(documents, patches, rejected, raw, late)
    return Made(batch, blocks, prepared, said["key"], hashes)


def _as_task(files: list[Candidate], order: dict[str, int]) -> bytes:
    """A batch as bytes; its files by paths that hold in every folder."""
    sent = [
        file if is_remote(file) else replace(file, file=str(Path(file.file).absolute()))
        for file in files
    ]
    return pickle.dumps((sent, [order[file.document_id] for file in files]))


def kept_already(
    pieces: list[list[Candidate]],
    sources: list[Source],
    store: Archive,
    settings: Settings,
    cache: Cache | None,
) -> set[int]:
    """The numbers of the batches that the cache knows; their files are read for it."""
    if cache is None or cache.is_empty:
        return set()

    def is_kept(files: list[Candidate]) -> bool:
        loaded = contents(files, store, settings.max_file_bytes)
        return cache.has(batch_key(loaded, sources, settings))

    return {i for i, kept in enumerate(in_order(is_kept, pieces, settings.threads)) if kept}


class Sent:
    """Batches that an engine works on. They are taken in their order.

    Args:
        engine: does the work.
        work: what there is to do.
        pieces: the files of each batch.
        order: the place of each document among all.
        here: numbers of batches that are not sent.
    """

    def __init__(
        self,
        engine: Engine,
        work: Preparing,
        pieces: list[list[Candidate]],
        order: dict[str, int],
        here: Collection[int],
    ) -> None:
        self._pieces = pieces
        self._here = here
        self._at = -1
        self._told = False
        self._data = memoryview(b"")

        def tasks() -> Iterator[bytes]:
            for i, files in enumerate(pieces):
                if i not in here:
                    yield _as_task(files, order)

        self._answers = engine.map(work, tasks())

    def batch(self, i: int) -> Callable[[], Made | None]:
        """What gives what was made of batch `i`, or None where that is to be done here.

        It may be asked twice in a row, as a stage is that is tried again.
        """

        def take() -> Made | None:
            if i in self._here:
                return None
            if self._at != i:
                self._data = next(self._answers)
                self._at = i
            found = made(self._data, self._pieces[i])
            if found is None and not self._told:
                self._told = True
                _log.warning("workers can't read some files; such batches are done here")
            return found

        return take
