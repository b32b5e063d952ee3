"""Keys of a table: which stand twice, and which lead nowhere, in bounded memory.

A key is kept as two hashes of 64 bits and the number of its row, 24 bytes. Two keys count as
the same when all 128 bits are. Beyond a limit, keys wait in files, apart by their first bits, so
that only one part is in memory at a time.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

#: So many bytes of one set of keys stay in memory.
MEMORY = 24 << 20
_PARTS = 64
_SHIFT = np.uint64(58)
_KEY = np.dtype([("a", np.uint64), ("b", np.uint64), ("row", np.int64)])
Keys = NDArray[np.void]


class Repeat(NamedTuple):
    """A row whose key stood before.

    Attributes:
        row: its number.
        before: the row that had it last.
    """

    row: int
    before: int


class KeyRows:
    """The keys of a table and their rows, in the order of the rows.

    Attributes:
        spilled: whether any of them wait in files.
    """

    def __init__(self, folder: Path, name: str) -> None:
        """Start empty.

        Args:
            folder: where keys wait that don't fit in memory.
            name: of the set; no other in this folder has it.
        """
        self._path = folder / name
        self._waiting: list[Keys] = []
        self._size = 0
        self.spilled = False

    def add(self, rows: NDArray[np.int64], keys: Sequence[pl.Series]) -> None:
        """Add keys.

        Args:
            rows: numbers of their rows, higher than any before.
            keys: one text a column of the key; null where there is no value.
        """
        if not rows.size:
            return
        self._waiting.append(hashed(rows, keys))
        self._size += self._waiting[-1].nbytes
        if self._size > MEMORY:
            self._spill()

    def _spill(self) -> None:
        """Put what waits into files."""
        self._path.mkdir(parents=True, exist_ok=True)
        split = []
        while self._waiting:  # one after the other, so that none is in memory twice
            split.append(_split([self._waiting.pop(0)]))
        for i in range(_PARTS):
            with (self._path / f"{i:02x}").open("ab") as file:
                for parts in split:
                    parts[i].tofile(file)
        self.spilled = True
        self._size = 0

    def parts(self, apart: bool) -> Iterator[Keys]:
        """All keys, in the order of their rows within a part.

        Args:
            apart: in parts by their first bits, not in one.
        """
        if not apart:
            yield np.concatenate(self._waiting) if self._waiting else np.empty(0, _KEY)
            return
        if self.spilled and self._waiting:
            self._spill()
        for i, keys in enumerate(_split(self._waiting)):
            file = self._path / f"{i:02x}"
            yield np.fromfile(file, _KEY) if file.exists() else keys


def hashed(rows: NDArray[np.int64], keys: Sequence[pl.Series]) -> Keys:
    """Keys as they are kept; see `KeyRows.add`."""
    built = np.empty(rows.size, _KEY)
    built["row"] = rows
    frame = pl.DataFrame([key.alias(str(i)) for i, key in enumerate(keys)])
    for name, seed in (("a", 1), ("b", 2)):
        both = frame["0"].hash(seed) if frame.width == 1 else frame.hash_rows(seed)
        built[name] = both.to_numpy()
    return built


def _split(waiting: list[Keys]) -> list[Keys]:
    """Keys in parts by their first bits."""
    keys = np.concatenate(waiting) if waiting else np.empty(0, _KEY)
    part = (keys["a"] >> _SHIFT).astype(np.uint8)
    keys = keys[np.argsort(part, kind="stable")]
    ends = np.cumsum(np.bincount(part, minlength=_PARTS))
    return np.split(keys, ends[:-1])


def repeats(keys: KeyRows, limit: int) -> list[Repeat]:
    """The first rows, at most `limit`, whose key stood in a row before."""
    found: list[Repeat] = []
    for part in keys.parts(keys.spilled):
        hashes = np.sort(part["a"])
        if not (hashes[1:] == hashes[:-1]).any():
            continue
        order = np.lexsort((part["row"], part["b"], part["a"]))
        a, b, row = (part[name][order] for name in ("a", "b", "row"))
        again = np.flatnonzero((a[1:] == a[:-1]) & (b[1:] == b[:-1])) + 1
        first = np.sort(row[again])[:limit]
        again = again[row[again] <= first[-1]] if first.size else again[:0]
        found += [Repeat(int(row[k]), int(row[k - 1])) for k in again]
    return sorted(found)[:limit]


class Index:
    """Keys in an order in which others are found among them."""

    def __init__(self, keys: Keys) -> None:
        order = np.argsort(keys["a"])
        self._a, self._b = keys["a"][order], keys["b"][order]

    def without(self, keys: Keys) -> NDArray[np.int64]:
        """Rows of those keys that are none of these."""
        if not self._a.size:
            return np.sort(keys["row"])
        keys = keys[np.argsort(keys["a"])]  # in order, they are found in a third of the time
        at = np.minimum(np.searchsorted(self._a, keys["a"]), self._a.size - 1)
        there = (self._a[at] == keys["a"]) & (self._b[at] == keys["b"])
        return np.sort(keys["row"][~there])


def lost(keys: KeyRows, targets: KeyRows, limit: int) -> list[int]:
    """The first rows, at most `limit`, whose key is none of the targets."""
    found: list[int] = []
    for sought, target in zip(keys.parts(True), targets.parts(True), strict=True):
        found += Index(target).without(sought)[:limit].tolist()
    return sorted(found)[:limit]
