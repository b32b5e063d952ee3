"""Where a text stands: in which texts of the releases it shows, whole or in part.

A text is a *trace* of a withdrawn one when it is the same, when a release says that the
withdrawn one stands for it or is a part of it, or when both share runs of eight words (or the
whole of a shorter text) that make up sixteen words, half of the withdrawn text, or half of the
other one. Shorter phrases are nobody's.
"""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from onrecord.ingest.suppress import WINDOW, SuppressedText, Suppression, size_of_windows
from onrecord.withdraw.words import folded, hashes, pieces, public_id, tokens_of

#: So many words in shared runs make a trace, however long both texts are.
ENOUGH = 2 * WINDOW
_FACTOR = np.uint64(0x9E3779B97F4A7C15)


def _runs(values: NDArray[np.uint64], size: int) -> NDArray[np.uint64]:
    """One number for each run of `size` tokens, by where it begins."""
    n = max(0, values.size - size + 1)
    total = np.zeros(n, np.uint64)
    for j in range(size):
        total = (total ^ values[j : j + n]) * _FACTOR
        total ^= total >> np.uint64(32)
    return total


class Withdrawn:
    """One text that is withdrawn, as tokens."""

    def __init__(self, values: NDArray[np.uint64]) -> None:
        self.values = values
        self.size = size_of_windows(values.size)
        self.runs = np.unique(_runs(values, self.size)) if self.size else _runs(values, 1)[:0]


def _covered(at: NDArray[np.int64], size: int) -> int:
    """How many tokens runs cover that begin at some places, ascending."""
    return int(size + np.minimum(np.diff(at), size).sum()) if at.size else 0


def traces(withdrawn: Sequence[Withdrawn], texts: Sequence[str]) -> set[str]:
    """Which of some texts are traces of withdrawn ones by their words alone."""
    found: set[str] = set()
    for size in sorted({one.size for one in withdrawn} - {0}):
        known = np.unique(np.concatenate([one.runs for one in withdrawn if one.size == size]))
        same_size = [one for one in withdrawn if one.size == size]
        for piece in pieces(texts):
            tokens = tokens_of(piece)
            runs = _runs(tokens.hashes, size)
            at = np.flatnonzero(np.isin(runs, known))
            block = np.searchsorted(tokens.offsets, at, "right") - 1
            inside = at + size <= tokens.offsets[block + 1]
            at, block = at[inside], block[inside]
            for number in np.unique(block).tolist():
                here = at[block == number]
                length = int(tokens.offsets[number + 1] - tokens.offsets[number])
                if any(_is_trace(one, here, runs, length) for one in same_size):
                    found.add(piece[number])
    return found


def _is_trace(one: Withdrawn, at: NDArray[np.int64], runs: NDArray[np.uint64], length: int) -> bool:
    """Whether the runs of a text that begin at some places make it a trace of `one`."""
    covered = _covered(at[np.isin(runs[at], one.runs)], one.size)
    return covered >= ENOUGH or 0 < min(one.values.size, length) <= 2 * covered


def _aligned(values: NDArray[np.uint64]) -> list[int]:
    """Where the windows of a text begin that the suppression list keeps."""
    size = size_of_windows(values.size)
    return list(range(0, values.size - size + 1, size)) if size else []


def suppressed(
    suppression: Suppression,
    whole: Iterable[str],
    in_parts: Iterable[str],
    remaining: Sequence[str],
) -> list[SuppressedText]:
    """What the suppression list keeps of withdrawn texts.

    Args:
        suppression: with the list's key.
        whole: texts that are recognised as a whole only: they hold others' words, too.
        in_parts: texts of which parts are recognised as well.
        remaining: what stays published; its words are nobody's.
    """
    parted = sorted(set(in_parts))
    only_whole = sorted(set(whole) - set(parted))
    tokens = tokens_of(parted)
    own = [hashes(tokens, i) for i in range(len(parted))]
    common = _common(own, remaining)
    entries = []
    for i, values in enumerate(own):
        size = size_of_windows(values.size)
        runs = _runs(values, size) if size else np.empty(0, np.uint64)
        places = [at for at in _aligned(values) if int(runs[at]) not in common]
        entries.append(
            SuppressedText(
                whole=suppression.whole(folded(tokens, i)),
                tokens=values.size,
                windows=suppression.windows(values, places) if places else (),
            )
        )
    tokens = tokens_of(only_whole)
    for i in range(len(only_whole)):
        name = suppression.whole(folded(tokens, i))
        entries.append(SuppressedText(whole=name, tokens=hashes(tokens, i).size))
    return entries


def _common(own: list[NDArray[np.uint64]], remaining: Sequence[str]) -> set[int]:
    """Runs of withdrawn texts that stand in what stays published."""
    found: set[int] = set()
    for size in sorted({size_of_windows(values.size) for values in own} - {0}):
        known = np.concatenate([_runs(v, size) for v in own if size_of_windows(v.size) == size])
        for piece in pieces(remaining):
            tokens = tokens_of(piece)
            runs = _runs(tokens.hashes, size)
            at = np.flatnonzero(np.isin(runs, known))
            block = np.searchsorted(tokens.offsets, at, "right") - 1
            at = at[at + size <= tokens.offsets[block + 1]]
            found.update(runs[at].tolist())
    return found


def ids_of(texts: Sequence[str]) -> dict[str, str]:
    """The public id of each of some texts."""
    found: dict[str, str] = {}
    for piece in pieces(texts):
        tokens = tokens_of(piece)
        found |= {text: public_id(folded(tokens, i)) for i, text in enumerate(piece)}
    return found
