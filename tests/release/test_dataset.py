"""``dataset.yml``: what people write about a dataset, and what becomes of it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from onrecord.commands import app
from onrecord.errors import ConfigurationError
from onrecord.job import release
from onrecord.outcome import Outcome
from onrecord.release.dataset import UNDESCRIBED, read_dataset
from onrecord.release.layout import DESCRIPTIONS
from onrecord.release.verify import Depth, Folder, find, verify
from onrecord.settings import Settings

MakeSource = Callable[..., Path]
FULL = """
title: Minutes of a town
name: town-minutes
license: LicenseRef-Town
homepage: https://example.org/minutes
url: https://data.example.org/minutes/releases
doi: 10.5072/minutes
keywords: [minutes, towns]
contributors:
  - title: Archive of a town
  - {title: Fund for archives, role: funder}
"""


@pytest.fixture
def place(tmp_path: Path, make_source: MakeSource) -> Path:
    text = b"The council met on Monday.\n\nIt was said that the bridge is closed.\n"
    make_source(tmp_path / "seeds", "town", {"a.txt": text})
    return tmp_path


def run(place: Path) -> Outcome:
    return release(place / "seeds", place / "data", Settings())


def stated(outcome: Outcome, name: str) -> dict[str, object]:
    found: dict[str, object] = json.loads((outcome.path / name).read_text("utf-8"))
    return found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name: x", ["key `title` is missing", "What the dataset is called"]),
        ("title: x\nlicence: MIT", ["unknown key `licence`", "license"]),
        ("title: x\nlicense: CC-BY", ["key `license`", "SPDX"]),
        ("title: x\nname: Town Minutes", ["key `name`"]),
        ("title: x\nhomepage: example.org", ["key `homepage`"]),
        ("title: x\nurl: javascript:alert(1)", ["key `url`"]),
        ("title: x\ndoi: https://doi.org/10.1/x", ["key `doi`"]),
        ("title: x\nkeywords: [a, a]", ["key `keywords`", "twice"]),
        ("title: x\ncontributors: [{name: y}]", ["key `contributors.0.title` is missing"]),
        ("title: x\ncontributors: [{title: y, role: boss}]", ["key `contributors.0.role`"]),
        (
            "title: x\ncontributors: [{title: y, orcid: 0000-0002-1825-0098}]",
            ["key `contributors.0.orcid`", "ORCID"],
        ),
        ("title: x\ncontributors: [{title: y, given_name: z}]", ["family_name"]),
        ("title: x\ntitle: y", ["stands twice"]),
        ("- title", ["expected keys and values"]),
        ("title: [", ["not valid YAML"]),
    ],
)
def test_what_is_wrong_is_named_with_file_and_key(place: Path, text: str, said: list[str]) -> None:
    (place / "dataset.yml").write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        read_dataset(place / "seeds")
    assert str(place / "dataset.yml") in str(caught.value)
    for words in said:
        assert words in str(caught.value)


def test_without_the_file_a_release_has_a_general_title(place: Path) -> None:
    assert read_dataset(place / "seeds") == UNDESCRIBED
    package = stated(run(place), "datapackage.json")
    assert (package["title"], package["name"]) == ("Onrecord dataset", "onrecord-dataset")


def test_among_the_sources_it_is_refused_and_not_silently_left_out(place: Path) -> None:
    (place / "seeds" / "dataset.yml").write_text("title: x")
    with pytest.raises(ConfigurationError, match="beside the folder of the sources"):
        run(place)


def test_a_relative_folder_has_its_parent_beside_it(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (place / "dataset.yml").write_text("title: Here")
    monkeypatch.chdir(place / "seeds")
    assert read_dataset(Path()).title == "Here"
    monkeypatch.chdir(place)
    assert read_dataset(Path("seeds")).title == "Here"


def test_what_it_says_stands_in_the_descriptor_and_in_the_provenance(place: Path) -> None:
    (place / "dataset.yml").write_text(FULL)
    outcome = run(place)
    package = stated(outcome, "datapackage.json")
    assert package["title"] == "Minutes of a town"
    assert package["name"] == "town-minutes"
    assert package["id"] == "https://doi.org/10.5072/minutes"
    assert package["keywords"] == ["minutes", "towns"]
    assert package["contributors"] == [
        {"title": "Archive of a town", "roles": ["creator"]},
        {"title": "Fund for archives", "roles": ["funder"]},
    ]
    (licence,) = package["licenses"]  # type: ignore[misc]
    assert licence["name"] == "LicenseRef-Town"
    assert "Each text keeps the rights of its source" in licence["title"]
    origin = stated(outcome, "provenance.json")
    assert origin["dataset"] == read_dataset(place / "seeds").stated()
    assert origin["dataset_digest"] == read_dataset(place / "seeds").digest()
    assert verify(Folder(outcome.path)).problems == []  # also by the official profile


def test_a_reissue_after_a_withdrawal_keeps_what_was_said(place: Path) -> None:
    (place / "dataset.yml").write_text(FULL)
    first = run(place)
    (place / "dataset.yml").write_text("title: Other words, for the next release")
    arguments = [str(first.sample), "--category", "privacy", "--data", str(place / "data"), "--yes"]
    assert CliRunner().invoke(app, ["withdraw", *arguments]).exit_code == 0
    reissue = place / "data" / "releases" / "1.0.0_w1"
    assert json.loads((reissue / "datapackage.json").read_text())["title"] == "Minutes of a town"
    for name in (*DESCRIPTIONS, "README.md", "../feed.atom"):
        text = (reissue / name).read_text("utf-8")
        assert "1.0.0+w1" in text
        assert "bridge" not in text
    place_now = find(str(place / "data"))
    assert place_now.problems == []
    for files, entry in place_now.releases(None, everything=True):
        assert verify(files, place_now.index, entry, Depth.FULL).problems == []


def test_other_words_alone_make_a_patch_with_the_same_records(place: Path) -> None:
    first = run(place)
    (place / "dataset.yml").write_text("title: Minutes")
    second = run(place)
    assert (first.version, second.version) == ("1.0.0", "1.0.1")
    assert second.reasons == ("description of the dataset: title changed",)
    assert second.content_digest == first.content_digest
    assert "only what describes the dataset" in (second.path / "CHANGELOG.md").read_text()
    (place / "dataset.yml").write_text("# the same, with a remark\ntitle: 'Minutes'\n")
    assert not run(place).published
    found = find(str(place / "data"))
    for files, entry in found.releases(None, everything=True):
        assert verify(files, found.index, entry, Depth.FULL).problems == []


def test_with_other_records_it_is_named_among_the_reasons(place: Path) -> None:
    run(place)
    (place / "dataset.yml").write_text("title: Minutes")
    (place / "seeds" / "town" / "b.txt").write_text("Nothing else was said.\n")
    second = run(place)
    assert second.version == "1.1.0"
    assert "description of the dataset: title changed" in second.reasons


def test_the_digest_does_not_depend_on_the_layout_of_the_file(place: Path) -> None:
    (place / "dataset.yml").write_text(FULL)
    one = read_dataset(place / "seeds")
    (place / "dataset.yml").write_text(
        "# remark\n" + FULL.replace("[minutes, towns]", "\n- minutes\n- towns")
    )
    assert read_dataset(place / "seeds").digest() == one.digest()
    (place / "dataset.yml").write_text(FULL.replace("Minutes", "Records"))
    assert read_dataset(place / "seeds").digest() != one.digest()
