"""Files that are hard to take in, by what is hard about them; and harmless ones of every format."""

import bz2
import gzip
import io
import json
import lzma
import os
import stat
import tarfile
import warnings
import zipfile
from pathlib import Path

from tests import makers as m

MIB = 1024 * 1024
BIDI = "\u202eevil\u202c text\u2066 with \u2069 controls and zero\u200bwidth\u200dsigns"
ARABIC = "عقدت اللجنة اجتماعا يوم الثلاثاء للاستماع إلى سبعة شهود حول حالة الجسور القديمة"
FORMULA = '=HYPERLINK("https://example.org","click")'
SCRIPT = "<script>alert('words')</script> stands in this text"
#: 200 kB: more than the 131,072 characters that some readers of CSV take.
LONG_PARAGRAPH = ("word " * 40_000).strip()

_GERMAN = "Die Brücke über die Spree bleibt für größere Fahrzeuge bis März gesperrt, hieß es. "
_RUSSIAN = "Мост через реку остаётся закрытым для грузовиков до конца марта, сообщили в мэрии. "
_JAPANESE = "川に架かる橋は三月末まで大型車の通行が禁止されると市は火曜日に発表した。"
_CHINESE = "市政府星期二宣布，河上的大桥在三月底以前禁止大型车辆通行，工程将继续进行。"


def formats() -> dict[str, bytes]:
    """Every format, every way to pack it, and the encodings."""
    plain = {"1.txt": m.story("a packed").encode(), "2.html": m.page("a packed page")}
    pages = [
        ("response", f"https://example.org/{i}", "200 OK\nContent-Type: text/html", m.page(str(i)))
        for i in range(2)
    ]
    wet = [("conversion", "https://example.org/w", "", m.story("crawled").encode())]
    mails = [m.mail(f"Bridge {i}", m.story(f"mailed {i}")) for i in range(2)]
    lines = [json.dumps({"text": m.story(f"line {i}")}).encode() for i in range(2)]
    return {
        "plain.txt": m.story("plain").encode(),
        "marks.md": f"# Bridges\n\n{m.story('marked')}\n\n- first\n- second\n".encode(),
        "page.html": m.page("saved"),
        "lines.jsonl": b"\n".join(lines),
        "table.csv": m.csv([["id", "text"], ["1", m.story("cell")]]),
        "crawl.warc": m.warc(pages, gzip=False),
        "crawl.warc.gz": m.warc(pages),
        "crawl.wet": m.warc(wet, gzip=False),
        "crawl.wet.gz": m.warc(wet),
        "box.mbox": m.mbox(mails),
        "letter.eml": m.mail("A letter", m.story("posted")),
        "packed.zip": m.zipped({**plain, "3.zip": m.zipped({"4.eml": mails[0]})}),
        "packed.tar": m.tarred(plain),
        "packed.tar.gz": m.tarred(plain, "w:gz"),
        "packed.txt.gz": gzip.compress(m.story("squeezed").encode()),
        "paper.pdf": m.pdf([m.story("printed"), m.story("printed twice")], "A paper"),
        "word.docx": m.docx([m.story("typed")], "A word"),
        "bom.txt": b"\xef\xbb\xbf" + m.story("marked by its order").encode(),
        "utf16.txt": m.story("wide").encode("utf-16"),
        "utf32.txt": m.story("wider").encode("utf-32"),
        "cp1252.txt": (_GERMAN * 8).encode("cp1252"),
        "koi8.txt": (_RUSSIAN * 8).encode("koi8-r"),
        "cp1251.txt": (_RUSSIAN * 9).encode("cp1251"),
        "sjis.txt": (_JAPANESE * 8).encode("shift-jis"),
        "eucjp.txt": (_JAPANESE * 9).encode("euc-jp"),
        "iso2022.txt": (_JAPANESE * 10).encode("iso2022-jp"),
        "gb18030.txt": (_CHINESE * 8).encode("gb18030"),
        "declared.html": m.page("déclaré", charset="windows-1252"),
    }


def archives() -> dict[str, bytes]:
    """Members that would leave the folder, links, devices, and two of one name."""
    link, hard, device = tarfile.TarInfo(), tarfile.TarInfo(), tarfile.TarInfo()
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    hard.type, hard.linkname = tarfile.LNKTYPE, "a.txt"
    device.type = tarfile.CHRTYPE
    zip_link = zipfile.ZipInfo("link")
    zip_link.create_system, zip_link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the second of one name
        archive.writestr(zip_link, "/etc/passwd")
        archive.writestr("same.txt", m.story("the first twin"))
        archive.writestr("same.txt", m.story("the second twin"))
        archive.writestr("line\nbreak.txt", m.story("a name of two lines"))
    members = {
        "../../up.txt": b"x y z",
        "/etc/passwd": b"x y z",
        "C:\\x.txt": b"x y z",
        "a/../../b.txt": b"x y z",
        "fine/dots..txt": m.story("dots").encode(),
    }
    return {
        "paths.zip": m.zipped(members),
        "paths.tar": m.tarred({**members, "link": link, "hard": hard, "device": device}),
        "odd.zip": file.getvalue(),
    }


def bombs() -> dict[str, bytes]:
    """Small files that expand to much; some hold something harmless, too."""
    zeros = b"\0" * (60 * MIB)
    nested = m.zipped({"0.txt": m.story("innermost").encode()})
    for depth in range(8):
        nested = m.zipped({f"{depth}.zip": nested})
    page = ("200 OK\nContent-Type: text/html\nContent-Encoding: gzip", gzip.compress(zeros))
    return {
        "one.zip": m.zipped({"bomb.txt": zeros, "fine.txt": m.story("beside").encode()}),
        "many.zip": m.zipped({f"{i}.txt": b"word " * 40_000 for i in range(400)}),
        "nested.zip": nested,
        "bomb.gz": gzip.compress(zeros),
        "bomb.txt.bz2": bz2.compress(zeros),
        "bomb.txt.xz": lzma.compress(zeros),
        "bomb.tar.gz": m.tarred({"bomb.txt": zeros}, "w:gz"),
        "bomb.warc.gz": m.warc(
            [
                ("response", "https://example.org/bomb", *page),
                ("conversion", "https://example.org/fine", "", m.story("after").encode()),
            ]
        ),
    }


def broken() -> dict[str, bytes]:
    """Files that break off, are locked, or are not what their names say."""
    members = {f"{i}.txt": m.story(f"number {i}").encode() for i in range(3)}
    whole_zip, whole_tar = m.zipped(members), m.tarred(members)
    record = m.warc(
        [("conversion", f"https://example.org/{i}", "", m.story(str(i)).encode()) for i in (1, 2)]
    )
    locked = bytearray(m.zipped({"secret.txt": b"words that nobody may read"}))
    locked[6] |= 1
    locked[locked.rindex(b"PK\x01\x02") + 8] |= 1
    return {
        "cut.zip": whole_zip[: len(whole_zip) // 2],
        "cut.tar": whole_tar[: whole_tar.index(b"number 1") + 20],
        "cut.tar.gz": gzip.compress(whole_tar)[:-20],
        "cut.warc.gz": record[: len(record) - 40],
        "cut.pdf": m.pdf([m.story("cut")])[:300],
        "cut.docx": m.docx(["words"])[:2000],
        "locked.zip": bytes(locked),
        "lie.docx": m.zipped({"word/document.xml": b"<no>", "[Content_Types].xml": b"<x/>"}),
        "empty.zip": m.zipped({}),
        "empty.mbox": b"From nobody",
        "old.doc": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
        "sheet.xlsx": m.zipped({"xl/workbook.xml": b"<x/>"}),
    }


def endless() -> dict[str, bytes]:
    """Pages that a parser does not finish, alone and between harmless ones."""
    page = b"<html><body>" + b"<div>" * 20_000 + b"some words" + b"</div>" * 20_000
    members = {
        "1.txt": m.story("before").encode(),
        "2.html": page,
        "3.html": m.page("between"),
        "4.html": page,
        "5.txt": m.story("behind").encode(),
    }
    return {"deep.html": page, "mixed.zip": m.zipped(members)}


def pages() -> dict[str, bytes]:
    """Pages of extreme shape."""
    items = "".join(f"<li>item number {i} of the list</li>" for i in range(100_000))
    return {
        "tags.html": b"<html><body>" + b"<b>" * 20_000 + b"hello world of words",
        "line.html": b"<html><body><p>" + b"word " * 2_000_000 + b"</p></body></html>",
        "list.html": f"<html><body><ul>{items}</ul></body></html>".encode(),
        "entities.html": b"<html><body><p>&#xD800; &#0; &#x110000; and words</p></body></html>",
        "empty.html": b"<html><body><script>alert(1)</script></body></html>",
    }


def texts() -> dict[str, bytes]:
    """Texts of extreme shape, and with characters that do harm elsewhere."""
    return {
        "line.txt": b"x" * (10 * MIB),
        "sentences.txt": b"This is one sentence of many. " * 340_000,
        "long.txt": LONG_PARAGRAPH.encode(),
        "long.csv": m.csv([["text"], [LONG_PARAGRAPH]]),
        "items.txt": "".join(f"- item number {i}\n" for i in range(100_000)).encode(),
        "nul.txt": b"before\0after and some more words\n",
        "nuls.txt": b"\0" * 1000,
        "invalid.txt": "Grüße aus Köln, ".encode() + b"\xff\xfe\x80" + " schöne Tage".encode(),
        "bidi.txt": BIDI.encode(),
        "rtl.txt": ARABIC.encode(),
        "formula.txt": FORMULA.encode(),
        "script.txt": SCRIPT.encode(),
        "surrogates.jsonl": b'{"text": "half a sign \\ud83d of two"}\n',
        "surrogates.txt": b"\xed\xa0\x80 is no UTF-8, these are plain words around it",
        "new\nline.txt": m.story("a file of two lines").encode(),
    }


def lies() -> dict[str, bytes]:
    """Tables and JSON Lines that are not what they say."""
    deep = b'{"text": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    lines = [json.dumps({"text": m.story("a good line")}).encode(), deep, b"{", b"null", b'""']
    return {
        "lies.jsonl": b"\n".join(lines),
        "lies.csv": b'text,more\n"open quote, never closed\nand on and on\n',
        "ragged.csv": b"text,more\nonly one\n" + b"two words here,x\na,b,c\n",
        "nul.csv": b"text\nwith a \0 in it\n",
        "header.csv": b"\n",
    }


def steady() -> dict[str, bytes]:
    """Files to be disturbed while they are read; see ``built.disturbed``."""
    files = {f"{i}.txt": (m.story(f"steady {i}") + "\n").encode() * 50 for i in range(2000)}
    return files | {f"{i}.html": m.page(f"page {i}") for i in range(60)}


def irregular(folder: Path) -> None:
    """Put what is no regular file into a folder, and one that may not be read."""
    os.mkfifo(folder / "fifo.txt")
    (folder / "zero.txt").symlink_to("/dev/zero")
    (folder / "gone.txt").symlink_to("nowhere")
    (folder / "outside.txt").symlink_to("/etc/hostname")
    (folder / "locked.txt").write_bytes(b"x")
    (folder / "locked.txt").chmod(0)
