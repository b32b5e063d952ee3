"""``feed.atom``: one entry a release, so that readers hear of new ones.

It is a function of the index and of the latest release's own files, so that whoever reads a
place can make it again. What an entry says comes from ``CHANGELOG.md``, which names records by
id only.
"""

import re
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as Xml

from onrecord.release.dataset import UNDESCRIBED

if TYPE_CHECKING:  # the catalog writes the feed
    from onrecord.release.catalog import Entry, Index

FEED = "feed.atom"
_ATOM = "http://www.w3.org/2005/Atom"
#: What XML can't hold at all.
_UNFIT = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _identity(index: "Index") -> uuid.UUID:
    """What names the feed for ever: the digest of the first release, as it was published first."""
    first = index.releases[0]
    digest = first.supersedes[0].content_digest if first.supersedes else first.content_digest
    return uuid.uuid5(uuid.NAMESPACE_URL, f"onrecord:{digest}")


def _sections(log: str) -> dict[str, str]:
    """What a change log says of each version."""
    found = {}
    for section in f"\n{log}".split("\n## ")[1:]:
        version, _, words = section.partition("\n")
        found[version.strip()] = words.strip()
    return found


def _add(parent: Xml.Element, name: str, text: str | None = None, **attributes: str) -> Xml.Element:
    element = Xml.SubElement(parent, name, attributes)
    element.text = _UNFIT.sub("\ufffd", text) if text else text
    return element


def _entry(
    feed: Xml.Element, entry: "Entry", identity: uuid.UUID, title: str, base: str, said: str
) -> None:
    element = _add(feed, "entry")
    _add(element, "id", uuid.uuid5(identity, entry.version).urn)
    _add(element, "title", f"{title} {entry.version}")
    _add(element, "updated", entry.created)
    _add(element, "link", rel="alternate", href=f"{base}{entry.path}/README.md")
    known = {"documents": entry.documents, "paragraphs": entry.paragraphs}
    counts = "".join(f"{n:,} {name}. " for name, n in known.items() if n is not None)
    _add(element, "summary", f"{counts}Content digest {entry.content_digest}.")
    if said:
        _add(element, "content", said, type="text")


def feed(index: "Index", dataset: Mapping[str, Any], log: str) -> str:
    """``feed.atom``, newest release first.

    Args:
        index: of the place, with one release at least.
        dataset: what the latest release states of the dataset.
        log: ``CHANGELOG.md`` of the latest release.
    """
    stated = dataset or UNDESCRIBED.stated()
    title = str(stated["title"])
    base = f"{str(stated['url']).rstrip('/')}/" if stated.get("url") else ""
    identity = _identity(index)
    latest = index.releases[-1]
    root = Xml.Element("feed", xmlns=_ATOM)
    _add(root, "id", identity.urn)
    _add(root, "title", title)
    _add(root, "updated", max(entry.created for entry in index.releases))
    _add(root, "link", rel="self", type="application/atom+xml", href=f"{base}{FEED}")
    _add(root, "link", rel="alternate", href=str(stated.get("homepage") or f"{base}{latest.path}/"))
    creators = [
        str(one["title"])
        for one in stated.get("contributors", [])
        if one.get("role", "creator") == "creator"
    ]
    for name in creators or [title]:
        _add(_add(root, "author"), "name", name)
    sections = _sections(log)
    for entry in reversed(index.releases):
        said = sections.get(entry.version) or sections.get(entry.version.partition("+")[0], "")
        _entry(root, entry, identity, title, base, said)
    Xml.indent(root)
    text = Xml.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'
