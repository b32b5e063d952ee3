"""Packages that Onrecord did not make, in odd dialects and formats; and the command."""

import gzip
import hashlib
import json
import shutil
import warnings
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from frictionless import Package
from typer.testing import CliRunner

from onrecord.commands import app
from onrecord.tables import csvfile, keys
from onrecord.tables.load import check_package
from tests.tables.test_differential import both, errors

DATA = Path(__file__).parents[1] / "data" / "packages"
PACKAGES = sorted(path.name for path in DATA.iterdir() if path.is_dir())
V2 = "https://datapackage.org/profiles/2.0/datapackage.json"


def package(folder: Path, *resources: dict[str, Any]) -> Path:
    path = folder / "datapackage.json"
    path.write_text(json.dumps({"$schema": V2, "name": "p", "resources": list(resources)}))
    return path


def table(folder: Path, text: str | bytes, fields: list[dict[str, Any]], **more: Any) -> Path:
    """A package with one table."""
    raw = text.encode() if isinstance(text, str) else text
    schema = {"fields": fields, **more.pop("schema", {})}
    name = more.pop("path", "t.csv")
    (folder / name).write_bytes(raw)
    return package(folder, {"name": "t", "type": "table", "path": name, "schema": schema, **more})


def found(path: Path, limit: int = 1000) -> list[tuple[int, int, str]]:
    """(row, field, type) of every error, in the order of the report."""
    report = check_package(path, limit).descriptor()
    everything = [*report["errors"], *(e for task in report["tasks"] for e in task["errors"])]
    return [(e.get("rowNumber", 0), e.get("fieldNumber", 0), e["type"]) for e in everything]


def test_there_are_packages() -> None:
    assert len(PACKAGES) >= 5


@pytest.mark.parametrize("name", PACKAGES)
def test_a_package_gets_the_verdict_of_frictionless(name: str) -> None:
    ours, theirs = both(DATA / name / "datapackage.json")
    assert ours == theirs
    assert bool(ours) == name.startswith("broken-")


def test_the_report_has_the_shape_of_frictionless() -> None:
    name = next(name for name in PACKAGES if name.startswith("broken-"))
    path = DATA / name / "datapackage.json"
    ours = check_package(path, 1000).descriptor()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = Package(str(path)).validate().to_descriptor()
    assert set(ours) == set(theirs)
    assert set(ours["stats"]) == set(theirs["stats"])
    for mine, other in zip(ours["tasks"], theirs["tasks"], strict=True):
        assert set(mine) == set(other)
        assert set(other["stats"]) - {"md5"} <= set(mine["stats"])
        assert {k: mine[k] for k in ("name", "type", "valid", "place", "labels")} == {
            k: other[k] for k in ("name", "type", "valid", "place", "labels")
        }
        said = {(e.get("rowNumber"), e.get("fieldNumber"), e["type"]): e for e in mine["errors"]}
        for error in other["errors"]:
            own = said[error.get("rowNumber"), error.get("fieldNumber"), error["type"]]
            assert {k: own[k] for k in error if k != "description"} == {
                k: v for k, v in error.items() if k != "description"
            }


def test_pieces_and_spilled_keys_change_no_verdict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = ["id,of,text"]
    for i in range(400):
        text = ["plain", '"two\nlines"', 'a "stray"', '"half"x', '""', "é"][i * i % 6]
        text = '"open' if i in (300, 390) else text
        lines.append(f"{i % 397},{i % 399},{text}" + (",more" if i == 77 else ""))
    fields = [
        {"name": n, "type": t}
        for n, t in (("id", "integer"), ("of", "integer"), ("text", "string"))
    ]
    schema = {
        "primaryKey": "id",
        "foreignKeys": [{"fields": "of", "reference": {"resource": "", "fields": "id"}}],
    }
    dialect = {"delimiter": ",", "header": True, "skipInitialSpace": False}
    path = table(tmp_path, "\n".join(lines), fields, schema=schema, dialect=dialect)
    whole, theirs = both(path)
    assert whole == theirs
    assert {type for *_, type in whole} >= {"primary-key", "foreign-key", "extra-cell"}
    for size in (1, 64, 1000):
        monkeypatch.setattr(csvfile, "PIECE", size)
        monkeypatch.setattr("onrecord.tables.source.CHUNK", max(7, size // 2))
        monkeypatch.setattr(keys, "MEMORY", size)
        assert errors(check_package(path, 1000).descriptor()) == whole


def test_a_limit_gives_the_first_errors(tmp_path: Path) -> None:
    path = table(tmp_path, "a\n" + "x\n" * 50 + "1\n", [{"name": "a", "type": "integer"}])
    assert found(path, 3) == [(row, 1, "type-error") for row in (2, 3, 4)]
    task = check_package(path, 3).descriptor()["tasks"][0]
    assert "reached error limit: 3" in task["warnings"]
    assert len(found(path)) == 50


def test_unique_keys_are_checked(tmp_path: Path) -> None:
    fields = [{"name": name, "type": "string"} for name in "ab"]
    path = table(
        tmp_path, "a,b\nx,1\nx,2\nx,1\n,1\n,1\n", fields, schema={"uniqueKeys": [["a", "b"]]}
    )
    assert found(path) == [(4, 0, "unique-key")]


@pytest.mark.parametrize(
    ("pattern", "good", "bad"),
    [
        ("x|y", "y", "xz"),
        ("[a-z]+", "ab", "ab1"),
        (r"\p{L}+", "é", "1"),
        ("(a)\\1", "aa", "ab"),
    ],
)
def test_a_pattern_must_match_the_whole_cell(
    tmp_path: Path, pattern: str, good: str, bad: str
) -> None:
    field = {"name": "a", "type": "string", "constraints": {"pattern": pattern}}
    path = table(tmp_path, f'a\n{good}\n{bad}\n"{good}\n"\n', [field])
    assert found(path) == [(3, 1, "constraint-error"), (4, 1, "constraint-error")]


@pytest.mark.parametrize(
    ("field", "why"),
    [
        ({"name": "a", "type": "colour"}, "colour"),
        ({"name": "a", "type": "string", "format": "wkt"}, "wkt"),
        ({"name": "a", "type": "string", "constraints": {"minimum": 1}}, "minimum"),
        ({"name": "a", "type": "object", "constraints": {"jsonSchema": {}}}, "jsonSchema"),
        ({"name": "a", "type": "integer", "constraints": {"minimum": "x"}}, "minimum"),
        ({"name": "a", "type": "string", "constraints": {"pattern": "("}}, "pattern"),
    ],
)
def test_what_can_not_be_checked_is_said(tmp_path: Path, field: dict[str, Any], why: str) -> None:
    report = check_package(table(tmp_path, "a\n1\n", [field]), 10)
    problems = [*report.problems, *(p for task in report.tasks for p in task.problems)]
    assert [p.type for p in problems] == ["field-error"]
    assert why in problems[0].message


@pytest.mark.parametrize("path", ["../t.csv", "/t.csv", "http://127.0.0.1/t.csv"])
def test_nothing_outside_the_package_is_read(tmp_path: Path, path: str) -> None:
    (problem,) = check_package(package(tmp_path, {"name": "t", "path": path}), 10).tasks[0].problems
    assert problem.type in ("resource-error", "scheme-error")


def test_a_gzipped_table_is_checked_by_its_packed_bytes(tmp_path: Path) -> None:
    raw = gzip.compress(b"a\n1\nx\n", mtime=0)
    more = {"hash": f"sha256:{hashlib.sha256(raw).hexdigest()}", "bytes": len(raw)}
    path = table(tmp_path, raw, [{"name": "a", "type": "integer"}], path="t.csv.gz", **more)
    assert found(path) == [(3, 1, "type-error")]
    (tmp_path / "t.csv.gz").write_bytes(raw[:-6])
    assert found(path)[-1][2] == "compression-error"


def test_a_parquet_table_is_checked_with_its_own_types(tmp_path: Path) -> None:
    columns = {
        "id": pa.array([1, 2, 2, None], pa.int32()),
        "share": pa.array([0.5, 1.5, float("nan"), 1.0]),
        "word": pa.array(["ab", "", None, "abc"]),
        "day": pa.array([None, None, None, None], pa.date32()),
        "size": pa.array(["1", "x", "3", "4"]),
    }
    pq.write_table(pa.table(columns), tmp_path / "t.parquet", row_group_size=2)
    fields = [
        {"name": "id", "type": "integer"},
        {"name": "share", "type": "number", "constraints": {"maximum": 1}},
        {"name": "word", "type": "string", "constraints": {"required": True, "maxLength": 2}},
        {"name": "day", "type": "date"},
        {"name": "size", "type": "integer"},
    ]
    schema = {"fields": fields, "primaryKey": "id"}
    path = package(tmp_path, {"name": "t", "path": "t.parquet", "type": "table", "schema": schema})
    assert sorted(found(path)) == [
        (3, 2, "constraint-error"),
        (3, 3, "constraint-error"),
        (3, 5, "type-error"),
        (4, 0, "primary-key"),
        (4, 2, "constraint-error"),
        (4, 3, "constraint-error"),
        (5, 0, "primary-key"),
        (5, 3, "constraint-error"),
    ]


def invoke(*args: object) -> Any:
    return CliRunner().invoke(app, ["check", *map(str, args)])


def test_the_command_says_what_is_wrong_and_how_it_ends(tmp_path: Path) -> None:
    sound = next(name for name in PACKAGES if not name.startswith("broken-"))
    assert invoke(DATA / sound / "datapackage.json").exit_code == 0
    path = table(tmp_path, "a\n1\n\x1b[31m\n", [{"name": "a", "type": "integer"}])
    result = invoke(path)
    assert result.exit_code == 1
    assert "type-error" in result.output
    assert "\x1b" not in result.output
    report = json.loads(invoke(path, "--json").stdout)
    assert report["valid"] is False
    assert report["tasks"][0]["errors"][0]["rowNumber"] == 3
    assert invoke(tmp_path / "none.json").exit_code != 0
    shutil.copy(path, tmp_path / "broken.json")
    (tmp_path / "broken.json").write_text("{")
    assert invoke(tmp_path / "broken.json").exit_code == 1


def test_the_command_checks_one_file(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b\n1,2\n3\n")
    (tmp_path / "s.json").write_text('{"fields": [{"name": "a", "type": "date"}, {"name": "b"}]}')
    shape = json.loads(invoke(tmp_path / "t.csv", "--json").stdout)["tasks"][0]
    assert [e["type"] for e in shape["errors"]] == ["missing-cell"]
    assert any("no schema" in warning for warning in shape["warnings"])
    report = json.loads(
        invoke(tmp_path / "t.csv", "--schema", tmp_path / "s.json", "--json").stdout
    )
    assert [e["type"] for e in report["tasks"][0]["errors"]] == [
        "type-error",
        "type-error",
        "missing-cell",
    ]


def test_a_release_is_a_valid_package(seed_release: Path) -> None:
    report = check_package(seed_release / "datapackage.json", 10)
    assert report.valid
    assert sum(task.type == "table" for task in report.tasks) == 10
    assert check_package(seed_release / "parquet" / "datapackage.json", 10).valid
