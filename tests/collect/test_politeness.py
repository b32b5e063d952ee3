"""robots.txt, pauses, waits that servers ask for, and requests that are made only when needed."""

import threading
from typing import Any

import pytest

from onrecord import __version__
from onrecord.collect.pace import Clock, Pace, backoff
from onrecord.collect.problems import Problem
from onrecord.collect.run import host_batches
from onrecord.ingest.archive import Archive
from tests.collect.web import Collection, PretendedClock, Request, Site, answer

TEXT = b"The committee met on Tuesday.\n"


def robots(text: str) -> bytes:
    return answer(text.encode(), Content_Type="text/plain")


def test_we_say_who_we_are(site: Site, collection: Collection) -> None:
    site.routes["/a"] = answer(TEXT)
    collection.fetch(site.url("/a"), contact="https://example.org/about-us")
    robots_asked, page = site.requests
    assert (robots_asked.path, page.path) == ("/robots.txt", "/a")
    for request in site.requests:
        agent = f"onrecord/{__version__} (+https://example.org/about-us)"
        assert request.headers["user-agent"] == agent
        assert "cookie" not in request.headers
        assert request.headers["accept-encoding"] == "gzip"
    collection.fetch(site.url("/a"))
    assert site.requests[-1].headers["from"] == "someone@example.org"


def test_robots_txt_is_obeyed_for_pages_lists_and_redirects(
    site: Site, collection: Collection
) -> None:
    site.routes |= {
        "/robots.txt": robots(
            "User-agent: *\nDisallow: /\n\n"
            "User-agent: Onrecord\nDisallow: /private/\nAllow: /private/open\nDisallow: /*.cgi$\n"
        ),
        "/a": answer(TEXT),
        "/private/open": answer(TEXT),
        "/moved": answer(status="302 Found", Location="/private/b"),
    }
    paths = ["/a", "/private/open", "/private/b", "/x.cgi", "/moved"]
    collection.source(
        urls=[site.url(path) for path in paths], feeds=[site.url("/private/feed.xml")]
    )
    collection.run()
    results = {v.url.removeprefix(site.url("")): v.reason for v in collection.visits()}
    assert results == {
        "/a": None,
        "/private/open": None,
        "/private/b": "robots",
        "/x.cgi": "robots",
        "/moved": "robots",
    }
    assert [v.reason for v in collection.visits("feed")] == ["robots"]
    asked = sorted(request.path for request in site.requests)
    assert asked == ["/a", "/moved", "/private/open", "/robots.txt"]  # robots.txt only once
    (kept,) = collection.visits("robots")
    assert (kept.result, kept.status) == ("new", 200)


@pytest.mark.parametrize(
    ("reply", "allowed"),
    [
        (answer(b"no", "404 Not Found"), True),
        (answer(b"no", "403 Forbidden"), True),
        (answer(b"no", "500 Internal Server Error"), False),
        (answer(b"no", "503 Service Unavailable"), False),
        (answer(b"no", "429 Too Many Requests"), False),
        (b"", False),
        (answer(b"x" * 2_000_000), False),
        (answer(status="302 Found", Location="/rules.txt"), False),
        (answer(b"\xff\xfe\x00 no rules at all"), True),
    ],
)
def test_without_a_robots_txt(
    site: Site, collection: Collection, reply: bytes, allowed: bool
) -> None:
    site.routes |= {
        "/robots.txt": reply,
        "/rules.txt": robots("User-agent: *\nDisallow: /"),
        "/a": answer(TEXT),
    }
    visit = collection.fetch(site.url("/a"))
    assert bool(site.asked("/a")) is allowed
    if not allowed:
        assert visit.reason in ("robots_unreachable", "robots")


def test_pauses_between_requests_to_one_host(site: Site, collection: Collection) -> None:
    site.routes |= {f"/{i}": answer(TEXT) for i in range(3)}
    collection.source(urls=[site.url(f"/{i}") for i in range(3)], delay=7)
    collection.run()
    assert collection.clock.waits == [7, 7, 7]  # robots.txt and three pages


@pytest.mark.parametrize("rule", ["Crawl-delay: 11", "Request-rate: 2/22"])
def test_a_longer_pause_is_kept_where_robots_txt_asks_for_it(
    site: Site, collection: Collection, rule: str
) -> None:
    site.routes |= {
        "/robots.txt": robots(f"User-agent: *\n{rule}\n"),
        "/0": answer(TEXT),
        "/1": answer(TEXT),
    }
    collection.source(urls=[site.url("/0"), site.url("/1")], delay=2)
    collection.run()
    assert collection.clock.waits == [2, 11]


def test_a_host_that_wants_too_long_a_pause_is_left_for_later(
    site: Site, collection: Collection
) -> None:
    site.routes |= {
        "/robots.txt": robots("User-agent: *\nCrawl-delay: 3600\n"),
        "/0": answer(TEXT),
        "/1": answer(TEXT),
    }
    collection.source(urls=[site.url("/0"), site.url("/1")])
    collection.run()
    assert {v.reason for v in collection.visits()} == {None, "asked_to_wait"}
    assert collection.clock.waits == []


def test_failures_that_may_pass_are_tried_again(site: Site, collection: Collection) -> None:
    broken = answer(b"oops", "500 Internal Server Error")
    busy = answer(b"busy", "429 Too Many Requests", Retry_After="30")
    soon = answer(b"busy", "503 Service Unavailable", Retry_After="Sun, 01 Mar 2026 00:01:40 GMT")
    site.routes |= {
        "/500": [broken, answer(TEXT)],
        "/cut": [answer(TEXT, length=99), broken, answer(TEXT)],
        "/404": [answer(b"", "404 Not Found"), answer(TEXT)],
        "/always": broken,
    }
    paths = ["/500", "/cut", "/404", "/always"]
    collection.source(urls=[site.url(path) for path in paths], attempts=3)
    outcome = collection.run()["web"]
    found = {v.url.removeprefix(site.url("")): v for v in collection.visits()}
    assert {path: (v.result, v.attempts) for path, v in found.items()} == {
        "/500": ("new", 2),
        "/cut": ("new", 3),
        "/404": ("failed", 1),
        "/always": ("failed", 3),
    }
    assert (outcome.new, outcome.failed) == (2, 2)

    site.routes |= {"/busy": [busy, answer(TEXT)], "/soon": [soon, answer(TEXT)]}
    collection.clock = PretendedClock()
    assert collection.fetch(site.url("/busy"), attempts=3, max_pages=9).result == "new"
    assert collection.clock.waits == [30]
    collection.clock = PretendedClock()
    assert collection.fetch(site.url("/soon"), attempts=3, longest_wait=500).result == "new"
    assert collection.clock.waits == [100]


def test_a_long_retry_after_ends_all_requests_to_the_host(
    site: Site, collection: Collection
) -> None:
    site.routes |= {
        "/a": answer(b"", "429 Too Many Requests", Retry_After="86400"),
        "/b": answer(TEXT),
    }
    collection.source(urls=[site.url("/a"), site.url("/b")], attempts=5)
    outcome = collection.run()["web"]
    assert [v.reason for v in collection.visits()] == ["asked_to_wait"] * 2
    assert len(site.asked("/a")) == 1
    assert not site.asked("/b")
    assert not outcome.reached


def test_a_host_that_is_down_is_left_alone(site: Site, collection: Collection) -> None:
    site.routes |= {f"/{i}": answer(b"", "503 Service Unavailable") for i in range(30)}
    site.routes["/5"] = answer(TEXT)
    collection.source(urls=[site.url(f"/{i}") for i in range(30)])
    collection.run()
    reasons = [v.reason for v in collection.visits()]
    assert reasons == ["status"] * 5 + [None] + ["status"] * 10 + ["given_up"] * 14
    assert len(site.requests) == 1 + 16


def test_only_one_request_at_a_time_goes_to_a_host(site: Site, collection: Collection) -> None:
    at_once, most, lock = 0, 0, threading.Lock()

    def count(request: Request, connection: Any) -> bytes:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        threading.Event().wait(0.01)
        with lock:
            at_once -= 1
        return answer(TEXT)

    site.routes |= {f"/{i}": count for i in range(8)}
    for name in "abcd":
        collection.source(name, urls=[site.url(f"/{i}") for i in range(8)])
    collection.run()
    assert most == 1
    assert len(collection.visits()) == 32


def test_what_did_not_change_is_not_sent_again(site: Site, collection: Collection) -> None:
    def page(request: Request, _: Any) -> bytes:
        if request.headers.get("if-none-match") == '"v1"':
            return b"HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n"
        return answer(TEXT, ETag='"v1"', Last_Modified="Sun, 01 Feb 2026 00:00:00 GMT")

    site.routes |= {"/a": page, "/same": answer(TEXT + b"2")}
    collection.source(urls=[site.url("/a"), site.url("/same")])
    collection.run()
    packs = sorted((collection.data / "archive" / "packs").iterdir())
    for _ in range(2):
        collection.clock.sleep(60)
        outcome = collection.run()["web"]
        assert (outcome.new, outcome.unchanged) == (0, 2)
    assert sorted((collection.data / "archive" / "packs").iterdir()) == packs
    first, again, third = site.asked("/a")
    assert "if-none-match" not in first.headers
    for request in (again, third):
        assert request.headers["if-none-match"] == '"v1"'
        assert request.headers["if-modified-since"] == "Sun, 01 Feb 2026 00:00:00 GMT"
    visits = [v for v in collection.visits() if v.url == site.url("/a")]
    assert [v.status for v in visits] == [200, 304, 304]
    assert len({v.sha256 for v in visits}) == 1


def test_validators_mean_nothing_to_another_address(site: Site, collection: Collection) -> None:
    site.routes |= {
        "/a": [
            answer(status="302 Found", Location="/old"),
            answer(status="302 Found", Location="/new"),
        ],
        "/old": answer(TEXT, ETag='"1"'),
        "/new": answer(TEXT + b"more", ETag='"1"'),
    }
    collection.fetch(site.url("/a"))
    assert collection.fetch(site.url("/a")).result == "changed"
    assert "if-none-match" not in site.asked("/new")[0].headers


def test_without_the_bytes_the_whole_page_is_asked_for(site: Site, collection: Collection) -> None:
    site.routes["/a"] = answer(TEXT, ETag='"1"')
    collection.fetch(site.url("/a"))
    for file in (collection.data / "archive" / "packs").iterdir():
        file.unlink()
    again = collection.fetch(site.url("/a"))
    assert again.result == "unchanged"
    assert "if-none-match" not in site.asked("/a")[-1].headers
    assert Archive(collection.data / "archive").get(again.sha256 or "") == TEXT


def test_pages_that_were_never_asked_for_come_first_then_the_stalest(
    site: Site, collection: Collection
) -> None:
    site.routes |= {f"/{i}": answer(TEXT + b"%d" % i) for i in range(5)}
    urls = [site.url(f"/{i}") for i in range(5)]
    asked = []
    for _ in range(4):
        site.requests.clear()
        collection.source(urls=urls, max_pages=2)
        collection.clock.sleep(60)
        later = collection.run()["web"].later
        assert later == 3
        asked.append([r.path for r in site.requests if r.path != "/robots.txt"])
    assert asked == [["/0", "/1"], ["/2", "/3"], ["/4", "/0"], ["/1", "/2"]]


def test_what_was_checked_lately_is_not_asked_for_again(site: Site, collection: Collection) -> None:
    site.routes["/a"] = answer(TEXT)
    collection.source(urls=[site.url("/a")], recheck_hours=2)
    collection.run()
    collection.clock.sleep(3_600)
    assert collection.run()["web"].recent == 1
    collection.clock.sleep(3_601)
    assert collection.run()["web"].unchanged == 1
    assert len(site.asked("/a")) == 2


def test_backoff_doubles_within_bounds_and_is_the_same_every_time() -> None:
    for attempt in range(1, 12):
        waits = [backoff(f"http://a.org/{i}", attempt, 2, 60) for i in range(50)]
        whole = min(60, 2 * 2 ** (attempt - 1))
        assert all(whole / 2 <= wait <= whole for wait in waits)
        assert len(set(waits)) > 20
        assert waits == [backoff(f"http://a.org/{i}", attempt, 2, 60) for i in range(50)]


def test_a_stopped_clock_ends_all_waiting() -> None:
    from onrecord.collect.pace import StoppedError

    clock = Clock()
    pace = Pace(clock)
    pace.hold("a.org", 1_000)
    threading.Timer(0.05, clock.stop).start()
    with pytest.raises(StoppedError), pace.turn("a.org", 0, 2_000):
        pass
    with pytest.raises(Problem, match="asked_to_wait"), pace.turn("a.org", 0, 10):
        pass


def test_there_are_never_too_many_batches() -> None:
    from onrecord.collect.config import Collect
    from onrecord.collect.custody import Role
    from onrecord.collect.session import Job

    limits = Collect(contact="a@example.org", urls=["http://a.org/"])
    jobs = [Job("s", limits, Role.PAGE, f"http://host{i % 500}.org/{i}") for i in range(2_000)]
    batches = host_batches(jobs, 90)
    assert len(batches) == 90
    assert sorted(j.url for batch in batches for j in batch) == sorted(j.url for j in jobs)
    for batch in batches:
        others = [j.url.split("/")[2] for b in batches if b is not batch for j in b]
        assert not {j.url.split("/")[2] for j in batch} & set(others)
