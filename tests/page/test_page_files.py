"""The files of the page: made of the tables, found by everything that handles releases."""

import hashlib
import html
import json
import re
import shutil
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from typer.testing import CliRunner

from onrecord.commands import app
from onrecord.page import render
from onrecord.page.shards import GROUP_BYTES, write_shards
from onrecord.page.terms import Terms, varints, words
from onrecord.page.views import RECORDS

WEB = render.HERE / "web"
NODE = shutil.which("node")
MakeSource = Callable[..., Path]


def _records(release: Path, family: str) -> pl.DataFrame:
    return pl.concat([pl.read_parquet(p) for p in sorted((release / "view" / family).iterdir())])


def _rows(entry: bytes) -> list[int]:
    rows, row, value, shift = [], 0, 0, 0
    for byte in entry:
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            row += value
            rows.append(row)
            value = shift = 0
    return rows


def test_the_bundle_was_built_from_these_sources() -> None:
    names = ["build.mjs", "package.json"]
    names += [f"src/{path.name}" for path in sorted((WEB / "src").iterdir())]
    digest = hashlib.sha256()
    for name in names:
        digest.update(f"{name}\0".encode() + (WEB / name).read_bytes() + b"\0")
    stated = (render.HERE / "assets" / "sources.sha256").read_text("ascii").strip()
    assert digest.hexdigest() == stated, "run `make page`"


def test_what_the_page_says_of_loading_runs_as_it_is_printed(
    seed_release: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The snippet for Hugging Face needs an environment of its own; that for R needs R."""
    page = (seed_release / "index.html").read_text("utf-8")
    code = {
        tool: html.unescape(text)
        for tool, text in re.findall(r"<h3>([^<]+)</h3></figcaption><pre[^>]*><code>([^<]+)", page)
    }
    rows = pl.read_parquet(seed_release / "parquet" / "paragraphs.parquet").height
    monkeypatch.chdir(seed_release)
    for tool in ("pandas", "Polars"):
        known: dict[str, Any] = {}
        exec(code[tool], known)
        assert len(known["paragraphs"]) == rows
    assert len(duckdb.sql(code["DuckDB"]).fetchall()) == 20
    if shutil.which("Rscript"):
        said = ["Rscript", "-e", f"{code['R']}; cat(nrow(paragraphs))"]
        done = subprocess.run(said, capture_output=True, text=True, check=True)
        assert done.stdout == str(rows)


def test_page_and_readme_cite_alike(seed_release: Path) -> None:
    page = (seed_release / "index.html").read_text("utf-8")
    (cited,) = re.findall(r'id="cite-text"[^>]*><bdi>([^<]+)</bdi>', page)
    assert html.unescape(cited) in (seed_release / "README.md").read_text("utf-8")
    # Without the inner braces BibTeX takes the name of a project for that of a person.
    assert "author = {{The Onrecord project}}" in page


def test_every_document_and_paragraph_has_its_record(seed_release: Path) -> None:
    for family, table, key in (
        ("documents", "documents", "document_id"),
        ("paragraphs", "paragraphs", "paragraph_id"),
    ):
        ids = pl.read_parquet(seed_release / "parquet" / f"{table}.parquet")[key]
        records = _records(seed_release, family)
        assert records.filter(pl.col("part") == 0)["id"].to_list() == ids.to_list()
        last = [json.loads(record)["last"] for record in records["record"]]
        assert sum(last) == ids.len()


def test_places_of_paragraphs_are_those_of_the_tables(seed_release: Path) -> None:
    occurrences = pl.read_parquet(seed_release / "parquet" / "occurrences.parquet")
    parts = pl.read_parquet(seed_release / "parquet" / "matches.parquet").join(
        occurrences.filter(pl.col("relation") == "composite"),
        on=["document_id", "position"],
        how="semi",
    )
    expected: dict[str, set[tuple[str, int]]] = {}
    own = occurrences.drop_nulls("paragraph_id").select("paragraph_id", "document_id", "position")
    for table in (own, parts.select("paragraph_id", "document_id", "position")):
        for name, document, position in table.iter_rows():
            expected.setdefault(name, set()).add((document, position))
    shown: dict[str, set[tuple[str, int]]] = {}
    for row in _records(seed_release, "paragraphs").iter_rows(named=True):
        record = json.loads(row["record"])
        about = record["about"]
        if about:
            shown.setdefault(row["id"], set()).add((about["document_id"], about["position"]))
        for place in record["places"] or []:
            shown.setdefault(row["id"], set()).add((place["document_id"], place["position"]))
    assert shown == expected


def test_every_word_of_every_text_is_in_the_index(seed_release: Path) -> None:
    index = {word: set(_rows(rows)) for word, _, rows in _records(seed_release, "search").rows()}
    paragraphs = _records(seed_release, "paragraphs").with_row_index("row")
    texts = [json.loads(record)["about"] for record in paragraphs["record"]]
    frame = pl.DataFrame({"text": [about and about["text"] for about in texts]})
    folded = frame.with_row_index("row").drop_nulls().with_columns(words=words(pl.col("text")))
    missing = [
        (word, row)
        for row, _, found in folded.iter_rows()
        for word in found
        if row not in index.get(word[:40], set())
    ]
    assert missing == []


@pytest.mark.skipif(NODE is None, reason="no node")
def test_the_browser_folds_words_as_the_index_does(seed_release: Path) -> None:
    texts = pl.read_parquet(seed_release / "parquet" / "paragraphs.parquet")["text"].drop_nulls()
    odd = [
        "Ἀθηνᾶς ΣΟΦΟΣ",
        "İstanbul ıI",
        "10⁹ ½ ﬁne Ａ１",
        "don't co\u00adoperate",
        "東京タワー한국어ไทย",
        "كتابي",
    ]
    texts = pl.concat([texts, pl.Series(odd)])
    script = (
        "import { words } from './src/words.js'; import { readFileSync } from 'node:fs';"
        "const texts = JSON.parse(readFileSync(0, 'utf8'));"
        "console.log(JSON.stringify(texts.map((text) => words(text, 1e9))))"
    )
    assert NODE
    done = subprocess.run(
        [NODE, "--input-type=module", "-e", script],
        input=json.dumps(texts.to_list()),
        capture_output=True,
        text=True,
        check=True,
        cwd=WEB,
    )
    ours = texts.to_frame("text").select(words(pl.col("text")))["text"].to_list()
    assert json.loads(done.stdout) == ours


def test_numbers_survive_their_encoding() -> None:
    values = np.array([0, 1, 127, 128, 16_383, 16_384, 2**28, 2**32 - 1], np.int64)
    data, ends = varints(values)
    assert ends[-1] == data.size
    assert _rows(data.tobytes()) == np.cumsum(values).tolist()


def test_common_words_keep_their_first_places(monkeypatch: pytest.MonkeyPatch) -> None:
    from onrecord.page import terms
    from onrecord.scratch import Rows

    monkeypatch.setattr(terms, "COMMON", 10)
    monkeypatch.setattr(terms, "KEPT", 3)
    monkeypatch.setattr(terms, "_AT_ONCE", 16)
    made = Terms(Rows(terms.PAIRS))
    texts = [f"often {'abcdefg'[i % 7]}" for i in range(40)]
    made.add(np.arange(0, 20), pa.array(texts[:20], pa.large_string()))
    made.add(np.arange(20, 40), pa.array(texts[20:], pa.large_string()))
    found = pa.concat_tables(list(made.rows())).to_pylist()
    assert [row["word"] for row in found] == sorted(row["word"] for row in found)
    by_word = {row["word"]: (row["paragraphs"], _rows(row["rows"])) for row in found}
    assert by_word["often"] == (40, [0, 1, 2])
    assert by_word["d"] == (6, [3, 10, 17, 24, 31, 38])


def test_shards_do_not_depend_on_the_pieces(tmp_path: Path) -> None:
    n = 3_000
    table = pa.table(
        [
            pa.array([f"d{i:016x}" for i in range(n)], pa.large_string()),
            pa.array([0] * n, pa.int32()),
            pa.array(["x" * (i % 977) for i in range(n)], pa.large_string()),
        ],
        schema=RECORDS,
    )
    whole = write_shards(tmp_path / "a", RECORDS, [table])
    pieces = [table.slice(i, 7) for i in range(0, n, 7)]
    assert write_shards(tmp_path / "b", RECORDS, pieces) == whole
    names = sorted(path.name for path in (tmp_path / "a").iterdir())
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert pl.read_parquet(tmp_path / "a" / "*.parquet").to_arrow().num_rows == n
    assert sum(int(entry[1]) for entry in whole) == n
    assert GROUP_BYTES < 100_000


def test_a_release_can_do_without_a_page(tmp_path: Path, make_source: MakeSource) -> None:
    make_source(tmp_path / "seeds", "one", {"a.txt": b"The council met on Monday in the town.\n"})
    data = str(tmp_path / "data")
    done = CliRunner().invoke(
        app, ["release", str(tmp_path / "seeds"), "--data", data, "--no-page"]
    )
    assert done.exit_code == 0, done.output
    release = tmp_path / "data" / "releases" / "1.0.0"
    assert not (release / "index.html").exists()
    assert not (release / "view").exists()
    assert not (tmp_path / "data" / "releases" / "index.html").exists()
    assert CliRunner().invoke(app, ["verify", data]).exit_code == 0


def test_a_withdrawal_makes_the_page_again(tmp_path: Path, make_source: MakeSource) -> None:
    secret = "The locksmith Quintus Abernathy lives above the bakery in Tallow Lane, said nobody."
    raw = f"{secret}\n\nThe council met on Monday in the old town hall by the river.\n".encode()
    make_source(tmp_path / "seeds", "one", {"a.txt": raw, "b.txt": raw})
    data = tmp_path / "data"
    run = CliRunner()
    assert run.invoke(app, ["release", str(tmp_path / "seeds"), "--data", str(data)]).exit_code == 0
    before = data / "releases" / "1.0.0"
    assert "abernathy" in _records(before, "search")["word"].to_list()
    rows = pl.read_parquet(before / "parquet" / "paragraphs.parquet")
    (name,) = rows.filter(pl.col("text") == secret)["paragraph_id"]
    done = run.invoke(
        app, ["withdraw", name, "--data", str(data), "--category", "privacy", "--yes"]
    )
    assert done.exit_code == 0, done.output
    after = data / "releases" / "1.0.0_w1"
    assert (after / "index.html").is_file()
    held = (after / "index.html").read_text("utf-8")
    for path in sorted((after / "view").rglob("*.parquet")):
        held += str(pl.read_parquet(path).to_dicts())
    for word in ("Abernathy", "abernathy", "Tallow", "tallow", "Quintus"):
        assert word not in held
    assert "1.0.0+w1" in (data / "releases" / "index.html").read_text("utf-8")
    assert run.invoke(app, ["verify", str(data)]).exit_code == 0


def test_preview_serves_ranges_on_this_machine_alone(seed_data: Path) -> None:
    command = [sys.executable, "-m", "onrecord", "preview", "--no-browser", "--json"]
    process = subprocess.Popen(
        [*command, "--port", "0", "--data", str(seed_data)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout
        url = json.loads(process.stdout.readline())["url"]
        assert url.startswith("http://127.0.0.1:")
        root = url.rpartition("/")[0]

        def get(address: str, **headers: str) -> tuple[int, bytes]:
            request = urllib.request.Request(address, headers=headers)
            try:
                with urllib.request.urlopen(request, timeout=10) as answer:
                    return answer.status, answer.read()
            except urllib.error.HTTPError as error:
                return error.code, b""

        whole = (seed_data / "releases" / "1.0.0" / "SHA256SUMS").read_bytes()
        assert get(f"{root}/SHA256SUMS") == (200, whole)
        assert get(f"{root}/SHA256SUMS", Range="bytes=10-19") == (206, whole[10:20])
        assert get(f"{root}/SHA256SUMS", Range="bytes=-5") == (206, whole[-5:])
        assert get(f"{root}/SHA256SUMS", Range="bytes=999999999-")[0] == 416
        assert get(f"{root}/../../.lock")[0] == 404
        assert get(f"{root}/../.lock")[0] == 404
        assert get(f"{root}/../../archive/key")[0] == 404
        assert get(url, Host="attacker.example")[0] == 400
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0


def test_preview_says_when_there_is_nothing_to_show(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "onrecord", "preview", "--no-browser", "--data", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "no release yet" in done.stderr


def test_a_forged_view_is_found(seed_release: Path, tmp_path: Path) -> None:
    from onrecord.release.verify import Depth, Folder, verify

    root = Path(shutil.copytree(seed_release, tmp_path / "1.0.0"))
    rows = _records(root, "paragraphs")
    forged = rows.with_columns(pl.col("record").str.replace("human rights", "human wrongs"))
    assert not rows.equals(forged)
    shutil.rmtree(root / "view" / "paragraphs")
    entries = write_shards(root / "view" / "paragraphs", RECORDS, [forged.to_arrow().cast(RECORDS)])
    directory = json.loads((root / "view" / "view.json").read_text("utf-8"))
    directory["paragraphs"] = entries
    text = json.dumps(directory, separators=(",", ":")) + "\n"
    (root / "view" / "view.json").write_text(text, encoding="utf-8")
    lines = [line.partition("  ")[2] for line in (root / "SHA256SUMS").read_text().splitlines()]
    sums = [f"{hashlib.sha256((root / name).read_bytes()).hexdigest()}  {name}\n" for name in lines]
    (root / "SHA256SUMS").write_text("".join(sums), encoding="utf-8")
    (problem,) = verify(Folder(root)).problems
    assert (problem.file, problem.code) == ("view/view.json", "view-file-error")
    assert problem.place.startswith("paragraphs, row ")
    assert verify(Folder(root), depth=Depth.WRITTEN).problems == []
