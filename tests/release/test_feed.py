"""``feed.atom``: what it says, when it is written, and how damage shows."""

import shutil
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest

from onrecord.release.catalog import Entry, Index, local_feed
from onrecord.release.feed import feed
from onrecord.release.publish import link
from onrecord.release.verify import find

NAMES = {"a": "http://www.w3.org/2005/Atom"}
DIGESTS = ["1" * 64, "2" * 64]


def entry(version: str, digest: str, **more: object) -> Entry:
    path = version.replace("+", "_")
    stated = {"path": path, "created": "2026-01-02T03:04:05Z", "sums_sha256": "0" * 64}
    return Entry.model_validate({"version": version, "content_digest": digest, **stated, **more})


def versions_of(raw: bytes) -> list[str]:
    """The versions that a feed names, oldest first."""
    titles = Xml.fromstring(raw).iterfind("a:entry/a:title", NAMES)
    return [str(element.text).rpartition(" ")[2] for element in titles][::-1]


def ids(text: str) -> list[str]:
    root = Xml.fromstring(text)
    return [str(element.text) for element in root.iterfind(".//a:id", NAMES)]


def test_it_says_what_changed_newest_first_and_keeps_its_ids() -> None:
    first = entry("1.0.0", DIGESTS[0])
    log = "# Changes\n\n## 1.1.0\n\n- added <b> & more\x00\n\n## 1.0.0\n\n- first release\n"
    one = feed(Index(releases=[first]), {}, log)
    two = feed(Index(releases=[first, entry("1.1.0", DIGESTS[1])]), {"title": "T & U"}, log)
    root = Xml.fromstring(two)
    titles = [element.text for element in root.iterfind("a:entry/a:title", NAMES)]
    assert titles == ["T & U 1.1.0", "T & U 1.0.0"]
    content = [element.text for element in root.iterfind("a:entry/a:content", NAMES)]
    assert content == ["- added <b> & more\ufffd", "- first release"]
    assert ids(one)[0] == ids(two)[0]
    assert ids(one)[1] == ids(two)[2]
    assert versions_of(two.encode()) == ["1.0.0", "1.1.0"]


def test_a_reissue_is_an_entry_of_its_own_in_the_same_feed() -> None:
    before = {"version": "1.0.0", "content_digest": DIGESTS[0], "sums_sha256": "0" * 64}
    reissued = entry("1.0.0+w1", DIGESTS[1], supersedes=[before])
    one = ids(feed(Index(releases=[entry("1.0.0", DIGESTS[0])]), {}, ""))
    two = ids(feed(Index(releases=[reissued]), {}, ""))
    assert one[0] == two[0]
    assert one[1] != two[1]


def test_it_is_written_with_the_index_and_only_when_something_changed(
    two_releases: Path, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    shutil.copytree(two_releases, data)
    file = data / "releases" / "feed.atom"
    before = file.read_bytes()
    assert versions_of(before) == ["1.0.0", "1.1.0"]
    assert not link(data)
    file.unlink()
    assert link(data)
    assert file.read_bytes() == before


def test_verify_makes_it_again(two_releases: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(two_releases, data)
    file = data / "releases" / "feed.atom"
    assert find(str(data)).problems == []
    file.write_text(file.read_text().replace("1.1.0</title>", "1.1.9</title>"))
    assert [(p.file, p.code) for p in find(str(data)).problems] == [("feed.atom", "index-error")]


def test_one_that_a_crash_left_behind_is_a_remark(two_releases: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(two_releases, data)
    releases = data / "releases"
    index = Index.model_validate_json((releases / "index.json").read_bytes())
    old = local_feed(releases, Index(releases=index.releases[:1]))
    (releases / "feed.atom").write_text(old)
    found = find(str(data))
    assert found.problems == []
    assert found.notes == ["feed.atom does not name 1.1.0 yet"]


def test_on_s3_it_names_every_release_there(
    s3: str, tmp_path: Path, make_source: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    from onrecord.release.objects import Objects
    from onrecord.release.remote import release_to
    from onrecord.settings import Settings

    folder = make_source(tmp_path / "seeds", "news", {"a.txt": b"One line of text.\n"})
    release_to(s3, tmp_path / "seeds", Settings(), work=tmp_path / "w1")
    (folder / "b.txt").write_bytes(b"Another line of text.\n")
    release_to(s3, tmp_path / "seeds", Settings(), work=tmp_path / "w2")
    raw, _ = Objects(s3).read("releases/feed.atom", 1 << 20)
    assert versions_of(raw) == ["1.0.0", "1.1.0"]
    found = find(s3)
    assert (found.problems, found.notes) == ([], [])
