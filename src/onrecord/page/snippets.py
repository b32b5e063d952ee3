"""Snippets of the page: how common tools read the paragraphs of a release."""

from collections.abc import Mapping

from onrecord.release.metadata.snippets import paragraphs_at

_PANDAS = """import pandas as pd

paragraphs = pd.read_csv(
    "csv/paragraphs.csv",
    keep_default_na=False,
    na_values=[""],
)"""
_POLARS = """import polars as pl

paragraphs = pl.read_parquet(
    "{parquet}"
)"""
_DUCKDB = """SELECT text, n_documents
FROM '{parquet}'
ORDER BY n_documents DESC
LIMIT 20;"""
_R = """paragraphs <- read.csv(
  "csv/paragraphs.csv",
  na.strings = "",
  encoding = "UTF-8"
)"""
_R_PARTS = """paragraphs <- do.call(rbind, lapply(
  Sys.glob("{csv}"),
  read.csv,
  na.strings = "",
  encoding = "UTF-8"
))"""
_HUGGING_FACE = """from datasets import load_dataset

paragraphs = load_dataset(
    "parquet",
    data_files="{parquet}",
    split="train",
)"""
_SPREADSHEET = """Open {first_csv} as UTF-8 with commas.
In Excel: Data, From Text/CSV, 65001: UTF-8."""


def snippets(parts: Mapping[str, int]) -> list[dict[str, str]]:
    """The snippets, as ``tool`` and ``code``.

    Args:
        parts: see ``layout.part_paths``.
    """
    at = paragraphs_at(parts)
    found = {
        "pandas": at.read_csv if at.several else _PANDAS,
        "Polars": _POLARS.format(parquet=at.parquet),
        "DuckDB": _DUCKDB.format(parquet=at.parquet),
        "R": _R_PARTS.format(csv=at.csv) if at.several else _R,
        "Hugging Face": _HUGGING_FACE.format(parquet=at.parquet),
        "A spreadsheet": _SPREADSHEET.format(first_csv=at.first_csv),
    }
    return [{"tool": tool, "code": code} for tool, code in found.items()]
