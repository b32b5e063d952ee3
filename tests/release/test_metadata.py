"""What describes a release for other programs: cheap checks; their own validators run apart."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from onrecord.records.schema import TABLES
from onrecord.release.dataset import Contributor, Dataset
from onrecord.release.layout import DESCRIPTIONS
from onrecord.release.metadata import bibtex, citation_text, descriptions, schema_org
from onrecord.release.metadata.card import card_head
from onrecord.release.metadata.subject import File, Subject
from onrecord.release.verify import Folder, verify

MakeSource = Callable[..., Path]
OPEN = {"source_id": "a", "title": "A", "origin": "https://example.org/a", "license": "CC-BY-4.0"}
CLOSED = {"source_id": "b", "title": "B", "origin": "a shelf", "license": None}
PERSON = Contributor(title="Ada Writer", given_name="Ada", family_name="Writer")


def subject(sources: list[dict[str, Any]], **stated: Any) -> Subject:
    files = [
        File(f"parquet/{name}.parquet", name, "application/vnd.apache.parquet", 10, "0" * 64)
        for name in TABLES
    ]
    rows = dict.fromkeys(TABLES, 1) | {"patches": 0}
    dataset = Dataset(**{"title": "Texts & <more> of 100%", **stated})
    moment = "2026-02-03T04:05:06Z"
    return Subject(dataset, "1.2.0+w1", moment, "f" * 64, sources, ["en", "zh-Hant"], rows, files)


def made(of: Subject) -> dict[str, Any]:
    return {
        name: json.loads(text) if name.endswith(".json") else yaml.safe_load(text)
        for name, text in descriptions(of).items()
    }


def test_every_description_is_made_and_names_version_and_records() -> None:
    texts = descriptions(subject([OPEN]))
    assert tuple(sorted(texts)) == tuple(sorted(DESCRIPTIONS))
    for name, text in texts.items():
        assert "1.2.0+w1" in text, name
    for name in ("CITATION.cff", "datacite.json", "zenodo.json"):
        assert f"sha256:{'f' * 64}" in texts[name]


def test_a_licence_is_claimed_only_where_every_source_states_one() -> None:
    both = made(subject([OPEN, CLOSED], license="CC0-1.0"))
    assert "license" not in both["CITATION.cff"]
    assert both["croissant.json"]["license"] == [
        "Each text keeps the rights of its source, as the table `sources` states them."
    ]
    assert both["zenodo.json"]["license"] == "other-closed"
    rights = [one["rights"] for one in both["datacite.json"]["rightsList"]]
    assert rights[1] == "CC0-1.0 for the compilation: ids, links and tables"
    alone = made(subject([OPEN]))
    assert alone["CITATION.cff"]["license"] == "CC-BY-4.0"
    assert alone["croissant.json"]["license"] == ["https://spdx.org/licenses/CC-BY-4.0"]
    assert alone["zenodo.json"]["license"] == "cc-by-4.0"


def test_the_card_leads_to_tables_with_rows_and_to_paragraphs_first() -> None:
    head = yaml.safe_load(card_head(subject([OPEN, CLOSED])).strip("-\n"))
    names = [config["config_name"] for config in head["configs"]]
    assert set(names) == set(TABLES) - {"patches"}
    assert [c["config_name"] for c in head["configs"] if c.get("default")] == ["paragraphs"]
    assert (head["license"], head["language"]) == ("other", ["en", "zh"])


def test_people_and_their_orcid_stand_where_each_format_wants_them() -> None:
    named = Contributor(**PERSON.model_dump() | {"orcid": "0000-0002-1825-0097"})
    found = made(subject([OPEN], contributors=(named,)))
    assert found["CITATION.cff"]["authors"][0]["family-names"] == "Writer"
    assert found["zenodo.json"]["creators"] == [
        {"name": "Writer, Ada", "orcid": "0000-0002-1825-0097"}
    ]
    (creator,) = found["datacite.json"]["creators"]
    assert creator["nameType"] == "Personal"
    assert (
        creator["nameIdentifiers"][0]["nameIdentifier"] == "https://orcid.org/0000-0002-1825-0097"
    )
    assert (
        schema_org(subject([OPEN], contributors=(named,)))["creator"][0]["familyName"] == "Writer"
    )


def test_a_citation_names_version_and_digest_and_is_safe_for_tex() -> None:
    cited = subject([OPEN], contributors=(PERSON,), doi="10.5072/x")
    assert citation_text(cited).startswith(
        "Ada Writer (2026): Texts & <more> of 100%. Version 1.2.0+w1."
    )
    assert "https://doi.org/10.5072/x" in citation_text(cited)
    entry = bibtex(cited)
    assert "title = {{Texts \\& <more> of 100\\%}}" in entry
    assert entry.count("{") == entry.count("}")


def test_addresses_are_absolute_only_where_they_are_known() -> None:
    assert schema_org(subject([OPEN]))["distribution"][0]["contentUrl"] == "parquet/sources.parquet"
    known = schema_org(subject([OPEN], url="https://data.example.org/releases/"))
    first = known["distribution"][0]["contentUrl"]
    assert first == "https://data.example.org/releases/1.2.0_w1/parquet/sources.parquet"
    assert known["isBasedOn"][0]["url"] == "https://example.org/a"


def test_no_withheld_text_path_or_title_of_a_document_is_in_them(
    tmp_path: Path, make_source: MakeSource
) -> None:
    from onrecord.job import release
    from onrecord.settings import Settings

    secret = b"Zanzibar witness seventeen spoke of the archive under the northern stairs.\n"
    make_source(tmp_path / "seeds", "closed", {"quokka.txt": secret}, publication=None)
    outcome = release(tmp_path / "seeds", tmp_path / "data", Settings())
    for file in (*DESCRIPTIONS, "README.md", "../feed.atom"):
        text = (outcome.path / file).read_text("utf-8")
        assert "Zanzibar" not in text
        assert "quokka" not in text


@pytest.mark.parametrize("name", DESCRIPTIONS)
def test_verify_finds_a_description_of_another_release(
    seed_release: Path, tmp_path: Path, name: str
) -> None:
    copy = tmp_path / "1.0.0"
    shutil.copytree(seed_release, copy)
    text = (copy / name).read_text("utf-8")
    (copy / name).write_text(text.replace("1.0.0", "1.0.7"), encoding="utf-8")
    codes = {p.code for p in verify(Folder(copy)).problems if p.file == name}
    assert codes == {"checksum-error", "package-error"}
