"""The same verdict as frictionless, row by row, on damaged tables of every kind."""

import csv
import os
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from frictionless import Package
from hypothesis import HealthCheck, Phase, given, settings

from onrecord.tables.load import check_package
from tests.tables.mutations import WRONG, damaged, write

Found = Counter[tuple[str, int, int, str]]
#: What a thousand damaged packages must have shown.
EVERY_TYPE = {
    "type-error",
    "constraint-error",
    "unique-error",
    "primary-key",
    "foreign-key",
    "extra-cell",
    "missing-cell",
    "blank-row",
    "incorrect-label",
    "blank-label",
    "duplicate-label",
    "missing-label",
    "extra-label",
    "hash-count",
    "byte-count",
}


def errors(report: dict[str, Any]) -> Found:
    """(resource, row, field, type) of every error."""
    found = Counter(("", 0, 0, error["type"]) for error in report["errors"])
    for task in report["tasks"]:
        for e in task["errors"]:
            row, number = e.get("rowNumber") or 0, e.get("fieldNumber") or 0
            found[task["name"], row, number, e["type"]] += 1
    return found


def both(path: Path) -> tuple[Found, Found]:
    """What we find in a package, and what frictionless does."""
    ours = errors(check_package(path, 1000).descriptor())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        csv.field_size_limit(2147483646)
        theirs = errors(Package(str(path)).validate().to_descriptor())
    return ours, theirs


def differential(examples: int, folder: Path) -> Counter[str]:
    """Compare on so many damaged packages; how often each kind of error was found."""
    told: Counter[str] = Counter()
    kinds: Counter[str] = Counter()

    @settings(
        max_examples=examples, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
    )
    @given(damaged())
    def compare(package: dict[str, Any]) -> None:
        path = write(package, folder)
        ours, theirs = both(path)
        kinds.update(package["kinds"])
        told.update(packages=1, invalid=bool(theirs), mutations=len(package["kinds"]))
        told.update(type for *_, type in theirs)
        assert ours == theirs, path.read_text()

    compare()
    print(f"\n{told['packages']} packages, {told['mutations']} mutations: {dict(told)}")
    if examples >= 1000:
        assert set(kinds) >= {f"wrong {name}" for name in WRONG}
    return told


def test_damaged_tables_get_the_verdict_of_frictionless(tmp_path: Path) -> None:
    told = differential(80, tmp_path)
    assert told["mutations"] >= 150
    assert told["invalid"] > 0


@pytest.mark.hostile
def test_a_thousand_damaged_tables_get_the_verdict_of_frictionless(tmp_path: Path) -> None:
    told = differential(int(os.environ.get("ONRECORD_EXAMPLES", "1000")), tmp_path)
    assert told["mutations"] >= 1000
    assert set(told) >= EVERY_TYPE
