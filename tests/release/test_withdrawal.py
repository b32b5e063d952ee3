"""A withdrawn text leaves everything below the data folder, and does not come back."""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from onrecord.commands import app
from onrecord.errors import NotFoundError, RefusedError
from onrecord.ingest.suppress import Suppression, read_suppression
from onrecord.job import release
from onrecord.outcome import Outcome
from onrecord.release.catalog import versions
from onrecord.release.place import open_release, read_index
from onrecord.release.publish import exclusive
from onrecord.release.restore import restore
from onrecord.release.verify import Depth, Folder, verify
from onrecord.settings import Settings
from onrecord.withdraw import journal
from onrecord.withdraw.words import public_ids, tokens_of

MakeSource = Callable[..., Path]

SECRET = (
    "The witness Zarifeh told the court that her brother had been held in the barracks at "
    "Qalat for eleven weeks before anybody was told where he was."
)
NEAR = SECRET.replace("had been held", "was held") + " (photo: Anwar Haddad)"
PART = "her brother had been held in the barracks at Qalat for eleven weeks before anybody was told"
CONTAINER = (
    f"Three people spoke on the second day of the hearing. {SECRET} The court then heard the "
    "commander, who denied that anybody had been held there without an order of the judge."
)
OPEN = "Residents said that the water supply was cut on the first day of the whole operation."
THIRD = "Aid groups asked for access to the valley, where families were waiting for shelter."
LATER = "The clinic had run out of medicine before the road was opened again on Friday night."


class Dataset:
    """Releases of two sources."""

    def __init__(self, root: Path) -> None:
        self.root, self.data, self.seeds = root, root / "data", root / "seeds"

    def fill(self, make_source: MakeSource) -> None:
        """Make the releases 1.0.0, 1.1.0 and 2.0.0."""
        files = {
            "a.txt": f"{OPEN}\n{SECRET}\n{THIRD}\n".encode(),
            "b.txt": f"{SECRET}\n".encode("utf-16"),
            "c.txt": f"{PART}\n{OPEN}\n".encode(),
            "d.txt": f"{THIRD}\n{OPEN}\n".encode(),
        }
        make_source(self.seeds, "news", files)
        extra = make_source(self.seeds, "extra", {"x.txt": b"Nothing much to say here.\n"})
        assert self.release().version == "1.0.0"
        self.write("e.txt", f"{NEAR}\n{LATER}\n")
        self.write("f.txt", f"{CONTAINER}\n")
        assert self.release().version == "1.1.0"
        described = extra / "source.yml"
        described.write_text(described.read_text().replace('"full"', '"metadata"'))
        self.write("g.txt", f"{SECRET.upper()}\n{LATER}\n")
        assert self.release().version == "2.0.0"

    def write(self, name: str, text: str) -> None:
        (self.seeds / "news" / name).write_text(text, encoding="utf-8")

    def release(self) -> Outcome:
        return release(self.seeds, self.data, Settings())

    def versions(self) -> list[str]:
        return [entry.version for entry in read_index(str(self.data)).releases]

    def rows(self, version: str, table: str) -> list[dict[str, Any]]:
        path = open_release(str(self.data), version).root / "parquet" / f"{table}.parquet"
        rows: list[dict[str, Any]] = pq.read_table(path).to_pylist()
        return rows

    def paragraph(self, text: str, version: str = "1.0.0") -> str:
        (name,) = [r["paragraph_id"] for r in self.rows(version, "paragraphs") if r["text"] == text]
        return str(name)

    def document(self, path: str, version: str) -> str:
        (name,) = [r["document_id"] for r in self.rows(version, "documents") if r["path"] == path]
        return str(name)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory, make_source: MakeSource) -> Dataset:
    made = Dataset(tmp_path_factory.mktemp("filled"))
    made.fill(make_source)
    return made


@pytest.fixture
def dataset(tmp_path: Path, filled: Dataset) -> Dataset:
    shutil.copytree(filled.root, tmp_path / "copy")
    return Dataset(tmp_path / "copy")


def withdraw(dataset: Dataset, name: str, *arguments: str) -> str:
    done = CliRunner().invoke(
        app, ["withdraw", name, "--category", "privacy", "--data", str(dataset.data), *arguments]
    )
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.output


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def runs(text: str, size: int = 5) -> set[str]:
    found = words(text)
    return {" ".join(found[i : i + size]) for i in range(len(found) - size + 1)}


def everything_below(folder: Path) -> Iterator[tuple[Path, str]]:
    """Every file as text: its bytes in several encodings, and the cells of Parquet."""
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        raw = path.read_bytes()
        yield path, path.name
        for encoding in ("utf-8", "utf-16-le", "utf-16-be", "latin-1"):
            yield path, raw.decode(encoding, "ignore")
            yield path, raw[1:].decode(encoding, "ignore")
        if path.suffix == ".parquet":
            for column in pq.read_table(path).columns:
                yield path, "\n".join(str(v) for v in column.to_pylist() if v is not None)
            with pq.ParquetFile(path) as file:
                yield (
                    path,
                    str(
                        [
                            file.metadata.row_group(i).to_dict()
                            for i in range(file.metadata.num_row_groups)
                        ]
                    ),
                )


def residue(folder: Path, text: str, legitimate: str = "") -> list[tuple[str, str]]:
    """Every run of five words of a text that is left anywhere."""
    wanted = runs(text) - runs(legitimate)
    assert wanted
    found = []
    for path, content in everything_below(folder):
        plain = "\n".join(" ".join(words(line)) for line in content.splitlines())
        found += [(path.name, run) for run in wanted if run in plain]
    return found


def check_all(dataset: Dataset) -> None:
    """Every release verifies, and the chain holds."""
    done = CliRunner().invoke(app, ["verify", str(dataset.data), "--fast"])
    assert done.exit_code == 0, done.output
    for version in dataset.versions():
        report = verify(Folder(open_release(str(dataset.data), version).root))
        assert not report.problems, report.problems
    index = read_index(str(dataset.data))
    known = {e.version: e.content_digest for e in index.releases}
    before = None
    for entry in index.releases:
        facts = open_release(str(dataset.data), entry.version).provenance
        previous = getattr(facts, "previous", None)
        assert (previous["version"] if previous else None) == before
        if previous:
            assert previous["content_digest"] == known[previous["version"]]
        before = entry.version


def test_a_paragraph_leaves_everything(dataset: Dataset) -> None:
    assert residue(dataset.data, SECRET)
    name = dataset.paragraph(SECRET)
    before = {e.version: e for e in read_index(str(dataset.data)).releases}
    ids = {v: {r["paragraph_id"] for r in dataset.rows(v, "paragraphs")} for v in before}
    shown = withdraw(dataset, name)
    assert "1.0.0+w1" in shown
    assert dataset.versions() == ["1.0.0", "1.1.0", "2.0.0"]
    withdraw(dataset, name, "--yes", "--note", "the witness asked for it")
    assert residue(dataset.data, SECRET) == []
    assert dataset.versions() == ["1.0.0+w1", "1.1.0+w1", "2.0.0+w1"]
    check_all(dataset)
    for entry in read_index(str(dataset.data)).releases:
        old = before[entry.version.partition("+")[0]]
        (former,) = entry.supersedes
        assert former.model_dump() == {
            "version": old.version,
            "content_digest": old.content_digest,
            "sums_sha256": old.sums_sha256,
        }
        assert not (dataset.data / "releases" / old.path).exists()
        (row,) = [r for r in dataset.rows(entry.version, "retired") if r["record_id"] == name]
        assert (row["reason"], row["category"], row["since"]) == (
            "withdrawn",
            "privacy",
            "1.0.0+w1",
        )
        kept = {r["paragraph_id"] for r in dataset.rows(entry.version, "paragraphs") if r["text"]}
        everywhere = kept | {r["record_id"] for r in dataset.rows(entry.version, "retired")}
        withheld = {
            r["paragraph_id"] for r in dataset.rows(entry.version, "paragraphs") if not r["text"]
        }
        assert ids[old.version] <= everywhere | withheld
    # What stands beside it is as before, byte for byte.
    for version in dataset.versions():
        raw = restore(open_release(str(dataset.data), version), dataset.document("d.txt", version))
        assert raw == (dataset.seeds / "news" / "d.txt").read_bytes()


def test_it_does_not_come_back(dataset: Dataset) -> None:
    withdraw(dataset, dataset.paragraph(SECRET), "--yes")
    again = dataset.release()
    assert (again.version, again.published) == ("2.0.0+w1", False)
    assert residue(dataset.data, SECRET) == []
    dataset.write("h.txt", f"  {SECRET.upper()}!!\n\n{LATER}\n")
    dataset.write("i.txt", f"He said: {SECRET} And then he sat down again.\n")
    dataset.write("j.txt", f"{NEAR.replace('eleven', 'twelve')}\n")
    more = dataset.release()
    assert more.version == "2.1.0"
    assert residue(dataset.data, SECRET) == []
    assert [r for r in more.remarks if "h.txt" in r]
    retired = {r["record_id"]: r for r in dataset.rows("2.1.0", "retired")}
    assert retired[dataset_paragraph_id(SECRET)]["reason"] == "withdrawn"
    check_all(dataset)


def dataset_paragraph_id(text: str) -> str:
    return public_ids([text])[0]


STEPS = [
    "built",
    "decided",
    "named 1.0.0+w1",
    "noted",
    "switched",
    "removed 1.0.0",
    "purged",
]


class Crash(BaseException):
    """Stands for a process that ends at once."""


@pytest.mark.parametrize("where", STEPS)
def test_a_crash_leaves_the_old_state_or_is_finished(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    name = dataset.paragraph(SECRET)
    (dataset.data / "cache" / "results").mkdir(parents=True)
    (dataset.data / "cache" / "results" / "persisted").write_text(SECRET)

    def crash(step: str) -> None:
        if step == where:
            raise Crash

    monkeypatch.setattr(journal, "reached", crash)
    with pytest.raises(Crash):
        withdraw(dataset, name, "--yes")
    monkeypatch.undo()
    old, new = ["1.0.0", "1.1.0", "2.0.0"], ["1.0.0+w1", "1.1.0+w1", "2.0.0+w1"]
    switched = STEPS.index(where) >= STEPS.index("switched")
    seen = new if switched else old
    assert dataset.versions() == seen == versions(dataset.data)
    for version in seen:
        root = open_release(str(dataset.data), version).root
        assert not verify(Folder(root), depth=Depth.SUMS).problems
    # The next command that holds the data folder goes on, or finds that nothing was decided.
    with exclusive(dataset.data):
        pass
    decided = STEPS.index(where) >= STEPS.index("decided")
    assert dataset.versions() == (new if decided else old) == versions(dataset.data)
    hidden = [p.name for p in (dataset.data / "releases").iterdir() if p.name.startswith(".")]
    assert hidden == [".lock"]
    if decided:
        assert residue(dataset.data, SECRET) == []
        assert not (dataset.data / "releases" / "withdrawal.json").exists()


def test_a_second_withdrawal_and_the_release_after_it(dataset: Dataset) -> None:
    withdraw(dataset, dataset.paragraph(SECRET), "--yes")
    first = {e.version: e for e in read_index(str(dataset.data)).releases}
    later = dataset.paragraph(LATER, "2.0.0+w1")
    withdraw(dataset, later, "--yes")
    # It came with 1.1.0, so that 1.0.0+w1 stays as it is.
    assert dataset.versions() == ["1.0.0+w1", "1.1.0+w2", "2.0.0+w2"]
    check_all(dataset)
    assert residue(dataset.data, LATER) == residue(dataset.data, SECRET) == []
    entry = read_index(str(dataset.data)).releases[1]
    assert [s.version for s in entry.supersedes] == ["1.1.0", "1.1.0+w1"]
    assert entry.supersedes[1].content_digest == first["1.1.0+w1"].content_digest
    dataset.write("z.txt", "A text that nobody has seen before, and that nobody will miss.\n")
    assert dataset.release().version == "2.1.0"
    reasons = {r["record_id"]: r["reason"] for r in dataset.rows("2.1.0", "retired")}
    assert reasons[later] == reasons[dataset_paragraph_id(SECRET)] == "withdrawn"
    check_all(dataset)
    done = CliRunner().invoke(
        app, ["withdraw", later, "--category", "error", "--data", str(dataset.data)]
    )
    assert isinstance(done.exception, NotFoundError)


def test_a_document_leaves_with_what_only_it_has(dataset: Dataset) -> None:
    name = dataset.document("a.txt", "1.0.0")
    plan = json.loads(withdraw(dataset, name, "--json"))
    assert plan["same_text_elsewhere"]
    withdraw(dataset, name, "--yes")
    check_all(dataset)
    for version in dataset.versions():
        assert name not in {r["document_id"] for r in dataset.rows(version, "occurrences")}
        (row,) = [r for r in dataset.rows(version, "retired") if r["record_id"] == name]
        assert (row["kind"], row["reason"], row["category"]) == ("document", "withdrawn", "privacy")
        texts = {r["text"] for r in dataset.rows(version, "paragraphs")}
        assert {OPEN, THIRD} <= texts  # others print these, too
    again = dataset.release()  # the file is still in the sources
    assert again.version == "2.1.0"
    (row,) = [r for r in dataset.rows("2.1.0", "quarantine") if r["reason"] == "withdrawn"]
    assert (row["path"], row["bytes"]) == (name, 0)
    assert any("news/a.txt" in remark for remark in again.remarks)
    raw = (dataset.seeds / "news" / "a.txt").read_bytes()
    (dataset.seeds / "news" / "a.txt").rename(dataset.seeds / "news" / "other-name.txt")
    dataset.release()
    packs = b"".join(p.read_bytes() for p in (dataset.data / "archive").rglob("*.pack"))
    assert raw not in packs


def test_a_container_leaves_and_what_it_held_lives_again(dataset: Dataset) -> None:
    name = dataset.paragraph(CONTAINER, "1.1.0")
    withdraw(dataset, dataset.document("f.txt", "1.1.0"), "--yes")
    check_all(dataset)
    assert dataset.versions() == ["1.0.0", "1.1.0+w1", "2.0.0+w1"]
    assert residue(dataset.data, CONTAINER, SECRET) == []
    latest = {r["text"]: r for r in dataset.rows("2.0.0+w1", "paragraphs")}
    assert latest[SECRET]["paragraph_id"] == dataset_paragraph_id(SECRET)
    assert latest[SECRET]["first_release"] == "1.0.0"
    retired = {r["record_id"]: r["reason"] for r in dataset.rows("2.0.0+w1", "retired")}
    assert retired[name] == "withdrawn"
    assert latest[SECRET]["paragraph_id"] not in retired


def test_the_list_says_nothing_without_its_key(dataset: Dataset) -> None:
    withdraw(dataset, dataset.paragraph(SECRET), "--yes")
    folder = dataset.data / "archive"
    listed = (folder / "suppressed.json").read_text()
    assert (folder / "suppressed.key").stat().st_mode & 0o077 == 0
    assert (folder / "suppressed.json").stat().st_mode & 0o077 == 0
    assert dataset_paragraph_id(SECRET)[1:] not in listed
    current = read_suppression(folder)
    other = Suppression(current.listed, bytes(32))
    tokens = tokens_of([SECRET, SECRET.upper(), CONTAINER, OPEN])
    assert current.hits(tokens).tolist() == [True, True, True, False]
    assert not other.hits(tokens).any()
    (folder / "suppressed.key").unlink()
    with pytest.raises(RefusedError, match=r"suppressed\.key"):
        dataset.release()
