"""Small Arrow arrays from Python values.

``pyarrow.array`` looks for pandas on its first call and imports it where it is installed, which
takes longer than a whole question to a release. These do not.
"""

from array import array
from collections.abc import Iterable

import pyarrow as pa


def strings(values: Iterable[str], kind: pa.DataType | None = None) -> pa.Array:
    """A string array.

    Args:
        values: no nulls.
        kind: its type; ``large_string`` where None.
    """
    pieces = [value.encode() for value in values]
    offsets = array("q", [0])
    for piece in pieces:
        offsets.append(offsets[-1] + len(piece))
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(b"".join(pieces))]
    made = pa.Array.from_buffers(pa.large_string(), len(pieces), buffers)
    return made if kind is None or kind == pa.large_string() else made.cast(kind)


def integers(values: Iterable[int]) -> pa.Array:
    """An array of int64 without nulls."""
    data = array("q", values)
    return pa.Array.from_buffers(pa.int64(), len(data), [None, pa.py_buffer(data)])
