"""Where releases to verify are: a data folder, a folder of releases, or one release."""

from dataclasses import dataclass
from pathlib import Path

from onrecord.errors import NotFoundError
from onrecord.release.catalog import INDEX, Entry, Index, releases_folder
from onrecord.release.names import SUMS
from onrecord.release.store import RemoteFiles, is_url, open_files
from onrecord.release.verify.chain import read_catalog
from onrecord.release.verify.files import Files, Folder, read
from onrecord.release.verify.remote import Remote
from onrecord.release.verify.report import Problem


@dataclass(frozen=True, slots=True)
class Place:
    """What stands in a place.

    Attributes:
        catalog: the folder of releases; None where a release stands alone.
        single: the one release that was asked for; None where the place has many.
        index: of the catalog; None where there is none that can be read.
        problems: of the index.
        notes: of the index.
    """

    catalog: Files | None
    single: Files | None
    index: Index | None
    problems: list[Problem]
    notes: list[str]

    def releases(self, version: str | None, everything: bool) -> list[tuple[Files, Entry | None]]:
        """The releases to look at, with what the index says of each.

        Args:
            version: which; the latest where None.
            everything: all of them.

        Raises:
            NotFoundError: there is no such release.
        """
        entries = self.index.releases if self.index else []
        if self.single:
            known = [entry for entry in entries if entry.path == self.single.name]
            return [(self.single, known[0] if known else None)]
        assert self.catalog is not None
        if everything:
            chosen = entries
        else:
            chosen = [entry for entry in entries if version in (None, entry.version)][-1:]
        if not chosen and self.index:
            listed = ", ".join(entry.version for entry in entries) or "none"
            raise NotFoundError(f"no release {version or 'yet'}; there is {listed}")
        return [(self.catalog.at(entry.path), entry) for entry in chosen]


def find(place: str) -> Place:
    """Find releases.

    Args:
        place: a data folder, its folder ``releases``, or the folder of one release; a path,
            ``s3://bucket/prefix`` or an ``http(s)://`` base URL.

    Raises:
        ConfigurationError: the URL can't be used.
        NotFoundError: there are none.
        RefusedError: the place can't be read.
    """
    if is_url(place):
        return _find_remote(place.rstrip("/"))
    folder = Path(place)
    if (folder / SUMS).is_file() or (folder / "provenance.json").is_file():
        beside = Folder(folder.resolve().parent)
        index = None
        problems: list[Problem] = []
        notes: list[str] = []
        if (folder.resolve().parent / INDEX).is_file():
            index, problems, notes = read_catalog(beside)
            if index and folder.resolve().name not in {entry.path for entry in index.releases}:
                index = None
        return Place(None, Folder(folder), index, problems, notes)
    for root in (releases_folder(folder), folder):
        if (root / INDEX).is_file():
            catalog = Folder(root)
            return Place(catalog, None, *read_catalog(catalog))
    raise NotFoundError(f"{place}: no release yet. Make one with `onrecord release`.")


def _find_remote(url: str) -> Place:
    """Find releases behind a URL: an index in it, or one beside the release that it is."""
    above, _, name = url.rpartition("/")
    for folder in dict.fromkeys((f"{url}/{releases_folder(Path()).name}", url)):
        catalog = _remote(folder)
        if read(catalog, INDEX) is not None:
            return Place(catalog, None, *read_catalog(catalog))
    single = _remote(url)
    if read(single, SUMS) is None:
        raise NotFoundError(f"{url}: no release here: no {INDEX}, no {SUMS}.")
    beside = None if above.endswith("/") else _remote(above)
    index: Index | None = None
    problems: list[Problem] = []
    notes: list[str] = []
    if beside and read(beside, INDEX) is not None:
        index, problems, notes = read_catalog(beside)
        if index and name not in {entry.path for entry in index.releases}:
            index = None
    return Place(None, single, index, problems, notes)


def _remote(url: str) -> Remote:
    files = open_files(url)
    assert isinstance(files, RemoteFiles)
    return Remote(files, url.rpartition("/")[2])
