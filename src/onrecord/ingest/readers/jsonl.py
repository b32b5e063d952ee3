"""JSON Lines: a JSON object a line, each one a document."""

import json
from collections.abc import Iterator

from onrecord.ingest.quarantine import Reason
from onrecord.ingest.readers.protocol import Given, Refused, Yield
from onrecord.ingest.readers.records import decoded_text, document
from onrecord.ingest.readers.sniff import is_json_lines, suffix


class _JsonLines:
    """See the module."""

    name = "jsonl"
    version = "1"
    holds_parts = False
    needs: tuple[str, ...] = ()

    def recognises(self, name: str, head: bytes) -> bool:
        return suffix(name) in ("jsonl", "ndjson", "jl") or is_json_lines(head)

    def read(self, given: Given) -> Iterator[Yield]:
        text, basis = decoded_text(given)
        # Not splitlines: within a JSON string U+2028 and the like may stand as they are.
        for number, line in enumerate(text.split("\n"), 1):
            if not line.strip():
                continue
            locator, size = f"line={number}", len(line.encode("utf-8", "replace"))
            try:
                record = json.loads(line)
            except (ValueError, RecursionError) as error:
                found = f"no JSON: {str(error)[:200]}"
                yield Refused(Reason.DAMAGED, found, locator, size)
                continue
            if not isinstance(record, dict):
                yield Refused(Reason.DAMAGED, "a JSON value, but no object", locator, size)
                continue
            yield document(record, given.options.fields, locator, basis, size)


READER = _JsonLines()
