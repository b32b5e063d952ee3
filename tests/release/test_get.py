"""``onrecord get``: whole, checked, resumed, and nothing twice."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import filelock
import pytest

from onrecord.release.layout import DESCRIPTIONS
from onrecord.release.objects import Objects
from onrecord.release.place import open_release
from onrecord.release.selection import read_selection

Command = Callable[..., Any]
EXPLAINS = {
    "CHANGELOG.md",
    "README.md",
    "assets/LICENSES.txt",
    "assets/page.css",
    "assets/page.js",
    "datapackage.json",
    "index.html",
    "parquet/datapackage.json",
    "provenance.json",
    "quality.json",
    *DESCRIPTIONS,
}


def tree(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def sizes(folder: Path) -> int:
    """Bytes of all files of a release but its checksums."""
    return sum(len(raw) for name, raw in tree(folder).items() if name != "SHA256SUMS")


def got(result: Any) -> dict[str, Any]:
    assert result.code == 0, result.message
    said: dict[str, Any] = json.loads(result.stdout)
    return said


def visible(folder: Path) -> list[str]:
    """What anybody sees of a folder of releases."""
    return sorted(p.name for p in folder.glob("[!.]*")) if folder.exists() else []


@pytest.mark.parametrize("kind", ["disk", "web", "web without ranges", "s3"])
def test_a_whole_release_comes_byte_for_byte(
    kind: str, request: pytest.FixtureRequest, two_releases: Path, tmp_path: Path, onrecord: Command
) -> None:
    place = str(two_releases)
    if kind == "s3":
        place = request.getfixturevalue("two_on_s3")
    elif kind != "disk":
        web = request.getfixturevalue("web")
        web.ranges = kind == "web"
        place = web.url
    releases = two_releases / "releases"
    said = got(onrecord("get", "--from", place, "--to", tmp_path / "to", "--json"))
    assert said["version"] == "1.1.0"
    assert said["whole"]
    # Of equal files one is transferred: a small table is its own first rows.
    assert said["transferred"] + said["reused"] == sizes(releases / "1.1.0")
    assert tree(tmp_path / "to" / "1.1.0") == tree(releases / "1.1.0")
    assert visible(tmp_path / "to") == ["1.1.0", "index.html", "index.json", "latest.json"]
    again = got(onrecord("get", "--from", place, "--to", tmp_path / "to", "--json"))
    assert not again["changed"]
    assert (again["transferred"], again["reused"]) == (0, 0)
    first = got(onrecord("get", "1.0.0", "--from", place, "--to", tmp_path / "to", "--json"))
    assert first["version"] == "1.0.0"
    for name in ("index.json", "latest.json"):
        assert (tmp_path / "to" / name).read_bytes() == (releases / name).read_bytes()
    assert not list((tmp_path / "to").glob(".get-*"))
    further = got(onrecord("get", "--from", tmp_path / "to", "--to", tmp_path / "more", "--json"))
    assert further["transferred"] == said["transferred"]


def test_a_person_reads_what_came(web: Any, tmp_path: Path, onrecord: Command) -> None:
    result = onrecord("get", "--from", web.url, "--to", tmp_path / "to")
    assert "Got release 1.1.0, every checksum verified." in result.stdout
    assert str(tmp_path / "to" / "1.1.0") in result.stdout
    assert "Here already" in onrecord("get", "--from", web.url, "--to", tmp_path / "to").stdout


def test_a_release_alone_is_a_place_too(
    web: Any, two_releases: Path, tmp_path: Path, onrecord: Command
) -> None:
    for url in (f"{web.url}/releases/1.0.0", str(two_releases / "releases" / "1.0.0")):
        got(onrecord("get", "--from", url, "--to", tmp_path / "to", "--json"))
        index = json.loads((two_releases / "releases" / "index.json").read_text())
        del index["releases"][1]
        index["elsewhere"] = []
        assert json.loads((tmp_path / "to" / "index.json").read_text()) == index


def test_after_a_new_release_only_changed_files_come(
    web: Any, two_releases: Path, tmp_path: Path, onrecord: Command
) -> None:
    to = tmp_path / "to"
    got(onrecord("get", "1.0.0", "--from", web.url, "--to", to, "--json"))
    web.sent.clear()
    said = got(onrecord("get", "--from", web.url, "--to", to, "--json"))
    releases = two_releases / "releases"
    old, new = tree(releases / "1.0.0"), tree(releases / "1.1.0")
    del new["SHA256SUMS"]
    same = {name for name, raw in new.items() if raw in old.values()}
    assert "csv/patches.csv" in same
    assert "csv/sources.csv" not in same
    assert said["reused"] >= sum(len(new[name]) for name in same)
    assert said["transferred"] == sum(map(len, set(new.values()) - set(old.values())))
    sent = {path.partition("/1.1.0/")[2] for path, _, _ in web.sent}
    assert {"provenance.json", "datapackage.json"} <= sent
    fresh = {new[name] for name in new.keys() - same}
    assert {new[name] for name in sent & new.keys()} == fresh
    for name in ("csv/patches.csv", "parquet/patches.parquet"):
        assert (to / "1.1.0" / name).samefile(to / "1.0.0" / name)
    assert tree(to / "1.1.0") == tree(releases / "1.1.0")


def test_what_was_damaged_here_is_not_reused_but_mended(
    web: Any, two_releases: Path, tmp_path: Path, onrecord: Command
) -> None:
    to = tmp_path / "to"
    got(onrecord("get", "1.0.0", "--from", web.url, "--to", to, "--json"))
    damaged = to / "1.0.0" / "csv" / "patches.csv"
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"!")
    got(onrecord("get", "1.1.0", "--from", web.url, "--to", to, "--json"))
    releases = two_releases / "releases"
    assert tree(to / "1.1.0") == tree(releases / "1.1.0")
    (to / "1.0.0" / "README.md").unlink()
    mended = got(onrecord("get", "1.0.0", "--from", web.url, "--to", to, "--json"))
    assert mended["changed"]
    assert mended["transferred"] == len((releases / "1.0.0" / "README.md").read_bytes())
    assert tree(to / "1.0.0") == tree(releases / "1.0.0")
    assert visible(to) == ["1.0.0", "1.1.0", "index.html", "index.json", "latest.json"]


def names(folder: Path) -> set[str]:
    return tree(folder).keys() - EXPLAINS - {"SHA256SUMS"}


def test_a_selection_says_what_it_holds_and_grows(
    web: Any, two_releases: Path, tmp_path: Path, onrecord: Command
) -> None:
    to = tmp_path / "to"
    get = ["get", "--from", web.url, "--to", to, "--json"]
    said = got(onrecord(*get, "--tables", "sources, documents", "--format", "csv"))
    assert not said["whole"]
    chosen = {"csv/sources.csv", "csv/documents.csv"}
    assert names(to / "1.1.0") == chosen | {"SELECTION.json"}
    selection = read_selection(open_release(str(to)))
    assert selection is not None
    assert selection.files == sorted(chosen | EXPLAINS)
    listed = json.loads(onrecord("list", to, "--json").stdout)["releases"]
    assert listed[0]["marks"] == ["latest", "selection"]

    assert not got(onrecord(*get, "--tables", "sources", "--format", "csv"))["changed"]
    grown = got(onrecord(*get, "--tables", "variants", "--format", "parquet"))
    added = {"parquet/variants.parquet"}
    assert names(to / "1.1.0") == chosen | added | {"SELECTION.json"}
    assert grown["reused"] == said["transferred"]
    assert grown["files"] == said["files"] + 1

    whole = got(onrecord(*get))
    assert whole["whole"]
    assert whole["reused"] >= said["transferred"] + grown["transferred"]
    assert tree(to / "1.1.0") == tree(two_releases / "releases" / "1.1.0")
    assert (to / "index.json").read_bytes() != b""
    assert read_selection(open_release(str(to))) is None


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_one_form_of_all_tables(
    form: str, two_releases: Path, tmp_path: Path, onrecord: Command
) -> None:
    got(onrecord("get", "--from", two_releases, "--to", tmp_path, "--format", form, "--json"))
    here = names(tmp_path / "1.1.0") - {"SELECTION.json"}
    whole = names(two_releases / "releases" / "1.1.0")
    assert here == {name for name in whole if name.split("/")[0] in (form, "index", "view")}
    frame = open_release(str(tmp_path))
    if form == "parquet":
        assert frame.parquet("parquet/documents.parquet").metadata.num_rows == 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--tables", "sources,colours"], "no table 'colours'; there is changes, documents"),
        (["--tables", ","], "no table"),
        (["--format", "xml"], "csv, parquet or all"),
        (["--to", "s3://bucket/data"], "on this disk"),
    ],
)
def test_wrong_usage_is_one_message(
    arguments: list[str], said: str, two_releases: Path, tmp_path: Path, onrecord: Command
) -> None:
    result = onrecord("get", "--from", two_releases, "--to", tmp_path / "to", *arguments)
    assert result.code == 2
    assert said in result.message
    assert not (tmp_path / "to").exists()


def test_an_unknown_release_is_one_message(
    two_releases: Path, tmp_path: Path, onrecord: Command
) -> None:
    result = onrecord("get", "9.9.9", "--from", two_releases, "--to", tmp_path / "to")
    assert result.code == 1
    assert "no release 9.9.9; there is 1.0.0, 1.1.0" in result.message
    assert not (tmp_path / "to").exists()


def test_a_connection_that_drops_is_taken_up_where_it_broke_off(
    web: Any, two_releases: Path, tmp_path: Path, onrecord: Command
) -> None:
    web.cut_after = 150_000
    said = got(onrecord("get", "--from", web.url, "--to", tmp_path, "--json"))
    assert tree(tmp_path / "1.1.0") == tree(two_releases / "releases" / "1.1.0")
    whole = sizes(two_releases / "releases" / "1.1.0")
    assert said["transferred"] + said["reused"] == whole
    starts = [start for path, start, _ in web.sent if path.endswith("csv/paragraphs.csv")]
    assert len(starts) > 2
    assert starts == sorted(starts)
    assert starts[-1] > 0


def test_a_server_without_ranges_that_drops_is_asked_from_the_start(
    web: Any, two_releases: Path, tmp_path: Path, onrecord: Command
) -> None:
    web.ranges = False
    web.cut_after, web.once = 150_000, True
    assert onrecord("get", "--from", web.url, "--to", tmp_path).code == 1
    web.cut_after, web.once = None, False
    got(onrecord("get", "--from", web.url, "--to", tmp_path, "--json"))
    assert tree(tmp_path / "1.1.0") == tree(two_releases / "releases" / "1.1.0")


def test_a_run_that_failed_is_gone_on_with(
    web: Any, two_releases: Path, tmp_path: Path, onrecord: Command
) -> None:
    whole = sizes(two_releases / "releases" / "1.1.0")
    web.cut_after, web.once = 150_000, True
    failed = onrecord("get", "--from", web.url, "--to", tmp_path)
    assert failed.code == 1
    assert "no such file" in failed.message
    assert visible(tmp_path) == []
    web.cut_after, web.once = None, False
    said = got(onrecord("get", "--from", web.url, "--to", tmp_path, "--json"))
    assert said["reused"] >= 150_000
    assert said["transferred"] == whole - said["reused"]
    assert tree(tmp_path / "1.1.0") == tree(two_releases / "releases" / "1.1.0")
    assert not list(tmp_path.glob(".get-*"))


def test_a_part_with_a_fault_is_fetched_anew(
    web: Any, two_releases: Path, tmp_path: Path, onrecord: Command
) -> None:
    web.cut_after, web.once = 150_000, True
    assert onrecord("get", "--from", web.url, "--to", tmp_path).code == 1
    parts = [path for path in tmp_path.glob(".get-*/.parts/*") if path.stat().st_size]
    assert parts
    for part in parts:
        part.write_bytes(bytes(part.stat().st_size))
    web.cut_after, web.once = None, False
    got(onrecord("get", "--from", web.url, "--to", tmp_path, "--json"))
    assert tree(tmp_path / "1.1.0") == tree(two_releases / "releases" / "1.1.0")


@pytest.mark.parametrize("name", ["csv/paragraphs.csv", "parquet/sources.parquet", "README.md"])
def test_a_wrong_bit_is_refused(
    name: str, web: Any, two_releases: Path, tmp_path: Path, onrecord: Command
) -> None:
    web.spoil = f"1.1.0/{name}"
    result = onrecord("get", "--from", web.url, "--to", tmp_path)
    assert result.code == 1
    assert f"1.1.0/{name}: the bytes that came are not the ones" in result.message
    assert visible(tmp_path) == []
    web.spoil = None
    got(onrecord("get", "--from", web.url, "--to", tmp_path, "--json"))
    assert tree(tmp_path / "1.1.0") == tree(two_releases / "releases" / "1.1.0")


@pytest.mark.parametrize("name", ["SHA256SUMS", "provenance.json", "index.json"])
def test_a_wrong_bit_in_what_names_the_rest_is_refused(
    name: str, web: Any, tmp_path: Path, onrecord: Command
) -> None:
    web.spoil = name
    result = onrecord("get", "--from", web.url, "--to", tmp_path)
    assert result.code == 1
    assert visible(tmp_path) == []


def test_more_bytes_than_stated_are_refused(web: Any, tmp_path: Path, onrecord: Command) -> None:
    web.longer = "csv/documents.csv"
    result = onrecord("get", "--from", web.url, "--to", tmp_path)
    assert result.code == 1
    assert "csv/documents.csv: more than" in result.message
    assert visible(tmp_path) == []


def test_a_signature_comes_too(
    web: Any, two_releases: Path, tmp_path: Path, onrecord: Command
) -> None:
    web.root = tmp_path / "signed"
    shutil.copytree(two_releases / "releases", web.root)
    got(onrecord("get", "--from", web.url, "--to", tmp_path / "to", "--json"))
    (web.root / "1.1.0" / "SHA256SUMS.sig").write_bytes(b"signed later")
    assert got(onrecord("get", "--from", web.url, "--to", tmp_path / "to", "--json"))["changed"]
    assert tree(tmp_path / "to" / "1.1.0") == tree(web.root / "1.1.0")


def test_another_release_of_the_same_version_is_refused(
    web: Any, two_releases: Path, tmp_path: Path, onrecord: Command
) -> None:
    got(onrecord("get", "--from", web.url, "--to", tmp_path / "to", "--json"))
    before = tree(tmp_path / "to")
    web.root = tmp_path / "other"
    shutil.copytree(two_releases / "releases" / "1.1.0", web.root)
    sums = web.root / "SHA256SUMS"
    sums.write_bytes(b"".join(reversed(sums.read_bytes().splitlines(keepends=True))))
    result = onrecord("get", "--from", web.url, "--to", tmp_path / "to")
    assert result.code == 1
    assert "another release of the same version" in result.message
    assert tree(tmp_path / "to") == before


def test_two_runs_at_once_are_told_apart(web: Any, tmp_path: Path, onrecord: Command) -> None:
    with filelock.FileLock(tmp_path / ".lock"):
        result = onrecord("get", "--from", web.url, "--to", tmp_path)
    assert result.code == 1
    assert "another run is writing here" in result.message


def test_a_crash_in_the_middle_of_a_swap_is_mended(
    web: Any, two_releases: Path, tmp_path: Path, onrecord: Command
) -> None:
    get = ["get", "--from", web.url, "--to", tmp_path, "--json"]
    got(onrecord(*get))
    (tmp_path / "1.1.0").rename(tmp_path / ".replaced-1.1.0")
    assert not got(onrecord(*get))["changed"]
    shutil.copytree(tmp_path / "1.1.0", tmp_path / ".replaced-1.1.0")
    assert not got(onrecord(*get))["changed"]
    assert tree(tmp_path / "1.1.0") == tree(two_releases / "releases" / "1.1.0")
    assert not list(tmp_path.glob(".replaced-*"))
    (tmp_path / "index.json").unlink()
    assert not got(onrecord(*get))["changed"]
    assert visible(tmp_path) == ["1.1.0", "index.html", "index.json", "latest.json"]


def test_a_folder_that_can_t_be_written_is_one_message(
    web: Any, tmp_path: Path, onrecord: Command
) -> None:
    (tmp_path / "file").write_text("in the way")
    result = onrecord("get", "--from", web.url, "--to", tmp_path / "file" / "to")
    assert result.code == 1
    assert "can't be written" in result.message
    assert (tmp_path / "file").read_text() == "in the way"


def test_what_was_withdrawn_since_is_named(
    web: Any, two_releases: Path, tmp_path: Path, onrecord: Command
) -> None:
    got(onrecord("get", "--from", web.url, "--to", tmp_path / "to", "--json"))
    root = tmp_path / "reissued"
    shutil.copytree(two_releases / "releases", root)
    again = root / "1.1.0_w1"
    (root / "1.1.0").rename(again)
    facts = (again / "provenance.json").read_text()
    facts = facts.replace('"version": "1.1.0"', '"version": "1.1.0+w1"', 1)
    old = hashlib.sha256((again / "provenance.json").read_bytes()).hexdigest()
    (again / "provenance.json").write_text(facts)
    sums = (again / "SHA256SUMS").read_text()
    sums = sums.replace(old, hashlib.sha256(facts.encode()).hexdigest())
    (again / "SHA256SUMS").write_text(sums)
    index = json.loads((root / "index.json").read_text())
    digest = hashlib.sha256(sums.encode()).hexdigest()
    index["releases"][1] |= {"version": "1.1.0+w1", "path": "1.1.0_w1", "sums_sha256": digest}
    (root / "index.json").write_text(json.dumps(index))
    web.root = root
    result = onrecord("get", "--from", web.url, "--to", tmp_path / "to")
    assert result.code == 0, result.message
    assert "1.1.0+w1" in result.stdout
    assert "withdrawn from 1.1.0," in result.message
    assert visible(tmp_path / "to") == [
        "1.1.0",
        "1.1.0_w1",
        "index.html",
        "index.json",
        "latest.json",
    ]


def problems(result: Any) -> list[tuple[str, str]]:
    """File and code of everything that ``onrecord verify --json`` found."""
    found = json.loads(result.stdout)
    every = [*found["problems"], *(p for one in found["releases"] for p in one["problems"])]
    assert result.code == (1 if every else 0)
    return [(problem["file"], problem["code"]) for problem in every]


@pytest.mark.parametrize(
    "choice",
    [
        [],
        ["--format", "csv"],
        ["--format", "parquet"],
        ["--tables", "sources,documents"],
        ["--tables", "paragraphs", "--format", "csv"],
        ["--tables", "matches", "--format", "parquet"],
    ],
)
def test_what_came_verifies_and_what_is_damaged_or_extra_does_not(
    choice: list[str], two_releases: Path, tmp_path: Path, onrecord: Command
) -> None:
    got(onrecord("get", "--from", two_releases, "--to", tmp_path, *choice, "--json"))
    assert problems(onrecord("verify", tmp_path, "--json")) == []
    release = tmp_path / "1.1.0"
    (release / "extra.txt").write_text("more")
    table = sorted(release.rglob("*.csv" if "parquet" not in choice else "*.parquet"))[0]
    name = table.relative_to(release).as_posix()
    table.unlink()
    assert ("extra.txt", "extra-file") in problems(onrecord("verify", tmp_path, "--json"))
    assert (name, "missing-file") in problems(onrecord("verify", tmp_path, "--json"))
    got(onrecord("get", "--from", two_releases, "--to", tmp_path, *choice, "--json"))
    assert problems(onrecord("verify", tmp_path, "--json")) == []


def test_the_chain_is_checked_by_what_the_place_said_of_the_others(
    web: Any, two_releases: Path, tmp_path: Path, onrecord: Command
) -> None:
    got(onrecord("get", "--from", web.url, "--to", tmp_path, "--json"))
    index = json.loads((tmp_path / "index.json").read_text())
    first = json.loads((two_releases / "releases" / "index.json").read_text())["releases"][0]
    assert index["elsewhere"] == [{k: first[k] for k in ("version", "content_digest")}]
    index["elsewhere"][0]["content_digest"] = "0" * 64
    (tmp_path / "index.json").write_text(json.dumps(index, indent=2) + "\n")
    found = problems(onrecord("verify", tmp_path, "--fast", "--json"))
    assert found == [("provenance.json", "chain-error")]
    got(onrecord("get", "1.0.0", "--from", web.url, "--to", tmp_path, "--json"))
    assert "elsewhere" not in json.loads((tmp_path / "index.json").read_text())
    assert problems(onrecord("verify", tmp_path, "--all", "--fast", "--json")) == []


@pytest.mark.parametrize("kind", ["web", "s3"])
def test_verify_takes_a_url(
    kind: str, request: pytest.FixtureRequest, two_releases: Path, onrecord: Command
) -> None:
    web = request.getfixturevalue("web") if kind == "web" else None
    place = web.url if web else request.getfixturevalue("two_on_s3")
    for url in (place, f"{place}/releases", f"{place}/releases/1.1.0/"):
        assert problems(onrecord("verify", url, "--json")) == []
    assert problems(onrecord("verify", place, "--all", "--fast", "--json")) == []
    result = onrecord("verify", f"{place}/other")
    assert result.code == 1
    assert "no release here" in result.message
    if web:
        web.spoil = "csv/documents.csv"
        assert ("csv/documents.csv", "checksum-error") in problems(
            onrecord("verify", place, "--json")
        )
    else:
        store = Objects(place)
        store.put("releases/1.1.0/extra.txt", b"more")
        store.delete(["releases/1.1.0/csv/changes.csv"])
        found = problems(onrecord("verify", place, "--fast", "--json"))
        assert ("extra.txt", "extra-file") in found
        assert ("csv/changes.csv", "missing-file") in found
