"""Nothing that people can type, set or meet is undocumented, and no generated page is stale."""

import re
from pathlib import Path

import pytest
import typer
import yaml
from typer.core import TyperGroup

from onrecord.collect.config import Collect
from onrecord.commands import app
from onrecord.ingest.quarantine import Reason
from onrecord.ingest.sources import Fields, Source
from onrecord.records.schema import TABLES, schema
from onrecord.reference import PAGES
from onrecord.release.dataset import Contributor, Dataset
from onrecord.settings import Settings
from tests.docs.pages import DOCS, ROOT

GROUP = typer.main.get_command(app)
assert isinstance(GROUP, TyperGroup)


#: Names of tables; and reasons of quarantine, which are explained with what to do.
UNEXPLAINED = {("changes", "resource"), ("quarantine", "reason")}


def read(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", PAGES)
def test_generated_pages_are_up_to_date(name: str) -> None:
    assert PAGES[name]() == read(name), "run `make reference`"


def test_every_command_and_option_is_documented_and_exists() -> None:
    page = read("commands.md")
    sections = dict(re.findall(r"^### onrecord (\w+)\n(.*?)(?=^##|\Z)", page, re.M | re.S))
    assert set(sections) == set(GROUP.commands)
    for name, command in GROUP.commands.items():
        options = {o for p in command.params for o in p.opts if o.startswith("--")} - {"--help"}
        assert set(re.findall(r"`(--[a-z-]+)", sections[name])) >= options, name


def test_every_setting_and_key_is_documented() -> None:
    page = read("settings.md")
    for model in (Settings, Source, Fields, Collect, Dataset, Contributor):
        for name, field in model.model_fields.items():
            assert f"| `{name}` |" in page
            assert field.description, f"{model.__name__}.{name} has no description"


def test_every_column_and_code_is_documented() -> None:
    dictionary, codes = read("data-dictionary.md"), read("reason-codes.md")
    for name in TABLES:
        assert f"## {name}" in dictionary
        for field in schema(name).fields:
            assert f"| `{field.name}` |" in dictionary
            for value in field.constraints.enum or ():
                assert f"`{value}`" in codes
                listed = (name, field.name) in UNEXPLAINED
                assert listed or f"`{value}`" in field.description, (name, field.name)
    for reason in Reason:
        assert f"| `{reason.value}` |" in codes
        assert f"`{reason.value}`" in read("inputs.md")


def test_every_page_stands_in_the_navigation() -> None:
    site = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))

    def pages(entry: object) -> list[str]:
        if isinstance(entry, dict):
            return [page for value in entry.values() for page in pages(value)]
        return (
            [page for one in entry for page in pages(one)]
            if isinstance(entry, list)
            else [str(entry)]
        )

    assert sorted(pages(site["nav"])) == sorted(p.name for p in DOCS.glob("*.md"))


def commands_named(path: Path) -> set[str]:
    """First words after `onrecord` in code blocks and code spans of a page."""
    text = path.read_text(encoding="utf-8")
    found = re.findall(r"(?:^|`)onrecord ([a-z]+)\b", text, re.MULTILINE)
    return set(found)


def test_no_page_names_a_command_that_does_not_exist() -> None:
    pages = [*DOCS.glob("*.md"), ROOT / "README.md", ROOT / "data" / "README.md"]
    assert sum(len(commands_named(page)) for page in pages) > 20
    for page in pages:
        assert commands_named(page) <= set(GROUP.commands), page
