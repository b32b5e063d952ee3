"""Say in verbatim words which part of a block its paragraph does not cover."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from onrecord.text.marks import opening

#: Stands between two separate runs of uncovered text.
JOINT = " … "


def _runs(uncovered: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """(first, after the last) of each run of true values."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], uncovered, [False])).astype(np.int8)))
    yield from zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)


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
            begin = int(ends[first - 1]) + len(between[: opening(between)].encode())
        if after < len(starts):
            between = block[ends[after - 1] : starts[after]].decode()
            end = int(ends[after - 1]) + len(between[: opening(between)].encode())
        pieces.append(block[begin:end].decode().strip())
    return JOINT.join(pieces) or None
