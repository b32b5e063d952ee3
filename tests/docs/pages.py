"""Code blocks of the documentation, to be run by the tests."""

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """A fenced block: its language and its content."""

    language: str
    text: str


def blocks(page: str) -> list[Block]:
    """The fenced blocks of a page of ``docs/``, in order."""
    text = (DOCS / page).read_text(encoding="utf-8")
    return [Block(*found) for found in _BLOCK.findall(text)]


def says(printed: str, expected: str) -> list[str]:
    """Lines of a block of output that were not printed; `…` stands for anything."""

    def pattern(line: str) -> str:
        return ".*".join(re.escape(part) for part in re.split("…", line.strip()))

    flat = [" ".join(line.split()) for line in printed.splitlines()]
    missing = []
    for line in filter(None, map(str.strip, expected.splitlines())):
        wanted = re.compile(pattern(" ".join(line.split())))
        if not any(wanted.search(one) for one in flat):
            missing.append(line)
    return missing
