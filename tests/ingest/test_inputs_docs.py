"""docs/inputs.md names everything that there is: formats, keys, limits and reasons."""

import re
from pathlib import Path

import yaml

from onrecord.ingest.encodings import Choice
from onrecord.ingest.quarantine import ADVICE, Reason
from onrecord.ingest.readers.protocol import Given, Text
from onrecord.ingest.readers.registry import known_formats
from onrecord.ingest.sources import Fields, Source
from onrecord.records.schema import schema
from onrecord.settings import LIMITS, Settings

DOCS = (Path(__file__).resolve().parents[2] / "docs" / "inputs.md").read_text("utf-8")


def first_cells(heading: str) -> set[str]:
    """What stands in backticks in the first column of the table below a heading."""
    section = DOCS.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return set(re.findall(r"^\| `([^`]+)` \|", section, re.MULTILINE))


def test_every_reason_has_a_row_and_advice() -> None:
    assert first_cells("Reasons") == {reason.value for reason in Reason}
    assert set(ADVICE) == set(Reason)


def test_every_limit_stands_there_with_its_default() -> None:
    rows = dict(re.findall(r"^\| `(?:--)?([a-z_-]+)` \| ([0-9,]+) \|", DOCS, re.MULTILINE))
    stated = {name: float(value.replace(",", "")) for name, value in rows.items()}
    settings = Settings()
    expected = {name: float(getattr(settings, name)) for name in LIMITS}
    expected |= {"max-file-mb": settings.max_file_bytes / 1024**2, "split-above": 10_000}
    assert stated == expected


def test_every_key_and_format_stands_there() -> None:
    assert first_cells("`source.yml`") == set(Source.model_fields)
    assert first_cells("Formats") == set(known_formats())
    keys = DOCS.split("Keys of `fields`:", 1)[1].split("\n", 1)[0]
    assert all(f"`{key}`" in keys for key in Fields.model_fields)


def test_every_way_to_choose_an_encoding_stands_there() -> None:
    (field,) = [f for f in schema("documents").fields if f.name == "encoding_by"]
    assert field.constraints.enum is not None
    section = DOCS.split("## Encodings", 1)[1].split("\n## ", 1)[0]
    assert all(f"`{way}`" in section for way in field.constraints.enum)
    assert Choice("utf-8", "valid").by in field.constraints.enum


def test_the_examples_of_source_yml_are_valid() -> None:
    examples = re.findall(r"```yaml\n(.*?)```", DOCS, re.DOTALL)
    assert len(examples) >= 3
    for example in examples:
        Source.model_validate({"id": "example", **yaml.safe_load(example)})


def test_the_example_of_a_reader_reads() -> None:
    (example,) = re.findall(r"```python\n(.*?)```", DOCS, re.DOTALL)
    space: dict[str, object] = {}
    exec(example, space)
    reader = space["READER"]
    assert reader.recognises("a.shout", b"")  # type: ignore[attr-defined]
    given = Given("a.shout", b"QUIET")
    assert list(reader.read(given)) == [Text("quiet")]  # type: ignore[attr-defined]
