"""``diff``, ``why`` and ``release --dry-run`` as they are typed."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner, Result

from onrecord.commands import app
from onrecord.errors import OnrecordError, RefusedError
from onrecord.ingest.archive import Archive
from onrecord.ingest.private import Withheld, write_withheld
from onrecord.job import release
from onrecord.settings import Settings

MakeSource = Callable[..., Path]

FIRST = "Residents said that the water supply was cut on the first day of the operation."
SECOND = "The clinic had run out of medicine before the road was opened again on Friday."
THIRD = "Aid groups asked for access to the valley, where 300 families were waiting for shelter."
COPY = f"{FIRST} Mr. Blackman"
SECRET = "The witness said that the convoy left the barracks shortly before midnight on Monday."


def onrecord(*arguments: str | Path, code: int = 0) -> Result:
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if isinstance(done.exception, OnrecordError):
        assert done.exception.exit_code == code
    else:
        assert done.exit_code == code, done.output
    return done


def told(*arguments: str | Path) -> Any:
    return json.loads(onrecord(*arguments, "--json").stdout)


def rows(data: Path, version: str, table: str) -> pl.DataFrame:
    return pl.read_parquet(data / "releases" / version / "parquet" / f"{table}.parquet")


def publish(root: Path) -> None:
    release(root / "seeds", root / "data", Settings())


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory, make_source: MakeSource) -> Path:
    """1.0.0; 1.1.0 with an edited, a moved and a removed file; 1.1.1 with another title."""
    root = tmp_path_factory.mktemp("three")
    other = THIRD.replace("300", "340")
    files = {
        "a.txt": f"{FIRST}\n{SECOND}\n",
        "b.txt": f"{COPY}\n{THIRD}\n",
        "c.txt": other,
        "d.txt": "Only here.",
    }
    raw = {name: text.encode() for name, text in files.items()}
    folder = make_source(root / "seeds", "news", raw, basis="A test [may] say so.")
    make_source(root / "seeds", "closed", {"e.txt": SECRET.encode()}, publication="metadata")
    publish(root)
    edited = SECOND.replace("Friday", "Saturday")
    (folder / "a.txt").write_text(f"{FIRST}\n{edited}\n")
    (folder / "c.txt").rename(folder / "moved.txt")
    (folder / "d.txt").unlink()
    publish(root)
    described = (folder / "source.yml").read_text()
    (folder / "source.yml").write_text(described.replace("Source news", "The news"))
    publish(root)
    return root


@pytest.fixture(scope="module")
def data(root: Path) -> Path:
    return root / "data"


def paragraph(data: Path, text: str, version: str = "1.1.1") -> str:
    return str(rows(data, version, "paragraphs").filter(text=text)["paragraph_id"].item())


def test_neighbours_are_told_by_table_source_and_reason(data: Path) -> None:
    shown = onrecord("diff", "1.0.0", "1.1.0", "--data", data).stdout
    lines = [line.split() for line in shown.splitlines()]
    assert ["documents", "1", "2", "1"] in lines
    assert ["news", "paragraphs", "1", "2", "0"] in lines
    assert ["documents", "moved", "1"] in lines
    assert ["paragraphs", "edited", "1"] in lines
    counts = told("diff", "1.0.0", "1.1.0", "--data", data)["counts"]
    assert sum(c["n"] for c in counts) == rows(data, "1.1.0", "changes").height
    assert "sources" in onrecord("diff", "1.1.0", "1.1.1", "--data", data).stdout


def test_any_two_releases_can_be_compared_by_version_or_path(data: Path) -> None:
    far = told("diff", "1.0.0", "1.1.1", "--data", data)
    paths = [data / "releases" / version for version in ("1.0.0", "1.1.1")]
    assert told("diff", *paths) == far
    near = told("diff", "1.0.0", "1.1.0", "--data", data)["counts"]
    gone = {(c["resource"], c["reason"], c["n"]) for c in near if c["change"] == "retired"}
    known = {"documents", "paragraphs"}
    assert {g for g in gone if g[0] in known} == {
        (c["resource"], c["reason"], c["n"])
        for c in far["counts"]
        if c["change"] == "retired" and c["resource"] in known
    }
    back = told("diff", "1.1.1", "1.0.0", "--data", data)["counts"]
    totals = [
        sum(c["n"] for c in counts if c["change"] == change)
        for counts, change in ((far["counts"], "added"), (back, "retired"))
    ]
    assert totals[0] == totals[1]
    same = onrecord("diff", "1.1.1", "1.1.1", "--data", data).stdout
    assert "the same records" in same


def test_the_records_of_a_table_are_shown_with_both_values(data: Path) -> None:
    for old, new in (("1.0.0", "1.1.0"), ("1.0.0", "1.1.1")):
        found = told("diff", old, new, "--data", data, "--table", "documents")
        changes = {record["change"]: record for record in found["records"]}
        assert found["total"] == 4
        assert changes["changed"]["old"].keys() == {"revision", "bytes"}
        assert changes["added"]["new"]["path"] == "moved.txt"
        assert changes["added"]["old"] is None
    titles = onrecord("diff", "1.1.0", "1.1.1", "--data", data, "--table", "sources").stdout
    assert "[-Source -]{+The +}news" in titles
    cut = onrecord("diff", "1.0.0", "1.1.0", "--data", data, "--table", "documents", "--limit", "1")
    assert "and 3 more" in cut.stderr


def test_what_can_not_be_compared_is_said(data: Path) -> None:
    wrong = onrecord("diff", "1.0.0", "1.1.0", "--data", data, "--table", "retired", code=2)
    assert "occurrences" in str(wrong.exception)
    assert "1.1.1" in str(onrecord("diff", "1.0.0", "9.0.0", "--data", data, code=1).exception)


def test_a_paragraph_is_explained_with_what_was_merged_into_it(data: Path) -> None:
    name = paragraph(data, FIRST)
    shown = onrecord("why", name, "--data", data).stdout
    assert f"Paragraph {name} in release 1.1.1\n{FIRST}\n" in shown
    assert "(1 canonical, 1 near)" in shown
    assert f"text     {FIRST} {{+Mr. Blackman+}}" in shown
    assert "residue  Mr. Blackman" in shown
    assert "by onrecord-dedup/" in shown
    assert f"after    {THIRD}" in shown
    near = [p for p in told("why", name, "--data", data)["places"] if p["relation"] == "near"]
    assert (near[0]["path"], near[0]["text"]) == ("b.txt", COPY)
    assert near[0]["paragraph_coverage"] == 1.0
    assert near[0]["coverage"] < 1.0


def test_variants_are_shown_from_either_side(data: Path) -> None:
    other = THIRD.replace("300", "340")
    for this, that in ((THIRD, other), (other, THIRD)):
        shown = onrecord("why", paragraph(data, this), "--data", data).stdout
        assert f"number: {paragraph(data, that)}" in shown
        numbers = [next(w for w in text.split() if w.isdigit()) for text in (this, that)]
        assert f"where [-{numbers[0]} -]{{+{numbers[1]} +}}families" in shown
        assert f"words    {numbers[0]} / {numbers[1]}" in shown


def test_a_block_and_a_document_are_explained(data: Path) -> None:
    documents = rows(data, "1.1.1", "documents")
    name = documents.filter(path="b.txt")["document_id"].item()
    block = onrecord("why", f"{name}/0", "--data", data).stdout
    assert "relation near" in block
    assert f"Its paragraph {paragraph(data, FIRST)}" in block
    document = onrecord("why", name, "--data", data, "--limit", "1").stdout
    assert "published as full: A test [may] say so." in document
    assert "1 more blocks" in document
    far = onrecord("why", f"{name}/7", "--data", data, code=1)
    assert "2 blocks" in str(far.exception)


def test_retired_ids_say_when_why_and_what_stands_for_them(data: Path) -> None:
    gone = paragraph(data, SECOND, "1.0.0")
    shown = onrecord("why", gone, "--data", data).stdout
    assert "gone since 1.1.0" in shown
    assert "reason   edited" in shown
    assert SECOND.replace("Friday", "Saturday") in shown
    assert (
        f"{gone} in release 1.0.0"
        in onrecord("why", gone, "--data", data, "--release", "1.0.0").stdout
    )
    old = rows(data, "1.0.0", "documents").filter(path="c.txt")["document_id"].item()
    new = rows(data, "1.1.1", "documents").filter(path="moved.txt")["document_id"].item()
    assert told("why", old, "--data", data)["record"]["successor_id"] == new
    assert (
        "nothing stands for it"
        in onrecord("why", paragraph(data, "Only here.", "1.0.0"), "--data", data).stdout
    )


def test_what_is_no_id_and_what_is_not_there(data: Path) -> None:
    assert "is no id" in str(onrecord("why", "p12", "--data", data, code=2).exception)
    nobody = onrecord("why", "p" + "0" * 20, "--data", data, code=1)
    assert "has no record" in str(nobody.exception)


def test_withheld_text_is_shown_only_where_the_archive_is(data: Path, tmp_path: Path) -> None:
    hidden = rows(data, "1.1.1", "paragraphs").filter(pl.col("text").is_null())
    name = hidden["paragraph_id"].item()
    release_folder = data / "releases" / "1.1.1"
    away = onrecord("why", name, "--data", release_folder).stdout
    assert "withheld: source closed is published as metadata (made by a test)" in away
    assert SECRET not in away
    row = rows(data, "1.1.1", "documents").filter(source_id="closed").row(0, named=True)
    revision = Archive(data / "archive").put([SECRET.encode()])[0]
    known = Withheld(
        document_id=row["document_id"], source_id="closed", path="e.txt", revision=revision
    )
    write_withheld(data / "archive", "1.1.1", [known])
    here = onrecord("why", name, "--data", data).stdout
    assert SECRET in here
    assert "from the archive" in here
    block = onrecord("why", f"{row['document_id']}/0", "--data", data).stdout
    assert SECRET in block


def state(folder: Path) -> dict[str, tuple[int, int]]:
    return {str(path): (path.stat().st_mtime_ns, path.stat().st_size) for path in folder.rglob("*")}


def test_a_dry_run_shows_the_plan_and_leaves_no_trace(root: Path, data: Path) -> None:
    file = root / "seeds" / "news" / "a.txt"
    before, text = state(data), file.read_text()
    file.write_text(f"{FIRST}\n{THIRD} It was said that more would come by the evening.\n")
    try:
        shown = onrecord("release", root / "seeds", "--data", data, "--dry-run").stdout
        planned = told("release", root / "seeds", "--data", data, "--dry-run")
    finally:
        file.write_text(text)
    assert "Release 1.2.0 after 1.1.1 would be published (minor)." in shown
    assert "Nothing was written." in shown
    assert planned["sources"]["news"]["documents"] == {"added": 0, "retired": 0, "changed": 1}
    assert planned["removals"][0]["reason"] == "superseded"
    assert planned["tables"]["documents"] == 4
    assert state(data) == before
    same = onrecord("release", root / "seeds", "--data", data, "--dry-run").stdout
    assert "release 1.1.1 is up to date" in same
    assert state(data) == before


def test_a_dry_run_of_a_first_release_makes_no_folder(root: Path, tmp_path: Path) -> None:
    planned = told("release", root / "seeds", "--data", tmp_path / "new", "--dry-run")
    assert (planned["version"], planned["level"]) == ("1.0.0", "first")
    assert not (tmp_path / "new").exists()


def test_a_dry_run_names_the_caps(tmp_path: Path, make_source: MakeSource) -> None:
    images = {f"{i:02}.txt": b"\x89PNG\r\n\x1a\n" for i in range(20)}
    make_source(tmp_path / "seeds", "gazette", {**images, "a.txt": b"A text.\n"})
    done = onrecord("release", tmp_path / "seeds", "--data", tmp_path / "data", "--dry-run", code=1)
    assert "would be refused" in done.stdout
    assert "20 of 21 inputs can't be read" in done.stdout


def test_the_change_log_says_what_went_where(data: Path) -> None:
    log = (data / "releases" / "1.1.1" / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = [line[3:] for line in log.splitlines() if line.startswith("## ")]
    assert versions == ["1.1.1", "1.1.0", "1.0.0"]
    assert "| `news` | 1 | 2 | 1 | 1 | 2 | 0 |" in log
    gone, now = paragraph(data, SECOND, "1.0.0"), SECOND.replace("Friday", "Saturday")
    assert f"- paragraph `{gone}` of `news`, {len(SECOND)} characters: edited; " in log
    assert f"`{paragraph(data, now)}` stands for it now" in log
    assert not any(text in log for text in (FIRST, SECOND, "c.txt", "moved.txt"))


@pytest.mark.parametrize("question", ["why", "diff", "records"])
def test_a_question_loads_nothing_heavy(data: Path, question: str) -> None:
    asked = {
        "why": ["why", paragraph(data, FIRST)],
        "diff": ["diff", "1.0.0", "1.1.0"],
        "records": ["diff", "1.0.0", "1.1.0", "--table", "occurrences"],
    }[question]
    code = (
        "import sys, atexit\n"
        "atexit.register(lambda: print(*sys.modules, file=sys.stderr))\n"
        "from onrecord.commands import app\n"
        f"app({[*asked, '--data', str(data)]!r})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stderr.splitlines()[-1].split())
    assert "pyarrow" in loaded
    assert not {"pandas", "polars", "numba", "prefect", "frictionless"} & loaded


WRAPPED = (
    "To all who read this small paper in the far north of the country, where\n"
    "the rivers freeze in October: write to us more often than you do. A well-\n"
    "known saying has it that a letter in the winter is worth a whole day of\n"
    "sun in the spring, and we have had neither for quite some time, as those\n"
    "of you who live here know, and the others may learn from what follows,\n"
    "which was put together by {0} of the ferry and by both of her sons.\n"
)
AFTER = (
    "The ferry goes once a day in the summer, and in the winter it does not go\n"
    "at all, but one may cross on the ice, which is said to be quicker and to\n"
    "be good for the health of those who do not mind the wind and the wolves.\n"
)


def test_wrapped_text_is_shown_on_one_line_and_kept_as_it_stands(
    tmp_path: Path, make_source: MakeSource
) -> None:
    first, second = WRAPPED.format("the captain"), WRAPPED.format("the owner")
    again = first.replace("quite some", "some").replace("by both of", "by both")
    texts = {
        "a.txt": f"{first}\n{AFTER}",
        "b.txt": f"{again}\n{AFTER}",
        "c.txt": f"{second}\n{AFTER}",
    }
    files = {name: text.encode() for name, text in texts.items()}
    folder = make_source(tmp_path / "seeds", "mail", files)
    publish(tmp_path)
    data, text, line = tmp_path / "data", first.strip(), " ".join(first.split())
    line = line.replace("well- known", "well-known")
    name = paragraph(data, text, "1.0.0")
    shown = onrecord("why", name, "--data", data).stdout.splitlines()
    assert shown[1] == line
    assert any(" ".join(AFTER.split())[:100] in other for other in shown), "what stands after it"
    assert told("why", name, "--data", data)["record"]["text"] == text
    (place,) = told("why", name, "--data", data)["places"][:1]
    block = onrecord("why", f"{place['document_id']}/{place['position']}", "--data", data).stdout
    assert line in block.splitlines()
    evidence = [x for x in shown if x.lstrip().startswith("text ")]
    assert len(evidence) == 2 and all("day of sun in the spring" in other for other in evidence)
    raw = (folder / "a.txt").read_bytes()
    assert raw[place["byte_start"] : place["byte_end"]].decode() == text


def test_damaged_tables_are_said_in_one_message(data: Path, tmp_path: Path) -> None:
    document = rows(data, "1.1.1", "documents")["document_id"][0]
    one = rows(data, "1.1.1", "paragraphs")["paragraph_id"][0]
    copy = tmp_path / "data"
    shutil.copytree(data, copy)
    for name in ("paragraphs", "documents", "occurrences"):
        table = copy / "releases" / "1.1.1" / "parquet" / f"{name}.parquet"
        raw = bytearray(table.read_bytes())
        raw[40] ^= 1  # in the first page
        table.write_bytes(raw)
    for question in (["why", one], ["restore", document]):
        done = CliRunner().invoke(app, [*question, "--data", str(copy)])
        assert isinstance(done.exception, RefusedError), (question, done.exception)
        assert "onrecord verify" in str(done.exception)
