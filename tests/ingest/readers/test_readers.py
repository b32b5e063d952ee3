"""Each reader by itself, through the walk that a child process makes."""

import gzip
import json
import tomllib
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from onrecord.ingest.quarantine import ADVICE, Reason
from onrecord.ingest.readers.facts import clean, date, moment
from onrecord.ingest.readers.frames import Frames, packed
from onrecord.ingest.readers.protocol import Options
from onrecord.ingest.readers.registry import OURS, format_of, known_formats, readers
from onrecord.ingest.readers.sniff import HEAD
from onrecord.ingest.readers.walk import Walk
from tests import makers as m


class Found(NamedTuple):
    """What a walk gave, without its beginnings and ends."""

    texts: dict[str, str]
    facts: dict[str, dict[str, str]]
    refused: dict[str, str]
    readers: dict[str, str]
    basis: dict[str, Any]


def walk(name: str, raw: bytes, **options: Any) -> Found:
    found = Found({}, {}, {}, {}, {})

    def send(header: dict[str, Any], payload: bytes = b"") -> None:
        if header["kind"] in ("text", "bytes"):
            where = header["locator"]
            assert where not in found.texts
            found.texts[where] = payload.decode("utf-8", "replace")
            found.facts[where] = header["facts"]
            found.readers[where] = header["reader"]
            found.basis[where] = header.get("basis")
        elif header["kind"] == "refused":
            assert Reason(header["reason"]) in ADVICE
            found.refused[header["locator"]] = header["reason"]

    Walk(Options(**options), send, None).file(name, raw)
    return found


STORIES = [m.story(f"number {i}") for i in range(4)]


@pytest.mark.parametrize(
    ("name", "raw", "expected"),
    [
        ("x", m.page("x"), "html"),
        ("x.txt", b"\xef\xbb\xbf \n<!-- a --><HTML><p>x", "html"),
        ("x.txt", "<!DOCTYPE html>".encode("utf-16"), "html"),
        ("x", b'<?xml version="1.0"?>\n<html xmlns="x">', "html"),
        ("x.html", b"no tags at all", "html"),
        ("x.txt", b"<p>is no page</p>", "text"),
        ("x.dat", m.pdf(["a"]), "pdf"),
        ("x.html", m.pdf(["a"]), "pdf"),
        ("x.bin", m.docx(["a"]), "docx"),
        ("x", m.zipped({"a": b"a"}), "zip"),
        ("x", m.tarred({"a": b"a"}), "tar"),
        ("x", gzip.compress(b"text", mtime=0), "compressed"),
        ("x", m.warc([("conversion", "u:x", "", b"a")]), "warc"),
        ("x", m.warc([("conversion", "u:x", "", b"a")], gzip=False), "warc"),
        ("x.txt", m.mbox([m.mail("a", "b")]), "mbox"),
        ("x.txt", m.mail("a", "b"), "eml"),
        ("x.txt", b"From: The Board\nTo: All\nSubject: Memo\n\nIs no mail.", "text"),
        ("x.txt", b"From the beginning it was clear.", "text"),
        ("x.txt", b'{"text": "a"}\n{"text": "b"}\n', "jsonl"),
        ("x.txt", b'{"text": "a"}', "text"),
        ("x.jsonl", b'{"text": "a"}', "jsonl"),
        ("x.csv", b"a,b", "csv"),
        ("x.md", b"a", "markdown"),
        ("x.wiki", b"a", "wiki"),
        ("x.zip", b"words", "text"),
        (".html", b"words", "text"),
    ],
)
def test_formats_are_known_by_content_then_by_name(name: str, raw: bytes, expected: str) -> None:
    assert format_of(name, raw[:HEAD]) == expected


def test_our_readers_are_registered_as_others_would_be() -> None:
    project = tomllib.loads(
        (Path(__file__).resolve().parents[3] / "pyproject.toml").read_text("utf-8")
    )
    assert project["project"]["entry-points"]["onrecord.readers"] == OURS
    for name, reader in readers().items():
        assert reader.name == name
        assert reader.version.isdigit()
    assert {"text", "markdown", "html", "warc"} <= set(known_formats())


def test_a_page_gives_its_text_without_menus() -> None:
    head = (
        '<link rel="canonical" href="https://example.org/p">'
        '<script type="application/ld+json">{"@graph": [{"datePublished": "2024-03-05T01:02:03Z"}]}'
        "</script>"
    )
    found = walk("x.html", m.page("pages", head))
    assert found.texts[""].split("\n")[:2] == ["What became of pages", m.story("pages")]
    assert "Home" not in found.texts[""]
    assert found.facts[""] == {
        "title": "About pages",
        "published": "2024-03-05",
        "url": "https://example.org/p",
    }
    assert found.readers[""] == "html/1"


def test_a_date_that_a_page_does_not_state_is_not_guessed() -> None:
    raw = m.page("dates", '<meta name="date" content="05/03/2024">').replace(
        b"</h1>", b"</h1><p>Posted 5 March 2024 in /2024/03/05/</p>"
    )
    assert "published" not in walk("x.html", raw).facts[""]


@pytest.mark.parametrize("charset", ["windows-1251", "koi8-r", "utf-8", "utf-16"])
def test_a_page_is_decoded_as_it_declares(charset: str) -> None:
    raw = m.page("Совет решил", charset=charset)
    found = walk("x.html", raw)
    assert m.story("Совет решил") in found.texts[""]
    assert found.basis[""][1] == ("mark" if charset == "utf-16" else "declared")


def test_pages_without_a_main_part_fall_back() -> None:
    assert "tiny" in walk("x.html", b"<html><body><div>tiny</div></body></html>").texts[""]
    assert walk("x.html", b"<html><body></body></html>").refused == {"": "no_text"}


def test_json_lines_with_named_fields() -> None:
    lines = [
        {"body": STORIES[0], "meta": {"head": "One"}, "day": "2024-01-02"},
        {"body": STORIES[1], "meta": {}, "day": "02/01/2024"},
        {"nothing": 1},
    ]
    raw = "\n".join(json.dumps(line) for line in lines).encode()
    fields = {"text": ["meta.head", "body"], "title": "meta.head", "published": "day"}
    found = walk("x.jsonl", raw, fields=fields)
    assert found.texts == {"line=1": f"One\n\n{STORIES[0]}", "line=2": STORIES[1]}
    assert found.facts == {"line=1": {"title": "One", "published": "2024-01-02"}, "line=2": {}}
    assert found.refused == {"line=3": "no_field"}


def test_a_line_separator_within_json_ends_no_line() -> None:
    raw = json.dumps({"text": "one\u2028two"}, ensure_ascii=False).encode()
    assert walk("x.jsonl", raw).texts == {"line=1": "one\u2028two"}


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_csv_cells_of_any_size_and_delimiter(delimiter: str) -> None:
    large = 'a "quoted" cell, of\r\ntwo lines; ' + "word " * 40_000
    raw = m.csv([["id", "text"], ["1", large], ["2", "=1+1"]], delimiter)
    found = walk("x.csv", raw)
    assert found.texts == {"row=1": large.replace("\r\n", "\n"), "row=2": "=1+1"}


def test_archives_within_archives_name_every_member() -> None:
    inner = m.zipped({"deep/a.txt": b"words one", "b.jsonl": b'{"text": "words two"}'})
    raw = gzip.compress(m.tarred({"in.zip": inner, "c.txt": b"words three", "d/.e": b"hidden"}))
    found = walk("all.tar.gz", raw, exclude=(r"(?:.*/)?\.[^/]*",))
    assert found.texts == {
        "in.zip!/deep/a.txt": "words one",
        "in.zip!/b.jsonl!/line=1": "words two",
        "c.txt": "words three",
    }
    assert found.readers["c.txt"] == "text/1"
    assert not found.refused


def test_limits_of_containers() -> None:
    many = m.zipped({f"{i}.txt": b"words" for i in range(10)})
    found = walk("x.zip", many, max_members=4)
    assert len(found.texts) == 4 and found.refused == {"": "too_many_members"}
    large = m.zipped({f"{i}.txt": b"%d " % i * 400_000 for i in range(10)})
    found = walk("x.zip", large, max_unpacked=1_000_000)
    assert len(found.texts) == 1 and found.refused == {"": "expands"}
    assert walk("x.zip", large, max_bytes=1000).refused == {
        f"{i}.txt": "too_large" for i in range(10)
    }
    assert walk("x.zip", m.zipped({"y.zip": many}), max_nesting=1).refused == {
        "y.zip": "too_nested"
    }


@pytest.mark.parametrize("whole", [False, True])
def test_crawled_pages(whole: bool) -> None:
    html = "200 OK\nContent-Type: text/html; charset=windows-1251"
    records = [
        ("warcinfo", "", "", b"software: x"),
        ("response", "https://example.org/1", html, m.page("Совет", charset="cp1251")),
        ("response", "https://example.org/2", "301 Moved\nLocation: /", b"moved"),
        ("response", "https://example.org/s.css", "200 OK\nContent-Type: text/css", b"p {}"),
        ("revisit", "https://example.org/3", "", b""),
        ("conversion", "https://example.org/4", "", STORIES[0].encode()),
        ("response", "https://example.org/a.zip", "200 OK", m.zipped({"a.txt": b"zipped words"})),
    ]
    raw = gzip.compress(m.warc(records, gzip=False)) if whole else m.warc(records)
    found = walk("x.warc.gz", raw)
    page, plain, member = found.texts
    assert m.story("Совет") in found.texts[page] and found.texts[plain] == STORIES[0]
    assert member.endswith("!/a.txt")
    assert found.facts[plain] == {
        "retrieved": "2024-05-31T09:30:00Z",
        "url": "https://example.org/4",
    }
    assert found.facts[page]["url"] == "https://example.org/1"
    assert sorted(found.refused.values()) == ["empty", "no_text", "not_ok"]
    # The locator is where the record begins.
    at = int(page.removeprefix("offset="))
    assert (gzip.decompress(raw) if whole else gzip.decompress(raw[at:]))[at * whole :].startswith(
        b"WARC/1."
    )


def test_mails_with_attachments_and_other_forms() -> None:
    raw = b"""Return-Path: <a@example.org>
Subject: =?iso-8859-1?q?Gr=FC=DFe?=
Date: Tue, 05 Mar 2024 10:00:00 +0100
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=B

--B
Content-Type: multipart/alternative; boundary=A

--A
Content-Type: text/plain; charset=iso-8859-1; format=flowed
Content-Transfer-Encoding: quoted-printable

Sch=F6ne Gr=FC=DFe =
=20
von hier.
--A
Content-Type: text/html

<p>same</p>
--A--
--B
Content-Type: text/plain; charset=koi8-r; name=n.txt
Content-Disposition: attachment; filename=n.txt
Content-Transfer-Encoding: base64

8NLJ18XU
--B
Content-Type: message/rfc822

Subject: inner
Message-ID: <x@y>

inner words
--B--
"""
    found = walk("x.eml", raw)
    assert found.texts[""].strip() == "Schöne Grüße  von hier."
    assert found.facts[""] == {"title": "Grüße", "published": "2024-03-05"}
    assert found.texts["part=4"].strip() == "inner words"
    assert set(found.texts) == {"", "part=3", "part=4"} and not found.refused


def test_a_mailbox_gives_each_mail() -> None:
    mails = [m.mail("One", "First words.\n\nFrom here on.\n"), m.mail("Two", "Second words.\n")]
    found = walk("x.mbox", m.mbox(mails))
    assert [text.split("\n")[0] for text in found.texts.values()] == [
        "First words.",
        "Second words.",
    ]
    assert list(found.texts) == ["message=1", "message=2"]
    assert "\nFrom here on." in found.texts["message=1"]


def test_pdf_pages_and_word_documents() -> None:
    wrapped = "one two three four five six seven eight\nnine ten and so on to the end\nshort"
    found = walk("x.pdf", m.pdf([wrapped, "", "third"], "Bridges"))
    assert found.texts["page=1"].startswith("one two three four five six seven eight nine")
    assert found.texts["page=3"] == "third"
    assert found.facts["page=3"] == {"title": "Bridges"}
    assert found.refused == {"page=2": "no_text"}
    assert walk("x.pdf", m.pdf(["", ""])).refused == {"": "no_text"}
    found = walk("x.docx", m.docx(["one", "", "two"], "Bridges"))
    assert found.texts == {"": "one\n\ntwo"} and found.facts[""] == {"title": "Bridges"}


@pytest.mark.parametrize(("module", "name"), [("pypdfium2", "x.pdf"), ("docx", "x.docx")])
def test_a_missing_extra_is_a_reason(
    module: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = m.pdf(["words"]) if name == "x.pdf" else m.docx(["words"])
    monkeypatch.setitem(__import__("sys").modules, module, None)
    assert walk(name, raw).refused == {"": "missing_extra"}


def test_mojibake_is_repaired_where_it_is_asked_for() -> None:
    broken = "The mayorâ€™s “quoted” ﬁne ＷＩＤＥ cafÃ©"
    mended = "The mayor’s “quoted” ﬁne ＷＩＤＥ café"
    assert walk("x.txt", broken.encode()).texts[""] == broken
    assert walk("x.txt", broken.encode(), repair=True).texts[""] == mended
    assert walk("x.txt", mended.encode(), repair=True).basis[""] is None
    raw = json.dumps({"text": broken}).encode()
    assert walk("x.jsonl", raw, repair=True).texts["line=1"] == mended


def test_a_walk_goes_on_behind_what_a_child_died_of() -> None:
    inner = m.zipped({f"{i}.txt": f"inner {i}".encode() for i in range(3)})
    raw = m.zipped({"a.txt": b"a a", "in.zip": inner, "b.txt": b"b b"})

    def rest(resume: list[int]) -> list[str]:
        found: list[str] = []

        def send(header: dict[str, Any], payload: bytes = b"") -> None:
            if header["kind"] == "bytes":
                found.append(header["locator"])

        Walk(Options(), send, resume).file("x.zip", raw)
        return found

    assert rest([0]) == ["in.zip!/0.txt", "in.zip!/1.txt", "in.zip!/2.txt", "b.txt"]
    assert rest([1, 0]) == ["in.zip!/1.txt", "in.zip!/2.txt", "b.txt"]
    assert rest([1, 2]) == ["b.txt"]
    assert rest([1]) == ["b.txt"]
    assert rest([2]) == []


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ("2024-03-05", "2024-03-05"),
        ("2024-03-05T23:30:00-08:00", "2024-03-05"),
        ("5 March 2024", "2024-03-05"),
        ("Tuesday, March 5, 2024", "2024-03-05"),
        ("Mar. 5th, 2024", "2024-03-05"),
        ("05/03/2024", None),
        ("March 2024", None),
        ("2024-13-05", None),
        ("31 June 2024", None),
        ("", None),
        (20240305, None),
        (None, None),
    ],
)
def test_only_dates_of_unambiguous_form_are_taken(stated: object, expected: str | None) -> None:
    assert date(stated) == expected


def test_moments_have_the_form_of_the_table() -> None:
    assert moment("2024-03-05 10:00:00+0100") == "2024-03-05T10:00:00+01:00"
    assert moment("2024-03-05T10:00Z") == "2024-03-05T10:00Z"
    assert moment("5 March 2024") == "2024-03-05"
    assert moment("yesterday") is None


def test_text_that_utf8_can_not_say_is_made_sayable() -> None:
    assert clean("a\ud83d b \ud83d\ude00\r\nc\rd") == "a\ufffd b 😀\nc\nd"


def test_messages_survive_being_cut_anywhere() -> None:
    sent = [({"kind": "text", "n": i}, bytes(range(i))) for i in range(5)]
    stream = b"".join(packed(header, payload) + payload for header, payload in sent)
    for size in (1, 7, 1000):
        frames, got = Frames(), []
        for at in range(0, len(stream), size):
            frames.feed(stream[at : at + size])
            while (message := frames.next()) is not None:
                got.append(message)
        assert got == sent
