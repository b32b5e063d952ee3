"""The keys of one table while it is read, and what turns out to be wrong with them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from onrecord.tables.descriptor import ForeignKey
from onrecord.tables.keys import Index, KeyRows, hashed, lost, repeats


@dataclass(frozen=True, slots=True)
class Target:
    """What a foreign key leads to.

    Attributes:
        foreign: the foreign key.
        keys: the keys of the table that it leads to.
        tags: what to set before the values of each column, so that values of different types
            are never the same; empty where the types agree.
    """

    foreign: ForeignKey
    keys: KeyRows
    tags: tuple[str, ...]


def present(
    rows: NDArray[np.int64], keys: Sequence[pl.Series], tags: Sequence[str]
) -> tuple[NDArray[np.int64], Sequence[pl.Series]]:
    """Keys of those rows in which any column has a value, behind the tags of their columns."""
    if any(tags):
        frame = pl.DataFrame([key.alias(str(i)) for i, key in enumerate(keys)])
        tagged = frame.select(pl.lit(tag) + pl.col(str(i)) for i, tag in enumerate(tags))
        keys = tagged.get_columns()
    there = _any_value(keys)
    if there is None:
        return rows, keys
    return rows[there.to_numpy()], [key.filter(there) for key in keys]


def _any_value(keys: Sequence[pl.Series]) -> pl.Series | None:
    """In which rows any column has a value; None where all do."""
    if any(not key.null_count() for key in keys):
        return None
    frame = pl.DataFrame([key.is_not_null().alias(str(i)) for i, key in enumerate(keys)])
    return frame.select(pl.any_horizontal(pl.all())).to_series()


class Group:
    """The columns of one key.

    Attributes:
        type: unique-error, primary-key, unique-key or foreign-key.
        names: of the columns.
        target: what a foreign key leads to.
    """

    def __init__(
        self, type: str, names: tuple[str, ...], folder: Path, target: Target | None = None
    ) -> None:
        self.type = type
        self.names = names
        self.target = target
        self._folder = folder
        self._nothing: list[int] = []
        # Targets that fit in memory are looked up at once; the others when all rows are read.
        self._index = (
            Index(next(target.keys.parts(False))) if target and not target.keys.spilled else None
        )

    def call(self, name: str) -> None:
        """Name the set; no other of the table may have the same."""
        self._keys = KeyRows(self._folder, name)

    def add(self, rows: NDArray[np.int64], keys: Sequence[pl.Series]) -> None:
        """Take in some rows."""
        if self.type == "unique-key":
            frame = pl.DataFrame([k.is_not_null().alias(str(i)) for i, k in enumerate(keys)])
            there = frame.select(pl.all_horizontal(pl.all())).to_series()
            keys = [key.filter(there) for key in keys]
            rows = rows[there.to_numpy()]
        if self.type == "primary-key":
            there_or_all = _any_value(keys)
            if there_or_all is not None:
                self._nothing += rows[~there_or_all.to_numpy()].tolist()
        rows, keys = present(rows, keys, self.target.tags if self.target else ())
        if self._index and rows.size:
            self._nothing += self._index.without(hashed(rows, keys)).tolist()
        else:
            self._keys.add(rows, keys)

    def wrong(self, limit: int) -> list[tuple[int, str]]:
        """The first rows, at most `limit`, with a wrong key, and what is wrong with it."""
        if self.target:
            found = self._nothing if self._index else lost(self._keys, self.target.keys, limit)
            return [(row, "") for row in found[:limit]]
        note = 'cells composing the primary keys are all "None"'
        nothing = [(row, note) for row in self._nothing[:limit]]
        again = [
            (row, f"the same as in the row at position {before}")
            for row, before in repeats(self._keys, limit)
        ]
        return sorted(nothing + again)[:limit]
