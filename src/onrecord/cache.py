"""What is costly to make of a batch of files, kept from run to run.

Decoding files, telling their languages and cutting them into blocks is most of the work of
reading them, and its result depends on nothing but their bytes, what their sources say of
them, the settings and the code. So it is kept in ``<data>/cache/prepared/``: a run that was
killed goes on behind its last finished batch, and the next run need not do again what has not
changed. The same batch gives the same result from here or made anew; only the time differs.

* The key is a digest of all of these. The bytes are read and hashed every time: a file's date
  proves nothing, and reading is cheap.
* An entry begins with the digest of the rest. One that is damaged, or cut short by a crash, is
  made again; so nothing is flushed to disk here.
* Entries that a finished run did not use go, and there are never more bytes than the settings
  allow. When the place is full or can't be written, nothing is kept, and the run goes on.
* The folder holds raw text, but never of a batch with withdrawn text in it: such a batch is made
  anew each time. A withdrawal removes all of it; and where the list of withdrawn texts is
  another one than when it was begun, all of it is removed before anything is read.

Only who holds the data folder may use it.
"""

import contextlib
import hashlib
import json
import shutil
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from onrecord.ingest.quarantine import Reason, Rejected
from onrecord.keys import code_digest, framed_digest
from onrecord.settings import INDIFFERENT, Settings

#: Settings that have no say in what becomes of a batch.
_LATER = {
    *INDIFFERENT,
    *("boilerplate_documents", "allow", "part_rows"),
    *("cap_merged", "cap_quarantined", "cap_retired", "cap_invalid"),
}
_DIGEST = 32
_STAMP = "of"
_SUFFIX = ".batch"


def key_of(settings: Settings, parts: Iterable[str | bytes]) -> str:
    """The name of what is made of some input by this code with these settings.

    Args:
        settings: of the run.
        parts: all that the result depends on besides; each goes in behind its length.
    """
    told = json.dumps(settings.model_dump(mode="json", exclude=_LATER), sort_keys=True)
    return framed_digest("onrecord-batch/1" + code_digest(), (told, *parts))


@dataclass(frozen=True, slots=True)
class Entry:
    """What is kept of a batch.

    Attributes:
        tables: some tables, in an order that whoever keeps them knows.
        rejected: the files that can't be used.
    """

    tables: tuple[pa.Table, ...]
    rejected: list[Rejected]


def _packed(entry: Entry) -> bytes:
    """An entry as bytes, with their digest before them."""
    sink = pa.BufferOutputStream()
    rejected = json.dumps([list(one) for one in entry.rejected]).encode()
    sink.write(len(rejected).to_bytes(8, "little") + bytes([len(entry.tables)]))
    sink.write(rejected)
    options = pa.ipc.IpcWriteOptions(compression="lz4", use_threads=False)
    for table in entry.tables:
        with pa.ipc.new_stream(sink, table.schema, options=options) as stream:
            stream.write_table(table.combine_chunks())
    data = sink.getvalue()
    raw: bytes = data.to_pybytes()
    return hashlib.sha256(raw).digest() + raw


def _unpacked(raw: bytes) -> Entry | None:
    """The entry that some bytes are, None where they are damaged."""
    data = memoryview(raw)[_DIGEST:]
    if hashlib.sha256(data).digest() != raw[:_DIGEST]:
        return None
    source = pa.BufferReader(pa.py_buffer(data))
    size, count = int.from_bytes(source.read(8), "little"), source.read(1)[0]
    rows = json.loads(source.read(size))
    rejected = [Rejected(row[0], row[1], row[2], Reason(row[3]), *row[4:]) for row in rows]
    tables = []
    for _ in range(count):
        with pa.ipc.open_stream(source) as stream:
            tables.append(stream.read_all())
    return Entry(tuple(tables), rejected)


class Cache:
    """The entries below one folder. Threads may share it.

    Args:
        folder: the folder; made when something is kept.
        limit: so many bytes may be kept in it.
        stamp: entries that were kept under another one are removed.
    """

    def __init__(self, folder: Path, limit: int, stamp: str) -> None:
        self._folder = folder
        self._limit = limit
        self._lock = threading.Lock()
        self._used: set[str] = set()
        self.hits = 0
        if self._stamped() != stamp:
            shutil.rmtree(folder, ignore_errors=True)
            with contextlib.suppress(OSError):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                (folder / _STAMP).write_text(stamp, encoding="ascii")
        self._sizes = self._listed()

    def _stamped(self) -> str | None:
        try:
            return (self._folder / _STAMP).read_text(encoding="ascii")
        except (OSError, ValueError):
            return None

    def _listed(self) -> dict[str, int]:
        """Sizes of the entries, the ones that were used last at the end."""
        found = []
        with contextlib.suppress(OSError):
            for path in self._folder.iterdir():
                if path.suffix == _SUFFIX:
                    status = path.stat()
                    found.append((status.st_mtime_ns, path.stem, status.st_size))
                elif path.name != _STAMP:
                    path.unlink()  # what a crash left
        return {name: size for _, name, size in sorted(found)}

    def _path(self, key: str) -> Path:
        return self._folder / f"{key}{_SUFFIX}"

    @property
    def is_empty(self) -> bool:
        """Whether nothing is kept."""
        return not self._sizes

    def has(self, key: str) -> bool:
        """Whether something is kept under a key; it may turn out to be damaged."""
        return key in self._sizes

    def load(self, key: str) -> Entry | None:
        """What was kept under a key; None where there is nothing, or it is damaged."""
        if key not in self._sizes:
            return None
        entry = None
        # Whatever is wrong with it, it can be made again.
        with contextlib.suppress(OSError, ValueError, LookupError, TypeError, pa.ArrowException):
            entry = _unpacked(self._path(key).read_bytes())
        with self._lock:
            if entry is None:
                self._remove(key)
            else:
                self._used.add(key)
                self.hits += 1
        return entry

    def save(self, key: str, entry: Entry) -> None:
        """Keep something, if there is room that this run does not need for other entries."""
        data = _packed(entry)
        with self._lock:
            self._make_room(len(data))
            if sum(self._sizes.values()) + len(data) > self._limit:
                return
            self._sizes[key] = len(data)
            self._used.add(key)
        draft = self._folder / f"{key}.new"
        try:
            draft.write_bytes(data)
            draft.replace(self._path(key))
        except OSError:
            with self._lock:
                self._remove(key)
            with contextlib.suppress(OSError):
                draft.unlink(missing_ok=True)

    def _make_room(self, size: int) -> None:
        """Remove entries of earlier runs, those first that were not used for longest."""
        for key in [key for key in self._sizes if key not in self._used]:
            if sum(self._sizes.values()) + size <= self._limit:
                return
            self._remove(key)

    def _remove(self, key: str) -> None:
        self._sizes.pop(key, None)
        self._used.discard(key)
        with contextlib.suppress(OSError):
            self._path(key).unlink()

    def finish(self) -> None:
        """All was read: what was not used belongs to files or code of the past."""
        with self._lock:
            for key in [key for key in self._sizes if key not in self._used]:
                self._remove(key)
