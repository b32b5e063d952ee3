"""Why an input could not be used: a closed list of reasons, each with advice."""

from enum import StrEnum
from typing import NamedTuple


class Reason(StrEnum):
    """Reason codes of the ``quarantine`` table (the same list as in its schema)."""

    UNREADABLE = "unreadable"
    EMPTY = "empty"
    BINARY = "binary"
    TOO_LARGE = "too_large"
    OUTSIDE_LINK = "outside_link"
    FOLDER_LINK = "folder_link"
    NOT_REGULAR = "not_regular"
    NAME_NOT_UTF8 = "name_not_utf8"
    WITHDRAWN = "withdrawn"
    INVALID_RECORD = "invalid_record"


ADVICE = {
    Reason.UNREADABLE: "check the file's rights and that the disk or share answers",
    Reason.EMPTY: "nothing to publish; leave the file out with `exclude` if that is right",
    Reason.BINARY: "not text; convert it to text, or leave it out with `exclude`",
    Reason.TOO_LARGE: "split the file, or raise the limit with --max-file-mb",
    Reason.OUTSIDE_LINK: "copy the file into the source's folder",
    Reason.FOLDER_LINK: "links to folders are not followed; copy the folder",
    Reason.NOT_REGULAR: "not a file (a pipe, a socket or a device); remove it",
    Reason.NAME_NOT_UTF8: "rename the file so that its name is UTF-8",
    Reason.WITHDRAWN: "remove it from the source's folder, or leave it out with `exclude`",
    Reason.INVALID_RECORD: "a fault of onrecord, please report it; all records of the document "
    "are left out",
}


class Rejected(NamedTuple):
    """One input that could not be used.

    Attributes:
        source_id: its source.
        path: relative to the source's folder, percent-encoded where it is not UTF-8.
        bytes: its size, 0 where it could not be learnt.
        reason: the code.
        detail: what was found and what to do about it.
    """

    source_id: str
    path: str
    bytes: int
    reason: Reason
    detail: str


def reject(source_id: str, path: str, size: int, reason: Reason, found: str) -> Rejected:
    """Describe one rejected input: what was found, and the advice that belongs to it."""
    return Rejected(source_id, path, size, reason, f"{found}; {ADVICE[reason]}")
