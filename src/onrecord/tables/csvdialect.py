"""How a CSV file is written: what its dialect says, and a guess at what it leaves open."""

import csv
from typing import Any

import pyarrow as pa

from onrecord.tables.descriptor import Dialect

#: PyArrow 25.0.1 leaves a few doubled quotes in a quoted cell doubled, four of 186,462 texts in one
#: release of ours; 26.0.1 reads these right. Older ones are not trusted either.
MISREADS_QUOTES = int(pa.__version__.partition(".")[0]) < 26


def guessed(sample: list[str], dialect: Dialect, delimiter: str | None) -> Any:
    """The dialect for ``csv``: as stated, and what is left open guessed from the first lines."""
    stated = dialect.delimiter or delimiter
    try:
        found: Any = csv.Sniffer().sniff("".join(sample), stated or ",\t;|")
    except csv.Error:
        found = csv.excel
    quote = found.quotechar if dialect.quote_char is None else dialect.quote_char
    space = dialect.skip_initial_space
    excel: Any = type("excel", (csv.excel,), {})
    excel.delimiter = stated or found.delimiter
    excel.quotechar = '"' if quote == "'" and dialect.quote_char is None else quote
    excel.quoting = csv.QUOTE_NONE if quote == "" else csv.QUOTE_MINIMAL
    excel.escapechar = dialect.escape_char
    excel.doublequote = dialect.double_quote if dialect.escape_char else True
    excel.skipinitialspace = found.skipinitialspace if space is None else space
    if not excel.quotechar:
        excel.quotechar = None
    return excel


def is_simple(excel: Any) -> bool:
    """Whether Arrow reads this dialect as ``csv`` does."""
    marks = (excel.delimiter, excel.quotechar or "")
    return (
        all(len(mark) == 1 and mark.isascii() and mark not in "\r\n" for mark in marks)
        and not excel.escapechar
        and not excel.skipinitialspace
        and excel.delimiter != excel.quotechar
    )


def is_comment(dialect: Dialect, number: int, cells: list[str]) -> bool:
    """Whether a row is a comment."""
    if number in dialect.comment_rows:
        return True
    return bool(dialect.comment_char and cells and cells[0].startswith(dialect.comment_char))


def header_rows(sample: list[list[str]], dialect: Dialect) -> list[int]:
    """Which rows hold the labels: as stated, else the first of about the usual width."""
    if dialect.header is False:
        return []
    if dialect.header_rows is not None or dialect.header is not None:
        return list(dialect.header_rows or (1,)) if dialect.header_rows != () else []
    widths = [len(cells) for cells in sample]
    usual = round(sum(widths) / len(widths)) if widths else 0
    drift = max(round(usual * 0.1), 1)
    for number, cells in enumerate(sample, 1):
        if is_comment(dialect, number, cells):
            continue
        if usual - drift <= len(cells) <= usual + drift:
            return [number]
    return [1]


def labels(sample: list[list[str]], header: list[int], dialect: Dialect) -> list[str]:
    """The labels: rows of the header, joined where there are several."""
    found: list[str] = []
    above: dict[int, str] = {}
    for number, cells in enumerate(sample, 1):
        if number not in header or is_comment(dialect, number, cells):
            continue
        for i, cell in enumerate(text.strip() for text in cells):
            if above.get(i) == cell:
                continue
            above[i] = cell
            if i < len(found):
                found[i] = dialect.header_join.join([found[i], cell])
            else:
                found.append(cell)
    return found
