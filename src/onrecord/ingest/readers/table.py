"""CSV: a header line, then a document a row.

The standard library's parser is told to take fields of any size; a cell may hold a text of
200 kB. A file of tabs or semicolons is recognised by its header line.
"""

import csv
import io
import sys
from collections.abc import Iterator

from onrecord.ingest.quarantine import Reason
from onrecord.ingest.readers.protocol import Given, Refused, Unusable, Yield
from onrecord.ingest.readers.records import decoded_text, document
from onrecord.ingest.readers.sniff import suffix

_DELIMITERS = ",\t;|"


def _delimiter(text: str) -> str:
    """The delimiter that parts the first line into most cells, the comma in doubt."""
    header = text.lstrip("\r\n").splitlines()[0] if text.strip() else ""
    return max(_DELIMITERS, key=header.count)


class _Csv:
    """See the module."""

    name = "csv"
    version = "1"
    holds_parts = False
    needs: tuple[str, ...] = ()

    def recognises(self, name: str, head: bytes) -> bool:
        return suffix(name) in ("csv", "tsv")

    def read(self, given: Given) -> Iterator[Yield]:
        csv.field_size_limit(sys.maxsize)
        text, basis = decoded_text(given)
        delimiter = given.options.delimiter or _delimiter(text)
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=False)
        header = next(rows, None)
        if not header:
            raise Unusable(Reason.EMPTY, "no header line")
        for number, row in enumerate(rows, 1):
            if not any(cell.strip() for cell in row):
                continue
            size = sum(len(cell.encode("utf-8", "replace")) for cell in row)
            locator = f"row={number}"
            if len(row) != len(header):
                found = f"{len(row)} cells, the header has {len(header)}"
                yield Refused(Reason.DAMAGED, found, locator, size)
                continue
            record = dict(zip(header, row, strict=True))
            yield document(record, given.options.fields, locator, basis, size)


READER = _Csv()
