"""The records of a release: that CSV and Parquet hold the same ones, those that are stated.

Both formats are read piece by piece, so memory does not grow with the release.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

import pyarrow as pa

from onrecord.parallel import cores, in_order
from onrecord.records.schema import TableSchema
from onrecord.records.validate import Problem as Broken
from onrecord.records.validate import misshapen, validate
from onrecord.release.catalog import Provenance
from onrecord.release.digest import TableDigest, release_digest
from onrecord.release.verify.files import Files, Progress
from onrecord.release.verify.indexes import check_indexes
from onrecord.release.verify.package import Package
from onrecord.release.verify.report import Problem
from onrecord.release.verify.rows import CsvRows, ParquetRows, Published, first_difference
from onrecord.release.verify.view import check_view
from onrecord.scratch import Rows


def _digest(rows: Published, table: TableSchema) -> tuple[str, int]:
    """The digest of a table, and how many rows it has.

    Raises:
        OSError, ValueError, pa.ArrowException: it can't be read, or is of another shape.
    """
    digest = TableDigest(table.name, [field.name for field in table.fields])
    count = 0
    for piece in rows.pieces():
        odd = misshapen(table, piece.schema)
        if odd:
            raise ValueError(odd.message)
        digest.update(piece)
        count += piece.num_rows
    return digest.hexdigest(), count


def _unlike(kinds: list[Published], table: TableSchema, expected: Rows) -> list[Problem]:
    """Where a table that was just written gives back other rows than were to be written.

    Comparing rows takes a fifth of the time of their digests.
    """
    problems = []
    for rows in kinds:
        try:
            place = first_difference(rows, expected)
        except (OSError, ValueError, pa.ArrowException) as error:
            message = " ".join(str(error).split())[:300]
            problems.append(Problem(rows.reading, "", "source-error", message))
            continue
        if place:
            message = f"these are not the rows of {table.name} that were to be written"
            problems.append(Problem(*rows.locate(place), "format-error", message))
    return problems


@dataclass(slots=True)
class _Read:
    """What reading one table gave.

    Attributes:
        digests: by format.
        rows: how many it has.
        problems: what is wrong with it.
        sound: its rows, where they can be read.
    """

    digests: dict[str, str] = field(default_factory=dict)
    rows: int = 0
    problems: list[Problem] = field(default_factory=list)
    sound: Published | None = None


def _read_table(kinds: list[Published], table: TableSchema, stated: str | None) -> _Read:
    """Read one table in each of its formats, and compare the digests."""
    result = _Read()
    for rows in kinds:
        try:
            digest, result.rows = _digest(rows, table)
        except (OSError, ValueError, pa.ArrowException) as error:
            message = " ".join(str(error).split())[:300]
            result.problems.append(Problem(rows.reading, "", "source-error", message))
            continue
        result.digests[rows.path] = digest
        result.sound = rows
        if stated is not None and digest != stated:
            message = f"its rows have the digest {digest}, provenance.json says {stated}"
            result.problems.append(Problem(rows.path, "", "digest-error", message))
    if len(set(result.digests.values())) > 1:
        one, other = kinds
        place = first_difference(one, other)
        message = f"differs from {other.path}"
        result.problems.append(Problem(*one.locate(place), "format-error", message))
    return result


def _as_problem(problem: Broken, rows: Published) -> Problem:
    """A broken rule of a record, as a place in a file."""
    place = ", ".join(
        part for part in (f"row {problem.row}" if problem.row else "", problem.field) if part
    )
    return Problem(*rows.locate(place), problem.code, problem.message)


def check_tables(
    files: Files,
    package: Package,
    facts: Provenance | None,
    usable: AbstractSet[str],
    values: bool,
    progress: Progress,
    expected: Mapping[str, Rows] | None = None,
) -> tuple[list[Problem], dict[str, int]]:
    """Check the rows of every table in both formats.

    Args:
        files: of the release.
        package: what the descriptors say.
        facts: what the release says of itself; None where it can't be read.
        usable: files that are worth reading.
        values: whether every value is checked by its schema, and every key.
        progress: see `Progress`.
        expected: the rows that were to be written, where this is known: those of the digests.

    Returns:
        The problems, and how many rows each table has that could be read.
    """

    def read(name: str) -> _Read:
        table = package.schemas[name]
        kinds: list[Published] = [
            kind(files, where[name], table.arrow)
            for kind, where in ((CsvRows, package.csv), (ParquetRows, package.parquet))
            if name in where and usable >= set(where[name])
        ]
        progress(name, 0)
        if expected is not None:
            wanted = expected[name]
            return _Read({}, wanted.num_rows, _unlike(kinds, table, wanted), kinds[0])
        return _read_table(kinds, table, facts.table_digests.get(name) if facts else None)

    names = list(package.schemas)
    tables = dict(zip(names, in_order(read, names, cores()), strict=True))
    problems = [problem for table in tables.values() for problem in table.problems]
    sound = {name: table.sound for name, table in tables.items() if table.sound}
    if facts and len(sound) == len(tables) and not problems:
        total = release_digest(facts.table_digests, names)
        if total != facts.content_digest:
            message = f"that of its tables is {total}, it says {facts.content_digest}"
            problems.append(Problem("provenance.json", "content_digest", "digest-error", message))
    if values:
        contract = {name: package.schemas[name] for name in sound}
        for broken in validate(sound, cores(), contract):
            problems.append(_as_problem(broken, sound[broken.table]))
    rows = {name: tables[name].rows for name in sound}
    if values and not problems:
        first = not (facts and (facts.model_extra or {}).get("previous"))
        parts = facts.parts if facts else {}
        problems += check_indexes(files, usable, sound, rows, parts, first, progress)
        problems += check_view(files, usable, sound, rows, parts, progress)
    return problems, rows
