"""One run's state: what is known, what is fetched, and the record of it."""

import hashlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from onrecord import __version__
from onrecord.collect.config import Collect
from onrecord.collect.custody import Custody, Key, Known, Result, Role, Visit, stamp
from onrecord.collect.fetch import Fetcher, Trail, Validators
from onrecord.collect.pace import Clock
from onrecord.collect.problems import Problem, Reason
from onrecord.errors import RefusedError
from onrecord.ingest.archive import Archive

if TYPE_CHECKING:
    from onrecord.collect.withdrawn import Withdrawn

#: Headers that are kept, each cut at so many characters.
_KEPT = (
    "age",
    "cache-control",
    "content-encoding",
    "content-language",
    "content-length",
    "content-type",
    "date",
    "etag",
    "expires",
    "last-modified",
    "link",
    "location",
    "retry-after",
    "server",
    "x-robots-tag",
)
_LONGEST_HEADER = 1_000
#: What is fetched is written when there is so much of it, and after so many seconds.
_FLUSH_VISITS = 100
_FLUSH_BYTES = 16 * 1024 * 1024
_FLUSH_SECONDS = 60

COLLECTOR = f"onrecord {__version__}"


@dataclass(frozen=True, slots=True)
class Job:
    """One address to ask for.

    Attributes:
        source_id: for which source.
        limits: its `collect:`.
        role: as what.
        url: normalised.
        listed_in: the list that names it, None for one of `urls`.
    """

    source_id: str
    limits: Collect
    role: Role
    url: str
    listed_in: str | None = None

    @property
    def key(self) -> Key:
        """What the record knows it by."""
        return self.source_id, self.role.value, self.url


class Session:
    """What the threads of a run share.

    Args:
        archive: where bytes go.
        custody: where the record goes. The caller holds it exclusively.
        clock: for waiting, and for the time that is recorded.
        seen: told of each visit, in the threads.
        withdrawn: what must not be fetched; None where nothing ever was withdrawn.
    """

    def __init__(
        self,
        archive: Archive,
        custody: Custody,
        clock: Clock,
        seen: Callable[[Visit], None],
        withdrawn: "Withdrawn | None" = None,
    ) -> None:
        self.archive = archive
        self.withdrawn = withdrawn
        self.known: dict[Key, Known] = custody.known()
        self.visits: list[Visit] = []
        self._custody = custody
        self._clock = clock
        self._fetcher = Fetcher(clock)
        self._seen = seen
        self._lock = threading.Lock()
        self._waiting: list[Visit] = []
        self._contents: list[bytes] = []
        self._waiting_bytes = 0
        self._flushed = time.monotonic()

    def get(self, job: Job) -> tuple[Visit, bytes | None]:
        """Ask for one address and record what came.

        Args:
            job: what to ask for.

        Returns:
            The visit, and the bytes that came or still hold; None where there are none. A list
            whose bytes must not be kept can still be read.

        Raises:
            RefusedError: the archive can't be read or written.
            StoppedError: the run was told to stop.
        """
        known = self.known.get(job.key)
        trail = self._fetcher.get(job.url, job.limits, self._validators(known))
        content = self._content(trail, known)
        if content == b"" and trail.problem is None:
            trail.problem, content = Problem(Reason.EMPTY, "a response without content"), None
        if content and self.withdrawn and self.withdrawn.content(content):
            found = "it holds text that was withdrawn; nothing of it is kept"
            trail.problem = Problem(Reason.WITHDRAWN, found)
        kept = None if trail.problem else content
        visit = self._visit(job, trail, kept, known)
        self._keep(visit, kept)
        self._keep_robots(job)
        return visit, content

    def note(self, visit: Visit) -> None:
        """Record a visit that brought no bytes of its own."""
        self._keep(visit, None)

    def _validators(self, known: Known | None) -> Validators | None:
        """How to ask whether an address still has the bytes that we hold."""
        if known is None or known.checked is None or known.held is None:
            return None
        if known.held.sha256 is None or not self.archive.has(known.held.sha256):
            return None
        checked = known.checked
        etag, changed = checked.headers.get("etag"), checked.headers.get("last-modified")
        return Validators(checked.final_url, etag, changed)

    def _content(self, trail: Trail, known: Known | None) -> bytes | None:
        """The bytes that stand for an address after it was asked for."""
        if trail.problem or trail.response is None:
            return None
        if trail.response.status != 304:
            return trail.response.content
        assert known is not None and known.held is not None and known.held.sha256 is not None
        try:
            return self.archive.get(known.held.sha256)
        except OSError as error:
            raise RefusedError(f"the archive can't be read: {error.strerror or error}") from None

    def _visit(self, job: Job, trail: Trail, content: bytes | None, known: Known | None) -> Visit:
        """The record of one visit."""
        response, problem = trail.response, trail.problem
        held = known.held if known else None
        sha256 = hashlib.sha256(content).hexdigest() if content is not None else None
        if problem:
            result = Result.FAILED
        elif held is None:
            result = Result.NEW
        else:
            result = Result.UNCHANGED if sha256 == held.sha256 else Result.CHANGED
        headers = {
            name: response.headers[name][:_LONGEST_HEADER]
            for name in _KEPT
            if response and name in response.headers
        }
        if response and response.status == 304 and known and known.checked:
            before = known.checked.headers  # a 304 need not say again what holds still
            headers = {n: before[n] for n in ("etag", "last-modified") if n in before} | headers
        return Visit(
            source_id=job.source_id,
            role=job.role.value,
            url=job.url,
            when=stamp(self._clock.utc()),
            result=result.value,
            reason=problem.reason.value if problem else None,
            detail=problem.detail if problem else None,
            final_url=trail.final_url,
            redirects=[[url, status] for url, status in trail.redirects],
            status=response.status if response else None,
            headers=headers,
            sha256=sha256,
            bytes=None if content is None else len(content),
            wire_bytes=response.wire_bytes if response else None,
            framing=response.framing if response else None,
            address=response.address if response else None,
            attempts=trail.attempts,
            listed_in=job.listed_in,
            collector=COLLECTOR,
        )

    def _keep_robots(self, job: Job) -> None:
        """Record each robots.txt that was asked for on the way."""
        while self._fetcher.robots:
            try:
                trail = self._fetcher.robots.pop()
            except IndexError:  # another thread was quicker
                return
            robots = Job(job.source_id, job.limits, Role.ROBOTS, trail.url)
            known = self.known.get(robots.key)
            complete = trail.response if trail.problem is None else None
            content = complete.content if complete else None
            visit = self._visit(robots, trail, content, known)
            self._keep(visit, content)

    def _keep(self, visit: Visit, content: bytes | None) -> None:
        with self._lock:
            self.visits.append(visit)
            self._waiting.append(visit)
            if content is not None and visit.sha256 and not self.archive.has(visit.sha256):
                self._contents.append(content)
                self._waiting_bytes += len(content)
            full = (
                len(self._waiting) >= _FLUSH_VISITS
                or self._waiting_bytes >= _FLUSH_BYTES
                or time.monotonic() - self._flushed >= _FLUSH_SECONDS
            )
            if full:
                self._flush()
        self._seen(visit)

    def _flush(self) -> None:
        try:
            self.archive.put(self._contents)
        except OSError as error:
            raise RefusedError(f"the archive can't be written: {error.strerror or error}") from None
        if self._waiting:
            self._custody.append(self._waiting, self._clock.utc())
        self._waiting, self._contents, self._waiting_bytes = [], [], 0
        self._flushed = time.monotonic()

    def flush(self) -> None:
        """Write what is fetched and recorded: first the bytes, then the record.

        Raises:
            RefusedError: it can't be written.
        """
        with self._lock:
            self._flush()
