"""Hostile inputs through the real command line: each has its outcome, the others are published."""

import bz2
import gzip
import io
import json
import lzma
import os
import resource
import stat
import subprocess
import sys
import tarfile
import threading
import time
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests import makers as m
from tests.conftest import MakeSource

MIB = 1024 * 1024
BIDI = "\u202eevil\u202c text\u2066 with \u2069 controls and zero\u200bwidth\u200dsigns"
ARABIC = "عقدت اللجنة اجتماعا يوم الثلاثاء للاستماع إلى سبعة شهود حول حالة الجسور القديمة"


@dataclass
class Built:
    """A release that was built from hostile input."""

    path: Path
    documents: dict[tuple[str, str], dict[str, Any]]
    quarantine: dict[tuple[str, str], dict[str, Any]]
    blocks: dict[str, list[str]]
    peak: int
    stdout: str
    stderr: str

    def texts(self, path: str, locator: str = "") -> list[str]:
        """The blocks of one document."""
        return self.blocks[self.documents[path, locator]["document_id"]]

    def reason(self, path: str, locator: str = "") -> str:
        """Why an input is not in it."""
        return str(self.quarantine[path, locator]["reason"])

    def of(self, path: str) -> tuple[list[str], dict[str, str]]:
        """Locators of the documents of a file, and reasons by locator."""
        found = sorted(locator for name, locator in self.documents if name == path)
        reasons = {k[1]: v["reason"] for k, v in self.quarantine.items() if k[0] == path}
        return found, reasons


def run(*arguments: str, timeout: float = 400) -> subprocess.CompletedProcess[str]:
    """The command line in a process of its own."""
    command = [sys.executable, "-m", "onrecord", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)


def build(seeds: Path, data: Path, *arguments: str) -> Built:
    """Build a release and read it; every input must be accounted for."""
    import pyarrow.parquet as pq

    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    done = run("release", str(seeds), "--data", str(data), *arguments)
    assert done.returncode == 0, done.stderr[-3000:]
    peak = max(before, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) * 1024
    path = data / "releases" / "1.0.0"

    def rows(table: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = pq.read_table(path / f"parquet/{table}.parquet").to_pylist()
        return found

    documents = {(r["path"], r["locator"] or ""): r for r in rows("documents")}
    quarantine = {(r["path"], r["locator"] or ""): r for r in rows("quarantine")}
    blocks: dict[str, list[str]] = {}
    for row in rows("occurrences"):
        blocks.setdefault(row["document_id"], []).append(row["text"])
    built = Built(path, documents, quarantine, blocks, peak, done.stdout, done.stderr)
    assert "Traceback" not in done.stderr
    return built


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
    link, hard, device = tarfile.TarInfo(), tarfile.TarInfo(), tarfile.TarInfo()
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    hard.type, hard.linkname = tarfile.LNKTYPE, "a.txt"
    device.type = tarfile.CHRTYPE
    zip_link = zipfile.ZipInfo("link")
    zip_link.create_system, zip_link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(zip_link, "/etc/passwd")
        archive.writestr("same.txt", m.story("the first twin"))
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("same.txt", m.story("the second twin"))
        archive.writestr("line\nbreak.txt", m.story("a name of two lines"))
    members = {
        "../../up.txt": b"x y z",
        "/etc/passwd": b"x y z",
        "C:\\x.txt": b"x y z",
        "a/../../b.txt": b"x y z",
        "fine/dots..txt": m.story("dots").encode(),
    }
    built = hostile(
        {
            "paths.zip": m.zipped(members),
            "paths.tar": m.tarred({**members, "link": link, "hard": hard, "device": device}),
            "odd.zip": file.getvalue(),
        }
    )
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
    zeros = b"\0" * (60 * MIB)
    nested = m.zipped({"0.txt": m.story("innermost").encode()})
    for depth in range(8):
        nested = m.zipped({f"{depth}.zip": nested})
    many = m.zipped({f"{i}.txt": b"word " * 40_000 for i in range(400)})
    page = ("200 OK\nContent-Type: text/html\nContent-Encoding: gzip", gzip.compress(zeros))
    built = hostile(
        {
            "one.zip": m.zipped({"bomb.txt": zeros, "fine.txt": m.story("beside").encode()}),
            "many.zip": many,
            "nested.zip": nested,
            "bomb.gz": gzip.compress(zeros),
            "bomb.txt.bz2": bz2.compress(zeros),
            "bomb.txt.xz": lzma.compress(zeros),
            "bomb.tar.gz": m.tarred({"bomb.txt": zeros}, "w:gz"),
            "bomb.warc.gz": m.warc(
                [
                    ("response", "https://example.org/bomb", *page),
                    ("conversion", "https://example.org/fine", "", m.story("after").encode()),
                ]
            ),
        },
        "--max-file-mb",
        "64",
    )
    assert built.of("one.zip") == (["fine.txt"], {"bomb.txt": "expands"})
    found, reasons = built.of("many.zip")
    assert reasons[""] == "expands" and 0 < len(found) < 400
    found, reasons = built.of("nested.zip")
    assert not found and set(reasons.values()) == {"too_nested"}
    for name in ("bomb.gz", "bomb.txt.bz2", "bomb.txt.xz", "bomb.tar.gz"):
        assert built.of(name) == ([], {"": "expands"})
    found, reasons = built.of("bomb.warc.gz")
    assert set(reasons.values()) == {"expands"} and len(found) == 1
    assert built.peak < 1500 * MIB


@pytest.mark.hostile
def test_containers_that_break_off(hostile: Hostile) -> None:
    members = {f"{i}.txt": m.story(f"number {i}").encode() for i in range(3)}
    whole_zip, whole_tar = m.zipped(members), m.tarred(members)
    record = m.warc(
        [("conversion", f"https://example.org/{i}", "", m.story(str(i)).encode()) for i in (1, 2)]
    )
    locked = bytearray(m.zipped({"secret.txt": b"words that nobody may read"}))
    locked[6] |= 1
    locked[locked.rindex(b"PK\x01\x02") + 8] |= 1
    built = hostile(
        {
            "cut.zip": whole_zip[: len(whole_zip) // 2],
            "cut.tar": whole_tar[: whole_tar.index(b"number 1") + 20],
            "cut.tar.gz": gzip.compress(whole_tar)[:-20],
            "cut.warc.gz": record[: len(record) - 40],
            "cut.pdf": m.pdf([m.story("cut")])[:300],
            "cut.docx": m.docx(["words"])[:2000],
            "locked.zip": bytes(locked),
            "lie.docx": m.zipped({"word/document.xml": b"<no>", "[Content_Types].xml": b"<x/>"}),
            "empty.zip": m.zipped({}),
            "empty.mbox": b"From nobody",
            "old.doc": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
            "sheet.xlsx": m.zipped({"xl/workbook.xml": b"<x/>"}),
        }
    )
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
    endless = b"<html><body>" + b"<div>" * 20_000 + b"some words" + b"</div>" * 20_000
    built = hostile(
        {
            "deep.html": endless,
            "mixed.zip": m.zipped(
                {
                    "1.txt": m.story("before").encode(),
                    "2.html": endless,
                    "3.html": m.page("between"),
                    "4.html": endless,
                    "5.txt": m.story("behind").encode(),
                }
            ),
        },
        "--limit",
        "parser_seconds=2",
    )
    assert built.of("deep.html") == ([], {"": "parser_time"})
    assert built.of("mixed.zip") == (
        ["1.txt", "3.html", "5.txt"],
        {"2.html": "parser_time", "4.html": "parser_time"},
    )


@pytest.mark.hostile
def test_a_reader_that_takes_too_much_memory_is_stopped(hostile: Hostile) -> None:
    many = b"<html><body>" + b"<p>a<b>b</b></p>" * 1_000_000
    built = hostile({"fat.html": many}, "--limit", f"parser_bytes={150 * MIB}")
    _, reasons = built.of("fat.html")
    assert reasons[""] in ("parser_memory", "parser_failed")


@pytest.mark.hostile
def test_pages_of_extreme_shape(hostile: Hostile) -> None:
    items = "".join(f"<li>item number {i} of the list</li>" for i in range(100_000))
    built = hostile(
        {
            "tags.html": b"<html><body>" + b"<b>" * 20_000 + b"hello world of words",
            "line.html": b"<html><body><p>" + b"word " * 2_000_000 + b"</p></body></html>",
            "list.html": f"<html><body><ul>{items}</ul></body></html>".encode(),
            "entities.html": b"<html><body><p>&#xD800; &#0; &#x110000; and words</p></body></html>",
            "empty.html": b"<html><body><script>alert(1)</script></body></html>",
        }
    )
    for name in ("tags.html", "line.html", "list.html", "entities.html"):
        found, reasons = built.of(name)
        allowed = {"parser_time", "parser_memory", "long_line", "no_text"}
        assert found == [""] or set(reasons.values()) <= allowed, (name, reasons)
    assert built.of("empty.html") == ([], {"": "no_text"})
    assert built.of("line.html") == ([], {"": "long_line"})


@pytest.mark.hostile
def test_texts_of_extreme_shape(hostile: Hostile) -> None:
    paragraph = ("word " * 40_000).strip()  # 200 kB: more than the CSV limit of some readers
    formula = '=HYPERLINK("https://example.org","click")'
    script = "<script>alert('words')</script> stands in this text"
    built = hostile(
        {
            "line.txt": b"x" * (10 * MIB),
            "sentences.txt": b"This is one sentence of many. " * 340_000,
            "long.txt": paragraph.encode(),
            "long.csv": m.csv([["text"], [paragraph]]),
            "items.txt": "".join(f"- item number {i}\n" for i in range(100_000)).encode(),
            "nul.txt": b"before\0after and some more words\n",
            "nuls.txt": b"\0" * 1000,
            "invalid.txt": "Grüße aus Köln, ".encode() + b"\xff\xfe\x80" + " schöne Tage".encode(),
            "bidi.txt": BIDI.encode(),
            "rtl.txt": ARABIC.encode(),
            "formula.txt": formula.encode(),
            "script.txt": script.encode(),
            "surrogates.jsonl": b'{"text": "half a sign \\ud83d of two"}\n',
            "surrogates.txt": b"\xed\xa0\x80 is no UTF-8, these are plain words around it",
            "new\nline.txt": m.story("a file of two lines").encode(),
        }
    )
    assert built.reason("line.txt") == "long_line"
    assert len(built.texts("sentences.txt")) == 340_000
    assert built.texts("long.txt") == built.texts("long.csv", "row=1") == [paragraph]
    assert len(built.texts("items.txt")) == 100_000
    assert "".join(built.texts("nul.txt")).replace("\0", "").startswith("before")
    assert built.reason("nuls.txt") in ("empty", "binary")
    assert built.texts("bidi.txt") == [BIDI] and built.texts("rtl.txt") == [ARABIC]
    assert built.texts("formula.txt") == [formula] and built.texts("script.txt") == [script]
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
    os.mkfifo(folder / "fifo.txt")
    (folder / "zero.txt").symlink_to("/dev/zero")
    (folder / "gone.txt").symlink_to("nowhere")
    (folder / "outside.txt").symlink_to("/etc/hostname")
    (folder / "locked.txt").write_bytes(b"x")
    (folder / "locked.txt").chmod(0)
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
    assert built.peak < 2000 * MIB


@pytest.mark.hostile
def test_files_that_change_and_go_away_while_they_are_read(
    tmp_path: Path, make_source: MakeSource
) -> None:
    files = {f"{i}.txt": (m.story(f"steady {i}") + "\n").encode() * 50 for i in range(2000)}
    files |= {f"{i}.html": m.page(f"page {i}") for i in range(60)}
    folder = make_source(tmp_path / "seeds", "busy", files)
    stop = threading.Event()

    def disturb() -> None:
        turn = 0
        while not stop.is_set():
            turn += 1
            (folder / f"{turn % 500}.txt").write_bytes(b"changed words \xff " * (turn % 4000))
            (folder / f"{turn % 60}.html").write_bytes(m.page(f"changed {turn}"))
            (folder / f"{1500 + turn % 500}.txt").unlink(missing_ok=True)
            time.sleep(0.002)

    thread = threading.Thread(target=disturb)
    thread.start()
    try:
        built = build(tmp_path / "seeds", tmp_path / "data", "--allow", "busy")
    finally:
        stop.set()
        thread.join()
    names = {key[0] for key in (*built.documents, *built.quarantine)}
    assert {f"{i}.txt" for i in range(1500)} <= names
    assert {built.texts(f"{i}.txt")[0] for i in range(600, 1400)} == {
        m.story(f"steady {i}") for i in range(600, 1400)
    }


def test_json_and_csv_that_lie(hostile: Hostile) -> None:
    deep = b'{"text": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    lines = [json.dumps({"text": m.story("a good line")}).encode(), deep, b"{", b"null", b'""']
    built = hostile(
        {
            "lies.jsonl": b"\n".join(lines),
            "lies.csv": b'text,more\n"open quote, never closed\nand on and on\n',
            "ragged.csv": b"text,more\nonly one\n" + b"two words here,x\na,b,c\n",
            "nul.csv": b"text\nwith a \0 in it\n",
            "header.csv": b"\n",
        }
    )
    found, reasons = built.of("lies.jsonl")
    assert found == ["line=1"]
    assert set(reasons) == {"line=2", "line=3", "line=4", "line=5"}
    assert set(reasons.values()) == {"damaged"}
    assert built.of("ragged.csv") == (["row=2"], {"row=1": "damaged", "row=3": "damaged"})
    assert built.of("header.csv") == ([], {"": "empty"})
