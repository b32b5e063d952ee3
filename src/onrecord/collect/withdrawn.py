"""What was withdrawn is not fetched again, and leaves the record of custody."""

from collections.abc import Callable, Iterator, Set
from contextlib import contextmanager
from pathlib import Path

from onrecord.collect.custody import Custody, Visit
from onrecord.ingest.archive import Archive
from onrecord.ingest.conceal import concealed_id
from onrecord.ingest.ids import document_id
from onrecord.ingest.suppress import Suppression, read_suppression


class Withdrawn:
    """What the suppression list of an archive says of pages.

    Args:
        archive: its folder.
        suppression: the list, where the caller has it.
    """

    def __init__(self, archive: Path, suppression: Suppression | None = None) -> None:
        self._suppression = suppression or read_suppression(archive)
        opened = Archive(archive)
        self._key = opened.key() if opened.has_key() else None

    def __bool__(self) -> bool:
        return bool(self._suppression)

    def page(self, source_id: str, url: str) -> bool:
        """Whether the document of a page was withdrawn, under either of its ids."""
        names = [document_id(source_id, url)]
        if self._key:
            names.append(concealed_id(self._key, source_id, url))
        return any(self._suppression.has_document(name) for name in names)

    def content(self, raw: bytes) -> bool:
        """Whether some bytes were withdrawn, or hold text that was."""
        # It imports this module, and is as heavy as a release.
        from onrecord.withdraw.purge import holds  # noqa: PLC0415

        return holds(self._suppression, [raw])[0]

    def visit(self, gone: Set[str]) -> Callable[[Visit], bool]:
        """Whether a visit was to a withdrawn page, or brought bytes that are gone now.

        Args:
            gone: sha256 of what left the archive.
        """

        def is_withdrawn(visit: Visit) -> bool:
            brought = visit.sha256 is not None and (
                visit.sha256 in gone or self._suppression.has_file(visit.sha256)
            )
            return brought or self.page(visit.source_id, visit.url)

        return is_withdrawn


@contextmanager
def forgetting(archive: Path, suppression: Suppression) -> Iterator[set[str]]:
    """Keep collectors away, and then take out the visits that led to what was withdrawn.

    Args:
        archive: the archive's folder.
        suppression: what is withdrawn.

    Yields:
        A set, to be filled with the sha256 of what leaves the archive.

    Raises:
        OSError: the record can't be written.
        RefusedError: it is damaged, or a collector is at work.
    """
    gone: set[str] = set()
    custody = Custody(archive)
    if not custody.exists():
        yield gone
        return
    with custody.exclusive():
        yield gone
        custody.drop(Withdrawn(archive, suppression).visit(gone))
