"""Write the page of a release: ``index.html``, ``assets/`` and ``view/``.

The release's tables and descriptors are written before; nothing else is read. All of it is
listed in ``SHA256SUMS`` like every other file.
"""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from onrecord.page.render import HERE, render
from onrecord.page.shards import write_shards
from onrecord.page.terms import COMMON, KEPT, LONGEST, PAIRS, TERMS, Terms
from onrecord.page.views import PLACES, RECORDS, Views
from onrecord.release.catalog import PAGE
from onrecord.release.metadata import Subject
from onrecord.release.selection import ASSETS
from onrecord.release.write import parquet_writer
from onrecord.scratch import Rows, Scratch

VIEW = "view"
#: Files of ``assets/``, as they lie beside this module.
ASSET_NAMES = ("page.css", "page.js", "LICENSES.txt")
FORMAT = "onrecord-view/1"
#: The first rows of a table that are shown: so many, and so many characters of a cell.
FIRST_ROWS, CELL = 200, 600
#: What is put aside stays in memory up to so many bytes.
_MEMORY = 64 * 1024 * 1024


def first_rows(rows: Rows) -> pa.Table:
    """The first rows of a table, with long cells cut."""
    first = next(rows.groups(FIRST_ROWS), rows.schema.empty_table())
    frame = pl.from_arrow(first)
    assert isinstance(frame, pl.DataFrame)
    cut = frame.with_columns(pl.col(pl.String).str.slice(0, CELL))
    return cut.to_arrow().cast(rows.schema).combine_chunks()


def _first_rows(tables: Mapping[str, Rows], folder: Path) -> dict[str, int]:
    """Write the first rows of each table, with long cells cut; return how many."""
    folder.mkdir(parents=True)
    shown = {}
    for name, rows in tables.items():
        cut = first_rows(rows)
        with parquet_writer(rows.schema, folder / f"{name}.parquet") as writer:
            writer.write_table(cut)
        shown[name] = cut.num_rows
    return shown


def write_view(tables: Mapping[str, Rows], folder: Path, aside: Path) -> None:
    """Write the view files, and ``view.json``, which says what is in which.

    Args:
        tables: of the release.
        folder: where to; made here.
        aside: a folder to put things aside in; removed at the end.

    Raises:
        OSError: they can't be written.
    """
    scratch = Scratch(aside, _MEMORY)
    try:
        views = Views(tables, Rows(PLACES, scratch))
        documents = write_shards(folder / "documents", RECORDS, views.documents())
        terms = Terms(Rows(PAIRS, scratch))
        paragraphs = write_shards(folder / "paragraphs", RECORDS, views.paragraphs(terms))
        search = write_shards(folder / "search", TERMS, terms.rows())
        directory: dict[str, Any] = {
            "format": FORMAT,
            "documents": documents,
            "paragraphs": paragraphs,
            "search": search,
            "common": COMMON,
            "kept": KEPT,
            "longest": LONGEST,
            "cell": CELL,
            "tables": {
                name: {"rows": tables[name].num_rows, "first": first}
                for name, first in _first_rows(tables, folder / "tables").items()
            },
        }
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    content = json.dumps(directory, separators=(",", ":")) + "\n"
    (folder / "view.json").write_text(content, encoding="utf-8", newline="\n")


def write_page(
    tables: Mapping[str, Rows],
    package: Mapping[str, Any],
    figures: Mapping[str, Any],
    log: str,
    subject: Subject,
    release: Path,
) -> None:
    """Write the page into a release that is being built.

    Args:
        tables: of the release.
        package: its ``datapackage.json``.
        figures: its ``quality.json``.
        log: its ``CHANGELOG.md``.
        subject: what its descriptions are made from.
        release: its folder.

    Raises:
        OSError: it can't be written.
    """
    write_view(tables, release / VIEW, release.with_name(f"{release.name}-aside"))
    (release / ASSETS).mkdir()
    for name in ASSET_NAMES:
        shutil.copyfile(HERE / "assets" / name, release / ASSETS / name)
    page = render(tables, package, figures, log, subject)
    (release / PAGE).write_text(page, encoding="utf-8", newline="\n")
