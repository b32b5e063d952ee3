"""Bodies within limits: nothing is unpacked further than it may grow."""

import zlib

from onrecord.collect.problems import Problem, Reason

#: A file of gzip may have so many members; more than a few are made to cost time.
_MEMBERS = 100
_GZIP = 16 + zlib.MAX_WBITS


class Gunzip:
    """Unpacks gzip piece by piece, up to a limit.

    Args:
        most: bytes that may come out in all.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._room = most
        self._members = 1
        self._inner = zlib.decompressobj(_GZIP)

    def feed(self, data: bytes) -> bytes:
        """Unpack the next bytes.

        Raises:
            Problem: it is no gzip, or grows beyond the limit.
        """
        out = []
        while data:
            if self._inner.eof:
                data = data.lstrip(b"\0")  # padding behind the end is usual
                if not data:
                    break
                self._members += 1
                if self._members > _MEMBERS:
                    raise Problem(Reason.BAD_ENCODING, f"more than {_MEMBERS} members of gzip")
                self._inner = zlib.decompressobj(_GZIP)
            try:
                piece = self._inner.decompress(data, self._room + 1)
            except zlib.error as error:
                raise Problem(Reason.BAD_ENCODING, f"damaged gzip: {error}") from None
            self._room -= len(piece)
            if self._room < 0:
                raise Problem(Reason.TOO_LARGE, f"unpacks to more than {self._most:,} bytes")
            out.append(piece)
            data = self._inner.unused_data if self._inner.eof else self._inner.unconsumed_tail
        return b"".join(out)

    def end(self) -> None:
        """Say that nothing follows.

        Raises:
            Problem: something should.
        """
        if not self._inner.eof:
            raise Problem(Reason.TRUNCATED, "the gzip stream is cut off", passing=True)


def gunzip(data: bytes, most: int) -> bytes:
    """Unpack a whole file of gzip.

    Raises:
        Problem: it is damaged, cut off, or grows beyond `most` bytes.
    """
    stream = Gunzip(most)
    out = stream.feed(data)
    stream.end()
    return out


class Body:
    """Takes in the body of a response, as it comes.

    Args:
        coding: its Content-Encoding, None where it has none.
        most_wire: bytes that it may have as sent.
        most: bytes that it may have unpacked.

    Raises:
        Problem: the coding is one that we did not ask for.
    """

    def __init__(self, coding: str | None, most_wire: int, most: int) -> None:
        coding = (coding or "identity").strip().lower()
        if coding not in ("identity", "gzip", "x-gzip"):
            raise Problem(Reason.BAD_ENCODING, f"Content-Encoding {coding[:50]!r}: not asked for")
        self._stream = None if coding == "identity" else Gunzip(most)
        self._most_wire = most_wire
        self._most = most
        self._pieces: list[bytes] = []
        self._size = 0
        self.wire_bytes = 0

    def feed(self, data: bytes) -> None:
        """Take in the next bytes.

        Raises:
            Problem: it is too large or damaged.
        """
        self.wire_bytes += len(data)
        if self.wire_bytes > self._most_wire:
            raise Problem(Reason.TOO_LARGE, f"more than {self._most_wire:,} bytes are sent")
        piece = self._stream.feed(data) if self._stream else data
        self._size += len(piece)
        if self._size > self._most:
            raise Problem(Reason.TOO_LARGE, f"more than {self._most:,} bytes")
        self._pieces.append(piece)

    def end(self) -> bytes:
        """All of it.

        Raises:
            Problem: it is cut off.
        """
        if self._stream and self.wire_bytes:
            self._stream.end()
        return b"".join(self._pieces)
