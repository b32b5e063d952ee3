"""Read descriptors: a Data Package, or a schema for one file."""

import json
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from onrecord.errors import ConfigurationError
from onrecord.tables.column import check_field
from onrecord.tables.descriptor import Dialect, Resource, Schema
from onrecord.tables.package import Package, Report
from onrecord.tables.problems import Problem, TableError

_CSV = "csv"
M = TypeVar("M", Dialect, Resource, Schema)


def _json(path: Path) -> Any:
    """What a JSON file holds.

    Raises:
        TableError: it is none.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise TableError("resource-error", f"{path.name}: {error.strerror or error}") from None
    except ValueError as error:
        raise TableError("resource-error", f"{path.name}: is no JSON: {error}") from None


def _model(model: type[M], told: Any, type: str, name: str) -> M:
    """A part of a descriptor as a model.

    Raises:
        TableError: something in it is wrong.
    """
    try:
        return model.model_validate(told)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or type.removesuffix("-error")
        raise TableError(type, f"{name}: {place}: {first['msg']}") from None


def _referred(told: Any, folder: Path) -> Any:
    """A part of a descriptor that may stand in a file of its own."""
    if not isinstance(told, str):
        return told
    if "://" in told or Path(told).is_absolute() or ".." in Path(told).parts:
        raise TableError("resource-error", f'path "{told}" is not safe')
    return _json(folder / told)


def _schema(told: Any, name: str) -> Schema:
    """A schema that agrees with itself.

    Raises:
        TableError: it does not, or asks for something that we can't check.
    """
    schema = _model(Schema, told, "schema-error", name)
    names = [field.name for field in schema.fields]
    if len(set(names)) < len(names):
        raise TableError("schema-error", f"{name}: names of the fields are not unique")
    for what, key in (
        *[("primary key", schema.primary_key)],
        *[("unique key", key) for key in schema.unique_keys],
        *[("foreign key", foreign.fields) for foreign in schema.foreign_keys],
    ):
        if not set(key) <= set(names):
            note = f'{name}: {what} "{", ".join(key)}" does not match the fields'
            raise TableError("schema-error", note)
    for foreign in schema.foreign_keys:
        if len(foreign.fields) != len(foreign.reference.fields) or not foreign.fields:
            note = f'{name}: foreign key fields "{", ".join(foreign.fields)}" do not match the'
            raise TableError("schema-error", f"{note} reference fields")
    for field in schema.fields:
        check_field(field)
    return schema


def _resource(told: Any, folder: Path) -> Resource:
    """A resource with its schema and dialect.

    Raises:
        TableError: something in it is wrong.
    """
    if not isinstance(told, dict):
        raise TableError("resource-error", "a resource is an object")
    told = dict(told)
    name = str(told.get("name", ""))
    stats = told.pop("stats", None)
    if isinstance(stats, dict):
        told.setdefault("bytes", stats.get("bytes"))
        told.setdefault("hash", stats.get("sha256") and f"sha256:{stats['sha256']}")
        told["hash"] = told["hash"] or stats.get("md5") or stats.get("hash")
    dialect = _referred(told.pop("dialect", None) or {}, folder)
    if isinstance(dialect, dict) and isinstance(dialect.get(_CSV), dict):
        dialect = {**dialect, **dialect[_CSV]}
    schema = _referred(told.pop("schema", None), folder)
    resource = _model(Resource, told, "resource-error", name)
    parts = {
        "dialect": _model(Dialect, dialect, "dialect-error", name),
        "table_schema": _schema(schema, name) if schema else None,
    }
    return resource.model_copy(update=parts)


def check_package(path: Path, limit: int) -> Report:
    """Check the package that a descriptor describes.

    Args:
        path: its ``datapackage.json``.
        limit: so many problems of one resource are enough.

    Raises:
        ConfigurationError: there is no such file.
    """
    if not path.is_file():
        raise ConfigurationError(f"{path}: no such file")
    problems: list[Problem] = []
    resources: list[Resource] = []
    try:
        told = _json(path)
    except TableError as error:
        return Report(problems=[Problem("package-error", error.problem.note)])
    listed = told.get("resources") if isinstance(told, dict) else None
    if not isinstance(listed, list) or not listed:
        return Report(problems=[Problem("package-error", "it has no resources")])
    for item in listed:
        try:
            resources.append(_resource(item, path.parent))
        except TableError as error:
            problems.append(error.problem)
    names = [resource.name for resource in resources]
    for name in sorted({name for name in names if names.count(name) > 1}):
        problems.append(Problem("package-error", f'the name "{name}" stands more than once'))
    if problems:
        return Report(problems=problems)
    return Package(resources, path.parent).check(limit)


def check_file(path: Path, schema: Path | None, limit: int) -> Report:
    """Check one CSV or Parquet file by itself.

    Args:
        path: the file.
        schema: a Table Schema; without one only the shape of the rows is checked.
        limit: so many problems are enough.

    Raises:
        ConfigurationError: there is no such file.
    """
    for needed in filter(None, (path, schema)):
        if not needed.is_file():
            raise ConfigurationError(f"{needed}: no such file")
    try:
        described = _schema(_json(schema), path.stem) if schema else None
    except TableError as error:
        return Report(problems=[error.problem])
    resource = Resource(
        name=path.stem.lower() or "table", path=(path.name,), type="table", table_schema=described
    )
    return Package([resource], path.parent).check(limit)
