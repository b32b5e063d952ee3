"""Where releases are read from: a data folder, a folder of releases, or one release.

``index.json`` is the authority on what is visible; where a folder holds one release alone,
its own ``provenance.json`` is.
"""

from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq
from pydantic import ValidationError

from onrecord.errors import NotFoundError, RefusedError
from onrecord.release.catalog import INDEX, Index, Provenance, releases_folder


@dataclass(frozen=True, slots=True)
class Release:
    """One release, for reading.

    Attributes:
        place: where it was asked for, for messages.
        root: its folder.
        provenance: what it says of itself.
    """

    place: str
    root: Path
    provenance: Provenance

    @property
    def version(self) -> str:
        """Its version."""
        return self.provenance.version

    def read(self, name: str) -> bytes:
        """A file of the release.

        Args:
            name: its path within the release, with forward slashes.

        Raises:
            NotFoundError: there is no such file.
        """
        try:
            return (self.root / name).read_bytes()
        except OSError as error:
            raise NotFoundError(f"{self.place}: {name}: {error.strerror or error}") from None

    def parquet(self, name: str) -> pq.ParquetFile:
        """A Parquet file of the release, opened; only what is asked of it is read.

        Args:
            name: its path within the release.

        Raises:
            NotFoundError: there is no such file.
        """
        try:
            return pq.ParquetFile(self.root / name, page_checksum_verification=True)
        except OSError as error:
            raise NotFoundError(f"{self.place}: {name}: {error.strerror or error}") from None


def read_index(place: str) -> Index:
    """The releases of a place, oldest first.

    Args:
        place: a data folder, or its folder ``releases``.

    Raises:
        NotFoundError: there are none.
        RefusedError: the index is damaged.
    """
    for folder in (releases_folder(Path(place)), Path(place)):
        try:
            return Index.model_validate_json((folder / INDEX).read_text(encoding="utf-8"))
        except FileNotFoundError:
            continue
        except (OSError, ValidationError, UnicodeDecodeError):
            raise RefusedError(
                f"{folder / INDEX}: damaged. `onrecord release` renews it."
            ) from None
    raise NotFoundError(f"{place}: no release yet. Make one with `onrecord release`.")


def open_release(place: str, version: str | None = None) -> Release:
    """Open a release for reading.

    Args:
        place: a data folder, its folder ``releases``, or the folder of one release.
        version: which; the latest where None.

    Raises:
        NotFoundError: there is none, or not that one.
        RefusedError: what is there is damaged.
    """
    own = Path(place)
    if not (own / "provenance.json").is_file():
        entries = read_index(place).releases
        found = [entry for entry in entries if version in (None, entry.version)]
        if not found:
            known = ", ".join(entry.version for entry in entries)
            raise NotFoundError(f"{place}: no release {version}; there is {known}.")
        folder = releases_folder(own)
        own = (folder if (folder / INDEX).is_file() else own) / found[-1].path
    try:
        facts = Provenance.model_validate_json((own / "provenance.json").read_bytes())
    except (OSError, ValidationError):
        raise RefusedError(f"{own}: provenance.json is missing or damaged.") from None
    return Release(place, own, facts)
