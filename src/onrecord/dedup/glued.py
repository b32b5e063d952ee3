"""Find boilerplate that is glued to the texts of a source: the same run at many ends.

A licence footer stands behind the last sentence of thousands of articles, without a line break.
Such a run is split off, so that it is one paragraph with its occurrences, and the sentence in
front of it can be compared with its like. A run is boilerplate when it

* ends (or begins) texts that stand in many documents of one source,
* has at least so many tokens as two texts need to be compared at all, and
* is a piece of its own: in half of the documents a sentence ends before it (or begins after
  it), or it stands as a block by itself in some.

It reaches as far as nine tenths of these documents agree. What stands before it in fewer, such
as a writer's initials, stays with the text.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from onrecord.dedup.exact import Texts
from onrecord.dedup.fingerprints import SHORTEST
from onrecord.kernel import kernel
from onrecord.text.lexicon import HASH_START
from onrecord.text.tokens import AFTER_STOP

#: In so many documents of a source a run must end or begin a text.
DOCUMENTS = 20
#: … glued to so many different texts: a few may be versions of one.
CONTEXTS = 8
#: A run goes on as long as this share of its documents agrees on the next token …
AGREE = 0.9
#: … and is a piece of its own where a sentence ends there in this share of them.
APART = 0.5

#: A run has so many bytes in the normal form: eight words, or a dozen Chinese characters.
LETTERS = 36

#: Sides of a text.
START, END = 0, 1


class Run(NamedTuple):
    """One run of boilerplate in one source.

    Attributes:
        source: row of the source.
        side: START or END.
        tokens: the hashes of its tokens, in reading order.
    """

    source: int
    side: int
    tokens: tuple[int, ...]


@kernel
def _token(texts_first, hashes, text, size, side, k):
    """Hash of the k-th token of a text, counted from the given side."""
    return hashes[texts_first[text] + (size - 1 - k if side == END else k)]


@kernel
def _edges(rows, first, hashes, side, length):
    """One hash over the first or last `length` tokens of each text; 0 for shorter ones."""
    keys = np.zeros(rows.size, np.uint64)
    for i in range(rows.size):
        size = first[rows[i] + 1] - first[rows[i]]
        if size < length:
            continue
        h = HASH_START
        for k in range(length):
            h = (h ^ _token(first, hashes, rows[i], size, side, k)) * np.uint64(0xFF51AFD7ED558CCD)
            h ^= h >> np.uint64(32)
        keys[i] = h if h != 0 else np.uint64(1)
    return keys


@kernel
def _majority(values, weights):
    """The value with the most weight, and that weight; values are sorted."""
    best, best_weight = values[0], 0
    i = 0
    while i < values.size:
        weight = 0
        j = i
        while j < values.size and values[j] == values[i]:
            weight += weights[j]
            j += 1
        if weight > best_weight:
            best, best_weight = values[i], weight
        i = j
    return best, best_weight


@kernel
def _grow(rows, weights, first, hashes, flags, side, length):
    """How far the texts of one group agree beyond `length` tokens, and where they part.

    Returns (tokens that nine tenths of the documents share, a text that has them, documents
    with them, of these: in which a sentence ends there, in which nothing else stands there).
    """
    total = 0
    for w in weights:
        total += w
    alive = np.ones(rows.size, np.bool_)
    values = np.empty(rows.size, np.uint64)
    of_value = np.empty(rows.size, np.int64)
    while True:
        n = 0
        for i in range(rows.size):
            size = first[rows[i] + 1] - first[rows[i]]
            if alive[i] and size > length:
                values[n] = _token(first, hashes, rows[i], size, side, length)
                of_value[n] = weights[i]
                n += 1
        if n == 0:
            break
        order = np.argsort(values[:n])
        best, weight = _majority(values[:n][order], of_value[:n][order])
        if weight < AGREE * total:
            break
        for i in range(rows.size):
            size = first[rows[i] + 1] - first[rows[i]]
            if alive[i]:
                alive[i] = size > length and (
                    _token(first, hashes, rows[i], size, side, length) == best
                )
        length += 1
    apart, alone = 0, 0
    total = 0
    example = rows[0]
    for i in range(rows.size):
        if not alive[i]:
            continue
        example = rows[i]
        total += weights[i]
        size = first[rows[i] + 1] - first[rows[i]]
        if size == length:
            alone += weights[i]
            continue
        # The token that opens the run at an end, or that follows it at a start.
        boundary = first[rows[i]] + (size - length if side == END else length)
        if flags[boundary] & AFTER_STOP:
            apart += weights[i]
    return length, example, total, apart, alone


@kernel
def _carriers(rows, first, hashes, side, tokens):
    """Which texts have the tokens at the given side, and something else besides."""
    found = np.zeros(rows.size, np.bool_)
    for i in range(rows.size):
        size = first[rows[i] + 1] - first[rows[i]]
        if size <= tokens.size:
            continue
        found[i] = True
        base = first[rows[i]] + (size - tokens.size if side == END else 0)
        for k in range(tokens.size):
            if hashes[base + k] != tokens[k]:
                found[i] = False
                break
    return found


def _weights(documents: NDArray[np.int64], home: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many documents each text adds to its group.

    Of texts with one home only the one in most documents counts: a page may repeat its own
    tail line by line.
    """
    order = np.lexsort((-documents, home))
    first = np.ones(order.size, np.bool_)
    first[1:] = home[order][1:] != home[order][:-1]
    weights = np.zeros_like(documents)
    weights[order[first]] = documents[order[first]]
    return weights


def _letters(texts: Texts, text: int, side: int, length: int) -> int:
    """Bytes of the folded tokens of a run, which tell its length in every script."""
    sizes = []
    at, end = texts.folded_first[text : text + 2].tolist()
    while at < end:
        sizes.append(int.from_bytes(texts.folded[at : at + 4].tobytes(), "little"))
        at += 4 + sizes[-1]
    return sum(sizes[-length:] if side == END else sizes[:length])


def find_runs(
    texts: Texts,
    source: int,
    rows: NDArray[np.int64],
    documents: NDArray[np.int64],
    home: NDArray[np.int64],
    boilerplate: int,
) -> list[Run]:
    """The runs of boilerplate that are glued to texts of one source.

    Args:
        texts: every distinct text.
        source: row of the source.
        rows: int64[n], its texts.
        documents: int64[n], in how many of its documents each stands.
        home: int64[n], the first of these.
        boilerplate: a run that stands by itself in so many is a piece of its own.

    Returns:
        The runs, the longest first.
    """
    runs = []
    for side in (START, END):
        keys = _edges(rows, texts.first, texts.hashes, side, SHORTEST)
        order = np.argsort(keys, kind="stable")
        bounds = np.flatnonzero(np.diff(keys[order], prepend=np.uint64(0)))
        if not bounds.size:
            continue
        ends = np.append(bounds[1:], order.size)
        many = np.add.reduceat(documents[order], bounds) >= DOCUMENTS
        many &= ends - bounds >= CONTEXTS
        for begin, end in zip(bounds[many].tolist(), ends[many].tolist(), strict=True):
            group = order[begin:end]
            here, weights = rows[group], _weights(documents[group], home[group])
            length, example, total, apart, alone = _grow(
                here, weights, texts.first, texts.hashes, texts.flags, side, SHORTEST
            )
            glued = total - alone
            if total < DOCUMENTS or not glued:
                continue
            if apart >= APART * glued or alone >= boilerplate:
                first, after = texts.first[example : example + 2].tolist()
                span = slice(after - length, after) if side == END else slice(first, first + length)
                if _letters(texts, example, side, length) >= LETTERS:
                    runs.append(Run(source, side, tuple(texts.hashes[span].tolist())))
    return sorted(runs, key=lambda run: (-len(run.tokens), run))


def carriers(texts: Texts, rows: NDArray[np.int64], run: Run) -> NDArray[np.bool_]:
    """Which of some texts have a run glued to them: bool[n]."""
    tokens = np.array(run.tokens, np.uint64)
    found: NDArray[np.bool_] = _carriers(rows, texts.first, texts.hashes, run.side, tokens)
    return found
