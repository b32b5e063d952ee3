"""A release as one file, or what some of its sources hold.

A release is made to be checked and cited, so it has many files. Whoever wants to read it with a
database, a spreadsheet or a language model wants one; these are its forms. An export is no
release: it has no checksums of its own and nothing of it is signed, so cite the release.
"""

import contextlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from onrecord.durable import DRAFT, flush_folder
from onrecord.errors import ConfigurationError, NotFoundError, RefusedError
from onrecord.export.chosen import Choice, Part
from onrecord.export.tables import Tables, Whole
from onrecord.records.schema import TABLES
from onrecord.release.place import Release
from onrecord.release.sums import sha256_of

Format = Literal["csv", "jsonl", "txt", "sqlite", "duckdb"]
FORMATS: tuple[str, ...] = get_args(Format)
#: Of these a file has one table.
_OF_ONE_TABLE = ("csv", "jsonl")


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be written.

    Attributes:
        format: csv, jsonl, txt, sqlite or duckdb.
        output: the file.
        table: for csv and jsonl; ``paragraphs`` where None.
        sources: ids of the sources that are wanted; all where there are none.
        licenses: licences of the sources that are wanted; all where there are none.
        spreadsheet_safe: whether no cell of a CSV file may pass for a formula.
        replace: whether the file may exist.
    """

    format: Format
    output: Path
    table: str | None = None
    sources: Sequence[str] = ()
    licenses: Sequence[str] = ()
    spreadsheet_safe: bool = False
    replace: bool = False


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written.

    Attributes:
        version, content_digest: of the release.
        format: of the file.
        output: the file.
        bytes, sha256: of it.
        rows: how many, by table; of plain text, lines under ``paragraphs``.
        sources: ids of the sources that are in it.
        licenses: their licences; null among them where one states none.
        whole: whether that is all sources.
    """

    version: str
    content_digest: str
    format: str
    output: Path
    bytes: int
    sha256: str
    rows: dict[str, int]
    sources: tuple[str, ...]
    licenses: tuple[str | None, ...]
    whole: bool


def export(release: Release, order: Order) -> Exported:
    """Write a release, or a part of it, as one file.

    The file appears under its name only when all of it is on disk.

    Args:
        release: opened.
        order: what to write.

    Raises:
        ConfigurationError: parts of the order contradict one another, or what writes the format
            is not installed.
        NotFoundError: the release has no such source, licence or table.
        RefusedError: the file exists, can't be written, or the release is damaged.
    """
    _check(order)
    whole = Whole(release)
    choice = Choice.of(whole, order.sources, order.licenses)
    tables: Tables = Part(whole, choice) if choice.is_part else whole
    draft = order.output.with_name(f"{DRAFT}{order.output.name}")
    try:
        draft.unlink(missing_ok=True)
        try:
            rows = _write(tables, order, draft)
            size, sha256 = draft.stat().st_size, sha256_of(draft)
            _put(draft, order)
        finally:
            with contextlib.suppress(OSError):
                draft.unlink(missing_ok=True)
    except OSError as error:
        raise RefusedError(
            f"{order.output}: can't be written: {error.strerror or error}."
        ) from None
    facts = release.provenance
    return Exported(
        *(release.version, facts.content_digest, order.format, order.output, size, sha256, rows),
        *(choice.sources, choice.licenses, not choice.is_part),
    )


def _check(order: Order) -> None:
    """Refuse orders that make no sense, before anything is read."""
    if order.format not in FORMATS:
        known = ", ".join(FORMATS)
        raise ConfigurationError(f"--format: expected one of {known}, got {order.format!r}")
    if order.table is not None:
        if order.format not in _OF_ONE_TABLE:
            what = "holds every table" if order.format != "txt" else "is the text of paragraphs"
            raise ConfigurationError(f"--table: not with {order.format}, which {what}")
        if order.table not in TABLES:
            known = ", ".join(TABLES)
            raise ConfigurationError(f"--table: expected one of {known}, got {order.table!r}")
    if order.spreadsheet_safe and order.format != "csv":
        raise ConfigurationError(f"--spreadsheet-safe: only with csv, not with {order.format}")
    _refuse_to_replace(order)


def _refuse_to_replace(order: Order) -> None:
    if order.output.is_dir():
        raise RefusedError(f"{order.output}: is a folder. Name a file.")
    if os.path.lexists(order.output) and not order.replace:
        raise RefusedError(f"{order.output}: exists. Choose another name, or say --force.")


def _write(tables: Tables, order: Order, draft: Path) -> dict[str, int]:
    """Write one form; only what writes it is imported."""
    if order.format in ("sqlite", "duckdb"):
        from onrecord.export import database  # noqa: PLC0415

        return getattr(database, order.format)(tables, draft)  # type: ignore[no-any-return]
    from onrecord.export import flat  # noqa: PLC0415

    name = order.table or "paragraphs"
    if name not in tables.names:
        raise NotFoundError(f"release {tables.release.version} has no table {name}.")
    if order.format == "csv":
        return {name: flat.csv(tables, name, draft, order.spreadsheet_safe)}
    with draft.open("wb") as file:
        if order.format == "jsonl":
            return {name: flat.jsonl(tables, name, file)}
        return {"paragraphs": flat.txt(tables, file)}


def _put(draft: Path, order: Order) -> None:
    """Flush a draft to disk and give it its name."""
    flush_folder(draft)  # files take the same call
    _refuse_to_replace(order)
    draft.replace(order.output)
    flush_folder(order.output.parent)
