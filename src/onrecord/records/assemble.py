"""Make the tables of a release from the corpus and what the engine decided.

Chunk by chunk, so that no more than some chunks are in memory; the rows wait in ``Rows``.
Rights are enforced here, in one place: whatever a source's publication mode withholds never
enters a table.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from onrecord.arrays import distinct
from onrecord.census import Census
from onrecord.corpus import Chunk, Corpus, characters, gather
from onrecord.dedup.engine import Decisions
from onrecord.dedup.passages import DIFFERENCES
from onrecord.dedup.resolve import COMPOSITE, CONTAINED, KEPT, NEAR
from onrecord.dedup.verify import RULE
from onrecord.errors import RefusedError
from onrecord.ingest.decode import Patch
from onrecord.ingest.ids import input_id
from onrecord.parallel import in_order
from onrecord.records.ledger import Ledger, make_ledger
from onrecord.records.residue import residue
from onrecord.records.schema import conform, empty, ordered, schema
from onrecord.records.spans import raw_offsets
from onrecord.release.retire import Fates
from onrecord.scratch import Rows
from onrecord.text.tokens import Tokens

#: Longer differing passages are cut in ``variants``; the paragraphs have them in full.
LONGEST_WORDS = 200
#: Paragraphs are put in the order of their ids in parts of about so many bytes of text.
PART = 32 * 1024 * 1024

_RELATIONS = {KEPT: "exact", NEAR: "near", CONTAINED: "contained", COMPOSITE: "composite"}
_CANONICAL = len(_RELATIONS)


@dataclass(frozen=True, slots=True)
class Inputs:
    """All that the tables are made from.

    Attributes:
        corpus, census, decisions, ledger: what there is and what was decided.
        first_release: of each document and paragraph that was published before; "" is
            written for the others, and filled when the version is known.
    """

    corpus: Corpus
    census: Census
    decisions: Decisions
    ledger: Ledger
    first_release: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Piece:
    """What one chunk gives: rows of four tables, and the words of variants."""

    tables: dict[str, pa.Table]
    words: pa.Table


def _constant(value: str, n: int) -> pa.Array:
    return pa.repeat(pa.scalar(value, pa.large_string()), n)


def escaped(texts: pa.LargeStringArray) -> pa.LargeStringArray:
    """Separators as the inside of JSON strings; null where there is none."""
    distinct = texts.dictionary_encode()
    words = [json.dumps(word)[1:-1] or None for word in distinct.dictionary.to_pylist()]
    return pa.array(words, pa.large_string()).take(distinct.indices)


class _ChunkTables:
    """The tables of one chunk; one method a table."""

    def __init__(self, inputs: Inputs, number: int) -> None:
        self.inputs = inputs
        self.number = number
        self.chunk: Chunk = inputs.corpus.chunks[number]
        self.text = self.chunk.text()
        self.of_block = inputs.census.of_block[number]
        blocks = self.chunk.blocks
        documents = self.chunk.documents
        self.document_ids = documents["document_id"].combine_chunks().cast(pa.large_string())
        self.encodings: list[str] = documents["encoding"].to_pylist()
        self.patches = self._patches_by_document()
        self.starts = np.searchsorted(blocks.document, np.arange(documents.num_rows + 1))
        self.position = np.arange(len(blocks)) - self.starts[blocks.document]
        self.raw_start, self.raw_end = self._raw_spans()
        self.fate = inputs.decisions.resolution.fate[self.of_block]
        self.target = inputs.ledger.target[self.of_block]
        #: Texts whose canonical block stands here, and these blocks.
        self.own = np.flatnonzero(inputs.census.chunk == number)
        self.own = self.own[inputs.decisions.resolution.fate[self.own] == KEPT]
        self.own_block = inputs.census.block[self.own]
        self.canonical = np.zeros(len(blocks), np.bool_)
        self.canonical[self.own_block] = True

    def _patches_by_document(self) -> dict[int, list[Patch]]:
        """The patches of each document that has some, by its row."""
        table = self.chunk.patches
        if not table.num_rows:
            return {}
        row = {name: i for i, name in enumerate(self.document_ids.to_pylist())}
        found: dict[int, list[Patch]] = {}
        for patch in table.to_pylist():
            splice = Patch(
                patch["byte_offset"], patch["replaces"], bytes.fromhex(patch["bytes_hex"] or "")
            )
            found.setdefault(row[patch["document_id"]], []).append(splice)
        return found

    def _to_raw(self, document: int, offsets: NDArray[np.int64]) -> NDArray[np.int64]:
        """Offsets in a document's UTF-8 text as offsets in its file."""
        begin, end = self.chunk.text_offsets[document : document + 2]
        return raw_offsets(
            self.text[begin:end].tobytes(),
            self.encodings[document],
            self.patches.get(document, []),
            offsets,
        )

    def _odd(self) -> list[int]:
        """Documents whose files are not simply their text in UTF-8."""
        return [i for i, name in enumerate(self.encodings) if name != "utf-8" or i in self.patches]

    def _raw_spans(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """First byte and byte after the last of each block in its file."""
        blocks = self.chunk.blocks
        base = self.chunk.text_offsets[blocks.document]
        begin, end = blocks.start - base, blocks.end - base
        for document in self._odd():
            rows = slice(self.starts[document], self.starts[document + 1])
            begin[rows] = self._to_raw(document, begin[rows])
            end[rows] = self._to_raw(document, end[rows])
        return begin, end

    def _first_releases(self, names: list[str]) -> pa.Array:
        first = self.inputs.first_release
        if not first:
            return _constant("", len(names))
        return pa.array([first.get(name, "") for name in names], pa.large_string())

    def documents(self) -> pa.Table:
        """One row a document."""
        table, chunk = self.chunk.documents, self.chunk
        n = table.num_rows
        shown = chunk.document_shown
        heads = gather(
            self.text, chunk.text_offsets[:-1], chunk.blocks.start[self.starts[:-1]], shown
        )
        stands = self.target >= 0
        width = self.inputs.census.rows.size
        pairs = np.unique(chunk.blocks.document[stands] * np.int64(width) + self.target[stands])
        revisions = table["revision"].combine_chunks().cast(pa.large_string())
        titles = table["title"].combine_chunks().cast(pa.large_string())
        restores = table["restores"].combine_chunks().cast(pa.large_string())
        as_read = (
            *("source_id", "path", "locator", "url", "retrieved", "encoding"),
            *("original_encoding", "encoding_by", "reader", "language", "published"),
        )
        return ordered(
            "documents",
            {
                "document_id": self.document_ids,
                **{name: table[name].cast(pa.large_string()) for name in as_read},
                "revision": pc.if_else(pa.array(shown), revisions, None),
                "bytes": table["bytes"],
                "encoding_confidence": table["encoding_confidence"],
                "repaired": table["repaired"],
                "restores": pc.if_else(pa.array(shown), restores, "none"),
                "title": pc.if_else(pa.array(shown), titles, None),
                "n_blocks": np.diff(self.starts),
                "n_paragraphs": np.bincount(pairs // max(1, width), minlength=n),
                "first_release": self._first_releases(self.document_ids.to_pylist()),
                "head": escaped(heads),
            },
        )

    def paragraphs(self) -> pa.Table:
        """One row a kept text whose canonical block stands here."""
        chunk, ledger, own, block = self.chunk, self.inputs.ledger, self.own, self.own_block
        start, end = chunk.blocks.start[block], chunk.blocks.end[block]
        document = chunk.blocks.document[block]
        names = ledger.ids.take(own)
        return ordered(
            "paragraphs",
            {
                "paragraph_id": names,
                "text": gather(self.text, start, end, chunk.shown[block]),
                "language": chunk.documents["language"].cast(pa.large_string()).take(document),
                "n_tokens": self.inputs.decisions.view.size[own],
                "n_characters": characters(self.text, start, end),
                "n_occurrences": ledger.occurrences[own],
                "n_documents": ledger.documents[own],
                "n_sources": ledger.sources[own],
                "boilerplate": ledger.boilerplate[own],
                "document_id": self.document_ids.take(document),
                "position": self.position[block],
                "first_release": self._first_releases(names.to_pylist()),
            },
        )

    def occurrences(self, tokens: Tokens, removed: NDArray[np.int64]) -> pa.Table:
        """One row a block; `tokens` are those of the blocks `removed`."""
        chunk, view = self.chunk, self.inputs.decisions.view
        relation = self.fate.copy()
        relation[self.canonical] = _CANONICAL
        names = pa.array([*_RELATIONS.values(), "canonical"], pa.large_string())
        # A separator at the edge of an excerpt is shown only with the whole document.
        after = chunk.text_offsets[chunk.blocks.document + 1].copy()
        same = chunk.blocks.document[1:] == chunk.blocks.document[:-1]
        after[:-1][same] = chunk.blocks.start[1:][same]
        gap_shown = chunk.document_shown[chunk.blocks.document]
        residues = np.full(len(chunk.blocks), None, object)
        for i, text in self._residues(tokens, removed):
            residues[i] = text
        return ordered(
            "occurrences",
            {
                "document_id": self.document_ids.take(chunk.blocks.document),
                "position": self.position,
                "byte_start": self.raw_start,
                "byte_end": self.raw_end,
                "paragraph_id": self.inputs.ledger.ids.take(
                    pa.array(self.target, mask=self.target < 0)
                ),
                "relation": names.take(relation),
                "coverage": np.round(self.inputs.ledger.share[self.of_block], 4),
                "residue": pa.array(residues, pa.large_string()),
                "repeats_itself": (view.core < view.size)[self.of_block],
                "withheld": ~chunk.shown,
                "text": gather(self.text, chunk.blocks.start, chunk.blocks.end, chunk.shown),
                "gap": escaped(gather(self.text, chunk.blocks.end, after, gap_shown)),
            },
        )

    def _residues(self, tokens: Tokens, removed: NDArray[np.int64]) -> list[tuple[int, str | None]]:
        """(block, its residue) of the blocks that stand behind a longer or a near text."""
        ledger, view, blocks = self.inputs.ledger, self.inputs.decisions.view, self.chunk.blocks
        found = []
        for i, block in enumerate(removed.tolist()):
            text = self.of_block[block]
            if not self.chunk.shown[block]:
                continue
            at = ledger.covered_at[text]
            uncovered = ~ledger.covered[at : at + view.size[text]]
            if not uncovered.any():
                continue
            span = slice(tokens.offsets[i], tokens.offsets[i + 1])
            words = self.text[blocks.start[block] : blocks.end[block]].tobytes()
            found.append((block, residue(words, tokens.start[span], tokens.end[span], uncovered)))
        return found

    def matches(self, tokens: Tokens, removed: NDArray[np.int64]) -> pa.Table:
        """The evidence: one row for each verified relation of a block."""
        blocks, ledger = self.chunk.blocks, self.inputs.ledger
        evidence = self.inputs.decisions.resolution.evidence
        exact = np.flatnonzero((self.fate == KEPT) & ~self.canonical)

        texts = self.of_block[removed]
        count = ledger.evidence_at[texts + 1] - ledger.evidence_at[texts]
        which = np.repeat(np.arange(removed.size), count)  # row of `removed` of each match
        before = np.cumsum(count) - count
        row = ledger.evidence_at[texts][which] + np.arange(which.size) - before[which]
        block = removed[which]
        base = blocks.start[block] - self.chunk.text_offsets[blocks.document[block]]
        first, last = evidence.span[row, 0], evidence.span[row, 1] - 1
        begin = base + tokens.start[tokens.offsets[which] + first]
        end = base + tokens.end[tokens.offsets[which] + last]
        for document in self._odd():
            here = blocks.document[block] == document
            begin[here] = self._to_raw(document, begin[here])
            end[here] = self._to_raw(document, end[here])
        fate = self.fate[block]
        share = np.where(fate == COMPOSITE, evidence.coverage[row], ledger.share[texts][which])
        kinds = pa.array(["exact", "near", "contained", "contained"], pa.large_string())

        every = np.concatenate((exact, block))
        return conform(
            "matches",
            {
                "document_id": self.document_ids.take(blocks.document[every]),
                "position": self.position[every],
                "byte_start": np.concatenate((self.raw_start[exact], begin)),
                "byte_end": np.concatenate((self.raw_end[exact], end)),
                "paragraph_id": ledger.ids.take(
                    np.concatenate((self.of_block[exact], evidence.target[row]))
                ),
                "relation": kinds.take(self.fate[every]),
                "coverage": np.concatenate((np.ones(exact.size), np.round(share, 4))),
                "paragraph_coverage": np.concatenate(
                    (np.ones(exact.size), np.round(evidence.other_coverage[row], 4))
                ),
                "rule": _constant(RULE, every.size),
            },
        )

    def patches_table(self) -> pa.Table:
        """Splices of the documents whose text is published."""
        table = self.chunk.patches
        open_ids = self.document_ids.filter(pa.array(self.chunk.document_shown))
        table = table.filter(pc.is_in(table["document_id"].cast(pa.large_string()), open_ids))
        return conform("patches", {name: table[name] for name in empty("patches").schema.names})

    def words(self) -> pa.Table:
        """What parts the texts of each variant, with a place: twice its row, plus one of `b`."""
        pairs, census = self.inputs.decisions.pairs, self.inputs.census
        rows = self.inputs.decisions.resolution.variants
        shown = census.shown[pairs.a[rows]] & census.shown[pairs.b[rows]]
        places, blocks, spans = [], [], []
        for side, texts, words in ((0, pairs.a, pairs.a_words), (1, pairs.b, pairs.b_words)):
            text, span = texts[rows], words[rows]
            here = shown & (census.chunk[text] == self.number) & (span[:, 0] < span[:, 1])
            places.append(2 * np.flatnonzero(here) + side)
            blocks.append(census.block[text[here]])
            spans.append(span[here])
        block, span = np.concatenate(blocks), np.concatenate(spans)
        needed = distinct(block)
        tokens = self.chunk.tokens(self.text, needed)
        first = tokens.offsets[np.searchsorted(needed, block)]
        base = self.chunk.blocks.start[block]
        start = base + tokens.start[first + span[:, 0]]
        end = base + tokens.end[first + span[:, 1] - 1]
        found = gather(self.text, start, end, np.ones(block.size, np.bool_))
        dots, nothing = pa.scalar(" …", found.type), pa.scalar("", found.type)
        begin = pc.utf8_slice_codeunits(found, 0, LONGEST_WORDS)
        cut = pc.binary_join_element_wise(begin, dots, nothing)
        found = pc.if_else(pc.greater(pc.utf8_length(found), LONGEST_WORDS), cut, found)
        return pa.table({"place": np.concatenate(places), "words": found})


def _chunk_tables(inputs: Inputs, number: int) -> _Piece:
    """The rows of one chunk."""
    made = _ChunkTables(inputs, number)
    removed = np.flatnonzero(made.fate != KEPT)
    tokens = made.chunk.tokens(made.text, removed)
    tables = {
        "documents": made.documents(),
        "paragraphs": made.paragraphs(),
        "occurrences": made.occurrences(tokens, removed),
        "matches": made.matches(tokens, removed),
        "patches": made.patches_table(),
    }
    return _Piece(tables, made.words())


def _sources(corpus: Corpus) -> pa.Table:
    """One row a source."""
    counts: dict[str, int] = {}
    for chunk in corpus.chunks:
        for source_id in chunk.documents["source_id"].to_pylist():
            counts[source_id] = counts.get(source_id, 0) + 1
    rows = corpus.sources
    return conform(
        "sources",
        {
            "source_id": [s.id for s in rows],
            "title": [s.title for s in rows],
            "origin": [s.origin for s in rows],
            "license": [s.license for s in rows],
            "publication": [s.publication.value for s in rows],
            "basis": [s.basis for s in rows],
            "language": [s.language for s in rows],
            "n_documents": [counts.get(s.id, 0) for s in rows],
        },
    )


def _variants(inputs: Inputs, words: list[pa.Table]) -> pa.Table:
    """Pairs of kept texts that look alike but must not be merged."""
    pairs, ids = inputs.decisions.pairs, inputs.ledger.ids
    rows = inputs.decisions.resolution.variants
    found = pa.concat_tables(words)
    at = np.full(2 * rows.size, -1, np.int64)
    at[found["place"].to_numpy()] = np.arange(found.num_rows)
    said = found["words"].combine_chunks().take(pa.array(at, mask=at < 0))
    texts = np.stack((pairs.a[rows], pairs.b[rows]), 1)
    coverage = np.stack((pairs.coverage_a[rows], pairs.coverage_b[rows]), 1).round(4)
    coverage = coverage.astype(np.float64)
    # The smaller id stands first.
    swap = pc.greater(ids.take(texts[:, 0]), ids.take(texts[:, 1])).to_numpy(zero_copy_only=False)
    sides = np.stack((swap, ~swap), 1).astype(np.int64)  # of either column, which text it is
    row = np.arange(rows.size)
    names = pa.array(DIFFERENCES, pa.large_string())
    columns: dict[str, Any] = {"difference": names.take(pairs.difference[rows].astype(np.int64))}
    for k, (which, whose) in enumerate((("paragraph_id", "these"), ("other_id", "other"))):
        side = sides[:, k]
        columns[which] = ids.take(texts[row, side])
        columns[("coverage", "other_coverage")[k]] = coverage[row, side]
        columns[f"{whose}_words"] = said.take(2 * row + side)
    return conform("variants", columns)


def _quarantine(corpus: Corpus) -> pa.Table:
    """One row a rejected input."""
    rows = corpus.rejected
    return conform(
        "quarantine",
        {
            "source_id": [r.source_id for r in rows],
            "input_id": [input_id(r.source_id, r.path, r.locator) for r in rows],
            "path": [r.path for r in rows],
            "locator": [r.locator or None for r in rows],
            "bytes": [r.bytes for r in rows],
            "reason": [r.reason.value for r in rows],
            "detail": [r.detail for r in rows],
        },
    )


class _Sorter:
    """Puts paragraphs, which come in the order of their documents, in the order of their ids."""

    def __init__(self, inputs: Inputs) -> None:
        corpus, kept = inputs.corpus, inputs.decisions.resolution.fate == KEPT
        size = inputs.corpus.texts.folded_first[len(corpus.texts)]
        self._parts = [
            Rows(schema("paragraphs").arrow, corpus.scratch) for _ in range(1 + int(size // PART))
        ]
        place = np.empty(kept.size, np.int64)
        place[pc.sort_indices(inputs.ledger.ids).to_numpy()] = np.arange(kept.size)
        self._part_of = place * len(self._parts) // max(1, kept.size)

    def add(self, table: pa.Table, texts: NDArray[np.int64]) -> None:
        """Take in some paragraphs and the texts that they are."""
        part = self._part_of[texts]
        for i in np.unique(part).tolist():
            self._parts[i].append(table.filter(pa.array(part == i)))

    def into(self, rows: Rows) -> None:
        """Append all paragraphs, sorted."""
        for part in self._parts:
            rows.append(part.table().sort_by("paragraph_id").combine_chunks())


def assemble(
    corpus: Corpus,
    census: Census,
    decisions: Decisions,
    first_release: Mapping[str, str],
    boilerplate_documents: int,
    threads: int,
) -> tuple[dict[str, Rows], Fates]:
    """Make all tables that do not depend on the release before.

    Args:
        corpus: documents and blocks.
        census: of the corpus.
        decisions: what the engine found.
        first_release: of each document and paragraph that was published before; "" is
            written for the others, and filled when the version is known.
        boilerplate_documents: a paragraph in so many documents of a source is boilerplate.
        threads: how many work at once; changes no result.

    Returns:
        The tables by name (``retired`` and ``changes`` are left to ``release.changes``), and
        what became of the texts that are no paragraphs.

    Raises:
        RefusedError: two different records got the same id.
    """
    ledger = make_ledger(corpus, census, decisions, boilerplate_documents)
    inputs = Inputs(corpus, census, decisions, ledger, first_release)
    if len(set(census.ids)) != len(census.ids):
        raise RefusedError("Two different paragraphs have the same id. Nothing was published.")
    names = ("documents", "paragraphs", "occurrences", "matches", "patches")
    tables = {name: Rows(schema(name).arrow, corpus.scratch) for name in names}
    sorter = _Sorter(inputs)
    words = [pa.table({"place": np.empty(0, np.int64), "words": pa.array([], pa.large_string())})]
    numbers = range(len(corpus.chunks))
    kept = decisions.resolution.fate == KEPT
    for number, piece in enumerate(
        in_order(lambda number: _chunk_tables(inputs, number), numbers, threads)
    ):
        sorter.add(piece.tables.pop("paragraphs"), np.flatnonzero(kept & (census.chunk == number)))
        for name, table in piece.tables.items():
            tables[name].append(table)
        words.append(piece.words)
    sorter.into(tables["paragraphs"])
    tables["sources"] = Rows.of(_sources(corpus))
    tables["variants"] = Rows.of(_variants(inputs, words))
    tables["quarantine"] = Rows.of(_quarantine(corpus))
    return tables, fates(inputs)


def fates(inputs: Inputs) -> Fates:
    """What became of each text that is no paragraph."""
    census, ledger = inputs.census, inputs.ledger
    replaced = np.flatnonzero((ledger.target >= 0) & (ledger.target != np.arange(len(census.ids))))
    behind = {
        "record_id": ledger.ids.take(replaced),
        "successor_id": ledger.ids.take(ledger.target[replaced]),
    }
    made = np.flatnonzero(ledger.target < 0)
    documents = np.full(made.size, None, object)
    position = np.zeros(made.size, np.int64)
    for number, chunk in enumerate(inputs.corpus.chunks):
        here = np.flatnonzero(census.chunk[made] == number)
        block = census.block[made[here]]
        document = chunk.blocks.document[block]
        documents[here] = np.array(chunk.documents["document_id"].to_pylist(), object)[document]
        position[here] = block - np.searchsorted(chunk.blocks.document, document)
    composites = {
        "record_id": ledger.ids.take(made),
        "document_id": pa.array(documents, pa.large_string()),
        "position": position,
    }
    return Fates(pa.table(behind), pa.table(composites))
