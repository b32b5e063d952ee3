"""Small files of every format, made in memory."""

import io
import tarfile
import zipfile
from collections.abc import Mapping, Sequence

#: Enough words that a reader of pages takes it for the text of one.
STORY = (
    "The committee met on Tuesday to hear from seven witnesses about the state of the bridges in "
    "the {0} districts, many of which were built more than eighty years ago."
)


def story(name: str) -> str:
    """A paragraph that no other name gives."""
    return STORY.format(name)


def page(name: str, head: str = "", charset: str = "utf-8") -> bytes:
    """A saved page."""
    return (
        f'<!doctype html><html><head><meta charset="{charset}"><title>About {name}</title>{head}'
        f"</head><body><nav><a href='/'>Home</a> <a href='/n'>News</a></nav><article>"
        f"<h1>What became of {name}</h1><p>{story(name)}</p>"
        f"<p>Its chairwoman said of {name} that nobody could tell how many were safe, and that "
        "she would ask for a full survey before the winter.</p></article></body></html>"
    ).encode(charset)


def zipped(members: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A ZIP archive."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, raw in members.items():
            archive.writestr(zipfile.ZipInfo(name), raw, method)
    return file.getvalue()


def tarred(members: Mapping[str, bytes | tarfile.TarInfo], mode: str = "w") -> bytes:
    """A tar archive; a `TarInfo` in place of bytes is a member without content."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode) as archive:  # type: ignore[call-overload]
        for name, raw in members.items():
            if isinstance(raw, tarfile.TarInfo):
                raw.name = name
                archive.addfile(raw)
            else:
                info = tarfile.TarInfo(name)
                info.size = len(raw)
                archive.addfile(info, io.BytesIO(raw))
    return file.getvalue()


def warc(records: Sequence[tuple[str, str, str, bytes]], gzip: bool = True) -> bytes:
    """A WARC file of (kind, address, header of the answer, payload)."""
    from warcio.statusandheaders import StatusAndHeaders
    from warcio.warcwriter import WARCWriter

    file = io.BytesIO()
    writer = WARCWriter(file, gzip=gzip)
    for kind, url, answer, payload in records:
        headers = None
        if answer:
            status, *lines = answer.split("\n")
            pairs = [tuple(line.split(": ", 1)) for line in lines]
            headers = StatusAndHeaders(status, pairs, protocol="HTTP/1.1")
        record = writer.create_warc_record(
            url,
            kind,
            payload=io.BytesIO(payload),
            http_headers=headers,
            warc_headers_dict={"WARC-Date": "2024-05-31T09:30:00Z"},
            warc_content_type="" if answer else "text/plain",
        )
        writer.write_record(record)
    return file.getvalue()


def mail(subject: str, body: str, more: str = "", charset: str = "utf-8") -> bytes:
    """A mail of one part."""
    head = (
        "Return-Path: <a@example.org>\nFrom: A <a@example.org>\nTo: b@example.org\n"
        f"Subject: {subject}\nDate: Tue, 05 Mar 2024 10:00:00 +0100\nMIME-Version: 1.0\n"
        f"Content-Type: text/plain; charset={charset}{more}\nContent-Transfer-Encoding: 8bit\n\n"
    )
    return head.encode() + body.encode(charset)


def mbox(mails: Sequence[bytes]) -> bytes:
    """A box of mails."""
    return b"".join(
        b"From a@example.org Tue Mar  5 10:00:00 2024\n"
        + raw.replace(b"\nFrom ", b"\n>From ")
        + b"\n\n"
        for raw in mails
    )


def pdf(pages: Sequence[str], title: str = "") -> bytes:
    """A PDF with a few lines of ASCII a page; a page of no text stays blank."""
    bodies: list[bytes] = []
    kids = " ".join(f"{4 + 2 * i} 0 R" for i in range(len(pages)))
    bodies.append(b"<< /Type /Catalog /Pages 2 0 R >>")
    bodies.append(f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode())
    bodies.append(b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
    for i, text in enumerate(pages):
        lines = "".join(f"({line}) Tj T* " for line in text.split("\n") if line)
        stream = f"BT /F1 10 Tf 40 780 Td 14 TL {lines}ET".encode()
        bodies.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {5 + 2 * i} 0 R "
            "/Resources << /Font << /F1 3 0 R >> >> >>".encode()
        )
        bodies.append(f"<< /Length {len(stream)} >>\nstream\n".encode() + stream + b"\nendstream")
    bodies.append(f"<< /Title ({title}) >>".encode())
    out = b"%PDF-1.4\n"
    places = []
    for number, body in enumerate(bodies, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n".encode() + body + b"\nendobj\n"
    start = len(out)
    out += f"xref\n0 {len(bodies) + 1}\n0000000000 65535 f \n".encode()
    out += b"".join(f"{place:010} 00000 n \n".encode() for place in places)
    out += (
        f"trailer\n<< /Size {len(bodies) + 1} /Root 1 0 R /Info {len(bodies)} 0 R >>\n"
        f"startxref\n{start}\n%%EOF\n"
    ).encode()
    return out


def docx(paragraphs: Sequence[str], title: str = "") -> bytes:
    """A Word document."""
    import docx as word

    document = word.Document()
    document.core_properties.title = title
    for paragraph in paragraphs:
        document.add_paragraph(paragraph)
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def csv(rows: Sequence[Sequence[str]], delimiter: str = ",") -> bytes:
    """A CSV file with every cell in quotes."""
    lines = [delimiter.join('"' + c.replace('"', '""') + '"' for c in row) for row in rows]
    return ("\r\n".join(lines) + "\r\n").encode()
