"""What a release says of one id: where it stands, what was merged into it, and on what grounds.

Only index files and single row groups are read, so that an answer takes no longer on a large
release than on a small one. Texts that the release withholds stay null; ``release.withheld``
fills them where the archive is at hand.
"""

import re
from dataclasses import asdict, dataclass, field
from typing import Any

import pyarrow.compute as pc

from onrecord.display import unwrapped
from onrecord.errors import ConfigurationError, NotFoundError
from onrecord.records.arrays import integers
from onrecord.release.layout import (
    COMPOSITE_PLACES,
    OCCURRENCES_BY_PARAGRAPH,
    VARIANTS_BY_OTHER,
    index_path,
    table_path,
)
from onrecord.release.lookup import Lookup, Row
from onrecord.release.place import Release

_ID = re.compile(r"(?P<record>d[0-9a-f]{16}|p[0-9a-f]{20})|(?P<document>d[0-9a-f]{16})/(?P<at>\d+)")
#: So many characters are shown before and after a block.
CONTEXT = 160

#: The order in which places are told: what gave the wording, then what leans on it.
_ORDER = {"canonical": 0, "contained": 1, "near": 2, "composite": 3, "exact": 4}


@dataclass(slots=True)
class Place:
    """One block: where it stands, and what it is to its paragraph.

    Attributes:
        document_id, position, byte_start, byte_end: where.
        source_id, path: of its document.
        relation: of the block.
        coverage, paragraph_coverage: shares that each covers of the other.
        rule: by which the relation was verified; null for a canonical block.
        paragraph_id: null for a composite, and where it is plain from the context.
        text, residue: null where withheld.
        before, after: what stands around it; null where there is nothing, or it is withheld.
        repeats_itself, withheld: as in ``occurrences``.
        publication, basis: of its source.
        encoding: of its document.
        from_archive: whether `text` is withheld by the release and comes from the archive.
    """

    document_id: str
    position: int
    byte_start: int
    byte_end: int
    source_id: str
    path: str
    publication: str
    basis: str
    encoding: str
    relation: str
    coverage: float
    paragraph_coverage: float | None
    rule: str | None
    paragraph_id: str | None
    text: str | None
    residue: str | None
    before: str | None
    after: str | None
    repeats_itself: bool
    withheld: bool
    from_archive: bool = False


@dataclass(slots=True)
class Variant:
    """A paragraph that looks alike and is kept apart; seen from the one that was asked for."""

    paragraph_id: str
    difference: str
    coverage: float
    other_coverage: float
    these_words: str | None
    other_words: str | None
    text: str | None


@dataclass(slots=True)
class Answer:
    """What is known of an id.

    Attributes:
        version: of the release.
        kind: paragraph, document, occurrence or retired.
        record: its row of ``paragraphs``, ``documents``, ``occurrences`` or ``retired``.
        source: row of ``sources`` of a document or an occurrence.
        places: of a paragraph, where it stands; of a document, its blocks; of an occurrence,
            the block itself.
        counts: how many places there are, by relation; `places` may be fewer.
        variants: of a paragraph.
        n_variants: how many there are; `variants` may be fewer.
        parts: of a composite, the paragraphs in it (``paragraph_id``, ``text``, coverages).
        paragraph: of an occurrence, the row of its paragraph.
        successor: of a retired record, the row of what stands for it now.
    """

    version: str
    kind: str
    record: Row
    source: Row | None = None
    places: list[Place] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    variants: list[Variant] = field(default_factory=list)
    n_variants: int = 0
    parts: list[Row] = field(default_factory=list)
    paragraph: Row | None = None
    successor: Row | None = None


class Asker:
    """Answers questions about one release.

    Args:
        release: which.
        limit: at most so many places and variants are told in full.
    """

    def __init__(self, release: Release, limit: int) -> None:
        self._release = release
        self._lookup = Lookup(release)
        self._limit = limit

    def answer(self, name: str) -> Answer:
        """What the release says of an id.

        Args:
            name: id of a document or paragraph, or ``DOCUMENT_ID/POSITION``.

        Raises:
            ConfigurationError: that is no id.
            NotFoundError: the release has no such record.
        """
        parsed = _ID.fullmatch(name)
        if not parsed:
            raise ConfigurationError(
                f"{name!r} is no id: expected p and 20 hex digits (a paragraph), d and 16 hex "
                "digits (a document), or DOCUMENT_ID/POSITION (a block)."
            )
        if parsed["document"]:
            return self._occurrence(parsed["document"], int(parsed["at"]))
        found = self._document(name) if name[0] == "d" else self._paragraph(name)
        return found or self._retired(name)

    def _one(self, table: str, column: str, name: str) -> Row | None:
        rows = self._lookup.rows(table_path(table), column, [name])
        return rows[0] if rows else None

    def _missing(self, name: str) -> NotFoundError:
        version = self._release.version
        return NotFoundError(
            f"release {version} has no record {name}, and none of that id was retired. "
            "Another release may have it: --release VERSION."
        )

    def _sources(self) -> dict[str, Row]:
        rows: list[Row] = self._lookup.of(table_path("sources")).read().to_pylist()
        return {row["source_id"]: row for row in rows}

    def _paragraph(self, name: str) -> Answer | None:
        record = self._one("paragraphs", "paragraph_id", name)
        if record is None:
            return None
        rows = self._lookup.rows(index_path(OCCURRENCES_BY_PARAGRAPH), "paragraph_id", [name])
        counts: dict[str, int] = {}
        for row in rows:
            counts[row["relation"]] = counts.get(row["relation"], 0) + 1
        rows.sort(key=lambda row: (_ORDER[row["relation"]], row["document_id"], row["position"]))
        answer = Answer(self._release.version, "paragraph", record, counts=counts)
        answer.places = self._places(rows[: self._limit])
        variants = self._variant_rows(name)
        answer.n_variants = len(variants)
        answer.variants = self._variants(variants[: self._limit])
        return answer

    def _places(self, rows: list[Row]) -> list[Place]:
        """Places with what stands around them."""
        wanted = sorted({row["document_id"] for row in rows})
        columns = ["document_id", "source_id", "path", "encoding"]
        documents = {
            row["document_id"]: row
            for row in self._lookup.rows(table_path("documents"), "document_id", wanted, columns)
        }
        blocks = self._blocks(rows)
        sources = self._sources()
        found = []
        for row in rows:
            key, position = row["document_id"], row["position"]
            document, block = documents[key], blocks[key, position]
            source = sources[document["source_id"]]
            found.append(
                Place(
                    key,
                    position,
                    block["byte_start"],
                    block["byte_end"],
                    source["source_id"],
                    document["path"],
                    source["publication"],
                    source["basis"],
                    document["encoding"],
                    row["relation"],
                    row["coverage"],
                    row.get("paragraph_coverage"),
                    row.get("rule"),
                    block["paragraph_id"],
                    block["text"],
                    block["residue"],
                    _around(blocks, key, position, -1),
                    _around(blocks, key, position, 1),
                    block["repeats_itself"],
                    block["withheld"],
                )
            )
        return found

    def _blocks(self, rows: list[Row]) -> dict[tuple[str, int], Row]:
        """Blocks and their neighbours."""
        table = self._lookup.table(
            table_path("occurrences"), "document_id", {row["document_id"] for row in rows}
        )
        near = {row["position"] + step for row in rows for step in range(-2, 3)}
        some = table.filter(pc.is_in(table["position"], integers(sorted(near))))
        return {(row["document_id"], row["position"]): row for row in some.to_pylist()}

    def _variant_rows(self, name: str) -> list[Row]:
        """Rows of ``variants`` that link a paragraph, each seen from it."""
        forward = self._lookup.rows(table_path("variants"), "paragraph_id", [name])
        back = self._lookup.rows(index_path(VARIANTS_BY_OTHER), "other_id", [name])
        turned = [
            {
                "other_id": row["paragraph_id"],
                "coverage": row["other_coverage"],
                "other_coverage": row["coverage"],
                "difference": row["difference"],
                "these_words": row["other_words"],
                "other_words": row["these_words"],
            }
            for row in back
        ]
        return sorted(forward + turned, key=lambda row: (-row["coverage"], row["other_id"]))

    def _texts(self, names: list[str]) -> dict[str, Row]:
        rows = self._lookup.rows(table_path("paragraphs"), "paragraph_id", names)
        return {row["paragraph_id"]: row for row in rows}

    def _variants(self, rows: list[Row]) -> list[Variant]:
        texts = self._texts([row["other_id"] for row in rows])
        return [
            Variant(
                row["other_id"],
                row["difference"],
                row["coverage"],
                row["other_coverage"],
                row["these_words"],
                row["other_words"],
                texts[row["other_id"]]["text"],
            )
            for row in rows
        ]

    def _document(self, name: str) -> Answer | None:
        record = self._one("documents", "document_id", name)
        if record is None:
            return None
        rows = self._lookup.rows(table_path("occurrences"), "document_id", [name])
        counts: dict[str, int] = {}
        for row in rows:
            counts[row["relation"]] = counts.get(row["relation"], 0) + 1
        source = self._sources()[record["source_id"]]
        return Answer(
            self._release.version,
            "document",
            record,
            source=source,
            places=self._places(rows[: self._limit]),
            counts=counts,
        )

    def _matches(self, document_id: str, position: int) -> list[Row]:
        rows = self._lookup.rows(table_path("matches"), "document_id", [document_id])
        return [row for row in rows if row["position"] == position]

    def _occurrence(self, document_id: str, position: int) -> Answer:
        rows = self._lookup.rows(table_path("occurrences"), "document_id", [document_id])
        here = [row for row in rows if row["position"] == position]
        if not here:
            if rows:
                raise NotFoundError(
                    f"document {document_id} has {len(rows):,} blocks, numbered from 0; "
                    f"there is no block {position}."
                )
            raise self._missing(document_id)
        (record,) = here
        matches = self._matches(document_id, position)
        place = dict(record)
        if record["relation"] != "composite" and matches:
            place |= {key: matches[0][key] for key in ("paragraph_coverage", "rule")}
        answer = Answer(self._release.version, "occurrence", record, places=self._places([place]))
        answer.counts = {record["relation"]: 1}
        answer.source = self._sources()[answer.places[0].source_id]
        if record["paragraph_id"]:
            answer.paragraph = self._one("paragraphs", "paragraph_id", record["paragraph_id"])
        else:
            answer.parts = self._parts(matches)
        return answer

    def _parts(self, matches: list[Row]) -> list[Row]:
        """The paragraphs in a composite, in their order."""
        texts = self._texts([row["paragraph_id"] for row in matches])
        return [row | {"text": texts[row["paragraph_id"]]["text"]} for row in matches]

    def _retired(self, name: str) -> Answer:
        record = self._one("retired", "record_id", name)
        if record is None:
            raise self._missing(name)
        answer = Answer(self._release.version, "retired", record)
        successor = record["successor_id"]
        if successor:
            table, key = (
                ("documents", "document_id")
                if successor[0] == "d"
                else ("paragraphs", "paragraph_id")
            )
            answer.successor = self._one(table, key, successor)
        elif record["reason"] == "superseded":
            places = self._lookup.rows(index_path(COMPOSITE_PLACES), "record_id", [name])
            for place in places:
                answer.places = self._places(
                    self._occurrence_row(place["document_id"], place["position"])
                )
                answer.parts = self._parts(self._matches(place["document_id"], place["position"]))
        return answer

    def _occurrence_row(self, document_id: str, position: int) -> list[Row]:
        rows = self._lookup.rows(table_path("occurrences"), "document_id", [document_id])
        return [row for row in rows if row["position"] == position]


def _around(blocks: dict[tuple[str, int], Row], key: str, position: int, step: int) -> str | None:
    """What stands before or after a block, shortened; null where it is not known."""
    said = ""
    for far in (1, 2):
        block = blocks.get((key, position + far * step))
        if block is None or block["text"] is None:
            break
        text = unwrapped(block["text"])
        said = f"{text} {said}" if step < 0 else f"{said} {text}"
        if len(said) >= CONTEXT:
            break
    said = " ".join(said.split())
    if not said:
        return None
    if len(said) <= CONTEXT:
        return said
    return f"… {said[-CONTEXT:]}" if step < 0 else f"{said[:CONTEXT]} …"


def as_dict(answer: Answer) -> dict[str, Any]:
    """An answer for machines."""
    return asdict(answer)
