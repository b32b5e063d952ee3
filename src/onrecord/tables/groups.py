"""The keys of one table while it is read, and what turns out to be wrong with them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from onrecord.tables.descriptor import ForeignKey
from onrecord.tables.keys import KeyRows, lost, repeats


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


def add_keys(
    found: KeyRows, rows: NDArray[np.int64], keys: Sequence[pl.Series], tags: Sequence[str]
) -> None:
    """Take in the keys of those rows in which any column has a value."""
    there = _any_value(keys)
    tagged = [(pl.lit(tag) + key) if tag else key for key, tag in zip(keys, tags, strict=True)]
    series = [pl.select(key).to_series() if isinstance(key, pl.Expr) else key for key in tagged]
    if there is not None:
        rows = rows[there.to_numpy()]
        series = [key.filter(there) for key in series]
    found.add(rows, series)


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
        tags = self.target.tags if self.target else ("",) * len(keys)
        add_keys(self._keys, rows, keys, tags)

    def wrong(self, limit: int) -> list[tuple[int, str]]:
        """The first rows, at most `limit`, with a wrong key, and what is wrong with it."""
        if self.target:
            return [(row, "") for row in lost(self._keys, self.target.keys, limit)]
        note = 'cells composing the primary keys are all "None"'
        nothing = [(row, note) for row in self._nothing[:limit]]
        again = [
            (row, f"the same as in the row at position {before}")
            for row, before in repeats(self._keys, limit)
        ]
        return sorted(nothing + again)[:limit]
