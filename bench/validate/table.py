"""A made-up table with the constraints that tables usually have, of any length."""

import json
from pathlib import Path

import numpy as np
import polars as pl

_COLOURS = ("red", "green", "blue")
_GROUPS = 1000
_DAYS = 3000
#: Rows that are written at once.
_AT_ONCE = 250_000
SCHEMA = {
    "fields": [
        {
            "name": "id",
            "type": "string",
            "constraints": {"required": True, "pattern": "r[0-9a-f]{8}"},
        },
        {"name": "group", "type": "string", "constraints": {"required": True}},
        {"name": "amount", "type": "number", "constraints": {"minimum": 0}},
        {"name": "count", "type": "integer", "constraints": {"minimum": 0, "maximum": 9999}},
        {"name": "day", "type": "date", "constraints": {"minimum": "2015-01-01"}},
        {"name": "colour", "type": "string", "constraints": {"enum": list(_COLOURS)}},
        {"name": "text", "type": "string", "constraints": {"minLength": 1}},
    ],
    "primaryKey": "id",
    "foreignKeys": [{"fields": "group", "reference": {"resource": "groups", "fields": "group"}}],
}


def _rows(first: int, count: int, total: int, rng: np.random.Generator) -> pl.DataFrame:
    # An odd factor visits every 32-bit number once: keys without order, and no two the same.
    ids = (np.arange(first, first + count, dtype=np.uint64) * 2654435761) % (1 << 32)
    days = np.datetime64("2015-01-01") + rng.integers(0, _DAYS, count)
    return pl.DataFrame(
        {
            "id": [f"r{n:08x}" for n in ids.tolist()],
            "group": [f"g{n:03d}" for n in rng.integers(0, _GROUPS, count).tolist()],
            "amount": np.round(rng.integers(0, 10**7, count) / 100, 2),
            "count": rng.integers(0, 10_000, count),
            "day": days.astype("datetime64[D]"),
            "colour": np.array(_COLOURS)[rng.integers(0, len(_COLOURS), count)],
            "text": [
                f"some words, quoted, of row {n} of {total}" for n in range(first, first + count)
            ],
        }
    )


def make(folder: Path, rows: int) -> Path:
    """Write a package of a table and the one that it refers to.

    Args:
        folder: where to; made where it is missing.
        rows: how many rows the table has.

    Returns:
        Its descriptor.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(7)
    with (folder / "things.csv").open("wb") as file:
        for first in range(0, rows, _AT_ONCE):
            count = min(_AT_ONCE, rows - first)
            _rows(first, count, rows, rng).write_csv(file, include_header=not first)
    groups = pl.DataFrame({"group": [f"g{n:03d}" for n in range(_GROUPS)]})
    groups.write_csv(folder / "groups.csv")
    described = {
        "name": "bench",
        "resources": [
            {"name": "things", "type": "table", "path": "things.csv", "schema": SCHEMA},
            {
                "name": "groups",
                "type": "table",
                "path": "groups.csv",
                "schema": {
                    "fields": [{"name": "group", "type": "string"}],
                    "primaryKey": "group",
                },
            },
        ],
    }
    path = folder / "datapackage.json"
    path.write_text(json.dumps(described, indent=2), encoding="utf-8")
    return path
