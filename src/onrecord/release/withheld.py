"""Texts that a release withholds, from the archive that lies beside it."""

from pathlib import Path

from onrecord.errors import OnrecordError
from onrecord.ingest.archive import Archive
from onrecord.ingest.private import read_withheld
from onrecord.release.why import Answer


def archive_beside(place: str) -> Path | None:
    """The archive of a data folder; None where there is none, as beside a download."""
    folder = Path(place) / "archive"
    return folder if folder.is_dir() else None


def fill(answer: Answer, folder: Path) -> None:
    """Give the withheld blocks of an answer their texts, as far as the archive has them.

    Args:
        answer: is changed.
        folder: the archive.
    """
    hidden = [place for place in answer.places if place.withheld]
    known = read_withheld(folder, answer.version) if hidden else {}
    archive = Archive(folder) if known else None
    for place in hidden:
        document = known.get(place.document_id)
        if archive is None or document is None:
            continue
        try:
            raw = archive.get(document.revision)
        except (OSError, OnrecordError):
            continue
        place.text = raw[place.byte_start : place.byte_end].decode(place.encoding, "replace")
        place.from_archive = True
