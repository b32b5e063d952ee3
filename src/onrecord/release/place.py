"""Where releases are read from: a data folder, a folder of releases, or one release.

A place is a local path, ``s3://bucket/prefix``, or an ``http(s)://`` base URL. ``index.json``
is the authority on what is visible; where a place holds one release alone, its own
``provenance.json`` is. Nothing is ever listed, so a plain web server will do. Names that a place
states are checked before they are used.
"""

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from pydantic import ValidationError

from onrecord.errors import NotFoundError, RefusedError
from onrecord.release.catalog import INDEX, Entry, Index, Provenance, version_key
from onrecord.release.layout import part_paths
from onrecord.release.names import SIGNATURE, SUMS, parse_sums
from onrecord.release.store import (
    DeniedError,
    Files,
    LocalFiles,
    MissingError,
    is_url,
    open_files,
)

if TYPE_CHECKING:
    import pyarrow.parquet as pq

    from onrecord.release.parts import Parts

_ONE_RELEASE = re.compile(r"\d+\.\d+\.\d+(?:[_-][0-9a-z]+)?")


@dataclass(frozen=True, slots=True)
class File:
    """A file of a release.

    Attributes:
        name: its path within the release, with forward slashes.
        sha256: in hex.
        bytes: its size, where the release's descriptor states it.
    """

    name: str
    sha256: str
    bytes: int | None


@dataclass(frozen=True, slots=True)
class Release:
    """One release, for reading.

    Attributes:
        place: where it was asked for, for messages.
        store: its files.
        provenance: what it says of itself.
        entry: what the index says of it; None where the place is the release alone.
        index: of the place; None where there is none.
    """

    place: str
    store: Files
    provenance: Provenance
    entry: Entry | None = None
    index: Index | None = None

    @property
    def version(self) -> str:
        """Its version."""
        return self.provenance.version

    @property
    def root(self) -> Path:
        """Its folder on disk.

        Raises:
            RefusedError: it is not on this disk.
        """
        if not isinstance(self.store, LocalFiles):
            raise RefusedError(
                f"{self.store.where}: not on this disk. Bring it here with `onrecord get`."
            )
        return self.store.root

    def read(self, name: str) -> bytes:
        """A file of the release.

        Args:
            name: its path within the release, with forward slashes.

        Raises:
            NotFoundError: there is no such file.
            RefusedError: it can't be read.
        """
        return self.store.read(name)

    def open(self, name: str) -> IO[bytes]:
        """A file of the release to seek in; only what is read is fetched.

        Args:
            name: its path within the release.

        Raises:
            NotFoundError: there is no such file.
            RefusedError: it can't be read.
        """
        return self.store.open(name)

    def parquet(self, name: str) -> "pq.ParquetFile":
        """A Parquet file of the release, opened; only what is asked of it is read.

        Args:
            name: its path within the release.

        Raises:
            NotFoundError: there is no such file.
            RefusedError: it can't be read, or is no Parquet file.
        """
        import pyarrow as pa  # noqa: PLC0415 (a quarter of a second that `list` can do without)

        from onrecord.release.pages import Pages  # noqa: PLC0415

        remote = not isinstance(self.store, LocalFiles)
        source = self.open(name) if remote else self.root / name
        try:
            return Pages(source, f"{self.store.where}/{name}", pre_buffer=remote)
        except FileNotFoundError:
            raise MissingError(f"{self.store.where}/{name}: no such file.") from None
        except (OSError, pa.ArrowInvalid):
            raise RefusedError(f"{self.store.where}/{name}: no Parquet file.") from None

    def rows(self, path: str) -> "Parts":
        """A table or an index file, opened, in however many files it is.

        Args:
            path: see ``layout.table_path`` and ``layout.index_path``.

        Raises:
            NotFoundError: the release has none of that name.
            RefusedError: it can't be read, or is no Parquet file.
        """
        from onrecord.release.parts import Parts  # noqa: PLC0415 (as above)

        return Parts(self.parquet, part_paths(path, self.provenance.parts))

    def sums(self) -> bytes:
        """Its ``SHA256SUMS``, the very one that the index names.

        Raises:
            NotFoundError: it is missing.
            RefusedError: it is another one.
        """
        raw = self.read(SUMS)
        if self.entry and hashlib.sha256(raw).hexdigest() != self.entry.sums_sha256:
            raise RefusedError(f"{self.store.where}/{SUMS}: not the one that the index names.")
        return raw

    def files(self, sums: bytes | None = None) -> list[File]:
        """The files of the release by name, but for its checksums and their signature.

        Args:
            sums: its checksums, where they were read already.

        Raises:
            NotFoundError: ``SHA256SUMS`` is missing.
            RefusedError: it is damaged, or is not the one that the index names.
        """
        raw = self.sums() if sums is None else sums
        sizes = _stated_sizes(self)
        listed = parse_sums(raw, f"{self.store.where}/{SUMS}")
        return [File(name, listed[name], sizes.get(name)) for name in sorted(listed)]

    def as_entry(self) -> Entry:
        """What an index says of the release; its own words where none was read.

        Raises:
            NotFoundError: ``SHA256SUMS`` is missing.
        """
        facts = self.provenance
        return self.entry or Entry(
            version=facts.version,
            path=facts.version.replace("+", "_"),
            created=facts.created,
            content_digest=facts.content_digest,
            sums_sha256=hashlib.sha256(self.read(SUMS)).hexdigest(),
        )

    def signature(self) -> bytes | None:
        """The signature of its checksums, None where it has none.

        Raises:
            RefusedError: the place can't be read.
        """
        try:
            return self.read(SIGNATURE)
        except (MissingError, DeniedError):  # S3 denies what is missing where lists are denied
            return None


def _stated_sizes(release: Release) -> dict[str, int]:
    """Sizes of files in bytes by name, as far as the descriptor states them."""
    try:
        resources = json.loads(release.read("datapackage.json"))["resources"]
        # A table in several parts names all of them, and no size; each is listed by itself, too.
        found = [(resource["path"], resource.get("bytes")) for resource in resources]
    except (ValueError, LookupError, TypeError, AttributeError, NotFoundError):
        return {}
    return {
        path: size
        for path, size in found
        if isinstance(path, str) and isinstance(size, int) and size >= 0
    }


def _folders(place: str) -> tuple[str, str]:
    """Where in a place its index may be, the likeliest first."""
    last = place.rstrip("/").rpartition("/")[2]
    return ("", "releases") if last == "releases" else ("releases", "")


def _find_index(place: str, files: Files) -> tuple[Index, Files] | None:
    """The index of a place and the folder that it is in, None where there is none.

    Raises:
        RefusedError: it is damaged, or access to the place is denied.
    """
    denied: DeniedError | None = None
    damaged: str | None = None
    for folder in _folders(place):
        here = files.below(folder) if folder else files
        try:
            index = Index.model_validate_json(here.read(INDEX))
        except MissingError:
            continue
        except DeniedError as error:
            denied = error
            continue
        except ValidationError:
            damaged = damaged or f"{here.where}/{INDEX}"
            if is_url(place):  # some web servers answer with a page, whatever they are asked for
                continue
            break
        return Index(
            releases=sorted(index.releases, key=_by_version), **index.model_extra or {}
        ), here
    if damaged:
        advice = "It is no index of releases." if is_url(place) else "`onrecord release` renews it."
        raise RefusedError(f"{damaged}: damaged. {advice}")
    if denied:
        raise denied
    return None


def _by_version(entry: Entry) -> tuple[int, ...]:
    return version_key(entry.version)


def read_index(place: str) -> Index:
    """The releases of a place, oldest first.

    Args:
        place: a data folder, its folder ``releases``, or the folder of one release; a path or
            a URL.

    Raises:
        NotFoundError: there are none.
        RefusedError: the index is damaged, or the place can't be read.
    """
    files = open_files(place)
    found = _find_index(place, files)
    if found is None and (alone := _only_release(place, files)):
        return Index(releases=[alone.as_entry()])
    if found is None or not found[0].releases:
        raise _nothing(place)
    return found[0]


def _nothing(place: str) -> NotFoundError:
    if is_url(place):
        return NotFoundError(f"{place}: no release here: no {INDEX}, no provenance.json.")
    return NotFoundError(f"{place}: no release yet. Make one with `onrecord release`.")


def _read_provenance(files: Files) -> Provenance:
    """What a release says of itself.

    Raises:
        RefusedError: it is missing or damaged.
    """
    try:
        return Provenance.model_validate_json(files.read("provenance.json"))
    except (MissingError, ValidationError):
        raise RefusedError(f"{files.where}: provenance.json is missing or damaged.") from None


def _only_release(place: str, files: Files) -> Release | None:
    """The release that a place is, None where it is none."""
    try:
        raw = files.read("provenance.json")
    except (MissingError, DeniedError):
        return None
    try:
        return Release(place, files, Provenance.model_validate_json(raw))
    except ValidationError:
        if is_url(place):
            return None
        raise RefusedError(f"{files.where}: provenance.json is missing or damaged.") from None


def open_release(place: str, version: str | None = None) -> Release:
    """Open a release for reading.

    Args:
        place: a data folder, its folder ``releases``, or the folder of one release; a path,
            ``s3://bucket/prefix`` or an ``http(s)://`` base URL.
        version: which; the latest where None.

    Raises:
        ConfigurationError: the URL can't be used.
        NotFoundError: there is none, or not that one.
        RefusedError: what is there is damaged, or can't be read.
    """
    files = open_files(place)
    likely = not is_url(place) or _ONE_RELEASE.fullmatch(place.rstrip("/").rpartition("/")[2])
    alone = _only_release(place, files) if likely else None
    found = None
    if alone is None:
        found = _find_index(place, files)
        if found is None and not likely:
            alone = _only_release(place, files)
    if alone is not None:
        if version not in (None, alone.version):
            raise NotFoundError(f"{place}: no release {version}; this is {alone.version}.")
        return alone
    if found is None:
        raise _nothing(place)
    return _listed(place, version, *found)


def _listed(place: str, version: str | None, index: Index, files: Files) -> Release:
    """Open a release that the index names."""
    entries = [entry for entry in index.releases if version in (None, entry.version)]
    if not entries:
        known = ", ".join(entry.version for entry in index.releases) or "none"
        raise NotFoundError(f"{place}: no release {version or 'yet'}; there is {known}.")
    entry = entries[-1]
    folder = files.below(entry.path)
    facts = _read_provenance(folder)
    if (facts.version, facts.content_digest) != (entry.version, entry.content_digest):
        raise RefusedError(f"{folder.where}: not the release {entry.version} of the index.")
    return Release(place, folder, facts, entry, index)
