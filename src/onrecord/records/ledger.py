"""What holds of each text once the engine has decided, before any table is made."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from onrecord.arrays import distinct
from onrecord.census import Census
from onrecord.corpus import Corpus
from onrecord.dedup.engine import Decisions
from onrecord.dedup.resolve import COMPOSITE, CONTAINED, KEPT, coverage


@dataclass(frozen=True, slots=True)
class Ledger:
    """One entry a text, in the numbering of the census.

    Attributes:
        ids: their ids, as an Arrow column.
        target: int64[n], the text that stands for it; -1 for a composite.
        share: float64[n], the share of its tokens that its evidence covers.
        evidence_at: int64[n + 1], the rows of the evidence that belong to it.
        covered_at: int64[n], where its tokens begin in `covered`; -1 where all are covered.
        covered: bool, whether each token of a removed text is covered.
        occurrences, documents, sources: int64[n], how many blocks, documents and sources
            have it, or a text that it stands for.
        boilerplate: bool[n], whether whole copies stand in many documents of one source.
    """

    ids: pa.LargeStringArray
    target: NDArray[np.int64]
    share: NDArray[np.float64]
    evidence_at: NDArray[np.int64]
    covered_at: NDArray[np.int64]
    covered: NDArray[np.bool_]
    occurrences: NDArray[np.int64]
    documents: NDArray[np.int64]
    sources: NDArray[np.int64]
    boilerplate: NDArray[np.bool_]


def _counted(keys: list[NDArray[np.int64]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The distinct values of some arrays, and how many there are of each."""
    return np.unique(np.concatenate(keys or [np.empty(0, np.int64)]), return_counts=True)


def make_ledger(
    corpus: Corpus, census: Census, decisions: Decisions, boilerplate_documents: int
) -> Ledger:
    """Count what each text stands for.

    Args:
        corpus: all chunks.
        census: of the corpus.
        decisions: of the engine.
        boilerplate_documents: a paragraph in so many documents of a source is boilerplate.
    """
    n = census.rows.size
    fate, evidence = decisions.resolution.fate, decisions.resolution.evidence
    evidence_at = np.searchsorted(evidence.text, np.arange(n + 1))
    removed = np.flatnonzero(np.diff(evidence_at))
    starts, covered = coverage(decisions.view, evidence, fate[removed])
    target = np.arange(n)
    target[removed] = evidence.target[evidence_at[removed]]
    target[fate == COMPOSITE] = -1
    share = np.ones(n)
    totals = np.concatenate(([0], np.cumsum(covered)))
    share[removed] = (totals[starts[1:]] - totals[starts[:-1]]) / np.diff(starts)
    covered_at = np.full(n, -1, np.int64)
    covered_at[removed] = starts[:-1]

    n_sources = len(corpus.sources)
    occurrences = np.zeros(n, np.int64)
    documents = np.zeros(n, np.int64)
    in_source: list[NDArray[np.int64]] = []
    copies: list[NDArray[np.int64]] = []
    for chunk, of_block in zip(corpus.chunks, census.of_block, strict=True):
        source = corpus.source_rows(chunk)
        n_documents = chunk.documents.num_rows
        stands = target[of_block] >= 0
        texts, rows = target[of_block][stands], chunk.blocks.document[stands]
        occurrences += np.bincount(texts, minlength=n)
        places = distinct(texts * n_documents + rows)
        documents += np.bincount(places // n_documents, minlength=n)
        in_source.append(distinct(places // n_documents * n_sources + source[places % n_documents]))
        # A container is no boilerplate because its parts are quoted often: only whole copies
        # count.
        whole = fate[of_block][stands] != CONTAINED
        places = distinct(texts[whole] * n_documents + rows[whole])
        copies.append(places // n_documents * n_sources + source[places % n_documents])
    pairs, _ = _counted(in_source)
    sources = np.bincount(pairs // n_sources, minlength=n)
    pairs, counts = _counted(copies)
    boilerplate = np.zeros(n, np.bool_)
    boilerplate[pairs[counts >= boilerplate_documents] // n_sources] = True
    return Ledger(
        pa.array(census.ids, pa.large_string()),
        target,
        share,
        evidence_at,
        covered_at,
        covered,
        occurrences,
        documents,
        sources,
        boilerplate & (fate == KEPT),
    )
