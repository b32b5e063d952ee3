"""Map places in a document's UTF-8 text to places in its raw bytes."""

import codecs

import numpy as np
from numpy.typing import NDArray

from onrecord.ingest.decode import Patch


def raw_offsets(
    text: bytes, encoding: str, patches: list[Patch], offsets: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Where places in a text stand in the file that it was decoded from.

    Args:
        text: the document as UTF-8.
        encoding: codec of the file.
        patches: of the document, ascending.
        offsets: int64[n], byte offsets in `text`, at character boundaries.

    Returns:
        int64[n], byte offsets in the file. A place behind U+FFFD lies behind the stray bytes
        that it stands for.
    """
    if encoding == "utf-8" and not patches:
        return offsets
    unique, inverse = np.unique(offsets, return_inverse=True)
    encoded = unique
    if encoding != "utf-8":
        encoder = codecs.getincrementalencoder(encoding)("ignore")  # some have shifts
        encoded = np.empty(unique.size, np.int64)
        at, length = 0, 0
        for i, offset in enumerate(unique.tolist()):
            length += len(encoder.encode(text[at:offset].decode()))
            encoded[i] = length
            at = offset
    # A patch moves everything behind what it replaces.
    places = np.empty(len(patches), np.int64)
    shifts = np.empty(len(patches), np.int64)
    shift = 0
    for i, patch in enumerate(patches):
        places[i] = patch.offset - shift + patch.replaces
        shift += len(patch.data) - patch.replaces
        shifts[i] = shift
    passed = np.searchsorted(places, encoded, side="right")
    moved = encoded + np.concatenate(([0], shifts))[passed]
    result: NDArray[np.int64] = moved[inverse]
    return result
