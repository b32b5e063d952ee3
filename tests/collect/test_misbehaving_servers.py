"""Whatever a server does, a visit ends within its limits, with a reason, and stops no other."""

import gzip
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from onrecord.collect import addresses
from onrecord.collect.request import trusted_certificates
from onrecord.ingest.archive import Archive
from tests.collect.web import Collection, Request, Site, answer, certify, serve

TEXT = b"The committee met on Tuesday.\n"


def drip(request: Request, connection: Any) -> None:
    """Sends a byte now and then, within the time that one byte may take."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(100):
        connection.sendall(b"x")
        time.sleep(0.05)


def drip_head(request: Request, connection: Any) -> None:
    for byte in b"HTTP/1.1 200 OK\r\nX-Filler: " + b"x" * 200:
        connection.sendall(bytes([byte]))
        time.sleep(0.05)


def silence(request: Request, connection: Any) -> None:
    time.sleep(1)


def endless(request: Request, connection: Any) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    for _ in range(10_000):
        connection.sendall(b"x" * 65536)


def endless_informational(request: Request, connection: Any) -> None:
    for _ in range(200):
        connection.sendall(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
        time.sleep(0.02)


def chunked(*chunks: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    framed = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + framed + end


BOMB = gzip.compress(b"\0" * 5_000_000)
CASES: dict[str, tuple[Any, str | None]] = {
    "plain": (answer(TEXT), None),
    "chunked": (chunked(TEXT[:9], TEXT[9:]), None),
    "until the end": (b"HTTP/1.0 200 OK\r\n\r\n" + TEXT, None),
    "gzip": (answer(gzip.compress(TEXT), Content_Encoding="gzip"), None),
    "gzip of two members": (
        answer(gzip.compress(TEXT[:9]) + gzip.compress(TEXT[9:]), Content_Encoding="gzip"),
        None,
    ),
    "hint before it": (b"HTTP/1.1 103 Early Hints\r\n\r\n" + answer(TEXT), None),
    "drip": (drip, "too_slow"),
    "drip in the head": (drip_head, "too_slow"),
    "hints for ever": (endless_informational, "too_slow"),
    "silence": (silence, "timeout"),
    "closed at once": (b"", "connect"),
    "endless": (endless, "too_large"),
    "stated too large": (answer(b"", length=10**9), "too_large"),
    "too large": (answer(b"x" * 1_000_001), "too_large"),
    "chunks too large": (chunked(*[b"x" * 100_000] * 11), "too_large"),
    "gzip bomb": (answer(BOMB, Content_Encoding="gzip"), "too_large"),
    "gzip of many members": (
        answer(gzip.compress(b"") * 5_000, Content_Encoding="gzip"),
        "bad_encoding",
    ),
    "gzip cut off": (answer(gzip.compress(TEXT)[:-6], Content_Encoding="gzip"), "truncated"),
    "no gzip": (answer(TEXT, Content_Encoding="gzip"), "bad_encoding"),
    "not asked for": (answer(zlib.compress(TEXT), Content_Encoding="deflate"), "bad_encoding"),
    "coded twice": (answer(BOMB, Content_Encoding="gzip, gzip"), "bad_encoding"),
    "shorter than stated": (answer(TEXT, length=len(TEXT) + 10), "truncated"),
    "longer than stated": (answer(TEXT, length=len(TEXT) - 10), "wrong_length"),
    "two lengths": (
        b"HTTP/1.1 200 OK\r\nContent-Length: 30\r\nContent-Length: 3\r\n\r\n" + TEXT,
        "protocol",
    ),
    "chunks cut off": (chunked(TEXT, end=b""), "truncated"),
    "no chunks": (chunked(end=b"nonsense\r\n"), "protocol"),
    "no HTTP": (b"SSH-2.0-OpenSSH_9.6\r\n\r\n", "protocol"),
    "head without end": (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 300_000, "protocol"),
    "a part": (answer(TEXT, "206 Partial Content", Content_Range="bytes 0-9/99"), "partial"),
    "nothing": (answer(b""), "empty"),
    "no content": (b"HTTP/1.1 204 No Content\r\n\r\n", "status"),
    "unasked 304": (b"HTTP/1.1 304 Not Modified\r\n\r\n", "status"),
    "gone": (answer(b"gone", "410 Gone"), "status"),
    "redirect to nowhere": (answer(status="302 Found"), "bad_redirect"),
    "redirect to a file": (
        answer(status="302 Found", Location="file:///etc/passwd"),
        "bad_redirect",
    ),
    "redirect to a script": (answer(status="302 Found", Location="javascript:1"), "bad_redirect"),
    "redirect with a password": (
        answer(status="302 Found", Location="http://me:secret@127.0.0.1/"),
        "bad_redirect",
    ),
}


def test_every_kind_of_response_ends_as_it_should(site: Site, collection: Collection) -> None:
    names = {f"/{i}": name for i, name in enumerate(CASES)}
    site.routes |= {path: CASES[name][0] for path, name in names.items()}
    collection.source(
        urls=[site.url(path) for path in names],
        max_wire_bytes=1_000_000,
        max_bytes=2_000_000,
        read_seconds=0.5,
        total_seconds=0.8,
    )
    outcome = collection.run()["web"]
    found = {names[v.url.removeprefix(site.url(""))]: v for v in collection.visits()}
    assert {name: v.reason for name, v in found.items()} == {
        name: reason for name, (_, reason) in CASES.items()
    }
    good = [name for name, (_, reason) in CASES.items() if reason is None]
    assert (outcome.new, outcome.failed) == (len(good), len(CASES) - len(good))
    archive = Archive(collection.data / "archive")
    for name in good:
        sha256 = found[name].sha256
        assert sha256 is not None
        assert archive.get(sha256) == TEXT
    bad = [v for v in found.values() if v.reason]
    assert all(v.sha256 is None and v.bytes is None and v.detail for v in bad)
    assert found["until the end"].framing == "close"
    assert found["chunked"].framing == "chunked"


def test_redirects_are_followed_and_recorded(site: Site, collection: Collection) -> None:
    site.routes |= {
        "/a": answer(status="301 Moved Permanently", Location="/b"),
        "/b": answer(status="307 Temporary Redirect", Location=site.url("/c#part")),
        "/c": answer(TEXT),
    }
    visit = collection.fetch(site.url("/a"))
    assert visit.result == "new"
    assert visit.redirects == [[site.url("/a"), 301], [site.url("/b"), 307]]
    assert (visit.url, visit.final_url) == (site.url("/a"), site.url("/c"))


def test_loops_and_long_chains_end(site: Site, collection: Collection) -> None:
    site.routes |= {
        "/self": answer(status="302 Found", Location="/self"),
        "/x": answer(status="302 Found", Location="/y"),
        "/y": answer(status="302 Found", Location="/x"),
    }
    site.routes |= {f"/{i}": answer(status="302 Found", Location=f"/{i + 1}") for i in range(10)}
    collection.source(urls=[site.url(path) for path in ("/self", "/x", "/0")], max_redirects=4)
    collection.run()
    reasons = {v.url.rpartition("/")[2]: v.reason for v in collection.visits()}
    assert reasons == {"self": "redirect_loop", "x": "redirect_loop", "0": "too_many_redirects"}
    assert len(site.asked("/4")) == 1
    assert not site.asked("/5")


def test_private_addresses_are_refused_unless_allowed(site: Site, collection: Collection) -> None:
    site.routes["/a"] = answer(TEXT)
    refused = collection.fetch(site.url("/a"), allow_private=False)
    assert refused.reason == "private_address"
    assert "127.0.0.1" in (refused.detail or "")
    named = collection.fetch(site.url("/a", "localhost"), allow_private=False)
    assert named.reason == "private_address"
    assert not site.requests
    assert collection.fetch(site.url("/a")).result == "new"


def test_a_redirect_to_a_private_address_is_refused(
    site: Site, collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Here 127.0.0.1 stands for the public internet, all other addresses for the private one.
    monkeypatch.setattr(addresses, "is_public", lambda address: address == "127.0.0.1")
    site.routes |= {
        "/a": answer(status="302 Found", Location=site.url("/secret", "127.0.0.2")),
        "/b": answer(TEXT),
    }
    site.routes["/feed"] = answer(
        f"<rss><item><link>{site.url('/secret', '127.0.0.3')}</link></item></rss>".encode()
    )
    collection.source(
        urls=[site.url("/a"), site.url("/b")], feeds=[site.url("/feed")], allow_private=False
    )
    collection.run()
    assert [v.reason for v in collection.visits()].count("private_address") == 2
    assert site.asked("/b")
    assert not site.asked("/secret")


def _resolver(names: dict[str, list[list[str]]]) -> Callable[..., Any]:
    """Resolves names as told: each call gives the next list of addresses, the last for ever."""

    def resolve(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        answers = names.get(host, [[host]])  # an address stands for itself
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        return [(2, 1, 6, "", (address, port)) for address in found]

    return resolve


def test_a_name_is_resolved_once_and_the_checked_address_is_used(
    site: Site, collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = {
        "rebinds.test": [["127.0.0.1"], ["127.0.0.1"], ["127.0.0.2"]],
        "mixed.test": [["127.0.0.1", "127.0.0.2"]],
    }
    monkeypatch.setattr(addresses, "is_public", lambda address: address == "127.0.0.1")
    monkeypatch.setattr(addresses.socket, "getaddrinfo", _resolver(names))
    site.routes["/a"] = answer(TEXT)
    first = collection.fetch(site.url("/a", "rebinds.test"), allow_private=False)
    assert (first.result, first.address) == ("new", "127.0.0.1")
    assert names["rebinds.test"] == [["127.0.0.2"]]  # once for robots.txt, once for the page
    again = collection.fetch(site.url("/a", "rebinds.test"), allow_private=False)
    assert again.reason == "private_address"
    mixed = collection.fetch(site.url("/a", "mixed.test"), allow_private=False)
    assert mixed.reason == "private_address"
    assert [request.headers["host"] for request in site.asked("/a")] == [
        f"rebinds.test:{site.port}"
    ]


def test_proxies_of_the_environment_are_not_used(
    site: Site, collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    site.routes["/a"] = answer(TEXT)
    assert collection.fetch(site.url("/a")).result == "new"


def test_certificates_are_checked(
    collection: Collection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = certify("site.test", tmp_path)
    resolver = _resolver({"site.test": [["127.0.0.1"]], "other.test": [["127.0.0.1"]]})
    monkeypatch.setattr(addresses.socket, "getaddrinfo", resolver)
    with serve(certificate) as site:
        site.routes["/a"] = answer(TEXT)
        urls = [f"https://{host}:{site.port}/a" for host in ("site.test", "other.test")]
        reasons = []
        for trusted in ("", str(certificate)):
            monkeypatch.setenv("SSL_CERT_FILE", trusted)
            trusted_certificates.cache_clear()
            for url in urls:
                collection.fetch(url)
                reasons.append([v.reason for v in collection.visits("robots")[-1:]])
                reasons[-1].append(collection.visits()[-1].reason)
        trusted_certificates.cache_clear()
    refused = ["tls", "robots_unreachable"]
    # The certificate is nobody's; then it is trusted, but for one name only.
    assert reasons == [refused, refused, ["status", None], refused]


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1::1", True),
        ("::ffff:93.184.216.34", True),
        ("10.0.0.1", False),
        ("172.16.9.9", False),
        ("192.168.1.1", False),
        ("127.8.8.8", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("240.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1%eth0", False),
        ("fc00::1", False),
        ("ff02::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:10.0.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::", False),
        ("2002:a00:1::1", False),
    ],
)
def test_which_addresses_are_public(address: str, public: bool) -> None:
    assert addresses.is_public(address) is public


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "127.1", "0177.0.0.1"])
def test_other_ways_to_write_an_address_are_seen_through(host: str) -> None:
    from onrecord.collect.problems import Problem

    with pytest.raises(Problem, match=r"private_address|dns"):
        addresses.resolve(host, 80, allow_private=False)
