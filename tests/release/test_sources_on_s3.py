"""Sources in a real S3 store give the release that the same sources in a folder give."""

import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from onrecord.errors import ConfigurationError, RefusedError
from onrecord.job import release
from onrecord.release.objects import Objects
from onrecord.settings import Settings

MakeSource = Callable[..., Path]
Command = Callable[..., Any]
LINES = b"The council met on Tuesday to hear about the old bridges.\nNothing else was said.\n"


@pytest.fixture
def project(tmp_path: Path, make_source: MakeSource) -> Path:
    """A folder with ``dataset.yml`` and ``sources/``."""
    seeds = tmp_path / "project" / "sources"
    files = {
        "a.txt": LINES,
        "deep/er/b 100%25 ü+.txt": LINES + b"A third line about the river.\n",
        "empty.txt": b"",
        "notes.md": b"# Bridges\n\nAll of them are old.\n",
        "left.tmp": b"left out",
        "large.txt": b"x" * 5_000,
    }
    folder = make_source(seeds, "news", files, exclude=["*.tmp"])
    with zipfile.ZipFile(folder / "more.zip", "w") as made:
        made.writestr("in.txt", "A line of text within an archive, about the tower.\n")
    make_source(seeds, "closed", {"c.txt": LINES}, publication="metadata")
    (seeds / "stray.txt").write_text("in no source")
    (tmp_path / "project" / "dataset.yml").write_text("title: Bridges of the town\n")
    return tmp_path / "project"


def _put(folder: Path, url: str) -> None:
    objects = Objects(url)
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            objects.put(path.relative_to(folder).as_posix(), path.read_bytes())


def _with_key(data: Path) -> Path:
    """A data folder with a known secret, which ids of withheld texts depend on."""
    (data / "archive").mkdir(parents=True)
    (data / "archive" / "key").write_bytes(bytes(range(32)))
    return data


SETTINGS = Settings(max_file_bytes=4_000, page=False)


def test_a_bucket_gives_what_a_folder_gives(
    s3: str, project: Path, tmp_path: Path, onrecord: Command
) -> None:
    _put(project, s3)
    here = release(project / "sources", _with_key(tmp_path / "here"), SETTINGS)
    there = release(f"{s3}/sources", _with_key(tmp_path / "there"), SETTINGS)
    assert there.content_digest == here.content_digest
    assert (there.figures, there.remarks) == (here.figures, here.remarks)
    described = json.loads((there.path / "datapackage.json").read_text())
    assert described["title"] == "Bridges of the town"
    assert not release(f"{s3}/sources", tmp_path / "there", SETTINGS).published
    Objects(s3).put("sources/news/a.txt", LINES.replace(b"Tuesday", b"Sunday!"))
    assert release(f"{s3}/sources", tmp_path / "there", SETTINGS).version == "1.1.0"
    # From a bucket to a bucket, with the command.
    arguments = ("--data", f"{s3}/data", "--work", tmp_path / "work", "--json")
    ran = onrecord("release", f"{s3}/sources", *arguments)
    assert ran.code == 0, ran.message
    assert json.loads(ran.stdout)["path"] == f"{s3}/data/releases/1.0.0"


@pytest.mark.scale
@pytest.mark.parametrize("engine", ["daft", "ray"])
def test_workers_read_from_a_bucket(s3: str, project: Path, tmp_path: Path, engine: str) -> None:
    pytest.importorskip("daft", reason='not installed: pip install "onrecord[ray]"')
    _put(project, s3)
    (project / "sources" / "closed" / "source.yml").unlink()  # ids differ with the place's secret
    (project / "sources" / "closed" / "c.txt").unlink()
    (project / "sources" / "closed").rmdir()
    Objects(s3).delete(["sources/closed/source.yml", "sources/closed/c.txt"])
    here = release(project / "sources", tmp_path / "here", Settings(page=False))
    # A process of its own: Daft is native or on Ray, once and for all of a process.
    program = "from onrecord.commands import main; main()"
    arguments = ("release", f"{s3}/sources", "--data", f"{s3}/data", "--no-page", "--json")
    command = [sys.executable, "-c", program, *arguments, "--engine", engine]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert ran.returncode == 0, ran.stderr
    assert "can't read" not in ran.stderr
    found = json.loads(ran.stdout)
    assert found["path"] == f"{s3}/data/releases/1.0.0"
    assert found["content_digest"] == here.content_digest


def test_what_is_wrong_there_is_told_by_its_url(
    s3: str, project: Path, tmp_path: Path, onrecord: Command
) -> None:
    with pytest.raises(ConfigurationError, match=f"{s3}/sources: nothing is there"):
        release(f"{s3}/sources", tmp_path / "data", SETTINGS)
    _put(project, s3)
    Objects(s3).put("sources/other/x.txt", LINES)
    with pytest.raises(ConfigurationError, match=f"^{s3}/sources/other/source.yml: missing"):
        release(f"{s3}/sources", tmp_path / "data", SETTINGS)
    Objects(s3).put("sources/other/source.yml", b"title: [\n")
    ran = onrecord("release", f"{s3}/sources", "--data", tmp_path / "data")
    assert ran.code == 2
    assert ran.message.startswith(f"{s3}/sources/other/source.yml: not valid YAML")
    ran = onrecord("release", "http://127.0.0.1:1/sources", "--data", tmp_path / "data")
    assert (ran.code, "can't be listed" in ran.message) == (2, True)
    assert not (tmp_path / "data" / "releases").exists()


def test_a_store_that_falls_silent_loses_no_document(
    s3: str, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from onrecord.release.store import UnreachableError

    _put(project, s3)

    def silent(self: Objects, name: str, *_: object) -> bytes:
        raise UnreachableError(f"{name}: no answer in time.")

    monkeypatch.setattr(Objects, "part", silent)
    with pytest.raises(RefusedError, match="no answer in time"):
        release(f"{s3}/sources", tmp_path / "data", SETTINGS)
    assert not (tmp_path / "data" / "releases" / "index.json").exists()
