"""WARC and WET, also gzipped: what a crawler fetched, one record a page.

The locator is the offset of the record in the file, as indexes of such files have it.
"""

import gzip
import io
import itertools
import zlib
from collections.abc import Iterator
from typing import IO, Any, cast

from onrecord.ingest.quarantine import Reason
from onrecord.ingest.readers.bounds import unpacked
from onrecord.ingest.readers.facts import moment, words
from onrecord.ingest.readers.protocol import (
    Facts,
    Given,
    LeftOut,
    Part,
    Refused,
    Unusable,
    Yield,
)

_DESCRIBING = "WARC records that only describe others"
#: Kinds of payload that are text, but no document.
_NO_DOCUMENTS = ("text/css", "javascript", "ecmascript", "text/dns", "font")
_OK = ("200", "203")
_GZIP = b"\x1f\x8b\x08"


def _media(header: str | None) -> tuple[str | None, str | None]:
    """Media type and charset of a Content-Type."""
    if not header:
        return None, None
    media, _, rest = header.partition(";")
    charset = None
    for parameter in rest.split(";"):
        key, _, value = parameter.partition("=")
        if key.strip().lower() == "charset":
            charset = value.strip().strip("\"'") or None
    return media.strip().lower() or None, charset


def _record(record: Any, offset: int, given: Given) -> Yield:
    """One record as what it holds, or why it can't be used."""
    kind = record.rec_type
    locator = f"offset={offset}"
    if kind in ("warcinfo", "request", "metadata"):
        return LeftOut(_DESCRIBING)
    if kind == "revisit":
        found = "a record which says that the page had not changed"
        return Refused(Reason.EMPTY, found, locator)
    if kind not in ("response", "resource", "conversion"):
        return Refused(Reason.DAMAGED, f"a record of the kind {kind!r}", locator)
    headers = record.rec_headers
    content_type = headers.get_header("Content-Type")
    if record.http_headers:
        status = record.http_headers.get_statuscode()
        if status not in _OK:
            found = f"the server answered {status or 'nothing'}"
            return Refused(Reason.NOT_OK, found, locator, max(0, record.length or 0))
        content_type = record.http_headers.get_header("Content-Type")
    media, charset = _media(content_type)
    url = words(headers.get_header("WARC-Target-URI"))
    facts = Facts(
        retrieved=moment(headers.get_header("WARC-Date")), url=url, charset=charset, media=media
    )
    if media and any(word in media for word in _NO_DOCUMENTS):
        return Refused(Reason.NO_TEXT, f"no document but {media}", locator)
    try:
        raw = unpacked(record.content_stream(), max(1, record.length or 0), given.options)
    except Unusable as error:
        return Refused(error.reason, str(error), locator)
    # warcio ends such a record without a word; this is what its length still promised.
    if missing := getattr(record.raw_stream, "limit", 0):
        found = f"the record breaks off, {missing:,} bytes before its end"
        return Refused(Reason.DAMAGED, found, locator, len(raw))
    if not raw.strip():
        return Refused(Reason.EMPTY, "a page of no bytes", locator)
    name = (url or "").partition("?")[0].partition("#")[0].rsplit("/", 1)[-1]
    return Part(name, raw, facts, locator)


def _records(raw: bytes, given: Given) -> Iterator[Yield]:
    """What each record holds. Without the check of digests: no mistake there changes a text."""
    from warcio.archiveiterator import ArchiveIterator

    archive = ArchiveIterator(io.BytesIO(raw))
    for record in archive:
        # `get_record_offset` would read past the content.
        yield _record(record, archive.offset, given)


class _Warc:
    """See the module."""

    name = "warc"
    version = "1"
    holds_parts = True
    needs = ("warcio.archiveiterator",)

    def recognises(self, name: str, head: bytes) -> bool:
        if head.startswith(_GZIP):
            try:
                head = zlib.decompressobj(31).decompress(head, 16)
            except zlib.error:
                return False
        return head.startswith(b"WARC/")

    def read(self, given: Given) -> Iterator[Yield]:
        from warcio.exceptions import ArchiveLoadFailed

        count = 0
        try:
            for found in _records(given.raw, given):
                count += 1
                yield found
        except ArchiveLoadFailed as error:
            packed = given.raw.startswith(_GZIP)
            if not packed or count != 1:
                raise Unusable(Reason.DAMAGED, f"{error} (after {count:,} records)") from None
            # Packed as a whole, not record by record: offsets are those of what was packed.
            with gzip.GzipFile(fileobj=io.BytesIO(given.raw)) as stream:
                raw = unpacked(cast(IO[bytes], stream), len(given.raw), given.options)
            yield from itertools.islice(_records(raw, given), 1, None)
        except (EOFError, zlib.error, OSError) as error:
            raise Unusable(Reason.DAMAGED, f"{error} (after {count:,} records)") from None
        if not count:
            raise Unusable(Reason.DAMAGED, "no record in it")


READER = _Warc()
