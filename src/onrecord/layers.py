"""Let closed sources lean on open ones, and never the other way round.

What a release publishes of its open sources must be the same whether a closed source is there
or not: else its text would show in what is missing elsewhere. The engine alone does not promise
that. It counts how often a word stands in the corpus, and compares the texts that share a
common phrase with their neighbours only, so that any text can tip a decision between two
others. So it runs layer by layer, the most open texts first. A later layer is compared with
what was kept of the layers before, and changes nothing there. A corpus of one publication mode
has one layer.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from onrecord.arrays import distinct
from onrecord.census import Census
from onrecord.corpus import Corpus
from onrecord.dedup.engine import Decisions
from onrecord.dedup.engine import deduplicate as find_repeats
from onrecord.dedup.resolve import KEPT, Links, Resolution
from onrecord.dedup.verify import Pairs, view
from onrecord.engines.protocol import Engine
from onrecord.ingest.sources import Publication


def _layer(openness: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The layer of texts or blocks: their class where they are shown, one for all others."""
    layer: NDArray[np.uint8] = np.minimum(openness, np.uint8(len(Publication)))
    return layer


def _documents(corpus: Corpus, census: Census, layer: int) -> NDArray[np.int64]:
    """int64[texts], in how many documents each stands, by blocks up to a layer alone."""
    n = census.rows.size
    counts = np.zeros(n, np.int64)
    for chunk, of_block in zip(corpus.chunks, census.of_block, strict=True):
        here = _layer(chunk.openness) <= layer
        width = np.int64(chunk.documents.num_rows)
        places = distinct(of_block[here] * width + chunk.blocks.document[here])
        counts += np.bincount(places // width, minlength=n)
    return counts


class _Found(NamedTuple):
    """What one layer gave, in the numbering of the census."""

    pairs: Pairs
    evidence: Links
    variants: NDArray[np.int64]


def _renumbered(found: Decisions, rows: NDArray[np.int64]) -> _Found:
    """Decisions about some texts, in the numbering of all."""
    pairs, links = found.pairs, found.resolution.evidence
    of = rows.astype(np.int32)
    return _Found(
        Pairs(
            of[pairs.a],
            of[pairs.b],
            pairs.relation,
            pairs.coverage_a,
            pairs.coverage_b,
            pairs.difference,
            pairs.a_span,
            pairs.b_span,
            pairs.a_words,
            pairs.b_words,
        ),
        links._replace(text=of[links.text], target=of[links.target]),
        found.resolution.variants,
    )


def _joined(found: list[_Found]) -> _Found:
    """What all layers gave."""
    names = Pairs.__dataclass_fields__
    pairs = Pairs(*(np.concatenate([getattr(f.pairs, name) for f in found]) for name in names))
    links = Links(
        *(np.concatenate(column) for column in zip(*(f.evidence for f in found), strict=True))
    )
    before = np.cumsum([0, *(f.pairs.a.size for f in found)])
    variants = [f.variants + at for f, at in zip(found, before[:-1], strict=True)]
    order = np.argsort(links.text, kind="stable")
    return _Found(pairs, links.rows(order), np.concatenate(variants))


def deduplicate(
    corpus: Corpus, census: Census, boilerplate: int, threads: int, engine: Engine | None = None
) -> Decisions:
    """Find every repeat among the texts of a corpus, layer by layer.

    Args:
        corpus: all texts.
        census: of the corpus.
        boilerplate: a text in so many documents is never part of a longer one.
        threads: how many work at once; changes no result.
        engine: verifies pairs elsewhere; changes no result.

    Returns:
        The decisions. Those on the texts of a layer depend on it and on more open ones alone.
    """
    layer = _layer(census.openness)
    numbers = np.unique(layer).tolist() or [0]
    fate = np.zeros(layer.size, np.uint8)
    found = []
    for number in numbers:
        rows = np.flatnonzero((layer == number) | ((layer < number) & (fate == KEPT)))
        settled = layer[rows] < number
        last = number == numbers[-1]
        documents = census.documents if last else _documents(corpus, census, number)
        decisions = find_repeats(
            corpus.texts,
            census.rows[rows],
            census.openness[rows],
            census.published[rows],
            census.rank[rows],
            documents[rows],
            boilerplate,
            threads,
            settled if settled.any() else None,
            engine,
        )
        if len(numbers) == 1:
            return decisions
        fate[rows[~settled]] = decisions.resolution.fate[~settled]
        found.append(_renumbered(decisions, rows))
    pairs, evidence, variants = _joined(found)
    return Decisions(view(corpus.texts, census.rows), pairs, Resolution(fate, evidence, variants))
