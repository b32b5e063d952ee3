"""What describes a release: the two descriptors, provenance, README, change log, figures.

They must say the same of each other and of the files, whatever a checksum says: whoever changes
a file can change its checksum too.
"""

import json
import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression
from pydantic import ValidationError

from onrecord.records.schema import TableSchema
from onrecord.release.catalog import Provenance
from onrecord.release.layout import INDEXES, index_path, part_paths, table_path
from onrecord.release.profile import violations
from onrecord.release.verify.files import Files, read
from onrecord.release.verify.report import Problem

_ROOT, _PARQUET = "datapackage.json", "parquet/datapackage.json"
_FORMS = "csv", "parquet"
_WANTED = ("name", "title", "description", "version", "created", "sources", "resources")


@dataclass(slots=True)
class Package:
    """What the descriptors of a release say of its tables.

    Attributes:
        schemas: of each table, in the order of the descriptor.
        csv: the files of each table as CSV.
        parquet: the files of each table as Parquet.
        problems: what is wrong with the descriptors.
    """

    schemas: dict[str, TableSchema] = field(default_factory=dict)
    csv: dict[str, list[str]] = field(default_factory=dict)
    parquet: dict[str, list[str]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def add(self, file: str, place: str, code: str, message: str) -> None:
        """Note a problem."""
        self.problems.append(Problem(file, place, code, message))


def _read_json(files: Files, name: str, found: list[Problem]) -> Any:
    """A JSON file; None, with a problem noted, where it is none."""
    raw = read(files, name)
    if raw is None:
        return None  # that it is missing was said before
    try:
        return json.loads(raw)
    except ValueError as error:
        found.append(Problem(name, "", "source-error", f"no JSON: {error}"))
        return None


def read_provenance(files: Files) -> tuple[Provenance | None, list[Problem]]:
    """What a release says of itself."""
    raw = read(files, "provenance.json")
    if raw is None:
        return None, []
    try:
        return Provenance.model_validate_json(raw), []
    except ValidationError as error:
        first = error.errors()[0]
        place = "/".join(map(str, first["loc"]))
        return None, [Problem("provenance.json", place, "source-error", first["msg"])]


def _check_metadata(
    file: str, descriptor: dict[str, Any], facts: Provenance | None, to: Package
) -> None:
    """That a descriptor has what people need, and agrees with the provenance."""
    for name in _WANTED:
        if not descriptor.get(name):
            to.add(file, name, "package-error", "a release must state it")
    for i, licence in enumerate(descriptor.get("licenses", [])):
        try:
            canonicalize_license_expression(licence.get("name", ""))
        except InvalidLicenseExpression:
            place = f"licenses/{i}/name"
            to.add(file, place, "package-error", f"{licence.get('name')!r} is no SPDX licence")
    if facts:
        for name, stated in (("version", facts.version), ("created", facts.created)):
            if descriptor.get(name) != stated:
                message = f"{descriptor.get(name)!r}, but provenance.json says {stated!r}"
                to.add(file, name, "package-error", message)


def _check_resource(
    file: str, i: int, paths: list[str], resource: dict[str, Any], sums: dict[str, str], to: Package
) -> None:
    """That a resource is a file of the release, with the sum that is stated, or several."""
    path = next((path for path in paths if path not in sums), paths[0])
    if path not in sums:
        to.add(file, f"resources/{i}/path", "package-error", f"SHA256SUMS does not list {path}")
    elif len(paths) > 1:
        for name in {"hash", "bytes"} & resource.keys():
            message = "no program can check it of a table in several files"
            to.add(file, f"resources/{i}/{name}", "package-error", message)
    elif file == _ROOT and resource.get("hash") != f"sha256:{sums[path]}":
        message = f"{resource.get('hash')!r}, but SHA256SUMS says {sums[path]}"
        to.add(file, f"resources/{i}/hash", "package-error", message)


def _paths(file: str, resource: dict[str, Any], parts: Mapping[str, int]) -> list[str] | None:
    """The files of a resource; None where it does not name those that readers look for."""
    stated, name = resource.get("path"), str(resource.get("name"))
    if resource.get("type") != "table" or name not in parts:
        return (
            [posixpath.join(posixpath.dirname(file), stated)] if isinstance(stated, str) else None
        )
    form = "parquet" if file == _PARQUET else "csv"
    expected = part_paths(table_path(name, form), parts)
    return expected if stated == (name if file == _PARQUET else expected) else None


def _check_parts(resources: list[dict[str, Any]], parts: Mapping[str, int], to: Package) -> None:
    """That each part of a table or index file is listed by itself, with its sum."""
    listed = {one["path"] for one in resources if isinstance(one.get("path"), str)}
    for name in parts:
        known = [index_path(name)] if name in INDEXES else [table_path(name, f) for f in _FORMS]
        for path in (part for one in known for part in part_paths(one, parts)):
            if path not in listed:
                to.add(_ROOT, "resources", "package-error", f"{path} is not listed by itself")


def _take_table(file: str, i: int, paths: list[str], resource: dict[str, Any], to: Package) -> None:
    """Take in a table of a descriptor."""
    place = f"resources/{i}/schema"
    try:
        table = TableSchema.model_validate(resource.get("schema"))
    except ValidationError as error:
        first = error.errors()[0]
        inner = "/".join(map(str, first["loc"]))
        to.add(file, f"{place}/{inner}", "schema-error", first["msg"])
        return
    name = str(resource.get("name"))
    if table.name != name:
        to.add(file, place, "schema-error", f"it is called {table.name!r}, its table {name!r}")
        return
    if to.schemas.setdefault(name, table) != table:
        to.add(file, place, "schema-error", f"differs from that of {name} in {_ROOT}")
        return
    (to.parquet if file == _PARQUET else to.csv)[name] = paths


def read_package(files: Files, sums: dict[str, str], facts: Provenance | None) -> Package:
    """Read and check the two descriptors.

    Args:
        files: of the release.
        sums: sha256 by path, as ``SHA256SUMS`` says.
        facts: what the release says of itself, None where it can't be read.
    """
    package = Package()
    parts = facts.parts if facts else {}
    for file in (_ROOT, _PARQUET):
        descriptor = _read_json(files, file, package.problems)
        if descriptor is None:
            continue
        broken = violations(descriptor)
        for place, message in broken:
            package.add(file, place, "profile-error", message)
        if broken:
            continue  # what follows relies on the form
        _check_metadata(file, descriptor, facts, package)
        names = [resource["name"] for resource in descriptor["resources"]]
        for name in sorted({name for name in names if names.count(name) > 1}):
            package.add(file, "resources", "package-error", f"{name} stands twice")
        for i, resource in enumerate(descriptor["resources"]):
            paths = _paths(file, resource, parts)
            if paths is None:
                message = "expected one path, or the parts that provenance.json states"
                package.add(file, f"resources/{i}/path", "package-error", message)
                continue
            _check_resource(file, i, paths, resource, sums, package)
            if resource.get("type") == "table":
                _take_table(file, i, paths, resource, package)
        if file == _ROOT:
            _check_parts(descriptor["resources"], parts, package)
    if package.csv.keys() != package.parquet.keys() and not package.problems:
        odd = ", ".join(sorted(package.csv.keys() ^ package.parquet.keys()))
        package.add(_PARQUET, "resources", "package-error", f"only in one format: {odd}")
    if facts and not package.problems and list(facts.table_digests) != list(package.schemas):
        message = f"it has digests of other tables than {_ROOT}"
        package.add("provenance.json", "table_digests", "digest-error", message)
    return package


def check_sizes(files: Files, sizes: dict[str, int]) -> list[Problem]:
    """Compare the sizes that the descriptor states with those of the files, in bytes."""
    problems: list[Problem] = []
    descriptor = _read_json(files, _ROOT, []) or {}
    for i, resource in enumerate(descriptor.get("resources", [])):
        stated, actual = resource.get("bytes"), sizes.get(str(resource.get("path")))
        if actual is not None and stated != actual:
            message = f"{stated} bytes, but {resource['path']} has {actual}"
            problems.append(Problem(_ROOT, f"resources/{i}/bytes", "package-error", message))
    return problems


def figures(files: Files) -> dict[str, Any]:
    """What ``quality.json`` says; nothing where it can't be read."""
    found = _read_json(files, "quality.json", [])
    return found if isinstance(found, dict) else {}


def check_pages(files: Files, facts: Provenance, rows: dict[str, int]) -> list[Problem]:
    """Check what people read first: README, change log, figures.

    Args:
        files: of the release.
        facts: what it says of itself.
        rows: how many rows each table has that was read.
    """
    problems: list[Problem] = []
    if facts.content_digest not in (read(files, "README.md") or b"").decode("utf-8", "replace"):
        message = "does not name the content digest in provenance.json"
        problems.append(Problem("README.md", "", "digest-error", message))
    log = (read(files, "CHANGELOG.md") or b"").decode("utf-8", "replace")
    if not any(line.startswith(f"## {facts.version}") for line in log.splitlines()):
        message = f"says nothing of {facts.version}"
        problems.append(Problem("CHANGELOG.md", "", "package-error", message))
    _read_json(files, "quality.json", problems)
    stated = figures(files)
    for name in ("documents", "paragraphs"):
        if stated and name in rows and stated.get(name) != rows[name]:
            message = f"{stated.get(name)}, but the table has {rows[name]} rows"
            problems.append(Problem("quality.json", name, "package-error", message))
    return problems
