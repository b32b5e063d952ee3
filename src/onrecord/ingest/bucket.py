"""Sources in an object store: ``s3://bucket/prefix`` in place of a folder.

What people wrote about them, ``source.yml`` and ``dataset.yml``, is brought here and read like
that of a folder. The files are only listed. Whoever needs one fetches it by its URL
(``ingest.load``), also a worker on another machine; credentials come from its environment.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from onrecord.errors import ConfigurationError, OnrecordError
from onrecord.ingest.files import Candidate, Chooser, Listing
from onrecord.ingest.quarantine import Reason, Rejected, reject
from onrecord.ingest.sources import SOURCE_FILE, Source
from onrecord.release.dataset import DATASET_FILE
from onrecord.release.objects import Objects
from onrecord.release.store import MissingError

#: A description is no longer than this, in bytes.
_MOST = 1 << 20


@dataclass(frozen=True, slots=True)
class Bucket:
    """What an object store holds of sources.

    Attributes:
        url: of the folder of sources.
        folder: a folder here with the descriptions, laid out like theirs.
        files: of each source's folder, the other files: path in it and size in bytes.
    """

    url: str
    folder: Path
    files: dict[str, list[tuple[str, int]]] = field(default_factory=dict)

    def find(self, source: Source, folder: Path, max_bytes: int) -> Listing:
        """Find what belongs to a source; see ``files.find``."""
        chooser = Chooser(source)
        candidates: list[Candidate] = []
        rejected: list[Rejected] = []
        left_out = 0
        for path, size in sorted(self.files.get(folder.name, [])):
            if not chooser.takes(path):
                left_out += 1
            elif size > max_bytes:
                found = f"{size:,} bytes, the limit is {max_bytes:,}"
                rejected.append(reject(source.id, path, size, Reason.TOO_LARGE, found))
            elif size == 0:
                rejected.append(reject(source.id, path, 0, Reason.EMPTY, "no bytes"))
            else:
                at = f"{self.url}/{folder.name}/{path}"
                candidates.append(Candidate(source.id, path, at, size))
        return Listing(candidates, sorted(rejected), left_out)


@contextmanager
def opened(url: str) -> Iterator[Bucket]:
    """Look into an object store.

    What goes wrong with a description is told by its URL.

    Args:
        url: ``s3://bucket/prefix`` of the folder of sources.

    Raises:
        ConfigurationError: the URL is none of a store that lists its files, there are no
            sources, or names in it can't be used.
        OnrecordError: the store can't be read.
    """
    objects = Objects(url)
    if not objects.writable:
        raise ConfigurationError(f"{url}: files can't be listed there. Use a folder or s3://.")
    with tempfile.TemporaryDirectory(prefix="onrecord-sources-") as room:
        bucket = Bucket(objects.url, Path(room) / "sources")
        try:
            _bring(objects, bucket)
            yield bucket
        except OnrecordError as error:
            words = str(error)
            if room not in words:
                raise
            told = words.replace(str(bucket.folder), bucket.url)
            raise type(error)(told.replace(room, bucket.url.rpartition("/")[0])) from None


def _bring(objects: Objects, bucket: Bucket) -> None:
    """Bring the descriptions here, and list the rest."""
    bucket.folder.mkdir()
    found = objects.list("")
    if not found:
        raise ConfigurationError(f"{bucket.url}: nothing is there.")
    for meta in found:
        top, _, path = meta.name.partition("/")
        if top in ("", ".", "..") or "\0" in top:
            raise ConfigurationError(f"{bucket.url}: `{meta.name}` is no name for a file.")
        if top.startswith("."):
            continue
        if not path:
            (bucket.folder / top).touch()  # is left out, with a remark, like a file that strayed
            continue
        (bucket.folder / top).mkdir(exist_ok=True)
        if path == SOURCE_FILE:
            raw = objects.read(meta.name, _MOST)[0]
            (bucket.folder / top / SOURCE_FILE).write_bytes(raw)
        else:
            bucket.files.setdefault(top, []).append((path, meta.size))
    above = bucket.url.rpartition("/")[0]
    if not above.endswith("/"):  # the sources are not all of the bucket
        try:
            raw = Objects(above).read(DATASET_FILE, _MOST)[0]
        except MissingError:
            return
        (bucket.folder.parent / DATASET_FILE).write_bytes(raw)
