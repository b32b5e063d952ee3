"""Each reader on broken input: always an end, only known reasons, and no locator twice.

Inputs are good files of the format with bytes changed, cut, doubled and mixed, so that most get
past the first check. Readers run in this process, so that an error shows; what a child process
adds is tested elsewhere. The time of each reader is bounded.
"""

import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onrecord.ingest.quarantine import Reason
from onrecord.ingest.readers.protocol import Options
from onrecord.ingest.readers.walk import Walk
from tests import makers as m

#: Real seconds that each reader is fuzzed for, at most.
SECONDS = 20.0
STORY = m.story("fuzzed")
_PARTED = m.mail("B", "more words\n").replace(b"text/plain", b"multipart/mixed;boundary=x")
_PARTED += b"\n--x\nContent-Type: text/plain; charset=utf-7\n\nwords\n--x--\n"
GOOD: dict[str, Callable[[], bytes]] = {
    "x.html": lambda: m.page("fuzzed", '<meta name="date" content="2024-03-05">'),
    "x.jsonl": lambda: b'{"text": "one two", "a": {"b": [1, null]}}\n{"text": "\\ud83d"}\n' * 3,
    "x.csv": lambda: m.csv([["text", "title"], [STORY, 'a "b"'], ["c\nd", ""]]),
    "x.zip": lambda: m.zipped({"a.txt": b"words", "b/c.html": m.page("zipped"), "d.zip": b"PK"}),
    "x.tar": lambda: m.tarred({"a.txt": b"words", "b.jsonl": b'{"text": "x"}\n'}),
    "x.tar.gz": lambda: m.tarred({"a.txt": b"words" * 500}, "w:gz"),
    "x.warc": lambda: m.warc(
        [
            ("response", "https://e.org/1", "200 OK\nContent-Type: text/html", m.page("crawled")),
            ("conversion", "https://e.org/2", "", STORY.encode()),
        ],
        gzip=False,
    ),
    "x.warc.gz": lambda: m.warc([("conversion", "https://e.org/2", "", STORY.encode())] * 2),
    "x.mbox": lambda: m.mbox([m.mail("=?utf-8?q?A?=", "words here\n"), m.mail("B", "more\n")]),
    "x.eml": lambda: _PARTED,
    "x.pdf": lambda: m.pdf(["some words of a page", "more words"], "Title"),
    "x.docx": lambda: m.docx(["some words", "more words"], "Title"),
    "x.md": lambda: b"---\ntitle: x\n---\n# A\n\n- b\n- c\n\n```\nd\n```\n",
    "x.txt": "Grüße, 日本語, words\r\n\ttab\0nul\ufeff".encode,
}
_TOKENS = [
    *(b"<", b">", b"</div>", b"<!--", b"&#x110000;", b"\xff\xfe", b"\0", b"\xed\xa0\x80", b'"'),
    *(b"{", b"}", b"\\ud800", b"\r", b"\n\n", b"From ", b"--x", b"PK\x03\x04", b"PK\x01\x02"),
    *(
        b"WARC/1.0\r\n",
        b"Content-Length: -1\r\n",
        b"charset=",
        b"%PDF-",
        b"endobj",
        b"\x1f\x8b\x08",
    ),
]

changes = st.lists(
    st.tuples(
        st.sampled_from(["put", "cut", "drop", "double", "flip"]),
        st.floats(0, 1, exclude_max=True),
        st.one_of(st.sampled_from(_TOKENS), st.binary(min_size=1, max_size=8)),
        st.integers(1, 200),
    ),
    max_size=8,
)


def changed(raw: bytes, steps: list[tuple[str, float, bytes, int]]) -> bytes:
    for what, share, data, size in steps:
        at = int(share * len(raw))
        if what == "put":
            raw = raw[:at] + data + raw[at:]
        elif what == "cut":
            raw = raw[:at]
        elif what == "drop":
            raw = raw[:at] + raw[at + size :]
        elif what == "double":
            raw = raw[: at + size] + raw[at:]
        else:
            raw = raw[:at] + data + raw[at + len(data) :]
    return raw


@pytest.mark.hostile
@pytest.mark.parametrize("repair", [False, True])
@pytest.mark.parametrize("name", GOOD)
def test_whatever_it_gets_a_reader_comes_to_an_end(name: str, repair: bool) -> None:
    good = GOOD[name]()
    options = Options(repair=repair, max_members=1000, max_unpacked=1 << 22)
    until = time.monotonic() + SECONDS / 2
    runs = 0

    @settings(
        max_examples=400, suppress_health_check=list(HealthCheck), deadline=None, database=None
    )
    @given(changes)
    def fuzz(steps: list[tuple[str, float, bytes, int]]) -> None:
        nonlocal runs
        if time.monotonic() > until:
            return
        runs += 1
        raw = changed(good, steps)
        begun: list[list[int]] = []
        given_back = 0

        def send(header: dict[str, Any], payload: bytes = b"") -> None:
            nonlocal given_back
            kind = header["kind"]
            if kind == "begin":
                begun.append(header["path"])
            elif kind == "end":
                assert begun.pop() == header["path"]
            elif kind == "refused":
                Reason(header["reason"])
                assert header["found"] and "\n" not in header["found"][:1]
                header["found"].encode()
                given_back += 1
            elif kind in ("text", "bytes"):
                payload.decode("utf-8" if kind == "text" else "latin-1")
                header["locator"].encode()
                given_back += 1
            else:
                assert kind in ("left_out", "tick")
                given_back += 1

        Walk(options, send, None).file(name, raw)
        assert given_back, "an input without any outcome"

    fuzz()
    assert runs >= 3
