"""Tar archives: each member is read by the reader of its own format; nothing is written."""

import io
import tarfile
from collections.abc import Iterator

from onrecord.ingest.quarantine import Reason
from onrecord.ingest.readers.bounds import LEFT_OUT, Leaver, is_unsafe, shown, unpacked
from onrecord.ingest.readers.protocol import Given, LeftOut, Part, Refused, Unusable, Yield

_BLOCK = 512
_MAGIC = b"ustar"
_MAGIC_AT = 257


def _member(archive: tarfile.TarFile, info: tarfile.TarInfo, given: Given) -> Part | Refused:
    """One member, or why it can't be used."""
    name = shown(info.name)
    if is_unsafe(info.name):
        return Refused(Reason.UNSAFE_NAME, "a name that leads out of the archive", name, info.size)
    stream = archive.extractfile(info) if info.isreg() else None
    if stream is None:
        what = "a link" if info.issym() or info.islnk() else "not a regular file"
        return Refused(Reason.NOT_REGULAR, what, name, info.size)
    with stream:
        try:
            return Part(name, unpacked(stream, info.size, given.options), locator=name)
        except Unusable as error:
            return Refused(error.reason, str(error), name, info.size)
        except (tarfile.TarError, OSError, EOFError) as error:
            return Refused(Reason.DAMAGED, str(error) or "it breaks off", name, info.size)


class _Tar:
    """See the module."""

    name = "tar"
    version = "1"
    holds_parts = True
    needs: tuple[str, ...] = ()

    def recognises(self, name: str, head: bytes) -> bool:
        return head[_MAGIC_AT : _MAGIC_AT + len(_MAGIC)] == _MAGIC

    def read(self, given: Given) -> Iterator[Yield]:
        leaver = Leaver(given.options, given.name)
        count = 0
        try:
            with tarfile.open(fileobj=io.BytesIO(given.raw), mode="r:") as archive:
                for info in archive:
                    archive.members = []  # type: ignore[attr-defined]  # it keeps all it saw
                    if info.isdir():
                        continue
                    count += 1
                    if not is_unsafe(info.name) and leaver.leaves(info.name):
                        yield LeftOut(LEFT_OUT)
                        continue
                    yield _member(archive, info, given)
                end = given.raw[archive.offset : archive.offset + _BLOCK]
        except (tarfile.TarError, EOFError) as error:
            raise Unusable(Reason.DAMAGED, f"{error} (after {count:,} members)") from None
        if end.strip(b"\0"):  # the library takes a broken header for the end
            raise Unusable(Reason.DAMAGED, f"it breaks off after {count:,} members")
        if not count:
            raise Unusable(Reason.EMPTY, "an archive without members")


READER = _Tar()
