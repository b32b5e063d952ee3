import os
import threading
from pathlib import Path

import pytest

from onrecord.errors import ConfigurationError
from onrecord.ingest.sources import Publication, read_source, read_sources

GOOD = {
    "title": "The Gazette",
    "origin": "https://example.org/",
    "basis": "public domain",
}


def write(folder: Path, text: str | bytes) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    raw = text.encode() if isinstance(text, str) else text
    (folder / "source.yml").write_bytes(raw)
    return folder


def described(**changes: str | None) -> str:
    """A ``source.yml`` with some keys changed, added, or (None) left out."""
    keys = {**GOOD, **changes}
    return "".join(f"{key}: {value}\n" for key, value in keys.items() if value is not None)


def message(folder: Path) -> str:
    with pytest.raises(ConfigurationError) as caught:
        read_source(folder)
    assert caught.value.exit_code == 2
    return str(caught.value)


def test_a_short_description_is_enough_and_withholds_the_text(tmp_path: Path) -> None:
    source = read_source(write(tmp_path / "gazette", described()))
    assert source.id == "gazette"
    assert source.publication is Publication.METADATA
    assert source.license is None
    assert source.language is None
    assert source.include == ["**"]


def test_every_key_is_read(tmp_path: Path) -> None:
    folder = write(
        tmp_path / "folder",
        described(
            id="gazette-2",
            license="CC-BY-4.0",
            publication="excerpt",
            language="zh-Hant",
            include='["*.txt"]',
            exclude='["drafts/**"]',
        ),
    )
    source = read_source(folder)
    assert source.id == "gazette-2"
    assert source.title == "The Gazette"
    assert source.origin == "https://example.org/"
    assert source.basis == "public domain"
    assert source.license == "CC-BY-4.0"
    assert source.publication is Publication.EXCERPT
    assert source.language == "zh-Hant"
    assert source.include == ["*.txt"]
    assert source.exclude == ["drafts/**"]


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    folder = write(tmp_path / "gazette", b"\xef\xbb\xbf" + described().encode())
    assert read_source(folder).title == "The Gazette"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("publication", "everything"),
        ("publication", "Full"),
        ("publication", "null"),
        ("id", "Gazette"),
        ("id", "1gazette"),
        ("id", "my gazette"),
        ("id", "gazette/2"),
        ("id", '""'),
        ("id", "a" * 101),
        ("id", '"gazette\\n"'),
        ("language", "English"),
        ("language", "en_GB"),
        ("language", '""'),
        ("title", '""'),
        ("title", '"   "'),
        ("title", "2024-05-01"),
        ("title", "[a, list]"),
        ("origin", '""'),
        ("basis", "null"),
        ("license", '""'),
        ("include", "[]"),
        ("include", '"*.txt"'),
        ("include", '[""]'),
        ("exclude", "[7]"),
    ],
)
def test_a_wrong_value_is_named_with_file_and_key(tmp_path: Path, key: str, value: str) -> None:
    folder = write(tmp_path / "gazette", described(**{key: value}))
    text = message(folder)
    assert str(folder / "source.yml") in text
    assert f"`{key}" in text
    assert text.count("\n") == 0


@pytest.mark.parametrize("key", ["title", "origin", "basis"])
def test_a_missing_key_is_named_with_what_it_is_for(tmp_path: Path, key: str) -> None:
    folder = write(tmp_path / "gazette", described(**{key: None}))
    text = message(folder)
    assert str(folder / "source.yml") in text
    assert f"`{key}` is missing" in text


def test_an_unknown_key_is_named_with_the_known_ones(tmp_path: Path) -> None:
    folder = write(tmp_path / "gazette", described(licence="MIT"))
    text = message(folder)
    assert str(folder / "source.yml") in text
    assert "unknown key `licence`" in text
    assert "license" in text.split("known keys:")[1]


@pytest.mark.parametrize(
    ("content", "key"),
    [
        pytest.param("1: one\n", "`1`", id="a number as a key"),
        pytest.param("? [a, b]\n: c\n", "", id="a list as a key"),
        pytest.param("? {a: b}\n: c\n", "", id="a mapping as a key"),
    ],
)
def test_a_key_that_is_no_word_is_an_error(tmp_path: Path, content: str, key: str) -> None:
    folder = write(tmp_path / "gazette", described() + content)
    text = message(folder)
    assert str(folder / "source.yml") in text
    assert key in text


def test_a_key_written_twice_is_an_error(tmp_path: Path) -> None:
    folder = write(tmp_path / "gazette", described() + "title: Another\n")
    text = message(folder)
    assert str(folder / "source.yml") in text
    assert "`title` stands twice" in text


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("title: [unclosed\n", id="an open bracket"),
        pytest.param("title: a: b\n", id="a second colon"),
        pytest.param("title: x\n\torigin: y\n", id="a tab"),
        pytest.param("title: a\0b\n", id="a zero byte"),
        pytest.param("title: !!python/object/apply:os.getcwd []\n", id="a Python object"),
        pytest.param("title: *nowhere\n", id="an alias to nothing"),
        pytest.param("---\ntitle: x\n---\ntitle: y\n", id="two documents"),
        pytest.param("[" * 5000, id="nested too deep"),
    ],
)
def test_what_is_no_yaml_is_an_error_that_names_the_file(tmp_path: Path, content: str) -> None:
    folder = write(tmp_path / "gazette", content)
    text = message(folder)
    assert str(folder / "source.yml") in text
    assert "YAML" in text


@pytest.mark.parametrize("content", ["", "# nothing yet\n", "just words\n", "- a\n- list\n", "7\n"])
def test_what_is_no_mapping_is_an_error_that_names_the_file(tmp_path: Path, content: str) -> None:
    folder = write(tmp_path / "gazette", content)
    text = message(folder)
    assert str(folder / "source.yml") in text
    assert "keys and values" in text


def test_bytes_that_are_no_utf8_are_an_error_that_names_the_file(tmp_path: Path) -> None:
    folder = write(tmp_path / "gazette", b"title: caf\xe9\n")
    text = message(folder)
    assert str(folder / "source.yml") in text
    assert "can't be read" in text


def test_a_folder_in_place_of_the_file_is_an_error_that_names_it(tmp_path: Path) -> None:
    folder = tmp_path / "gazette"
    (folder / "source.yml").mkdir(parents=True)
    text = message(folder)
    assert str(folder / "source.yml") in text
    assert "can't be read" in text


def test_a_pipe_in_place_of_the_file_is_an_error_and_nobody_waits(tmp_path: Path) -> None:
    folder = tmp_path / "gazette"
    folder.mkdir()
    pipe = folder / "source.yml"
    os.mkfifo(pipe)
    caught: list[Exception] = []

    def attempt() -> None:
        try:
            read_source(folder)
        except ConfigurationError as error:
            caught.append(error)

    thread = threading.Thread(target=attempt, daemon=True)
    thread.start()
    thread.join(2)
    waits = thread.is_alive()
    if waits:  # let it go
        os.close(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))
        thread.join(5)
    assert not waits
    assert len(caught) == 1
    assert str(pipe) in str(caught[0])


def test_a_folder_without_a_description_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    folder = tmp_path / "gazette"
    folder.mkdir()
    text = message(folder)
    assert str(folder / "source.yml") in text
    assert "missing" in text
    assert "README" in text


def test_an_unfit_folder_name_needs_an_id(tmp_path: Path) -> None:
    folder = write(tmp_path / "My Gazette", described())
    assert "`id`" in message(folder)
    write(folder, described(id="gazette"))
    assert read_source(folder).id == "gazette"


def test_all_problems_of_one_file_are_reported_at_once(tmp_path: Path) -> None:
    folder = write(
        tmp_path / "gazette",
        described(title=None, publication="all", language="English", colour="red"),
    )
    text = message(folder)
    for key in ("title", "publication", "language", "colour"):
        assert f"`{key}`" in text
    assert all(line.startswith(str(folder / "source.yml")) for line in text.splitlines())


def test_all_problems_of_all_sources_are_reported_at_once(tmp_path: Path) -> None:
    write(tmp_path / "a", described(publication="all"))
    (tmp_path / "b").mkdir()
    write(tmp_path / "c", described())
    write(tmp_path / "d", "- a list\n")
    write(tmp_path / "e", described(id="c"))
    with pytest.raises(ConfigurationError) as caught:
        read_sources(tmp_path)
    text = str(caught.value)
    for name in ("a", "b", "d", "e"):
        assert str(tmp_path / name / "source.yml") in text
    assert f"{tmp_path / 'c' / 'source.yml'}:" not in text


def test_two_sources_with_one_id_are_an_error_that_names_both(tmp_path: Path) -> None:
    write(tmp_path / "first", described(id="gazette"))
    write(tmp_path / "second", described(id="gazette"))
    with pytest.raises(ConfigurationError) as caught:
        read_sources(tmp_path)
    text = str(caught.value)
    assert str(tmp_path / "second" / "source.yml") in text
    assert str(tmp_path / "first") in text
    assert "`id`" in text
    assert "`gazette`" in text


def test_sources_come_sorted_by_id_with_their_folders(tmp_path: Path) -> None:
    write(tmp_path / "a", described(id="zulu"))
    write(tmp_path / "b", described(id="alpha"))
    write(tmp_path / ".hidden", "no: source\n")
    (tmp_path / "notes.txt").write_text("no folder")
    found = [(source.id, folder.name) for source, folder in read_sources(tmp_path)]
    assert found == [("alpha", "b"), ("zulu", "a")]


def test_a_missing_or_empty_seeds_folder_is_an_error_that_names_it(tmp_path: Path) -> None:
    for folder in (tmp_path / "nowhere", tmp_path):
        with pytest.raises(ConfigurationError) as caught:
            read_sources(folder)
        assert str(folder) in str(caught.value)


def test_the_repository_s_own_seeds_are_described_rightly(seeds: Path) -> None:
    for source, _ in read_sources(seeds):
        assert source.publication is Publication.FULL
        assert source.basis
