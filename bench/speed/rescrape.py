"""Make the text of a later scrape of a document out of the document.

Inputs larger than the corpus are the corpus again and again, changed like a site changes
between two visits of a scraper: mostly nothing but a date or a line of links, sometimes an
edit, and articles that were not there before. Copies alone would make a large input easy: a
deduplicator throws them out early. So over a quarter of the paragraphs of a re-scrape are new.

New text is put together from pieces of a few words each from all over the corpus, in the same
language. Whole sentences won't do: the engine rightly finds a paragraph of other documents'
sentences to be a composite of them, and nothing new would arrive. The pieces are mostly shorter
than a shingle, so that about as many shingles are shared as between real articles.
"""

import hashlib
import random
import re
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from bench.corpus import File

#: Of the documents of a re-scrape: the share that is as it was but for one line …
SAME = 0.60
#: … and the share whose place a new article has taken. The rest is edited.
REPLACED = 0.27
#: Of the edited documents: the share that gets new paragraphs, one for so many that stand there.
ADDED = 0.60
ADDED_FOR_EACH = 4

_SHORTEST_PIECE, _LONGEST_PIECE = 2, 7  # words
_WORD_ROOM = 12  # characters of text looked at for each word of a piece
_LEAST_LENGTH = 20  # characters of a new paragraph
_LEAST_SHARE_OF_SPACES = 0.05  # below it a script writes no spaces between words
_WIDEST_LINE = 100  # characters; a paragraph of several such lines is hard-wrapped
_WIDTH = 72
_BETWEEN = re.compile(r"((?:\r\n|\r|\n)(?:[ \t\u00a0]*(?:\r\n|\r|\n))+)")
_LINE_ENDS = re.compile(r"((?:\r\n|\r|\n)+)")
_SENTENCE = re.compile(r"(?<=[.!?؟。])\s+|(?<=。)")
_NUMBER = re.compile(r"\d+")

_UPDATED = {
    "ar": "آخر تحديث",
    "de": "Zuletzt geändert",
    "en": "Last updated",
    "es": "Última modificación",
    "fa": "آخرین به‌روزرسانی",
    "fr": "Dernière mise à jour",
    "ja": "最終更新",
    "pt": "Última atualização",
    "ru": "Последнее изменение",
    "zh": "最后更新",
}
_LINKS = {
    "en": (
        "Home | News | Politics | Economy | Society | Sport | Contact us",
        "Skip to main content Home About us News Publications Search",
        "You are here: Home » News » Archive",
        "Share this page: Facebook Twitter LinkedIn Print Email",
    ),
    "fa": (
        "صفحه اصلی | اخبار | سیاست | اقتصاد | ورزش | تماس با ما",
        "خانه » اخبار » بایگانی",
    ),
    "fr": (
        "Accueil | Actualités | Politique | Économie | Sport | Contact",
        "Vous êtes ici : Accueil » Actualités » Archives",
    ),
}
_FOOTERS = (
    "Follow us on Facebook, Twitter and YouTube for the latest news and updates.",
    "All rights reserved. No part of this page may be reproduced without written permission.",
    "Sign up for our newsletter to receive the most important stories every morning.",
)
_STRAIGHT = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"'})
_FIRST_SCRAPE = date(2019, 1, 7)
_BETWEEN_SCRAPES = timedelta(days=91)
_DAYS_OF_A_SCRAPE = 10


@dataclass(slots=True)
class Tally:
    """What a re-scrape was made of.

    Attributes:
        documents: in all.
        same: documents as they were but for one line.
        replaced: documents in whose place stands a new article.
        edited: all others.
        paragraphs: of all documents: what stands between blank lines, or between line breaks
            where a document has no blank lines.
        new_paragraphs: those put together from pieces.
        characters: of the paragraphs.
        new_characters: of the new paragraphs.
    """

    documents: int = 0
    same: int = 0
    replaced: int = 0
    edited: int = 0
    paragraphs: int = 0
    new_paragraphs: int = 0
    characters: int = 0
    new_characters: int = 0


def dice(*key: object) -> random.Random:
    """A random generator that depends on the key alone, not on what was drawn before."""
    digest = hashlib.blake2b("\0".join(map(str, key)).encode("utf-8", "surrogateescape"))
    return random.Random(digest.digest())  # noqa: S311


def _split(text: str) -> list[str]:
    """Paragraphs at even places, what separates them at odd ones."""
    parts = _BETWEEN.split(text)
    return parts if len(parts) > 1 else _LINE_ENDS.split(text)


class _Pool:
    """All text of one language, to take pieces from."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._text = " ".join(" ".join(texts).split())
        sample = self._text[:100_000]
        self._spaced = sample.count(" ") >= _LEAST_SHARE_OF_SPACES * len(sample)

    def _piece(self, rng: random.Random) -> str:
        words = rng.randint(_SHORTEST_PIECE, _LONGEST_PIECE)
        room = _WORD_ROOM * words
        at = int(rng.random() * max(1, len(self._text) - room))
        if not self._spaced:  # a character is a token there
            return self._text[at : at + words].replace(" ", "")
        return " ".join(self._text[at : at + room].split()[1 : words + 1])

    def words(self, rng: random.Random, length: int) -> str:
        """New text of at least `length` characters."""
        pieces = []
        have = 0
        while have < length:
            piece = self._piece(rng)
            pieces.append(piece)
            have += len(piece) + self._spaced
        return (" " if self._spaced else "").join(pieces).strip()

    def paragraph(self, rng: random.Random, like: str) -> str:
        """New text as long as another paragraph, and hard-wrapped where that is."""
        text = self.words(rng, max(_LEAST_LENGTH, len(like.strip())))
        text = text[:1].upper() + text[1:]
        lines = like.strip().splitlines()
        if len(lines) > 1 and max(map(len, lines)) <= _WIDEST_LINE:
            return textwrap.fill(text, _WIDTH, break_long_words=False, break_on_hyphens=False)
        return text


class Rescraper:
    """Makes later scrapes of the documents of a corpus."""

    def __init__(self, files: list[File]) -> None:
        """Collect the text of each language.

        Args:
            files: all documents, in an order that is the same every time.
        """
        texts: dict[str | None, list[str]] = {}
        for file in files:
            text = file.data.decode("utf-8", "ignore")
            texts.setdefault(file.language, []).append(text)
        self._pools = {language: _Pool(found) for language, found in texts.items()}

    def rescrape(self, file: File, turn: int, tally: Tally) -> bytes:
        """What the `turn`-th later scrape of a document brings.

        Args:
            file: the document as it was first.
            turn: 1 for the first re-scrape.
            tally: counts on.
        """
        rng = dice("rescrape", turn, file.collection, file.path)
        tally.documents += 1
        try:
            text = file.data.decode()
        except UnicodeDecodeError:  # can't be edited as text
            tally.same += 1
            line = _visited(rng, turn).isoformat().encode()
            return file.data + b"\n" + line + b"\n"
        parts = _split(text)
        pool = self._pools[file.language]
        kind = rng.random()
        new: list[str] = []
        if kind < SAME:
            tally.same += 1
            text = _with_line(text, rng, turn, file.language)
        elif kind < SAME + REPLACED:
            tally.replaced += 1
            parts[::2] = [pool.paragraph(rng, p) if p.strip() else p for p in parts[::2]]
            new = [p for p in parts[::2] if p.strip()]
            text = "".join(parts)
        else:
            tally.edited += 1
            new = _edit(parts, rng, pool)
            text = _respell("".join(parts), rng)
        _count(text, new, tally)
        return text.encode()


def _count(text: str, new: list[str], tally: Tally) -> None:
    lengths = [len(part) for part in _split(text)[::2] if part.strip()]
    tally.paragraphs += len(lengths)
    tally.characters += sum(lengths)
    tally.new_paragraphs += len(new)
    tally.new_characters += sum(map(len, new))


def _visited(rng: random.Random, turn: int) -> date:
    day = timedelta(days=rng.randrange(_DAYS_OF_A_SCRAPE))
    return _FIRST_SCRAPE + turn * _BETWEEN_SCRAPES + day


def _with_line(text: str, rng: random.Random, turn: int, language: str | None) -> str:
    """The text with a date or a line of links at its top or its end."""
    if rng.random() < 0.6:
        label = _UPDATED.get(language or "en", _UPDATED["en"])
        line = f"{label}: {_visited(rng, turn).isoformat()}"
    else:
        line = rng.choice(_LINKS.get(language or "en", _LINKS["en"]))
    if rng.random() < 0.5:
        return f"{line}\n\n{text}"
    return f"{text.rstrip()}\n\n{line}\n"


def _filled(parts: list[str]) -> list[int]:
    """Places of the paragraphs."""
    return [i for i in range(0, len(parts), 2) if parts[i].strip()]


def _reword(text: str, rng: random.Random, pool: _Pool) -> str:
    """One number, or else a few words in the middle, changed."""
    numbers = list(_NUMBER.finditer(text))
    if numbers and rng.random() < 0.6:
        found = rng.choice(numbers)
        changed = str(int(found.group()[:9]) + rng.randint(1, 9))
        return text[: found.start()] + changed + text[found.end() :]
    words = text.split(" ")
    if len(words) < 4:
        middle = len(text) // 2
        return text[:middle] + pool.words(rng, 4) + text[middle:]
    at = rng.randrange(1, len(words) - 1)
    words[at : at + rng.randint(0, 2)] = [pool.words(rng, 8)]
    return " ".join(words)


def _edit(parts: list[str], rng: random.Random, pool: _Pool) -> list[str]:
    """Do some of what editors and page templates do; return the new paragraphs.

    Args:
        parts: paragraphs and separators in turn; changed in place.
        rng: decides.
        pool: where new text comes from.
    """
    here = _filled(parts)
    if not here:
        return []
    new = []
    chances = (0.3, 0.5, 0.3, 0.25, ADDED)
    remove, reword, repeat, glue, add = (rng.random() < chance for chance in chances)
    if reword:
        at = rng.choice(here)
        parts[at] = _reword(parts[at], rng, pool)
    if remove:
        at = rng.choice(here)
        if len(here) > 1:
            parts[at : at + 2] = []
        else:  # one block is all there is: a sentence goes
            sentences = _SENTENCE.split(parts[at])
            if len(sentences) > 2:
                del sentences[rng.randrange(len(sentences))]
                parts[at] = " ".join(sentences)
        here = _filled(parts)
    if repeat and here:  # as a caption or a pull quote
        at = rng.choice(here)
        said = rng.choice(_SENTENCE.split(parts[at]))[:300]
        if said.strip():
            parts[at:at] = [said, "\n\n"]
    if add and here:
        for _ in range(1 + len(here) // ADDED_FOR_EACH):
            at = rng.choice(_filled(parts))
            new.append(pool.paragraph(rng, parts[at]))
            parts[at:at] = [new[-1], "\n\n"]
    here = _filled(parts)
    if glue and here:
        parts[here[-1]] += rng.choice(_FOOTERS)
    return new


def _respell(text: str, rng: random.Random) -> str:
    """Other quotes, white space or line endings, all of which mean nothing."""
    draw = rng.random()
    if draw < 0.2:
        text = text.translate(_STRAIGHT)
    elif draw < 0.4:
        text = re.sub(r'"([^"\n]*)"', r"“\1”", text).replace("'", "’")
    draw = rng.random()
    if draw < 0.2:
        text = re.sub(r"\r\n|\r|\n", "\r\n", text)
    elif draw < 0.3:
        text = text.replace("\n", " \n")
    elif draw < 0.4:
        text = text.replace("\n\n", "\n\u00a0\n\n").replace(". ", ".  ")
    return text
