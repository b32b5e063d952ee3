"""Text for people to read: a paragraph of hard-wrapped text on one line.

The tables keep every line break, so that a span of bytes and its text say the same. What breaks
lines at a fixed width says nothing, though; whoever shows a paragraph joins them.
"""

import re

_BLANKS = r"[ \t\f\v\u00a0\u3000]*"
_BREAK = rf"{_BLANKS}(?:\r\n|[\n\r\u0085\u2028\u2029]){_BLANKS}"
#: Scripts without spaces between words: Thai, Lao, Burmese, Khmer, kana, Han, full-width marks.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uff60"
)
_WITHOUT_SPACE = re.compile(rf"(?<=[{_UNSPACED}]){_BREAK}(?=[{_UNSPACED}])")
#: A word that goes on behind its own hyphen: none is lost, because it may belong there.
_HYPHENATED = re.compile(rf"(?<=\w-){_BREAK}(?=\w)")
_ANY = re.compile(_BREAK)


def unwrapped(text: str) -> str:
    """A paragraph on one line.

    Lines are joined by a space, by nothing behind a hyphen within a word, and by nothing
    between characters of scripts without spaces.
    """
    for pattern, joint in ((_WITHOUT_SPACE, ""), (_HYPHENATED, ""), (_ANY, " ")):
        text = pattern.sub(joint, text)
    return text
