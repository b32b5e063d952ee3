"""The date that a text states at its head, where its form leaves no doubt.

A wrong date is worse than none, so forms are few, all of them full calendar dates:

- a line that is a date and nothing else but a weekday, a time, a word for publication
  ("Published on") or a byline;
- a place, a date and a dash before the first words of a paragraph: "GENEVA, 3 March 2019 — The";
- a date beside "FOR IMMEDIATE RELEASE".

Never one of figures alone in another order than year, month, day: 03/04/2019 may be March or
April. Where the head states several dates, or asks its readers to come to something, none is
taken: it may be a chronicle, a list, or an invitation.
"""

import datetime
import re

#: So many characters of a text are its head.
HEAD = 600
#: How far an invitation is looked for.
_FAR = 1_500

# English, Spanish, French, German, Portuguese, Italian, Russian.
_MONTHS = (
    "january jan enero janvier januar janeiro gennaio января",
    "february feb febrero février februar fevereiro febbraio февраля",
    "march mar marzo mars märz março марта",
    "april apr abril avril aprile апреля",
    "may mayo mai maio maggio мая",
    "june jun junio juin juni junho giugno июня",
    "july jul julio juillet juli julho luglio июля",
    "august aug agosto août августа",
    "september sept sep septiembre septembre setembro settembre сентября",
    "october oct octubre octobre oktober outubro ottobre октября",
    "november nov noviembre novembre novembro ноября",
    "december dec diciembre décembre dezember dezembro dicembre декабря",
)
_NUMBERS = {name: i for i, names in enumerate(_MONTHS, 1) for name in names.split()}
_WEEKDAYS = """monday tuesday wednesday thursday friday saturday sunday mon tues tue wed thurs thur
    thu fri sat sun lunes martes miércoles jueves viernes sábado domingo lundi mardi mercredi
    jeudi vendredi samedi dimanche montag dienstag mittwoch donnerstag freitag samstag sonntag
    lunedì martedì mercoledì giovedì venerdì sabato domenica понедельник вторник среда четверг
    пятница суббота воскресенье"""


def _any(words: str) -> str:
    return "(?:" + "|".join(sorted(words.split(), key=lambda w: (-len(w), w))) + ")"


_B = r"[ \t\u00a0]"
_S = rf"{_B}{{1,4}}"
_MONTH = _any(" ".join(_MONTHS))
_YEAR = r"(?:19|20|21)[0-9]{2}(?![0-9])"
_ISO = r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?![0-9-])"
_HAN = r"[0-9]{4} ?年 ?[0-9]{1,2} ?月 ?[0-9]{1,2} ?日"
_MONTH_FIRST = rf"{_MONTH}\.?{_S}[0-9]{{1,2}}(?:st|nd|rd|th)?(?:,(?:{_S})?|{_S}){_YEAR}"
_DAY_FIRST = (
    rf"[0-9]{{1,2}}(?:st|nd|rd|th|er|º|\.)?{_S}(?:(?:of|de|di){_S})?{_MONTH}\.?"
    rf"(?:,?{_S}(?:(?:de|del){_S})?){_YEAR}"
)
_DATE = rf"(?:{_any(_WEEKDAYS)}\.?,?{_S})?(?P<date>{_ISO}|{_HAN}|{_MONTH_FIRST}|{_DAY_FIRST})"
_TIME = (
    rf"(?:(?:T|,?{_S}(?:(?:at|-|–|\|){_S})?)[0-2]?[0-9][:.][0-5][0-9](?::[0-5][0-9](?:\.[0-9]+)?)?"
    rf"(?:{_B}?[ap]\.?m\.?)?(?:{_B}?(?:Z|[A-Z]{{2,4}}|[+-][0-9]{{1,2}}(?::?[0-9]{{2}})?)){{0,2}})?"
)
_LABEL = (
    r"(?:first )?(?:published|posted)(?: on| at)?|publication date|date published|pubdate|"
    r"date of publication|dated?|publié le|veröffentlicht am|publicado (?:el|em)|"
    r"pubblicato il|опубликовано"
)
_NAME = r"[^\W\d_][\w.'’-]*(?: [^\W\d_][\w.'’-]*){0,4}"
_BYLINE = rf"(?:(?:posted |published |written )?by {_NAME}(?:,|:?{_S}(?:[|–—•·-]|on|,))?{_S})"
_LINE = re.compile(
    rf"[(\[*_]{{0,3}}(?:(?:{_LABEL})(?:{_S})?[:\-–—]?(?:{_S})?|{_BYLINE})?"
    rf"{_DATE}{_TIME}(?:,?{_S}(?:[|–—•·-]{_S})?by {_NAME})?[.)\]*_]{{0,3}}",
    re.IGNORECASE,
)
_WORD = r"[A-ZÀ-Þ][\w.'’]*"
_NO_PLACE = "on in at by from since until yesterday today tomorrow as after before issued updated"
_PLACE = (
    rf"(?!(?i:{_any(_NO_PLACE + ' ' + _WEEKDAYS + ' ' + ' '.join(_MONTHS))})\b)"
    rf"{_WORD}(?:[ -]{_WORD}){{0,3}}(?:,{_S}{_WORD}(?:[ -]{_WORD}){{0,2}})?"
)
_PLACED = re.compile(
    rf"{_PLACE}(?:,{_S}|{_B}?\()(?i:{_DATE})\)?(?:{_B}?[(/][^()/\n]{{1,30}}[)/])?"
    rf"{_B}{{0,2}}(?:--|[–—-])(?=.{{60}})"
)
_BEFORE = re.compile(rf"{_DATE}{_S}\Z", re.IGNORECASE)
_BEHIND = re.compile(rf":?{_S}{_DATE}", re.IGNORECASE)
_RELEASE = re.compile(r"\bFOR IMMEDIATE RELEASE\b|\bFor Immediate Release\b")
#: How an invitation says when and where, at the beginning of a line and before a colon; and what
#: it asks of its readers. Its date is that of the occasion.
_KEYS = frozenset(("time", "when", "where", "location", "venue", "registration", "rsvp"))
_ASKS = (
    *("join us", "join the", "please join", "to join", "regist", "rsvp", "attendees"),
    *(
        "presenters",
        "this talk",
        "this event",
        "this session",
        "this webinar",
        "this workshop",
        "will present",
    ),
    *("will be held", "will take place"),
)
#: Every form has a year, so that lines without one need no other look.
_CENTURIES = "19", "20", "21"
_BEFORE_YEAR = frozenset(" \t\u00a0\n\r,([*_|:")
_PARTS = re.compile(r"[0-9]+|[^\W\d_]+")
#: A longer line is a paragraph; a date further in it is no dateline.
_LONGEST, _DEEPEST = 120, 90
#: A date is no longer.
_DATE_LENGTH = 40


def dateline(text: str) -> str | None:
    """The date that a text states at its head.

    Args:
        text: a document.

    Returns:
        Year-month-day, None where no date is stated in a form that leaves no doubt.
    """
    head, seen = text[:HEAD], -1
    found: set[str | None] = set()
    for year in _years(head):
        if year < seen:
            continue  # in a line that was looked at
        start = head.rfind("\n", 0, year) + 1
        seen = head.find("\n", year)
        whole = seen >= 0 or len(text) <= HEAD
        seen = seen if seen >= 0 else len(head)
        line = head[start:seen].strip()
        match = _LINE.fullmatch(line) if whole and len(line) <= _LONGEST else None
        if match and head[:start].rstrip().endswith(":"):
            return None  # behind a label that may say anything
        if match is None and year - start <= _DEEPEST and line[:1].isupper():
            match = _PLACED.match(line)
        if match:
            found.add(_calendar(match["date"]))
    if seen >= 0 and ("IMMEDIATE" in head or "Immediate" in head):
        found |= _beside_release(head)
    if len(found) != 1 or _invites(text[:_FAR]):
        return None
    return found.pop()


def _years(head: str) -> list[int]:
    """Where a year may stand; plain searches are many times as fast as an expression."""
    found = []
    for century in _CENTURIES:
        at = head.find(century)
        while at >= 0:
            alone = at == 0 or head[at - 1] in _BEFORE_YEAR
            if alone and head[at + 2 : at + 4].isdecimal():
                found.append(at)
            at = head.find(century, at + 1)
    return sorted(found)


def _invites(text: str) -> bool:
    """Whether a text asks its readers to come to something, or says when or where it is."""
    small = text.lower()
    if any(words in small for words in _ASKS):
        return True
    keys = (line.partition(":")[0] for line in small.split("\n") if ":" in line)
    return any(key.strip(" \t*_") in _KEYS for key in keys)


def _beside_release(head: str) -> set[str | None]:
    """Dates right before or behind the words that press releases begin with."""
    found = set()
    for words in _RELEASE.finditer(head):
        window = head[max(0, words.start() - _DATE_LENGTH) : words.start()]
        before = _BEFORE.search(window) if window.rstrip()[-2:].isdecimal() else None
        after = _BEHIND.match(head, words.end())
        found |= {_calendar(match["date"]) for match in (before, after) if match}
    return found


def _calendar(words: str) -> str | None:
    """A date as year-month-day, None where the calendar has no such day."""
    parts = _PARTS.findall(words.casefold())
    numbers = [int(part) for part in parts if part.isdecimal()]
    months = [_NUMBERS[part] for part in parts if part in _NUMBERS]
    if len(numbers) == 3:
        year, month, day = numbers
    elif len(numbers) == 2 and len(months) == 1:
        (day, year), (month,) = numbers, months
    else:  # letters that an expression takes for others, such as a dotless i
        return None
    try:
        found = datetime.date(year, month, day)
    except ValueError:
        return None
    return found.isoformat() if 1900 <= year <= 2100 else None
