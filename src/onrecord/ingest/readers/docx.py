"""Word documents (DOCX), with the extra ``onrecord[docx]``: paragraphs and cells in order."""

import io
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any

from onrecord.ingest.quarantine import Reason
from onrecord.ingest.readers.bounds import most
from onrecord.ingest.readers.facts import clean, words
from onrecord.ingest.readers.protocol import Facts, Given, Text, Unusable
from onrecord.ingest.readers.sniff import suffix

_DEEPEST = 10


def _lines(container: Any, depth: int = 0) -> Iterator[str]:
    """The text of everything in a document or a cell, in order."""
    from docx.table import Table

    if depth > _DEEPEST:
        raise Unusable(Reason.TOO_NESTED, f"tables more than {_DEEPEST} deep")
    for item in container.iter_inner_content():
        if not isinstance(item, Table):
            yield item.text
            continue
        for row in item.rows:
            seen = set()
            for cell in row.cells:  # a merged cell comes once for each place that it takes
                if cell._tc not in seen:
                    seen.add(cell._tc)
                    yield from _lines(cell, depth + 1)


class _Docx:
    """See the module."""

    name = "docx"
    version = "1"
    holds_parts = False
    needs = ("docx",)

    def recognises(self, name: str, head: bytes) -> bool:
        return head.startswith(b"PK\x03\x04") and (suffix(name) == "docx" or b"word/" in head)

    def read(self, given: Given) -> Iterator[Text]:
        try:
            import docx
        except ImportError:
            found = 'pip install "onrecord[docx]" reads Word documents'
            raise Unusable(Reason.MISSING_EXTRA, found) from None
        try:
            with zipfile.ZipFile(io.BytesIO(given.raw)) as archive:
                size = sum(info.file_size for info in archive.infolist())
            if size > most(len(given.raw), given.options):
                raise Unusable(Reason.EXPANDS, f"{len(given.raw):,} bytes become {size:,}")
        except (zipfile.BadZipFile, EOFError, zlib.error) as error:
            raise Unusable(Reason.DAMAGED, str(error)) from None
        try:
            document = docx.Document(io.BytesIO(given.raw))
        except MemoryError:
            raise
        except Exception as error:  # the library raises whatever comes of a wrong file
            raise Unusable(Reason.DAMAGED, f"{type(error).__name__}: {error}") from None
        text = "\n".join(_lines(document))
        title = words(document.core_properties.title)
        yield Text(clean(text), Facts(title=title))


READER = _Docx()
