"""What was fetched, as files that the release flow reads like any other.

Nothing here looks at the network or the clock: a release is a function of the archive. Of each
page the newest revision counts, and it goes on counting when the page is gone from the web or from
the lists: what was fetched stays until the source's `include` and `exclude`, or the lack of
`collect:`, leave it out.
"""

from collections.abc import Mapping
from email.message import Message
from operator import attrgetter

from onrecord.collect.custody import Key, Known, Role
from onrecord.errors import NotFoundError, RefusedError
from onrecord.ingest.archive import Archive
from onrecord.ingest.files import Candidate, Chooser, Fetched, Listing
from onrecord.ingest.quarantine import Reason, Rejected, reject
from onrecord.ingest.sources import Source


def _content_type(value: str) -> tuple[str | None, str | None]:
    """Media type and charset of a Content-Type; None for each that it does not state."""
    if not value.strip():
        return None, None
    header = Message()
    header["content-type"] = value
    charset = header.get_param("charset")
    media = header.get_content_type() if "/" in value else None
    return media, charset if isinstance(charset, str) and charset.isascii() else None


def collected(
    source: Source, known: Mapping[Key, Known], archive: Archive, max_bytes: int
) -> Listing:
    """The fetched pages of a source.

    Args:
        source: with `collect:`, else it has none.
        known: the record of custody.
        archive: that has the bytes.
        max_bytes: larger pages are rejected.

    Returns:
        Its pages, with their addresses as paths.

    Raises:
        RefusedError: the archive lacks bytes that the record names.
    """
    listing = Listing([], [], 0)
    if source.collect is None:
        return listing
    chooser = Chooser(source)
    for (source_id, role, url), state in known.items():
        if source_id != source.id or role != Role.PAGE or state.held is None:
            continue
        if not chooser.takes(url):
            listing = Listing(listing.candidates, listing.rejected, listing.left_out + 1)
            continue
        held = state.held
        assert held.sha256 is not None
        try:
            pack, start, size = archive.place(held.sha256)
        except NotFoundError as error:
            raise RefusedError(
                f"{url}: fetched {held.when}, but {error}. Put the packs back, or remove the "
                "record of custody and collect anew. Nothing was published."
            ) from None
        if size > max_bytes:
            found = f"{size:,} bytes, the limit is {max_bytes:,}"
            listing.rejected.append(reject(source.id, url, size, Reason.TOO_LARGE, found))
            continue
        media, charset = _content_type(held.headers.get("content-type", ""))
        fetched = Fetched(url, held.when, held.sha256, start, charset, media)
        listing.candidates.append(Candidate(source.id, url, str(pack), size, fetched=fetched))
    listing.candidates.sort(key=attrgetter("path"))
    listing.rejected.sort()
    return listing


def joined(files: Listing, pages: Listing) -> Listing:
    """The files of a source's folder and its fetched pages, as one listing.

    No path of a file is an address: ``https://`` has an empty name in it.
    """
    candidates = sorted([*files.candidates, *pages.candidates], key=attrgetter("path"))
    rejected: list[Rejected] = sorted([*files.rejected, *pages.rejected])
    return Listing(candidates, rejected, files.left_out + pages.left_out)
