"""`collect:` in source.yml: what is right, and a clear word for what is wrong."""

import json
from pathlib import Path
from typing import Any

import pytest

from onrecord.errors import ConfigurationError
from onrecord.ingest.sources import read_source


def described(folder: Path, collect: Any) -> Path:
    folder.mkdir(exist_ok=True)
    keys = {"title": "T", "origin": "O", "basis": "B", "collect": collect}
    (folder / "source.yml").write_text(json.dumps(keys), encoding="utf-8")
    return folder


def test_little_is_enough_and_the_defaults_are_polite(tmp_path: Path) -> None:
    short = {"contact": "me@example.org", "urls": ["https://example.org/a"]}
    found = read_source(described(tmp_path / "a", short)).collect
    assert found is not None
    assert found.delay >= 1
    assert found.allow_private is False
    assert found.max_wire_bytes <= found.max_bytes
    assert found.feeds == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"contact": None}, ["`collect.contact` is missing", "operators"]),
        ({"contact": "me"}, ["`collect.contact`"]),
        ({"contact": "me@example.org\r\nX-Evil: 1"}, ["`collect.contact`"]),
        ({"urls": None}, ["key `collect`", "name something to fetch"]),
        ({"feed": ["https://example.org/"]}, ["unknown key `collect.feed`", "feeds, sitemaps"]),
        ({"feeds": "https://example.org/"}, ["`collect.feeds`", "list"]),
        ({"feeds": ["example.org/feed"]}, ["`collect.feeds.0`", "http://"]),
        ({"feeds": ["file:///etc/passwd"]}, ["`collect.feeds.0`"]),
        ({"urls": ["https://me:secret@example.org/"]}, ["`collect.urls.0`", "password"]),
        ({"urls": ["https://example.org:port/"]}, ["`collect.urls.0`", "not a web address"]),
        ({"urls": ["https://example.org/a b"]}, ["`collect.urls.0`", "white space"]),
        ({"delay": -1}, ["`collect.delay`", "greater"]),
        ({"attempts": 1.5}, ["`collect.attempts`"]),
        ({"total_seconds": 0}, ["`collect.total_seconds`"]),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, changes: dict[str, Any], said: list[str]) -> None:
    keys = {"contact": "me@example.org", "urls": ["https://example.org/"], **changes}
    keys = {key: value for key, value in keys.items() if value is not None}
    with pytest.raises(ConfigurationError) as caught:
        read_source(described(tmp_path / "a", keys))
    for words in said:
        assert words in str(caught.value), str(caught.value)


def test_collect_itself_must_be_keys_and_values(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="key `collect`"):
        read_source(described(tmp_path / "a", ["https://example.org/"]))
