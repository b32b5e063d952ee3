"""What is in pages, archives and the like, for who has their bytes and looks for words."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from onrecord.ingest.archive import Archive
from onrecord.ingest.files import Candidate
from onrecord.ingest.quarantine import Reason
from onrecord.ingest.readers.pool import pool
from onrecord.ingest.readers.records import EVERY
from onrecord.ingest.readers.registry import format_of
from onrecord.ingest.readers.sniff import HEAD, PLAIN
from onrecord.ingest.sources import Source
from onrecord.ingest.unpack import ReadFile, options_of
from onrecord.settings import Settings

#: Reasons for which a part of a file was not seen.
_UNSEEN = {
    *(Reason.PARSER_TIME, Reason.PARSER_MEMORY, Reason.PARSER_FAILED, Reason.MISSING_EXTRA),
    *(Reason.EXPANDS, Reason.TOO_MANY_MEMBERS, Reason.TOO_NESTED, Reason.TOO_LARGE),
}


def look_inside(files: Sequence[bytes], settings: Settings) -> list[list[bytes] | None]:
    """What readers find in some files, for who looks for certain words in them.

    Args:
        files: raw bytes, whose names and sources are not known.
        settings: with the limits.

    Returns:
        For each file what is in it, nothing where it is plain text; None where a part of it
        could not be seen.
    """
    found: list[list[bytes] | None] = [[] for _ in files]
    odd = [i for i, raw in enumerate(files) if format_of("", raw[:HEAD]) not in PLAIN]
    odd += [i for i, raw in enumerate(files) if i not in odd and raw.lstrip().startswith(b'{"')]
    if not odd:
        return found
    nobody = Source(id="any", title="any", origin="any", basis="any", exclude=[])
    options = options_of(nobody, settings) | {"fields": {"text": EVERY}}
    with (
        TemporaryDirectory() as folder,
        pool(settings.parser_seconds, settings.parser_bytes) as children,
    ):
        store = Archive(Path(folder))
        for i in odd:
            (sha256,) = store.put([files[i]])
            file = ReadFile(Candidate("", "", "", len(files[i])), sha256, store)
            as_lines = format_of("", files[i][:HEAD]) in PLAIN
            file.read(children, options | {"format": "jsonl" if as_lines else None}, 1)
            if any(entry.reason in _UNSEEN for entry in file.found.rejected):
                found[i] = None
            else:
                names = [c.extract.sha256 for c in file.found.candidates if c.extract]
                found[i] = list(store.get_all(names))
    return found
