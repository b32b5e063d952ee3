"""Which readers there are: ours, and those that others add with an entry point."""

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from types import MappingProxyType

from onrecord.errors import ConfigurationError
from onrecord.ingest.readers.protocol import Reader
from onrecord.ingest.readers.sniff import PLAIN, plain_kind

GROUP = "onrecord.readers"
#: Ours, as in pyproject.toml; the first that recognises an input reads it.
OURS = {
    "pdf": "onrecord.ingest.readers.pdf:READER",
    "docx": "onrecord.ingest.readers.docx:READER",
    "zip": "onrecord.ingest.readers.zip:READER",
    "warc": "onrecord.ingest.readers.warc:READER",
    "compressed": "onrecord.ingest.readers.compressed:READER",
    "tar": "onrecord.ingest.readers.tar:READER",
    "mbox": "onrecord.ingest.readers.mail:MBOX",
    "html": "onrecord.ingest.readers.html:READER",
    "eml": "onrecord.ingest.readers.mail:EML",
    "jsonl": "onrecord.ingest.readers.jsonl:READER",
    "csv": "onrecord.ingest.readers.table:READER",
}


#: Media types for which a reader is known.
_BY_MEDIA = {"text/html": "html", "application/xhtml+xml": "html", "message/rfc822": "eml"}


def _load(place: str) -> Reader:
    module, _, name = place.partition(":")
    reader: Reader = getattr(import_module(module), name)
    return reader


@cache
def readers() -> Mapping[str, Reader]:
    """All readers by name: those of others first, which may stand in for ours.

    Raises:
        ConfigurationError: one can't be loaded.
    """
    found: dict[str, Reader] = {}
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name):
        if OURS.get(entry.name) == entry.value:
            continue
        try:
            found[entry.name] = entry.load()
        except Exception as error:
            raise ConfigurationError(
                f"the reader {entry.name!r} ({entry.value}) can't be loaded: {error}"
            ) from None
    for name, place in OURS.items():
        found.setdefault(name, _load(place))
    return MappingProxyType(found)


def format_of(name: str, head: bytes) -> str:
    """The format of an input: the name of a reader, or of a kind of plain text.

    Args:
        name: of the file or member.
        head: its first bytes.
    """
    lower = name.lower()
    for known, reader in readers().items():
        if reader.recognises(lower, head):
            return known
    return plain_kind(name)


def kind_of(name: str, head: bytes, media: str | None) -> str:
    """The format of an input, told by the media type where the content does not tell it."""
    found = format_of(name, head)
    return _BY_MEDIA.get(media, found) if media and found == "text" else found


def known_formats() -> tuple[str, ...]:
    """What ``format`` in ``source.yml`` may be."""
    return (*PLAIN, *readers())
