"""The view files of a release: that its page shows what its tables say.

Like the index files they follow from the tables and are in no digest, so they are made again and
compared row by row. A release whose view files have another format than this code writes is left
alone: its checksums hold all the same.
"""

import json
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from polars.io.plugins import register_io_source

from onrecord.page.shards import sizes
from onrecord.page.terms import PAIRS, TERMS, Terms
from onrecord.page.views import PLACES, RECORDS, Views
from onrecord.page.write import FORMAT, first_rows, in_parts
from onrecord.records.schema import TABLES
from onrecord.release.verify.files import Files, Progress, read
from onrecord.release.verify.report import Problem
from onrecord.release.verify.rows import Made, ParquetRows, Published, first_difference
from onrecord.scratch import Rows, Scratch

_DIRECTORY = "view/view.json"
_MEMORY = 64 * 1024 * 1024
_WHY = "differs from what the tables say"
_SCHEMAS = {"documents": RECORDS, "paragraphs": RECORDS, "search": TERMS}


class _Scanned(Rows):
    """Rows of a published table, for queries: columns that a query does not need are not read."""

    def __init__(self, rows: Published, n_rows: int) -> None:
        super().__init__(rows.schema)
        self.num_rows = n_rows
        self._rows = rows

    def pieces(self) -> Iterator[pa.Table]:
        """The rows, piece by piece."""
        return self._rows.pieces()

    def lazy(self) -> pl.LazyFrame:
        """The rows for a query."""
        kinds = pl.from_arrow(self.schema.empty_table())
        assert isinstance(kinds, pl.DataFrame)

        def scan(
            columns: list[str] | None, predicate: pl.Expr | None, _: int | None, __: int | None
        ) -> Iterator[pl.DataFrame]:
            for piece in self._rows.some(columns):
                rows = pl.from_arrow(piece if columns is None else piece.select(columns))
                assert isinstance(rows, pl.DataFrame)
                yield rows if predicate is None else rows.filter(predicate)

        return register_io_source(scan, schema=kinds.schema)


def _family(files: Files, name: str, entries: list[list[Any]]) -> Iterator[pa.Table]:
    """The rows of a family of view files.

    Raises:
        OSError, ValueError: a file is damaged, or not what the directory says.
    """
    columns = _SCHEMAS[name]
    for number, (first, n_rows, size, footer) in enumerate(entries):
        path = f"view/{name}/{number:05}.parquet"
        with files.open(path) as file:
            found_sizes = sizes(file)
        if found_sizes != (size, footer):
            raise ValueError(f"{_DIRECTORY} says other sizes of {path}")
        found = 0
        for piece in ParquetRows(files, [path], columns).pieces():
            if not found and piece.num_rows and piece.column(0)[0].as_py() != first:
                raise ValueError(f"{_DIRECTORY} says that {path} begins with another key")
            found += piece.num_rows
            yield piece.cast(columns)
        if found != n_rows:
            raise ValueError(f"{_DIRECTORY} says other rows of {path}")


def _compare(
    files: Files,
    directory: Mapping[str, Any],
    tables: Mapping[str, Rows],
    parts: Mapping[str, int],
) -> str:
    """Which family of view files differs first, and where; empty where none does."""
    with tempfile.TemporaryDirectory() as room:
        scratch = Scratch(Path(room), _MEMORY)
        views, terms = Views(tables, Rows(PLACES, scratch)), Terms(Rows(PAIRS, scratch))
        made: dict[str, Callable[[], Iterator[pa.Table]]] = {
            "documents": views.documents,
            "paragraphs": lambda: views.paragraphs(terms),
            "search": terms.rows,
        }
        for name, make in made.items():
            stated = Made(_SCHEMAS[name], lambda n=name: _family(files, n, directory[n]))  # type: ignore[misc]
            place = first_difference(stated, Made(_SCHEMAS[name], make))
            if place:
                return f"{name}, {place}"
    for name, rows in tables.items():
        with files.open(f"view/tables/{name}.parquet") as file:
            found = pq.read_table(file).replace_schema_metadata()
        if not found.cast(rows.schema).equals(first_rows(rows)):
            return f"tables/{name}"
        counts = {"rows": rows.num_rows, "first": found.num_rows} | in_parts(
            name, parts, files.open
        )
        if directory["tables"].get(name) != counts:
            return f"tables, {name}"
    return ""


def check_view(
    files: Files,
    usable: Collection[str],
    tables: Mapping[str, Published],
    rows: Mapping[str, int],
    parts: Mapping[str, int],
    progress: Progress,
) -> list[Problem]:
    """Compare the view files with the tables.

    Args:
        files: of the release.
        usable: files that are worth reading.
        tables: of the release, as they can be read.
        rows: how many each has.
        parts: see ``layout.part_paths``.
        progress: see `Progress`.
    """
    raw = read(files, _DIRECTORY) if _DIRECTORY in usable else None
    if raw is None or not set(TABLES) <= set(tables):
        return []  # a release without a page, or a part of one
    progress("view", 0)
    try:
        directory = json.loads(raw)
        if directory.get("format") != FORMAT:
            return []
        scanned = {name: _Scanned(table, rows[name]) for name, table in tables.items()}
        place = _compare(files, directory, scanned, parts)
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        message = " ".join(str(error).split())[:300]
        return [Problem(_DIRECTORY, "", "source-error", message)]
    except (pa.ArrowException, pl.exceptions.PolarsError) as error:
        message = " ".join(str(error).split())[:300]
        return [Problem(_DIRECTORY, "", "source-error", message)]
    return [Problem(_DIRECTORY, place, "view-file-error", _WHY)] if place else []
