"""What a dry run needs: an archive that stays as it is, and what there is to say at the end."""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onrecord.ingest.archive import Archive
from onrecord.release.changelog import by_source
from onrecord.release.changes import Plan
from onrecord.release.summary import Removal


class UntouchedArchive(Archive):
    """An archive that is read and never written."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._has_key = (folder / "key").is_file()
        self._passing_key = secrets.token_bytes(32)

    def put(self, files: Sequence[bytes]) -> list[str]:
        """The sha256 of some files, which are kept nowhere."""
        return [hashlib.sha256(raw).hexdigest() for raw in files]

    def put_named(self, files: Mapping[str, bytes]) -> None:
        """Some files, which are kept nowhere."""

    def key(self) -> bytes:
        """The archive's key; one for this run alone where it has none yet."""
        return super().key() if self._has_key else self._passing_key


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a release would be.

    Attributes:
        version: None where nothing changed.
        previous: version of the latest release; None where there is none.
        level, reasons: what the version was decided by.
        figures: as in ``quality.json``; of the latest release where nothing changed.
        tables: rows of each table.
        sources: how many documents and paragraphs would change, by source, table and change.
        removals: the largest records that would be retired.
        problems: broken rules for which the release would be refused, in words.
        beyond: caps for which it would be refused, in words.
        remarks: what is left out on purpose, in words.
    """

    version: str | None
    previous: str | None
    level: str
    reasons: tuple[str, ...]
    figures: Mapping[str, Any]
    tables: Mapping[str, int]
    sources: Mapping[str, Mapping[str, Mapping[str, int]]]
    removals: tuple[Removal, ...]
    problems: tuple[str, ...]
    beyond: tuple[str, ...]
    remarks: tuple[str, ...]

    @property
    def refused(self) -> bool:
        """Whether such a release would not be published."""
        return bool(self.problems or self.beyond)


def rehearsal(
    plan: Plan,
    figures: Mapping[str, Any],
    problems: list[str],
    beyond: list[str],
    remarks: list[str],
) -> Rehearsal:
    """Sum up a plan that is not executed."""
    return Rehearsal(
        plan.version,
        plan.previous,
        plan.level,
        plan.reasons,
        figures,
        {name: rows.num_rows for name, rows in plan.tables.items()},
        by_source(plan),
        plan.removals,
        tuple(problems),
        tuple(beyond),
        tuple(remarks),
    )
