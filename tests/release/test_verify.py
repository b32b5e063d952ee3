"""``onrecord verify`` finds what is wrong with a release, and says where."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from onrecord.commands import app
from onrecord.errors import RefusedError
from onrecord.job import release
from onrecord.records.schema import TABLES, schema
from onrecord.release import compare, publish
from onrecord.release.catalog import as_json
from onrecord.release.digest import release_digest, table_digest
from onrecord.release.layout import DESCRIPTIONS
from onrecord.release.verify import Depth, Folder, find, rows, verify
from onrecord.release.write import csv_writer, parquet_writer
from onrecord.settings import Settings
from onrecord.tables import csvfile

MakeSource = Callable[..., Path]
Change = Callable[[Path], None]


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory, make_source: MakeSource) -> Path:
    """A data folder with two small releases. Not to be written to."""
    folder = tmp_path_factory.mktemp("two")
    first = {"a.txt": b"The harbour is open again since Monday.\n\nNobody was hurt.\n"}
    source = make_source(folder / "seeds", "news", first, license="CC0-1.0")
    release(folder / "seeds", folder / "data", Settings())
    (source / "b.txt").write_bytes(b"A second article came in, about the weather.\n")
    release(folder / "seeds", folder / "data", Settings())
    return folder / "data"


@pytest.fixture
def data(two: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(two, tmp_path / "data"))


@pytest.fixture
def root(data: Path) -> Path:
    """The folder of the latest release, to be damaged."""
    return data / "releases" / "1.1.0"


def findings(root: Path, depth: Depth = Depth.FULL) -> set[tuple[str, str, str]]:
    """(file, place, code) of every problem of a release that stands alone."""
    return {problem[:3] for problem in verify(Folder(root), depth=depth).problems}


def codes(root: Path) -> set[tuple[str, str]]:
    return {(file, code) for file, _, code in findings(root)}


def listed(data: Path, version: str) -> int:
    """How many files ``SHA256SUMS`` lists."""
    return (data / "releases" / version / "SHA256SUMS").read_text("utf-8").count("\n")


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def edit(path: Path, change: Callable[[Any], object]) -> None:
    content = json.loads(path.read_text(encoding="utf-8"))
    change(content)
    path.write_text(as_json(content), encoding="utf-8")


def _replace(path: Path, old: str, new: str) -> None:
    if old and path.exists():
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace(old, new), encoding="utf-8")


def reseal(root: Path) -> None:
    """Make sums, sizes and hashes agree with changed files, as a forger would."""

    def stated(package: Any) -> None:
        for resource in package["resources"]:
            file = root / resource.get("path", "none")
            if "hash" in resource and file.exists():
                resource |= {"bytes": file.stat().st_size, "hash": f"sha256:{_sha256(file)}"}

    def listed_with_hashes(content: Any) -> None:
        for one in [*content.get("distribution", []), *content.get("@graph", [])]:
            file = root / one.get("contentUrl", one["@id"])
            if "sha256" in one and file.exists():
                one["sha256"] = _sha256(file)

    edit(root / "datapackage.json", stated)
    for name in ("croissant.json", "ro-crate-metadata.json"):
        if (root / name).exists():
            edit(root / name, listed_with_hashes)
    files = sorted(p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file())
    lines = [f"{_sha256(root / name)}  {name}\n" for name in files if name != "SHA256SUMS"]
    (root / "SHA256SUMS").write_text("".join(lines), encoding="utf-8")


def rewrite(root: Path, name: str, change: Callable[[pl.DataFrame], pl.DataFrame]) -> None:
    """Change a table in both formats, with all digests, sums and figures made to agree."""
    frame = pl.from_arrow(pq.read_table(root / "parquet" / f"{name}.parquet"))
    assert isinstance(frame, pl.DataFrame)
    columns = change(frame).to_arrow().to_pydict()
    # Not null where the schema wants it, or it could not be written wrong.
    shape = pa.schema([pa.field(f.name, f.type) for f in schema(name).arrow])
    table = pa.table(columns, schema=shape)
    with csv_writer(shape, root / "csv" / f"{name}.csv") as file:
        file.write_table(table)
    with parquet_writer(shape, root / "parquet" / f"{name}.parquet") as file:
        file.write_table(table)
    facts = json.loads((root / "provenance.json").read_text(encoding="utf-8"))
    before = facts["content_digest"]
    facts["table_digests"][name] = table_digest(name, table)
    facts["content_digest"] = release_digest(facts["table_digests"])
    (root / "provenance.json").write_text(as_json(facts), encoding="utf-8")
    for said in ("README.md", *DESCRIPTIONS):
        _replace(root / said, before, facts["content_digest"])
    if name in ("documents", "paragraphs"):
        edit(root / "quality.json", lambda figures: figures.update({name: table.num_rows}))
    reseal(root)


def test_what_was_published_is_intact(two: Path, seed_data: Path) -> None:
    for data in (two, seed_data):
        place = find(str(data))
        assert place.problems == [] == place.notes
        for files, entry in place.releases(None, True):
            report = verify(files, place.index, entry)
            assert report.problems == [] == report.notes
            assert report.files == listed(data, report.release)
            assert report.rows > 0
            assert report.signature is None


def _append(name: str, content: bytes) -> Change:
    def change(root: Path) -> None:
        with (root / name).open("ab") as file:
            file.write(content)

    return change


def _sums(old: str, new: str) -> Change:
    def change(root: Path) -> None:
        path = root / "SHA256SUMS"
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    return change


def _link(root: Path) -> None:
    (root / "README.md").rename(root.parent / "elsewhere")
    (root / "README.md").symlink_to(root.parent / "elsewhere")


def _swap_sums(root: Path) -> None:
    lines = (root / "SHA256SUMS").read_text(encoding="utf-8").splitlines(keepends=True)
    (root / "SHA256SUMS").write_text("".join([lines[1], lines[0], *lines[2:]]), encoding="utf-8")


DAMAGE: dict[str, tuple[Change, tuple[str, str]]] = {
    "a file too many": (_append("notes.txt", b"x"), ("notes.txt", "extra-file")),
    "a hidden file": (_append("csv/.DS_Store", b"x"), ("csv/.DS_Store", "extra-file")),
    "a folder too many": (lambda r: (r / "old").mkdir(), ("old", "extra-folder")),
    "a symbolic link": (_link, ("README.md", "not-a-file")),
    "a socket": (lambda r: os.mkfifo(r / "pipe"), ("pipe", "not-a-file")),
    "a missing table": (
        lambda r: (r / "csv" / "matches.csv").unlink(),
        ("csv/matches.csv", "missing-file"),
    ),
    "no sums": (lambda r: (r / "SHA256SUMS").unlink(), ("SHA256SUMS", "missing-file")),
    "a byte more": (_append("CHANGELOG.md", b"\n"), ("CHANGELOG.md", "checksum-error")),
    "sums in capitals": (_sums("  CHANGELOG", "  changelog"), ("SHA256SUMS", "sums-error")),
    "one space in the sums": (_sums("  README", " README"), ("SHA256SUMS", "sums-error")),
    "a path that leads out": (_sums("  README.md", "  ../README.md"), ("SHA256SUMS", "sums-error")),
    "sums out of order": (_swap_sums, ("SHA256SUMS", "sums-error")),
    "no last line feed": (_append("SHA256SUMS", b"x"), ("SHA256SUMS", "sums-error")),
    "no JSON": (
        lambda r: (r / "provenance.json").write_text("{"),
        ("provenance.json", "source-error"),
    ),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damaged_files_are_found_by_the_fast_check(damage: str, root: Path) -> None:
    change, expected = DAMAGE[damage]
    change(root)
    found = {(file, code) for file, _, code in findings(root, Depth.SUMS)}
    assert expected in found
    assert expected in codes(root)


def test_a_changed_cell_is_found_in_its_row(root: Path) -> None:
    path = root / "csv" / "paragraphs.csv"
    text = path.read_text(encoding="utf-8")
    assert "Nobody was hurt." in text
    path.write_text(text.replace("Nobody was hurt.", "Nobody was Hurt."), encoding="utf-8")
    row = [i for i, line in enumerate(text.splitlines()) if "Nobody was hurt." in line]
    place = f"row {row[0]}, text"
    expected = {
        ("csv/paragraphs.csv", place, "format-error"),
        ("csv/paragraphs.csv", "", "digest-error"),
    }
    assert findings(root) == expected | {("csv/paragraphs.csv", "", "checksum-error")}
    reseal(root)  # and whatever the sums say
    assert findings(root) == expected


def test_a_cut_off_table_is_found(root: Path) -> None:
    path = root / "csv" / "occurrences.csv"
    path.write_bytes(path.read_bytes()[:-30])
    reseal(root)
    assert {code for file, code in codes(root) if file == "csv/occurrences.csv"} & {
        "source-error",
        "digest-error",
    }


def test_changed_records_do_not_fit_the_digest(root: Path) -> None:
    rewrite(root, "paragraphs", lambda frame: frame.with_columns(language=pl.lit("fr")))
    page = ("view/view.json", "paragraphs, row 1, record", "view-file-error")
    assert findings(root) == {page}  # consistent but for its page: only others can tell
    edit(root / "provenance.json", lambda facts: facts.update(content_digest="0" * 64))
    reseal(root)
    naming = {"README.md", *DESCRIPTIONS} - {"ro-crate-metadata.json"}
    assert codes(root) == {(name, "digest-error") for name in {"provenance.json", *naming}}
    edit(root / "provenance.json", lambda facts: facts["table_digests"].update(sources="0" * 64))
    reseal(root)
    assert {
        ("csv/sources.csv", "digest-error"),
        ("parquet/sources.parquet", "digest-error"),
    } < codes(root)


def _change_first(column: str, value: object) -> Callable[[pl.DataFrame], pl.DataFrame]:
    def change(frame: pl.DataFrame) -> pl.DataFrame:
        first = pl.int_range(pl.len()) == 0
        cell = pl.when(first).then(pl.lit(value)).otherwise(pl.col(column))
        return frame.with_columns(cell.alias(column))

    return change


@pytest.mark.parametrize(
    ("table", "change", "expected"),
    [
        ("paragraphs", _change_first("n_tokens", -1), ("row 1, n_tokens", "constraint-error")),
        ("paragraphs", _change_first("text", ""), ("row 1, text", "constraint-error")),
        ("documents", _change_first("source_id", None), ("row 1, source_id", "constraint-error")),
        (
            "occurrences",
            _change_first("paragraph_id", "p" + "0" * 20),
            ("row 1, paragraph_id", "foreign-key"),
        ),
        (
            "occurrences",
            lambda frame: pl.concat([frame.head(1), frame]),
            ("row 2, document_id, position", "primary-key"),
        ),
    ],
)
def test_records_that_break_their_schema_are_found(
    table: str,
    change: Callable[[pl.DataFrame], pl.DataFrame],
    expected: tuple[str, str],
    root: Path,
) -> None:
    rewrite(root, table, change)
    assert (f"parquet/{table}.parquet", *expected) in findings(root)


def forge_index(root: Path, name: str, change: Callable[[pl.DataFrame], pl.DataFrame]) -> None:
    """Change an index file, with all sums made to agree."""
    path = root / "index" / f"{name}.parquet"
    before = pq.read_table(path)
    frame = pl.from_arrow(before)
    assert isinstance(frame, pl.DataFrame)
    table = change(frame).to_arrow()
    shape = pa.schema([pa.field(f.name, f.type) for f in before.schema])
    with parquet_writer(shape, path) as file:
        file.write_table(table.cast(shape) if table.column_names == shape.names else table)
    reseal(root)


def _row_too_many(row: dict[str, Any]) -> Callable[[pl.DataFrame], pl.DataFrame]:
    return lambda frame: pl.concat([frame, pl.DataFrame([row], frame.schema, orient="row")])


@pytest.mark.parametrize(
    ("name", "change", "place"),
    [
        (
            "occurrences-by-paragraph",
            _change_first("document_id", "d" + "0" * 16),
            "row 1, document_id",
        ),
        ("occurrences-by-paragraph", lambda frame: frame.slice(0, frame.height - 1), "row 3"),
        ("occurrences-by-paragraph", lambda frame: frame.reverse(), "row 1, paragraph_id"),
        (
            "variants-by-other",
            _row_too_many(
                {
                    "other_id": "p1",
                    "paragraph_id": "p0",
                    "coverage": 0.9,
                    "other_coverage": 0.9,
                    "difference": "number",
                }
            ),
            "row 1",
        ),
        ("changes-by-source", _change_first("n", 999), "row 1, n"),
        ("changes-by-source", _change_first("source_id", "other"), "row 1, n"),
        ("changes-by-source", lambda frame: frame.head(0), "row 1, none for documents, added"),
        ("changes-by-source", lambda frame: frame.reverse(), "the order of its rows"),
        (
            "composites",
            _row_too_many({"record_id": "p1", "document_id": "d1", "position": 0}),
            "row 1, record_id",
        ),
    ],
)
def test_a_forged_index_file_is_found_in_its_row(
    name: str, change: Callable[[pl.DataFrame], pl.DataFrame], place: str, root: Path
) -> None:
    forge_index(root, name, change)
    ((file, found, code),) = findings(root)
    assert (file, code) == (f"index/{name}.parquet", "index-file-error")
    assert found.startswith(place)
    assert findings(root, Depth.WRITTEN) == set()


def test_index_files_are_checked_range_by_range(
    seed_release: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compare, "ROWS_AT_ONCE", 40)
    assert len(compare.ranges("paragraphs", 100)) == 3
    assert findings(seed_release) == set()
    root = Path(shutil.copytree(seed_release, tmp_path / seed_release.name))
    last = pl.int_range(pl.len()) == pl.len() - 1
    forge_index(
        root,
        "variants-by-other",
        lambda frame: frame.with_columns(coverage=pl.when(last).then(0.5).otherwise("coverage")),
    )
    height = pq.read_metadata(root / "index" / "variants-by-other.parquet").num_rows
    place = f"row {height}, coverage"
    assert findings(root) == {("index/variants-by-other.parquet", place, "index-file-error")}


def test_an_index_file_of_other_columns_is_found(root: Path) -> None:
    path = root / "index" / "composites.parquet"
    pq.write_table(pa.table({"record_id": ["p1"]}), path, write_page_checksum=True)
    reseal(root)
    assert codes(root) == {("index/composites.parquet", "source-error")}


@pytest.mark.parametrize(
    ("change", "place", "code"),
    [
        (lambda p: p["resources"][0].pop("path"), "resources/0", "profile-error"),
        (
            lambda p: p["resources"][0]["schema"]["fields"][0].update(type="text"),
            "resources/0",
            "profile-error",
        ),
        (lambda p: p["licenses"][0].update(name="Unknown-1.0"), "licenses/0/name", "package-error"),
        (lambda p: p.pop("description"), "description", "package-error"),
        (lambda p: p.update(version="9.9.9"), "version", "package-error"),
        (
            lambda p: p["resources"][0].update(path="csv/no.csv"),
            "resources/0/path",
            "package-error",
        ),
        (
            lambda p: p["resources"][1]["schema"]["fields"].pop(),
            "resources/1/schema",
            "schema-error",
        ),
    ],
)
def test_descriptors_are_checked(
    change: Callable[[Any], object], place: str, code: str, root: Path
) -> None:
    edit(root / "datapackage.json", change)
    reseal(root)
    found = {(file, code): place for file, place, code in findings(root)}
    file = "parquet/datapackage.json" if code == "schema-error" else "datapackage.json"
    assert found[file, code].startswith(place)


def test_sizes_are_checked(root: Path) -> None:
    edit(root / "datapackage.json", lambda p: p["resources"][3].update(bytes=7))
    sums = (root / "SHA256SUMS").read_text(encoding="utf-8")
    sums = re.sub(r"\w{64}(?=  datapackage)", _sha256(root / "datapackage.json"), sums)
    (root / "SHA256SUMS").write_text(sums, encoding="utf-8")
    assert findings(root) == {("datapackage.json", "resources/3/bytes", "package-error")}


def _check_all(data: Path) -> set[tuple[str, str, str]]:
    """Problems of the index and of each release, by the fast check."""
    place = find(str(data))
    found = {problem[:3] for problem in place.problems}
    for files, entry in place.releases(None, True):
        found |= {p[:3] for p in verify(files, place.index, entry, Depth.SUMS).problems}
    return found


def test_a_forged_old_release_breaks_the_index_and_the_chain(data: Path) -> None:
    assert _check_all(data) == set()
    old = data / "releases" / "1.0.0"
    rewrite(old, "paragraphs", lambda frame: frame.with_columns(language=pl.lit("fr")))
    expected = {
        ("index.json", "1.0.0/sums_sha256", "index-error"),
        ("index.json", "1.0.0/content_digest", "index-error"),
    }
    assert _check_all(data) == expected
    digest = json.loads((old / "provenance.json").read_text(encoding="utf-8"))["content_digest"]
    fresh = {"content_digest": digest, "sums_sha256": _sha256(old / "SHA256SUMS")}
    edit(data / "releases" / "index.json", lambda index: index["releases"][0].update(fresh))
    wrong = {("provenance.json", "previous", "chain-error"), ("feed.atom", "", "index-error")}
    assert _check_all(data) == wrong


def test_a_superseded_release_keeps_the_chain_whole(data: Path) -> None:
    index = data / "releases" / "index.json"
    first = json.loads(index.read_text(encoding="utf-8"))["releases"][0]
    kept = {name: first[name] for name in ("version", "content_digest", "sums_sha256")}

    def reissue(content: Any) -> None:
        fresh = {"content_digest": "1" * 64, "supersedes": [kept]}
        content["releases"][0].update(fresh, version="1.0.0+w1", path="1.0.0_w1")

    edit(index, reissue)
    place = find(str(data))
    files, entry = place.releases("1.1.0", False)[0]
    assert not [p for p in verify(files, place.index, entry).problems if p.code == "chain-error"]
    edit(index, lambda content: content["releases"][0].update(supersedes=[]))
    place = find(str(data))
    problems = verify(files, place.index, entry, Depth.SUMS).problems
    assert [problem.code for problem in problems] == ["chain-error"]


def test_latest_must_name_a_release_of_the_index(data: Path) -> None:
    releases = data / "releases"
    index = json.loads((releases / "index.json").read_text(encoding="utf-8"))
    (releases / "latest.json").write_text(as_json(index["releases"][0]), encoding="utf-8")
    place = find(str(data))
    assert place.problems == []
    assert "still names 1.0.0" in place.notes[0]
    edit(releases / "latest.json", lambda entry: entry.update(created="now"))
    assert [problem[:3] for problem in find(str(data)).problems] == [
        ("latest.json", "", "index-error")
    ]
    edit(releases / "index.json", lambda content: content["releases"].reverse())
    assert ("index.json", "releases", "index-error") in {p[:3] for p in find(str(data)).problems}


def test_what_a_selection_leaves_out_is_not_missing(root: Path) -> None:
    for name in ("csv/occurrences.csv", "parquet/occurrences.parquet", "csv/paragraphs.csv"):
        (root / name).unlink()
    assert ("csv/paragraphs.csv", "missing-file") in codes(root)
    here = sorted(p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file())
    here.remove("SHA256SUMS")
    said = {"name": "onrecord-selection", "files": here}
    (root / "SELECTION.json").write_text(as_json(said), encoding="utf-8")
    report = verify(Folder(root))
    assert report.problems == []
    assert f"{len(here)} of its files" in report.notes[0]
    (root / "csv" / "matches.csv").unlink()
    assert codes(root) == {("csv/matches.csv", "missing-file")}
    (root / "SELECTION.json").write_text("[]", encoding="utf-8")
    assert ("SELECTION.json", "source-error") in codes(root)


def test_a_release_that_stands_alone_has_no_chain_to_check(root: Path, tmp_path: Path) -> None:
    alone = Path(shutil.copytree(root, tmp_path / "alone"))
    place = find(str(alone))
    ((files, entry),) = place.releases(None, False)
    report = verify(files, place.index, entry)
    assert report.problems == []
    assert "the chain" in report.notes[0]
    beside = find(str(root)).releases(None, False)  # the index beside it is found
    assert beside[0][1] is not None


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_stranger_can_compute_the_digest(kind: str, seed_release: Path, tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "docs" / "releases.md").read_text("utf-8")
    (code,) = re.findall(r"```python\n(# digest\.py.*?)```", text, re.DOTALL)
    assert "onrecord import" not in code
    (tmp_path / "digest.py").write_text(code, encoding="utf-8")
    command = [sys.executable, "digest.py", str(seed_release), kind]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    stated = json.loads((seed_release / "provenance.json").read_text(encoding="utf-8"))
    assert done.stdout.strip() == stated["content_digest"]


def test_rows_that_are_longer_than_a_block_are_read(
    seed_release: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "_BLOCKS", (400, 3_000, 1 << 22))
    report = verify(Folder(seed_release))
    assert report.problems == []


def test_the_release_is_verified_before_it_can_be_seen(
    tmp_path: Path, make_source: MakeSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_source(tmp_path / "seeds", "news", {"a.txt": b"One paragraph.\n"})
    write_sums = publish._write_sums

    def failing_disk(folder: Path, known: dict[str, str], key: Path | None) -> None:
        write_sums(folder, known, key)
        _append("csv/paragraphs.csv", b"\n")(folder)

    with monkeypatch.context() as patch:
        patch.setattr(publish, "_write_sums", failing_disk)
        with pytest.raises(RefusedError, match=r"csv/paragraphs\.csv: checksum-error"):
            release(tmp_path / "seeds", tmp_path / "data", Settings())
    assert [p.name for p in (tmp_path / "data" / "releases").iterdir()] == [".lock"]
    assert release(tmp_path / "seeds", tmp_path / "data", Settings()).published


def test_nothing_is_published_beside_a_damaged_release(
    tmp_path: Path, make_source: MakeSource
) -> None:
    source = make_source(tmp_path / "seeds", "news", {"a.txt": b"One paragraph.\n"})
    path = release(tmp_path / "seeds", tmp_path / "data", Settings()).path
    (path / "provenance.json").write_text("{}")
    (source / "b.txt").write_bytes(b"Another paragraph.\n")
    with pytest.raises(RefusedError, match=r"1\.0\.0: the release is damaged"):
        release(tmp_path / "seeds", tmp_path / "data", Settings())
    assert json.loads((path.parent / "latest.json").read_text())["version"] == "1.0.0"


def test_the_command_says_what_is_wrong_and_exits_with_1(data: Path, root: Path) -> None:
    runner = CliRunner()
    done = runner.invoke(app, ["verify", str(data), "--all"])
    assert done.exit_code == 0, done.output
    for version in ("1.0.0", "1.1.0"):
        assert f"Release {version} is intact: {listed(data, version)} files" in done.stdout
    _append("README.md", b"x")(root)
    done = runner.invoke(app, ["verify", str(data), "--fast"])
    assert done.exit_code == 1
    assert done.stdout.startswith("1.1.0/README.md: checksum-error: its sha256 is ")
    assert "Release 1.1.0: 1 problem (" in done.stdout
    done = runner.invoke(app, ["verify", str(data), "--release", "1.0.0", "--fast", "--json"])
    assert done.exit_code == 0
    said = json.loads(done.stdout)
    assert (said["ok"], [one["release"] for one in said["releases"]]) == (True, ["1.0.0"])
    done = runner.invoke(app, ["verify", str(root), "--fast", "--json"])
    assert done.exit_code == 1
    (one,) = json.loads(done.stdout)["releases"]
    assert one["problems"][0]["file"] == "README.md"
    assert one["problems"][0]["code"] == "checksum-error"


def test_the_command_says_when_there_is_nothing_to_verify(data: Path, tmp_path: Path) -> None:
    runner = CliRunner()
    assert runner.invoke(app, ["verify", str(data), "--all", "--release", "1.0.0"]).exit_code == 2
    for arguments in ([str(tmp_path / "none")], [str(data), "--release", "3.0.0"]):
        done = runner.invoke(app, ["verify", *arguments])
        assert done.exit_code == 1
        assert "release" in str(done.exception)


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None: ...


def test_releases_on_a_web_server_are_verified(data: Path, root: Path) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(data)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        url = f"http://127.0.0.1:{server.server_port}"
        place = find(url)
        ((files, entry),) = place.releases(None, False)
        report = verify(files, place.index, entry)
        assert place.problems == [] == report.problems
        assert report.files == listed(data, "1.1.0")
        assert report.notes == ["this place can't list its files: extra ones are not looked for"]
        (root / "csv" / "matches.csv").unlink()
        _append("README.md", b"x")(root)
        ((files, entry),) = find(f"{url}/releases/1.1.0").releases(None, False)
        found = {p[:3] for p in verify(files, None, entry, Depth.SUMS).problems}
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert found == {
        ("csv/matches.csv", "", "unreadable-file"),
        ("README.md", "", "checksum-error"),
    }


def test_every_table_is_in_the_descriptor(root: Path) -> None:
    package = json.loads((root / "datapackage.json").read_text(encoding="utf-8"))
    assert [r["name"] for r in package["resources"] if r.get("type") == "table"] == list(TABLES)


def test_a_library_that_misreads_quotes_is_not_used(
    seeds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "MISREADS_QUOTES", True)
    monkeypatch.setattr(csvfile, "MISREADS_QUOTES", True)

    def never(*_: object, **__: object) -> None:
        raise AssertionError("PyArrow's reader was used")

    monkeypatch.setattr(rows.pyarrow.csv, "open_csv", never)
    outcome = release(seeds, tmp_path / "data", Settings(page=False))  # reads back what it wrote
    assert outcome.published
    table = outcome.path / "csv" / "paragraphs.csv"
    table.write_bytes(table.read_bytes().replace(b'""', b'"" ', 1))
    done = CliRunner().invoke(app, ["verify", str(tmp_path / "data")])
    assert done.exit_code == 1
    assert "csv/paragraphs.csv" in done.output
