"""What the deployments are, and that each parameter has a form that explains itself."""

import importlib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
DEPLOYED = {
    entry["name"]: entry
    for entry in yaml.safe_load((ROOT / "prefect.yaml").read_text(encoding="utf-8"))["deployments"]
}


def _flow(entrypoint: str) -> Any:
    module, _, name = entrypoint.rpartition(".")
    return getattr(importlib.import_module(module), name)


def test_there_is_a_daily_release_an_hourly_collection_and_a_weekly_verification() -> None:
    crons = {name: entry["schedules"][0]["cron"].split() for name, entry in DEPLOYED.items()}
    assert {name: _flow(entry["entrypoint"]).name for name, entry in DEPLOYED.items()} == {
        "daily": "release",
        "hourly": "collect",
        "weekly": "verify",
    }
    assert crons["daily"][2:] == ["*", "*", "*"] and crons["daily"][1].isdigit()
    assert crons["hourly"][1:] == ["*"] * 4
    assert crons["weekly"][2:4] == ["*", "*"] and crons["weekly"][4].isdigit()


@pytest.mark.parametrize("name", sorted(DEPLOYED))
def test_every_parameter_has_a_title_a_type_and_a_description(name: str) -> None:
    form = _flow(DEPLOYED[name]["entrypoint"]).parameters.model_dump_for_openapi()
    assert set(DEPLOYED[name]["parameters"]) <= form["properties"].keys()
    fields = dict(form["properties"])
    for model in form.get("definitions", {}).values():
        fields |= model["properties"]
    for key, field in fields.items():
        assert field["title"], key
        assert field["description"][-1] == ".", key
        assert {"type", "anyOf", "$ref"} & field.keys(), key


def test_limits_of_parameters_are_part_of_the_form() -> None:
    form = _flow("flows.release.release").parameters.model_dump_for_openapi()
    assert form["properties"]["timeout"]["exclusiveMinimum"] == 0
    settings = form["definitions"]["Settings"]["properties"]
    assert settings["cap_merged"]["maximum"] == 1
    assert settings["split_above"]["minimum"] == 200
