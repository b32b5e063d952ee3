"""How programs read the paragraphs of a release, in one file or in several."""

from collections.abc import Mapping
from dataclasses import dataclass

from onrecord.release.layout import part_paths, table_path

_ONE_CSV = """import pandas as pd

paragraphs = pd.read_csv("csv/paragraphs.csv", keep_default_na=False, na_values=[""])"""
_CSV_PARTS = """from glob import glob

import pandas as pd

paragraphs = pd.concat(
    (
        pd.read_csv(path, keep_default_na=False, na_values=[""])
        for path in sorted(glob("csv/paragraphs/*.csv"))
    ),
    ignore_index=True,
)"""


@dataclass(frozen=True, slots=True)
class Reading:
    """What programs are told to read.

    Attributes:
        several: whether there are several files.
        csv, parquet: the file, or a pattern that fits all of its parts.
        first_csv: the file that people open first.
        first_parquet: the same as Parquet.
        read_csv: lines of Python that read the CSV with pandas.
    """

    several: bool
    csv: str
    parquet: str
    first_csv: str
    first_parquet: str
    read_csv: str


def pattern(path: str) -> str:
    """What fits all parts of a table, and nothing else.

    Args:
        path: where it would be in one file.
    """
    stem, _, suffix = path.rpartition(".")
    return f"{stem}/*.{suffix}"


def paragraphs_at(parts: Mapping[str, int]) -> Reading:
    """Where the paragraphs are.

    Args:
        parts: see ``layout.part_paths``.
    """
    files = {form: part_paths(table_path("paragraphs", form), parts) for form in ("csv", "parquet")}
    several = "paragraphs" in parts
    csv, parquet = (
        pattern(table_path("paragraphs", form)) if several else files[form][0] for form in files
    )
    first_csv, first_parquet = files["csv"][0], files["parquet"][0]
    code = _CSV_PARTS if several else _ONE_CSV
    return Reading(several, csv, parquet, first_csv, first_parquet, code)
