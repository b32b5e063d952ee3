"""What was fetched goes through the same readers as files, with what the server said of it."""

import gzip
from typing import Any

import polars as pl

from onrecord.job import release
from onrecord.release.restore import restore
from onrecord.settings import Settings
from tests.collect.web import Collection, Site, answer

HTML = """<!doctype html><html><head><title>Bridges of the county</title></head><body>
<nav><a href="/">Home</a> <a href="/about">About</a></nav>
<article><h1>Bridges of the county</h1>
<p>The county repaired eleven bridges last year, and closed two of them for the winter.</p>
<p>The engineer's report was read to the council on the first Monday of the month.</p>
</article></body></html>"""
RUSSIAN = "\u041a\u043e\u043c\u0438\u0442\u0435\u0442 \u0441\u043e\u0431\u0440\u0430\u043b\u0441\u044f \u0432\u043e \u0432\u0442\u043e\u0440\u043d\u0438\u043a.\n"  # noqa: E501


def tables(collection: Collection) -> tuple[Any, dict[str, dict[str, Any]], pl.DataFrame]:
    outcome = release(collection.seeds, collection.data, Settings())
    folder = outcome.path / "parquet"
    documents = pl.read_parquet(folder / "documents.parquet").iter_rows(named=True)
    paragraphs = pl.read_parquet(folder / "paragraphs.parquet")
    return outcome, {row["path"]: row for row in documents}, paragraphs


def test_pages_of_html_give_their_text(site: Site, collection: Collection) -> None:
    page = answer(gzip.compress(HTML.encode()), Content_Encoding="gzip", Content_Type="text/html")
    site.routes["/news/bridges"] = page
    collection.source(urls=[site.url("/news/bridges")])
    collection.run()
    _, documents, paragraphs = tables(collection)
    row = documents[site.url("/news/bridges")]
    assert row["reader"].startswith("html/")
    assert (row["url"], row["title"]) == (site.url("/news/bridges"), "Bridges of the county")
    assert row["retrieved"] == "2026-03-01T00:00:00Z"
    texts = paragraphs["text"].to_list()
    assert any(text.startswith("The county repaired eleven bridges") for text in texts)
    assert not any("<p>" in text for text in texts)


def test_the_charset_that_the_server_states_is_used(site: Site, collection: Collection) -> None:
    short = "\u0414\u0430.\n"  # too short for any detector
    for name, charset in (("a", "koi8-r"), ("b", "windows-1251")):
        kind = f'text/plain; charset="{charset}"'
        site.routes[f"/{name}"] = answer(short.encode(charset), Content_Type=kind)
    # A server that states what is not so is not believed.
    wrong = answer(RUSSIAN.encode(), Content_Type="text/plain; charset=us-ascii")
    strange = answer(RUSSIAN.encode(), Content_Type="text/plain; charset=x-unknown; charset=")
    site.routes |= {"/wrong": wrong, "/strange": strange}
    collection.source(
        urls=[site.url(path) for path in ("/a", "/b", "/wrong", "/strange")],
        within={"language": "ru"},
    )
    collection.run()
    outcome, documents, paragraphs = tables(collection)
    assert set(paragraphs["text"]) == {short.strip(), RUSSIAN.strip()}
    encodings = {path.rpartition("/")[2]: row["encoding"] for path, row in documents.items()}
    assert encodings == {"a": "koi8-r", "b": "cp1251", "wrong": "utf-8", "strange": "utf-8"}
    row = documents[site.url("/a")]
    assert restore(outcome.path, row["document_id"]) == short.encode("koi8-r")
