"""Check a Data Package, or one file by itself."""

import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from onrecord.tables.csvfile import CsvFile
from onrecord.tables.descriptor import Column, Resource, Schema
from onrecord.tables.groups import Target
from onrecord.tables.keys import KeyRows
from onrecord.tables.parquetfile import ParquetFile
from onrecord.tables.problems import Problem, TableError
from onrecord.tables.source import Source, as_utf8, encoding_of
from onrecord.tables.table import Checked, Table

#: So many problems of one table are reported unless told otherwise.
LIMIT = 1000


@dataclass(slots=True)
class Task:
    """What was found in one resource.

    Attributes:
        name: of the resource.
        place: its files.
        type: table or file.
        labels: of a table.
        problems: what is wrong.
        warnings: what was not checked, or guessed.
        stats: bytes, hashes, fields, rows, seconds.
    """

    name: str
    place: str
    type: str = "file"
    labels: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    stats: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Report:
    """What was found in a package.

    Attributes:
        tasks: one a resource.
        problems: what is wrong with the descriptor itself; then there are no tasks.
        seconds: how long it took.
    """

    tasks: list[Task] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def valid(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems and not any(task.problems for task in self.tasks)

    def descriptor(self) -> dict[str, Any]:
        """As frictionless reports it."""
        count = len(self.problems) + sum(len(task.problems) for task in self.tasks)
        return {
            "valid": self.valid,
            "stats": {
                "tasks": len(self.tasks),
                "errors": count,
                "warnings": sum(len(task.warnings) for task in self.tasks),
                "seconds": round(self.seconds, 3),
            },
            "warnings": [],
            "errors": [problem.report() for problem in self.problems],
            "tasks": [
                {
                    "name": task.name,
                    "type": task.type,
                    "valid": not task.problems,
                    "place": task.place,
                    "labels": task.labels,
                    "stats": {
                        "errors": len(task.problems),
                        "warnings": len(task.warnings),
                        **task.stats,
                    },
                    "warnings": task.warnings,
                    "errors": [problem.report() for problem in task.problems],
                }
                for task in self.tasks
            ],
        }


class Package:
    """The resources of a package, for checking.

    Args:
        resources: what the descriptor says of them.
        folder: where their paths start.
    """

    def __init__(self, resources: list[Resource], folder: Path) -> None:
        self._resources = {resource.name: resource for resource in resources}
        self._folder = folder
        self._targets: dict[tuple[Any, ...], KeyRows] = {}

    def check(self, limit: int = LIMIT) -> Report:
        """Check every resource.

        Args:
            limit: so many problems of one resource are enough.
        """
        began = time.perf_counter()
        with tempfile.TemporaryDirectory(prefix="onrecord-") as aside:
            self._aside = Path(aside)
            tasks = [self._check(resource, limit) for resource in self._resources.values()]
        return Report(tasks, [], time.perf_counter() - began)

    def _check(self, resource: Resource, limit: int) -> Task:
        began = time.perf_counter()
        task = Task(resource.name, ", ".join(resource.path) or "<memory>")
        try:
            self._check_resource(resource, task, limit)
        except TableError as error:
            task.problems.append(error.problem)
        task.stats["seconds"] = round(time.perf_counter() - began, 3)
        return task

    def _check_resource(self, resource: Resource, task: Task, limit: int) -> None:
        if resource.data is not None or not resource.path:
            raise TableError("resource-error", "data inside the descriptor are not checked")
        source = Source(resource, self._folder, resource.dialect.header is False)
        task.type = "table" if _is_table(resource, source.format) else "file"
        whole = True
        if task.type == "table":
            whole = self._check_table(resource, source, task, limit)
        if not whole:
            if resource.hash or resource.bytes:
                task.warnings.append("hash and size are not checked: reading ended early")
            return
        problems, remarks = source.sums()
        task.problems += problems
        task.warnings += remarks
        task.stats |= {"bytes": source.read, **source.digests}

    def _opened(
        self, resource: Resource, source: Source, warnings: list[str]
    ) -> tuple[Table, bool]:
        """A table, ready to be read, and whether it holds nothing at all."""
        schema = resource.table_schema
        if source.format == "parquet":
            file: CsvFile | ParquetFile = ParquetFile(source.paths)
        elif source.format in ("csv", "tsv"):
            encoding, remark = encoding_of(source.chunks(), resource.encoding)
            if remark:
                warnings.append(remark)
            delimiter = "\t" if source.format == "tsv" else None
            file = CsvFile(lambda: as_utf8(source.chunks(), encoding), resource.dialect, delimiter)
        else:
            note = f'format "{source.format}" is not supported: only csv, tsv and parquet are'
            raise TableError("format-error", note)
        if schema is None:
            warnings.append("no schema: only the shape of the rows is checked")
            names = file.labels or [""] * file.width
            columns = [
                Column(name=name or f"field{i}", type="any") for i, name in enumerate(names, 1)
            ]
            schema = Schema(fields=tuple(columns))
        return Table(file, schema, resource.dialect.header_case), file.empty

    def _check_table(self, resource: Resource, source: Source, task: Task, limit: int) -> bool:
        """Check a table; whether all of it was read."""
        table, empty = self._opened(resource, source, task.warnings)
        task.labels = table.header.labels
        targets = self._targets_of(resource, table)
        folder = Path(tempfile.mkdtemp(dir=self._aside))
        found: Checked = table.check(limit, folder, targets)
        if empty:
            found.problems.insert(0, Problem("source-error", "the source is empty"))
        task.problems += found.problems
        task.stats |= {"fields": len(table.schema.fields), "rows": found.rows}
        if len(found.problems) >= limit:
            task.warnings.append(f"reached error limit: {limit}")
        return found.whole

    def _targets_of(self, resource: Resource, table: Table) -> list[Target]:
        """What the foreign keys of a table lead to."""
        targets = []
        for foreign in table.schema.foreign_keys:
            if not table.has(foreign.fields):
                continue
            name = foreign.reference.resource
            other = table
            if name not in ("", resource.name):
                if name not in self._resources:
                    note = (
                        f'failed to handle a foreign key for resource "{resource.name}" as '
                        f'resource "{name}" does not exist'
                    )
                    raise TableError("resource-error", note)
                led = self._resources[name]
                source = Source(led, self._folder, led.dialect.header is False)
                other, _ = self._opened(led, source, [])
            pairs = list(zip(foreign.fields, foreign.reference.fields, strict=True))
            apart = [table.family(a) != other.family(b) for a, b in pairs]
            tags = [
                tuple(f"{t.family(n)}\0" if x else "" for n, x in zip(names, apart, strict=True))
                for t, names in ((table, foreign.fields), (other, foreign.reference.fields))
            ]
            known = (name or resource.name, foreign.reference.fields, tags[1])
            if known not in self._targets:
                self._targets[known] = other.keys(
                    foreign.reference.fields, tags[1], self._aside, f"target-{len(self._targets)}"
                )
            targets.append(Target(foreign, self._targets[known], tags[0]))
        return targets


def _is_table(resource: Resource, format: str) -> bool:
    """Whether a resource is a table by what the descriptor says, or by its format."""
    if resource.type is not None:
        return resource.type == "table"
    tabular = resource.profile == "tabular-data-resource" or resource.table_schema is not None
    return tabular or format in ("csv", "tsv", "parquet")
