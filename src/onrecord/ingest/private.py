"""What only the archive's owner knows: the files behind documents whose text is withheld.

A release gives no ``revision`` of such a document, and where its source publishes no text no
path either. ``<archive>/withheld/<folder of the release>.jsonl`` has a line for each of them,
in the order of their ids, so that they can be restored where the archive is.
"""

import json
from collections.abc import Iterable
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from onrecord.durable import write_atomically


class Withheld(BaseModel):
    """One document that a release does not give back.

    Attributes:
        document_id: its id in the release.
        source_id: its source.
        path: relative to the source's folder.
        revision: sha256 of its bytes, by which the archive knows them.
    """

    model_config = ConfigDict(frozen=True)

    document_id: str
    source_id: str
    path: str
    revision: str


def _place(archive: Path, version: str) -> Path:
    return archive / "withheld" / f"{version.replace('+', '_')}.jsonl"


def write_withheld(archive: Path, version: str, rows: Iterable[Withheld]) -> None:
    """Note the documents that a release withholds; no file where there are none.

    Args:
        archive: its folder.
        version: of the release.
        rows: in any order.

    Raises:
        OSError: it can't be written.
    """
    place = _place(archive, version)
    lines = [
        json.dumps(row.model_dump()) + "\n" for row in sorted(rows, key=lambda row: row.document_id)
    ]
    if not lines:
        place.unlink(missing_ok=True)
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(place, "".join(lines))


def read_withheld(archive: Path, version: str) -> dict[str, Withheld]:
    """The documents that a release withholds, by id; none where the archive is not here."""
    try:
        lines = _place(archive, version).read_text(encoding="utf-8").splitlines()
    except OSError:
        return {}
    rows = [Withheld.model_validate(json.loads(line)) for line in lines]
    return {row.document_id: row for row in rows}


def drop_withheld(archive: Path, version: str) -> None:
    """Forget what a release that is gone withheld."""
    _place(archive, version).unlink(missing_ok=True)
