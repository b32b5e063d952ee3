"""Hostile inputs through the real command line: each has its outcome, the others are published."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests import makers as m
from tests.conftest import MakeSource
from tests.hostile import cases
from tests.hostile.built import Built, build, disturbed


@pytest.fixture
def hostile(tmp_path: Path, make_source: MakeSource) -> Callable[..., Built]:
    """Build a release of hostile files beside harmless ones, which must be published."""

    def built(files: Mapping[str, bytes], *arguments: str, **yml: Any) -> Built:
        good = {"good.txt": m.story("harmless").encode(), "good.html": m.page("harmless page")}
        make_source(tmp_path / "seeds", "hostile", {**files, **good}, **yml)
        result = build(tmp_path / "seeds", tmp_path / "data", *arguments, "--allow", "hostile")
        assert result.texts("good.txt") == [m.story("harmless")]
        assert m.story("harmless page") in result.texts("good.html")
        for name in files:
            accounted = [k for k in (*result.documents, *result.quarantine) if k[0] == name]
            assert accounted, f"{name} is not accounted for"
        return result

    return built


Hostile = Callable[..., Built]


def test_archives_with_paths_links_and_twins(hostile: Hostile) -> None:
    built = hostile(cases.archives())
    for name in ("paths.zip", "paths.tar"):
        found, reasons = built.of(name)
        unsafe = {key for key, reason in reasons.items() if reason == "unsafe_name"}
        assert unsafe == {"../../up.txt", "/etc/passwd", "C:\\x.txt", "a/../../b.txt"}
        assert found == ["fine/dots..txt"]
    _, reasons = built.of("paths.tar")
    assert {reasons[name] for name in ("link", "hard", "device")} == {"not_regular"}
    found, reasons = built.of("odd.zip")
    assert found == ["line\nbreak.txt", "same.txt", "same.txt#2"]
    assert reasons == {"link": "not_regular"}
    assert built.texts("odd.zip", "same.txt#2") == [m.story("the second twin")]


@pytest.mark.hostile
def test_bombs_do_not_fill_the_memory(hostile: Hostile) -> None:
    built = hostile(cases.bombs(), "--max-file-mb", "64")
    assert built.of("one.zip") == (["fine.txt"], {"bomb.txt": "expands"})
    found, reasons = built.of("many.zip")
    assert reasons[""] == "expands" and 0 < len(found) < 400
    found, reasons = built.of("nested.zip")
    assert not found and set(reasons.values()) == {"too_nested"}
    for name in ("bomb.gz", "bomb.txt.bz2", "bomb.txt.xz", "bomb.tar.gz"):
        assert built.of(name) == ([], {"": "expands"})
    found, reasons = built.of("bomb.warc.gz")
    assert set(reasons.values()) == {"expands"} and len(found) == 1
    assert built.peak < 1500 * cases.MIB


@pytest.mark.hostile
def test_containers_that_break_off(hostile: Hostile) -> None:
    built = hostile(cases.broken())
    damaged = {"": "damaged"}
    assert built.of("cut.zip") == ([], damaged)
    assert built.of("cut.tar.gz") == ([], damaged)
    assert built.of("cut.pdf") == ([], damaged)
    assert built.of("cut.docx") == ([], damaged)
    assert built.of("lie.docx") == ([], damaged)
    found, reasons = built.of("cut.tar")
    assert found == ["0.txt"] and "damaged" in reasons.values()
    found, reasons = built.of("cut.warc.gz")
    assert len(found) == 1 and set(reasons.values()) == {"damaged"}
    assert built.of("locked.zip") == ([], {"secret.txt": "encrypted"})
    assert built.of("empty.zip") == ([], {"": "empty"})
    assert built.of("sheet.xlsx") == ([], {"": "binary"})
    assert built.of("old.doc") == ([], {"": "binary"})
    assert built.of("empty.mbox") == ([""], {})  # one line of text, whatever it is called


@pytest.mark.hostile
def test_a_reader_that_takes_too_long_is_stopped_and_the_rest_is_read(hostile: Hostile) -> None:
    built = hostile(cases.endless(), "--limit", "parser_seconds=2")
    assert built.of("deep.html") == ([], {"": "parser_time"})
    assert built.of("mixed.zip") == (
        ["1.txt", "3.html", "5.txt"],
        {"2.html": "parser_time", "4.html": "parser_time"},
    )


@pytest.mark.hostile
def test_a_reader_that_takes_too_much_memory_is_stopped(hostile: Hostile) -> None:
    many = b"<html><body>" + b"<p>a<b>b</b></p>" * 1_000_000
    built = hostile({"fat.html": many}, "--limit", f"parser_bytes={150 * cases.MIB}")
    _, reasons = built.of("fat.html")
    assert reasons[""] in ("parser_memory", "parser_failed")


@pytest.mark.hostile
def test_pages_of_extreme_shape(hostile: Hostile) -> None:
    built = hostile(cases.pages())
    for name in ("tags.html", "line.html", "list.html", "entities.html"):
        found, reasons = built.of(name)
        allowed = {"parser_time", "parser_memory", "long_line", "no_text"}
        assert found == [""] or set(reasons.values()) <= allowed, (name, reasons)
    assert built.of("empty.html") == ([], {"": "no_text"})
    assert built.of("line.html") == ([], {"": "long_line"})


@pytest.mark.hostile
def test_texts_of_extreme_shape(hostile: Hostile) -> None:
    built = hostile(cases.texts())
    assert built.reason("line.txt") == "long_line"
    assert len(built.texts("sentences.txt")) == 340_000
    assert built.texts("long.txt") == built.texts("long.csv", "row=1") == [cases.LONG_PARAGRAPH]
    assert len(built.texts("items.txt")) == 100_000
    assert "".join(built.texts("nul.txt")).replace("\0", "").startswith("before")
    assert built.reason("nuls.txt") in ("empty", "binary")
    assert built.texts("bidi.txt") == [cases.BIDI] and built.texts("rtl.txt") == [cases.ARABIC]
    assert built.texts("formula.txt") == [cases.FORMULA] and built.texts("script.txt") == [
        cases.SCRIPT
    ]
    assert built.texts("surrogates.jsonl", "line=1") == ["half a sign \ufffd of two"]
    assert built.texts("new\nline.txt") == [m.story("a file of two lines")]
    for name in ("invalid.txt", "surrogates.txt", "nul.txt"):
        document = built.documents[name, ""]["document_id"]
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "onrecord",
                "restore",
                document,
                "--data",
                str(built.path.parents[1]),
            ],
            capture_output=True,
            check=True,
        )
        assert done.stdout == (built.path.parents[2] / "seeds" / "hostile" / name).read_bytes()
    for name in ("README.md", "index.html"):  # wherever we render text it is inert
        if (built.path / name).exists():
            assert "<script>alert('words')" not in (built.path / name).read_text("utf-8")


@pytest.mark.hostile
def test_what_is_no_regular_file(tmp_path: Path, make_source: MakeSource) -> None:
    folder = make_source(tmp_path / "seeds", "odd", {"good.txt": m.story("regular").encode()})
    cases.irregular(folder)
    built = build(tmp_path / "seeds", tmp_path / "data")
    assert built.texts("good.txt") == [m.story("regular")]
    assert built.reason("fifo.txt") == "not_regular"
    assert built.reason("zero.txt") == "outside_link"
    assert built.reason("outside.txt") == "outside_link"
    assert built.reason("gone.txt") in ("unreadable", "outside_link")
    if os.geteuid():
        assert built.reason("locked.txt") == "unreadable"


@pytest.mark.hostile
def test_a_folder_of_a_hundred_thousand_files(tmp_path: Path, make_source: MakeSource) -> None:
    files = {f"{i}.txt": f"This is the text of file {i} alone.".encode() for i in range(100_000)}
    make_source(tmp_path / "seeds", "many", files)
    built = build(tmp_path / "seeds", tmp_path / "data", "--allow", "many")
    assert len(built.documents) == 100_000
    assert built.peak < 2000 * cases.MIB


@pytest.mark.hostile
def test_files_that_change_and_go_away_while_they_are_read(
    tmp_path: Path, make_source: MakeSource
) -> None:
    folder = make_source(tmp_path / "seeds", "busy", cases.steady())
    with disturbed(folder):
        built = build(tmp_path / "seeds", tmp_path / "data", "--allow", "busy")
    names = {key[0] for key in (*built.documents, *built.quarantine)}
    assert {f"{i}.txt" for i in range(1500)} <= names
    assert {built.texts(f"{i}.txt")[0] for i in range(600, 1400)} == {
        m.story(f"steady {i}") for i in range(600, 1400)
    }


def test_json_and_csv_that_lie(hostile: Hostile) -> None:
    built = hostile(cases.lies())
    found, reasons = built.of("lies.jsonl")
    assert found == ["line=1"]
    assert set(reasons) == {"line=2", "line=3", "line=4", "line=5"}
    assert set(reasons.values()) == {"damaged"}
    assert built.of("ragged.csv") == (["row=2"], {"row=1": "damaged", "row=3": "damaged"})
    assert built.of("header.csv") == ([], {"": "empty"})
