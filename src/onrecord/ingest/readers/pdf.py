"""PDF, with the extra ``onrecord[pdf]``: a document a page, its lines joined to paragraphs."""

from collections.abc import Iterator

from onrecord.ingest.quarantine import Reason
from onrecord.ingest.readers.facts import clean, words
from onrecord.ingest.readers.protocol import Facts, Given, Refused, Text, Unusable, Yield

#: PDFium's sign for a hyphen that only parts a word at the end of a line.
_SOFT = ("\ufffe", "\x02")
#: A line shorter than this share of the page's width of text ends a paragraph.
_FULL = 0.85
_LEAST_WIDTH = 30


def paragraphs(page: str) -> str:
    """The lines of a page, joined where a line is as full as the page allows."""
    lines = [line.strip() for line in page.split("\n")]
    lengths = sorted(len(line) for line in lines if line)
    width = lengths[int(len(lengths) * 0.9)] if lengths else 0
    out: list[str] = []
    goes_on = False
    for line in lines:
        if not line:
            goes_on = False
            continue
        if goes_on and out[-1].endswith(_SOFT):
            out[-1] = out[-1][:-1] + line
        elif goes_on:
            out[-1] += " " + line
        else:
            out.append(line)
        full = width >= _LEAST_WIDTH and len(line) >= _FULL * width
        goes_on = full or line.endswith(_SOFT)
    text = "\n".join(out)
    for sign in _SOFT:
        text = text.replace(sign, "")
    return text


class _Pdf:
    """See the module."""

    name = "pdf"
    version = "1"
    holds_parts = False
    needs = ("pypdfium2",)

    def recognises(self, name: str, head: bytes) -> bool:
        return head.startswith(b"%PDF-") or b"%PDF-" in head[:1024].lstrip()[:5]

    def read(self, given: Given) -> Iterator[Yield]:
        try:
            import pypdfium2
        except ImportError:
            found = 'pip install "onrecord[pdf]" reads PDF'
            raise Unusable(Reason.MISSING_EXTRA, found) from None
        try:
            document = pypdfium2.PdfDocument(given.raw)
        except pypdfium2.PdfiumError as error:
            if "password" in str(error).lower():
                raise Unusable(Reason.ENCRYPTED, "a password is needed") from None
            raise Unusable(Reason.DAMAGED, str(error)) from None
        title = words(document.get_metadata_dict().get("Title"))
        blank = []
        for number in range(len(document)):
            page = document[number]
            text = paragraphs(clean(page.get_textpage().get_text_range()))
            page.close()
            if text.strip():
                yield Text(text, Facts(title=title), f"page={number + 1}")
            else:
                blank.append(number + 1)
        if len(blank) == len(document):
            raise Unusable(Reason.NO_TEXT, f"no text on any of {len(document):,} pages: a scan?")
        for number in blank:
            yield Refused(Reason.NO_TEXT, "no text on this page", f"page={number}")


READER = _Pdf()
