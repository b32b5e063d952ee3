"""What the descriptions of a release are made from: one value for all of them.

Nothing in it is text of a document: titles and terms of sources, counts, languages, names and
hashes of files. All of that stands in the published tables or in ``datapackage.json``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from onrecord.release.dataset import NEUTRAL, Contributor, Dataset

#: Said wherever a licence is asked for, because no licence of the compilation covers the texts.
RIGHTS = "Each text keeps the rights of its source, as the table `sources` states them."


@dataclass(frozen=True, slots=True)
class File:
    """A file of the release.

    Attributes:
        name: its path within the release.
        title: what it holds, in words.
        media_type: of its content.
        bytes: its size.
        sha256: in hex.
    """

    name: str
    title: str
    media_type: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Subject:
    """A release as its descriptions see it.

    Attributes:
        dataset: what ``dataset.yml`` says.
        version: of the release.
        created: ISO 8601, UTC.
        digest: content digest of the records.
        sources: rows of the table ``sources``.
        languages: BCP 47 tags of the documents, sorted.
        rows: how many rows each table has.
        files: tables and index files, as ``datapackage.json`` lists them.
        parts: of tables in several files, how many there are; see ``layout.part_paths``.
    """

    dataset: Dataset
    version: str
    created: str
    digest: str
    sources: Sequence[Mapping[str, Any]]
    languages: Sequence[str]
    rows: Mapping[str, int]
    files: Sequence[File]
    parts: Mapping[str, int] = field(default_factory=dict)

    @property
    def date(self) -> str:
        """The day of the release, as YYYY-MM-DD."""
        return self.created[:10]

    @property
    def description(self) -> str:
        """What it holds, and what it does not claim, in words."""
        return f"{self.dataset.summary(len(self.sources))} {NEUTRAL}"

    @property
    def address(self) -> str | None:
        """Where the folder of the release is published, None where that was not stated."""
        base = self.dataset.url
        return f"{base.rstrip('/')}/{self.version.replace('+', '_')}" if base else None

    @property
    def page(self) -> str | None:
        """Where people read about it."""
        return self.dataset.homepage or self.address

    def licences(self) -> list[str]:
        """SPDX ids under which all of it may be used; none where a source states none.

        The licence of the compilation is among them, because both have to be kept to.
        """
        stated = {row["license"] for row in self.sources}
        if None in stated:
            return []
        return sorted(stated | ({self.dataset.license} if self.dataset.license else set()))


def licence_url(spdx: str) -> str | None:
    """Where the text of a licence is; None for an expression or a licence of one's own."""
    return None if " " in spdx or "LicenseRef-" in spdx else f"https://spdx.org/licenses/{spdx}"


def personal(one: Contributor) -> bool:
    """Whether a contributor is known to be a person."""
    return one.family_name is not None


def inverted(one: Contributor) -> str:
    """A name as catalogues list it: family name first of a person."""
    return f"{one.family_name}, {one.given_name}" if personal(one) else one.title


def without_none(content: Mapping[str, Any]) -> dict[str, Any]:
    """The same, without keys of which nothing is known."""
    return {key: value for key, value in content.items() if value not in (None, [], "")}
