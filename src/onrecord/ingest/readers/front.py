"""What a Markdown text states about itself: in its front matter, or as its first heading."""

import re

from onrecord.ingest.readers.facts import date as as_date
from onrecord.ingest.readers.facts import words

#: The front matter of a text: lines of keys and values between two rules.
FRONT = re.compile(r"\ufeff?---[ \t]*\r?\n(.*?\r?\n)(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_KEY = re.compile(r"(title|date)[ \t]*:[ \t]*(.*?)[ \t]*\r?\Z", re.IGNORECASE)
_HEADING = re.compile(r"#[ \t]+(.+?)[ \t]*#*[ \t]*\r?\Z")


def stated_in(text: str) -> tuple[str | None, str | None]:
    """Title and date that a Markdown text states: in its front matter, or as its first heading.

    Args:
        text: the document.

    Returns:
        Title and date, None where they are not stated.
    """
    title = date = None
    front = FRONT.match(text)
    for line in front[1].split("\n") if front else ():
        found = _KEY.fullmatch(line)
        if found and found[1].lower() == "title":
            title = title or found[2].strip("\"'") or None
        elif found:
            date = date or found[2].strip("\"'") or None
    if title is None:
        body = text[front.end() :] if front else text
        first = body.removeprefix("\ufeff").lstrip()[:1000].split("\n", 1)[0]
        heading = _HEADING.fullmatch(first)
        title = heading[1] if heading else None
    return words(title), as_date(date)
