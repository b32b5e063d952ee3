"""Tokens and ids of texts that are at hand as strings."""

import hashlib
import hmac
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from onrecord.text.characters import NORMAL_FORM
from onrecord.text.segment import Blocks
from onrecord.text.tokens import Tokens, normalise

#: Texts are worked on in pieces of about so many bytes.
PIECE = 8 * 1024 * 1024


def tokens_of(texts: Sequence[str]) -> Tokens:
    """The tokens of some texts, one block each."""
    pieces = [text.encode() for text in texts]
    ends = np.cumsum([len(piece) for piece in pieces], dtype=np.int64)
    starts = np.concatenate((np.zeros(1, np.int64), ends[:-1]))[: ends.size]
    data = np.frombuffer(b"".join(pieces), np.uint8)
    blocks = Blocks(np.zeros(ends.size, np.int32), starts, ends)
    return normalise(data, blocks, np.ones(1, np.bool_))


def pieces(texts: Sequence[str]) -> list[Sequence[str]]:
    """The same texts in pieces of a size that memory bears."""
    found: list[Sequence[str]] = []
    at = size = 0
    for i, text in enumerate(texts):
        size += len(text)
        if size > PIECE:
            found.append(texts[at : i + 1])
            at, size = i + 1, 0
    return [*found, texts[at:]] if at < len(texts) else found


def folded(tokens: Tokens, block: int) -> bytes:
    """The key of a block: what its id is a hash of."""
    begin, end = tokens.folded_offsets[block : block + 2]
    return tokens.folded[begin:end].tobytes()


def hashes(tokens: Tokens, block: int) -> NDArray[np.uint64]:
    """The hashes of the tokens of a block."""
    begin, end = tokens.offsets[block : block + 2]
    return tokens.hashes[begin:end]


def public_id(key: bytes) -> str:
    """The id of a paragraph whose text is published, by the key of its block."""
    return "p" + hashlib.sha256(NORMAL_FORM.encode() + b"\0" + key).hexdigest()[:20]


def keyed_id(secret: bytes, key: bytes) -> str:
    """The id of a paragraph whose text is withheld."""
    prefix = NORMAL_FORM.encode() + b"\0"
    return "p" + hmac.new(secret, prefix + key, hashlib.sha256).hexdigest()[:20]


def public_ids(texts: Sequence[str]) -> list[str]:
    """The ids of some texts."""
    found: list[str] = []
    for piece in pieces(texts):
        tokens = tokens_of(piece)
        found += [public_id(folded(tokens, i)) for i in range(len(piece))]
    return found
