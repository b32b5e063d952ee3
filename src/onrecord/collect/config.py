"""What `collect:` in a ``source.yml`` may say: where to fetch from, and within which limits."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

MIB = 1024 * 1024


def _web_address(value: str) -> str:
    """Check what can be checked without the network.

    Raises:
        ValueError: it is no address that may be fetched.
    """
    try:
        parts = urlsplit(value)
        wanted = parts.scheme.lower() in ("http", "https") and bool(parts.hostname)
        _ = parts.port  # raises when it is no number
    except ValueError as error:
        raise ValueError(f"not a web address: {error}") from None
    if not wanted:
        raise ValueError("expected a web address that begins with http:// or https://")
    if parts.username is not None or parts.password is not None:
        raise ValueError("addresses with a user name or password are not fetched")
    if any(character.isspace() or ord(character) < 0x20 for character in value):
        raise ValueError("a web address has no white space; write %20")
    return value


Address = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=8, max_length=2_000),
    AfterValidator(_web_address),
]
Contact = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        max_length=200,
        pattern=r"^(mailto:)?[!-~]+@[!-~]+\.[!-~]+$|^https?://[!-~]+$",
    ),
]


class Collect(BaseModel):
    """Where a source is fetched from, and the limits of it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    contact: Contact = Field(
        description="An e-mail or web address at which operators of the sites reach you; it is "
        "sent with every request.",
    )
    feeds: list[Address] = Field(default=[], description="RSS and Atom feeds.")
    sitemaps: list[Address] = Field(default=[], description="Sitemaps and sitemap indexes.")
    urls: list[Address] = Field(default=[], description="Single pages.")
    max_pages: int = Field(
        default=1_000, ge=1, le=1_000_000, description="So many pages are asked for in one run."
    )
    max_lists: int = Field(
        default=100,
        ge=1,
        le=10_000,
        description="So many feeds and sitemaps are read in one run, those in indexes included.",
    )
    recheck_hours: float = Field(
        default=0,
        ge=0,
        description="A page that was checked less than so many hours ago is not asked for again.",
    )
    delay: float = Field(
        default=2, ge=0, le=3_600, description="Seconds between two requests to one host."
    )
    longest_wait: float = Field(
        default=60,
        ge=0,
        le=86_400,
        description="A host that asks for a longer wait, in seconds, is left for a later run.",
    )
    attempts: int = Field(
        default=3, ge=1, le=10, description="How often a page is asked for when it fails."
    )
    backoff: float = Field(
        default=2,
        ge=0,
        le=600,
        description="Seconds before the second attempt; doubled for each further one.",
    )
    connect_seconds: float = Field(default=10, gt=0, le=300, description="Time to connect.")
    read_seconds: float = Field(
        default=20, gt=0, le=600, description="Time in which the next bytes must come."
    )
    total_seconds: float = Field(
        default=120, gt=0, le=7_200, description="Time for one response from first to last byte."
    )
    max_wire_bytes: int = Field(
        default=16 * MIB, ge=1, description="Most bytes of a response as it is sent."
    )
    max_bytes: int = Field(
        default=64 * MIB, ge=1, description="Most bytes of a response when it is unpacked."
    )
    max_redirects: int = Field(default=5, ge=0, le=20, description="Most redirects to follow.")
    allow_private: bool = Field(
        default=False,
        description="Whether hosts within your own network may be asked (private, loopback and "
        "link-local addresses).",
    )

    @model_validator(mode="after")
    def _something_to_fetch(self) -> "Collect":
        if not (self.feeds or self.sitemaps or self.urls):
            raise ValueError("name something to fetch: `feeds`, `sitemaps` or `urls`")
        return self
