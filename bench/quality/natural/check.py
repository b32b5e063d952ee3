"""Score Onrecord on the judged pairs.

The whole collections are released, so that every pair stands in its context: rare words,
boilerplate and other copies are what they are in earnest. What the release says of a pair is
then looked up by byte spans. Without the corpus the pairs with a text are released, each text
as a document of its own.
"""

import argparse
import json
import re
import shutil
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import polars as pl
import yaml
from rich.console import Console
from rich.table import Table

from bench.corpus import Corpus, open_corpus
from bench.quality.natural.draw import read_pairs, words
from onrecord.job import release
from onrecord.settings import Settings

#: BCP-47 tags of the corpus's language codes, where they differ.
TAGS = {
    "arb": "ar",
    "cmn_hans": "zh-Hans",
    "cmn_hant": "zh-Hant",
    "deu_1901": "de-1901",
    "ell_monotonic": "el",
    "eng": "en",
    "fra": "fr",
    "ita": "it",
    "jpn": "ja",
    "nld": "nl",
    "pes_1": "fa",
    "por_BR": "pt-BR",
    "por_PT": "pt-PT",
    "rus": "ru",
    "spa": "es",
    "srp_cyrl": "sr-Cyrl",
    "srp_latn": "sr-Latn",
    "ukr": "uk",
}
#: A third text stands for both of a pair when it has this share of each one's three-word runs.
STANDS_IN = 0.95
#: … and for the shorter of a pair when it has about as much of it as the longer has.
ABOUT = 0.05


@dataclass(frozen=True, slots=True)
class Place:
    """Where a text stands in what is released.

    Attributes:
        source: the source's id.
        path: the document, below the source's folder.
        start: first byte.
        end: the byte after its last.
        text: the text itself.
    """

    source: str
    path: str
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Block:
    """What a release says of one block.

    Attributes:
        start: first byte.
        end: the byte after its last.
        relation: to its paragraph.
        paragraphs: ids of the paragraph, or of those that a composite is made of.
    """

    start: int
    end: int
    relation: str
    paragraphs: frozenset[str]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the release says of a pair.

    Attributes:
        id: of the pair.
        collection: of the pair.
        judgement: of the reader.
        outcome: merged | elsewhere | both in a third | linked | separate.
        linked: whether their paragraphs are linked as variants.
        relations: of the blocks of both texts.
        agrees: whether that is what the reader asks for.
    """

    id: str
    collection: str
    judgement: str
    outcome: str
    linked: bool
    relations: tuple[str, str]
    agrees: bool


class Release:
    """The tables of a release, looked up by byte spans."""

    def __init__(self, folder: Path, needed: set[tuple[str, str]]) -> None:
        """Read the tables.

        Args:
            folder: of the release.
            needed: source and path of the documents that will be asked for.
        """
        read = {
            name: pl.read_parquet(folder / "parquet" / f"{name}.parquet")
            for name in ("documents", "occurrences", "matches", "paragraphs", "variants")
        }
        named = zip(*read["documents"].select("document_id", "source_id", "path"), strict=True)
        self._documents = {
            (source, path): name for name, source, path in named if (source, path) in needed
        }
        wanted = pl.col("document_id").is_in(sorted(self._documents.values()))
        parts = defaultdict(set)
        key = ("document_id", "position", "paragraph_id")
        for document, position, paragraph in read["matches"].filter(wanted).select(key).iter_rows():
            parts[document, position].add(paragraph)
        self._blocks = defaultdict(list)
        columns = ("document_id", "position", "byte_start", "byte_end", "relation", "paragraph_id")
        for row in read["occurrences"].filter(wanted).select(columns).iter_rows():
            document, position, start, end, relation, paragraph = row
            names = {paragraph} if paragraph else parts[document, position]
            self._blocks[document].append(Block(start, end, relation, frozenset(names)))
        texts = read["paragraphs"].select("paragraph_id", "text", "boilerplate")
        self._texts = {name: text for name, text, _ in texts.iter_rows()}
        self._boilerplate = {name for name, _, marked in texts.iter_rows() if marked}
        links = read["variants"].select("paragraph_id", "other_id")
        self._links = {frozenset(row) for row in links.iter_rows()}

    def blocks(self, place: Place) -> list[Block]:
        """The blocks of a text, the one with most of it first.

        A footer that was split off does not stand for the text: blocks of boilerplate are
        left out where there are others.
        """
        document = self._documents[place.source, place.path]
        found = [b for b in self._blocks[document] if b.start < place.end and b.end > place.start]
        own = [block for block in found if not block.paragraphs <= self._boilerplate] or found
        return sorted(
            own, key=lambda b: (max(b.start, place.start) - min(b.end, place.end), b.start)
        )

    def text(self, paragraph: str) -> str:
        """The wording of a paragraph."""
        return str(self._texts[paragraph])

    def linked(self, some: frozenset[str], others: frozenset[str]) -> bool:
        """Whether any two of these paragraphs are linked as variants."""
        return any(frozenset((a, b)) in self._links for a in some for b in others)


def _covered(text: str, other: str) -> float:
    """Share of a text's three-word runs that stand in another text."""
    tokens, others = words(text), words(other)
    runs = {tokens[i : i + 3] for i in range(len(tokens) - 2)}
    there = {others[i : i + 3] for i in range(len(others) - 2)}
    return len(runs & there) / len(runs) if runs else 0.0


def _elsewhere(found: Release, block: Block, place: Place, other: Place) -> bool:
    """Whether a text is merged into a third one that has about as much of it as the other."""
    if block.relation not in ("contained", "near"):
        return False
    third = found.text(*block.paragraphs)
    return _covered(place.text, third) >= _covered(place.text, other.text) - ABOUT


def _outcome(found: Release, a: Place, b: Place, alike: bool) -> tuple[str, bool, tuple[str, str]]:
    """What a release says of two texts.

    Args:
        found: the release.
        a: where the one stands.
        b: where the other stands.
        alike: both must be merged into third texts to stand elsewhere, not only the shorter.

    Returns:
        The outcome, whether their paragraphs are linked as variants, and the relations of
        their blocks.
    """
    of_a, of_b = found.blocks(a), found.blocks(b)
    main_a, main_b = of_a[0], of_b[0]
    relations = (main_a.relation, main_b.relation)
    in_a = frozenset[str]().union(*(block.paragraphs for block in of_a))
    in_b = frozenset[str]().union(*(block.paragraphs for block in of_b))
    linked = found.linked(in_a, in_b)
    if main_a.paragraphs & in_b or main_b.paragraphs & in_a:
        outcome = "merged"
        if "canonical" not in relations and len(main_a.paragraphs | main_b.paragraphs) == 1:
            third = found.text(*main_a.paragraphs)
            if min(_covered(a.text, third), _covered(b.text, third)) >= STANDS_IN:
                outcome = "both in a third"
        return outcome, linked, relations
    a_elsewhere = _elsewhere(found, main_a, a, b)
    b_elsewhere = _elsewhere(found, main_b, b, a)
    shorter_elsewhere = a_elsewhere if len(a.text) < len(b.text) else b_elsewhere
    if (a_elsewhere and b_elsewhere) or (shorter_elsewhere and not alike):
        return "elsewhere", linked, relations
    return "linked" if linked else "separate", linked, relations


def judge(found: Release, row: dict[str, Any], places: tuple[Place, Place]) -> Verdict:
    """Compare what a release says of a pair with the reader's judgement.

    Args:
        found: the release.
        row: the pair, as in ``pairs.jsonl``.
        places: of its two texts.

    Returns:
        The verdict. Repeats agree when they are merged, or when what one must be merged into
        is a third text that has as much of it; all others agree when they are not merged.
    """
    alike = row["judgement"] == "same"
    outcome, linked, relations = _outcome(found, *places, alike)
    repeats = alike or row["judgement"] == "contained"
    # Both wholly in a third text, side by side, are not merged with one another.
    agrees = outcome not in ("linked", "separate") if repeats else outcome != "merged"
    return Verdict(
        row["id"], row["collection"], row["judgement"], outcome, linked, relations, agrees
    )


def _source_id(collection: str, language: str | None, several: bool) -> str:
    """Id of the source that a document is released in."""
    tail = (language or "und").lower().replace("_", "-")
    return f"{collection}.{tail}" if several else collection


def _describe(folder: Path, language: str | None) -> None:
    """Write the ``source.yml`` of a source."""
    tag = TAGS.get(language, language) if language else None
    fields = {
        "title": f"Benchmark collection {folder.name}",
        "origin": "The benchmark corpus",
        "publication": "full",
        "basis": "A release in a temporary folder that is deleted when it is measured.",
        "language": tag,
    }
    (folder / "source.yml").write_text(yaml.safe_dump(fields))


def write_collections(corpus: Corpus, collections: Iterable[str], folder: Path) -> dict[str, str]:
    """Write whole collections as sources, one a language.

    Args:
        corpus: where they are.
        collections: which.
        folder: where to; one folder a collection, with its sources.

    Returns:
        The source's id of each document, by its name in ``pairs.jsonl``.
    """
    languages = defaultdict(set)
    for file in corpus.files:
        languages[file.collection].add(file.language)
    sources = {}
    wanted = set(collections)
    for file in corpus.files:
        if file.collection not in wanted:
            continue
        several = len(languages[file.collection]) > 1
        source = _source_id(file.collection, file.language, several)
        home = folder / file.collection / source
        if not home.exists():
            home.mkdir(parents=True)
            _describe(home, file.language)
        target = home / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.data)
        sources[f"{file.collection}/{file.path}"] = source
    return sources


def write_texts(rows: list[dict[str, Any]], folder: Path) -> dict[str, tuple[Place, Place]]:
    """Write the pairs that have a text, each text as a document of its own.

    Args:
        rows: pairs of ``pairs.jsonl``.
        folder: where to; one folder a collection, with its sources.

    Returns:
        The places of each pair's texts, by its id.
    """
    places = {}
    for row in rows:
        source = _source_id(row["collection"], row["language"], True)
        home = folder / row["collection"] / source
        if not home.exists():
            home.mkdir(parents=True)
            _describe(home, row["language"])
        sides = []
        for side in ("a", "b"):
            text = re.sub(r"\s*\n\s*", " ", row[side]["text"])  # one line is one block
            path = f"{row['id']}-{side}.txt"
            (home / path).write_bytes(text.encode() + b"\n")
            sides.append(Place(source, path, 0, len(text.encode()), text))
        places[row["id"]] = (sides[0], sides[1])
    return places


def _places(
    rows: list[dict[str, Any]], corpus: Corpus, sources: dict[str, str]
) -> dict[str, tuple[Place, Place]]:
    """The places of each pair's texts in the whole collections, by the pair's id."""
    data = {f"{file.collection}/{file.path}": file.data for file in corpus.files}
    places = {}
    for row in rows:
        sides = []
        for side in (row["a"], row["b"]):
            start, end = side["start"], side["end"]
            text = data[side["file"]][start:end].decode()
            path = side["file"].partition("/")[2]
            sides.append(Place(sources[side["file"]], path, start, end, text))
        places[row["id"]] = (sides[0], sides[1])
    return places


def run(
    rows: list[dict[str, Any]], corpus: Corpus, whole: bool
) -> tuple[list[Verdict], dict[str, tuple[Place, Place]]]:
    """Release what is needed, collection by collection, and judge every pair.

    Args:
        rows: pairs of ``pairs.jsonl``.
        corpus: the shared corpus; not looked at where `whole` is false.
        whole: release whole collections, or only the texts of the pairs.

    Returns:
        The verdicts in the order of the pairs, and the places of each pair's texts.
    """
    collections = sorted({row["collection"] for row in rows})
    verdicts = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        seeds = folder / "seeds"
        if whole:
            places = _places(rows, corpus, write_collections(corpus, collections, seeds))
        else:
            places = write_texts(rows, seeds)
        for collection in collections:
            data = folder / "data"
            path = release(seeds / collection, data, Settings()).path
            chosen = [row for row in rows if row["collection"] == collection]
            sides = [side for row in chosen for side in places[row["id"]]]
            found = Release(path, {(side.source, side.path) for side in sides})
            for row in chosen:
                verdicts[row["id"]] = judge(found, row, places[row["id"]])
            shutil.rmtree(data)
    return [verdicts[row["id"]] for row in rows], places


def tables(verdicts: list[Verdict], console: Console) -> None:
    """Print agreement by judgement and by collection, and how it came about."""
    agreement = Table(title="Agreement with the reader")
    for head in ("collection", "pairs", "same", "contained", "variant", "different", "all"):
        agreement.add_column(head, justify="left" if head == "collection" else "right")
    names = list(dict.fromkeys(v.collection for v in verdicts))
    for name in [*names, "all"]:
        here = [v for v in verdicts if name in (v.collection, "all")]
        cells = [name, str(len(here))]
        for judgement in ("same", "contained", "variant", "different", None):
            some = [v for v in here if judgement in (v.judgement, None)]
            cells.append(f"{sum(v.agrees for v in some)}/{len(some)}" if some else "")
        agreement.add_row(*cells)
    console.print(agreement)
    outcomes = Table(title="What the release says")
    ways = ("merged", "elsewhere", "both in a third", "linked", "separate")
    for head in ("judgement", *ways):
        outcomes.add_column(head, justify="left" if head == "judgement" else "right")
    counts = Counter((v.judgement, v.outcome) for v in verdicts)
    for judgement in ("same", "contained", "variant", "different"):
        outcomes.add_row(judgement, *(str(counts[judgement, way] or "") for way in ways))
    console.print(outcomes)
    agreed = sum(v.agrees for v in verdicts)
    kept = [v for v in verdicts if v.judgement in ("variant", "different")]
    wrong = sum(not v.agrees for v in kept)
    variants = [v for v in verdicts if v.judgement == "variant"]
    linked = sum(v.linked for v in variants)
    print(f"agreement {agreed} of {len(verdicts)} ({agreed / len(verdicts):.1%})")
    print(f"merged that must not be: {wrong} of {len(kept)}")
    if variants:
        print(f"variants linked: {linked} of {len(variants)} ({linked / len(variants):.1%})")


def main() -> None:
    """Parse the arguments and run."""
    parser = argparse.ArgumentParser(prog="python -m bench.quality.natural", description=__doc__)
    parser.add_argument("--only", action="append", metavar="COLLECTION", help="may be repeated")
    parser.add_argument("--json", type=Path, help="write the verdicts to this file")
    chosen = parser.parse_args()
    rows = [row for row in read_pairs() if not chosen.only or row["collection"] in chosen.only]
    if not rows:
        parser.error("no pairs of these collections")
    corpus = open_corpus()
    known = {f"{file.collection}/{file.path}" for file in corpus.files}
    whole = all(row[side]["file"] in known for row in rows for side in ("a", "b"))
    if whole:
        print(f"corpus: {corpus.describe()}")
    else:
        every, rows = len(rows), [row for row in rows if "text" in row["a"]]
        print(
            f"The corpus is missing: only the {len(rows)} of {every} pairs that have a text are "
            "used, each text as a document of its own, so without its context."
        )
        if not rows:
            parser.error("none of these pairs has a text")
    started = time.perf_counter()
    verdicts, places = run(rows, corpus, whole)
    tables(verdicts, Console(width=100))
    print(f"released and scored in {time.perf_counter() - started:.1f} s")
    by_id = {row["id"]: row for row in rows}
    for verdict in verdicts:
        if verdict.agrees:
            continue
        row = by_id[verdict.id]
        direction = f" ({row['direction']})" if row["direction"] else ""
        print(
            f"\n{verdict.id}: judged {verdict.judgement}{direction}, the release says "
            f"{verdict.outcome} ({', '.join(verdict.relations)})"
        )
        if row["why"]:
            print(f"  why: {row['why']}")
        for side, place in zip("ab", places[verdict.id], strict=True):
            print(f"  {side}: {place.text}")
    if chosen.json:
        content = [asdict(verdict) for verdict in verdicts]
        chosen.json.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
