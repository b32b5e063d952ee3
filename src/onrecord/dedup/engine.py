"""The engine from texts to decisions: fingerprints, candidates, verify, resolve."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onrecord.dedup.candidates import candidates
from onrecord.dedup.exact import Texts
from onrecord.dedup.fingerprints import TEXT_BITS, winnow
from onrecord.dedup.resolve import Resolution, Standings, resolve
from onrecord.dedup.verify import Pairs, View, verify, view
from onrecord.engines.protocol import Engine
from onrecord.engines.verifying import verify_on
from onrecord.errors import RefusedError

#: A fingerprint has room to name so many texts.
MOST_TEXTS = 1 << TEXT_BITS


@dataclass(frozen=True, slots=True)
class Decisions:
    """What the engine found.

    Attributes:
        view: the tokens of the texts, with the self-repetitions.
        pairs: all verified pairs.
        resolution: what became of each text, and the evidence.
    """

    view: View
    pairs: Pairs
    resolution: Resolution


def deduplicate(
    texts: Texts,
    rows: NDArray[np.int64],
    openness: NDArray[np.uint8],
    published: NDArray[np.bool_],
    rank: NDArray[np.uint64],
    documents: NDArray[np.int64],
    boilerplate: int,
    threads: int = 1,
    settled: NDArray[np.bool_] | None = None,
    engine: Engine | None = None,
) -> Decisions:
    """Find every repeat among the texts.

    Args:
        texts: every distinct text.
        rows: int64[n], those that stand in the corpus; the arrays below follow them.
        openness: uint8[n], publication class of the canonical block, 0 the most open.
        published: bool[n], whether its wording was canonical in the release before.
        rank: uint64[n], its place in the corpus.
        documents: int64[n], in how many documents the text stands.
        boilerplate: a text in so many documents is never part of a longer one.
        threads: how many work at once; changes no result.
        settled: bool[n], texts that are known to be kept: each is more open than all others,
            so that none of them is removed, and they are not compared with one another.
        engine: verifies pairs elsewhere; changes no result.

    Returns:
        The decisions. They depend on the texts and their order alone.

    Raises:
        RefusedError: there are more texts than can be compared.
    """
    if rows.size >= MOST_TEXTS:
        raise RefusedError(
            f"{rows.size:,} different paragraphs: one release compares fewer than {MOST_TEXTS:,}. "
            "Make several datasets of these sources. Nothing was published."
        )
    details = view(texts, rows)
    # Canonical choice among near copies (design, section 6.9): the most open class, what was
    # published before, the undamaged, the first in the order of the corpus.
    damaged = details.core < details.size
    order = np.lexsort((rank, damaged, ~published, openness))
    preference = np.empty_like(order)
    preference[order] = np.arange(order.size)

    words = winnow(details.first, details.size, details.hashes, threads)
    a, b = candidates(words, details.core)
    if settled is not None:
        fresh = ~(settled[a] & settled[b])
        a, b = a[fresh], b[fresh]
    if engine:
        pairs = verify_on(engine, details, texts.folded_first[rows + 1], a, b, threads)
    else:
        pairs = verify(details, a, b, threads)
    standings = Standings(preference, openness, documents)
    return Decisions(details, pairs, resolve(pairs, details, standings, boilerplate))
