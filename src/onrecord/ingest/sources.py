"""Sources: one folder each, described by a ``source.yml`` that a person wrote."""

import codecs
from enum import StrEnum
from pathlib import Path
from typing import Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
)

from onrecord.collect.config import Collect
from onrecord.errors import ConfigurationError
from onrecord.handwritten import Words, problems, read_mapping, spdx

SOURCE_FILE = "source.yml"


class Publication(StrEnum):
    """How much of a source's text a release may show; the most open first."""

    FULL = "full"
    EXCERPT = "excerpt"
    METADATA = "metadata"

    @property
    def openness(self) -> int:
        """0 for the most open class."""
        return list(Publication).index(self)


class Fields(BaseModel):
    """Which field of a record says what, in JSON Lines and CSV; dots lead into nested objects."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: Words | list[Words] = Field(
        default="text", min_length=1, description="The text; several fields make one text."
    )
    title: Words | None = Field(default=None, description="The title.")
    published: Words | None = Field(default=None, description="The date of publication.")
    retrieved: Words | None = Field(default=None, description="When it was obtained.")
    url: Words | None = Field(default=None, description="The web address.")


class Source(BaseModel):
    """A publisher or collection, as its ``source.yml`` describes it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(
        pattern=r"^[a-z][a-z0-9._-]*$",
        max_length=100,
        description="Short name, the folder's by default: a letter, then letters, digits, . _ -",
    )
    title: Words = Field(description="What the source is called.")
    origin: Words = Field(description="Where the text comes from: an address, or words.")
    license: Words | None = Field(default=None, description="SPDX id, or null where none is known.")
    publication: Publication = Field(
        default=Publication.METADATA,
        description="full: all text is published; excerpt: the first 200 characters of each "
        "document; metadata: none.",
    )
    basis: Words = Field(description="Why this publication mode is right.")
    language: str | None = Field(
        default=None,
        pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$",
        description="BCP-47 language of its documents, where all have the same.",
    )
    include: list[Words] = Field(
        default=["**"], min_length=1, description="Globs of the files that belong to it."
    )
    exclude: list[Words] = Field(
        default=["**/.*", "**/.*/**"], description="Globs of files to leave out; hidden files."
    )
    collect: Collect | None = Field(
        default=None, description="Where `onrecord collect` fetches documents of it from."
    )

    format: str | None = Field(
        default=None,
        pattern=r"^[a-z][a-z0-9._-]*$",
        description="Name of the reader for all of its files; found by content where not given.",
    )
    encoding: Words | None = Field(
        default=None, description="Encoding of its text files, where it is known."
    )
    fields: Fields = Field(
        default=Fields(), description="Which field of a JSON Lines or CSV record says what."
    )
    delimiter: str | None = Field(
        default=None,
        min_length=1,
        max_length=1,
        description="What stands between the cells of its CSV files; found where not given.",
    )
    repair: Literal["mojibake"] | None = Field(
        default=None,
        description="mojibake: text that was decoded wrongly before it was saved is repaired.",
    )

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, value: str | None) -> str | None:
        if value is None:
            return None
        try:
            if codecs.lookup(value)._is_text_encoding:
                return value
        except LookupError:
            pass
        raise ValueError("expected the name of an encoding, such as cp1252, koi8-r or shift_jis")

    @field_validator("license")
    @classmethod
    def _known_license(cls, value: str | None) -> str | None:
        return spdx(value, "null where no licence is stated; say in `basis` what is known")


#: Keys that have keys of their own.
_WITHIN: dict[str, type[BaseModel]] = {"collect": Collect, "fields": Fields}


def read_source(folder: Path) -> Source:
    """Read one ``source.yml``.

    Args:
        folder: the source's folder.

    Returns:
        The source.

    Raises:
        ConfigurationError: the file is missing, is no YAML, or a key is unknown or wrong.
    """
    path = folder / SOURCE_FILE
    content = read_mapping(
        path,
        f"Every folder with texts needs a {SOURCE_FILE} that says what they are; see the README, "
        "“Add your own source”.",
    )
    try:
        return Source.model_validate({"id": folder.name, **content})
    except ValidationError as error:
        raise ConfigurationError(problems(path, error, Source, _WITHIN)) from None


def read_sources(seeds: Path) -> list[tuple[Source, Path]]:
    """Read all sources of a folder.

    Args:
        seeds: a folder with one folder a source.

    Returns:
        The sources with their folders, sorted by id.

    Raises:
        ConfigurationError: there is none, one is described wrongly, or two have one id.
    """
    if not seeds.is_dir():
        raise ConfigurationError(
            f"{seeds}: no such folder. Name the folder that holds the sources, or start "
            "one with `onrecord new DIR`."
        )
    try:
        folders = sorted(f for f in seeds.iterdir() if f.is_dir() and not f.name.startswith("."))
    except OSError as error:
        raise ConfigurationError(f"{seeds}: can't be read: {error.strerror}") from None
    wrong: list[str] = []
    sources: list[tuple[Source, Path]] = []
    for folder in folders:
        try:
            sources.append((read_source(folder), folder))
        except ConfigurationError as error:
            wrong.append(str(error))
    by_id: dict[str, Path] = {}
    for source, folder in sources:
        if source.id in by_id:
            wrong.append(
                f"{folder / SOURCE_FILE}: key `id`: `{source.id}` is already the id of "
                f"{by_id[source.id]}"
            )
        by_id[source.id] = folder
    if wrong:
        raise ConfigurationError("\n".join(wrong))
    if not sources:
        raise ConfigurationError(
            f"{seeds}: no sources. Put each source into a folder of its own, with a {SOURCE_FILE}."
        )
    return sorted(sources, key=lambda pair: pair[0].id)
