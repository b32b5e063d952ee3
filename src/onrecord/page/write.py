"""Write the page of a release: ``index.html``, ``assets/`` and ``view/``.

The release's tables and descriptors are written before; nothing else is read. All of it is
listed in ``SHA256SUMS`` like every other file.
"""

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from onrecord.page.render import HERE, render
from onrecord.page.shards import sizes, write_shards
from onrecord.page.terms import COMMON, KEPT, LONGEST, PAIRS, TERMS, Terms
from onrecord.page.views import PLACES, RECORDS, Views
from onrecord.records.schema import schema
from onrecord.release.catalog import PAGE
from onrecord.release.layout import part_paths, table_path
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


def _part_entry(file: IO[bytes], key: str) -> list[str | int]:
    """What the directory says of one part of a table; see `Shards.close`."""
    size, footer = sizes(file)
    with pq.ParquetFile(file, page_checksum_verification=True) as parquet:
        first = parquet.read_row_group(0, columns=[key]).column(0)[0].as_py()
        return [first, parquet.metadata.num_rows, size, footer]


def in_parts(
    name: str, parts: Mapping[str, int], open_one: Callable[[str], IO[bytes]]
) -> dict[str, Any]:
    """What the directory says of the parts of a table, where it has several.

    Args:
        name: of the table.
        parts: see ``layout.part_paths``.
        open_one: opens a file of the release by its path.

    Raises:
        OSError, ValueError, pa.ArrowException: one can't be read.
    """
    if name not in parts:
        return {}
    entries = []
    for path in part_paths(table_path(name), parts):
        with open_one(path) as file:
            entries.append(_part_entry(file, schema(name).primary_key[0]))
    return {"parts": entries}


def write_view(
    tables: Mapping[str, Rows], parts: Mapping[str, int], release: Path, aside: Path
) -> None:
    """Write the view files, and ``view.json``, which says what is in which.

    Args:
        tables: of the release.
        parts: see ``layout.part_paths``.
        release: where its Parquet files are, and where the view files go.
        aside: a folder to put things aside in; removed at the end.

    Raises:
        OSError: they can't be written.
    """
    folder = release / VIEW
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
                | in_parts(name, parts, lambda path: (release / path).open("rb"))
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
    aside = release.with_name(f"{release.name}-aside")
    write_view(tables, subject.parts, release, aside)
    (release / ASSETS).mkdir()
    for name in ASSET_NAMES:
        shutil.copyfile(HERE / "assets" / name, release / ASSETS / name)
    page = render(tables, package, figures, log, subject)
    (release / PAGE).write_text(page, encoding="utf-8", newline="\n")
