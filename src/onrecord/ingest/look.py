"""What a glance at bytes tells: whether they are text at all, or may need a reader."""

from onrecord.ingest.decode import Decoded
from onrecord.ingest.encodings import REPLACEMENT

#: What begins with one of these is no text, whatever else it looks like.
_SIGNATURES = {
    b"\x89PNG\r\n\x1a\n": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"GIF87a": "a GIF image",
    b"GIF89a": "a GIF image",
    b"%PDF-": "a PDF document",
    b"PK\x03\x04": "a ZIP archive or an office document",
    b"\x1f\x8b\x08": "a gzip archive",
    b"BZh": "a bzip2 archive",
    b"\xfd7zXZ\0": "an xz archive",
    b"7z\xbc\xaf\x27\x1c": "a 7-Zip archive",
    b"Rar!\x1a\x07": "a RAR archive",
    b"(\xb5/\xfd": "a Zstandard archive",
    b"\x7fELF": "a program",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "an old office document",
    b"SQLite format 3\0": "a database",
    b"OggS": "an Ogg recording",
    b"ID3": "an MP3 recording",
    b"fLaC": "a FLAC recording",
    b"PAR1": "a Parquet table",
}
_MARKS = tuple(_SIGNATURES)
#: A text may hold this share of control characters and undecodable bytes.
_MOST_NOISE = 0.10
_CONTROLS = bytes(set(range(0x20)) - set(b"\t\n\r\v\f\x1b")) + b"\x7f"

#: What may begin a file that needs a reader, whatever it is called …
_SUSPECT = (
    *(b"<", b"%PDF-", b"PK", b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"WARC/", b"From ", b'{"'),
    *(b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b" ", b"\t", b"\r", b"\n"),
)
#: … and a name at its beginning that is no longer than this, such as that of a mail's header.
_LONGEST_NAME = 40


def not_text(raw: bytes) -> str | None:
    """What a file is that begins like no text."""
    if not raw.startswith(_MARKS):
        return None
    return next(what for mark, what in _SIGNATURES.items() if raw.startswith(mark))


def _noise(raw: bytes, decoded: Decoded) -> float:
    """Share of control characters and undecodable bytes."""
    data = raw if decoded.encoding == "utf-8" else decoded.text.encode()
    controls = len(data) - len(data.translate(None, _CONTROLS))
    return (controls + decoded.text.count(REPLACEMENT)) / max(1, len(decoded.text))


def noise(raw: bytes, decoded: Decoded) -> str | None:
    """Why what was decoded is no text: in words, None where it is one."""
    share = _noise(raw, decoded)
    return f"{share:.0%} control characters or undecodable bytes" if share > _MOST_NOISE else None


def is_suspect(raw: bytes) -> bool:
    """Whether a file may need a reader, by a glance that costs next to nothing."""
    if raw.startswith(_SUSPECT) or raw[257:262] == b"ustar":
        return True
    colon = raw.find(b":", 0, _LONGEST_NAME)
    return colon > 0 and raw.find(b" ", 0, colon) < 0
