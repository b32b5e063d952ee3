"""Tables and arrays as bytes, and back: Arrow's stream format, packed with LZ4.

Arrays that come out are writable copies of their own, as those that kernels make: for an array
that may not be written to, Numba would compile every kernel once more.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

_PACKED = pa.ipc.IpcWriteOptions(compression="lz4", use_threads=False)
_PLAIN = pa.ipc.IpcWriteOptions(use_threads=False)


@dataclass(frozen=True, slots=True)
class Parcel:
    """What goes to a worker, or comes back.

    Attributes:
        said: whatever JSON can hold.
        tables: by name.
        arrays: by name; of one dimension.
    """

    said: Any
    tables: Mapping[str, pa.Table] = field(default_factory=dict)
    arrays: Mapping[str, NDArray[Any]] = field(default_factory=dict)


def pack(parcel: Parcel, packed: bool = True) -> bytes:
    """A parcel as bytes, packed or as they are."""
    options = _PACKED if packed else _PLAIN
    sink = pa.BufferOutputStream()
    head = [parcel.said, list(parcel.tables), [(n, str(a.dtype)) for n, a in parcel.arrays.items()]]
    words = json.dumps(head).encode()
    sink.write(len(words).to_bytes(8, "little"))
    sink.write(words)
    for table in parcel.tables.values():
        _write(sink, table, options)
    for array in parcel.arrays.values():
        plain = array.view(np.uint8) if array.dtype == np.bool_ else array
        _write(sink, pa.table({"": pa.array(np.ascontiguousarray(plain))}), options)
    data: bytes = sink.getvalue().to_pybytes()
    return data


def _write(sink: pa.BufferOutputStream, table: pa.Table, options: pa.ipc.IpcWriteOptions) -> None:
    with pa.ipc.new_stream(sink, table.schema, options=options) as stream:
        stream.write_table(table.combine_chunks())


def unpack(data: bytes | memoryview) -> Parcel:
    """The parcel that some bytes are."""
    source = pa.BufferReader(pa.py_buffer(data))
    said, names, kinds = json.loads(source.read(int.from_bytes(source.read(8), "little")))
    tables = {}
    for name in names:
        with pa.ipc.open_stream(source) as stream:
            tables[name] = stream.read_all()
    arrays = {}
    for name, kind in kinds:
        with pa.ipc.open_stream(source) as stream:
            pieces = stream.read_all().column(0).chunks
        found = [piece.to_numpy(zero_copy_only=True) for piece in pieces]
        array = np.concatenate(found) if found else np.empty(0, np.uint8)
        arrays[name] = array.view(np.bool_) if kind == "bool" else array.astype(kind, copy=False)
    return Parcel(said, tables, arrays)
