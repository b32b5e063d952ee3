"""Settings of a release: what people may choose, with sane defaults.

All of them are recorded in ``provenance.json``, because a release is a function of its inputs
and its settings.
"""

from collections.abc import Sequence
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from onrecord.errors import ConfigurationError
from onrecord.parallel import cores

#: Where the costly steps run; see ``onrecord.engines``.
Engine = Literal["local", "daft", "ray"]
#: Settings that change no result: a release does not record them.
INDIFFERENT = {"batch_bytes", "cache_bytes", "engine", "ray_address", "threads"}
#: The limits of reading, which ``--limit`` changes by name.
LIMITS = (
    "max_block_bytes",
    "max_members",
    "max_nesting",
    "max_expansion",
    "max_unpacked_bytes",
    "parser_seconds",
    "parser_bytes",
    "parser_failures",
)


class Settings(BaseModel):
    """What a run may be told; the defaults are right for most folders."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_file_bytes: int = Field(
        default=64 * 1024 * 1024,
        ge=1,
        description="A larger file is quarantined as too_large. In bytes.",
    )
    split_above: int = Field(
        default=10_000,
        ge=200,
        description="A line with more characters than this is split at sentence ends.",
    )
    max_block_bytes: int = Field(
        default=1024 * 1024,
        ge=1024,
        description="A document with a longer block, which is a line without sentence ends, is "
        "quarantined as long_line. In bytes of UTF-8.",
    )
    max_members: int = Field(
        default=100_000,
        ge=1,
        description="Of a file with more records or members only so many are read.",
    )
    max_nesting: int = Field(
        default=5,
        ge=1,
        description="Containers may lie so many deep in one another.",
    )
    max_expansion: int = Field(
        default=200,
        ge=2,
        description="What is packed may become so many times as large; what stays under 1 MiB "
        "is never held against it.",
    )
    max_unpacked_bytes: int = Field(
        default=1024 * 1024 * 1024,
        ge=1,
        description="All members of one file together may have so many bytes.",
    )
    parser_seconds: float = Field(
        default=10,
        gt=0,
        description="A reader that gives nothing for so many seconds is stopped.",
    )
    parser_bytes: int = Field(
        default=1024 * 1024 * 1024,
        ge=64 * 1024 * 1024,
        description="A reader may use so much memory.",
    )
    parser_failures: int = Field(
        default=10,
        ge=1,
        description="The rest of a file is given up when its readers had to be stopped so often.",
    )
    batch_bytes: int = Field(
        default=12 * 1024 * 1024,
        ge=1,
        description="Files are read in batches of about so many bytes. Changes no result.",
    )
    threads: int = Field(
        default_factory=cores,
        ge=1,
        description="How many threads work at once. Changes no result.",
    )
    engine: Engine = Field(
        default="local",
        description="Where the costly steps run: local, in threads; daft, in processes of Daft on "
        "this machine; ray, on a Ray cluster. The last two need onrecord[ray]. Changes no result.",
    )
    ray_address: str | None = Field(
        default=None,
        description="The Ray cluster: host:port, ray://host:port or auto; RAY_ADDRESS where left "
        "empty, and without that one that is started on this machine. Changes no result.",
    )
    cache_bytes: int = Field(
        default=4 * 1024 * 1024 * 1024,
        ge=0,
        description="What was read is kept for the next run, up to so many bytes; 0 keeps "
        "nothing. Changes no result.",
    )
    boilerplate_documents: int = Field(
        default=5,
        ge=2,
        description="A paragraph that stands in so many documents of one source is boilerplate.",
    )
    cap_merged: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="A release is refused in which a larger share of a source's blocks would "
        "stand behind others, but for verbatim repeats.",
    )
    cap_quarantined: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="A release is refused in which a larger share of a source can't be read.",
    )
    cap_retired: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="A release is refused that would retire a larger share of a source's "
        "paragraphs.",
    )
    cap_invalid: float = Field(
        default=0.01,
        ge=0,
        le=1,
        description="A release is refused in which a larger share of the documents, and more "
        "than one, would be quarantined because a record of theirs is invalid.",
    )
    part_rows: int = Field(
        default=5_000_000,
        ge=1,
        description="A table with more rows is published as several files of so many. Changes no "
        "record.",
    )
    page: bool = Field(
        default=True,
        description="Whether the release has a page to look at, with the files that it reads.",
    )
    allow: tuple[str, ...] = Field(
        default=(), description="Ids of sources for which the caps do not count."
    )


def limits(stated: Sequence[str]) -> dict[str, Any]:
    """Limits as people write them, ``name=number`` each, as values of `Settings`.

    Raises:
        ConfigurationError: a name is unknown, or a number is none or too small.
    """
    found: dict[str, Any] = {}
    for words in stated:
        name, _, value = (part.strip() for part in words.partition("="))
        if name not in LIMITS:
            known = ", ".join(LIMITS)
            raise ConfigurationError(f"--limit {words}: no such limit (there are: {known})")
        try:
            found[name] = TypeAdapter(float if "seconds" in name else int).validate_python(value)
            Settings(**found)
        except ValidationError as error:
            why = error.errors()[0]["msg"]
            raise ConfigurationError(f"--limit {words}: {why}") from None
    return found


def engine_named(name: str) -> Engine:
    """An engine by the name that people write.

    Raises:
        ConfigurationError: there is no such engine.
    """
    for engine in get_args(Engine):
        if engine == name:
            known: Engine = engine
            return known
    raise ConfigurationError(
        f"--engine {name}: no such engine (there are: {', '.join(get_args(Engine))})"
    )
