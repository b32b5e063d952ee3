"""Say in verbatim words which part of a block its paragraph does not cover."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from onrecord.text.characters import CLOSER, OPENER, TABLE_SIZE, tables

#: Stands between two separate runs of uncovered text.
JOINT = " … "


def _runs(uncovered: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """(first, after the last) of each run of true values."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], uncovered, [False])).astype(np.int8)))
    yield from zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)


def _opens(char: str) -> bool:
    bits = int(tables().properties[ord(char)]) if ord(char) < TABLE_SIZE else 0
    return bool(bits & OPENER) and not bits & CLOSER


def _cut(between: str) -> int:
    """Where to cut what stands between two tokens: opening marks belong to what follows.

    A straight quote opens where white space or nothing stands before it and a word behind.
    """
    for i, char in enumerate(between):
        if _opens(char):
            return i
        if char in "\"'" and i == len(between) - 1 and i > 0 and between[i - 1].isspace():
            return i
    return len(between)


def residue(
    block: bytes,
    starts: NDArray[np.uint32],
    ends: NDArray[np.uint32],
    uncovered: NDArray[np.bool_],
) -> str | None:
    """The text of a block that its paragraph does not cover.

    Args:
        block: verbatim, UTF-8.
        starts, ends: byte spans of its tokens.
        uncovered: bool[tokens].

    Returns:
        The uncovered runs with the marks that belong to them, joined by " … "; None where
        everything is covered.
    """
    pieces = []
    for first, after in _runs(uncovered):
        begin, end = 0, len(block)
        if first > 0:
            between = block[ends[first - 1] : starts[first]].decode()
            begin = int(ends[first - 1]) + len(between[: _cut(between)].encode())
        if after < len(starts):
            between = block[ends[after - 1] : starts[after]].decode()
            end = int(ends[after - 1]) + len(between[: _cut(between)].encode())
        pieces.append(block[begin:end].decode().strip())
    return JOINT.join(pieces) or None
