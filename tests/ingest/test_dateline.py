"""Dates at the head of a text: only in forms that leave no doubt."""

import datetime
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onrecord.ingest.dateline import HEAD, dateline
from onrecord.job import release
from onrecord.settings import Settings

BODY = "The council met on Tuesday to hear what had become of the bridges in the north of town."


@pytest.mark.parametrize(
    "line",
    [
        "March 3, 2019",
        "Sunday, March 3, 2019",
        "Mar. 3, 2019",
        "3 March 2019",
        "3rd of March, 2019",
        "2019-03-03",
        "2019-03-03T10:00:00Z",
        "2019-03-03 10:00:00 -0400",
        "2019-03-03 9:00 a.m. EST",
        "Published: 2019-03-03",
        "Published on March 3, 2019 at 10:30 pm",
        "Date: 3 March 2019",
        "date: 2019-03-03",
        "By Jane Doe, March 3, 2019",
        "By JANE DOE | March 3, 2019",
        "March 3, 2019 by Jane Doe",
        "*March 3, 2019*",
        "(March 3, 2019)",
        "3 de marzo de 2019",
        "Publié le 3 mars 2019",
        "3. März 2019",
        "domingo, 3 de março de 2019",
        "3 marzo 2019",
        "3 марта 2019",
        "2019年3月3日",
        f"WASHINGTON, March 3, 2019 — {BODY}",
        f"WASHINGTON, D.C., March 3, 2019 /PRNewswire/ -- {BODY}",
        f"NEW YORK (March 3, 2019) – {BODY}",
        f"Geneva, 3 March 2019 - {BODY}",
        "Sunday March  3  2019  FOR IMMEDIATE RELEASE  Contact the press office",
        "FOR IMMEDIATE RELEASE: March 3, 2019",
    ],
)
def test_forms_that_leave_no_doubt(line: str) -> None:
    for text in (f"A headline\n\n{line}\n\n{BODY}\n", f"{line}\r\n{BODY}", line):
        assert dateline(text) == "2019-03-03"


@pytest.mark.parametrize(
    "line",
    [
        "03/04/2019",
        "3.4.2019",
        "2019/03/04",
        "2019-13-03",
        "2019-02-29",
        "February 30, 2019",
        "March 3, 1819",
        "March 2019",
        "March 3",
        "Born 3 March 2019",
        "Deadline: March 3, 2019",
        "Updated March 3, 2019",
        "Deadline:\nMarch 3, 2019",
        "Operation Overlord, June 6, 1944",
        "Pearl Harbor, December 7, 1941 - A day that came to be remembered",
        f"On Tuesday, March 3, 2019 — {BODY}",
        f"Yesterday, March 3, 2019 — {BODY}",
        f"March 3, 2019 — {BODY}",
        f"TEHRAN — By the end of the year (March 20, 2017) {BODY}",
        f"He said on March 3, 2019 that {BODY}",
        "March 3, 2019\nMarch 4, 2019",
        "Date: March 3, 2019\nTime: 7 pm\nLocation: the town hall",
        "March 3, 2019\nPlease join us in the town hall.",
        "2019-03-03-1",
        "Apr\u0131l 3, 2019",
        "12019-03-03",
        "isbn 2019-03-0355",
    ],
)
def test_forms_that_leave_a_doubt(line: str) -> None:
    assert dateline(f"A headline\n\n{line}\n\n{BODY}\n") is None


def test_only_the_head_is_looked_at_and_lines_are_whole() -> None:
    line = "March 3, 2019"
    filler = (BODY + "\n") * 10
    assert dateline(f"{filler}{line}\n") is None
    cut = "x" * (HEAD - len(line) - 1) + "\n" + line
    assert dateline(cut) == "2019-03-03"
    assert dateline(f"{cut} and so on") is None
    assert dateline(f"{line}\n{line}\n{filler}") == "2019-03-03"


@given(st.dates(datetime.date(1900, 1, 1), datetime.date(2100, 12, 31)), st.integers(0, 3))
def test_every_day_of_the_calendar(day: datetime.date, form: int) -> None:
    month = f"{datetime.date(2000, day.month, 1):%B}"
    text = (
        day.isoformat(),
        f"{month} {day.day}, {day.year}",
        f"{day.day} {month[:3]} {day.year}",
        f"{day.year}年{day.month}月{day.day}日",
    )[form]
    assert dateline(f"A headline\n{text}\n{BODY}") == day.isoformat()


@given(st.text(st.sampled_from("19 2003-4/MarchBy,.:—()年月日\nT")))
def test_whatever_stands_there(text: str) -> None:
    found = dateline(text)
    assert found is None or 1900 <= datetime.date.fromisoformat(found).year <= 2100


def test_metadata_win_and_withheld_texts_give_none(
    tmp_path: Path, make_source: Callable[..., Path]
) -> None:
    text = f"A headline\n\nMarch 3, 2019\n\n{BODY}\n"
    files = {
        "dated.txt": text,
        "front.md": f"---\ndate: 2020-01-02\n---\n{text}",
        "plain.md": text,
        "page.html": f"<html><body><article><p>March 3, 2019</p><p>{BODY}</p><p>{BODY} Then they "
        "went home again.</p></article></body></html>",
        "no.txt": BODY,
    }
    raw = {name: content.encode() for name, content in files.items()}
    make_source(tmp_path / "seeds", "news", raw)
    make_source(tmp_path / "seeds", "part", {"a.txt": text.encode()}, publication="excerpt")
    make_source(tmp_path / "seeds", "closed", {"a.txt": text.encode()}, publication="metadata")
    release(tmp_path / "seeds", tmp_path / "data", Settings())
    rows = pl.read_parquet(tmp_path / "data/releases/1.0.0/parquet/documents.parquet")
    found = {
        row["path"] if row["source_id"] == "news" else row["source_id"]: row["published"]
        for row in rows.to_dicts()
    }
    assert found == {
        "dated.txt": "2019-03-03",
        "front.md": "2020-01-02",
        "plain.md": "2019-03-03",
        "page.html": "2019-03-03",
        "no.txt": None,
        "part": None,
        "closed": None,
    }
