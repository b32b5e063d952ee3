"""Feeds and sitemaps: which pages they name.

XML from strangers is read piece by piece by libxml2, which fetches nothing here. What defines
entities (the "billion laughs"), is nested too deep, or has too many elements is refused. Sitemaps
must be sound XML. Feeds often are not, so of those whatever can be read is taken.
"""

from dataclasses import dataclass, field

from lxml import etree

from onrecord.collect.body import gunzip
from onrecord.collect.problems import Problem, Reason
from onrecord.collect.urls import normalise

_DEEPEST = 100
_MOST_ELEMENTS = 2_000_000
_PIECE = 64 * 1024
_GZIP_MAGIC = b"\x1f\x8b"
_BASE = "{http://www.w3.org/XML/1998/namespace}base"
_FEEDS = frozenset({"rss", "rdf", "feed"})


@dataclass(slots=True)
class Listing:
    """What a feed or sitemap names, in its order, each address once.

    Attributes:
        pages: normalised addresses.
        sitemaps: of an index.
        left_out: addresses that may not be fetched, in words.
    """

    pages: list[str] = field(default_factory=list)
    sitemaps: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


def _name(element: etree._Element) -> str:
    """The name of an element without its namespace, in lower case; "" of what is no element."""
    tag = element.tag
    return tag.rpartition("}")[2].rpartition(":")[2].lower() if isinstance(tag, str) else ""


class _Nothing(etree.Resolver):  # type: ignore[misc]
    """What a document wants to be fetched is empty. The parser should not even ask."""

    def resolve(self, system_url: str, public_id: str, context: object) -> object:
        """Stand for any file or address."""
        return self.resolve_empty(context)


class _Reader:
    """Goes through XML and asks a subclass about each element.

    Attributes:
        path: names of the open elements, outermost first.
        bases: their xml:base, as one address each.
    """

    def __init__(self, url: str) -> None:
        self.path: list[str] = []
        self.bases = [url]
        self.root = ""

    def begin(self, element: etree._Element) -> None:
        """An element begins."""

    def end(self, element: etree._Element) -> None:
        """An element ends; it is still the last of `path`."""

    def read(self, raw: bytes, lenient: bool) -> None:
        """Read a document.

        Raises:
            Problem: it is refused; without `lenient` also when it is not sound.
        """
        parser = etree.XMLPullParser(
            ("start", "end"),
            recover=lenient,
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
            remove_comments=True,
            remove_pis=True,
        )
        parser.resolvers.add(_Nothing())
        elements = 0
        try:
            for at in range(0, len(raw), _PIECE):
                parser.feed(raw[at : at + _PIECE])
                elements += self._take(parser)
                if elements > _MOST_ELEMENTS:
                    raise Problem(Reason.BAD_LIST, f"more than {_MOST_ELEMENTS:,} elements")
            parser.close()
            self._take(parser)
        except (etree.LxmlError, AssertionError) as error:
            if not lenient:
                raise Problem(Reason.BAD_LIST, f"no sound XML: {error}"[:300]) from None

    def _take(self, parser: "etree.XMLPullParser[etree._Element]") -> int:
        """Take in what was read so far; return how many elements began."""
        began = 0
        for event, element in parser.read_events():
            name = _name(element)
            if event == "start":
                began += 1
                if not self.root:
                    self.root = name
                    _refuse_entities(element)
                self.path.append(name)
                base = element.get(_BASE)
                self.bases.append(_joined(base, self.bases[-1]) if base else self.bases[-1])
                if len(self.path) > _DEEPEST:
                    raise Problem(Reason.BAD_LIST, f"elements more than {_DEEPEST} deep")
                self.begin(element)
            elif self.path:
                self.end(element)
                self.path.pop()
                self.bases.pop()
                element.clear()  # what is done with needs no room
        return began


def _refuse_entities(root: etree._Element) -> None:
    """Refuse a document that defines entities, whatever it does with them.

    Raises:
        Problem: it does.
    """
    dtd = root.getroottree().docinfo.internalDTD
    if dtd is not None and next(dtd.iterentities(), None) is not None:
        raise Problem(Reason.BAD_LIST, "it defines entities; such documents are not read")


def _joined(address: str, base: str) -> str:
    try:
        return normalise(address, base)
    except Problem:
        return base


def _text(element: etree._Element) -> str:
    return (element.text or "").strip()


class _Sitemap(_Reader):
    """Collects the ``loc`` of a sitemap, by the element around it."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.pages: list[tuple[str, str]] = []
        self.sitemaps: list[tuple[str, str]] = []

    def end(self, element: etree._Element) -> None:
        """Take a ``loc``."""
        around = self.path[-2:]
        if around == ["url", "loc"]:
            self.pages.append((_text(element), self.bases[0]))
        elif around == ["sitemap", "loc"]:
            self.sitemaps.append((_text(element), self.bases[0]))


class _Feed(_Reader):
    """Collects the address of each entry of a feed: RSS 0.9 to 2.0, Atom."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.pages: list[tuple[str, str]] = []
        self._entry: dict[str, tuple[str, str]] | None = None

    def begin(self, element: etree._Element) -> None:
        """An entry begins."""
        if self.path[-1] in ("item", "entry"):
            self._entry = {}

    def end(self, element: etree._Element) -> None:
        """Take a link, or the best link of an entry that ends."""
        name = self.path[-1]
        if name in ("item", "entry") and self._entry is not None:
            best = next(
                (self._entry[k] for k in ("link", "href", "guid") if k in self._entry), None
            )
            if best:
                self.pages.append(best)
            self._entry = None
        elif self._entry is not None and self.path[-2] in ("item", "entry"):
            kind, address = self._link(name, element)
            if address:
                self._entry.setdefault(kind, (address, self.bases[-1]))

    def _link(self, name: str, element: etree._Element) -> tuple[str, str]:
        """What an element says of the entry's address, and how."""
        if name == "link" and element.get("href"):
            wanted = element.get("rel", "alternate") == "alternate"
            return "href", element.get("href", "").strip() if wanted else ""
        if name == "link":
            return "link", _text(element)
        if name == "guid" and element.get("isPermaLink", "true").lower() == "true":
            text = _text(element)
            return "guid", text if text.startswith(("http://", "https://")) else ""
        return "", ""


def _gather(addresses: list[tuple[str, str]], left_out: list[str]) -> list[str]:
    """Addresses in their one form, each once; what is none goes to `left_out`."""
    found: dict[str, None] = {}
    for address, base in addresses:
        try:
            found[normalise(address, base)] = None
        except Problem as problem:
            left_out.append(problem.detail)
    return list(found)


def read_sitemap(raw: bytes, url: str, most: int) -> Listing:
    """Read a sitemap, a sitemap index, or a list of addresses in plain text; also gzipped.

    Args:
        raw: its bytes.
        url: its address.
        most: bytes that it may have unpacked.

    Returns:
        What it names.

    Raises:
        Problem: it is none of these, or refused.
    """
    if raw.startswith(_GZIP_MAGIC):
        raw = gunzip(raw, most)
    listing = Listing()
    if raw[:1_000].lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"http://", b"https://")):
        words = raw.decode("utf-8", "replace").lstrip("\ufeff").split()
        listing.pages = _gather([(word, url) for word in words], listing.left_out)
        return listing
    reader = _Sitemap(url)
    reader.read(raw, lenient=False)
    if reader.root not in ("urlset", "sitemapindex"):
        raise Problem(Reason.BAD_LIST, f"no sitemap: its root is <{reader.root[:50]}>")
    listing.pages = _gather(reader.pages, listing.left_out)
    listing.sitemaps = _gather(reader.sitemaps, listing.left_out)
    return listing


def read_feed(raw: bytes, url: str) -> Listing:
    """Read an RSS or Atom feed.

    Args:
        raw: its bytes.
        url: its address, which relative links are relative to.

    Returns:
        The pages of its entries.

    Raises:
        Problem: it is no feed, or refused.
    """
    reader = _Feed(url)
    reader.read(raw, lenient=True)
    if reader.root not in _FEEDS:
        raise Problem(Reason.BAD_LIST, f"neither RSS nor Atom: its root is <{reader.root[:50]}>")
    listing = Listing()
    listing.pages = _gather(reader.pages, listing.left_out)
    return listing
