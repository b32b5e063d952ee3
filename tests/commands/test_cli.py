"""The command line as a user runs it: in a process of its own."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest

from onrecord.commands import app

COMMANDS = sorted(str(command.name) for command in app.registered_commands)
HEAVY = {"prefect", "pyarrow", "numba", "polars", "numpy"}

MakeSource = Callable[..., Path]

PARAGRAPH = "The committee met on Tuesday to hear from seven witnesses about the old bridges."
DIRTY = "Привет, мир, это длинная строка текста ".encode() + b"\xff\xfe" + "и конец\r\n".encode()
WIDE = b"\xff\xfe" + f"{PARAGRAPH}\r\n\u00a0\r\nAnd nothing else was said.".encode("utf-16-le")


@dataclass(frozen=True)
class Result:
    """What a process left behind."""

    code: int
    stdout: bytes
    stderr: str

    @property
    def shown(self) -> str:
        return self.stdout.decode()


def python(*arguments: str | bytes | Path, cwd: Path) -> Result:
    environment = {**os.environ, "NO_COLOR": "1", "TERM": "dumb", "COLUMNS": "300"}
    environment.pop("SOURCE_DATE_EPOCH", None)
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env=environment,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        timeout=300,
        check=False,
    )
    return Result(done.returncode, done.stdout, done.stderr.decode())


def onrecord(*arguments: str | bytes | Path, cwd: Path) -> Result:
    return python("-m", "onrecord", *arguments, cwd=cwd)


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder with its content, and every folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else b""
        for path in folder.rglob("*")
        if not path.is_fifo()
    }


def table(release: Path, name: str) -> pl.DataFrame:
    return pl.read_csv(release / "csv" / f"{name}.csv", infer_schema=False)


def check_failed(result: Result, code: int, *said: str) -> None:
    """One message that says all of `said`, no traceback, and nothing else."""
    assert result.code == code, result.stderr
    assert result.stdout == b""
    assert "Traceback" not in result.stderr
    assert result.stderr.count("error:") == 1
    message = result.stderr.split("error:")[1]
    for words in said:
        assert words in message


@pytest.fixture(scope="module")
def published(
    tmp_path_factory: pytest.TempPathFactory, make_source: MakeSource
) -> tuple[Path, Result]:
    """A folder with ``seeds`` and, below ``data``, a release of it; and what the run said."""
    place = tmp_path_factory.mktemp("published")
    files = {
        "one.txt": f"{PARAGRAPH}\n\nAnother line.\n".encode(),
        "dirty.txt": DIRTY,
        "wide.txt": WIDE,
    }
    make_source(place / "seeds", "open", files)
    make_source(place / "seeds", "closed", {"a.txt": b"A secret line of text.\n"}, publication=None)
    return place, onrecord("release", cwd=place)


@pytest.fixture(scope="module")
def documents(published: tuple[Path, Result]) -> dict[str, str]:
    """Document ids by path."""
    frame = table(published[0] / "data" / "releases" / "1.0.0", "documents")
    return dict(zip(frame["path"], frame["document_id"], strict=True))


def test_release_publishes_and_says_where(published: tuple[Path, Result]) -> None:
    place, result = published
    assert result.code == 0, result.stderr
    assert "Published release 1.0.0" in result.shown
    assert str(Path("data/releases/1.0.0")) in result.shown
    release = place / "data" / "releases" / "1.0.0"
    assert table(release, "documents").height == 4
    assert table(release, "quarantine").height == 0
    latest = json.loads((place / "data" / "releases" / "latest.json").read_text())
    assert latest["version"] == "1.0.0"


def test_release_numbers_in_the_summary_are_those_of_the_tables(
    published: tuple[Path, Result],
) -> None:
    place, result = published
    release = place / "data" / "releases" / "1.0.0"
    for label, name in (
        ("documents", "documents"),
        ("blocks", "occurrences"),
        ("paragraphs", "paragraphs"),
        ("quarantined", "quarantine"),
    ):
        shown = re.search(rf"^{label} +(\d+)", result.shown, re.MULTILINE)
        assert shown is not None
        assert int(shown[1]) == table(release, name).height


def test_a_second_run_changes_nothing(published: tuple[Path, Result]) -> None:
    place, _ = published
    before = tree(place)
    result = onrecord("release", "seeds", "--data", "data", cwd=place)
    assert result.code == 0, result.stderr
    assert "Nothing changed" in result.shown
    assert "1.0.0" in result.shown
    assert tree(place) == before


def test_version_is_shown(tmp_path: Path) -> None:
    from onrecord import __version__

    result = onrecord("--version", cwd=tmp_path)
    assert result.code == 0
    assert result.shown == f"onrecord {__version__}\n"


def test_the_installed_script_is_the_same_command(tmp_path: Path) -> None:
    script = Path(sys.executable).parent / "onrecord"
    if not script.is_file():
        pytest.skip("the project is not installed next to this Python")
    result = python(script, "--version", cwd=tmp_path)
    assert result == onrecord("--version", cwd=tmp_path)


def test_help_names_every_command(tmp_path: Path) -> None:
    result = onrecord("--help", cwd=tmp_path)
    assert result.code == 0
    assert {"release", "restore", "validate"} <= set(COMMANDS)
    for command in COMMANDS:
        assert re.search(rf"^\W*{re.escape(command)} ", result.shown, re.MULTILINE)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_every_command_states_its_exit_codes(command: str, tmp_path: Path) -> None:
    result = onrecord(command, "--help", cwd=tmp_path)
    assert result.code == 0
    codes = re.search(r"Exit codes: 0 .*", result.shown, re.DOTALL)
    assert codes is not None
    assert re.search(r"; 2 wrong\s+usage", codes[0])


@pytest.mark.parametrize("arguments", [("--help",), ("--version",), ("release", "--help")])
def test_help_loads_nothing_heavy(arguments: tuple[str, ...], tmp_path: Path) -> None:
    result = python("-X", "importtime", "-m", "onrecord", *arguments, cwd=tmp_path)
    assert result.code == 0
    loaded = {line.rpartition("|")[2].strip() for line in result.stderr.splitlines()}
    assert "typer" in loaded
    assert not HEAVY & loaded


def test_importing_the_commands_loads_nothing_heavy(tmp_path: Path) -> None:
    code = "import sys, onrecord.commands; print(*sys.modules)"
    result = python("-c", code, cwd=tmp_path)
    assert result.code == 0
    loaded = set(result.shown.split())
    assert "onrecord.commands.release" in loaded
    assert not HEAVY & loaded


def test_the_library_never_loads_prefect(tmp_path: Path) -> None:
    code = "import sys, onrecord.pipeline; print(*sys.modules)"
    result = python("-c", code, cwd=tmp_path)
    assert result.code == 0
    assert "onrecord.pipeline" in result.shown.split()
    assert "prefect" not in result.shown.split()


@pytest.mark.parametrize(
    "arguments",
    [
        ("release", "seeds", "--no-such-option"),
        ("release", "seeds", "one-too-many"),
        ("release", "--split-above", "1"),
        ("release", "--max-file-mb", "0"),
        ("release", "--max-file-mb", "nan"),
        ("release", "--max-file-mb", "inf"),
        ("release", "--data"),
        ("validate", "--max-file-mb", "inf"),
        ("restore",),
        ("no-such-command",),
    ],
)
def test_wrong_usage_exits_with_2_and_writes_nothing(
    arguments: tuple[str, ...], tmp_path: Path, make_source: MakeSource
) -> None:
    make_source(tmp_path / "seeds", "open", {"a.txt": b"Some text.\n"})
    before = tree(tmp_path)
    result = onrecord(*arguments, cwd=tmp_path)
    assert result.code == 2
    assert "Traceback" not in result.stderr
    assert result.stderr.strip()
    assert result.stdout == b""
    assert tree(tmp_path) == before


@pytest.mark.parametrize("command", ["release", "validate"])
def test_a_missing_seeds_folder_is_one_message(command: str, tmp_path: Path) -> None:
    result = onrecord(command, "no-seeds-here", cwd=tmp_path)
    check_failed(result, 2, "no-seeds-here", "no such folder")
    assert tree(tmp_path) == {}


@pytest.mark.parametrize("command", ["release", "validate"])
def test_a_bad_source_file_is_one_message_that_names_file_and_key(
    command: str, tmp_path: Path, make_source: MakeSource
) -> None:
    make_source(tmp_path / "seeds", "good", {"a.txt": b"Some text.\n"})
    make_source(tmp_path / "seeds", "bad", {"a.txt": b"Some text.\n"}, publication="all", colour=1)
    before = tree(tmp_path)
    result = onrecord(command, cwd=tmp_path)
    check_failed(result, 2, str(Path("seeds/bad/source.yml")), "`publication`", "`colour`")
    assert tree(tmp_path) == before


@pytest.mark.parametrize("occupied", ["data", "data/archive"])
def test_a_data_folder_that_can_t_be_written_is_one_message(
    occupied: str, tmp_path: Path, make_source: MakeSource
) -> None:
    make_source(tmp_path / "seeds", "open", {"a.txt": b"Some text.\n"})
    (tmp_path / occupied).parent.mkdir(exist_ok=True)
    (tmp_path / occupied).write_text("in the way")
    result = onrecord("release", cwd=tmp_path)
    check_failed(result, 1, "data", "can't be written")
    assert (tmp_path / occupied).read_text() == "in the way"
    assert not list(tmp_path.glob("data/releases/1*"))


def test_a_key_that_can_t_be_read_is_one_message(tmp_path: Path, make_source: MakeSource) -> None:
    make_source(tmp_path / "seeds", "closed", {"a.txt": b"Some text.\n"}, publication="metadata")
    (tmp_path / "data" / "archive" / "key").mkdir(parents=True)
    result = onrecord("release", cwd=tmp_path)
    check_failed(result, 1, "key")
    assert not list(tmp_path.glob("data/releases/1*"))


def test_restore_writes_the_raw_bytes_to_stdout(
    published: tuple[Path, Result], documents: dict[str, str]
) -> None:
    place, _ = published
    result = onrecord("restore", documents["dirty.txt"], cwd=place)
    assert result.code == 0, result.stderr
    assert result.stdout == DIRTY


def test_restore_writes_the_raw_bytes_to_a_file(
    published: tuple[Path, Result], documents: dict[str, str], tmp_path: Path
) -> None:
    place, _ = published
    out = tmp_path / "out.txt"
    result = onrecord(
        "restore",
        documents["wide.txt"],
        "--data",
        place / "data",
        "--release",
        "1.0.0",
        "--output",
        out,
        cwd=tmp_path,
    )
    assert result.code == 0, result.stderr
    assert out.read_bytes() == WIDE
    assert result.stdout == b""


def test_restore_to_a_place_that_can_t_be_written_is_one_message(
    published: tuple[Path, Result], documents: dict[str, str], tmp_path: Path
) -> None:
    place, _ = published
    target = tmp_path / "nowhere" / "out.txt"
    result = onrecord("restore", documents["one.txt"], "--output", target, cwd=place)
    check_failed(result, 1, str(target), "can't be written")


@pytest.mark.parametrize("unknown", ["d" + "0" * 16, ""])
def test_restore_of_an_unknown_document_is_one_message(
    published: tuple[Path, Result], unknown: str
) -> None:
    result = onrecord("restore", unknown, cwd=published[0])
    check_failed(result, 1, "no document", repr(unknown))


def test_restore_of_a_withheld_document_without_the_archive_is_one_message(
    published: tuple[Path, Result], documents: dict[str, str], tmp_path: Path
) -> None:
    place, _ = published
    (closed,) = [name for path, name in documents.items() if path == name]
    result = onrecord("restore", closed, "--archive", tmp_path, cwd=place)
    check_failed(result, 1, closed, "withheld", "'closed'", "where the archive is")
    result = onrecord("restore", closed, cwd=place)
    assert result.stdout == (place / "seeds" / "closed" / "a.txt").read_bytes()


def test_restore_from_an_unknown_release_is_one_message(
    published: tuple[Path, Result], documents: dict[str, str]
) -> None:
    result = onrecord("restore", documents["one.txt"], "--release", "9.9.9", cwd=published[0])
    check_failed(result, 1, "9.9.9", "1.0.0")


def test_restore_without_any_release_is_one_message(tmp_path: Path) -> None:
    result = onrecord("restore", "d" + "0" * 16, cwd=tmp_path)
    check_failed(result, 1, "no release yet", "onrecord release")
    assert tree(tmp_path) == {}


@pytest.fixture
def hostile(tmp_path: Path, make_source: MakeSource) -> dict[str, str]:
    """Good files between every kind of bad one; path and reason of the bad ones."""
    good = {f"good-{i}.txt": f"Line {i} of the good files.\n".encode() for i in range(3)}
    bad = {
        "empty.txt": (b"", "empty"),
        "blank.txt": (b"\xef\xbb\xbf \r\n\xc2\xa0\n", "empty"),
        "image.txt": (b"\x89PNG\r\n\x1a\n" + bytes(200), "binary"),
        "noise.txt": (bytes(range(256)) * 8, "binary"),
        "large.txt": (b"large\n" * 1000, "too_large"),
    }
    folder = make_source(
        tmp_path / "seeds", "mixed", {**good, **{name: raw for name, (raw, _) in bad.items()}}
    )
    reasons = {name: reason for name, (_, reason) in bad.items()}
    (tmp_path / "outside.txt").write_text("not yours")
    (folder / "outside.txt").symlink_to(tmp_path / "outside.txt")
    (folder / "folder").symlink_to(".", target_is_directory=True)
    (folder / "broken.txt").symlink_to("gone.txt")
    (folder / "circle.txt").symlink_to("circle.txt")
    os.mkfifo(folder / "pipe")
    reasons |= {
        "outside.txt": "outside_link",
        "folder": "folder_link",
        "broken.txt": "unreadable",
        "circle.txt": "unreadable",
        "pipe": "not_regular",
    }
    try:
        Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9.txt")).write_text("text")
        reasons["caf%E9.txt"] = "name_not_utf8"
    except OSError:  # a file system that takes only UTF-8
        pass
    (folder / ".hidden").write_text("left out, not rejected")
    (folder / "good.log").write_text("One more good line.\n")
    return reasons


def test_bad_files_are_accounted_for_and_stop_nobody(
    hostile: dict[str, str], tmp_path: Path
) -> None:
    result = onrecord("release", "--max-file-mb", "0.005", cwd=tmp_path)
    assert result.code == 0, result.stderr
    release = tmp_path / "data" / "releases" / "1.0.0"
    published = table(release, "documents")["path"].to_list()
    quarantine = table(release, "quarantine")
    rejected = dict(zip(quarantine["path"], quarantine["reason"], strict=True))
    assert sorted(published) == ["good-0.txt", "good-1.txt", "good-2.txt", "good.log"]
    assert rejected == hostile
    entries = {path.name for path in (tmp_path / "seeds" / "mixed").iterdir()}
    entries -= {"source.yml", ".hidden"}
    assert len(published) + quarantine.height == len(entries)
    assert quarantine["detail"].str.len_chars().min() > 20
    assert "quarantine.csv" in result.shown


def test_validate_lists_the_quarantine_and_writes_nothing(
    hostile: dict[str, str], tmp_path: Path
) -> None:
    before = tree(tmp_path)
    result = onrecord("validate", "--max-file-mb", "0.005", cwd=tmp_path)
    assert result.code == 0, result.stderr
    assert "Traceback" not in result.stderr
    lines = result.shown.splitlines()
    for path, reason in hostile.items():
        assert any(f"mixed/{path}" in line and f" {reason}: " in line for line in lines)
    assert not any("good-" in line for line in lines)
    assert re.search(r"^mixed .* 4 +11\s*$", result.shown, re.MULTILINE)
    assert tree(tmp_path) == before


def test_a_folder_of_only_bad_files_is_no_crash(tmp_path: Path, make_source: MakeSource) -> None:
    make_source(tmp_path / "seeds", "bad", {"a.txt": b"", "b.txt": b" \n"})
    result = onrecord("release", cwd=tmp_path)
    assert result.code == 0, result.stderr
    assert table(tmp_path / "data" / "releases" / "1.0.0", "quarantine").height == 2


def test_brackets_in_a_title_are_shown_as_they_are(tmp_path: Path, make_source: MakeSource) -> None:
    title = "Reports [old] and [/new]"
    make_source(tmp_path / "seeds", "open", {"a.txt": b"Some text.\n"}, title=title)
    result = onrecord("validate", cwd=tmp_path)
    assert result.code == 0, result.stderr
    assert title in result.shown


def test_brackets_in_a_path_are_shown_as_they_are(tmp_path: Path, make_source: MakeSource) -> None:
    name = "a[old]b[/new]c"
    make_source(tmp_path / "seeds", "open", {"a.txt": b"Some text.\n", "empty.txt": b""})
    result = onrecord("release", "--data", name, cwd=tmp_path)
    assert result.code == 0, result.stderr
    assert "Traceback" not in result.stderr
    where = Path(name) / "releases" / "1.0.0"
    assert (tmp_path / where / "SHA256SUMS").is_file()
    assert re.search(rf"^where +{re.escape(str(where))}\s*$", result.shown, re.MULTILINE)
    assert f"{where}/csv/quarantine.csv" in result.shown


def test_a_data_folder_with_a_name_that_is_no_utf8_is_refused(
    tmp_path: Path, make_source: MakeSource
) -> None:
    make_source(tmp_path / "seeds", "open", {"a.txt": b"Some text.\n"})
    name = os.fsencode(tmp_path) + b"/data-\xff"
    result = onrecord("release", "--data", name, cwd=tmp_path)
    check_failed(result, 2, "UTF-8")
    assert not Path(os.fsdecode(name)).exists()
