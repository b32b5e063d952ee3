"""Show texts, what differs between two of them, and small tables.

Differences are in colours, or in brackets where there are none.
"""

from rich.text import Text

from onrecord.commands.console import out
from onrecord.display import unwrapped
from onrecord.words import Passage, Side, compare, within

_STYLES = {Side.BOTH: "", Side.ONLY_FIRST: "red strike", Side.ONLY_SECOND: "green bold"}
_BRACKETS = {
    Side.BOTH: ("", ""),
    Side.ONLY_FIRST: ("[-", "-]"),
    Side.ONLY_SECOND: ("{+", "+}"),
}


def coloured() -> bool:
    """Whether what is printed has colours."""
    return out.is_terminal and not out.no_color


def marked(passages: list[Passage]) -> Text:
    """Passages as one text in which those that differ stand out.

    ``[-…-]`` is in the first text only and ``{+…+}`` in the second only.
    """
    text = Text()
    for side, words in passages:
        before, after = ("", "") if coloured() else _BRACKETS[side]
        text.append(f"{before}{words}{after}", style=_STYLES[side])
    return text


def difference(first: str, second: str, inside: bool = False) -> Text:
    """What two texts have in common and each alone, on one line.

    Args:
        first, second: texts as they stand in the tables.
        inside: whether what `first` has before and after `second` is left out.
    """
    passages = compare(unwrapped(first), unwrapped(second))
    return marked(within(passages) if inside else passages)


def shortened(words: str, most: int) -> str:
    """A text on one line, cut where it is long."""
    line = " ".join(unwrapped(words).split())
    return line if len(line) <= most else f"{line[:most]} …"


def show(text: Text | str = "", indent: int = 0) -> None:
    """Print a line, wrapped on a terminal only, with no markup of its own."""
    line = Text(" " * indent) + (text if isinstance(text, Text) else Text(text))
    out.print(line, markup=False, highlight=False, soft_wrap=True)


def grid(header: list[str], rows: list[list[str]]) -> None:
    """Print a table; columns in which all cells are numbers stand to the right."""
    columns = list(zip(*rows, strict=True))
    numeric = [all(cell.replace(",", "").isdigit() for cell in column) for column in columns]
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    for number, row in enumerate([header, *rows]):
        cells = [
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, numeric, strict=True)
        ]
        show(Text("  ".join(cells).rstrip(), style="bold" if number == 0 else ""))
