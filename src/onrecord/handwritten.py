"""YAML files that people write: read strictly, with messages that name the file and the key."""

import reprlib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import yaml
from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression
from pydantic import BaseModel, StringConstraints, ValidationError

from onrecord.errors import ConfigurationError

#: Words that somebody must say.
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


def spdx(value: str | None, otherwise: str) -> str | None:
    """A licence in SPDX's own spelling; None where none is stated.

    Args:
        value: as it is written.
        otherwise: what to write where there is no such id, for the message.

    Raises:
        ValueError: it is no SPDX licence expression.
    """
    if value is None:
        return None
    try:
        return str(canonicalize_license_expression(value))
    except InvalidLicenseExpression:
        raise ValueError(
            f"expected an SPDX id such as CC-BY-4.0 or CC0-1.0, or {otherwise}"
        ) from None


class _StrictLoader(yaml.SafeLoader):
    """SafeLoader that refuses a key written twice instead of silently taking the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[object, object]:
        seen = set()
        for key_node, _ in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(
                    problem="a key must be a word", problem_mark=key_node.start_mark
                )
            if key_node.value in seen:
                raise yaml.constructor.ConstructorError(
                    problem=f"key `{key_node.value}` stands twice",
                    problem_mark=key_node.start_mark,
                )
            seen.add(key_node.value)
        return dict(super().construct_mapping(node, deep))


def read_mapping(path: Path, missing: str) -> dict[Any, Any]:
    """Read a YAML file of keys and values.

    Args:
        path: the file.
        missing: what to say where it is not there.

    Returns:
        What it says, as plain values.

    Raises:
        ConfigurationError: it is missing, can't be read, or is no such YAML.
    """
    if path.exists() and not path.is_file():
        raise ConfigurationError(f"{path}: can't be read: not a file")
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigurationError(f"{path}: missing. {missing}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: can't be read: {error}") from None
    try:
        # A subclass of SafeLoader: it builds plain values only.
        content = yaml.load(text, Loader=_StrictLoader)  # noqa: S506
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{path}: not valid YAML: {error}") from None
    except RecursionError:
        raise ConfigurationError(f"{path}: not valid YAML: nested too deep") from None
    if not isinstance(content, dict):
        raise ConfigurationError(f"{path}: expected keys and values, like `title: …`")
    return content


def problems(
    path: Path,
    error: ValidationError,
    model: type[BaseModel],
    within: Mapping[str, type[BaseModel]],
) -> str:
    """All problems of one file, one a line, each naming the file and the key.

    Args:
        path: the file.
        error: what pydantic found.
        model: what the file should be.
        within: keys that have keys of their own, and which.
    """
    lines = []
    for problem in error.errors():
        key = ".".join(str(part) for part in problem["loc"])
        top, *inner = problem["loc"]
        fields = within.get(str(top), model).model_fields if inner else model.model_fields
        if problem["type"] == "extra_forbidden":
            lines.append(f"{path}: unknown key `{key}` (known keys: {', '.join(fields)})")
        elif problem["type"] == "missing":
            description = fields[str(problem["loc"][-1])].description
            lines.append(f"{path}: key `{key}` is missing: {description}")
        else:
            lines.append(
                f"{path}: key `{key}`: {problem['msg']} (got {reprlib.repr(problem['input'])})"
            )
    return "\n".join(lines)
