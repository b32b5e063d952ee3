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
MEMORY = 12 << 20
_PARTS = 256
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
    """The keys of a table and their rows, in the order of the rows."""

    def __init__(self, folder: Path, name: str) -> None:
        """Start empty.

        Args:
            folder: where keys wait that don't fit in memory.
            name: of the set; no other in this folder has it.
        """
        self._path = folder / name
        self._waiting: list[Keys] = []
        self._size = 0
        self._spilled = False

    def add(self, rows: NDArray[np.int64], keys: Sequence[pl.Series]) -> None:
        """Add keys.

        Args:
            rows: numbers of their rows, higher than any before.
            keys: one text a column of the key; null where there is no value.
        """
        if not rows.size:
            return
        built = np.empty(rows.size, _KEY)
        built["row"] = rows
        frame = pl.DataFrame([key.alias(str(i)) for i, key in enumerate(keys)])
        for name, seed in (("a", 1), ("b", 2)):
            hashed = frame["0"].hash(seed) if frame.width == 1 else frame.hash_rows(seed)
            built[name] = hashed.to_numpy()
        self._waiting.append(built)
        self._size += built.nbytes
        if self._size > MEMORY:
            self._spill()

    def _spill(self) -> None:
        """Put what waits into files."""
        keys = np.concatenate(self._waiting)
        part = (keys["a"] >> np.uint64(56)).astype(np.uint8)
        order = np.argsort(part, kind="stable")
        ends = np.cumsum(np.bincount(part, minlength=_PARTS))
        self._path.mkdir(parents=True, exist_ok=True)
        begin = 0
        for i, end in enumerate(ends.tolist()):
            if end > begin:
                with (self._path / f"{i:02x}").open("ab") as file:
                    keys[order[begin:end]].tofile(file)
            begin = end
        self._spilled = True
        self._waiting.clear()
        self._size = 0

    @property
    def spilled(self) -> bool:
        """Whether any keys wait in files."""
        return self._spilled

    def part(self, i: int | None) -> Keys:
        """The keys with certain first bits, in the order of their rows; None for all of them."""
        waiting = np.concatenate(self._waiting) if self._waiting else np.empty(0, _KEY)
        if i is None:
            return waiting
        waiting = waiting[waiting["a"] >> np.uint64(56) == i]
        file = self._path / f"{i:02x}"
        if self._spilled and file.exists():
            return np.concatenate([np.fromfile(file, _KEY), waiting])
        return waiting


def _parts(*sets: KeyRows) -> Iterator[int | None]:
    """The parts in which some sets of keys are to be looked at."""
    if any(keys.spilled for keys in sets):
        yield from range(_PARTS)
    else:
        yield None


def repeats(keys: KeyRows, limit: int) -> list[Repeat]:
    """The first rows, at most `limit`, whose key stood in a row before."""
    found: list[Repeat] = []
    for i in _parts(keys):
        part = keys.part(i)
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


def lost(keys: KeyRows, targets: KeyRows, limit: int) -> list[int]:
    """The first rows, at most `limit`, whose key is none of the targets."""
    found: list[NDArray[np.int64]] = []
    for i in _parts(keys, targets):
        source, target = keys.part(i), targets.part(i)
        order = np.argsort(target["a"], kind="stable")
        a, b = target["a"][order], target["b"][order]
        if not a.size:
            found.append(np.sort(source["row"])[:limit])
            continue
        at = np.minimum(np.searchsorted(a, source["a"]), a.size - 1)
        there = (a[at] == source["a"]) & (b[at] == source["b"])
        found.append(np.sort(source["row"][~there])[:limit])
    return np.sort(np.concatenate(found))[:limit].tolist() if found else []
