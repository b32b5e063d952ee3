"""What a source's publication mode withholds is in no published file."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from random import Random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onrecord.ingest.ids import document_id
from onrecord.job import release
from onrecord.release.digest import table_digest
from onrecord.settings import Settings
from onrecord.withdraw.words import public_ids

MakeSource = Callable[..., Path]

SECRET = "The witness Zarifeh said that the convoy left the barracks shortly before midnight."
SHARED = "The convoy was seen on the northern road by three drivers early in the morning hours."


@pytest.fixture
def published(tmp_path: Path, make_source: MakeSource) -> Path:
    text = f"\n  {SECRET}\n\n{SHARED}\n{SECRET[:-9]} noon.\n".encode() + b"stray \xff byte"
    make_source(tmp_path / "seeds", "closed", {"a.txt": text}, publication=None)
    make_source(tmp_path / "seeds", "open", {"b.txt": SHARED.encode()}, publication="full")
    return release(tmp_path / "seeds", tmp_path / "data", Settings()).path


def _is_in(release_path: Path, words: str) -> bool:
    found = [p for p in release_path.rglob("*.csv") if words.encode() in p.read_bytes()]
    for path in release_path.rglob("*.parquet"):
        for row in pq.read_table(path).to_pylist():
            found += [path for value in row.values() if isinstance(value, str) and words in value]
    found += [
        p
        for p in release_path.rglob("*")
        if p.suffix in (".json", ".md") and words in p.read_text(encoding="utf-8")
    ]
    return bool(found)


def test_withheld_text_is_nowhere(published: Path) -> None:
    assert not any(_is_in(published, words) for words in ("Zarifeh", "barracks", "midnight"))
    assert _is_in(published, "northern road")


def test_withheld_documents_keep_ids_spans_and_counts(published: Path) -> None:
    documents = {
        row["source_id"]: row
        for row in pq.read_table(published / "parquet" / "documents.parquet").to_pylist()
    }
    closed = documents["closed"]
    assert (closed["restores"], closed["revision"], closed["head"]) == ("none", None, None)
    assert closed["n_blocks"] == 4
    rows = [
        row
        for row in pq.read_table(published / "parquet" / "occurrences.parquet").to_pylist()
        if row["document_id"] == closed["document_id"]
    ]
    assert all(
        row["withheld"] and row["text"] is row["gap"] is row["residue"] is None for row in rows
    )
    assert rows[0]["byte_start"] == 3
    assert pq.read_table(published / "parquet" / "patches.parquet").num_rows == 0


def test_the_open_copy_gives_the_wording(published: Path) -> None:
    paragraphs = pq.read_table(published / "parquet" / "paragraphs.parquet").to_pylist()
    (shared,) = [row for row in paragraphs if row["text"]]
    assert (shared["text"], shared["n_sources"]) == (SHARED, 2)


def test_ids_of_withheld_texts_need_the_key(
    published: Path, tmp_path: Path, make_source: MakeSource
) -> None:
    make_source(tmp_path / "guess", "guess", {"a.txt": SECRET.encode()}, publication="full")
    guess = release(tmp_path / "guess", tmp_path / "other", Settings()).path
    ids = {
        path: set(
            pq.read_table(path / "parquet" / "paragraphs.parquet")["paragraph_id"].to_pylist()
        )
        for path in (guess, published)
    }
    assert not ids[guess] & ids[published]
    assert (tmp_path / "data" / "archive" / "key").stat().st_mode & 0o077 == 0


def test_an_excerpt_shows_the_beginning_of_a_document(
    tmp_path: Path, make_source: MakeSource
) -> None:
    files = {"a.txt": f"A headline\n{SHARED}\n{SECRET}\n{SECRET[::-1]}\n".encode()}
    make_source(tmp_path / "seeds", "some", files, publication="excerpt")
    path = release(tmp_path / "seeds", tmp_path / "data", Settings()).path
    rows = pq.read_table(path / "parquet" / "occurrences.parquet").sort_by("position").to_pylist()
    assert [row["text"] for row in rows] == ["A headline", SHARED, SECRET, None]
    assert sum(len(row["text"] or "") for row in rows) <= 200


def _restore(document: str, *arguments: str | Path) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "onrecord", "restore", document, *arguments],
        capture_output=True,
        check=False,
    )


def test_a_withheld_document_is_restored_where_the_archive_is(
    published: Path, tmp_path: Path
) -> None:
    documents = pq.read_table(published / "parquet" / "documents.parquet").to_pylist()
    (closed,) = [d["document_id"] for d in documents if d["source_id"] == "closed"]
    done = _restore(closed, "--data", tmp_path / "data")
    assert done.returncode == 0, done.stderr
    assert done.stdout == (tmp_path / "seeds" / "closed" / "a.txt").read_bytes()
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(tmp_path / "data" / "releases", elsewhere / "releases")
    done = _restore(closed, "--data", elsewhere)
    assert done.returncode == 1
    assert done.stdout == b""
    assert b"withheld" in done.stderr
    assert b"only where the archive is" in done.stderr
    done = _restore(closed, "--data", elsewhere, "--archive", tmp_path / "data" / "archive")
    assert done.stdout == (tmp_path / "seeds" / "closed" / "a.txt").read_bytes()


def test_withholding_what_was_published_is_a_major_release(
    tmp_path: Path, make_source: MakeSource
) -> None:
    folder = make_source(tmp_path / "seeds", "open", {"a.txt": SHARED.encode()})
    release(tmp_path / "seeds", tmp_path / "data", Settings())
    described = folder / "source.yml"
    described.write_text(described.read_text().replace("full", "metadata"))
    outcome = release(tmp_path / "seeds", tmp_path / "data", Settings())
    assert outcome.version == "2.0.0"
    retired = pq.read_table(outcome.path / "parquet" / "retired.parquet").to_pylist()
    kinds = sorted((row["kind"], row["reason"]) for row in retired)
    assert kinds == [("document", "withdrawn"), ("paragraph", "withdrawn")]
    log = (outcome.path / "CHANGELOG.md").read_text(encoding="utf-8")
    assert "withheld now: 1" in log


WORDS = (
    "amber basil cedar delta ember fjord grove heath islet jetty knoll larch marsh north ocean "
    "plain quarry ridge shore thicket upland valley wharf yonder zenith"
)


def _sentence(seed: int, length: int = 14) -> str:
    """A sentence that no other seed gives."""
    random = Random(seed)
    return " ".join([random.choice(WORDS.split()) for _ in range(length)] + [f"n{seed}"]) + "."


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def _runs(text: str, size: int = 5) -> set[str]:
    found = _words(text)
    return {" ".join(found[i : i + size]) for i in range(len(found) - size + 1)}


def _contents(folder: Path) -> Iterator[tuple[str, str]]:
    """Every file of a release as text, and the cells and statistics of Parquet."""
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        yield path.name, path.read_bytes().decode("utf-8", "ignore")
        if path.suffix == ".parquet":
            for column in pq.read_table(path).columns:
                yield path.name, "\n".join(str(v) for v in column.to_pylist() if v is not None)
            with pq.ParquetFile(path) as file:
                groups = range(file.metadata.num_row_groups)
                yield path.name, str([file.metadata.row_group(i).to_dict() for i in groups])


def _left(folder: Path, closed: str, opened: str) -> list[tuple[str, str]]:
    """Runs of five words of closed text that stand anywhere in a release."""
    wanted = _runs(closed) - _runs(opened)
    return [
        (name, run)
        for name, content in _contents(folder)
        for line in content.splitlines()
        for run in wanted & _runs(line)
    ]


def test_no_five_words_of_a_closed_source_are_anywhere(
    tmp_path: Path, make_source: MakeSource
) -> None:
    footer = _sentence(1, 12)
    closed = {
        "the amber basil cedar delta ember.txt": f"{SECRET}\n{SHARED}\n",
        "variants.txt": f"{SECRET[:-9]} noon.\n{SHARED.replace('three', 'nine')}\n",
        "container.txt": f"{SHARED} {SECRET} {_sentence(2)}\n",
        "near.txt": f"{SHARED} {_sentence(3, 5)}\n",
    }
    closed |= {f"footer {i}.txt": f"{_sentence(100 + i)} {footer}\n" for i in range(24)}
    opened = {"b.txt": f"{SHARED}\n{_sentence(4)}\n", "c.txt": f"{_sentence(5)} {_sentence(4)}\n"}
    raw = {name: text.encode() for name, text in closed.items()}
    make_source(tmp_path / "seeds", "closed", raw, publication=None, exclude=["not amber basil"])
    (tmp_path / "seeds" / "closed" / "larch marsh north ocean plain.bin").write_bytes(b"\0" * 99)
    make_source(tmp_path / "seeds", "open", {n: t.encode() for n, t in opened.items()})
    first = release(tmp_path / "seeds", tmp_path / "data", Settings())
    (tmp_path / "seeds" / "closed" / "near.txt").write_text(f"{_sentence(6)}\n{_sentence(7)}\n")
    second = release(tmp_path / "seeds", tmp_path / "data", Settings())
    everything = "\n".join([*closed, *closed.values(), _sentence(6), _sentence(7)])
    everything += "\nlarch marsh north ocean plain bin"
    for path in (first.path, second.path):
        assert _left(path, everything, "\n".join(opened.values())) == []
        assert _left(path, SHARED, "") != []  # the search finds what is there
        split_off = json.loads((path / "provenance.json").read_bytes())["split_off"]
        assert split_off == []
        rows = pq.read_table(path / "parquet" / "quarantine.parquet").to_pylist()
        assert [row["path"][0] for row in rows] == ["d"]


def test_no_guess_at_an_id_or_a_digest_is_confirmed(published: Path, tmp_path: Path) -> None:
    raw = (tmp_path / "seeds" / "closed" / "a.txt").read_bytes()
    guesses = [SECRET, f"{SECRET[:-9]} noon.", "stray \ufffd byte", SECRET.upper()]
    found = set(public_ids(guesses))
    found |= {document_id("closed", "a.txt"), sha256(raw).hexdigest()}
    found |= {sha256(text.encode()).hexdigest() for text in guesses}
    table = pa.table({"document_id": [document_id("closed", "a.txt")], "revision": [""]})
    found.add(table_digest("inputs", table))
    for name, content in _contents(published):
        assert not [guess for guess in found if guess in content], name


def _published_texts(path: Path) -> set[str]:
    """Texts that a release shows of its open sources, and how they are related."""
    documents = {
        row["document_id"]: row["source_id"]
        for row in pq.read_table(path / "parquet" / "documents.parquet").to_pylist()
    }
    rows = pq.read_table(path / "parquet" / "occurrences.parquet").to_pylist()
    shown = {
        f"{row['document_id']} {row['position']} {row['relation']} {row['text']} {row['residue']}"
        for row in rows
        if documents[row["document_id"]].startswith("open")
    }
    paragraphs = pq.read_table(path / "parquet" / "paragraphs.parquet").to_pylist()
    return shown | {str((row["paragraph_id"], row["text"])) for row in paragraphs if row["text"]}


@st.composite
def _corpora(draw: st.DrawFn) -> tuple[list[str], list[str]]:
    """Documents of an open and of a closed source, made of the same few sentences."""
    pool = [_sentence(i, 9) for i in range(6)]
    pool += [pool[0].replace("n0", "n9"), pool[1] + " " + pool[2], " ".join(pool[2:6])]
    pool += [text.replace(" ", " so ", 1) for text in pool[:3]]
    piece = st.lists(st.sampled_from(pool), min_size=1, max_size=3).map(" ".join)
    document = st.lists(piece, min_size=1, max_size=4).map("\n".join)
    documents = st.lists(document, min_size=1, max_size=4)
    return draw(documents), draw(documents)


@settings(max_examples=8)
@given(_corpora())
def test_a_closed_source_changes_nothing_of_an_open_one(
    tmp_path_factory: pytest.TempPathFactory,
    make_source: MakeSource,
    corpora: tuple[list[str], list[str]],
) -> None:
    place = tmp_path_factory.mktemp("layers")
    opened, closed = ({f"{i}.txt": t.encode() for i, t in enumerate(c)} for c in corpora)
    make_source(place / "alone", "open", opened)
    make_source(place / "both", "open", opened)
    make_source(place / "both", "a-closed", closed, publication="metadata")
    alone = release(place / "alone", place / "1", Settings()).path
    both = release(place / "both", place / "2", Settings()).path
    assert _published_texts(alone) == _published_texts(both)


def test_a_footer_of_a_closed_source_cuts_no_open_text(
    tmp_path: Path, make_source: MakeSource
) -> None:
    footer = _sentence(1, 14)
    closed = {f"{i}.txt": f"{_sentence(100 + i)} {footer}\n".encode() for i in range(24)}
    opened = {"a.txt": closed["3.txt"], "b.txt": f"{_sentence(4)} {footer}\n".encode()}
    make_source(tmp_path / "alone", "open", opened)
    make_source(tmp_path / "both", "open", opened)
    make_source(tmp_path / "both", "closed", closed, publication="metadata")
    alone = release(tmp_path / "alone", tmp_path / "1", Settings()).path
    both = release(tmp_path / "both", tmp_path / "2", Settings()).path
    assert _published_texts(alone) == _published_texts(both)


def test_a_name_in_a_closed_source_parts_no_open_texts(
    tmp_path: Path, make_source: MakeSource
) -> None:
    """A misspelt name is one that stands nowhere else; a closed source does not count there."""
    told = "Residents of Karimabad said that the water supply was cut on the first day of it all."
    slip = told.replace("Karimabad", "Karimabbad")
    opened = {"a.txt": told.encode(), "b.txt": slip.encode()}
    closed = {f"{i}.txt": f"Karimabbad was quiet on day {i} of May.".encode() for i in range(9)}
    make_source(tmp_path / "alone", "open", opened)
    make_source(tmp_path / "both", "open", opened)
    make_source(tmp_path / "both", "closed", closed, publication="metadata")
    alone = release(tmp_path / "alone", tmp_path / "1", Settings()).path
    both = release(tmp_path / "both", tmp_path / "2", Settings()).path
    assert _published_texts(alone) == _published_texts(both)
