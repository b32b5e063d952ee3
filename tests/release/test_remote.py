"""Publishing to a real S3 store: whole or not at all, and one winner."""

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from onrecord.errors import RefusedError
from onrecord.job import call
from onrecord.release.objects import Objects
from onrecord.release.place import open_release, read_index
from onrecord.release.remote import UncertainError, release_to
from onrecord.release.store import UnreachableError
from onrecord.release.working import default_work
from onrecord.settings import Settings

MakeSource = Callable[..., Path]
Command = Callable[..., Any]
LINES = b"The council met on Tuesday to hear about the old bridges.\nNothing else was said.\n"


@pytest.fixture
def seeds_folder(tmp_path: Path, make_source: MakeSource) -> Path:
    make_source(tmp_path / "seeds", "news", {"a.txt": LINES})
    return tmp_path / "seeds"


def there(url: str, folder: str = "") -> dict[str, bytes]:
    """Every file below a folder of a place."""
    store = Objects(url)
    return {meta.name: store.read(meta.name, 1 << 30)[0] for meta in store.list(folder)}


def visible(url: str) -> list[tuple[str, str]]:
    """Version and folder of each release that is visible; each is whole and as it says."""
    entries = read_index(url).releases
    for entry in entries:
        files = open_release(url, entry.version).files()
        names = there(url, f"releases/{entry.path}")
        assert names.keys() == {
            f"releases/{entry.path}/{name}" for name in ["SHA256SUMS", *(f.name for f in files)]
        }
    return [(entry.version, entry.path) for entry in entries]


def folders(url: str) -> set[str]:
    """Folders of releases and of what is no release."""
    return {name.split("/")[1] for name in there(url, "releases") if name.count("/") > 1}


def test_two_releases_and_a_run_without_changes(
    s3: str, seeds_folder: Path, tmp_path: Path, onrecord: Command
) -> None:
    first = onrecord("release", seeds_folder, "--data", s3, "--work", tmp_path / "first")
    assert first.code == 0, first.message
    assert "Published release 1.0.0" in first.stdout
    assert f"{s3}/releases/1.0.0" in first.stdout
    assert visible(s3) == [("1.0.0", "1.0.0")]

    before = there(s3)
    again = onrecord("release", seeds_folder, "--data", s3, "--work", tmp_path / "elsewhere")
    assert again.code == 0, again.message
    assert "Nothing changed: release 1.0.0" in again.stdout
    assert there(s3) == before

    (seeds_folder / "news" / "b.txt").write_bytes(b"One more line of text about rivers.\n")
    second = onrecord("release", seeds_folder, "--data", s3, "--work", tmp_path / "third")
    assert second.code == 0, second.message
    assert visible(s3) == [("1.0.0", "1.0.0"), ("1.1.0", "1.1.0")]
    after = there(s3)
    changed = {name for name in before if after[name] != before[name]}
    places = ("index.html", "index.json", "latest.json", "feed.atom")
    assert changed == {f"releases/{name}" for name in places}
    index = json.loads(after["releases/index.json"])
    assert json.loads(after["releases/latest.json"]) == index["releases"][-1]
    assert json.loads(after["releases/1.1.0/provenance.json"])["previous"]["version"] == "1.0.0"

    got = onrecord("get", "--from", s3, "--to", tmp_path / "got")
    assert got.code == 0, got.message
    frame = pl.read_parquet(tmp_path / "got" / "1.1.0" / "parquet" / "documents.parquet")
    assert frame["first_release"].to_list().count("1.0.0") == 1


def test_withheld_ids_stay_wherever_the_work_is_done(
    s3: str, tmp_path: Path, make_source: MakeSource
) -> None:
    folder = make_source(tmp_path / "seeds", "closed", {"a.txt": LINES}, publication="metadata")
    release_to(s3, tmp_path / "seeds", Settings(), work=tmp_path / "one")
    key = there(s3, "archive")["archive/key"]
    assert (tmp_path / "one" / "archive" / "key").stat().st_mode & 0o077 == 0
    (folder / "b.txt").write_bytes(b"One more line of text.\n")
    outcome, _ = release_to(s3, tmp_path / "seeds", Settings(), work=tmp_path / "two")
    assert outcome.version == "1.1.0"
    assert (tmp_path / "two" / "archive" / "key").stat().st_mode & 0o077 == 0
    assert there(s3, "archive")["archive/key"] == key
    ids = [
        set(open_release(s3, v).parquet("parquet/paragraphs.parquet").read()["paragraph_id"])
        for v in ("1.0.0", "1.1.0")
    ]
    assert ids[0] < ids[1]
    packs = {name for name in there(s3, "archive") if name.endswith(".pack")}
    assert len(packs) == 2
    held = b"".join(there(s3, "archive")[name] for name in packs)
    assert LINES in held
    assert not [path for path in (tmp_path / "two").rglob("*.pack") if LINES in path.read_bytes()]


@pytest.mark.parametrize("earlier", [False, True])
def test_of_two_publishers_at_once_one_wins(
    earlier: bool, s3: str, seeds_folder: Path, tmp_path: Path, make_source: MakeSource
) -> None:
    if earlier:
        release_to(s3, seeds_folder, Settings(), work=tmp_path / "before")
    before = visible(s3) if earlier else []
    other = tmp_path / "other"
    make_source(other, "news", {"a.txt": LINES, "b.txt": b"Another line of text.\n"})
    (seeds_folder / "news" / "c.txt").write_bytes(b"A third line of text.\n")
    built = threading.Barrier(2, timeout=120)

    def run(stage: Callable[..., Any], *args: Any, step: tuple[int, int] = (1, 1)) -> Any:
        if stage.__name__ == "upload":
            built.wait()
        return call(stage, *args)

    def publish(seeds: Path, work: str) -> str:
        try:
            return release_to(s3, seeds, Settings(), run, work=tmp_path / work)[0].content_digest
        except RefusedError as error:
            return str(error)

    with ThreadPoolExecutor(2) as pool:
        said = list(pool.map(publish, [seeds_folder, other], ["one", "two"]))
    now = visible(s3)
    assert now[:-1] == before
    assert len(now) == len(before) + 1
    digest = read_index(s3).releases[-1].content_digest
    assert said.count(digest) == 1
    (loser,) = (words for words in said if words != digest)
    assert "another run published a release while this one was building" in loser
    assert folders(s3) == {".claims", *(path for _, path in now)}

    seeds = [seeds_folder, other][said.index(loser)]
    outcome, where = release_to(
        s3, seeds, Settings(), work=tmp_path / ["one", "two"][said.index(loser)]
    )
    assert outcome.published
    assert [version for version, _ in visible(s3)][:-1] == [version for version, _ in now]
    assert where.endswith(f"/{outcome.version}")


def test_what_a_crash_left_is_never_visible_and_goes_with_the_next_release(
    s3: str, seeds_folder: Path, tmp_path: Path
) -> None:
    release_to(s3, seeds_folder, Settings(), work=tmp_path / "work")

    class Killed(BaseException):
        pass

    def run(stage: Callable[..., Any], *args: Any, step: tuple[int, int] = (1, 1)) -> Any:
        if stage.__name__ != "upload":
            return call(stage, *args)
        real = Objects.put

        def put(self: Objects, name: str, *rest: Any) -> None:
            if name.endswith("csv/sources.csv"):
                raise Killed
            real(self, name, *rest)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Objects, "put", put)
            return call(stage, *args)

    (seeds_folder / "news" / "b.txt").write_bytes(b"One more line of text.\n")
    with pytest.raises(Killed):
        release_to(s3, seeds_folder, Settings(), run, work=tmp_path / "work")
    assert folders(s3) == {".claims", "1.0.0", "1.1.0"}
    assert visible(s3) == [("1.0.0", "1.0.0")]
    outcome, where = release_to(s3, seeds_folder, Settings(), work=tmp_path / "work")
    assert (outcome.version, outcome.published) == ("1.1.0", True)
    ((_, _), (version, path)) = visible(s3)
    assert version == "1.1.0"
    assert where == f"{s3}/releases/{path}"
    assert path.startswith("1.1.0-")
    assert folders(s3) == {".claims", "1.0.0", path}


@pytest.mark.parametrize("arrives", [True, False])
def test_a_lost_answer_to_the_last_write_is_looked_into(
    arrives: bool, s3: str, seeds_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Objects.put

    def put(self: Objects, name: str, *rest: Any) -> None:
        if not name.endswith("index.json"):
            real(self, name, *rest)
            return
        if arrives:
            real(self, name, *rest)
        raise UnreachableError("no answer in time.")

    monkeypatch.setattr(Objects, "put", put)
    if arrives:
        assert release_to(s3, seeds_folder, Settings(), work=tmp_path / "work")[0].published
        assert visible(s3) == [("1.0.0", "1.0.0")]
        return
    with pytest.raises(UncertainError, match="onrecord list"):
        release_to(s3, seeds_folder, Settings(), work=tmp_path / "work")
    assert "releases/1.0.0/SHA256SUMS" in there(s3, "releases")


def test_a_store_that_ignores_conditions_is_refused(
    s3: str, seeds_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Objects.put
    monkeypatch.setattr(Objects, "put", lambda self, name, content, *_: real(self, name, content))
    with pytest.raises(RefusedError, match="ignores conditional writes"):
        release_to(s3, seeds_folder, Settings(), work=tmp_path / "work")
    assert "releases/index.json" not in there(s3)


def test_a_second_run_in_the_same_working_folder_is_told_to_wait(
    s3: str, seeds_folder: Path, tmp_path: Path
) -> None:
    def run(stage: Callable[..., Any], *args: Any, step: tuple[int, int] = (1, 1)) -> Any:
        if stage.__name__ == "discover":
            with pytest.raises(RefusedError, match="another run is publishing"):
                release_to(s3, seeds_folder, Settings(), work=tmp_path / "work")
        return call(stage, *args)

    assert release_to(s3, seeds_folder, Settings(), run, work=tmp_path / "work")[0].published


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--data", "https://host.example/data"], 2, "can be read from there, not published"),
        (["--data", "s3://tests/data/releases"], 2, "not its folder of releases"),
        (["--data", "ftp://host.example/data"], 2, "s3://bucket/prefix"),
        (["--data", "data", "--work", "work"], 2, "--work"),
        (["--data", "s3://no-such-bucket-here/data"], 1, "no such bucket"),
    ],
)
def test_a_place_that_can_t_be_published_to_is_one_message(
    arguments: list[str], code: int, said: str, s3: str, seeds_folder: Path, onrecord: Command
) -> None:
    result = onrecord("release", seeds_folder, *arguments)
    assert result.code == code
    assert said in result.message
    assert result.stdout == ""
    assert not Path("data").joinpath("releases").exists()


def test_each_place_is_worked_on_in_a_folder_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://one.example")
    found = [default_work("s3://bucket/a"), default_work("s3://bucket/b")]
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://two.example")
    found.append(default_work("s3://bucket/a"))
    assert len(set(found)) == 3
    assert all(folder.parts[-3:-1] == ("onrecord", "remote") for folder in found)


def test_damaged_work_is_mended_from_what_was_published(
    s3: str, seeds_folder: Path, tmp_path: Path
) -> None:
    work = tmp_path / "work"
    first, _ = release_to(s3, seeds_folder, Settings(), work=work)
    (work / "releases" / "1.0.0" / "parquet" / "paragraphs.parquet").write_bytes(b"PAR1")
    (work / "releases" / "9.0.0").mkdir()
    (work / "archive" / "packs" / "stray.index").write_bytes(b"")
    again, _ = release_to(s3, seeds_folder, Settings(), work=work)
    assert not again.published
    assert again.content_digest == first.content_digest
    assert not (work / "releases" / "9.0.0").exists()
    assert "archive/packs/stray.index" not in there(s3)


def test_a_dry_run_shows_what_would_come_and_writes_nothing_there(
    s3: str, seeds_folder: Path, tmp_path: Path, onrecord: Command
) -> None:
    options = ["--data", s3, "--work", tmp_path / "work", "--dry-run"]
    first = onrecord("release", seeds_folder, *options)
    assert first.code == 0, first.message
    assert "Release 1.0.0 would be published" in first.stdout
    assert there(s3) == {}

    release_to(s3, seeds_folder, Settings(), work=tmp_path / "other")
    (seeds_folder / "news" / "b.txt").write_bytes(b"One more line of text about rivers.\n")
    before = there(s3)
    ran = onrecord("release", seeds_folder, *options, "--json")
    assert ran.code == 0, ran.message
    plan = json.loads(ran.stdout)
    assert (plan["version"], plan["previous"]) == ("1.1.0", "1.0.0")
    assert plan["sources"]["news"]["documents"]["added"] == 1
    assert there(s3) == before

    made, _ = release_to(s3, seeds_folder, Settings(), work=tmp_path / "work")
    assert made.version == plan["version"]
    nothing = onrecord("release", seeds_folder, *options)
    assert "Nothing changed: release 1.1.0" in nothing.stdout


def test_a_folder_that_is_not_for_the_place_is_left_alone(
    s3: str, seeds_folder: Path, tmp_path: Path, onrecord: Command
) -> None:
    own = tmp_path / "own"
    assert onrecord("release", seeds_folder, "--data", own).code == 0
    before = sorted(own.rglob("*"))
    refused = onrecord("release", seeds_folder, "--data", s3, "--work", own)
    assert refused.code == 1
    assert "has releases of its own" in refused.message
    assert not set(before) - set(own.rglob("*"))

    release_to(s3, seeds_folder, Settings(), work=tmp_path / "work")
    other = onrecord("release", seeds_folder, "--data", f"{s3}-b", "--work", tmp_path / "work")
    assert other.code == 1
    assert "the working folder of another place" in other.message


def test_a_withdrawal_on_s3_is_one_message(s3: str, onrecord: Command) -> None:
    result = onrecord("withdraw", "p0", "--category", "privacy", "--data", s3, "--yes")
    assert result.code == 2
    assert "withdrawn in a data folder on this machine" in result.message
    assert result.stdout == ""
    assert there(s3) == {}


def test_what_the_documentation_says_to_do_instead_works(
    s3: str, seeds_folder: Path, tmp_path: Path, onrecord: Command
) -> None:
    work = tmp_path / "work"
    release_to(s3, seeds_folder, Settings(), work=work)
    (seeds_folder / "news" / "b.txt").write_bytes(b"One more line of text about rivers.\n")
    release_to(s3, seeds_folder, Settings(), work=work)
    secret = LINES.splitlines()[0]
    rows = pl.read_parquet(work / "releases" / "1.1.0" / "parquet" / "paragraphs.parquet")
    name = rows.filter(pl.col("text") == secret.decode())["paragraph_id"].item()

    copy, store = tmp_path / "copy", Objects(s3)
    for version in ("1.0.0", "1.1.0"):
        got = onrecord("get", version, "--from", s3, "--to", copy / "releases")
        assert got.code == 0, got.message
    for path, raw in there(s3, "archive").items():
        (copy / path).parent.mkdir(parents=True, exist_ok=True)
        (copy / path).write_bytes(raw)
    done = onrecord("withdraw", name, "--category", "privacy", "--data", copy, "--yes")
    assert done.code == 0, done.message
    last = ["releases/index.json", "releases/latest.json"]
    here = {
        path.relative_to(copy).as_posix(): path
        for path in copy.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }
    for file in [*sorted(here.keys() - set(last)), *last]:
        store.put(file, here[file])
    claims = {file for file in there(s3) if file.startswith("releases/.claims/")}
    store.delete(sorted(there(s3).keys() - here.keys() - claims))

    assert [version for version, _ in visible(s3)] == ["1.0.0+w1", "1.1.0+w1"]
    assert not [file for file, raw in there(s3).items() if secret in raw]
    assert onrecord("verify", s3, "--all").code == 0
    again, _ = release_to(s3, seeds_folder, Settings(), work=work)  # the source still has it
    assert (again.published, again.version) == (False, "1.1.0+w1")
    assert not [file for file, raw in there(s3).items() if secret in raw]
