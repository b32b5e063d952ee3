"""Rights: which text may be shown, and how texts that may not are named."""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onrecord.corpus import Corpus, characters
from onrecord.ingest.sources import Publication
from onrecord.text.characters import NORMAL_FORM

#: An excerpt shows so many characters of each document.
EXCERPT = 200


@dataclass(frozen=True, slots=True)
class Rights:
    """What may be shown, derived from the sources' publication modes.

    Attributes:
        openness: int64[blocks], 0 where the source is published in full, higher where less
            is shown; ranks canonical choice and forbids relations from open to closed.
        shown: bool[blocks], whether the block's text is published.
        document_shown: bool[documents], whether all of a document's text is published.
    """

    openness: NDArray[np.int64]
    shown: NDArray[np.bool_]
    document_shown: NDArray[np.bool_]


def rights(corpus: Corpus) -> Rights:
    """Decide for every block whether its text is published.

    An excerpt shows the blocks that lie wholly within the first 200 characters of their
    document.
    """
    modes = {source.id: source.publication for source in corpus.sources}
    of_document = [modes[s] for s in corpus.documents["source_id"].to_pylist()]
    rank = np.array([m.openness for m in of_document], np.int64)
    document_shown = np.array([m is Publication.FULL for m in of_document], np.bool_)
    row = corpus.blocks.document
    shown = document_shown[row]
    excerpted = np.array([m is Publication.EXCERPT for m in of_document], np.bool_)[row]
    if excerpted.any():
        begins = corpus.text_offsets[row[excerpted]]
        reach = characters(corpus.text, begins, corpus.blocks.end[excerpted])
        shown[excerpted] = reach <= EXCERPT
    # Withheld texts rank behind all that is shown, whatever their source's mode.
    openness = rank[row] + np.where(shown, 0, len(Publication))
    return Rights(openness, shown, document_shown)


def text_ids(
    corpus: Corpus, blocks: NDArray[np.int64], shown: NDArray[np.bool_], key: Callable[[], bytes]
) -> list[str]:
    """The id of the text of each given block: ``p`` and 20 hex digits over its tokens.

    Args:
        corpus: the blocks and their keys (see ``text.tokens.Tokens.folded``).
        blocks: int64[n].
        shown: bool[n]; the id of a withheld text is an HMAC, because a plain hash of a short
            text can be guessed.
        key: gives the secret for those; called only when needed.
    """
    prefix = NORMAL_FORM.encode() + b"\0"
    folded = corpus.tokens.folded.data
    bounds = corpus.tokens.folded_offsets
    secret = b"" if shown.all() else key()
    ids = []
    for begin, end, plain in zip(
        bounds[blocks].tolist(), bounds[blocks + 1].tolist(), shown.tolist(), strict=True
    ):
        data = prefix + folded[begin:end]
        if plain:
            digest = hashlib.sha256(data).hexdigest()
        else:
            digest = hmac.new(secret, data, hashlib.sha256).hexdigest()
        ids.append("p" + digest[:20])
    return ids
