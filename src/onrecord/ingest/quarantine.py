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
    NO_TEXT = "no_text"
    NO_FIELD = "no_field"
    DAMAGED = "damaged"
    ENCRYPTED = "encrypted"
    UNSAFE_NAME = "unsafe_name"
    NOT_OK = "not_ok"
    MISSING_EXTRA = "missing_extra"
    LONG_LINE = "long_line"
    TOO_MANY_MEMBERS = "too_many_members"
    TOO_NESTED = "too_nested"
    EXPANDS = "expands"
    PARSER_TIME = "parser_time"
    PARSER_MEMORY = "parser_memory"
    PARSER_FAILED = "parser_failed"


ADVICE = {
    Reason.UNREADABLE: "check the file's rights and that the disk or share answers",
    Reason.EMPTY: "nothing to publish; leave the file out with `exclude` if that is right",
    Reason.BINARY: "not text; convert it to text, or leave it out with `exclude`",
    Reason.TOO_LARGE: "split the file, or raise the limit with --max-file-mb",
    Reason.OUTSIDE_LINK: "copy the file into the source's folder",
    Reason.FOLDER_LINK: "links to folders are not followed; copy the folder",
    Reason.NOT_REGULAR: "not a file (a pipe, a socket, a device, or a link within an archive); "
    "remove it",
    Reason.NAME_NOT_UTF8: "rename the file so that its name is UTF-8",
    Reason.WITHDRAWN: "remove it from the source's folder, or leave it out with `exclude`",
    Reason.INVALID_RECORD: "a fault of onrecord, please report it; all records of the document "
    "are left out",
    Reason.NO_TEXT: "its reader finds no text; look at the file, name another reader with "
    "`format`, or leave it out with `exclude`",
    Reason.NO_FIELD: "name the field that holds the text: `fields: {text: …}` in source.yml",
    Reason.DAMAGED: "not as its format demands; fetch or make the file again",
    Reason.ENCRYPTED: "decrypt it first",
    Reason.UNSAFE_NAME: "its name leads out of the archive; make the archive again",
    Reason.NOT_OK: "the server sent no page but an error or a redirection; fetch it again",
    Reason.MISSING_EXTRA: "install what reads it, and run again",
    Reason.LONG_LINE: "no text has such lines; leave the file out, or raise the limit with "
    "--limit max_block_bytes=N",
    Reason.TOO_MANY_MEMBERS: "split the file, or raise the limit with --limit max_members=N",
    Reason.TOO_NESTED: "unpack it, or raise the limit with --limit max_nesting=N",
    Reason.EXPANDS: "it may be made to fill the memory; unpack it, or raise the limits with "
    "--limit max_expansion=N and --limit max_unpacked_bytes=N",
    Reason.PARSER_TIME: "its reader takes too long; simplify it, or raise the limit with "
    "--limit parser_seconds=N",
    Reason.PARSER_MEMORY: "its reader needs too much memory; simplify it, or raise the limit with "
    "--limit parser_bytes=N",
    Reason.PARSER_FAILED: "its reader stumbled over it; convert it to text, and report the file",
}


class Rejected(NamedTuple):
    """One input that could not be used.

    Attributes:
        source_id: its source.
        path: relative to the source's folder, percent-encoded where it is not UTF-8.
        bytes: its size, 0 where it could not be learnt.
        reason: the code.
        detail: what was found and what to do about it.
        locator: which record within the file; "" is the whole file.
    """

    source_id: str
    path: str
    bytes: int
    reason: Reason
    detail: str
    locator: str = ""


def reject(
    source_id: str, path: str, size: int, reason: Reason, found: str, locator: str = ""
) -> Rejected:
    """Describe one rejected input: what was found, and the advice that belongs to it."""
    return Rejected(source_id, path, size, reason, f"{found}; {ADVICE[reason]}", locator)
