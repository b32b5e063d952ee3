"""Make the tables of a release from the corpus and what the engine decided.

Rights are enforced here, in one place: whatever a source's publication mode withholds (see
``rights``) never enters a table.
"""

import json
from collections.abc import Mapping

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from onrecord.corpus import Corpus, characters, gather
from onrecord.dedup.engine import Decisions
from onrecord.dedup.guard import DIFFERENCES
from onrecord.dedup.resolve import COMPOSITE, CONTAINED, KEPT, NEAR, coverage
from onrecord.dedup.verify import RULE
from onrecord.errors import RefusedError
from onrecord.ingest.decode import Patch
from onrecord.ingest.read import READER
from onrecord.records.residue import residue
from onrecord.records.rights import Rights
from onrecord.records.schema import conform, empty
from onrecord.records.spans import raw_offsets

#: Longer differing passages are cut in ``variants``; the paragraphs have them in full.
LONGEST_WORDS = 200

_RELATIONS = {NEAR: "near", CONTAINED: "contained", COMPOSITE: "composite"}


def _escaped(raw: bytes, cache: dict[bytes, str | None]) -> str | None:
    """Separator text as the inside of a JSON string; None where there is none."""
    if raw not in cache:
        cache[raw] = json.dumps(raw.decode())[1:-1] or None
    return cache[raw]


class _Assembly:
    """The state that the tables share; one method a table."""

    def __init__(
        self,
        corpus: Corpus,
        decisions: Decisions,
        allowed: Rights,
        ids: list[str],
        first_release: Mapping[str, str],
        boilerplate_documents: int,
    ) -> None:
        self.corpus = corpus
        self.decisions = decisions
        self.allowed = allowed
        self.ids = ids
        self.first_release = first_release
        self.boilerplate_documents = boilerplate_documents
        self.fate = decisions.resolution.fate
        self.links = decisions.resolution.links
        #: Of each text that is not kept, the tokens that its evidence covers.
        self.covered = {
            text: coverage(decisions.view, text, int(self.fate[text]), found)
            for text, found in self.links.items()
        }
        blocks = corpus.blocks
        self.n_blocks = len(blocks)
        self.document_ids: list[str] = corpus.documents["document_id"].to_pylist()
        self.patches = self._patches_by_document()
        starts = np.searchsorted(blocks.document, np.arange(len(self.document_ids) + 1))
        self.position = np.arange(self.n_blocks) - starts[blocks.document]
        self.n_blocks_of = np.diff(starts)
        self.raw_start, self.raw_end = self._raw_spans(starts)
        #: The text that stands for each block, -1 for a composite.
        self.target = self._targets()
        self.canonical = np.zeros(self.n_blocks, np.bool_)
        kept = np.flatnonzero(self.fate == KEPT)
        self.canonical[decisions.texts.block[kept]] = True
        self.kept = kept

    def _patches_by_document(self) -> dict[str, list[Patch]]:
        found: dict[str, list[Patch]] = {}
        for row in self.corpus.patches.to_pylist():
            patch = Patch(
                row["byte_offset"], row["replaces"], bytes.fromhex(row["bytes_hex"] or "")
            )
            found.setdefault(row["document_id"], []).append(patch)
        return found

    def _to_raw(self, document: int, offsets: NDArray[np.int64]) -> NDArray[np.int64]:
        """Offsets in a document's UTF-8 text as offsets in its file."""
        encoding = self.encodings[document]
        patches = self.patches.get(self.document_ids[document], [])
        if encoding == "utf-8" and not patches:
            return offsets
        begin, end = self.corpus.text_offsets[document : document + 2]
        return raw_offsets(self.corpus.text[begin:end].tobytes(), encoding, patches, offsets)

    def _raw_spans(self, starts: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """First byte and byte after the last of each block in its file."""
        self.encodings: list[str] = self.corpus.documents["encoding"].to_pylist()
        blocks = self.corpus.blocks
        base = self.corpus.text_offsets[blocks.document]
        begin, end = blocks.start - base, blocks.end - base
        for document, encoding in enumerate(self.encodings):
            if encoding != "utf-8" or self.document_ids[document] in self.patches:
                rows = slice(starts[document], starts[document + 1])
                begin[rows] = self._to_raw(document, begin[rows])
                end[rows] = self._to_raw(document, end[rows])
        return begin, end

    def _targets(self) -> NDArray[np.int64]:
        of_text = np.arange(self.fate.size)
        for text, found in self.links.items():
            of_text[text] = -1 if self.fate[text] == COMPOSITE else found[0].target
        result: NDArray[np.int64] = of_text[self.decisions.texts.of_block]
        return result

    def sources(self) -> pa.Table:
        """One row a source."""
        counts: dict[str, int] = {}
        for source_id in self.corpus.documents["source_id"].to_pylist():
            counts[source_id] = counts.get(source_id, 0) + 1
        rows = self.corpus.sources
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

    def _languages(self) -> list[str | None]:
        """Language of each document: what its source states."""
        hints = {s.id: s.language for s in self.corpus.sources}
        return [hints[s] for s in self.corpus.documents["source_id"].to_pylist()]

    def documents(self) -> pa.Table:
        """One row a document."""
        table = self.corpus.documents
        n = table.num_rows
        shown = self.allowed.document_shown.tolist()
        cache: dict[bytes, str | None] = {}
        heads: list[str | None] = [None] * n
        first = np.flatnonzero(self.position == 0)
        for document, start in zip(
            self.corpus.blocks.document[first].tolist(),
            self.corpus.blocks.start[first].tolist(),
            strict=True,
        ):
            if shown[document]:
                begin = self.corpus.text_offsets[document]
                heads[document] = _escaped(self.corpus.text[begin:start].tobytes(), cache)
        pairs = np.unique(
            np.stack([self.corpus.blocks.document, self.target])[:, self.target >= 0], axis=1
        )
        revisions = table["revision"].to_pylist()
        return conform(
            "documents",
            {
                "document_id": self.document_ids,
                "source_id": table["source_id"],
                "path": table["path"].cast(pa.large_string()),
                "locator": pa.nulls(n, pa.large_string()),
                "url": pa.nulls(n, pa.large_string()),
                "retrieved": pa.nulls(n, pa.large_string()),
                "revision": [r if s else None for r, s in zip(revisions, shown, strict=True)],
                "bytes": table["bytes"],
                "encoding": self.encodings,
                "reader": [READER] * n,
                "restores": ["file" if s else "none" for s in shown],
                "language": self._languages(),
                "title": pa.nulls(n, pa.large_string()),
                "published": pa.nulls(n, pa.large_string()),
                "n_blocks": self.n_blocks_of,
                "n_paragraphs": np.bincount(pairs[0], minlength=n),
                "first_release": [self.first_release.get(d, "") for d in self.document_ids],
                "head": heads,
            },
        )

    def paragraphs(self) -> pa.Table:
        """One row a kept text."""
        corpus, kept = self.corpus, self.kept
        block = self.decisions.texts.block[kept]
        n_texts = self.fate.size
        stands = self.target >= 0
        target, document = self.target[stands], corpus.blocks.document[stands]
        source_names = [s.id for s in corpus.sources]
        source_of = np.array(
            [source_names.index(s) for s in corpus.documents["source_id"].to_pylist()], np.int64
        )
        places = np.unique(np.stack([target, document]), axis=1)
        sources = np.unique(np.stack([target, source_of[document]]), axis=1)
        # A container is no boilerplate because its parts are quoted often: only whole copies
        # count.
        whole = stands & (self.fate[self.decisions.texts.of_block] != CONTAINED)
        copies = np.unique(np.stack([self.target[whole], corpus.blocks.document[whole]]), axis=1)
        per_source = np.zeros(n_texts, np.int64)
        owners, counts = np.unique(
            np.stack([copies[0], source_of[copies[1]]]), axis=1, return_counts=True
        )
        np.maximum.at(per_source, owners[0], counts)
        languages = self._languages()
        start, end = corpus.blocks.start[block], corpus.blocks.end[block]
        size = self.decisions.view.size
        names = [self.ids[t] for t in kept.tolist()]
        return conform(
            "paragraphs",
            {
                "paragraph_id": names,
                "text": gather(corpus.text, start, end, self.allowed.shown[block]),
                "language": [languages[d] for d in corpus.blocks.document[block].tolist()],
                "n_tokens": size[kept],
                "n_characters": characters(corpus.text, start, end),
                "n_occurrences": np.bincount(target, minlength=n_texts)[kept],
                "n_documents": np.bincount(places[0], minlength=n_texts)[kept],
                "n_sources": np.bincount(sources[0], minlength=n_texts)[kept],
                "boilerplate": per_source[kept] >= self.boilerplate_documents,
                "document_id": [
                    self.document_ids[d] for d in corpus.blocks.document[block].tolist()
                ],
                "position": self.position[block],
                "first_release": [self.first_release.get(p, "") for p in names],
            },
        )

    def _residues(self, shown: NDArray[np.bool_]) -> list[str | None]:
        """The residue of every block that stands behind a longer or a near text."""
        tokens, view = self.corpus.tokens, self.decisions.view
        of_block = self.decisions.texts.of_block
        uncovered: dict[int, NDArray[np.bool_]] = {}
        for text, covered in self.covered.items():
            missing = ~covered
            missing[view.core[text] :] = False  # that is told by `repeats_itself`
            if missing.any():
                uncovered[text] = missing
        residues: list[str | None] = [None] * self.n_blocks
        behind = np.isin(of_block, np.fromiter(uncovered, np.int32, len(uncovered)))
        for block in np.flatnonzero(behind & shown).tolist():
            span = slice(tokens.offsets[block], tokens.offsets[block + 1])
            residues[block] = residue(
                self.corpus.block_bytes(block),
                tokens.start[span],
                tokens.end[span],
                uncovered[int(of_block[block])],
            )
        return residues

    def _gaps(self, shown: NDArray[np.bool_]) -> list[str | None]:
        """What stands between each block and the next, or the end of its document."""
        blocks = self.corpus.blocks
        after = self.corpus.text_offsets[blocks.document + 1].copy()
        same = blocks.document[1:] == blocks.document[:-1]
        after[:-1][same] = blocks.start[1:][same]
        text = self.corpus.text.data
        cache: dict[bytes, str | None] = {}
        return [
            _escaped(bytes(text[end:following]), cache) if show else None
            for end, following, show in zip(
                blocks.end.tolist(), after.tolist(), shown.tolist(), strict=True
            )
        ]

    def occurrences(self) -> pa.Table:
        """One row a block."""
        corpus, decisions = self.corpus, self.decisions
        of_block = decisions.texts.of_block
        names = [*self.ids, None]  # the last one stands for -1, a composite
        relations = np.array(["exact"] * self.fate.size, object)
        shares = np.ones(self.fate.size)
        for text in self.links:
            relations[text] = _RELATIONS[int(self.fate[text])]
            shares[text] = self.covered[text].mean()
        relation = relations[of_block]
        relation[self.canonical] = "canonical"
        repeats = decisions.view.core < decisions.view.size
        shown = self.allowed.shown
        # A separator at the edge of an excerpt is shown only with the whole document.
        gap_shown = self.allowed.document_shown[corpus.blocks.document]
        return conform(
            "occurrences",
            {
                "document_id": self._of_blocks(),
                "position": self.position,
                "byte_start": self.raw_start,
                "byte_end": self.raw_end,
                "paragraph_id": [names[t] for t in self.target.tolist()],
                "relation": relation.tolist(),
                "coverage": np.round(shares[of_block], 4),
                "residue": self._residues(shown),
                "repeats_itself": repeats[of_block],
                "withheld": ~shown,
                "text": gather(corpus.text, corpus.blocks.start, corpus.blocks.end, shown),
                "gap": self._gaps(gap_shown),
            },
        )

    def _of_blocks(self) -> list[str]:
        return [self.document_ids[d] for d in self.corpus.blocks.document.tolist()]

    def matches(self) -> pa.Table:
        """The evidence: one row for each verified relation of a block."""
        tokens, blocks = self.corpus.tokens, self.corpus.blocks
        rows: dict[str, list[object]] = {name: [] for name in empty("matches").schema.names}
        of_block = self.decisions.texts.of_block.tolist()

        def add(block: int, start: int, end: int, *rest: object) -> None:
            document = int(blocks.document[block])
            values = (self.document_ids[document], int(self.position[block]), start, end, *rest)
            for column, value in zip(rows.values(), values, strict=True):
                column.append(value)

        for block in np.flatnonzero(~self.canonical).tolist():
            text = of_block[block]
            if self.fate[text] == KEPT:
                span = int(self.raw_start[block]), int(self.raw_end[block])
                add(block, *span, self.ids[text], "exact", 1.0, 1.0, RULE)
                continue
            document = int(blocks.document[block])
            base = int(blocks.start[block] - self.corpus.text_offsets[document])
            first = int(tokens.offsets[block])
            for link in self.links[text]:
                utf8 = np.array(
                    [
                        base + int(tokens.start[first + link.span[0]]),
                        base + int(tokens.end[first + link.span[1] - 1]),
                    ],
                    np.int64,
                )
                start, end = self._to_raw(document, utf8).tolist()
                kind = "near" if self.fate[text] == NEAR else "contained"
                if self.fate[text] == COMPOSITE:
                    share = link.coverage
                else:
                    share = float(self.covered[text].mean())
                shares = round(share, 4), round(link.other_coverage, 4)
                add(block, start, end, self.ids[link.target], kind, *shares, RULE)
        return conform("matches", rows)

    def patches_table(self) -> pa.Table:
        """Splices of the documents whose text is published."""
        open_ids = {
            d
            for d, shown in zip(self.document_ids, self.allowed.document_shown, strict=True)
            if shown
        }
        rows = [r for r in self.corpus.patches.to_pylist() if r["document_id"] in open_ids]
        return conform("patches", {n: [r[n] for r in rows] for n in empty("patches").schema.names})

    def _words(self, text: int, span: list[int]) -> str | None:
        """The words of a text's canonical block between two tokens."""
        if span[0] == span[1]:
            return None
        block = int(self.decisions.texts.block[text])
        first = int(self.corpus.tokens.offsets[block])
        start = int(self.corpus.tokens.start[first + span[0]])
        end = int(self.corpus.tokens.end[first + span[1] - 1])
        words = self.corpus.block_bytes(block)[start:end].decode()
        return words if len(words) <= LONGEST_WORDS else words[:LONGEST_WORDS] + " …"

    def variants(self) -> pa.Table:
        """Pairs of kept texts that look alike but must not be merged."""
        pairs = self.decisions.pairs
        rows: dict[str, list[object]] = {name: [] for name in empty("variants").schema.names}
        shown = self.allowed.shown[self.decisions.texts.block]
        for row in self.decisions.resolution.variants.tolist():
            a, b = int(pairs.a[row]), int(pairs.b[row])
            visible = bool(shown[a] and shown[b])
            sides = [
                (self.ids[text], float(share), self._words(text, span) if visible else None)
                for text, share, span in (
                    (a, pairs.coverage_a[row], pairs.a_words[row].tolist()),
                    (b, pairs.coverage_b[row], pairs.b_words[row].tolist()),
                )
            ]
            this, other = sorted(sides, key=lambda side: side[0])
            values = (
                this[0],
                other[0],
                round(this[1], 4),
                round(other[1], 4),
                DIFFERENCES[int(pairs.difference[row])],
                this[2],
                other[2],
            )
            for column, value in zip(rows.values(), values, strict=True):
                column.append(value)
        return conform("variants", rows)

    def quarantine(self) -> pa.Table:
        """One row a rejected input."""
        rows = self.corpus.rejected
        return conform(
            "quarantine",
            {
                "source_id": [r.source_id for r in rows],
                "path": [r.path for r in rows],
                "locator": pa.nulls(len(rows), pa.large_string()),
                "bytes": [r.bytes for r in rows],
                "reason": [r.reason.value for r in rows],
                "detail": [r.detail for r in rows],
            },
        )


def assemble(
    corpus: Corpus,
    decisions: Decisions,
    allowed: Rights,
    ids: list[str],
    first_release: Mapping[str, str],
    boilerplate_documents: int,
) -> dict[str, pa.Table]:
    """Make all tables that do not depend on the release before.

    Args:
        corpus: documents and blocks.
        decisions: what the engine found.
        allowed: what may be shown.
        ids: the id of each text.
        first_release: of each document and paragraph that was published before; "" is
            written for the others, and filled when the version is known.
        boilerplate_documents: a paragraph in so many documents of a source is boilerplate.

    Returns:
        The tables by name; ``retired`` and ``changes`` are left to ``release.changes``.

    Raises:
        RefusedError: two different records got the same id.
    """
    made = _Assembly(corpus, decisions, allowed, ids, first_release, boilerplate_documents)
    for kind, names in (("document", made.document_ids), ("paragraph", ids)):
        if len(set(names)) != len(names):
            raise RefusedError(f"Two different {kind}s have the same id. Nothing was published.")
    return {
        "sources": made.sources(),
        "documents": made.documents(),
        "paragraphs": made.paragraphs(),
        "occurrences": made.occurrences(),
        "matches": made.matches(),
        "patches": made.patches_table(),
        "variants": made.variants(),
        "quarantine": made.quarantine(),
    }
