"""The official JSON profile of a Data Package, version 2, with what it says of a descriptor.

The profile is in the package (``profiles/``), so that a check needs no network and says the same
every time.
"""

import json
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

_SHOWN = 160


@cache
def _validator() -> "Validator":
    from jsonschema import Draft7Validator  # noqa: PLC0415  (a tenth of a second)

    text = (files("onrecord.release") / "profiles" / "datapackage-2.0.json").read_text("utf-8")
    return Draft7Validator(json.loads(text))


def violations(descriptor: Any) -> list[tuple[str, str]]:
    """Where a descriptor breaks the profile: (path within it, what is wrong)."""
    found = []
    for error in _validator().iter_errors(descriptor):
        message = error.message
        if len(message) > _SHOWN:
            message = f"{message[:_SHOWN]}…"
        if error.validator in ("anyOf", "oneOf"):
            message = f"fits no form that the profile allows: {message}"
        found.append(("/".join(map(str, error.absolute_path)), message))
    return sorted(found)
