"""Mails: single files, and mbox files with many.

The document is the body; attachments are read by the readers of their own formats.
"""

import re
from collections.abc import Iterator
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from email.utils import parsedate_to_datetime

from onrecord.ingest.decode import decode
from onrecord.ingest.quarantine import Reason
from onrecord.ingest.readers.facts import clean, words
from onrecord.ingest.readers.html import READER as HTML
from onrecord.ingest.readers.protocol import (
    Basis,
    Facts,
    Given,
    LeftOut,
    Part,
    Refused,
    Text,
    Unusable,
    Yield,
)
from onrecord.ingest.readers.sniff import is_mail, is_mbox, suffix

_FROM = re.compile(rb"(?:\A|(?<=\n\n)|(?<=\n\r\n))From \S[^\n]*\d\d:\d\d[^\n]*\n")
_QUOTED_FROM = re.compile(rb"^>(>*From )", re.MULTILINE)
_OTHER_FORM = "other forms of the same mail"
_DEEPEST = 30


def _header(message: Message, name: str) -> str | None:
    """A header in plain words."""
    value = message.get(name)
    if value is None:
        return None
    try:
        return words(str(make_header(decode_header(str(value)))))
    except (HeaderParseError, LookupError, UnicodeError, ValueError):
        return words(str(value))


def _facts(message: Message) -> Facts:
    try:
        published = parsedate_to_datetime(str(message.get("Date", ""))).date().isoformat()
    except (ValueError, TypeError, IndexError, OverflowError):
        published = None
    return Facts(title=_header(message, "Subject"), published=published)


def _leaves(message: Message, depth: int = 0) -> Iterator[tuple[Message, bool]]:
    """The parts that hold something, and whether each is one of several forms of the same."""
    if depth > _DEEPEST:
        raise Unusable(Reason.TOO_NESTED, f"parts more than {_DEEPEST} deep")
    if message.get_content_type() == "message/rfc822" or not message.is_multipart():
        yield message, False
        return
    alternative = message.get_content_type() == "multipart/alternative"
    payload = message.get_payload()
    assert isinstance(payload, list)
    for part in payload:
        if isinstance(part, Message):
            for leaf, inner in _leaves(part, depth + 1):
                yield leaf, alternative or inner


def _bytes(part: Message) -> bytes:
    """What a part holds, without its transfer encoding."""
    if part.is_multipart():
        inner = part.get_payload(0)
        return inner.as_bytes() if isinstance(inner, Message) else b""
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _unflowed(text: str, delete_space: bool) -> str:
    """Text of ``format=flowed``: a line that ends with a space goes on in the next (RFC 3676)."""
    out: list[str] = []
    goes_on, depth_before = False, 0
    for line in text.split("\n"):
        bare = line.lstrip(">")
        depth = len(line) - len(bare)
        if depth or bare.startswith(" "):
            bare = bare.removeprefix(" ")
        if goes_on and depth == depth_before:
            out[-1] += bare
        else:
            out.append(">" * depth + " " * bool(depth) + bare)
        goes_on = bare.endswith(" ") and bare != "-- "
        if goes_on and delete_space:
            out[-1] = out[-1][:-1]
        depth_before = depth
    return "\n".join(out)


def _body(part: Message, facts: Facts, given: Given) -> Text:
    """The body of a mail as a document.

    Raises:
        Unusable: it has no text.
    """
    charset = part.get_content_charset()
    if part.get_content_type() == "text/html":
        page = Given("", _bytes(part), Facts(charset=charset), given.options)
        return next(HTML.read(page))._replace(facts=facts)
    labels = [x for x in (charset, given.options.encoding) if x]
    decoded = decode(_bytes(part), declared=labels)
    text = clean(decoded.text.removeprefix("\ufeff"))
    if str(part.get_param("format", "")).lower() == "flowed":
        text = _unflowed(text, str(part.get_param("delsp", "")).lower() == "yes")
    if not text.strip():
        raise Unusable(Reason.NO_TEXT, "no text in the mail itself")
    return Text(text, facts, basis=Basis(decoded.encoding, decoded.by, decoded.confidence))


def _is_body(part: Message, media: str) -> bool:
    return part.get_content_type() == media and part.get_content_disposition() != "attachment"


class _Eml:
    """One mail."""

    name = "eml"
    version = "1"
    holds_parts = True
    needs = HTML.needs

    def recognises(self, name: str, head: bytes) -> bool:
        return suffix(name) == "eml" or is_mail(head)

    def read(self, given: Given) -> Iterator[Yield]:
        message = message_from_bytes(given.raw)
        if not message.keys():
            raise Unusable(Reason.DAMAGED, "no header")
        facts = _facts(message)
        parts = list(_leaves(message))
        body = next((p for p, _ in parts if _is_body(p, "text/plain") and _bytes(p).strip()), None)
        body = body or next((p for p, _ in parts if _is_body(p, "text/html")), None)
        try:
            if body is None:
                raise Unusable(Reason.NO_TEXT, "no text in the mail itself")
            yield _body(body, facts, given)
        except Unusable as error:
            yield Refused(error.reason, str(error), size=len(given.raw))
        for number, (part, is_a_form) in enumerate(parts, 1):
            if part is body:
                continue
            media = part.get_content_type()
            if is_a_form and media.startswith("text/"):
                yield LeftOut(_OTHER_FORM)
                continue
            raw = _bytes(part)
            if not raw.strip():
                if part.get_filename():
                    yield Refused(Reason.EMPTY, "no bytes", f"part={number}")
                continue
            stated = Facts(charset=part.get_content_charset(), media=media)
            name = words(part.get_filename()) or ""
            kind = "eml" if media == "message/rfc822" else None
            yield Part(name, raw, stated, f"part={number}", kind)


class _Mbox:
    """Many mails, one after the other."""

    name = "mbox"
    version = "1"
    holds_parts = True
    needs = HTML.needs

    def recognises(self, name: str, head: bytes) -> bool:
        return is_mbox(head)

    def read(self, given: Given) -> Iterator[Yield]:
        marks = list(_FROM.finditer(given.raw))
        if not marks:
            raise Unusable(Reason.DAMAGED, "no mail in it")
        ends = [mark.start() for mark in marks[1:]] + [len(given.raw)]
        for number, (mark, end) in enumerate(zip(marks, ends, strict=True), 1):
            raw = _QUOTED_FROM.sub(rb"\1", given.raw[mark.end() : end])
            yield Part("", raw, locator=f"message={number}", format="eml")


EML = _Eml()
MBOX = _Mbox()
