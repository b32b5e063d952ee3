"""Tables in several files: whoever reads a release gets the same rows from it."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.csv as pv
import pyarrow.parquet as pq
import pytest
from frictionless import Package
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from onrecord.job import release
from onrecord.records.schema import TABLES, schema
from onrecord.release.diff import RECORDS, Pair
from onrecord.release.layout import INDEXES, index_path, part_path, part_paths, table_path
from onrecord.release.place import Release, open_release
from onrecord.release.restore import restore
from onrecord.release.sums import sha256_of
from onrecord.release.verify import Depth, Folder, verify
from onrecord.release.why import Asker, as_dict
from onrecord.release.write import PartWriter, csv_writer, parquet_writer
from onrecord.scratch import Rows
from onrecord.settings import Settings
from tests.release.conftest import Ran

MakeSource = Callable[..., Path]
Command = Callable[..., Ran]
#: So few rows a file that most tables have several.
FEW = 5
PARTS = (
    "Residents said that the water supply was cut on the first day of the operation.",
    "The clinic had run out of medicine before the road was opened again on Friday.",
    "Aid groups asked for access to the valley, where 300 families were waiting for shelter.",
)
SECRET = (
    "The witness Zarifeh told the court that her brother had been held in the barracks at "
    "Qalat for eleven weeks before anybody was told where he was."
)


def _texts() -> dict[str, bytes]:
    """Documents with every relation, and a lone CR, quotes and a stray byte in them."""
    files = {
        "line.txt": f"{' '.join(PARTS)} {PARTS[0]}\n",
        "parts.txt": "\n\n".join(PARTS) + "\n",
        "variant.txt": PARTS[2].replace("300", "500") + "\n\nNA\n\n" + SECRET + "\n",
        "near.txt": PARTS[1].replace("opened", "open") + ' (photo: "Anwar" Haddad)\n',
        "cr.txt": 'A "quoted" word,\ra lone return and a comma in it.\n\nNA\n',
    }
    for i in range(7):
        files[f"same-{i}.txt"] = f"{SECRET}\n\nNumber {i} of the minutes of the council of towns.\n"
    return {name: text.encode() for name, text in files.items()} | {"x.txt": b"Stray \xff byte.\n"}


def sources(root: Path, make_source: MakeSource) -> Path:
    """The sources, and a key for the ids of what is withheld; gives the folder of one source."""
    folder = make_source(root / "seeds", "news", _texts())
    make_source(root / "seeds", "closed", {"a.txt": PARTS[0].encode()}, publication="metadata")
    (folder / "bad.txt").write_bytes(bytes(200))
    (root / "data" / "archive").mkdir(parents=True)
    (root / "data" / "archive" / "key").write_bytes(bytes(range(32)))  # for the same ids
    return folder


def _publish(root: Path, make_source: MakeSource, part_rows: int) -> Path:
    """A data folder with releases 1.0.0 and 1.1.0."""
    folder = sources(root, make_source)
    told = Settings(part_rows=part_rows, allow=("news", "closed"))
    release(root / "seeds", root / "data", told)
    (folder / "same-0.txt").unlink()
    (folder / "line.txt").write_text(f"{PARTS[0]} {PARTS[1]}\n")
    (folder / "new.txt").write_text(f"{PARTS[1]}\n\nOne more line about the bridges of a town.\n")
    release(root / "seeds", root / "data", told)
    return root / "data"


@pytest.fixture(scope="module")
def epoch() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOURCE_DATE_EPOCH", "1700000000")
        yield


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, make_source: MakeSource, epoch: None) -> Path:
    """The data folder with every table in one file."""
    return _publish(tmp_path_factory.mktemp("whole"), make_source, 5_000_000)


@pytest.fixture(scope="module")
def parted(tmp_path_factory: pytest.TempPathFactory, make_source: MakeSource, epoch: None) -> Path:
    """The same in files of few rows."""
    return _publish(tmp_path_factory.mktemp("parted"), make_source, FEW)


def opened(data: Path, version: str | None = None) -> Release:
    return open_release(str(data), version)


def frame(release: Release, name: str, form: str = "parquet") -> pl.DataFrame:
    """A table, file by file."""
    path = index_path(name) if name in INDEXES else table_path(name, form)
    paths = [release.root / part for part in part_paths(path, release.provenance.parts)]
    if form == "csv":
        types = pv.ConvertOptions(
            column_types=schema(name).arrow,
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            null_values=[""],
        )
        options = pv.ParseOptions(newlines_in_values=True)
        pieces = [pv.read_csv(p, parse_options=options, convert_options=types) for p in paths]
        found = pl.from_arrow(pa.concat_tables(pieces))
        assert isinstance(found, pl.DataFrame)
        return found
    return pl.concat(pl.read_parquet(path) for path in paths)


def test_long_tables_have_parts_and_short_ones_stay_as_they_are(whole: Path, parted: Path) -> None:
    for version in ("1.0.0", "1.1.0"):
        one, other = opened(whole, version), opened(parted, version)
        assert one.provenance.content_digest == other.provenance.content_digest
        assert one.provenance.parts == {}
        facts = other.provenance
        settings_of = [(r.provenance.model_extra or {})["settings"] for r in (one, other)]
        assert [stated.pop("part_rows") for stated in settings_of] == [5_000_000, FEW]
        assert settings_of[0] == settings_of[1]
        for name in (*TABLES, *INDEXES):
            rows = frame(one, name)
            assert_frame_equal(frame(other, name), rows)
            n = facts.parts.get(name, 1)
            assert n == max(1, -(-rows.height // FEW))
            if n == 1:
                path = index_path(name) if name in INDEXES else table_path(name)
                assert (one.root / path).read_bytes() == (other.root / path).read_bytes()
            if name in TABLES:
                assert_frame_equal(frame(other, name, "csv"), rows)
    assert {"occurrences", "paragraphs", "documents", "changes"} <= set(facts.parts)
    assert "sources" not in facts.parts
    assert "occurrences-by-paragraph" in facts.parts


def test_every_part_is_complete_in_itself(parted: Path) -> None:
    release = opened(parted)
    for name in TABLES:
        paths = part_paths(table_path(name, "csv"), release.provenance.parts)
        assert paths == sorted(paths)
        header = ",".join(f'"{field.name}"' for field in schema(name).fields)
        for path in paths:
            with (release.root / path).open(encoding="utf-8", newline="\n") as file:
                assert file.readline() == header + "\n"


def test_the_same_input_gives_the_same_bytes(
    parted: Path, tmp_path: Path, make_source: MakeSource, epoch: None
) -> None:
    again = _publish(tmp_path, make_source, FEW)
    for version in ("1.0.0", "1.1.0"):
        assert opened(again, version).sums() == opened(parted, version).sums()


@pytest.mark.parametrize("file", ["datapackage.json", "parquet/datapackage.json"])
def test_frictionless_and_check_find_every_row(parted: Path, file: str, onrecord: Command) -> None:
    release = opened(parted)
    rows = {name: frame(release, name).height for name in TABLES}
    report = Package(str(release.root / file)).validate()
    assert report.valid, report.to_summary()
    tables = {task.name: task for task in report.tasks if task.type == "table"}
    assert {name: task.stats.get("rows") or 0 for name, task in tables.items()} == rows
    checked = onrecord("check", release.root / file, "--json")
    assert checked.code == 0, checked.stdout
    tasks = json.loads(checked.stdout)["tasks"]
    assert {t["name"]: t["stats"]["rows"] for t in tasks if t["type"] == "table"} == rows


@pytest.mark.parametrize(("page", "arguments"), [("releases", ["csv"]), ("architecture", [])])
def test_the_scripts_of_the_docs_compute_the_digest(
    parted: Path, page: str, arguments: list[str], tmp_path: Path
) -> None:
    text = (Path(__file__).parents[2] / "docs" / f"{page}.md").read_text("utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    (code,) = [block for block in blocks if "onrecord-release/1" in block]
    (tmp_path / "digest.py").write_text(code, encoding="utf-8")
    release = opened(parted)
    done = subprocess.run(
        [sys.executable, tmp_path / "digest.py", release.root, *arguments],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split()[0] == release.provenance.content_digest


def test_each_part_is_listed_with_its_hash_and_the_table_without(parted: Path) -> None:
    release = opened(parted)
    resources = json.loads(release.read("datapackage.json"))["resources"]
    listed = {one["path"]: one for one in resources if isinstance(one["path"], str)}
    sums = {file.name: file.sha256 for file in release.files()}
    for name in release.provenance.parts:
        forms = ["csv", "parquet"] if name in TABLES else ["parquet"]
        for form in forms:
            path = index_path(name) if name in INDEXES else table_path(name, form)
            for part in part_paths(path, release.provenance.parts):
                one = listed[part]
                assert one["format"] == "binary"
                assert one["hash"] == f"sha256:{sums[part]}"
                assert one["bytes"] == (release.root / part).stat().st_size
    tables = {one["name"]: one for one in resources if one.get("type") == "table"}
    several = {name for name, one in tables.items() if isinstance(one["path"], list)}
    assert several == set(release.provenance.parts) & set(TABLES)
    assert not any({"hash", "bytes"} & tables[name].keys() for name in several)


def test_the_snippets_of_the_readme_read_all_paragraphs(
    parted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = opened(parted)
    rows = frame(release, "paragraphs")
    monkeypatch.chdir(release.root)
    readme = release.read("README.md").decode()
    blocks = re.findall(r"```(python|sql)\n(.*?)```", readme, re.DOTALL)
    found: list[Any] = []
    for language, code in blocks:
        if language == "sql":
            found.append(duckdb.sql(code).pl().sort("text", "n_documents"))
        else:
            names: dict[str, Any] = {}
            exec(code, names)
            found.append(names["paragraphs"])
    polars, pandas, of_duckdb = found
    assert_frame_equal(polars, rows, check_dtypes=False)
    assert pandas["paragraph_id"].tolist() == rows["paragraph_id"].to_list()
    assert pandas["text"].where(pandas["text"].notna(), None).tolist() == rows["text"].to_list()
    assert "NA" in pandas["text"].tolist()
    assert_frame_equal(
        of_duckdb,
        rows.select("text", "n_documents").sort("text", "n_documents"),
        check_dtypes=False,
    )
    folder = str(release.root / "parquet" / "occurrences")
    assert len(pd.read_parquet(folder)) == frame(release, "occurrences").height
    listed = sorted(map(str, Path(folder).glob("*.parquet")))
    (count,) = duckdb.sql(f"SELECT count(*) FROM read_parquet({listed})").fetchall()
    assert count == (frame(release, "occurrences").height,)


def test_the_examples_of_the_docs_read_all_parts(
    parted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (Path(__file__).parents[2] / "docs" / "scale.md").read_text("utf-8")
    section = text.partition("## Tables in parts\n")[2].partition("\n## ")[0]
    (tmp_path / "data").symlink_to(parted)
    rows = frame(opened(parted, "1.0.0"), "occurrences")
    names: dict[str, Any] = {}
    monkeypatch.chdir(tmp_path)
    for code in re.findall(r"```python\n(.*?)```", section, re.DOTALL):
        exec(code, names)
    assert names["occurrences"]["document_id"].tolist() == rows["document_id"].to_list()
    assert names["scanned"]["document_id"].to_list() == rows["document_id"].to_list()
    assert names["loaded"]["document_id"].tolist() == rows["document_id"].to_list()
    assert names["table"]["document_id"].to_pylist() == rows["document_id"].to_list()
    monkeypatch.chdir(tmp_path / "data" / "releases" / "1.0.0")
    (query,) = re.findall(r"```sql\n(.*?)```", section, re.DOTALL)
    counted = rows["relation"].value_counts().sort("relation")
    assert duckdb.sql(query).order("relation").fetchall() == list(counted.iter_rows())


@pytest.mark.parametrize("part_rows", [1, 3, 64])
def test_no_limit_changes_a_record(
    whole: Path, part_rows: int, tmp_path: Path, make_source: MakeSource, epoch: None
) -> None:
    told = Settings(part_rows=part_rows, page=False)
    sources(tmp_path, make_source)
    root = release(tmp_path / "seeds", tmp_path / "data", told).path
    assert not verify(Folder(root), depth=Depth.WRITTEN).problems
    digest = opened(whole, "1.0.0").provenance.content_digest
    assert open_release(str(root)).provenance.content_digest == digest


def test_one_record_is_found_as_in_one_file(whole: Path, parted: Path) -> None:
    one, other = opened(whole), opened(parted)
    asked = [Asker(release, 100) for release in (one, other)]
    blocks = frame(one, "occurrences").select("document_id", "position").iter_rows()
    names = [f"{document}/{position}" for document, position in blocks]
    names += frame(one, "documents")["document_id"].to_list()
    names += frame(one, "paragraphs")["paragraph_id"].to_list()
    retired = frame(one, "retired")["record_id"].to_list()
    assert retired
    for name in names + retired:
        answers = [as_dict(asker.answer(name)) for asker in asked]
        assert answers[0] == answers[1]
    found = [as_dict(asked[1].answer(name)) for name in names]
    assert {"exact", "contained"} <= {r for answer in found for r in answer["counts"]}


def test_every_document_is_restored(whole: Path, parted: Path) -> None:
    release, folder = opened(parted), parted.parent / "seeds"
    for row in frame(release, "documents").iter_rows(named=True):
        raw = restore(release, row["document_id"], parted / "archive")
        shown = row["source_id"] == "news"
        assert raw == (folder / (f"news/{row['path']}" if shown else "closed/a.txt")).read_bytes()


def test_differences_are_those_of_one_file(whole: Path, parted: Path, onrecord: Command) -> None:
    said = [onrecord("diff", "1.0.0", "1.1.0", "--data", d, "--json") for d in (whole, parted)]
    assert said[0].stdout == said[1].stdout
    for old, new in (("1.0.0", "1.1.0"), ("1.1.0", "1.0.0")):  # stated, and compared
        one, other = (Pair(opened(d, old), opened(d, new)) for d in (whole, parted))
        assert other.counts() == one.counts()
        assert any(count.change == "retired" for count in one.counts())
        for name in RECORDS:
            assert other.records(name) == one.records(name)


@pytest.mark.parametrize("form", ["csv", "jsonl", "txt", "duckdb", "sqlite"])
def test_exports_are_those_of_one_file(
    whole: Path, parted: Path, form: str, tmp_path: Path, onrecord: Command
) -> None:
    rows = []
    for data in (whole, parted):
        file = tmp_path / f"{data.parent.name}.{form}"
        told = ("--format", form, "--output", file, "--source", "news", "--json")
        done = onrecord("export", "--data", data, *told)
        assert done.code == 0, done.message
        rows.append(
            (json.loads(done.stdout)["rows"], form in ("duckdb", "sqlite") or file.read_bytes())
        )
    assert rows[0] == rows[1]


def test_get_brings_all_parts_of_what_is_asked_for(
    parted: Path, tmp_path: Path, onrecord: Command
) -> None:
    told = ("--from", parted, "--to", tmp_path / "got", "--tables", "paragraphs,sources")
    assert onrecord("get", *told, "--format", "csv").code == 0
    facts = opened(parted).provenance
    wanted = {
        path
        for name in ("paragraphs", "sources")
        for path in part_paths(table_path(name, "csv"), facts.parts)
    }
    here = {p.relative_to(tmp_path / "got/1.1.0").as_posix() for p in tmp_path.rglob("*.csv")}
    assert here == wanted
    assert onrecord("verify", tmp_path / "got").code == 0
    assert onrecord("get", "--from", parted, "--to", tmp_path / "got").code == 0
    assert not verify(Folder(tmp_path / "got" / "1.1.0")).problems


def _problems(root: Path, depth: Depth = Depth.FULL) -> set[tuple[str, str]]:
    return {(found.file, found.code) for found in verify(Folder(root), depth=depth).problems}


@pytest.fixture
def copied(parted: Path, tmp_path: Path) -> Path:
    shutil.copytree(opened(parted).root, tmp_path / "1.1.0")
    return tmp_path / "1.1.0"


def test_what_was_published_is_intact(parted: Path, onrecord: Command) -> None:
    done = onrecord("verify", parted, "--all", "--json")
    assert done.code == 0, done.stdout


def test_verify_names_the_parts_that_are_damaged_or_missing(copied: Path) -> None:
    parts = [part_path(table_path("occurrences", form), 2) for form in ("csv", "parquet")]
    for part in parts:
        raw = (copied / part).read_bytes()
        (copied / part).write_bytes(raw[:-9] + bytes([raw[-9] ^ 1]) + raw[-8:])
    assert _problems(copied) >= {(part, "checksum-error") for part in parts}
    for part in parts:
        (copied / part).unlink()
    assert _problems(copied, Depth.SUMS) == {(part, "missing-file") for part in parts}


def _with_new_sums(root: Path) -> None:
    """Make the sums of a forged release those of its files."""
    files = sorted(p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file())
    names = [name for name in files if name != "SHA256SUMS"]
    lines = [f"{sha256_of(root / name)}  {name}\n" for name in names]
    (root / "SHA256SUMS").write_text("".join(lines))


def test_a_forged_cell_is_found_in_its_part_and_row(copied: Path) -> None:
    part = part_path(table_path("paragraphs", "csv"), 2)
    text = (copied / part).read_text()
    row = text.splitlines().index(next(line for line in text.splitlines() if "minutes" in line))
    (copied / part).write_text(text.replace("minutes", "moments", 1))
    _with_new_sums(copied)
    found = {(p.file, p.place, p.code) for p in verify(Folder(copied)).problems}
    assert (part, f"row {row}, text", "format-error") in found
    assert ("csv/paragraphs", "", "digest-error") in found


def test_a_part_without_its_header_is_found(copied: Path) -> None:
    part = part_path(table_path("documents", "csv"), 2)
    (copied / part).write_text((copied / part).read_text().partition("\n")[2])
    _with_new_sums(copied)
    assert (part, "source-error") in _problems(copied)


@pytest.mark.parametrize("change", ["fewer", "more", "other", "unlisted", "hashed", "unknown"])
def test_descriptors_must_name_the_parts_that_are_there(copied: Path, change: str) -> None:
    file = copied / (
        "provenance.json" if change in ("fewer", "more", "unknown") else "datapackage.json"
    )
    content = json.loads(file.read_text())
    if change in ("fewer", "more"):
        content["parts"]["documents"] += 1 if change == "more" else -1
    elif change == "unknown":
        content["parts"]["nothing"] = 2
    else:
        table = next(one for one in content["resources"] if one["name"] == "documents")
        if change == "other":
            table["path"] = table["path"][:-1]
        elif change == "hashed":
            table["hash"] = f"sha256:{'0' * 64}"
        else:
            parts = [r for r in content["resources"] if r["name"] != "documents-csv-00002"]
            content["resources"] = parts
    file.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n")
    _with_new_sums(copied)
    assert "package-error" in {code for _, code in _problems(copied)}


def test_a_reader_says_which_part_is_missing(copied: Path, onrecord: Command) -> None:
    name = frame(open_release(str(copied)), "documents")["document_id"][-1]
    n = open_release(str(copied)).provenance.parts["documents"]
    part = part_path(table_path("documents"), n)
    (copied / part).unlink()
    done = onrecord("restore", name, "--data", copied)
    assert done.code == 1
    assert part in done.message


def test_a_table_crosses_the_limit_and_comes_back(tmp_path: Path, make_source: MakeSource) -> None:
    told = Settings(part_rows=4, cap_retired=1.0, page=False)
    lines = [f"Line {i} of the minutes, on {i * 37} bridges and {i * i} roads.\n" for i in range(6)]
    folder = make_source(tmp_path / "seeds", "news", {"a.txt": "\n".join(lines[:4]).encode()})
    counts = []
    for n in (4, 6, 3):
        (folder / "a.txt").write_text("\n".join(lines[:n]))
        root = release(tmp_path / "seeds", tmp_path / "data", told).path
        facts = open_release(str(root)).provenance
        counts.append(facts.parts.get("paragraphs"))
        assert not verify(Folder(root)).problems
        assert frame(open_release(str(root)), "paragraphs").height == n
    assert counts == [None, 2, None]
    latest = opened(tmp_path / "data")
    assert frame(latest, "retired").height == 3
    changes = frame(latest, "changes").filter(pl.col("resource") == "paragraphs")
    assert changes["change"].to_list() == ["retired"] * 3
    # Other cuts of the same records are no new release.
    same = release(
        tmp_path / "seeds", tmp_path / "data", Settings(part_rows=1, cap_retired=1.0, page=False)
    )
    assert not same.published


def test_a_withdrawn_text_leaves_every_part(
    parted: Path, tmp_path: Path, onrecord: Command
) -> None:
    shutil.copytree(parted.parent, tmp_path / "copy")
    data = tmp_path / "copy" / "data"
    rows = frame(opened(data), "paragraphs")
    name = rows.filter(pl.col("text") == SECRET)["paragraph_id"][0]
    done = onrecord("withdraw", name, "--category", "privacy", "--data", data, "--yes")
    assert done.code == 0, done.message
    latest = opened(data)
    assert latest.version == "1.1.0+w1"
    assert latest.provenance.parts["occurrences"] > 2
    assert onrecord("verify", data, "--all").code == 0
    for path in (data / "releases").rglob("*"):
        assert not path.is_file() or b"Zarifeh" not in path.read_bytes()
    for table in latest.provenance.table_digests:
        assert "Zarifeh" not in frame(latest, table).write_json()
    told = Settings(part_rows=FEW, allow=("news", "closed"))
    release(tmp_path / "copy" / "seeds", data, told)
    assert "Zarifeh" not in frame(opened(data), "occurrences").write_json()


def test_a_release_in_parts_is_published_to_s3_and_built_upon(
    s3: str, tmp_path: Path, make_source: MakeSource, onrecord: Command
) -> None:
    folder = make_source(tmp_path / "seeds", "news", _texts())
    told = ("--data", s3, "--part-rows", FEW, "--work", tmp_path / "work")
    first = onrecord("release", tmp_path / "seeds", *told)
    assert first.code == 0, first.message
    (folder / "new.txt").write_text("One more line about the bridges of a town.\n")
    second = onrecord("release", tmp_path / "seeds", *told)
    assert second.code == 0, second.message
    done = onrecord("verify", s3, "--all")
    assert done.code == 0, done.stdout
    there = open_release(s3)
    assert there.version == "1.1.0"
    rows = there.rows(table_path("paragraphs"))
    name = rows.read(["paragraph_id"])["paragraph_id"][-1].as_py()
    assert onrecord("why", name, "--data", s3).code == 0
    assert onrecord("get", "--from", s3, "--to", tmp_path / "got").code == 0
    assert rows.num_rows == frame(open_release(str(tmp_path / "got")), "paragraphs").height


@pytest.fixture(scope="module")
def cells() -> pa.Table:
    """Rows with what CSV readers fall over."""
    words = ['a "b"', "line\nfeed", "lone\rreturn", "NA", "é", None, ",", "'", "\\", " x "]
    rows = range(97)
    return pa.table(
        {
            "key": pa.array([f"k{i:04}" for i in rows], pa.large_string()),
            "text": pa.array([words[i % len(words)] for i in rows], pa.large_string()),
            "n": pa.array([i * 7 for i in rows], pa.int64()),
        }
    )


@settings(max_examples=40)
@given(
    part_rows=st.integers(1, 120),
    group=st.integers(1, 120),
    n_rows=st.integers(0, 97),
    pieces=st.lists(st.integers(1, 40), max_size=6),
)
def test_whatever_the_parts_the_rows_are_the_same(
    cells: pa.Table,
    tmp_path_factory: pytest.TempPathFactory,
    part_rows: int,
    group: int,
    n_rows: int,
    pieces: list[int],
) -> None:
    folder = tmp_path_factory.mktemp("cut")
    (folder / "csv").mkdir()
    table = cells.slice(0, n_rows)
    rows = Rows(table.schema)
    at = 0
    for size in [*pieces, n_rows]:
        rows.append(table.slice(at, size))
        at += size
    with (
        PartWriter(partial(csv_writer, table.schema), folder / "csv/t.csv", part_rows) as as_csv,
        PartWriter(partial(parquet_writer, table.schema), folder / "t.parquet", part_rows) as other,
    ):
        for some in rows.groups(min(group, part_rows), part_rows):
            as_csv.write(some)
            other.write(some)
    assert as_csv.parts == other.parts == max(1, -(-n_rows // part_rows))
    parts = {"t": other.parts} if other.parts > 1 else {}
    paths = [folder / path for path in part_paths("t.parquet", parts)]
    assert Rows.parquet(*paths).table().equals(table.combine_chunks())
    texts = [folder / path for path in part_paths("csv/t.csv", parts)]
    options = pv.ConvertOptions(
        column_types=table.schema, strings_can_be_null=True, quoted_strings_can_be_null=False
    )
    options.null_values = [""]
    quoted = pv.ParseOptions(newlines_in_values=True)
    read = [pv.read_csv(path, parse_options=quoted, convert_options=options) for path in texts]
    assert pa.concat_tables(read).combine_chunks().equals(table.combine_chunks())
    sizes = [pq.read_metadata(path).num_rows for path in paths]
    assert all(size == part_rows for size in sizes[:-1])
