"""gzip, bzip2 and xz: what they hold is read by the reader of its own format."""

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Iterator
from typing import IO, cast

from onrecord.ingest.quarantine import Reason
from onrecord.ingest.readers.bounds import unpacked
from onrecord.ingest.readers.protocol import Given, Part, Unusable

_GZIP, _BZIP2, _XZ = b"\x1f\x8b\x08", b"BZh", b"\xfd7zXZ\0"
_SHORT = {".tgz": ".tar", ".tbz2": ".tar", ".txz": ".tar"}


def _stream(raw: bytes) -> IO[bytes]:
    file = io.BytesIO(raw)
    if raw.startswith(_GZIP):
        return cast(IO[bytes], gzip.GzipFile(fileobj=file))
    if raw.startswith(_BZIP2):
        return bz2.BZ2File(file)
    if raw.startswith(_XZ):
        return lzma.LZMAFile(file)
    raise Unusable(Reason.DAMAGED, "neither gzip nor bzip2 nor xz")


def _inner(name: str) -> str:
    """The name of what is packed."""
    stem, dot, last = name.rpartition(".")
    if f".{last.lower()}" in _SHORT:
        return stem + _SHORT[f".{last.lower()}"]
    return stem if dot and last.lower() in ("gz", "bz2", "xz") else name


class _Compressed:
    """See the module."""

    name = "compressed"
    version = "1"
    holds_parts = True
    needs: tuple[str, ...] = ()

    def recognises(self, name: str, head: bytes) -> bool:
        return head.startswith((_GZIP, _BZIP2, _XZ))

    def read(self, given: Given) -> Iterator[Part]:
        try:
            raw = unpacked(_stream(given.raw), len(given.raw), given.options)
        except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
            raise Unusable(Reason.DAMAGED, str(error)) from None
        yield Part(_inner(given.name), raw, given.facts)


READER = _Compressed()
