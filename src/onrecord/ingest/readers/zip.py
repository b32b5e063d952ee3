"""ZIP archives: each member is read by the reader of its own format; nothing is written."""

import io
import stat
import zipfile
import zlib
from collections.abc import Iterator

from onrecord.ingest.quarantine import Reason
from onrecord.ingest.readers.bounds import LEFT_OUT, Leaver, is_unsafe, shown, unpacked
from onrecord.ingest.readers.protocol import Given, LeftOut, Part, Refused, Unusable, Yield

_ENCRYPTED = 0x1
#: Members that show that an archive is a document of some program.
_OFFICE = {
    "word/document.xml": "docx",
    "xl/workbook.xml": "a spreadsheet",
    "ppt/presentation.xml": "a presentation",
    "mimetype": "an OpenDocument file or an e-book",
}
_DAMAGED = (zipfile.BadZipFile, EOFError, zlib.error, OSError, NotImplementedError)


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, given: Given) -> Part | Refused:
    """One member, or why it can't be used."""
    name = shown(info.filename)
    size = info.file_size
    if is_unsafe(info.filename):
        return Refused(Reason.UNSAFE_NAME, "a name that leads out of the archive", name, size)
    if info.create_system == 3 and stat.S_ISLNK(info.external_attr >> 16):
        return Refused(Reason.NOT_REGULAR, "a link", name, size)
    if info.flag_bits & _ENCRYPTED:
        return Refused(Reason.ENCRYPTED, "encrypted", name, size)
    try:
        with archive.open(info) as stream:
            return Part(name, unpacked(stream, info.compress_size, given.options), locator=name)
    except Unusable as error:
        return Refused(error.reason, str(error), name, size)
    except _DAMAGED as error:
        return Refused(Reason.DAMAGED, str(error) or "it breaks off", name, size)


class _Zip:
    """See the module."""

    name = "zip"
    version = "1"
    holds_parts = True
    needs: tuple[str, ...] = ()

    def recognises(self, name: str, head: bytes) -> bool:
        return head.startswith((b"PK\x03\x04", b"PK\x05\x06"))

    def read(self, given: Given) -> Iterator[Yield]:
        try:
            archive = zipfile.ZipFile(io.BytesIO(given.raw))
        except _DAMAGED as error:
            raise Unusable(Reason.DAMAGED, str(error)) from None
        with archive:
            members = archive.infolist()
            names = {info.filename for info in members}
            kind = next((kind for name, kind in _OFFICE.items() if name in names), None)
            if kind == "docx":
                yield Part(given.name, given.raw, given.facts, format="docx")
                return
            if kind:
                raise Unusable(Reason.BINARY, kind)
            leaver = Leaver(given.options, given.name)
            for info in members:
                if info.is_dir():
                    continue
                if not is_unsafe(info.filename) and leaver.leaves(info.filename):
                    yield LeftOut(LEFT_OUT)
                    continue
                yield _member(archive, info, given)
            if not members:
                raise Unusable(Reason.EMPTY, "an archive without members")


READER = _Zip()
