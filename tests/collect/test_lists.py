"""Feeds and sitemaps, sound and broken, harmless and hostile."""

import gzip
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onrecord.collect.lists import read_feed, read_sitemap
from onrecord.collect.problems import Problem
from onrecord.collect.urls import normalise

URL = "https://example.org/news/feed.xml"
LAUGHS = "".join(f'<!ENTITY {chr(98 + i)} "{f"&{chr(97 + i)};" * 10}">' for i in range(9)).join(
    ['<!DOCTYPE {root} [<!ENTITY a "ha">', "]>"]
)


def pages(raw: bytes | str) -> list[str]:
    return read_feed(raw.encode() if isinstance(raw, str) else raw, URL).pages


def in_sitemap(body: str, root: str = "urlset") -> bytes:
    return f'<{root} xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{body}</{root}>'.encode()


def test_rss_and_atom_in_their_many_forms() -> None:
    rss2 = """<?xml version="1.0"?><rss version="2.0"><channel><link>https://example.org/</link>
      <item><title>A</title><link> https://example.org/a?x=1&amp;y=2#top </link></item>
      <item><link>/b</link></item>
      <item><guid>https://example.org/c</guid></item>
      <item><guid isPermaLink="false">https://example.org/no</guid></item>
      <item><link><![CDATA[https://example.org/d]]></link></item>
      <item><link>/b</link></item></channel></rss>"""
    assert pages(rss2) == [
        "https://example.org/a?x=1&y=2",
        "https://example.org/b",
        "https://example.org/c",
        "https://example.org/d",
    ]
    rss1 = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
      xmlns="http://purl.org/rss/1.0/"><channel><link>/</link></channel>
      <item rdf:about="/a"><link>/a</link></item></rdf:RDF>"""
    assert pages(rss1) == ["https://example.org/a"]
    atom = """<feed xmlns="http://www.w3.org/2005/Atom" xml:base="/base/">
      <link href="/"/><link rel="self" href="/feed"/>
      <entry><link rel="self" href="s"/><link href="a"/></entry>
      <entry xml:base="deep/"><link rel="alternate" type="text/html" href="b"/></entry>
      <entry><link rel="enclosure" href="c.mp3"/></entry></feed>"""
    assert pages(atom) == ["https://example.org/base/a", "https://example.org/base/deep/b"]
    rss091 = """<!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN"
      "http://127.0.0.1:1/rss-0.91.dtd"><rss><item><link>/a</link></item></rss>"""
    assert pages(rss091) == ["https://example.org/a"]
    assert pages(rss2.replace("A</title>", "\u00e9</title>").encode("utf-16"))[0].endswith("y=2")


@pytest.mark.parametrize(
    "raw",
    [
        "<rss><item><title>&nbsp;&bad; & </title><link>/a</link></item></rss>",
        "<rss><item><link>/a</link></item><item><title>cut o",
        "\n <?xml version='1.0'?><rss><item><link>/a</link><media:x/></item></rss>",
        b"<rss><item><title>\xff\xfe\x80</title><link>/a</link></item></rss>",
        "<rss><item><link>/a</link></item></rss><p>some script was here</p>",
        "<rss><item><title>\x01\x02</title><link>/a</link></item></rss>",
    ],
)
def test_of_broken_feeds_what_can_be_read_is_taken(raw: str | bytes) -> None:
    assert pages(raw) == ["https://example.org/a"]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"nothing of the kind",
        b"<html><body><a href='/a'>a</a></body></html>",
        b'{"version": "https://jsonfeed.org/version/1"}',
        b"<a>" * 1_000,
        b"<rss>" + b"<a>" * 101,
        b"\x00" * 1_000,
        (LAUGHS.replace("{root}", "rss") + "<rss><item><link>&j;</link></item></rss>").encode(),
        (LAUGHS.replace("{root}", "rss") + "<rss a='&j;'/>").encode(),
        b"<!DOCTYPE rss [<!ENTITY % x SYSTEM 'file:///etc/passwd'> %x;]><rss/>",
        b"<!DOCTYPE rss [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><rss><item>"
        b"<link>&x;</link></item></rss>",
    ],
)
def test_what_is_no_list_or_hostile_is_refused(raw: bytes) -> None:
    with pytest.raises(Problem, match="bad_list"):
        read_feed(raw, URL)
    with pytest.raises(Problem, match="bad_list"):
        read_sitemap(raw.replace(b"rss", b"urlset"), URL, 10**6)


def test_nothing_outside_the_document_is_read(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)  # whoever opened it would wait for ever
    outside = f"<!DOCTYPE rss SYSTEM '{pipe.as_uri()}'>"
    assert pages(f"{outside}<rss><item><link>/a</link></item></rss>") == ["https://example.org/a"]
    body = in_sitemap("<url><loc>https://example.org/a</loc></url>")
    assert read_sitemap(outside.replace("rss", "urlset").encode() + body, URL, 10**6).pages
    xi = '<rss xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="/etc/passwd"/></rss>'
    assert pages(xi) == []


def test_sitemaps_indexes_and_their_gzip() -> None:
    body = """<url><loc> https://example.org/a </loc><lastmod>2026-01-01</lastmod>
      <image:image xmlns:image="http://www.google.com/schemas/sitemap-image/1.1">
      <image:loc>https://example.org/a.png</image:loc></image:image></url>
      <url><loc>https://example.org/b&amp;c</loc></url><url><loc>ftp://example.org/</loc></url>"""
    for raw in (in_sitemap(body), gzip.compress(in_sitemap(body))):
        found = read_sitemap(raw, URL, 10**6)
        assert found.pages == ["https://example.org/a", "https://example.org/b&c"]
        assert len(found.left_out) == 1
    index = in_sitemap("<sitemap><loc>https://example.org/1.xml.gz</loc></sitemap>", "sitemapindex")
    assert read_sitemap(index, URL, 10**6).sitemaps == ["https://example.org/1.xml.gz"]
    plain = "\ufeffhttps://example.org/a\r\nhttps://example.org/b\n".encode()
    assert read_sitemap(plain, URL, 10**6).pages == [
        "https://example.org/a",
        "https://example.org/b",
    ]


def test_broken_sitemaps_are_refused_and_bombs_do_not_go_off() -> None:
    with pytest.raises(Problem, match="bad_list"):
        read_sitemap(in_sitemap("<url><loc>https://example.org/a</loc>"), URL, 10**6)
    with pytest.raises(Problem, match="too_large"):
        read_sitemap(gzip.compress(b" " * 2_000_000), URL, 10**6)
    with pytest.raises(Problem, match="truncated"):
        read_sitemap(gzip.compress(in_sitemap(""))[:-9], URL, 10**6)


@given(
    st.binary(max_size=300), st.sampled_from([b"", b"<rss>", b"<feed>", b"<urlset>", b"http://"])
)
def test_any_bytes_give_a_list_or_a_reason(raw: bytes, start: bytes) -> None:
    for read in (read_feed, lambda raw, url: read_sitemap(raw, url, 10**6)):
        try:
            found = read(start + raw, URL)
        except Problem:
            continue
        assert all(url.startswith(("http://", "https://")) for url in found.pages)


@pytest.mark.parametrize(
    ("address", "one_form"),
    [
        ("HTTP://EXAMPLE.org:80/a b/../c?q=\u00fc#f", "http://example.org/c?q=%C3%BC"),
        ("https://b\u00fccher.example/", "https://xn--bcher-kva.example/"),
        ("https://example.org:443", "https://example.org/"),
        ("https://example.org?a#b", "https://example.org/?a"),
        ("//cdn.example.org/x", "https://cdn.example.org/x"),
        ("?page=2", "https://example.org/news/feed.xml?page=2"),
        ("http://[::1]:8080/x", "http://[::1]:8080/x"),
    ],
)
def test_addresses_have_one_form(address: str, one_form: str) -> None:
    assert normalise(address, URL) == one_form
    assert normalise(one_form) == one_form


@pytest.mark.parametrize(
    "address",
    ["mailto:a@b.c", "javascript:alert(1)", "data:,x", "http://", "http://me@example.org/",
     "http://me:secret@example.org/", "https://example.org:99999999/", "https://[::1/",
     "https://example.org/" + "x" * 3_000, "http://exa mple.org/", "http://a\x00b.org/"],
)  # fmt: skip
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(Problem, match="bad_url"):
        normalise(address, URL)
