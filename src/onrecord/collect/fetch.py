"""Get one address: robots.txt, redirects, the host's pace, and further attempts."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

from protego import Protego

from onrecord.collect.config import Collect
from onrecord.collect.pace import Clock, Pace, backoff
from onrecord.collect.problems import Problem, Reason
from onrecord.collect.request import AGENT, REDIRECTS, Response, check_status, request
from onrecord.collect.urls import host_of, normalise, origin_of

#: A robots.txt may have so many bytes (RFC 9309 asks for at least 500 KiB) and redirects.
_ROBOTS_BYTES = 1024 * 1024
_ROBOTS_REDIRECTS = 5
#: After so many visits in a row that a host let fail, the rest of its addresses waits.
_MOST_FAILURES = 10
#: Failures that speak of the host rather than of one page.
_OF_HOST = frozenset({Reason.CONNECT, Reason.DNS, Reason.TLS, Reason.TIMEOUT, Reason.TOO_SLOW})


@dataclass(slots=True)
class Trail:
    """What happened on the way to one address; of several attempts, the last.

    Attributes:
        url: that was asked for.
        final_url: of the last request.
        redirects: (address, status) of each response that led on.
        response: the last one, None where none came.
        attempts: how often it was tried.
        problem: why it failed, None where it did not.
    """

    url: str
    final_url: str
    redirects: list[tuple[str, int]] = field(default_factory=list)
    response: Response | None = None
    attempts: int = 0
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class Validators:
    """What makes a request conditional: the headers of the revision that we have.

    Attributes:
        url: that the revision came from; they mean nothing to another one.
        etag: its ETag.
        last_modified: its Last-Modified.
    """

    url: str
    etag: str | None
    last_modified: str | None

    def headers(self, url: str) -> Mapping[str, str]:
        """The headers of a conditional request for one address."""
        if url != self.url:
            return {}
        found = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: value for name, value in found.items() if value}


class _Rules:
    """A robots.txt, or what stands for one that is not there."""

    def __init__(self, text: str | None, missing: str | None = None) -> None:
        self._rules = Protego.parse(text) if text is not None else None
        self._missing = missing

    def check(self, url: str) -> float:
        """The pause, in seconds, that the rules ask for between two requests.

        Raises:
            Problem: they forbid the address, or are not known.
        """
        if self._missing:
            raise Problem(Reason.ROBOTS_UNREACHABLE, self._missing)
        if self._rules is None:
            return 0.0
        if not self._rules.can_fetch(url, AGENT):
            raise Problem(Reason.ROBOTS, f"robots.txt of {origin_of(url)} forbids it")
        pause = float(self._rules.crawl_delay(AGENT) or 0)
        rate = self._rules.request_rate(AGENT)
        if rate and rate.requests:
            pause = max(pause, rate.seconds / rate.requests)
        return pause


class Fetcher:
    """Gets addresses. Threads share one: it holds the pace of all hosts and their robots.txt.

    Args:
        clock: for waiting.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._pace = Pace(clock)
        self._rules: dict[tuple[str, bool], _Rules] = {}
        self._locks: dict[tuple[str, bool], threading.Lock] = {}
        self._lock = threading.Lock()
        self._failures: dict[str, int] = {}
        self.robots: list[Trail] = []

    def get(self, url: str, limits: Collect, validators: Validators | None = None) -> Trail:
        """Get one address, with as many attempts as the limits allow.

        Args:
            url: normalised.
            limits: of the source.
            validators: of the revision that we have, if any.

        Returns:
            What happened; it never raises because of what a server does.

        Raises:
            StoppedError: the run was told to stop.
        """
        host = host_of(url)
        if self._failures.get(host, 0) >= _MOST_FAILURES:
            found = f"the last {_MOST_FAILURES} visits to {host} failed; left for later"
            return Trail(url, url, problem=Problem(Reason.GIVEN_UP, found))
        trail = self._attempts(url, limits, partial(self._follow, validators=validators))
        problem = trail.problem
        down = problem and (
            problem.reason in _OF_HOST or (problem.reason is Reason.STATUS and problem.passing)
        )
        self._failures[host] = self._failures.get(host, 0) + 1 if down else 0
        return trail

    def _attempts(self, url: str, limits: Collect, follow: "partial[None]") -> Trail:
        for attempt in range(1, limits.attempts + 1):
            trail = Trail(url, url, attempts=attempt)
            try:
                follow(trail, limits)
                return trail
            except Problem as problem:
                trail.problem = problem
            if not trail.problem.passing:
                break
            wait = backoff(url, attempt, limits.backoff, limits.longest_wait)
            more = attempt < limits.attempts
            wait = max(wait if more else 0.0, trail.problem.retry_after)
            self._pace.hold(host_of(trail.final_url), wait)
        return trail

    def _ask(
        self, trail: Trail, limits: Collect, pause: float, conditions: Mapping[str, str]
    ) -> Response:
        """Make one request when it is its host's turn."""
        delay = max(limits.delay, pause)
        with self._pace.turn(host_of(trail.final_url), delay, limits.longest_wait):
            trail.response = None
            trail.response = request(trail.final_url, limits, conditions)
        return trail.response

    def _follow(
        self,
        trail: Trail,
        limits: Collect,
        validators: Validators | None = None,
        robots: bool = True,
    ) -> None:
        """Follow redirects to the end. Each hop is checked as if it was asked for itself."""
        while True:
            url = trail.final_url
            pause = self._rules_for(url, limits).check(url) if robots else 0.0
            conditions = validators.headers(url) if validators else {}
            response = self._ask(trail, limits, pause, conditions)
            if response.status not in REDIRECTS:
                check_status(response, bool(conditions), self._clock)
                return
            trail.redirects.append((url, response.status))
            if len(trail.redirects) > limits.max_redirects:
                found = f"more than {limits.max_redirects} redirects"
                raise Problem(Reason.TOO_MANY_REDIRECTS, found)
            trail.final_url = self._next(url, response)
            if any(trail.final_url == before for before, _ in trail.redirects):
                raise Problem(Reason.REDIRECT_LOOP, f"leads back to {trail.final_url}")

    def _next(self, url: str, response: Response) -> str:
        """Where a redirect leads."""
        target = response.headers.get("location")
        if not target:
            raise Problem(Reason.BAD_REDIRECT, f"HTTP {response.status} without Location")
        try:
            return normalise(target, url)
        except Problem as problem:
            raise Problem(Reason.BAD_REDIRECT, problem.detail) from None

    def _rules_for(self, url: str, limits: Collect) -> _Rules:
        """The rules of the host of an address, asked for once a run."""
        key = origin_of(url), limits.allow_private
        with self._lock:
            lock = self._locks.setdefault(key, threading.Lock())
        with lock:
            if key not in self._rules:
                self._rules[key] = self._ask_rules(key[0], limits)
            return self._rules[key]

    def _ask_rules(self, origin: str, limits: Collect) -> _Rules:
        """Get a robots.txt, as RFC 9309 says: none allows all, one out of reach forbids all."""
        narrow = limits.model_copy(
            update={
                "max_bytes": _ROBOTS_BYTES,
                "max_wire_bytes": _ROBOTS_BYTES,
                "max_redirects": _ROBOTS_REDIRECTS,
            }
        )
        url = f"{origin}/robots.txt"
        trail = self._attempts(url, narrow, partial(self._follow, robots=False))
        self.robots.append(trail)
        status = trail.response.status if trail.response else None
        if trail.problem is None and trail.response:
            return _Rules(trail.response.content.decode("utf-8", "replace").lstrip("\ufeff"))
        assert trail.problem is not None
        if trail.problem.reason is Reason.PRIVATE_ADDRESS:
            raise trail.problem
        refused = trail.problem.reason is Reason.STATUS
        if refused and status is not None and 400 <= status < 500 and status != 429:
            return _Rules(None)
        missing = f"{url} can't be read, so nothing is asked for: {trail.problem.detail}"
        return _Rules(None, missing)
