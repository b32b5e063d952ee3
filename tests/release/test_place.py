"""A release reads the same from disk, from a web server and from S3; and what goes wrong."""

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onrecord.errors import ConfigurationError, NotFoundError, OnrecordError, RefusedError
from onrecord.release.names import is_safe, parse_sums
from onrecord.release.objects import Objects
from onrecord.release.place import open_release, read_index
from onrecord.release.store import ConflictError, UnreachableError

Command = Callable[..., Any]


@pytest.fixture(params=["disk", "web", "web without ranges", "s3"])
def place(request: pytest.FixtureRequest, two_releases: Path) -> str:
    """The two releases, at each kind of place."""
    if request.param == "disk":
        return str(two_releases)
    if request.param == "s3":
        return str(request.getfixturevalue("two_on_s3"))
    web = request.getfixturevalue("web")
    web.ranges = request.param == "web"
    return str(web.url)


def test_every_place_gives_the_same_release(place: str, two_releases: Path) -> None:
    here = two_releases / "releases" / "1.1.0"
    for form in (place, f"{place}/", f"{place}/releases", f"{place}/releases/1.1.0"):
        release = open_release(form)
        assert release.version == "1.1.0"
        assert [entry.version for entry in read_index(form).releases][-1] == "1.1.0"
    assert [entry.version for entry in read_index(place).releases] == ["1.0.0", "1.1.0"]
    assert open_release(place, "1.0.0").version == "1.0.0"
    files = release.files()
    on_disk = {p.relative_to(here).as_posix() for p in here.rglob("*") if p.is_file()}
    assert {file.name for file in files} == on_disk - {"SHA256SUMS"}
    for file in files:
        raw = release.read(file.name)
        assert hashlib.sha256(raw).hexdigest() == file.sha256
        assert file.bytes in (None, len(raw))
        is_data = file.name.startswith(("csv/", "parquet/", "index/"))
        assert (file.bytes is not None) == (is_data and not file.name.endswith("json"))
    assert release.signature() is None


def test_parquet_is_read_by_parts(place: str, two_releases: Path) -> None:
    table = open_release(place).parquet("parquet/paragraphs.parquet").read()
    path = two_releases / "releases" / "1.1.0" / "parquet" / "paragraphs.parquet"
    assert pl.from_arrow(table).equals(pl.read_parquet(path))  # type: ignore[union-attr]
    with open_release(place).open("csv/documents.csv") as file:
        raw = path.parents[1].joinpath("csv", "documents.csv").read_bytes()
        assert file.seek(-9, 2) == len(raw) - 9
        assert bytes(file.read()) == raw[-9:]
        assert file.seek(5) == 5
        assert bytes(file.read(7)) == raw[5:12]
        assert file.tell() == 12


def test_restore_takes_every_place(
    place: str, two_releases: Path, onrecord: Command, tmp_path: Path
) -> None:
    frame = pl.read_parquet(two_releases / "releases" / "1.1.0" / "parquet" / "documents.parquet")
    for document, name in frame.select("document_id", "path").iter_rows():
        out = tmp_path / "raw"
        result = onrecord("restore", document, "--data", place, "--output", out)
        assert result.code == 0, result.message
        assert out.read_bytes() == (two_releases.parent / "seeds" / "news" / name).read_bytes()
    result = onrecord("restore", document, "--data", place, "--release", "9.9.9")
    assert result.code == 1
    assert "1.0.0, 1.1.0" in result.message


def test_a_part_is_all_that_comes(web: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onrecord.release.store._AHEAD", 1)  # the files here are small
    parquet = open_release(web.url).parquet("parquet/paragraphs.parquet")
    size = len(open_release(web.url).read("parquet/paragraphs.parquet"))
    before = web.bytes_of("paragraphs.parquet") - size
    assert before < size
    parquet.read_row_group(0, ["paragraph_id"])
    assert before < web.bytes_of("paragraphs.parquet") - size
    assert web.bytes_of("paragraphs.parquet") - size < size


def test_list_shows_versions_and_counts(place: str, onrecord: Command, two_releases: Path) -> None:
    result = onrecord("list", place)
    assert result.code == 0, result.message
    shown = [line.split() for line in result.stdout.splitlines()]
    entries = json.loads((two_releases / "releases" / "index.json").read_text())["releases"]
    assert [line[0] for line in shown] == ["version", "1.0.0", "1.1.0"]
    for line, entry in zip(shown[1:], entries, strict=True):
        assert line[2] == entry["content_digest"][:12]
        assert line[3:5] == [f"{entry['documents']:,}", f"{entry['paragraphs']:,}"]
    assert shown[1][5:] == []
    assert shown[2][5:] == ["latest"]
    listed = json.loads(onrecord("list", place, "--json").stdout)["releases"]
    assert [{k: row[k] for k in entries[0]} for row in listed] == entries
    assert [row["marks"] for row in listed] == [[], ["latest"]]


def test_list_marks_what_was_reissued(
    onrecord: Command, tmp_path: Path, two_releases: Path
) -> None:
    index = json.loads((two_releases / "releases" / "index.json").read_text())
    first, second = index["releases"]
    again = {**second, "version": "1.1.0+w1", "path": "1.1.0_w1", "selection": True, "new": 1}
    index["releases"] = [again, first, second]
    (tmp_path / "index.json").write_text(json.dumps(index))
    listed = json.loads(onrecord("list", tmp_path, "--json").stdout)["releases"]
    assert [(row["version"], row["marks"]) for row in listed] == [
        ("1.0.0", []),
        ("1.1.0", ["superseded"]),
        ("1.1.0+w1", ["latest", "reissued", "selection"]),
    ]
    assert listed[2]["new"] == 1


@pytest.mark.parametrize("kind", ["disk", "web"])
def test_list_loads_nothing_heavy(kind: str, two_releases: Path, web: Any) -> None:
    place = str(two_releases) if kind == "disk" else web.url
    code = "import sys, onrecord.commands as c; sys.argv[1:1] = ['list']; c.app(standalone_mode=0)"
    code += "; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code, place], capture_output=True, text=True, check=True, timeout=60
    )
    loaded = set(done.stdout.splitlines()[-1].split())
    assert "onrecord.release.place" in loaded
    assert not {"pyarrow", "polars", "numpy", "numba", "prefect"} & loaded
    assert ("obstore" in loaded) == (kind == "web")


def failed(onrecord: Command, place: str | Path, code: int, *said: str) -> None:
    for command in (["list", place], ["get", "--from", place, "--to", "nowhere"]):
        result = onrecord(*command)
        assert result.code == code, result.message
        assert result.stdout == ""
        assert "\n" not in result.message
        for words in said:
            assert words in result.message
    assert not Path("nowhere").exists()


def test_each_fault_of_a_place_is_one_message(
    onrecord: Command, web: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("onrecord.release.objects._RETRIES", {"max_retries": 0})
    failed(onrecord, tmp_path, 1, "no release yet", "onrecord release")
    failed(onrecord, f"{web.url}/seeds", 1, f"{web.url}/seeds: no release here")
    web.pages = True
    failed(onrecord, f"{web.url}/other", 1, "/other/releases/index.json", "no index of releases")
    failed(onrecord, "http://127.0.0.1:9/data", 1, "nothing answers there")
    failed(onrecord, "http://no-such-host.invalid/data", 1, "no such host, or no network")
    failed(onrecord, web.url.replace("http", "https"), 1, "no TLS there")
    failed(onrecord, f"{web.url}?version=1", 2, "query")
    failed(onrecord, web.url.replace("//", "//me:word@"), 2, "no user name")
    failed(onrecord, "gopher://host/data", 2, "gopher://host/data", "s3://bucket/prefix")


def test_each_fault_of_s3_is_one_message(
    onrecord: Command, two_on_s3: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed(onrecord, "s3://no-such-bucket-here/data", 1, "no such bucket")
    failed(onrecord, f"{two_on_s3}/other", 1, "no release here")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    failed(onrecord, two_on_s3, 1, "access denied", "credentials in the environment")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    failed(onrecord, two_on_s3, 1, "access denied", "set AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://store.example")
    failed(onrecord, two_on_s3, 2, "not encrypted", "AWS_ALLOW_HTTP")


def test_a_file_that_changes_while_it_is_read_is_noticed(s3: str) -> None:
    store = Objects(s3)
    store.put("1.0.0/provenance.json", b'{"version": "1.0.0"}' + b" " * 300_000)
    from onrecord.release.store import RangeFile

    with RangeFile(store, "1.0.0/provenance.json") as file:
        assert file.read(9) == b'{"version'
        store.put("1.0.0/provenance.json", b"x" * 300_020)
        file.seek(200_000)
        with pytest.raises(ConflictError):
            file.read(9)


def test_what_a_connection_drops_is_an_error_of_its_own(web: Any) -> None:
    web.cut_after = 100
    with pytest.raises(UnreachableError, match="broke off"):
        open_release(web.url).read("README.md")


@pytest.fixture
def forged(web: Any, two_releases: Path, tmp_path: Path) -> Callable[..., str]:
    """Serve releases whose index and checksums say what the test says."""

    def forge(sums: str | None = None, **entry: str) -> str:
        root = tmp_path / "forged"
        shutil.rmtree(root, ignore_errors=True)
        shutil.copytree(two_releases / "releases", root)
        index = json.loads((root / "index.json").read_text())
        if sums is not None:
            path = root / "1.1.0" / "SHA256SUMS"
            path.write_text(path.read_text() + sums)
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            index["releases"][1]["sums_sha256"] = digest
        index["releases"][1].update(entry)
        (root / "index.json").write_text(json.dumps(index))
        web.root = root
        return str(web.url)

    return forge


EVIL = [
    "../evil",
    "/evil",
    "csv/../../evil",
    "csv/../evil",
    "..\\evil",
    "c:evil",
    "./evil",
    "csv//evil",
    ".evil",
    "csv/.evil",
    "-evil",
    "evil\x1b[2J",
    "SHA256SUMS",
    "SELECTION.json",
    "csv",
    "README.md/evil",
    "README.md",
    "a/" * 9 + "evil",
    "e" * 200,
]


@pytest.mark.parametrize("name", EVIL)
def test_a_name_that_leads_elsewhere_is_refused(
    name: str, forged: Callable[..., str], onrecord: Command, tmp_path: Path
) -> None:
    place = forged(sums=f"{'0' * 64}  {name}\n")
    result = onrecord("get", "--from", place, "--to", tmp_path / "to")
    assert result.code == 1
    assert "SHA256SUMS" in result.message
    assert not (tmp_path / "to").exists()
    assert "\x1b" not in result.message


@pytest.mark.parametrize("line", ["evil\n", f"{'0' * 63}  evil\n", f"{'0' * 64}  evil", "\n"])
def test_a_line_that_is_no_checksum_is_refused(
    line: str, forged: Callable[..., str], onrecord: Command
) -> None:
    result = onrecord("get", "--from", forged(sums=line), "--to", "nowhere")
    assert result.code == 1
    assert "SHA256SUMS" in result.message
    assert not Path("nowhere").exists()


@pytest.mark.parametrize(
    "entry",
    [
        {"path": ".."},
        {"path": "../../seeds"},
        {"path": "/etc"},
        {"path": "a\\b"},
        {"path": "1.0.0/csv"},
        {"path": ""},
        {"version": "../2"},
        {"version": "1.1"},
    ],
)
def test_an_index_that_leads_elsewhere_is_refused(
    entry: dict[str, str], forged: Callable[..., str], onrecord: Command
) -> None:
    result = onrecord("get", "--from", forged(**entry), "--to", "nowhere")
    assert result.code == 1
    assert "no index of releases" in result.message
    assert not Path("nowhere").exists()


def test_an_index_that_names_another_release_is_refused(forged: Callable[..., str]) -> None:
    with pytest.raises(RefusedError, match="not the release"):
        open_release(forged(path="1.0.0"))
    with pytest.raises(RefusedError, match="not the release"):
        open_release(forged(content_digest="0" * 64))
    with pytest.raises(RefusedError, match="not the one that the index names"):
        open_release(forged(sums_sha256="0" * 64)).files()


@given(st.text(max_size=40) | st.from_regex(r"[./\\a-c~-]{1,12}", fullmatch=True))
def test_a_safe_name_stays_in_its_folder(name: str) -> None:
    if is_safe(name):
        root = Path("/releases/1.0.0")
        assert (root / name).resolve().is_relative_to(root)
        assert Path(name).as_posix() == name
        assert parse_sums(f"{'0' * 64}  {name}\n".encode(), "sums") == {name: "0" * 64}


@given(st.binary(max_size=300))
def test_checksums_of_any_bytes_are_read_or_refused(raw: bytes) -> None:
    try:
        sums = parse_sums(raw, "sums")
    except OnrecordError:
        return
    assert raw == "".join(f"{sha256}  {name}\n" for name, sha256 in sums.items()).encode()


def test_only_what_is_on_this_disk_has_a_folder(web: Any, two_releases: Path) -> None:
    assert open_release(str(two_releases)).root == two_releases / "releases" / "1.1.0"
    with pytest.raises(RefusedError, match="onrecord get"):
        _ = open_release(web.url).root
    with pytest.raises(NotFoundError, match="no such file"):
        open_release(web.url).parquet("parquet/nothing.parquet")
    with pytest.raises(NotFoundError, match="no such file"):
        open_release(str(two_releases)).read("nothing")
    with pytest.raises(RefusedError, match="no Parquet file"):
        open_release(web.url).parquet("README.md")
    with pytest.raises(NotFoundError, match=r"this is 1\.0\.0"):
        open_release(f"{web.url}/releases/1.0.0", "1.1.0")
    with pytest.raises(ConfigurationError):
        open_release("s3://")
