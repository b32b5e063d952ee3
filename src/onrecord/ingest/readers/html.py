"""Saved pages: what a reader of the page would read, without menus and the like.

trafilatura finds the text; where it finds none, resiliparse does. Title, date and address are
taken from the page's own metadata only, never guessed.
"""

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from onrecord.ingest.decode import decode
from onrecord.ingest.quarantine import Reason
from onrecord.ingest.readers.facts import clean, date, words
from onrecord.ingest.readers.protocol import Basis, Facts, Given, Text, Unusable
from onrecord.ingest.readers.sniff import is_html, suffix

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_CHARSET = re.compile(
    rb"<(?:meta\b|\?xml\b)[^>]*?(?:charset|encoding)\s*=\s*[\"']?\s*([\w.:-]+)", re.IGNORECASE
)
#: Browsers look for a declaration in the first 1,024 bytes; some pages have it later.
_DECLARED_WITHIN = 4096
_XML = re.compile(r"\s*<\?xml[^>]*>")
#: The first line that browsers write into a page that they save.
_SAVED = re.compile(r"<!--\s*saved from url=\(\d+\)(\S+)\s*-->")
_DATES = (
    "article:published_time",
    "datepublished",
    "dc.date.issued",
    "dcterms.issued",
    "dcterms.created",
    "citation_publication_date",
    "citation_date",
    "parsely-pub-date",
    "sailthru.date",
    "dc.date",
    "dcterms.date",
    "date",
    "pubdate",
    "publish-date",
)


def _meta(tree: "HtmlElement") -> dict[str, str]:
    """What the page's ``meta`` elements say, the first of each name."""
    found: dict[str, str] = {}
    for element in tree.iter("meta"):
        content = words(element.get("content"))
        for key in ("property", "name", "itemprop"):
            name = element.get(key)
            if name and content:
                found.setdefault(name.strip().lower(), content)
    return found


def _published_in(data: Any, depth: int = 0) -> str | None:
    """``datePublished`` in linked data."""
    if depth > 5:
        return None
    if isinstance(data, list):
        return next((d for item in data[:50] if (d := _published_in(item, depth + 1))), None)
    if isinstance(data, dict):
        return date(data.get("datePublished")) or _published_in(data.get("@graph"), depth + 1)
    return None


def _linked_date(tree: "HtmlElement") -> str | None:
    for element in tree.iter("script"):
        if element.get("type") == "application/ld+json" and element.text:
            try:
                found = _published_in(json.loads(element.text))
            except (ValueError, RecursionError):
                continue
            if found:
                return found
    return None


def _published(tree: "HtmlElement", meta: dict[str, str]) -> str | None:
    stated = next((d for name in _DATES if (d := date(meta.get(name)))), None)
    if stated or (stated := _linked_date(tree)):
        return stated
    for element in tree.iter("time"):
        if element.get("pubdate") is not None or element.get("itemprop") == "datePublished":
            return date(element.get("datetime"))
    return None


def _address(tree: "HtmlElement", meta: dict[str, str], source: str) -> str | None:
    for element in tree.iter("link"):
        if (element.get("rel") or "").lower() == "canonical":
            address = words(element.get("href"))
            if address and address.startswith(("http://", "https://")):
                return address
    saved = _SAVED.search(source[:2000])
    address = meta.get("og:url") or (saved[1] if saved else None)
    return address if address and address.startswith(("http://", "https://")) else None


def _title(tree: "HtmlElement", meta: dict[str, str]) -> str | None:
    for element in tree.iter("title"):
        found = words(element.text_content())
        if found:
            return found
    return meta.get("og:title")


def facts_of(tree: "HtmlElement", source: str) -> Facts:
    """What a page states about itself."""
    meta = _meta(tree)
    return Facts(
        title=_title(tree, meta),
        published=_published(tree, meta),
        url=_address(tree, meta, source),
    )


def text_of(source: str, tree: "HtmlElement | None") -> str:
    """The text of a page, "" where nobody finds any."""
    from resiliparse.extract.html2text import extract_plain_text
    from trafilatura import extract

    if tree is not None:
        found = extract(tree, include_comments=False, include_tables=True, favor_recall=True)
        if found and found.strip():
            return found
    for main in (True, False):
        found = extract_plain_text(source, main_content=main, list_bullets=False, alt_texts=False)
        if found and found.strip():
            return found
    return ""


class _Html:
    """See the module."""

    name = "html"
    version = "1"
    holds_parts = False
    needs = ("trafilatura", "resiliparse.extract.html2text")

    def recognises(self, name: str, head: bytes) -> bool:
        return is_html(head) or suffix(name) in ("html", "htm", "xhtml", "shtml")

    def read(self, given: Given) -> Iterator[Text]:
        from trafilatura.utils import load_html

        meta = _CHARSET.search(given.raw[:_DECLARED_WITHIN])
        inside = meta[1].decode("ascii", "replace") if meta else None
        labels = [x for x in (given.facts.charset, inside, given.options.encoding) if x]
        decoded = decode(given.raw, declared=labels)
        source = _XML.sub("", decoded.text.removeprefix("\ufeff"), count=1)
        tree = load_html(source)
        text = text_of(source, tree)
        if not text:
            raise Unusable(Reason.NO_TEXT, "no text in the page")
        facts = facts_of(tree, source) if tree is not None else Facts()
        basis = Basis(decoded.encoding, decoded.by, decoded.confidence)
        yield Text(clean(text), facts, basis=basis)


READER = _Html()
