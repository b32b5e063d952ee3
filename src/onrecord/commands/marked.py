"""Show what differs between two texts: in colours, or in brackets where there are none."""

from rich.text import Text

from onrecord.commands.console import out
from onrecord.words import Passage, Side

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


def shortened(words: str, most: int) -> str:
    """A text on one line, cut where it is long."""
    line = " ".join(words.split())
    return line if len(line) <= most else f"{line[:most]} …"


def show(text: Text | str = "", indent: int = 0) -> None:
    """Print a line, wrapped on a terminal only, with no markup of its own."""
    line = Text(" " * indent) + (text if isinstance(text, Text) else Text(text))
    out.print(line, markup=False, highlight=False, soft_wrap=True)
