"""Checksums of files, and whether those of a release still hold."""

import hashlib
from pathlib import Path

from onrecord.release.names import SUMS


def sha256_of(path: Path) -> str:
    """The sha256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def unchanged_files(release: Path) -> list[Path]:
    """The files of a release by its own sums, when all of its tables still agree with them.

    Raises:
        OSError, ValueError: one is missing, or is no longer what was published.
    """
    files = []
    for line in (release / SUMS).read_text(encoding="utf-8").splitlines():
        sha256, _, name = line.partition("  ")
        files.append(release / name)
        if name.endswith(".parquet") and sha256_of(release / name) != sha256:
            raise ValueError(f"{name} is not what was published")
    return files
