"""Where releases to verify are: a data folder, a folder of releases, or one release."""

from dataclasses import dataclass
from pathlib import Path

from onrecord.errors import NotFoundError
from onrecord.release.catalog import INDEX, Entry, Index, releases_folder
from onrecord.release.names import SUMS
from onrecord.release.store import is_url, open_files
from onrecord.release.verify.chain import read_catalog
from onrecord.release.verify.files import Files, Folder, Stored, read
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
        place: a data folder, its folder ``releases``, or the folder of one release; a path or
            a URL.

    Raises:
        NotFoundError: there are none.
    """
    if is_url(place):
        return _find_remote(place)
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


def _find_remote(place: str) -> Place:
    """Find releases at a URL."""
    files = Stored(open_files(place))
    for catalog in (files.at("releases"), files):
        if read(catalog, INDEX) is not None:
            found = read_catalog(catalog)
            if found[0]:  # some web servers answer with a page, whatever they are asked for
                return Place(catalog, None, *found)
    if read(files, SUMS) is not None:
        return Place(None, files, None, [], [])
    raise NotFoundError(f"{place}: no release here: no {INDEX}, no {SUMS}.")
