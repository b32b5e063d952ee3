"""From visits to a release: what is recorded, and what the release makes of it."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner

from onrecord.collect.custody import FORMAT, Custody
from onrecord.commands import app
from onrecord.discover import discover
from onrecord.errors import ConfigurationError, RefusedError
from onrecord.ingest.archive import Archive
from onrecord.job import release
from onrecord.outcome import Outcome
from onrecord.release.restore import restore
from onrecord.settings import Settings
from tests.collect.web import Collection, Request, Site, answer

FIRST = b"The committee met on Tuesday to hear seven witnesses.\n"
SECOND = b"The minister signed the treaty of friendship in the old town hall.\n"


def publish(collection: Collection) -> Outcome:
    return release(collection.seeds, collection.data, Settings())


def documents(outcome: Outcome) -> dict[str, dict[str, Any]]:
    frame = pl.read_parquet(outcome.path / "parquet" / "documents.parquet")
    return {row["path"]: row for row in frame.iter_rows(named=True)}


def test_a_visit_is_recorded_in_full(site: Site, collection: Collection) -> None:
    site.routes |= {
        "/a": answer(status="302 Found", Location="/b"),
        "/b": answer(
            FIRST, Content_Type="text/plain; charset=UTF-8", ETag='"1"', Set_Cookie="secret=1"
        ),
    }
    collection.fetch(site.url("/a"))
    files = [
        path
        for path in (collection.data / "archive" / "custody").iterdir()
        if path.suffix == ".jsonl"
    ]
    (row,) = [
        row
        for path in files
        for row in map(json.loads, path.read_text(encoding="ascii").splitlines())
        if row["role"] == "page"
    ]
    assert row["collector"].startswith("onrecord ")
    del row["collector"]
    (sha256,) = Archive(collection.data / "archive").put([FIRST])
    assert row == {
        "source_id": "web",
        "role": "page",
        "url": site.url("/a"),
        "when": "2026-03-01T00:00:00Z",
        "result": "new",
        "reason": None,
        "detail": None,
        "final_url": site.url("/b"),
        "redirects": [[site.url("/a"), 302]],
        "status": 200,
        "headers": {
            "content-length": str(len(FIRST)),
            "content-type": "text/plain; charset=UTF-8",
            "etag": '"1"',
        },
        "sha256": sha256,
        "bytes": len(FIRST),
        "wire_bytes": len(FIRST),
        "framing": "length",
        "address": "127.0.0.1",
        "attempts": 1,
        "listed_in": None,
        "format": FORMAT,
    }


def test_a_damaged_record_and_lost_bytes_are_refused(site: Site, collection: Collection) -> None:
    site.routes["/a"] = answer(FIRST)
    collection.fetch(site.url("/a"))
    packs = collection.data / "archive" / "packs"
    kept = {path: path.read_bytes() for path in packs.iterdir()}
    for path in kept:
        path.unlink()
    with pytest.raises(RefusedError, match="no bytes with sha256"):
        discover(collection.seeds, Settings(), collection.data)
    for path, raw in kept.items():
        path.write_bytes(raw)
    assert len(discover(collection.seeds, Settings(), collection.data).candidates) == 1
    (record,) = (collection.data / "archive" / "custody").glob("*.jsonl")
    record.write_bytes(record.read_bytes()[:-9])
    with pytest.raises(RefusedError, match="record of custody"):
        discover(collection.seeds, Settings(), collection.data)


def test_two_runs_cannot_collect_at_once(site: Site, collection: Collection) -> None:
    site.routes["/a"] = answer(FIRST)
    collection.source(urls=[site.url("/a")])
    with (
        Custody(collection.data / "archive").exclusive(),
        pytest.raises(RefusedError, match="another run"),
    ):
        collection.run()
    assert collection.run()["web"].new == 1


def test_a_release_is_made_of_what_was_fetched(site: Site, collection: Collection) -> None:
    feed = f"<rss><item><link>{site.url('/a?x=1&amp;y=2')}</link></item></rss>"
    sitemap = f"<urlset><url><loc>{site.url('/b')}</loc></url></urlset>"
    index = f"<sitemapindex><sitemap><loc>{site.url('/1.xml')}</loc></sitemap></sitemapindex>"
    site.routes |= {
        "/feed": answer(feed.encode()),
        "/index.xml": answer(index.encode()),
        "/1.xml": answer(sitemap.encode()),
        "/a?x=1&y=2": answer(FIRST + b"\n" + SECOND),
        "/b": answer("Caf\u00e9 in Saint-Malo, \u20ac 10.\n".encode("cp1252")),
        "/c": answer(SECOND, Content_Type="text/plain"),
    }
    collection.source(
        feeds=[site.url("/feed")],
        sitemaps=[site.url("/index.xml")],
        urls=[site.url("/c"), site.url("/missing")],
    )
    outcome = collection.run()["web"]
    assert (outcome.listed, outcome.new, outcome.failed) == (4, 3, 1)
    listed_in = {v.url: v.listed_in for v in collection.visits()}
    assert listed_in[site.url("/b")] == site.url("/1.xml")

    (collection.seeds / "web" / "local.txt").write_bytes(b"A file of its own beside the pages.\n")
    first = publish(collection)
    rows = documents(first)
    assert set(rows) == {"local.txt", site.url("/a?x=1&y=2"), site.url("/b"), site.url("/c")}
    assert rows["local.txt"]["url"] is None
    page = rows[site.url("/c")]
    assert page["url"] == site.url("/c")
    assert page["retrieved"] == "2026-03-01T00:00:00Z"
    dirty = rows[site.url("/b")]
    raw = "Caf\u00e9 in Saint-Malo, \u20ac 10.\n".encode("cp1252")
    assert restore(first.path, dirty["document_id"]) == raw

    # Nothing changed on the web, so nothing changes in the release, whatever the network does.
    collection.clock.sleep(3_600)
    site.routes["/b"] = answer(b"", "500 Internal Server Error")
    collection.run()
    assert publish(collection).published is False

    # A revision replaces the one before; what is gone from the web stays.
    site.routes |= {"/c": answer(FIRST), "/feed": answer(b"<rss></rss>")}
    collection.clock.sleep(3_600)
    assert collection.run()["web"].changed == 1
    second = publish(collection)
    now = documents(second)
    assert set(now) == set(rows)
    assert now[site.url("/c")]["document_id"] == page["document_id"]
    assert now[site.url("/c")]["retrieved"] == "2026-03-01T02:00:00Z"
    assert now[site.url("/a?x=1&y=2")]["retrieved"] == "2026-03-01T00:00:00Z"

    # Globs are about addresses, too.
    collection.source(urls=[site.url("/c")], within={"exclude": ["**/b", "http://*/a*"]})
    found = discover(collection.seeds, Settings(), collection.data)
    assert [c.path for c in found.candidates if c.fetched] == [site.url("/c")]


def test_the_same_record_gives_the_same_release(
    site: Site, collection: Collection, tmp_path: Path
) -> None:
    import shutil

    site.routes |= {f"/{i}": answer(FIRST + b"Number %d.\n" % i) for i in range(5)}
    collection.source(urls=[site.url(f"/{i}") for i in range(5)])
    collection.run()
    shutil.copytree(collection.data, tmp_path / "copy")
    one = publish(collection)
    other = release(collection.seeds, tmp_path / "copy", Settings(batch_bytes=60, threads=1))
    assert one.content_digest == other.content_digest


def test_a_source_without_text_shows_no_address_and_no_hash(
    site: Site, collection: Collection
) -> None:
    site.routes["/a"] = answer(FIRST)
    collection.source(urls=[site.url("/a")], within={"publication": "metadata"})
    collection.run()
    outcome = publish(collection)
    (row,) = documents(outcome).values()
    assert row["path"] == row["document_id"]
    assert (row["url"], row["retrieved"], row["revision"]) == (None, None, None)
    written = [path.read_bytes() for path in outcome.path.rglob("*") if path.is_file()]
    assert not any(site.url("/a").encode() in raw for raw in written)


def test_a_withdrawn_page_is_forgotten_and_not_fetched_again(
    site: Site, collection: Collection
) -> None:
    secret = b"The witness Jane Roe lives at 14 Mill Lane behind the old brewery in Ashford.\n"
    feed = f"<rss><item><title>{secret.decode()}</title><link>{site.url('/b')}</link></item></rss>"
    site.routes |= {
        "/a": answer(FIRST),
        "/b": answer(SECOND),
        "/c": answer(b"An opening line that stands here alone.\n" + secret),
        "/feed": answer(feed.encode()),
    }
    collection.source(urls=[site.url("/a"), site.url("/c")], feeds=[site.url("/feed")])
    collection.run()
    first = publish(collection)
    paragraphs = pl.read_parquet(first.path / "parquet" / "paragraphs.parquet")
    wanted = {
        documents(first)[site.url("/a")]["document_id"],
        paragraphs.filter(pl.col("text") == secret.decode().strip())["paragraph_id"].item(),
    }
    arguments = ["--category", "privacy", "--data", str(collection.data), "--yes"]
    with Custody(collection.data / "archive").exclusive():
        refused = CliRunner().invoke(app, ["withdraw", *sorted(wanted)[:1], *arguments])
        assert isinstance(refused.exception, RefusedError)
        assert "another run is collecting" in str(refused.exception)
    for name in sorted(wanted):
        done = CliRunner().invoke(app, ["withdraw", name, *arguments])
        assert done.exit_code == 0 or "already" in str(done.exception), done.exception
    kept = {v.url for v in collection.visits()}
    assert kept == {site.url("/b")}
    assert collection.visits("feed") == []

    site.requests.clear()
    outcome = collection.run()["web"]
    assert not site.asked("/a")
    assert "a page that was withdrawn is left out" in outcome.remarks
    assert {(v.url, v.reason) for v in outcome.failures} == {
        (site.url("/c"), "withdrawn"),
        (site.url("/feed"), "withdrawn"),
    }
    assert outcome.unchanged == 1  # the feed is read, though nothing of it is kept
    left = collection.data / "archive"
    assert not any(b"Jane Roe" in path.read_bytes() for path in left.rglob("*") if path.is_file())
    again = release(collection.seeds, collection.data, Settings(allow=("web",)))
    assert set(documents(again)) == {site.url("/b")}


def test_an_index_that_leads_to_itself_ends(site: Site, collection: Collection) -> None:
    index = "".join(f"<sitemap><loc>{site.url(f'/{i}.xml')}</loc></sitemap>" for i in range(20))
    raw = answer(f"<sitemapindex>{index}</sitemapindex>".encode())
    site.routes |= {f"/{i}.xml": raw for i in range(20)}
    collection.source(sitemaps=[site.url("/0.xml")], max_lists=5)
    outcome = collection.run()["web"]
    assert len([v for v in collection.visits("sitemap") if v.result == "new"]) == 5
    assert sum("more than 5 lists" in remark for remark in outcome.remarks) == 15


def test_indexes_are_followed_only_so_deep(site: Site, collection: Collection) -> None:
    for i in range(9):
        leaf = f"<sitemap><loc>{site.url(f'/{i + 1}.xml')}</loc></sitemap>"
        site.routes[f"/{i}.xml"] = answer(f"<sitemapindex>{leaf}</sitemapindex>".encode())
    collection.source(sitemaps=[site.url("/0.xml")])
    (remark,) = collection.run()["web"].remarks
    assert remark == f"{site.url('/5.xml')}: left out, indexes nest too deep"


def test_a_bad_list_stops_no_other(site: Site, collection: Collection) -> None:
    site.routes |= {
        "/bad": answer(b"<html></html>"),
        "/good": answer(f"<rss><item><link>{site.url('/a')}</link></item></rss>".encode()),
        "/a": answer(FIRST),
    }
    collection.source(feeds=[site.url("/bad"), site.url("/good"), site.url("/none")])
    outcome = collection.run()["web"]
    assert outcome.new == 1
    assert [(v.role, v.reason) for v in outcome.failures] == [
        ("feed", "bad_list"),
        ("feed", "status"),
    ]


def test_a_list_that_did_not_change_is_read_from_the_archive(
    site: Site, collection: Collection
) -> None:
    def feed(request: Request, _: Any) -> bytes:
        if "if-none-match" in request.headers:
            return b"HTTP/1.1 304 Not Modified\r\n\r\n"
        links = "".join(f"<item><link>{site.url(f'/{i}')}</link></item>" for i in range(4))
        return answer(f"<rss>{links}</rss>".encode(), ETag='"1"')

    site.routes |= {f"/{i}": answer(b"%d" % i + FIRST) for i in range(4)}
    site.routes["/feed"] = feed
    collection.source(feeds=[site.url("/feed")], max_pages=3)
    assert collection.run()["web"].new == 3
    outcome = collection.run()["web"]
    assert (outcome.listed, outcome.new) == (4, 1)
    assert [v.status for v in collection.visits("feed")] == [200, 304]


def test_only_the_sources_that_are_named(site: Site, collection: Collection) -> None:
    site.routes["/a"] = answer(FIRST)
    for name in ("one", "two"):
        collection.source(name, urls=[site.url("/a")])
    assert set(collection.run(only=["two"])) == {"two"}
    with pytest.raises(ConfigurationError, match="three: no such source"):
        collection.run(only=["three"])
    # The page that both name is asked for once for each: each source has its own document.
    assert set(collection.run()) == {"one", "two"}
    assert (
        len({c.path for c in discover(collection.seeds, Settings(), collection.data).candidates})
        == 1
    )
