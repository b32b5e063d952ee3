"""Mojibake: text that was decoded wrongly before it was saved, mended where that is certain."""

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ftfy import TextFixerConfig

NEEDS = ("ftfy",)


@cache
def _config() -> "TextFixerConfig":
    """Only the encoding is mended: quotes, ligatures, widths and composition stay."""
    from ftfy import TextFixerConfig

    return TextFixerConfig(
        uncurl_quotes=False,
        fix_latin_ligatures=False,
        fix_character_width=False,
        unescape_html=False,
        remove_terminal_escapes=False,
        fix_line_breaks=False,
        remove_control_chars=False,
        normalization=None,
        explain=False,
    )


def repaired(text: str) -> str:
    """A text without mojibake; the same text where there is none."""
    from ftfy import fix_text

    return fix_text(text, _config())
