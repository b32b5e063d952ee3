"""Put reissues in place of what they supersede, in steps that any later command can finish.

Reissues are built in staging folders. Up to then nothing has happened: the next run removes
them. Writing ``withdrawal.json`` beside the index is the decision. Every step behind it can be
done again, and every command that holds the data folder does what is left before anything
else:

1. the suppression list is written, so that the text can't come back;
2. the staging folders get their names, which nobody sees yet (``catalog.versions``);
3. the archive learns which documents the reissues withhold;
4. ``index.json`` is written: now all reissues are visible, and nothing that they supersede;
5. what they supersede is removed, and the text leaves archive and caches;
6. the journal is removed.
"""

import shutil
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from onrecord.durable import flush_folder, write_atomically
from onrecord.errors import RefusedError
from onrecord.ingest.private import drop_withheld, read_withheld, write_withheld
from onrecord.ingest.suppress import SuppressionList, read_suppression, write_list
from onrecord.release.catalog import (
    JOURNAL,
    as_json,
    releases_folder,
    rewrite_index,
    versions,
)
from onrecord.release.sums import sha256_of
from onrecord.withdraw.purge import purge

STAGING = ".staging-"


class Step(BaseModel):
    """One release and its reissue.

    Attributes:
        old, new: versions.
        gone: ids of documents that the archive can't give back for it any more.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    old: str
    new: str
    gone: tuple[str, ...] = ()


class Journal(BaseModel):
    """What was decided, as it stands on disk; it holds no text.

    Attributes:
        reissues: oldest first.
        suppression: the list as it will be.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    reissues: tuple[Step, ...]
    suppression: SuppressionList


def staged(data: Path, version: str) -> Path:
    """Where a release is built."""
    return releases_folder(data) / f"{STAGING}{version}"


def reached(step: str) -> None:
    """A place between two steps; tests stop here."""


def commit(data: Path, journal: Journal) -> None:
    """Decide: from here on a crash is finished, not undone.

    Raises:
        OSError: it can't be written; nothing has happened then.
    """
    reached("built")
    write_atomically(releases_folder(data) / JOURNAL, as_json(journal.model_dump()))
    reached("decided")


def pending(data: Path) -> Journal | None:
    """A withdrawal that is decided and not finished.

    Raises:
        RefusedError: its journal is damaged.
    """
    place = releases_folder(data) / JOURNAL
    try:
        text = place.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise RefusedError(f"{place}: can't be read: {error}") from None
    try:
        return Journal.model_validate_json(text)
    except ValidationError:
        raise RefusedError(
            f"{place}: damaged, and a withdrawal was not finished. Put a copy of it back."
        ) from None


def finish(data: Path) -> bool:
    """Do what is left of a withdrawal. The caller holds the data folder.

    Returns:
        Whether there was anything to do.

    Raises:
        RefusedError: it can't be done now; the next command tries again.
    """
    journal = pending(data)
    if journal is None:
        return False
    try:
        _finish(data, journal)
    except OSError as error:
        raise RefusedError(
            f"{error.filename or data}: {error.strerror or error}. A withdrawal is decided and "
            "not finished; the next command goes on with it."
        ) from None
    return True


def _finish(data: Path, journal: Journal) -> None:
    folder, archive = releases_folder(data), data / "archive"
    archive.mkdir(parents=True, exist_ok=True)
    write_list(archive, journal.suppression)
    reached("suppressed")
    for step in journal.reissues:
        staging, final = staged(data, step.new), folder / step.new.replace("+", "_")
        if staging.exists():
            staging.rename(final)
        reached(f"named {step.new}")
    flush_folder(folder)
    for step in journal.reissues:
        rows = read_withheld(archive, step.old).values()
        if rows:
            kept = [row for row in rows if row.document_id not in step.gone]
            write_withheld(archive, step.new, kept)
    reached("noted")
    old, new = {step.old for step in journal.reissues}, {step.new for step in journal.reissues}
    visible = (set(versions(data)) - old) | new
    rewrite_index(
        data, {v: sha256_of(folder / v.replace("+", "_") / "SHA256SUMS") for v in visible}
    )
    reached("switched")
    for step in journal.reissues:
        former = folder / step.old.replace("+", "_")
        if former.exists():
            shutil.rmtree(former)
        drop_withheld(archive, step.old)
        reached(f"removed {step.old}")
    purge(data, read_suppression(archive))
    reached("purged")
    (folder / JOURNAL).unlink()
    flush_folder(folder)
