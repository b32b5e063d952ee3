"""The engine from tokens to decisions: exact, fingerprints, candidates, verify, resolve."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onrecord.dedup.candidates import candidates
from onrecord.dedup.exact import Texts, group
from onrecord.dedup.fingerprints import winnow
from onrecord.dedup.resolve import Resolution, resolve
from onrecord.dedup.verify import Pairs, View, verify, view
from onrecord.text.tokens import Tokens


@dataclass(frozen=True, slots=True)
class Decisions:
    """What the engine found.

    Attributes:
        texts: distinct texts, and the text of each block.
        view: their tokens, with the self-repetitions.
        pairs: all verified pairs.
        resolution: what became of each text, and the evidence.
    """

    texts: Texts
    view: View
    pairs: Pairs
    resolution: Resolution


def deduplicate(
    tokens: Tokens,
    openness: NDArray[np.int64],
    published: NDArray[np.bool_],
    trusted: NDArray[np.bool_],
    characters: NDArray[np.int64],
    document: NDArray[np.int32],
    boilerplate: int,
) -> Decisions:
    """Find every repeat among the blocks.

    Args:
        tokens: of all blocks; blocks stand in the order of document key and position.
        openness: int64[blocks], publication class of the source, 0 the most open.
        published: bool[blocks], whether the block's wording was canonical in the release before.
        trusted: bool[blocks], whether the negations of its language are known.
        characters: int64[blocks], length in characters.
        document: int32[blocks], the document in which it stands.
        boilerplate: a text in so many documents is never part of a longer one.

    Returns:
        The decisions. They depend on the blocks and their order alone.
    """
    # Canonical choice (design, section 6.9): the most open class, what was published
    # before, the first in document order. Damage ranks between the last two, but only
    # among near copies: copies with the same tokens are damaged alike.
    preference = np.lexsort((np.arange(openness.size), ~published, openness))
    rank = np.empty_like(preference)
    rank[preference] = np.arange(preference.size)
    texts = group(tokens, rank)

    details = view(tokens, texts, trusted[texts.block])
    damaged = details.core < details.size
    order = np.lexsort((rank[texts.block], damaged, ~published[texts.block], openness[texts.block]))
    text_rank = np.empty_like(order)
    text_rank[order] = np.arange(order.size)

    prints, owners = winnow(tokens, texts.block)
    a, b = candidates(prints, owners, details.core)
    pairs = verify(details, a, b)
    places = np.unique(np.stack([texts.of_block, document]), axis=1)
    resolution = resolve(
        pairs,
        details,
        characters[texts.block],
        text_rank,
        openness[texts.block],
        np.bincount(places[0], minlength=len(texts)),
        boilerplate,
    )
    return Decisions(texts, details, pairs, resolution)
