"""What the readers of record files share: from named fields to a document."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from onrecord.ingest.decode import decode
from onrecord.ingest.quarantine import Reason
from onrecord.ingest.readers.facts import clean, date, moment, words
from onrecord.ingest.readers.protocol import Basis, Facts, Given, Refused, Text

_ABSENT = object()
#: In place of the name of a field: the words of all fields, however deep they lie.
EVERY = "*"


def decoded_text(given: Given) -> tuple[str, Basis]:
    """A whole input as text, without its byte order mark."""
    labels = [x for x in (given.facts.charset, given.options.encoding) if x]
    decoded = decode(given.raw, declared=labels)
    basis = Basis(decoded.encoding, decoded.by, decoded.confidence)
    return decoded.text.removeprefix("\ufeff"), basis


def lookup(record: Mapping[str, Any], path: str) -> Any:
    """The value of a field; dots lead into objects within objects."""
    if path in record:
        return record[path]
    value: Any = record
    for step in path.split("."):
        value = value.get(step, _ABSENT) if isinstance(value, Mapping) else _ABSENT
    return value


def _strings(value: Any) -> Iterator[str]:
    """All words in a value. What `json` gives is never deeper than Python can follow."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)


def document(
    record: Mapping[str, Any], fields: Mapping[str, Any], locator: str, basis: Basis, size: int
) -> Text | Refused:
    """One record as a document, or why it is none.

    Args:
        record: values by field.
        fields: which field says what, see ``ingest.sources.Fields``.
        locator: of the record.
        basis: how the file was decoded.
        size: of the record in bytes.
    """
    wanted = fields.get("text") or "text"
    if wanted == EVERY:
        return Text("\n\n".join(clean(words) for words in _strings(record)), locator=locator)
    names = [wanted] if isinstance(wanted, str) else list(wanted)
    values = [lookup(record, name) for name in names]
    if all(value is _ABSENT for value in values):
        known = ", ".join(str(key) for key in list(record)[:20])
        missing = " or ".join(f"`{name}`" for name in names)
        return Refused(Reason.NO_FIELD, f"no field {missing} (it has: {known})", locator, size)
    texts = [clean(value) for value in values if isinstance(value, str) and value.strip()]
    if not texts:
        return Refused(Reason.NO_TEXT, f"nothing in {', '.join(names)}", locator, size)

    def stated(key: str, as_a: Callable[[object], str | None]) -> str | None:
        name = fields.get(key)
        return as_a(lookup(record, name)) if name else None

    facts = Facts(
        title=stated("title", words),
        published=stated("published", date),
        retrieved=stated("retrieved", moment),
        url=stated("url", words),
    )
    return Text("\n\n".join(texts), facts, locator, basis)
