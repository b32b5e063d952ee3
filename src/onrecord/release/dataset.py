"""What a dataset is, in the words of whoever publishes it: ``dataset.yml``.

It lies beside the folder of the sources, because it describes all of them together. From it and
from the records come the descriptions that other programs read (``release.metadata``). Without
it a release still says what it is, under a general title.
"""

import hashlib
import json
import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)

from onrecord.errors import ConfigurationError
from onrecord.handwritten import Words, problems, read_mapping, spdx

DATASET_FILE = "dataset.yml"

Address = Annotated[str, StringConstraints(pattern=r"^https?://[^\s/<>\"]+[^\s<>\"]*$")]
Role = Literal["creator", "editor", "curator", "contact", "publisher", "funder", "other"]

_ORCID = re.compile(r"(?:https://orcid\.org/)?(\d{4}-\d{4}-\d{4}-\d{3}[\dX])")
#: Printed wherever a description is: it is what a release never claims.
NEUTRAL = "The dataset records that a source printed a text, never that the text is true."
_GENERAL = (
    "Distinct paragraphs of documents from {n}, each published once, with every place where it "
    "occurs and the evidence for every repeat."
)


def _is_orcid(digits: str) -> bool:
    """Whether the last character of an ORCID iD is the check digit of the others."""
    total = 0
    for digit in digits.replace("-", "")[:-1]:
        total = (total + int(digit)) * 2
    check = (12 - total % 11) % 11
    return digits[-1] == ("X" if check == 10 else str(check))


class Contributor(BaseModel):
    """Somebody who made the dataset: a person, an organisation or a project."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: Words = Field(description="The name, as it is to be printed.")
    role: Role = Field(
        default="creator",
        description="creator, editor, curator, contact, publisher, funder or other. Creators "
        "stand in citations.",
    )
    given_name: Words | None = Field(
        default=None, description="Of a person; together with `family_name`."
    )
    family_name: Words | None = Field(
        default=None, description="Of a person; together with `given_name`."
    )
    orcid: str | None = Field(default=None, description="ORCID iD of a person.")
    organization: Words | None = Field(default=None, description="Where a person works.")
    path: Address | None = Field(default=None, description="Web address.")

    @field_validator("orcid")
    @classmethod
    def _known_orcid(cls, value: str | None) -> str | None:
        if value is None:
            return None
        found = _ORCID.fullmatch(value)
        if not found or not _is_orcid(found[1]):
            raise ValueError("expected an ORCID iD, such as 0000-0002-1825-0097")
        return f"https://orcid.org/{found[1]}"

    @model_validator(mode="after")
    def _whole_name(self) -> "Contributor":
        if (self.given_name is None) != (self.family_name is None):
            raise ValueError("`given_name` and `family_name` come together")
        return self


class Dataset(BaseModel):
    """A dataset as its ``dataset.yml`` describes it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: Words = Field(description="What the dataset is called.")
    name: str = Field(
        default="onrecord-dataset",
        pattern=r"^[a-z0-9][a-z0-9._-]*$",
        max_length=100,
        description="Short name for programs: lower-case letters, digits, . _ -",
    )
    description: Words | None = Field(
        default=None, description="What it holds, in a paragraph; general words by default."
    )
    license: Words | None = Field(
        default=None,
        description="SPDX id of the licence of the compilation: ids, links, tables. Each text "
        "keeps the rights of its source.",
    )
    contributors: tuple[Contributor, ...] = Field(
        default=(), description="Who made it, in the order of a citation."
    )
    keywords: tuple[Words, ...] = Field(default=(), description="What it is about.")
    homepage: Address | None = Field(
        default=None, description="Web page where people read about it."
    )
    url: Address | None = Field(
        default=None,
        description="Address at which the folder of releases is published; the files of a "
        "release are named by it.",
    )
    doi: str | None = Field(
        default=None,
        pattern=r"^10\.\d{4,9}/[^\s\"<>]+$",
        description="DOI of the dataset as a whole, of all its versions.",
    )

    @field_validator("license")
    @classmethod
    def _known_license(cls, value: str | None) -> str | None:
        return spdx(value, "LicenseRef- and a name; leave it out where none is decided")

    @field_validator("keywords")
    @classmethod
    def _no_keyword_twice(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(value)) != len(value):
            raise ValueError("one stands there twice")
        return value

    def stated(self) -> dict[str, Any]:
        """What was stated, for ``provenance.json``: defaults left out."""
        return self.model_dump(mode="json", exclude_defaults=True)

    def digest(self) -> str:
        """The sha256 of what was stated, in hex; comments and layout of the file do not count."""
        text = json.dumps(self.stated(), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()

    def summary(self, sources: int) -> str:
        """The description, in the general words where none was given.

        Args:
            sources: how many there are.
        """
        count = "1 source" if sources == 1 else f"{sources:,} sources"
        return self.description or _GENERAL.format(n=count)

    def creators(self) -> tuple[Contributor, ...]:
        """Who stands in a citation; a dataset of which nobody is named is its own author."""
        named = tuple(one for one in self.contributors if one.role == "creator")
        return named or (Contributor(title=f"Contributors to {self.title}"),)

    def publisher(self) -> str:
        """Who publishes it."""
        named = [one.title for one in self.contributors if one.role == "publisher"]
        return named[0] if named else self.creators()[0].title


#: A dataset that nobody described.
UNDESCRIBED = Dataset(title="Onrecord dataset")


def dataset_file(seeds: Path) -> Path:
    """Where the description of a dataset is: in the folder that holds the sources' folder."""
    return seeds.absolute().parent / DATASET_FILE


def read_dataset(seeds: Path) -> Dataset:
    """Read the ``dataset.yml`` beside a folder of sources.

    Args:
        seeds: a folder with one folder a source.

    Returns:
        What it says; `UNDESCRIBED` where there is none.

    Raises:
        ConfigurationError: it can't be read, is no YAML, or a key is unknown or wrong; or it
            lies among the sources, where it would not be read.
    """
    path = dataset_file(seeds)
    if (seeds / DATASET_FILE).exists():
        raise ConfigurationError(
            f"{seeds / DATASET_FILE}: is read beside the folder of the sources, not in it. "
            f"Move it to {path}"
        )
    if not path.exists():
        return UNDESCRIBED
    content = read_mapping(path, "")
    try:
        return Dataset.model_validate(content)
    except ValidationError as error:
        within = {"contributors": Contributor}
        raise ConfigurationError(problems(path, error, Dataset, within)) from None
