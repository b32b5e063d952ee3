"""A part of a release: which files belong to it, and how a folder says that it is one.

A selection keeps the published ``SHA256SUMS`` and descriptors untouched, so that checksums and
signature still hold, and adds one file, ``SELECTION.json``. Whoever checks the folder expects
exactly the files that it names; without it, all that ``SHA256SUMS`` names.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from onrecord.errors import ConfigurationError, RefusedError
from onrecord.release.names import SELECTION
from onrecord.release.place import File, Release
from onrecord.release.store import MissingError

Format = Literal["csv", "parquet", "all"]
_FORMATS = ("csv", "parquet")
#: The folder of the styles and scripts of the page.
ASSETS = "assets"


class Selection(BaseModel):
    """What ``SELECTION.json`` says.

    Attributes:
        files: names of the files that are here, sorted; a subset of ``SHA256SUMS``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Literal["onrecord-selection"] = "onrecord-selection"
    files: list[str]


def read_selection(release: Release) -> Selection | None:
    """The selection that a folder holds, None where it holds the whole release.

    Raises:
        RefusedError: ``SELECTION.json`` is damaged.
    """
    try:
        return Selection.model_validate_json(release.read(SELECTION))
    except MissingError:
        return None
    except ValidationError:
        raise RefusedError(f"{release.store.where}/{SELECTION}: damaged.") from None


def _table(name: str) -> str | None:
    """The table that a file holds, None where it holds none."""
    path = Path(name)
    if path.suffix.removeprefix(".") != path.parts[0] or path.parts[0] not in _FORMATS:
        return None
    return path.stem if len(path.parts) == 2 else path.parts[1]  # the latter: one of its parts


def select(files: Sequence[File], tables: Sequence[str] | None, form: Format) -> list[File]:
    """The files that somebody wants.

    What explains a release always belongs to it: every file that is in no folder, the
    descriptors, and what its page needs to be looked at.

    Args:
        files: of the release.
        tables: names of tables; None for all, and then other folders too.
        form: which of the two forms of each table.

    Raises:
        ConfigurationError: there is no such table.
    """
    known = {table for table in map(_table, (file.name for file in files)) if table}
    unknown = sorted(set(tables or ()) - known)
    if unknown or (tables is not None and not tables):
        asked = repr(unknown[0]) if unknown else "''"
        raise ConfigurationError(f"--tables: no table {asked}; there is {', '.join(sorted(known))}")
    return [file for file in files if _is_wanted(file.name, tables, form)]


def _is_wanted(name: str, tables: Sequence[str] | None, form: Format) -> bool:
    folder, slash, _ = name.partition("/")
    if not slash or folder == ASSETS or Path(name).name == "datapackage.json":
        return True
    if folder in _FORMATS and form not in (folder, "all"):
        return False
    return tables is None or _table(name) in tables
