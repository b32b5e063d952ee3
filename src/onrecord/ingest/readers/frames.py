"""How parent and child talk: a JSON header and some bytes, each behind its length.

No pickles: what a child says, after it read a hostile file, must not be able to run anything.
"""

import json
from typing import Any

_LENGTHS = 8


def packed(header: dict[str, Any], payload: bytes = b"") -> bytes:
    """One message as bytes."""
    head = json.dumps(header, ensure_ascii=True).encode("ascii")
    return len(head).to_bytes(_LENGTHS, "little") + len(payload).to_bytes(_LENGTHS, "little") + head


class Frames:
    """Puts the messages of a stream together again."""

    def __init__(self) -> None:
        self._data = bytearray()

    def feed(self, data: bytes) -> None:
        """Take in some bytes of the stream."""
        self._data += data

    def next(self) -> tuple[dict[str, Any], bytes] | None:
        """The next whole message, None where there is none yet."""
        if len(self._data) < 2 * _LENGTHS:
            return None
        head = int.from_bytes(self._data[:_LENGTHS], "little")
        size = int.from_bytes(self._data[_LENGTHS : 2 * _LENGTHS], "little")
        end = 2 * _LENGTHS + head + size
        if len(self._data) < end:
            return None
        header = json.loads(bytes(self._data[2 * _LENGTHS : 2 * _LENGTHS + head]))
        payload = bytes(self._data[2 * _LENGTHS + head : end])
        del self._data[:end]
        return header, payload
