"""What a verification found: problems, remarks and counts."""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple


class Depth(IntEnum):
    """How much is looked at; each takes in the one before."""

    SUMS = 1
    """Which files there are, their checksums, the index, the signature."""
    WRITTEN = 2
    """And that CSV and Parquet hold the records that the digests state."""
    FULL = 3
    """And every value by its schema, with primary and foreign keys."""


class Problem(NamedTuple):
    """One thing that is wrong.

    Attributes:
        file: where, as a path within the release, or in the folder of releases.
        place: where in the file: ``line 3``, ``row 7, text``, ``resources/0``; or empty.
        code: what kind; see ``docs/releases.md``.
        message: what is wrong, in words.
    """

    file: str
    place: str
    code: str
    message: str

    def __str__(self) -> str:
        """One line for people."""
        where = f"{self.file}: {self.place}" if self.place else self.file
        return f"{where}: {self.code}: {self.message}"


@dataclass(slots=True)
class Report:
    """What was found about one release.

    Attributes:
        release: its version, or where it is when it does not say.
        problems: none when it is what it says it is.
        notes: what could not be checked, and what is odd but not wrong.
        signature: who signed it, in words; None where it is not signed.
        files: how many were read.
        bytes: how many these have.
        rows: how many rows were read back, in each format.
    """

    release: str
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    signature: str | None = None
    files: int = 0
    bytes: int = 0
    rows: int = 0
