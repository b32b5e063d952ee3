"""Settings of a release: what people may choose, with sane defaults.

All of them are recorded in ``provenance.json``, because a release is a function of its inputs
and its settings.
"""

from pydantic import BaseModel, ConfigDict, Field

from onrecord.parallel import cores

#: Settings that change no result: a release does not record them.
INDIFFERENT = {"batch_bytes", "threads"}


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
    allow: tuple[str, ...] = Field(
        default=(), description="Ids of sources for which the caps do not count."
    )
