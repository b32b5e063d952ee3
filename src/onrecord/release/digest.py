"""The content digest: a hash of the records that does not depend on file formats.

Of a table, with rows sorted by primary key::

    sha256( "onrecord-table/1" , name , number of rows , then of each column in schema order:
            name , sha256 of its cells )

The tags stand as they are and a sha256 as its 32 bytes; names and the number of rows are texts.
A cell is one byte 0x00 where it is null, else 0x01 and its text behind its length. Every text
is UTF-8 behind its length in bytes as eight little-endian bytes; integers are written in
decimal, truth values as ``true`` or ``false``, other numbers as the integer nearest to the
number times 10,000 (numbers have four decimals). The release's digest is the sha256 of
``onrecord-release/1`` and, for each table in the order of ``records.schema.TABLES``, its name
and its digest, each behind its length. It covers records only: ``created`` is not in it.
"""

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from onrecord.kernel import kernel
from onrecord.records.schema import TABLES
from onrecord.text.segment import text_buffer


def _prefixed(text: str) -> bytes:
    data = text.encode()
    return len(data).to_bytes(8, "little") + data


@kernel
def _cells(data, offsets, valid):
    """Null marks, lengths and texts of a string column, as one run of bytes."""
    size = np.int64(0)
    for i in range(valid.size):
        size += 1 + (8 + offsets[i + 1] - offsets[i] if valid[i] else 0)
    out = np.empty(size, np.uint8)
    at = 0
    for i in range(valid.size):
        out[at] = 1 if valid[i] else 0
        at += 1
        if not valid[i]:
            continue
        length = offsets[i + 1] - offsets[i]
        for k in range(8):
            out[at + k] = (length >> (8 * k)) & 0xFF
        at += 8
        out[at : at + length] = data[offsets[i] : offsets[i + 1]]
        at += length
    return out


def _as_text(column: pa.ChunkedArray) -> pa.LargeStringArray:
    """A column with every value written as text."""
    if pa.types.is_floating(column.type):
        column = pc.cast(pc.round(pc.multiply(column, 10_000)), pa.int64())
    return pa.concat_arrays(pc.cast(column, pa.large_string()).chunks)


class TableDigest:
    """The digest of one table whose rows come piece by piece, sorted by primary key."""

    def __init__(self, name: str, columns: list[str]) -> None:
        self._name = name
        self._rows = 0
        self._cells = {column: hashlib.sha256() for column in columns}

    def update(self, table: pa.Table) -> None:
        """Take in the next rows."""
        if not table.num_rows:
            return
        self._rows += table.num_rows
        for column, cells in self._cells.items():
            text = _as_text(table[column])
            data, offsets = text_buffer(text)
            valid = text.is_valid().to_numpy(zero_copy_only=False)
            cells.update(_cells(data, offsets, valid))

    def hexdigest(self) -> str:
        """The digest, in hex."""
        digest = hashlib.sha256(b"onrecord-table/1" + _prefixed(self._name))
        digest.update(_prefixed(str(self._rows)))
        for column, cells in self._cells.items():
            digest.update(_prefixed(column) + cells.digest())
        return digest.hexdigest()


def table_digest(name: str, table: pa.Table) -> str:
    """The digest of one table, in hex; its rows are sorted by primary key."""
    digest = TableDigest(name, table.column_names)
    digest.update(table)
    return digest.hexdigest()


def release_digest(digests: Mapping[str, str], tables: Sequence[str] = TABLES) -> str:
    """The digest of a release from those of its tables, in hex.

    Args:
        digests: by table.
        tables: which, in the order of the release's own descriptor.
    """
    digest = hashlib.sha256(b"onrecord-release/1")
    for name in tables:
        digest.update(_prefixed(name) + _prefixed(digests[name]))
    return digest.hexdigest()
