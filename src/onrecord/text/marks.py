"""Where a text may be cut between two tokens, and what white space is."""

from onrecord.text.characters import BLANK, CLOSER, OPENER, TABLE_SIZE, tables


def _flags(char: str) -> int:
    """Kind and flags of a character; 0 beyond the tables."""
    return int(tables().properties[ord(char)]) if ord(char) < TABLE_SIZE else 0


def opening(between: str) -> int:
    """Where to cut what stands between two tokens: opening marks belong to what follows.

    A straight quote opens where white space or nothing stands before it and a word behind.
    """
    for i, char in enumerate(between):
        bits = _flags(char)
        if bits & OPENER and not bits & CLOSER:
            return i
        if char in "\"'" and i == len(between) - 1 and i > 0 and between[i - 1].isspace():
            return i
    return len(between)


def trimmed_end(text: str) -> str:
    """A text without the blank characters at its end, by the same rule as for blocks."""
    end = len(text)
    while end and _flags(text[end - 1]) & BLANK:
        end -= 1
    return text[:end]
