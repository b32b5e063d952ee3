"""What all readers of packed inputs hold to: sizes while unpacking, and names of members."""

import re
from typing import IO
from urllib.parse import quote

from onrecord.ingest.quarantine import Reason
from onrecord.ingest.readers.protocol import Options, Unusable

#: What stays below this is never held against an input, however well it was packed.
ALLOWED = 1 << 20
_PIECE = 1 << 18


def most(packed: int, options: Options) -> int:
    """So large may become what is `packed` bytes large."""
    return max(ALLOWED, options.max_expansion * packed)


def unpacked(stream: IO[bytes], packed: int, options: Options) -> bytes:
    """Read what is packed, and stop as soon as it is larger than it may be.

    Args:
        stream: gives the unpacked bytes.
        packed: how many bytes the packed ones are.
        options: with the limits.

    Raises:
        Unusable: it is too large.
    """
    limit = most(packed, options)
    pieces: list[bytes] = []
    size = 0
    while piece := stream.read(_PIECE):
        size += len(piece)
        if size > options.max_bytes:
            raise Unusable(Reason.TOO_LARGE, f"more than {options.max_bytes:,} bytes unpacked")
        if size > limit:
            found = f"{packed:,} bytes become more than {limit:,}"
            raise Unusable(Reason.EXPANDS, found)
        pieces.append(piece)
    return b"".join(pieces)


_DRIVE = re.compile(r"[A-Za-z]:")


def is_unsafe(name: str) -> bool:
    """Whether the name of a member leads out of its archive."""
    name = name.replace("\\", "/")
    return name.startswith("/") or ".." in name.split("/") or _DRIVE.match(name) is not None


def shown(name: str) -> str:
    """The name of a member as UTF-8 can say it: percent-encoded where it is not UTF-8."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return quote(name.encode("utf-8", "surrogateescape"), safe="/ ")
    return name


class Leaver:
    """Which members the source's ``exclude`` leaves out."""

    def __init__(self, options: Options, container: str) -> None:
        self._globs = [re.compile(pattern, re.DOTALL) for pattern in options.exclude]
        self._container = container

    def leaves(self, member: str) -> bool:
        """Whether a member is left out, by its own path or by that of file and member."""
        paths = (member, f"{self._container}/{member}")
        return any(glob.fullmatch(path) for glob in self._globs for path in paths)


LEFT_OUT = "members of archives that the globs leave out"
