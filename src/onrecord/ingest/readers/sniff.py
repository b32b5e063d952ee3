"""Which format bytes are, by what they begin with, and by their name where content can't tell."""

import re

#: So many first bytes of an input are enough to tell its format.
HEAD = 4096

#: Formats that are read in bulk (``ingest.read``), and the version of how.
PLAIN = {"text": "1", "markdown": "1", "wiki": "1"}
_MARKUP = {
    "md": "markdown",
    "markdown": "markdown",
    "mdown": "markdown",
    "mkd": "markdown",
    "wiki": "wiki",
    "mediawiki": "wiki",
    "wikitext": "wiki",
}
_WIDE = (b"\xff\xfe", b"\xfe\xff")


def suffix(name: str) -> str:
    """The last suffix of a name without its dot, in lower case; "" where there is none."""
    last = name.rsplit("/", 1)[-1]
    return last.rsplit(".", 1)[-1].lower() if "." in last.lstrip(".") else ""


def plain_kind(name: str) -> str:
    """Which kind of plain text a name stands for."""
    return _MARKUP.get(suffix(name), "text")


def readable(head: bytes) -> bytes:
    """The beginning of a text without byte order mark and leading blanks; UTF-16 as ASCII."""
    if head.startswith(_WIDE):
        head = head[2:].replace(b"\0", b"")
    return head.removeprefix(b"\xef\xbb\xbf").lstrip()


_HTML = re.compile(
    rb"(?:<\?xml[^>]*>\s*|<!--.*?-->\s*)*(?:<!doctype\s+html|<html[\s>]|<head[\s>]|<body[\s>])",
    re.IGNORECASE | re.DOTALL,
)


def is_html(head: bytes) -> bool:
    """Whether a text begins like a page."""
    text = readable(head)
    return text.startswith(b"<") and _HTML.match(text) is not None


_MBOX = re.compile(rb"From \S+.{0,100}\d\d:\d\d.{0,40}\r?\n(?:>From [^\n]*\n)?[!-9;-~]+:[ \t]")
_HEADER = re.compile(rb"(?:[!-9;-~]+:[^\n]*\n(?:[ \t][^\n]*\n)*)+\r?\n")
_CERTAIN = re.compile(
    rb"^(?:message-id|mime-version|received|return-path|delivered-to):",
    re.IGNORECASE | re.MULTILINE,
)


def is_mbox(head: bytes) -> bool:
    """Whether a text begins like a box of mails."""
    return head.startswith(b"From ") and _MBOX.match(head) is not None


def is_mail(head: bytes) -> bool:
    """Whether a text begins with the header of a mail.

    A memo begins with "From:" and "Subject:", too: what only mail programs write decides.
    """
    if not head[:1].isalpha() or b":" not in head[:80]:
        return False
    if len(head) >= HEAD and b"\n\n" not in head and b"\r\n\r\n" not in head:
        header = head[: head.rfind(b"\n") + 1] + b"\n"  # a header longer than what we look at
    else:
        header = head + b"\n\n"
    found = _HEADER.match(header)
    return found is not None and _CERTAIN.search(found.group()) is not None


def is_json_lines(head: bytes) -> bool:
    """Whether a text's first two lines look like objects."""
    text = readable(head)
    if not text.startswith(b'{"'):
        return False
    first, _, rest = text.partition(b"\n")
    if not rest:
        return False
    return first.rstrip().endswith(b"}") and rest.lstrip().startswith(b'{"')
