"""The page of settings: everything that people may write or choose, from the pydantic models."""

import types
import typing
from enum import Enum
from typing import Any

from pydantic import BaseModel

from onrecord.collect.config import Collect
from onrecord.ingest.sources import Fields, Source
from onrecord.release.dataset import Contributor, Dataset
from onrecord.settings import INDIFFERENT, LIMITS, Settings

_INTRO = """# Settings

Everything that can be chosen. This page is written from the code by `make reference`.
"""
_MODELS: tuple[tuple[str, str, type[BaseModel]], ...] = (
    ("dataset.yml", "What the dataset is; it lies beside the folder of sources.", Dataset),
    ("dataset.yml: contributors", "A list; each entry has these keys.", Contributor),
    ("source.yml", "What a source is; it lies in the source's folder.", Source),
    ("source.yml: fields", "Names of fields in JSON Lines and CSV.", Fields),
    ("source.yml: collect", "What `onrecord collect` fetches.", Collect),
)
_ENVIRONMENT = """## Environment

| variable | meaning |
| --- | --- |
| `ONRECORD_SIGNING_KEY` | The SSH key with which `release` and `withdraw` sign. |
| `SOURCE_DATE_EPOCH` | Seconds since 1970 that count as the time of the release, so that the same build gives the same bytes. |
| `NO_COLOR` | No colours, also on terminals. |
| `NUMBA_CACHE_DIR` | Where the compiled engine is kept. |
| `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`, `AWS_REGION`, `AWS_ENDPOINT_URL`, `AWS_ALLOW_HTTP`, `AWS_SKIP_SIGNATURE` | Access to S3: see [Credentials](releases.md#credentials). |
| `PREFECT_API_URL` | The Prefect server of the flows. |
"""  # noqa: E501  (rows of a table are long)


def _kind(annotation: Any) -> str:
    """A type in words."""
    origin = typing.get_origin(annotation)
    inner = typing.get_args(annotation)
    if origin is typing.Annotated:
        return _kind(inner[0])
    if origin in (typing.Union, types.UnionType):
        return " or ".join(dict.fromkeys(_kind(one) for one in inner if one is not type(None)))
    if origin is typing.Literal:
        return " or ".join(f"`{one}`" for one in inner)
    if origin in (list, tuple):
        return f"list of {_kind(inner[0])}"
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return " or ".join(f"`{one.value}`" for one in annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "keys of its own"
    names = {str: "text", int: "whole number", float: "number", bool: "true or false"}
    return names.get(annotation, getattr(annotation, "__name__", str(annotation)))


def _default(field: Any) -> str:
    """The default of a field, in words."""
    if field is Source.model_fields["id"]:
        return "the folder's name"
    if field.is_required():
        return "required"
    if field.default_factory is not None:
        return "depends on the machine"
    value = field.default
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None or value == () or isinstance(value, BaseModel):
        return ""
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, (list, tuple)):
        return ", ".join(f"`{one}`" for one in value)
    return f"`{value:,}`" if isinstance(value, int) and value >= 10_000 else f"`{value}`"


def _table(model: type[BaseModel]) -> list[str]:
    lines = ["| key | type | meaning | default |", "| --- | --- | --- | --- |"]
    for name, field in model.model_fields.items():
        words = " ".join((field.description or "").split()).replace("|", "\\|")
        lines.append(f"| `{name}` | {_kind(field.annotation)} | {words} | {_default(field)} |")
    return [*lines, ""]


def _settings() -> list[str]:
    """What a run may be told."""
    lines = [
        "## Settings of a release",
        "",
        "`onrecord release` takes those that have an option; the flow takes all of them as",
        "`settings`. All but "
        + " and ".join(f"`{name}`" for name in sorted(INDIFFERENT))
        + " stand in `provenance.json`.",
        "",
    ]
    by_limit = ", ".join(f"`{name}`" for name in LIMITS)
    return [*lines, *_table(Settings), f"With `--limit NAME=NUMBER`: {by_limit}.", ""]


def settings_page() -> str:
    """``docs/settings.md``."""
    lines = [_INTRO]
    for title, words, model in _MODELS:
        lines += [f"## `{title}`", "", words, "", *_table(model)]
    return "\n".join([*lines, *_settings(), _ENVIRONMENT]).rstrip() + "\n"
