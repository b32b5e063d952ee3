"""``export`` as it is typed: every form, what a source or a licence allows, and what is refused."""

import json
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from typer.testing import CliRunner, Result

from onrecord.commands import app
from onrecord.display import unwrapped
from onrecord.errors import OnrecordError
from onrecord.export.flat import inert, one_line
from onrecord.job import release
from onrecord.records.schema import TABLES, schema
from onrecord.settings import Settings

MakeSource = Callable[..., Path]

FIRST = "Residents of the town said that the water supply was cut on the first day of the siege."
SECOND = "The clinic had run out of medicine before the road was opened again in the late spring."
THIRD = "Aid groups asked for access to the valley, where 300 families were waiting for shelter."
OTHER = THIRD.replace("300", "340")
OPEN = "Nobody was hurt when the old mill burnt down on the night before the harvest began."
HYPERLINK = '=HYPERLINK("http://localhost/?x="&A1,"click me")'
SECRET = "The witness said that the convoy left the barracks shortly before midnight on Monday."
WRAPPED = (
    "From: the editor of a small paper in the north of the country, to all who\n"
    "read it, and to those who only look at the pictures; with the well-\n"
    "known wish that they would write to us more often than they do, as it is\n"
    "a pleasure to hear from them in the long winters that we have up here, in\n"
    "which nothing happens but snow, and then some more of it, until the end\n"
    "of April or so, when the river breaks up and the ferry goes once again.\n"
)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, make_source: MakeSource) -> Path:
    """Sources with texts in common: `beta` has the wording of what stands in `alpha`, too."""
    root = tmp_path_factory.mktemp("export")
    alpha = {
        "one.txt": f"{FIRST}\n{SECOND}\n{THIRD}\n{OPEN.upper()}\n",
        "two.txt": f"{HYPERLINK}\n+49 30 901820\n-- the editors\n@everyone\n12 apples\n",
        "three.txt": WRAPPED + "\n" + WRAPPED.replace("north", "south"),
    }
    beta = {"a.txt": f"{FIRST} {SECOND} Then came the rain.\n{OTHER}\n", "0.txt": f"{OPEN}\n"}
    for name, files, yml in (
        ("alpha", alpha, {"license": "CC0-1.0"}),
        ("beta", beta, {"license": "CC-BY-4.0"}),
        ("gamma", {"g.txt": f"{SECRET}\n{FIRST}\n"}, {"publication": "metadata"}),
        ("delta", {"d.txt": f"{THIRD}\nOnly here it is said.\n", "e.bin": "\0\0"}, {}),
    ):
        make_source(root / "seeds", name, {k: v.encode() for k, v in files.items()}, **yml)
    release(root / "seeds", root / "data", Settings())
    return root / "data"


def onrecord(*arguments: str | Path, code: int = 0) -> Result:
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if isinstance(done.exception, OnrecordError):
        assert done.exception.exit_code == code, done.exception
    else:
        assert done.exit_code == code, (done.output, done.exception)
    return done


def export(place: Path | str, output: Path, *more: str) -> dict[str, Any]:
    done = onrecord("export", "--data", place, "--output", output, "--json", *more)
    told: dict[str, Any] = json.loads(done.stdout)
    assert told["bytes"] == output.stat().st_size
    assert not list(output.parent.glob(".new-*"))
    return told


def published(data: Path, table: str) -> pl.DataFrame:
    return pl.read_parquet(data / "releases" / "1.0.0" / "parquet" / f"{table}.parquet")


def sources_of(data: Path) -> list[str]:
    return published(data, "sources")["source_id"].to_list()


@pytest.mark.parametrize("table", TABLES)
def test_csv_is_the_file_of_the_release(data: Path, tmp_path: Path, table: str) -> None:
    told = export(data, tmp_path / "t.csv", "--format", "csv", "--table", table)
    assert told["rows"] == {table: len(published(data, table))}
    original = data / "releases" / "1.0.0" / "csv" / f"{table}.csv"
    assert (tmp_path / "t.csv").read_bytes() == original.read_bytes()


def test_the_safe_form_holds_no_formula_and_numbers_stay(data: Path, tmp_path: Path) -> None:
    export(data, tmp_path / "o.csv", "--format", "csv", "--table", "occurrences")
    safe = ("--format", "csv", "--table", "occurrences", "--spreadsheet-safe")
    export(data, tmp_path / "s.csv", *safe)
    verbatim, made_safe = pl.read_csv(tmp_path / "o.csv"), pl.read_csv(tmp_path / "s.csv")
    assert HYPERLINK in verbatim["text"]
    formulas = {HYPERLINK, "+49 30 901820", "-- the editors", "@everyone"}
    assert {f"'{text}" for text in formulas} <= set(made_safe["text"])
    assert made_safe["coverage"].dtype.is_numeric()
    assert made_safe["byte_start"].dtype == pl.Int64
    changed = verbatim["text"].is_in(formulas)
    assert_frame_equal(verbatim.filter(~changed), made_safe.filter(~changed))


@given(st.lists(st.one_of(st.none(), st.text(st.sampled_from("=+-@\t\r\n'1a é＝")))))
def test_only_what_begins_like_a_formula_changes(texts: list[str | None]) -> None:
    table = pa.table({"text": pa.array(texts, pa.large_string()), "n": pa.nulls(len(texts))})
    found = inert(table)["text"].to_pylist()
    assert found == [f"'{t}" if t and t[0] in "=+-@\t\r" else t for t in texts]


def test_json_lines_hold_every_record(data: Path, tmp_path: Path) -> None:
    told = export(data, tmp_path / "p.jsonl", "--format", "jsonl")
    lines = (tmp_path / "p.jsonl").read_bytes().decode().split("\n")
    assert lines.pop() == "" and len(lines) == told["rows"]["paragraphs"]
    assert [json.loads(line) for line in lines] == published(data, "paragraphs").to_dicts()
    export(data, tmp_path / "m.jsonl", "--format", "jsonl", "--table", "matches")
    matches = [json.loads(line) for line in (tmp_path / "m.jsonl").open()]
    assert matches == published(data, "matches").to_dicts()


def test_text_has_a_paragraph_a_line(data: Path, tmp_path: Path) -> None:
    told = export(data, tmp_path / "t.txt", "--format", "txt")
    lines = (tmp_path / "t.txt").read_text(encoding="utf-8").splitlines()
    texts = published(data, "paragraphs")["text"].drop_nulls().to_list()
    assert lines == [unwrapped(text) for text in texts]
    assert told["rows"] == {"paragraphs": len(texts)}
    assert any("well-known wish that they would write" in line for line in lines)


@given(st.text(st.sampled_from("ab-ก中 \t\n\r\v\f\x1c\x85\u2028")))
def test_a_line_is_a_line_for_every_program(text: str) -> None:
    line = one_line(text)
    assert len(f"{line}|".splitlines()) == 1
    assert "".join(line.split()) == "".join(text.split())


def tables_of(path: Path) -> dict[str, pl.DataFrame]:
    """All tables of an SQLite export, whose keys hold."""
    with sqlite3.connect(path) as database:
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        found = {}
        for name in TABLES:
            cursor = database.execute(f'SELECT * FROM "{name}"')
            columns = [column[0] for column in cursor.description]
            assert columns == schema(name).arrow.names
            kinds = pl.from_arrow(schema(name).arrow.empty_table())
            assert isinstance(kinds, pl.DataFrame)
            raw = pl.DataFrame(
                cursor.fetchall(), {c: _kind(kinds.schema[c]) for c in columns}, orient="row"
            )
            found[name] = raw.cast(dict(kinds.schema)).sort(schema(name).primary_key)
    return found


def _kind(kind: pl.DataType) -> pl.DataType:
    return pl.Int64() if kind == pl.Boolean else kind


def test_databases_hold_all_tables(data: Path, tmp_path: Path) -> None:
    import duckdb

    told = export(data, tmp_path / "all.sqlite", "--format", "sqlite")
    again = export(data, tmp_path / "all.duckdb", "--format", "duckdb")
    assert told["rows"] == again["rows"] and told["whole"]
    found = tables_of(tmp_path / "all.sqlite")
    with duckdb.connect(tmp_path / "all.duckdb", read_only=True) as database:
        for name in TABLES:
            rows = published(data, name)
            assert told["rows"][name] == len(rows)
            assert_frame_equal(found[name], rows, check_row_order=False)
            assert_frame_equal(database.sql(f'FROM "{name}"').pl(), rows, check_row_order=False)
        assert dict(database.sql("FROM about").fetchall())["version"] == "1.0.0"


@pytest.mark.parametrize("source", ["alpha", "beta", "gamma", "delta"])
def test_a_part_has_nothing_of_other_sources(data: Path, tmp_path: Path, source: str) -> None:
    _check_part(data, tmp_path, [source])


def test_parts_of_the_seeds(seed_data: Path, tmp_path: Path) -> None:
    for number, source in enumerate(sources_of(seed_data)):
        _check_part(seed_data, tmp_path / str(number), [source])


def _check_part(data: Path, folder: Path, sources: list[str]) -> None:
    """Keys hold; all that the sources hold is there; every text stands in one of them."""
    folder.mkdir(exist_ok=True)
    only = [word for source in sources for word in ("--source", source)]
    told = export(data, folder / "part.sqlite", "--format", "sqlite", *only)
    assert told["sources"] == sources
    part = tables_of(folder / "part.sqlite")
    documents = published(data, "documents").filter(pl.col("source_id").is_in(sources))
    assert_frame_equal(part["documents"], documents, check_row_order=False)
    assert part["sources"]["source_id"].to_list() == sources
    assert set(part["quarantine"]["source_id"]) <= set(sources)
    here = pl.col("document_id").is_in(documents["document_id"].implode())
    for name in ("occurrences", "matches", "patches"):
        rows = published(data, name).filter(here)
        assert_frame_equal(part[name], rows, check_row_order=False)
    held = {*part["occurrences"]["paragraph_id"], *part["matches"]["paragraph_id"]} - {None}
    assert set(part["paragraphs"]["paragraph_id"]) == held
    blocks = part["occurrences"]["text"].drop_nulls().to_list()
    for text in part["paragraphs"]["text"].drop_nulls():
        assert any(text in block for block in blocks)
    export(data, folder / "part.txt", "--format", "txt", *only)
    lines = (folder / "part.txt").read_text(encoding="utf-8").splitlines()
    ours = [unwrapped(block) for block in blocks]
    assert all(any(line in block for block in ours) for line in lines)
    own = part["occurrences"].filter(pl.col("relation") == "canonical")
    assert {unwrapped(text) for text in own["text"].drop_nulls()} <= set(lines)


def test_a_paragraph_comes_in_the_words_of_the_chosen_source(data: Path, tmp_path: Path) -> None:
    whole = published(data, "paragraphs")
    (long,) = whole.filter(pl.col("text").str.contains("Then came the rain")).to_dicts()
    export(data, tmp_path / "a.jsonl", "--format", "jsonl", "--license", "CC0-1.0")
    part = {row["paragraph_id"]: row for row in map(json.loads, (tmp_path / "a.jsonl").open("rb"))}
    row = part[long["paragraph_id"]]
    assert row["text"] in (FIRST, SECOND) and row["n_characters"] == len(row["text"])
    assert row["document_id"] != long["document_id"]
    (mill,) = whole.filter(pl.col("text").str.to_lowercase() == OPEN.lower()).to_dicts()
    export(data, tmp_path / "a.txt", "--format", "txt", "--license", "CC0-1.0")
    lines = (tmp_path / "a.txt").read_text().splitlines()
    assert {FIRST, SECOND, OPEN.upper()} <= set(lines) and part[mill["paragraph_id"]]
    assert not any("Then came the rain" in line or line == OPEN for line in lines)


def test_words_of_variants_do_not_come_along(data: Path, tmp_path: Path) -> None:
    both = published(data, "variants").to_dicts()
    assert both, "300 and 340 families"
    export(data, tmp_path / "b.sqlite", "--format", "sqlite", "--source", "beta")
    assert tables_of(tmp_path / "b.sqlite")["variants"].is_empty()
    together = ("--source", "beta", "--source", "delta")
    export(data, tmp_path / "bd.sqlite", "--format", "sqlite", *together)
    (row,) = tables_of(tmp_path / "bd.sqlite")["variants"].to_dicts()
    words = {row["these_words"], row["other_words"]}
    assert words <= {"300", "340", None} and "340" in words


def test_nothing_that_is_withheld_comes(data: Path, tmp_path: Path) -> None:
    told = export(data, tmp_path / "g.txt", "--format", "txt", "--source", "gamma")
    assert told["rows"] == {"paragraphs": 0} and (tmp_path / "g.txt").read_bytes() == b""
    assert told["licenses"] == [None]


def test_the_same_bytes_again_also_over_http(data: Path, tmp_path: Path, web: str) -> None:
    for form in ("csv", "jsonl", "txt"):
        more = ("--format", form, "--source", "alpha")
        told = [export(data, tmp_path / "1", *more), export(web, tmp_path / "2", *more)]
        assert told[0]["sha256"] == told[1]["sha256"]
        (tmp_path / "1").unlink()
        (tmp_path / "2").unlink()


@pytest.fixture
def web(data: Path) -> Iterator[str]:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None: ...

        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments, directory=str(data))

    server = ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_file_is_replaced_only_when_told(data: Path, tmp_path: Path) -> None:
    file = tmp_path / "o.txt"
    file.write_text("mine")
    command = ("export", "--data", data, "--format", "txt", "--output", file)
    assert "exists" in str(onrecord(*command, code=1).exception)
    assert file.read_text() == "mine"
    done = onrecord(*command, "--force")
    assert file.read_text() != "mine"
    assert "Exported release 1.0.0 as txt" in done.stdout and "none stated" in done.stdout


@pytest.mark.parametrize(
    ("more", "code", "words"),
    [
        (("--format", "xlsx"), 2, "expected one of csv"),
        (("--format", "txt", "--table", "matches"), 2, "is the text of paragraphs"),
        (("--format", "sqlite", "--table", "matches"), 2, "holds every table"),
        (("--format", "csv", "--table", "people"), 2, "expected one of sources"),
        (("--format", "jsonl", "--spreadsheet-safe"), 2, "only with csv"),
        (("--format", "txt", "--source", "nobody"), 1, "there is alpha, beta, delta, gamma"),
        (("--format", "txt", "--license", "MIT"), 1, "there is CC-BY-4.0, CC0-1.0"),
        (("--format", "txt", "--source", "beta", "--license", "CC0-1.0"), 1, "none of these"),
        (("9.9.9", "--format", "txt"), 1, "no release 9.9.9"),
    ],
)
def test_what_is_refused(
    data: Path, tmp_path: Path, more: tuple[str, ...], code: int, words: str
) -> None:
    done = onrecord("export", "--data", data, "--output", tmp_path / "o", *more, code=code)
    assert words in str(done.exception)
    assert list(tmp_path.iterdir()) == []


def test_duckdb_may_be_missing(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "duckdb", None)
    more = ("--format", "duckdb", "--output", tmp_path / "o")
    done = onrecord("export", "--data", data, *more, code=2)
    assert "pip install 'onrecord[duckdb]'" in str(done.exception)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("form", ["csv", "jsonl", "txt", "sqlite", "duckdb"])
def test_where_it_can_not_be_written(data: Path, tmp_path: Path, form: str) -> None:
    output = tmp_path / "no" / "such" / "folder"
    done = onrecord("export", "--data", data, "--format", form, "--output", output, code=1)
    assert "can't" in str(done.exception) or "can't write" in str(done.exception)


def test_a_damaged_release_gives_no_file(data: Path, tmp_path: Path) -> None:
    import shutil

    copy = tmp_path / "1.0.0"
    shutil.copytree(data / "releases" / "1.0.0", copy)
    file = copy / "parquet" / "paragraphs.parquet"
    raw = bytearray(file.read_bytes())
    raw[200] ^= 1
    file.write_bytes(raw)
    output = tmp_path / "out" / "o.jsonl"
    output.parent.mkdir()
    more = ("--format", "jsonl", "--output", output)
    assert "damaged" in str(onrecord("export", "--data", copy, *more, code=1).exception)
    file.unlink()
    assert "onrecord get" in str(onrecord("export", "--data", copy, *more, code=1).exception)
    assert list(output.parent.iterdir()) == []
