"""Verify pairs of texts on an engine.

A worker gets the tokens of the texts of its pairs and nothing else. How often a word stands in
the corpus counts, too: of that table goes along what these tokens look at. Nothing is packed on
the way there, because that would take half as long as the verification itself.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from onrecord.corpus import gather
from onrecord.dedup.verify import Pairs, View, verify
from onrecord.engines.parcels import Parcel, pack, unpack
from onrecord.engines.protocol import Engine

#: A task has about so many pairs.
PIECE = 16_384
#: So many in all are not worth sending: starting workers takes longer than verifying them here.
WORTH = 500_000

S = TypeVar("S", bound=np.generic)

_SPANS = ("a_span", "b_span", "a_words", "b_words")


def _pieces(b: NDArray[np.int32], most: int) -> Iterator[slice]:
    """Cut pairs into pieces of some size that keep each longer text in one."""
    bounds = [0]
    while bounds[-1] < b.size:
        last = min(bounds[-1] + most, b.size) - 1
        bounds.append(int(np.searchsorted(b, b[last], "right")))
    for start, end in itertools.pairwise(bounds):
        yield slice(start, end)


def _copied(values: NDArray[S], first: NDArray[np.int64], size: NDArray[np.int64]) -> NDArray[S]:
    """The places ``first[i]`` to ``first[i] + size[i]``, one text behind the other."""
    width = values.itemsize
    starts = first * width
    every = np.ones(first.size, np.bool_)
    data = gather(values.view(np.uint8), starts, starts + size * width, every).buffers()[2]
    return np.frombuffer(data, values.dtype)


def _as_task(
    texts: View, ends: NDArray[np.int64], a: NDArray[np.int32], b: NDArray[np.int32]
) -> tuple[bytes, NDArray[np.int32]]:
    """Some pairs with all that verification asks of their texts, and which texts these are."""
    names, places = np.unique(np.concatenate([a, b]), return_inverse=True)
    first, size = texts.first[names], texts.size[names]
    lengths = ends[names] - texts.folded_first[names]
    hashes = _copied(texts.hashes, first, size)
    slots = hashes & np.uint64(texts.frequency.size - 1)
    arrays = {
        "a": places[: a.size].astype(np.int32),
        "b": places[a.size :].astype(np.int32),
        "size": size,
        "core": texts.core[names],
        "strict": texts.strict[names],
        "hashes": hashes,
        "flags": _copied(texts.flags, first, size),
        "folded": _copied(texts.folded, texts.folded_first[names], lengths),
        "folded_size": lengths,
        "frequency": texts.frequency[slots],
    }
    return pack(Parcel({"slots": texts.frequency.size}, arrays=arrays), packed=False), names


@dataclass(frozen=True)
class Verifying:
    """What a worker does to a task: see ``dedup.verify.verify``."""

    def __call__(self, task: bytes) -> bytes:
        """Pairs with their texts as bytes become the pairs that stand in a relation, as bytes."""
        parcel = unpack(task)
        arrays = parcel.arrays
        frequency = np.zeros(parcel.said["slots"], np.uint8)
        frequency[arrays["hashes"] & np.uint64(frequency.size - 1)] = arrays["frequency"]
        size, lengths = arrays["size"], arrays["folded_size"]
        texts = View(
            np.cumsum(size) - size,
            size,
            arrays["core"],
            arrays["hashes"],
            arrays["flags"],
            arrays["strict"],
            frequency,
            arrays["folded"],
            np.cumsum(lengths) - lengths,
        )
        found = verify(texts, arrays["a"], arrays["b"])
        flat = {column.name: getattr(found, column.name).ravel() for column in fields(found)}
        return pack(Parcel(None, arrays=flat))


def _received(data: memoryview, names: NDArray[np.int32]) -> Pairs:
    """The pairs that a worker sent, their texts by the numbers that they have here."""
    found = dict(unpack(data).arrays)
    found |= {name: found[name].reshape(-1, 2) for name in _SPANS}
    found |= {side: names[found[side]] for side in ("a", "b")}
    return Pairs(**found)


def verify_on(
    engine: Engine,
    texts: View,
    ends: NDArray[np.int64],
    a: NDArray[np.int32],
    b: NDArray[np.int32],
    threads: int,
) -> Pairs:
    """Verify candidate pairs on an engine.

    Args:
        engine: does the work.
        texts: as ``dedup.verify.view`` gathers it.
        ends: int64[texts], where the key of each text ends in ``texts.folded``.
        a, b: int32[candidates], shorter and longer text, sorted by the longer.
        threads: how many work at once here, where there are too few pairs to send.

    Returns:
        The pairs that stand in a relation; all others are left out.
    """
    if a.size <= WORTH:
        return verify(texts, a, b, threads)
    sent: list[NDArray[np.int32]] = []

    def tasks() -> Iterator[bytes]:
        for piece in _pieces(b, PIECE):
            task, names = _as_task(texts, ends, a[piece], b[piece])
            sent.append(names)
            yield task

    answers = engine.map(Verifying(), tasks())
    found = [_received(data, sent[number]) for number, data in enumerate(answers)]
    columns = (column.name for column in fields(Pairs))
    return Pairs(*(np.concatenate([getattr(part, name) for part in found]) for name in columns))
