"""Draw pairs of paragraphs that stand near each other, for a reader to judge.

The pairs must not depend on what the engine thinks of them. Only its segmentation is used;
which paragraphs look alike is found here by another, plain measure: two paragraphs of one
collection that share a run of five words are candidates, and the share of the three-word runs
of the shorter one that stand in the longer one (containment), with the Jaccard index of both
sets, says into which layer a candidate falls. So pairs that the engine never compares, or
compares and refuses, are drawn as well.

``python -m bench.quality.natural.draw`` prints what it would draw; with ``--write`` it writes
``pairs.jsonl`` and ``DIGEST``, and takes the judgements of the present file over to the pairs
that are drawn again. A pair without a judgement says null: read it and write one, and have
another reader judge it who does not see it.
"""

import argparse
import hashlib
import json
import re
import sys
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bench.corpus import Corpus, File, open_corpus
from onrecord.text.segment import segment

HERE = Path(__file__).parent
PAIRS = HERE / "pairs.jsonl"
DIGEST = HERE / "DIGEST"

SEED = 20080117
#: So many pairs of each collection.
WANTED = {
    "tehran_times_en": 90,
    "us_senate_press_en": 60,
    "us_digitalgov_en": 45,
    "us_18f_blog_en": 20,
    "debian_web_multi": 45,
    "fars_news_fa": 30,
    "udhr_utf8_multi": 10,
}
#: Collections whose text is in the public domain or under CC0, and may be printed in the set.
OPEN = {"us_senate_press_en", "us_digitalgov_en", "us_18f_blog_en", "udhr_utf8_multi"}

#: Collections in Markdown. Of their paragraphs only those are drawn of which this part of the
#: words stands outside of addresses, tags and templates: the rest is no text anybody reads.
MARKED_UP = {"us_digitalgov_en", "us_18f_blog_en"}
PROSE = 0.75

FEWEST_WORDS, MOST_WORDS = 6, 250
#: Lower ends of the layers of containment; the last is 1.0 for texts that are not equal.
CONTAINMENT = (0.5, 0.66, 0.8, 0.9, 1.0)
#: Lower ends of the layers of the Jaccard index.
JACCARD = (0.0, 0.33, 0.66)
#: A run of words in more paragraphs than this links each of them to its neighbours only.
COMMON = 12
NEIGHBOURS = 3
#: Two pairs are of one template when they share this part of the runs that make them alike.
SAME_TEMPLATE = 0.4
MOST_OF_TEMPLATE = 2
MOST_OF_DOCUMENTS = 2
#: At most this part of a collection's pairs has both its texts in one document: articles whose
#: body stands twice would fill the set otherwise. Some collections have few pairs of others.
WITHIN_DOCUMENT = 0.125
WITHIN_DOCUMENT_OF = {"fars_news_fa": 0.5, "udhr_utf8_multi": 1.0}

_INVISIBLE = dict.fromkeys([0xAD, 0x640, 0xFEFF, *range(0x200B, 0x2010), *range(0x202A, 0x202F)])
_LETTERS = {ord("ي"): "ی", ord("ى"): "ی", ord("ك"): "ک"}
_MARKS = "".join(c for c in map(chr, range(0x300, 0x10000)) if unicodedata.category(c)[0] == "M")
# Scripts without spaces between words: Thai, Lao, Burmese, Khmer, Kana, Han.
_SINGLE = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3041-\u30ff\u3400-\u9fff"
_TOKEN = re.compile(
    rf"\d+(?:[.,]\d+)*|[{_SINGLE}]|[^\W\d_](?:[^\W\d_{_SINGLE}]|[{_MARKS}])*|[$€£¥%+<>=±≤≥½¼¾²³]"
)
_MARKUP = re.compile(r"<[^<>]*>|\{\{.*?\}\}|\{%.*?%\}|\]\([^()]*\)|\w+://\S+|&#?\w+;")


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One distinct paragraph of a collection, as it stands for the first time.

    Attributes:
        file: the document.
        start: its first byte in the document.
        end: the byte after its last.
        tokens: its words.
        runs: its three-word runs, sorted.
    """

    file: File
    start: int
    end: int
    tokens: tuple[str, ...]
    runs: NDArray[np.uint64]

    @property
    def raw(self) -> bytes:
        """Its bytes."""
        return self.file.data[self.start : self.end]


@dataclass(frozen=True, slots=True)
class Candidate:
    """Two paragraphs that share a run of words.

    Attributes:
        a: the one that stands first in the corpus.
        b: the other.
        containment: share of the shorter one's three-word runs that stand in the longer.
        jaccard: of both sets of three-word runs.
    """

    a: Paragraph
    b: Paragraph
    containment: float
    jaccard: float

    @property
    def layer(self) -> tuple[int, int]:
        """Which band of containment and which of the Jaccard index it falls into."""
        return (
            sum(self.containment >= low for low in CONTAINMENT),
            sum(self.jaccard >= low for low in JACCARD),
        )


def words(text: str) -> tuple[str, ...]:
    """The words of a text, in lower case, with the signs that change a meaning.

    Args:
        text: any text.

    Returns:
        Its words, numbers and signs; single characters in scripts without spaces.
    """
    plain = unicodedata.normalize("NFC", text).translate(_INVISIBLE).lower().translate(_LETTERS)
    return tuple(_TOKEN.findall(plain))


def _run_hashes(tokens: tuple[str, ...], length: int) -> NDArray[np.uint64]:
    """Distinct hashes of all runs of so many words."""
    found = {
        hashlib.blake2b("\0".join(tokens[i : i + length]).encode(), digest_size=8).digest()
        for i in range(len(tokens) - length + 1)
    }
    return np.sort(np.frombuffer(b"".join(sorted(found)), ">u8").astype(np.uint64))


def paragraphs(files: list[File]) -> list[Paragraph]:
    """The distinct paragraphs of some documents, in the order of the corpus.

    Args:
        files: documents in UTF-8.

    Returns:
        Paragraphs of `FEWEST_WORDS` to `MOST_WORDS` words.
    """
    texts = [file.data.decode() for file in files]
    blocks = segment(pa.array(texts, pa.large_string()), 10_000)
    before = np.cumsum([0] + [len(file.data) for file in files])
    found = []
    seen = set()
    for row, start, end in zip(blocks.document, blocks.start, blocks.end, strict=True):
        file = files[row]
        first, last = int(start - before[row]), int(end - before[row])
        text = file.data[first:last].decode()
        tokens = words(text)
        if file.collection in MARKED_UP:
            prose = len(words(_MARKUP.sub(" ", text)))
            if prose < max(FEWEST_WORDS, PROSE * len(tokens)):
                continue
        if FEWEST_WORDS <= len(tokens) <= MOST_WORDS and tokens not in seen:
            seen.add(tokens)
            found.append(Paragraph(file, first, last, tokens, _run_hashes(tokens, 3)))
    return found


def _alike(found: list[Paragraph], random: Random) -> Iterator[tuple[int, int]]:
    """Pairs of paragraphs, by index, that share a run of five words."""
    holders = defaultdict(list)
    for i, paragraph in enumerate(found):
        for run in _run_hashes(paragraph.tokens, 5).tolist():
            holders[run].append(i)
    pairs: set[tuple[int, int]] = set()
    for run in sorted(holders):
        rows = holders[run]
        reach = len(rows)
        if reach > COMMON:
            rows = random.sample(rows, reach)
            reach = NEIGHBOURS + 1
        for k, i in enumerate(rows):
            pairs.update((min(i, j), max(i, j)) for j in rows[k + 1 : k + reach])
    yield from sorted(pairs)


def candidates(files: list[File], random: Random) -> list[Candidate]:
    """All pairs of paragraphs of some documents that are alike enough to be judged.

    Args:
        files: documents of one collection and one language.
        random: decides which neighbours are compared where a run of words is common.

    Returns:
        Candidates with a containment of 0.5 or more, in the order of the corpus.
    """
    found = paragraphs(files)
    chosen = []
    for i, j in _alike(found, random):
        a, b = found[i], found[j]
        shared = np.intersect1d(a.runs, b.runs, assume_unique=True).size
        containment = shared / min(a.runs.size, b.runs.size)
        if containment >= CONTAINMENT[0]:
            jaccard = shared / (a.runs.size + b.runs.size - shared)
            chosen.append(Candidate(a, b, containment, jaccard))
    return chosen


def _template(candidate: Candidate) -> frozenset[str]:
    """The three-word runs, digits blotted out, that both texts of a pair have."""
    sides = []
    for side in (candidate.a, candidate.b):
        masked = [re.sub(r"\d", "0", token) for token in side.tokens]
        sides.append({" ".join(masked[i : i + 3]) for i in range(len(masked) - 2)})
    return frozenset(sides[0] & sides[1])


class _Chosen:
    """What is drawn so far, and whether one more pair would be too much of one kind."""

    def __init__(self, within: int) -> None:
        self.candidates: list[Candidate] = []
        self.languages: Counter[str] = Counter()
        self._within = within
        self._templates: list[frozenset[str]] = []
        self._paragraphs: set[tuple[str, int]] = set()
        self._documents: Counter[tuple[str, str]] = Counter()

    def offer(self, candidate: Candidate) -> bool:
        """Take a pair, unless its texts, documents or template are there already."""
        sides = {(side.file.path, side.start) for side in (candidate.a, candidate.b)}
        documents = (candidate.a.file.path, candidate.b.file.path)
        if sides & self._paragraphs or self._documents[documents] >= MOST_OF_DOCUMENTS:
            return False
        within = documents[0] == documents[1]
        if within and not self._within:
            return False
        template = _template(candidate)
        alike = 0
        for other in self._templates:
            smaller = min(len(template), len(other))
            alike += len(template & other) >= SAME_TEMPLATE * smaller
        if alike >= MOST_OF_TEMPLATE:
            return False
        self.candidates.append(candidate)
        self.languages[str(candidate.a.file.language)] += 1
        self._templates.append(template)
        self._paragraphs |= sides
        self._documents[documents] += 1
        self._within -= within
        return True


def draw(files: list[File], wanted: int, random: Random) -> list[Candidate]:
    """Draw pairs of one collection, in turn from its layers and, in a layer, its languages.

    Args:
        files: the documents of the collection.
        wanted: how many pairs.
        random: decides which.

    Returns:
        So many pairs, or fewer where there are not enough.
    """
    by_language = defaultdict(list)
    for file in files:
        by_language[file.language].append(file)
    heaps: dict[tuple[int, int], dict[str, list[Candidate]]] = defaultdict(dict)
    for language in sorted(by_language, key=str):
        layers = defaultdict(list)
        for candidate in candidates(by_language[language], random):
            layers[candidate.layer].append(candidate)
        for layer in sorted(layers):
            random.shuffle(layers[layer])
            heaps[layer][str(language)] = layers[layer]
    share = WITHIN_DOCUMENT_OF.get(files[0].collection, WITHIN_DOCUMENT)
    chosen = _Chosen(int(wanted * share))
    while len(chosen.candidates) < wanted and heaps:
        for layer in sorted(heaps):
            language = min(heaps[layer], key=lambda name: (chosen.languages[name], name))
            heap = heaps[layer][language]
            while heap and not chosen.offer(heap.pop()):
                pass
            if not heap:
                del heaps[layer][language]
            if not heaps[layer]:
                del heaps[layer]
            if len(chosen.candidates) == wanted:
                break
    return chosen.candidates


def _side(paragraph: Paragraph) -> dict[str, Any]:
    """One text of a pair, as the set states it."""
    file = paragraph.file
    side: dict[str, Any] = {
        "file": f"{file.collection}/{file.path}",
        "start": paragraph.start,
        "end": paragraph.end,
        "sha256": hashlib.sha256(paragraph.raw).hexdigest(),
    }
    if file.collection in OPEN:
        side["text"] = paragraph.raw.decode()
    return side


def rows(corpus: Corpus, seed: int) -> list[dict[str, Any]]:
    """Draw the whole set, not yet judged.

    Args:
        corpus: the shared corpus.
        seed: of the draw.

    Returns:
        One row a pair, as in ``pairs.jsonl``.
    """
    by_collection = defaultdict(list)
    for file in corpus.files:
        by_collection[file.collection].append(file)
    drawn = []
    for collection, wanted in WANTED.items():
        random = Random(f"{seed} {collection}")  # noqa: S311
        chosen = draw(by_collection[collection], wanted, random)
        if len(chosen) < wanted:
            print(f"{collection}: only {len(chosen)} of {wanted}", file=sys.stderr)
        for number, candidate in enumerate(chosen, 1):
            drawn.append(
                {
                    "id": f"{collection.split('_multi')[0]}-{number:03}",
                    "collection": collection,
                    "language": candidate.a.file.language,
                    "a": _side(candidate.a),
                    "b": _side(candidate.b),
                    "containment": round(candidate.containment, 4),
                    "jaccard": round(candidate.jaccard, 4),
                    "judgement": None,
                    "direction": None,
                    "why": None,
                    "readers": [],
                }
            )
    return drawn


def carry_over(drawn: list[dict[str, Any]], judged: list[dict[str, Any]]) -> int:
    """Take judgements over to the pairs that are drawn again.

    Args:
        drawn: the new rows, changed in place.
        judged: the rows of the present file.

    Returns:
        How many of the new rows have a judgement.
    """
    known = {(row["a"]["sha256"], row["b"]["sha256"]): row for row in judged}
    for row in drawn:
        old = known.get((row["a"]["sha256"], row["b"]["sha256"]))
        if old:
            row.update({key: old[key] for key in ("judgement", "direction", "why", "readers")})
    return sum(row["judgement"] is not None for row in drawn)


def read_pairs() -> list[dict[str, Any]]:
    """The rows of ``pairs.jsonl``, after its digest is checked; none where there is no file.

    Raises:
        SystemExit: the file is not the one that ``DIGEST`` names.
    """
    if not PAIRS.exists():
        return []
    data = PAIRS.read_bytes()
    if hashlib.sha256(data).hexdigest() != DIGEST.read_text().split()[0]:
        raise SystemExit("pairs.jsonl is not the file that DIGEST names")
    return [json.loads(line) for line in data.splitlines()]


def write_pairs(pairs: list[dict[str, Any]]) -> None:
    """Write ``pairs.jsonl`` and its digest.

    Args:
        pairs: the rows, in their order.
    """
    data = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in pairs).encode()
    PAIRS.write_bytes(data)
    DIGEST.write_text(f"{hashlib.sha256(data).hexdigest()}  {PAIRS.name}\n")


def main() -> None:
    """Draw, and say how the pairs are spread."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--write", action="store_true", help="write pairs.jsonl and DIGEST")
    chosen = parser.parse_args()
    corpus = open_corpus()
    drawn = rows(corpus, chosen.seed)
    judged = carry_over(drawn, read_pairs())
    bands: dict[str, Counter[int]] = defaultdict(Counter)
    for row in drawn:
        bands[row["collection"]][sum(row["containment"] >= low for low in CONTAINMENT)] += 1
    for collection, counts in bands.items():
        spread = "  ".join(f">={low}: {counts[k]}" for k, low in enumerate(CONTAINMENT, 1))
        print(f"{collection:20} {sum(counts.values()):4}   {spread}")
    print(f"{len(drawn)} pairs, {judged} of them judged, from {corpus.describe()}")
    if chosen.write:
        write_pairs(drawn)


if __name__ == "__main__":
    main()
