"""Clean paragraphs to plant in, without natural repeats.

The rule that removes natural repeats is simple, strict and independent of the engine under test:
a passage goes when it shares a run of 6 words (12 characters in scripts without spaces) with one
already taken, or most of its rare words. So whatever a tool merges among the rest is wrong.
"""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass

from bench.corpus import Corpus, File
from bench.quality.languages import Language
from bench.quality.text import length, sentences, shingles, tokens

#: Length of a passage in units (words, or characters in scripts without spaces).
SHORTEST, LONGEST = {True: 12, False: 30}, {True: 150, False: 400}
#: A run of so many units that two passages share makes the later one a repeat.
RUN = {True: 6, False: 12}
#: … in Thai, where a word has five letters and every article of the Declaration begins alike:
RUN_THAI = 24
#: A word that fewer passages have is rare; shared by this many, and this share of them …
RARE, RARE_FEW, RARE_SHARE = 8, 4, 0.5

#: The corpus names the texts of the Universal Declaration by their own codes.
_UDHR = {"eng": "en", "fra": "fr", "deu_1901": "de", "spa": "es", "rus": "ru", "arb": "ar"} | {
    "pes_1": "fa",
    "cmn_hans": "zh",
    "jpn": "ja",
    "tha": "th",
}
_ENGLISH_SEEDS = {"us-senate-press"}

_MARKUP = re.compile(r"[{}<>|\\`*_#\[\]=@~^\x00-\x1f\x7f-\x9f]|https?:|www\.|&\w+;|  |\.\.|•")
#: Japanese has them, Chinese has not.
_KANA = re.compile(r"[\u3041-\u30ff]+")
_LETTERS = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Base:
    """A passage that cases are made of.

    Attributes:
        text: one line, without white space at its ends.
        sentences: of the text.
        size: words, or characters in scripts without spaces.
        collection: of the corpus.
    """

    text: str
    sentences: tuple[str, ...]
    size: int
    collection: str


def language_of(file: File) -> str | None:
    """Language of a document as the corpus states it, None where it is none of ours."""
    stem = file.path.rsplit("/", 1)[-1].removesuffix(".txt")
    if file.collection.startswith("udhr"):
        return _UDHR.get(stem)
    if file.collection in _ENGLISH_SEEDS:
        return "en"
    return file.language


def is_prose(text: str, language: Language) -> bool:
    """Whether a passage reads like sentences of the language.

    Args:
        text: one line.
        language: it should be in.
    """
    if _MARKUP.search(text):
        return False
    of_script = len(text) - len(language.runs.sub("", text))
    letters = max(of_script, len(text) - len(_LETTERS.sub("", text)))  # marks are in no \w
    if letters < 0.6 * (len(text) - text.count(" ")):
        return False
    # Translated pages are full of Latin names; where the script is Latin itself, stopwords tell.
    if of_script < (0.9 if language.stopwords else 0.55) * letters:
        return False
    kana = len(text) - len(_KANA.sub("", text))
    if (language.code == "ja" and kana < 0.15 * letters) or (language.code == "zh" and kana):
        return False
    if language.terminal and text.rstrip("\"'”’»)」』")[-1:] not in tuple(language.terminal):
        return False
    first = text.lstrip("\"'“‘«(")[:1]
    if language.cased and not (first.isupper() or first.isdigit()):
        return False
    if language.stopwords:
        words = tokens(text, language)
        if sum(word in language.stopwords for word in words) < 0.2 * len(words):
            return False
    return not text.isupper()


def _chunks(
    text: str, language: Language, rng: random.Random, small: bool
) -> Iterator[tuple[str, ...]]:
    """Cut a line into passages; a short one stays whole where there are enough of them."""
    parts = sentences(text, language)
    n = length(text, language)
    if len(parts) == 1 or (n <= LONGEST[language.spaced] and not small):
        yield tuple(parts)
        return
    at = 0
    while at < len(parts):
        count = rng.choice((1, 1, 1, 2, 3) if small else (2, 3, 4))
        # One sentence is often too short for a passage: take on until it is none.
        while count < 4 and (
            length(language.joiner.join(parts[at : at + count]), language)
            < SHORTEST[language.spaced]
        ):
            count += 1
        yield tuple(parts[at : at + count])
        at += count


def passages(
    corpus: Corpus, language: Language, rng: random.Random, enough: int, small: int = 3_000_000
) -> list[Base]:
    """Clean passages of one language, none of which repeats another.

    Args:
        corpus: to take them from.
        language: of the passages.
        rng: in which order documents are read, and how they are cut.
        enough: stop when so many are found.
        small: a language with fewer bytes than this is cut into shorter passages, for more.

    Returns:
        The passages, in random order.
    """
    files = [f for f in corpus.files if language_of(f) == language.code]
    scarce = sum(len(f.data) for f in files) < small
    rng.shuffle(files)
    seen: set[int] = set()
    found: list[Base] = []
    for file in files:
        if len(found) >= enough * 1.15:
            break
        try:
            text = file.data.decode("utf-8")
        except UnicodeDecodeError:
            continue
        for line in dict.fromkeys(part.strip() for part in text.splitlines()):
            if len(line) < SHORTEST[language.spaced]:
                continue
            for parts in _chunks(line, language, rng, scarce):
                taken = _take(parts, language, seen, file.collection)
                if not taken and scarce and len(parts) > 1:
                    for part in parts:  # one repeated sentence should not cost the others
                        taken += _take((part,), language, seen, file.collection)
                found += taken
    found = _without_look_alikes(found, language)
    rng.shuffle(found)
    return found[:enough]


def _take(
    parts: tuple[str, ...], language: Language, seen: set[int], collection: str
) -> list[Base]:
    """The passage that sentences make, if it is prose and no repeat (it is seen then)."""
    passage = language.joiner.join(parts)
    size = length(passage, language)
    if not SHORTEST[language.spaced] <= size <= LONGEST[language.spaced]:
        return []
    if not is_prose(passage, language):
        return []
    run = RUN_THAI if language.code == "th" else RUN[language.spaced]
    hashes = shingles(tokens(passage, language), run).tolist()
    if not seen.isdisjoint(hashes):
        return []
    seen.update(hashes)
    return [Base(passage, parts, size, collection)]


def _runs(characters: list[str]) -> Iterator[tuple[str, ...]]:
    """All runs of three characters, which serve as words where there are no spaces."""
    return zip(characters, characters[1:], characters[2:], strict=False)


def _without_look_alikes(found: list[Base], language: Language) -> list[Base]:
    """Leave out passages that share most of their rare words with one already kept."""
    words = [set(tokens(base.text, language)) for base in found]
    if not language.spaced:
        words = [{"".join(run) for run in _runs(tokens(base.text, language))} for base in found]
    count: dict[str, int] = {}
    for group in words:
        for word in group:
            count[word] = count.get(word, 0) + 1
    holders: dict[str, list[int]] = {}
    kept = []
    for i, base in enumerate(found):
        rare = [word for word in words[i] if 1 < count[word] < RARE]
        shared: dict[int, int] = {}
        for word in rare:
            for other in holders.get(word, ()):
                shared[other] = shared.get(other, 0) + 1
        scarce = sum(count[word] < RARE for word in words[i])
        if shared and max(shared.values()) >= max(RARE_FEW, RARE_SHARE * scarce):
            continue
        kept.append(base)
        for word in rare:
            holders.setdefault(word, []).append(i)
    return kept
