"""What a run did, and what a run without anything to do says."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: Why there is no new release, where there is none.
NOTHING_CHANGED = ("nothing changed",)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run did.

    Attributes:
        version: of the release that now is the latest.
        path: its folder.
        content_digest: of its records.
        published: whether this run made it; False where nothing had changed.
        figures: counts as in ``quality.json``.
        reasons: what the version was decided by.
        remarks: what was left out on purpose, in words.
        sample: id of a document that can be restored, None where there is none.
    """

    version: str
    path: Path
    content_digest: str
    published: bool
    figures: dict[str, Any]
    reasons: tuple[str, ...]
    remarks: tuple[str, ...]
    sample: str | None
