"""The labelled set: documents of real paragraphs with planted cases, and the labels.

It is made anew from the corpus and a seed, and never stored: whoever has the corpus gets the
same bytes, and nobody can tune to a set that changes with its seed.
"""

import hashlib
import json
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

import yaml

from bench.corpus import Corpus, open_corpus
from bench.quality.draw import Drawn, draw
from bench.quality.kinds import NEGATIVE
from bench.quality.languages import CODES, load
from bench.quality.lines import Line
from bench.quality.text import seeded

#: Lines of a document, at least and at most.
_LINES = (15, 40)
#: Share of the cases whose two members stand in one document.
_TOGETHER = 0.06


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a paragraph stands: bytes [byte_start, byte_end) of a document."""

    source: str
    path: str
    byte_start: int
    byte_end: int


@dataclass(frozen=True, slots=True)
class Document:
    """One file of the set: a paragraph a line.

    Attributes:
        source: its folder.
        path: in the folder.
        language: BCP-47.
        lines: without line ends.
    """

    source: str
    path: str
    language: str
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """Content of the file."""
        return "".join(line + "\n" for line in self.lines)


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One line of a document.

    Attributes:
        id: counts all lines in the order of the documents.
        text: of the line.
        language: BCP-47.
        place: where it stands.
    """

    id: int
    text: str
    language: str
    place: Place


@dataclass(frozen=True, slots=True)
class Case:
    """One labelled case.

    Attributes:
        case_id: unique in the set.
        kind: see `plant`, `negatives` and `footers`.
        language: BCP-47.
        expected: exact | near | contained | composite | edited | variant | different.
        also: further relations that name it rightly.
        item: the damaged text, or one member of a pair that must not be merged.
        partners: the clean text, the parts of a composite, or the other member.
    """

    case_id: str
    kind: str
    language: str
    expected: str
    also: tuple[str, ...]
    item: Place
    partners: tuple[Place, ...]

    @property
    def negative(self) -> bool:
        """Whether its members must not be merged."""
        return self.expected in NEGATIVE


@dataclass(frozen=True)
class LabelledSet:
    """Documents with planted cases, and their labels.

    Attributes:
        seed: that everything was drawn from.
        scale: share of the full size.
        documents: sorted by source and path.
        cases: sorted by id.
        available: how many clean passages there were, by language.
    """

    seed: int
    scale: float
    documents: tuple[Document, ...]
    cases: tuple[Case, ...]
    available: dict[str, int]

    @cached_property
    def paragraphs(self) -> tuple[Paragraph, ...]:
        """All lines, in the order of the documents."""
        found: list[Paragraph] = []
        for document in self.documents:
            at = 0
            for line in document.lines:
                end = at + len(line.encode())
                place = Place(document.source, document.path, at, end)
                found.append(Paragraph(len(found), line, document.language, place))
                at = end + 1
        return tuple(found)

    @cached_property
    def ids(self) -> dict[Place, int]:
        """The paragraph that stands at a place."""
        return {paragraph.place: paragraph.id for paragraph in self.paragraphs}

    def text_at(self, place: Place) -> str:
        """The text at a place."""
        return self.paragraphs[self.ids[place]].text

    def digest(self) -> str:
        """Sha256 of the documents and labels, in hex; fields are length-prefixed."""
        total = hashlib.sha256()

        def add(text: str) -> None:
            data = text.encode()
            total.update(len(data).to_bytes(8, "big") + data)

        for document in self.documents:
            for value in (document.source, document.path, document.language, document.text):
                add(value)
        for case in self.cases:
            add(json.dumps(asdict(case), ensure_ascii=False, sort_keys=True))
        return total.hexdigest()

    def write(self, folder: Path) -> None:
        """Write the sources, as ``onrecord release`` reads them, and the labels beside them.

        Args:
            folder: gets ``sources/``, ``labels.jsonl`` and ``paragraphs.jsonl`` (for other
                tools: one paragraph a line with its id, text, language and place).
        """
        described = set()
        for document in self.documents:
            home = folder / "sources" / document.source
            if document.source not in described:
                described.add(document.source)
                home.mkdir(parents=True, exist_ok=True)
                about = {
                    "title": f"Labelled paragraphs, {document.source}",
                    "origin": f"bench.quality, seed {self.seed}, scale {self.scale}",
                    "publication": "full",
                    "basis": "A test set that is made for measuring and never published.",
                    "language": document.language,
                }
                text = yaml.safe_dump(about, sort_keys=False)
                (home / "source.yml").write_text(text, encoding="utf-8")
            (home / document.path).write_bytes(document.text.encode())
        labels = (json.dumps(asdict(case), ensure_ascii=False) for case in self.cases)
        (folder / "labels.jsonl").write_text("".join(f"{x}\n" for x in labels), encoding="utf-8")
        with (folder / "paragraphs.jsonl").open("w", encoding="utf-8") as out:
            for p in self.paragraphs:
                row = {"id": p.id, "text": p.text, "language": p.language, **asdict(p.place)}
                out.write(json.dumps(row, ensure_ascii=False) + "\n")


def read(folder: Path, seed: int = 0, scale: float = 0.0) -> LabelledSet:
    """A set that `LabelledSet.write` wrote.

    Args:
        folder: with ``sources/`` and ``labels.jsonl``.
        seed, scale: what it was drawn with; they are not in its digest.
    """
    documents = []
    for home in sorted((folder / "sources").iterdir()):
        about = yaml.safe_load((home / "source.yml").read_text(encoding="utf-8"))
        for path in sorted(home.glob("*.txt")):
            lines = path.read_bytes().decode().split("\n")[:-1]
            documents.append(Document(home.name, path.name, about["language"], tuple(lines)))
    cases = []
    for line in (folder / "labels.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        row["item"] = Place(**row["item"])
        row["partners"] = tuple(Place(**place) for place in row["partners"])
        row["also"] = tuple(row["also"])
        cases.append(Case(**row))
    return LabelledSet(seed, scale, tuple(documents), tuple(cases), {})


def _arrange(rng: random.Random, drawn: Drawn) -> list[list[Line]]:
    """Shuffle lines into documents; now and then the members of a case into the same."""
    lines = [line for line in drawn.lines if line.source is None]
    rng.shuffle(lines)
    documents: list[list[Line]] = []
    at = 0
    while at < len(lines):
        size = rng.randint(*_LINES)
        documents.append(lines[at : at + size])
        at += size
    where = {id(line): (d, i) for d, found in enumerate(documents) for i, line in enumerate(found)}
    filler = {id(line) for line in drawn.background}
    for case in drawn.cases:
        if rng.random() >= _TOGETHER or id(case.item) not in where:
            continue
        d, _ = where[id(case.item)]
        free = [i for i, line in enumerate(documents[d]) if id(line) in filler]
        partner = case.partners[0]
        if not free or id(partner) not in where:
            continue
        other_d, other_i = where[id(partner)]
        i = rng.choice(free)
        moved = documents[d][i]
        documents[d][i], documents[other_d][other_i] = partner, moved
        where[id(partner)], where[id(moved)] = (d, i), (other_d, other_i)
    return documents


def _language_part(
    code: str, seed: int, scale: float, corpus: Corpus
) -> tuple[list[Document], list[Case], int]:
    """Documents, cases and the number of passages of one language."""
    rng = seeded(f"{seed} {code}")
    language = load(code)
    drawn = draw(rng, corpus, language, scale)
    groups: dict[str, list[list[Line]]] = {}
    for line in drawn.lines:
        if line.source is not None:
            source, number = line.source
            groups.setdefault(f"{source}_{code}", [])
            while len(groups[f"{source}_{code}"]) <= number:
                groups[f"{source}_{code}"].append([])
            groups[f"{source}_{code}"][number].append(line)
    main = f"quality_{code}"
    groups[main] = _arrange(rng, drawn)
    documents = []
    places: dict[int, Place] = {}
    for source, found in sorted(groups.items()):
        for number, lines in enumerate(found):
            path = f"{number:05d}.txt"
            at = 0
            for line in lines:
                end = at + len(line.text.encode())
                places[id(line)] = Place(source, path, at, end)
                at = end + 1
            documents.append(Document(source, path, code, tuple(line.text for line in lines)))
    counts: dict[str, int] = {}
    cases = []
    for case in drawn.cases:
        name = case.kind.name
        counts[name] = counts.get(name, 0) + 1
        slug = name.replace("%", " percent").replace(" ", "-")
        cases.append(
            Case(
                f"{code}-{slug}-{counts[name]:04d}",
                name,
                code,
                case.kind.expected,
                case.kind.also,
                places[id(case.item)],
                tuple(places[id(partner)] for partner in case.partners),
            )
        )
    return documents, cases, drawn.available


def build(
    seed: int,
    scale: float = 1.0,
    languages: Sequence[str] | None = None,
    corpus: Corpus | None = None,
) -> LabelledSet:
    """Make the labelled set.

    Args:
        seed: everything that is random comes from it; languages are independent.
        scale: share of the full size.
        languages: BCP-47 codes, all of ``languages.CODES`` by default.
        corpus: to take paragraphs from; the shared one by default.

    Returns:
        The set, the same for the same arguments in every process.
    """
    corpus = corpus or open_corpus()
    documents: list[Document] = []
    cases: list[Case] = []
    available = {}
    for code in languages or CODES:
        part, labels, available[code] = _language_part(code, seed, scale, corpus)
        documents += part
        cases += labels
    documents.sort(key=lambda d: (d.source, d.path))
    cases.sort(key=lambda c: c.case_id)
    return LabelledSet(seed, scale, tuple(documents), tuple(cases), available)
