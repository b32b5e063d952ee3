"""Lines before they have a place: what makers make and the data set arranges."""

from dataclasses import dataclass

from bench.quality.kinds import Kind


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """A paragraph to come; two lines of the same text are two.

    Attributes:
        text: of the paragraph.
        source: prefix of its source and number of its document, None where any will do.
    """

    text: str
    source: tuple[str, int] | None = None


@dataclass(frozen=True, slots=True)
class LineCase:
    """A case to come.

    Attributes:
        kind: of the case.
        item: see ``dataset.Case``.
        partners: see ``dataset.Case``.
    """

    kind: Kind
    item: Line
    partners: tuple[Line, ...]
