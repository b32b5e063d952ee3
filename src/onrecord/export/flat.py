"""Exports that are one plain file: CSV, JSON Lines, text. The same rows give the same bytes."""

import re
from pathlib import Path
from typing import IO

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from onrecord.display import unwrapped
from onrecord.export.tables import Tables
from onrecord.release.write import csv_writer

#: With these a cell begins that spreadsheet programs run as a formula.
_FORMULA = r"\A[=+\-@\t\r]"
#: All at which some program ends a line.
_LINE_ENDS = re.compile("[\n\v\f\r\x1c-\x1e\u0085\u2028\u2029]")


def csv(tables: Tables, name: str, path: Path, safe: bool) -> int:
    """Write a table as CSV, in the dialect of a release; return the number of rows.

    Args:
        tables: what is exported.
        name: of the table.
        path: the file.
        safe: whether an apostrophe is set before each text that would pass for a formula.
    """
    rows = 0
    with csv_writer(tables.schema(name), path) as writer:
        for piece in tables.pieces(name):
            writer.write_table(inert(piece) if safe else piece)
            rows += piece.num_rows
    return rows


def inert(table: pa.Table) -> pa.Table:
    """A table in which no text begins like a formula: an apostrophe goes before it."""
    columns = []
    for column, kind in zip(table.columns, table.schema, strict=True):
        if pa.types.is_string(kind.type) or pa.types.is_large_string(kind.type):
            formula = pc.fill_null(pc.match_substring_regex(column, _FORMULA), False)
            apostrophe, nothing = pa.scalar("'", kind.type), pa.scalar("", kind.type)
            quoted = pc.binary_join_element_wise(apostrophe, column, nothing)
            columns.append(pc.if_else(formula, quoted, column))
        else:
            columns.append(column)
    return pa.table(columns, schema=table.schema)


def jsonl(tables: Tables, name: str, file: IO[bytes]) -> int:
    """Write a table as JSON Lines, nulls included; return the number of rows."""
    rows = 0
    for piece in tables.pieces(name):
        frame = pl.from_arrow(piece)
        assert isinstance(frame, pl.DataFrame)
        frame.write_ndjson(file)
        rows += len(frame)
    return rows


def txt(tables: Tables, file: IO[bytes]) -> int:
    """Write the text of paragraphs, one a line; return the number of lines."""
    lines = 0
    for texts in tables.texts():
        file.writelines(one_line(text).encode() + b"\n" for text in texts)
        lines += len(texts)
    return lines


def one_line(text: str) -> str:
    """A paragraph on one line, whatever program reads the line."""
    if not _LINE_ENDS.search(text):
        return text
    return _LINE_ENDS.sub(" ", unwrapped(text))
