"""The records of a release: that CSV and Parquet hold the same ones, those that are stated.

Both formats are read piece by piece, so memory does not grow with the release.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import IO

import polars as pl
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from onrecord.parallel import cores, in_order
from onrecord.records.schema import TableSchema
from onrecord.records.validate import Problem as Broken
from onrecord.records.validate import misshapen, validate
from onrecord.release.catalog import Provenance
from onrecord.release.digest import TableDigest, release_digest
from onrecord.release.verify.files import Files, Progress
from onrecord.release.verify.package import Package
from onrecord.release.verify.report import Problem
from onrecord.scratch import Rows

#: Blocks of CSV, in bytes: a row must fit into one. The next is tried where it does not.
_BLOCKS = (4 << 20, 64 << 20, 1 << 30)
_STEP = 2_000


def csv_pieces(file: IO[bytes], table: TableSchema, block: int) -> Iterator[pa.Table]:
    """The rows of a CSV file, piece by piece.

    Raises:
        pa.ArrowInvalid: it is damaged, or a row is longer than a block.
    """
    reader = pyarrow.csv.open_csv(
        file,
        pyarrow.csv.ReadOptions(block_size=block, use_threads=False),
        pyarrow.csv.ParseOptions(newlines_in_values=True),
        pyarrow.csv.ConvertOptions(
            column_types=table.arrow,
            null_values=[""],
            true_values=["true"],
            false_values=["false"],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )
    for batch in reader:
        yield pa.Table.from_batches([batch])


class _Published(Rows):
    """Rows of a published file, read anew each time."""

    def __init__(self, files: Files, path: str, table: TableSchema) -> None:
        super().__init__(table.arrow)
        self._files = files
        self._table = table
        self.path = path

    def pieces(self) -> Iterator[pa.Table]:
        """The rows, piece by piece."""
        return self._read(None)

    def columns(self, *names: str) -> pl.DataFrame:
        """Some of the columns, in memory."""
        pieces = [piece.select(names) for piece in self._read(list(names))]
        pieces = pieces or [self._table.arrow.empty_table().select(names)]
        frame = pl.from_arrow(pa.concat_tables(pieces))
        assert isinstance(frame, pl.DataFrame)
        return frame

    def _read(self, columns: list[str] | None) -> Iterator[pa.Table]:
        raise NotImplementedError


class CsvRows(_Published):
    """Rows of a CSV file."""

    def _read(self, columns: list[str] | None) -> Iterator[pa.Table]:
        done = 0
        for block in _BLOCKS:
            again = 0
            try:
                with self._files.open(self.path) as file:
                    for piece in csv_pieces(file, self._table, block):
                        fresh = piece.slice(max(0, done - again))
                        again += piece.num_rows
                        done = max(done, again)
                        if fresh.num_rows:
                            yield fresh
                return
            except pa.ArrowInvalid as error:
                if "straddling" not in str(error) or block == _BLOCKS[-1]:
                    raise


class ParquetRows(_Published):
    """Rows of a Parquet file, one row group a piece, with their page checksums verified."""

    def _read(self, columns: list[str] | None) -> Iterator[pa.Table]:
        with (
            self._files.open(self.path) as file,
            pq.ParquetFile(file, page_checksum_verification=True) as parquet,
        ):
            for i in range(parquet.num_row_groups):
                yield parquet.read_row_group(i, columns=columns).replace_schema_metadata()


def _digest(rows: _Published, table: TableSchema) -> tuple[str, int]:
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


def first_difference(one: Rows, other: Rows) -> str:
    """Where two tables part: the first row, counted from 1, and the columns."""
    before = 0
    for left, right in zip_longest(one.groups(_STEP), other.groups(_STEP)):
        if left is None or right is None:
            return f"row {before + 1}"
        if left.equals(right):
            before += left.num_rows
            continue
        for i in range(max(left.num_rows, right.num_rows)):
            mine, theirs = (table.slice(i, 1).to_pylist() for table in (left, right))
            if mine != theirs:
                cells = zip(mine, theirs, strict=False)  # nothing where one has no such row
                names = [name for a, b in cells for name in a if a[name] != b[name]]
                return ", ".join([f"row {before + i + 1}", *names])
        before += left.num_rows
    return ""


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
    sound: Rows | None = None


def _read_table(kinds: list[_Published], table: TableSchema, stated: str | None) -> _Read:
    """Read one table in each of its formats, and compare the digests."""
    result = _Read()
    for rows in kinds:
        try:
            digest, result.rows = _digest(rows, table)
        except (OSError, ValueError, pa.ArrowException) as error:
            message = " ".join(str(error).split())[:300]
            result.problems.append(Problem(rows.path, "", "source-error", message))
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
        result.problems.append(Problem(one.path, place, "format-error", message))
    return result


def _as_problem(problem: Broken, path: str) -> Problem:
    """A broken rule of a record, as a place in a file."""
    place = ", ".join(
        part for part in (f"row {problem.row}" if problem.row else "", problem.field) if part
    )
    return Problem(path, place, problem.code, problem.message)


def check_tables(
    files: Files,
    package: Package,
    facts: Provenance | None,
    usable: Collection[str],
    values: bool,
    progress: Progress,
) -> tuple[list[Problem], dict[str, int]]:
    """Check the rows of every table in both formats.

    Args:
        files: of the release.
        package: what the descriptors say.
        facts: what the release says of itself; None where it can't be read.
        usable: files that are worth reading.
        values: whether every value is checked by its schema, and every key.
        progress: see `Progress`.

    Returns:
        The problems, and how many rows each table has that could be read.
    """

    def read(name: str) -> _Read:
        table = package.schemas[name]
        kinds: list[_Published] = [
            kind(files, where[name], table)
            for kind, where in ((CsvRows, package.csv), (ParquetRows, package.parquet))
            if where.get(name) in usable
        ]
        progress(name, 0)
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
            where = sound[broken.table]
            assert isinstance(where, _Published)
            problems.append(_as_problem(broken, where.path))
    return problems, {name: tables[name].rows for name in sound}
