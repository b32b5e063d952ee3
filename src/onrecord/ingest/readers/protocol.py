"""What a reader gets and what it gives: the contract for everyone who adds one."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, Protocol

from onrecord.ingest.quarantine import Reason


@dataclass(frozen=True, slots=True)
class Facts:
    """What is stated about an input besides its bytes; None where nothing is.

    Attributes:
        title: of the text.
        published: date of publication as year-month-day.
        retrieved: when it was obtained, ISO 8601.
        url: where it was published.
        charset: encoding that its container declares.
        media: media type that its container declares, without parameters.
    """

    title: str | None = None
    published: str | None = None
    retrieved: str | None = None
    url: str | None = None
    charset: str | None = None
    media: str | None = None

    def over(self, other: "Facts") -> "Facts":
        """These facts, and those of `other` where these state nothing."""
        names = ("title", "published", "retrieved", "url", "charset", "media")
        missing = {name: getattr(other, name) for name in names if getattr(self, name) is None}
        return replace(self, **missing)


@dataclass(frozen=True, slots=True)
class Options:
    """What the source and the settings say about reading.

    Attributes:
        format: name of the reader to use, None where the content decides.
        encoding: of its text files, as ``source.yml`` states it.
        fields: key of `Facts`, or ``text``, to name of the field in a record.
        delimiter: of CSV files.
        repair: whether mojibake is repaired.
        exclude: regular expressions of members to leave out.
        max_bytes: a part may have so many.
        max_members: a file may have so many parts and texts in all.
        max_nesting: so many containers may lie in one another.
        max_expansion: what is packed may become so many times as large.
        max_unpacked: all parts of a file may have so many bytes together.
    """

    format: str | None = None
    encoding: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    delimiter: str | None = None
    repair: bool = False
    exclude: tuple[str, ...] = ()
    max_bytes: int = 64 * 1024 * 1024
    max_members: int = 100_000
    max_nesting: int = 5
    max_expansion: int = 200
    max_unpacked: int = 1024 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Given:
    """What a reader gets.

    Attributes:
        name: of the file or member, for what only a name tells.
        raw: its bytes.
        facts: what its container states about it.
        options: what the source and the settings say.
    """

    name: str
    raw: bytes
    facts: Facts = Facts()
    options: Options = Options()


class Basis(NamedTuple):
    """How bytes became text.

    Attributes:
        encoding: codec.
        by: how it was chosen, see ``decode.Decoded``.
        confidence: how sure that is, from 0 to 1.
    """

    encoding: str
    by: str
    confidence: float = 1.0


class Text(NamedTuple):
    """A document: text that a reader extracted.

    Attributes:
        text: what it says; lines are parted by LF.
        facts: what the input states about it.
        locator: where in the input it stands; "" is all of it.
        basis: how its bytes were decoded, None where the format leaves no choice.
    """

    text: str
    facts: Facts = Facts()
    locator: str = ""
    basis: Basis | None = None


class Part(NamedTuple):
    """Something inside the input that has to be read by the reader of its own format.

    Attributes:
        name: what it is called, for what only a name tells.
        raw: its bytes.
        facts: what the input states about it.
        locator: where in the input it stands; "" is all of it.
        format: name of the reader to use, None where the content decides.
    """

    name: str
    raw: bytes
    facts: Facts = Facts()
    locator: str = ""
    format: str | None = None


class Refused(NamedTuple):
    """Something that can't be used, or the input itself where the locator is empty.

    Attributes:
        reason: the code.
        found: what was found, in words.
        locator: where in the input it stands.
        size: in bytes, 0 where it is not known.
    """

    reason: Reason
    found: str
    locator: str = ""
    size: int = 0


class LeftOut(NamedTuple):
    """Something that is no input at all, such as a record that only describes another.

    Attributes:
        what: what it is, in the plural, for the remarks of a run: "records of requests".
    """

    what: str


Yield = Text | Part | Refused | LeftOut


class Reader(Protocol):
    """One format.

    Attributes:
        name: of the format, as ``format`` in ``source.yml`` and ``documents.reader`` have it.
        version: of the reader; raise it when the same bytes give another text.
        holds_parts: whether it is a container, for the limit of nesting.
        needs: modules that it uses; they are imported before its time runs.
    """

    name: str
    version: str
    holds_parts: bool
    needs: tuple[str, ...]

    def recognises(self, name: str, head: bytes) -> bool:
        """Whether an input is of this format.

        Args:
            name: of the file or member, in lower case.
            head: its first bytes, up to ``sniff.HEAD`` of them.
        """
        ...

    def read(self, given: Given) -> Iterator[Yield]:
        """What stands in an input, in order.

        Raise what you like: it becomes a reason in the quarantine. The same bytes must give
        the same results in the same order, because a reader that is stopped is started anew
        and passes over what it gave before.
        """
        ...


class Unusable(Exception):  # noqa: N818
    """Raised by a reader for an input that it can't use.

    Attributes:
        reason: the code.
    """

    def __init__(self, reason: Reason, found: str) -> None:
        super().__init__(found)
        self.reason = reason
