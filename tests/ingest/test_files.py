import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from onrecord.ingest.files import Candidate, Listing, find
from onrecord.ingest.quarantine import ADVICE, Reason, Rejected
from onrecord.ingest.read import read
from onrecord.ingest.sources import Source

LIMIT = 1000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A source's folder with one good file."""
    place = tmp_path / "gazette"
    place.mkdir()
    (place / "source.yml").write_text("title: not a document\n")
    (place / "good.txt").write_text("Some text.\n")
    return place


def listing(
    folder: Path, include: list[str] | None = None, exclude: list[str] | None = None
) -> Listing:
    globs = {"include": include, "exclude": exclude}
    source = Source(
        id="gazette",
        title="The Gazette",
        origin="a test",
        basis="a test",
        **{key: value for key, value in globs.items() if value is not None},
    )
    return find(source, folder, LIMIT)


def look(
    folder: Path, include: list[str] | None = None, exclude: list[str] | None = None
) -> tuple[list[Candidate], list[Rejected]]:
    found = listing(folder, include, exclude)
    return found.candidates, found.rejected


def paths(found: list[Candidate]) -> list[str]:
    return [candidate.path for candidate in found]


def put(folder: Path, *names: str) -> None:
    for name in names:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"Text of {name}.\n")


def check_only(folder: Path, path: str, reason: Reason) -> Rejected:
    """The one rejected entry, with its advice, while the good file is still found."""
    found, rejected = look(folder)
    assert "good.txt" in paths(found)
    assert path not in paths(found)
    assert [(r.source_id, r.path, r.reason) for r in rejected] == [("gazette", path, reason)]
    assert rejected[0].detail.endswith(ADVICE[reason])
    assert len(rejected[0].detail) > len(ADVICE[reason]) + 2
    return rejected[0]


def test_every_reason_has_advice() -> None:
    assert set(ADVICE) == set(Reason)


def test_a_file_is_found_with_source_path_and_size(folder: Path) -> None:
    put(folder, "sub/deep/b.txt")
    found, rejected = look(folder)
    assert rejected == []
    assert [(c.source_id, c.path, c.bytes) for c in found] == [
        ("gazette", "good.txt", 11),
        ("gazette", "sub/deep/b.txt", (folder / "sub/deep/b.txt").stat().st_size),
    ]
    assert all(Path(c.file).is_file() for c in found)


def test_only_the_source_s_own_description_is_no_document(folder: Path) -> None:
    put(folder, "sub/source.yml")
    found, _ = look(folder)
    assert paths(found) == ["good.txt", "sub/source.yml"]


@pytest.mark.parametrize(
    ("include", "expected"),
    [
        (["**"], ["a.md", "a.txt", "sub/a.txt", "sub/deep/a.txt", "sub/deep/b.md"]),
        (["*.txt"], ["a.txt", "sub/a.txt", "sub/deep/a.txt"]),
        (["sub/*.txt"], ["sub/a.txt"]),
        (["sub/**"], ["sub/a.txt", "sub/deep/a.txt", "sub/deep/b.md"]),
        (["**/deep/*"], ["sub/deep/a.txt", "sub/deep/b.md"]),
        (["**/a.txt"], ["a.txt", "sub/a.txt", "sub/deep/a.txt"]),
        (["?.md"], ["a.md", "sub/deep/b.md"]),
        (["a.md", "sub/a.txt"], ["a.md", "sub/a.txt"]),
        (["a[.]txt"], []),
        (["A.TXT"], []),
    ],
)
def test_include_chooses_files(folder: Path, include: list[str], expected: list[str]) -> None:
    (folder / "good.txt").unlink()
    put(folder, "a.txt", "a.md", "sub/a.txt", "sub/deep/a.txt", "sub/deep/b.md")
    found, rejected = look(folder, include=include)
    assert paths(found) == expected
    assert rejected == []


def test_exclude_wins_over_include(folder: Path) -> None:
    put(folder, "a.txt", "drafts/b.txt", "sub/drafts/c.txt")
    found, _ = look(folder, include=["*.txt"], exclude=["drafts/**", "good.*"])
    assert paths(found) == ["a.txt", "sub/drafts/c.txt"]


def test_what_is_not_asked_for_is_not_quarantined_either(folder: Path) -> None:
    (folder / "empty.log").touch()
    os.mkfifo(folder / "pipe.log")
    _, rejected = look(folder, exclude=["*.log"])
    assert rejected == []


def test_hidden_files_and_folders_are_left_out(folder: Path) -> None:
    put(folder, ".DS_Store", ".git/config", "sub/.cache/x.txt", "sub/.hidden.txt", "sub/b.txt")
    found, rejected = look(folder)
    assert paths(found) == ["good.txt", "sub/b.txt"]
    assert rejected == []


def test_what_the_globs_leave_out_is_counted(folder: Path) -> None:
    put(folder, "a.md", "sub/b.md", ".hidden")
    assert listing(folder).left_out == 1
    assert listing(folder, include=["*.txt"]).left_out == 3
    assert listing(folder, include=["*.txt"], exclude=["good.txt"]).left_out == 4
    assert listing(folder, exclude=["no such name"]).left_out == 0


def test_names_with_odd_characters_are_found_as_they_are(folder: Path) -> None:
    names = ["a b.txt", "%41.txt", "[x].txt", "line\nbreak.txt", "é.txt", "e\u0301.txt", "…"]
    put(folder, *names)
    found, rejected = look(folder)
    assert sorted(paths(found)) == sorted(["good.txt", *names])
    assert rejected == []


def test_order_does_not_depend_on_creation(tmp_path: Path) -> None:
    names = ["b.txt", "a/z.txt", "a.txt", "é.txt", "a/y.txt", "B.txt"]
    results = []
    for run, order in enumerate((names, names[::-1], sorted(names))):
        place = tmp_path / str(run)
        place.mkdir()
        put(place, *order)
        for name in order:
            (place / f"{name}.empty").touch()
        found, rejected = look(place)
        results.append((paths(found), [r.path for r in rejected]))
    assert results[0] == results[1] == results[2]
    assert results[0][0] == sorted(names)


def test_a_link_within_the_folder_is_read(folder: Path) -> None:
    (folder / "link.txt").symlink_to("good.txt")
    found, rejected = look(folder)
    assert paths(found) == ["good.txt", "link.txt"]
    assert rejected == []
    assert found[1].bytes == found[0].bytes


def test_a_source_folder_that_is_a_link_itself_is_read(folder: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(folder, target_is_directory=True)
    (folder / "inner.txt").symlink_to("good.txt")
    found, rejected = look(link)
    assert paths(found) == ["good.txt", "inner.txt"]
    assert rejected == []


def test_a_link_out_of_the_folder_is_not_followed(folder: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("not yours")
    (folder / "link.txt").symlink_to(secret)
    check_only(folder, "link.txt", Reason.OUTSIDE_LINK)


def test_a_link_out_by_way_of_dots_is_not_followed(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "gazette-2").mkdir()
    (tmp_path / "gazette-2" / "secret.txt").write_text("not yours")
    (folder / "link.txt").symlink_to("../gazette-2/secret.txt")
    check_only(folder, "link.txt", Reason.OUTSIDE_LINK)


def test_a_link_to_a_folder_outside_is_not_followed(folder: Path, tmp_path: Path) -> None:
    (folder / "link").symlink_to(tmp_path, target_is_directory=True)
    check_only(folder, "link", Reason.OUTSIDE_LINK)


def test_a_link_to_a_folder_is_not_followed(folder: Path) -> None:
    (folder / "sub").mkdir()
    (folder / "link").symlink_to("sub", target_is_directory=True)
    check_only(folder, "link", Reason.FOLDER_LINK)


def test_a_link_to_the_folder_itself_ends(folder: Path) -> None:
    (folder / "self").symlink_to(".", target_is_directory=True)
    check_only(folder, "self", Reason.FOLDER_LINK)


def test_a_broken_link_is_unreadable(folder: Path) -> None:
    (folder / "broken.txt").symlink_to("gone.txt")
    assert "No such file" in check_only(folder, "broken.txt", Reason.UNREADABLE).detail


def test_a_link_that_leads_in_a_circle_is_unreadable(folder: Path) -> None:
    (folder / "circle.txt").symlink_to("circle.txt")
    check_only(folder, "circle.txt", Reason.UNREADABLE)


def test_a_pipe_is_no_file(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    check_only(folder, "pipe", Reason.NOT_REGULAR)


def test_a_socket_is_no_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)  # the path of a socket is short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")
        check_only(folder, "socket", Reason.NOT_REGULAR)


def test_a_name_that_is_no_utf8_is_shown_percent_encoded(folder: Path) -> None:
    raw = os.fsencode(folder) + b"/caf\xe9 1.txt"
    try:
        Path(os.fsdecode(raw)).write_text("text")
    except OSError:
        pytest.skip("this file system takes only UTF-8 names")
    rejected = check_only(folder, "caf%E9 1.txt", Reason.NAME_NOT_UTF8)
    assert rejected.bytes == 4


def test_two_files_never_go_by_one_path(folder: Path) -> None:
    raw = os.fsencode(folder) + b"/\xff.txt"
    try:
        Path(os.fsdecode(raw)).touch()
    except OSError:
        pytest.skip("this file system takes only UTF-8 names")
    (folder / "%FF.txt").touch()
    _, rejected = look(folder)
    assert len(rejected) == 2
    assert len({r.path for r in rejected}) == 2


def test_an_empty_file_is_quarantined(folder: Path) -> None:
    (folder / "empty.txt").touch()
    assert check_only(folder, "empty.txt", Reason.EMPTY).bytes == 0


def test_a_file_over_the_limit_is_quarantined_with_size_and_limit(folder: Path) -> None:
    (folder / "fits.txt").write_bytes(b"x" * LIMIT)
    (folder / "large.txt").write_bytes(b"x" * (LIMIT + 1))
    rejected = check_only(folder, "large.txt", Reason.TOO_LARGE)
    assert rejected.bytes == LIMIT + 1
    assert "1,001" in rejected.detail
    assert "1,000" in rejected.detail
    assert "fits.txt" in paths(look(folder)[0])


@pytest.fixture
def too_deep(folder: Path) -> Iterator[str]:
    """Folders below the source's folder, deeper than a path may be long; the first one's name."""
    name = "d" * 250
    handles = [os.open(folder, os.O_RDONLY)]
    for _ in range(18):
        os.mkdir(name, dir_fd=handles[-1])
        handles.append(os.open(name, os.O_RDONLY, dir_fd=handles[-1]))
    file = os.open("lost.txt", os.O_WRONLY | os.O_CREAT, dir_fd=handles[-1])
    os.write(file, b"text that no path leads to")
    os.close(file)
    yield name
    os.unlink("lost.txt", dir_fd=handles[-1])
    for handle in handles[-2::-1]:
        os.rmdir(name, dir_fd=handle)
    for handle in handles:
        os.close(handle)


@pytest.mark.parametrize("include", [None, ["**/*.txt"], ["*.txt"]])
def test_a_folder_that_can_t_be_listed_is_quarantined(
    folder: Path, too_deep: str, include: list[str] | None
) -> None:
    found, rejected = look(folder, include=include)
    assert paths(found) == ["good.txt"]
    assert [r.reason for r in rejected] == [Reason.UNREADABLE]
    assert rejected[0].path.startswith(too_deep)
    assert ADVICE[Reason.UNREADABLE] in rejected[0].detail


@pytest.fixture
def unprivileged() -> Iterator[Path]:
    """A source's folder of somebody who is not root, while the test is that somebody."""
    place = Path(tempfile.mkdtemp())
    (place / "good.txt").write_text("Some text.\n")
    (place / "closed.txt").write_text("text")
    (place / "closed").mkdir()
    (place / "closed.txt").chmod(0)
    (place / "closed").chmod(0)
    root = os.geteuid() == 0
    if root:
        place.chmod(0o755)
        os.seteuid(65534)
    try:
        yield place
    finally:
        if root:
            os.seteuid(0)
        (place / "closed").chmod(0o700)
        shutil.rmtree(place)


def test_what_may_not_be_read_is_quarantined(unprivileged: Path) -> None:
    found, rejected = look(unprivileged)
    assert [(r.path, r.reason) for r in rejected] == [("closed", Reason.UNREADABLE)]
    batch = read(found, None, LIMIT)
    assert batch.documents["path"].to_pylist() == ["good.txt"]
    assert [(r.path, r.reason) for r in batch.rejected] == [("closed.txt", Reason.UNREADABLE)]


def test_a_file_that_goes_away_is_quarantined_when_it_is_read(folder: Path) -> None:
    put(folder, "gone.txt")
    found, _ = look(folder)
    (folder / "gone.txt").unlink()
    batch = read(found, None, LIMIT)
    assert batch.documents["path"].to_pylist() == ["good.txt"]
    assert [(r.path, r.reason) for r in batch.rejected] == [("gone.txt", Reason.UNREADABLE)]
    assert ADVICE[Reason.UNREADABLE] in batch.rejected[0].detail


def test_a_file_that_grows_over_the_limit_is_quarantined_when_it_is_read(folder: Path) -> None:
    put(folder, "grows.txt")
    found, _ = look(folder)
    (folder / "grows.txt").write_bytes(b"x" * (LIMIT + 1))
    batch = read(found, None, LIMIT)
    assert batch.documents["path"].to_pylist() == ["good.txt"]
    assert [(r.path, r.reason) for r in batch.rejected] == [("grows.txt", Reason.TOO_LARGE)]


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"\x89PNG\r\n\x1a\n" + b"x" * 50, id="png"),
        pytest.param(b"%PDF-1.7\n" + b"x" * 50, id="pdf"),
        pytest.param(b"PK\x03\x04" + b"x" * 50, id="zip"),
        pytest.param(bytes(range(256)) * 3, id="bytes without meaning"),
        pytest.param(b"\0" * 500, id="zeros"),
    ],
)
def test_what_is_no_text_is_quarantined_when_it_is_read(folder: Path, raw: bytes) -> None:
    (folder / "binary.txt").write_bytes(raw)
    found, _ = look(folder)
    batch = read(found, None, LIMIT)
    assert batch.documents["path"].to_pylist() == ["good.txt"]
    assert [(r.path, r.reason) for r in batch.rejected] == [("binary.txt", Reason.BINARY)]
    assert batch.rejected[0].bytes == len(raw)


def test_every_kind_of_bad_entry_at_once_stops_nobody(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("not yours")
    (folder / "empty.txt").touch()
    (folder / "large.txt").write_bytes(b"x" * (LIMIT + 1))
    (folder / "outside.txt").symlink_to(tmp_path / "secret.txt")
    (folder / "sub").mkdir()
    (folder / "linked").symlink_to("sub", target_is_directory=True)
    (folder / "broken.txt").symlink_to("gone.txt")
    os.mkfifo(folder / "pipe")
    put(folder, "sub/also-good.txt", "zz.txt")
    found, rejected = look(folder)
    assert paths(found) == ["good.txt", "sub/also-good.txt", "zz.txt"]
    assert [(r.path, r.reason) for r in rejected] == [
        ("broken.txt", Reason.UNREADABLE),
        ("empty.txt", Reason.EMPTY),
        ("large.txt", Reason.TOO_LARGE),
        ("linked", Reason.FOLDER_LINK),
        ("outside.txt", Reason.OUTSIDE_LINK),
        ("pipe", Reason.NOT_REGULAR),
    ]
