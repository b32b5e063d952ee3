"""A whole collection: read the lists, choose the pages, get them host by host.

Which hosts and pages are asked for is decided first, so that each host's addresses are one batch:
the unit of a thread, and of a task where a flow runs this. One address that fails stops no other.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol, TypeVar

from onrecord.collect.config import Collect
from onrecord.collect.custody import Custody, Key, Known, Result, Role, Visit
from onrecord.collect.lists import Listing, read_feed, read_sitemap
from onrecord.collect.pace import Clock
from onrecord.collect.problems import Problem
from onrecord.collect.session import Job, Session
from onrecord.collect.urls import host_of, normalise
from onrecord.errors import ConfigurationError
from onrecord.ingest.archive import Archive
from onrecord.ingest.files import Chooser
from onrecord.ingest.sources import Source, read_sources

T = TypeVar("T")

#: So many hosts are asked at once, and so many batches (tasks of a flow) are there at most in
#: each of the two stages.
_THREADS = 8
_MOST_BATCHES = 90
#: A sitemap's size by its protocol, in bytes; feeds are held to it, too.
_LIST_BYTES = 50 * 1024 * 1024


class Run(Protocol):
    """How a stage is run; see ``pipeline.Run``."""

    def __call__(self, stage: Callable[..., T], *args: Any, step: tuple[int, int] = (1, 1)) -> T:
        """Run ``stage(*args)``."""
        ...


def call(stage: Callable[..., T], *args: Any, step: tuple[int, int] = (1, 1)) -> T:
    """Run a stage directly."""
    return stage(*args)


@dataclass(slots=True)
class Listed:
    """What the lists of one source name.

    Attributes:
        pages: for each page, the list that names it; None for one of `urls`.
        left_out: addresses that may not be fetched, in words.
    """

    pages: dict[str, str | None] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Tally:
    """What a run did for one source.

    Attributes:
        listed: pages that its `collect:` names, directly or by lists.
        later: those left for another run, because of `max_pages`.
        recent: those not asked for, because of `recheck_hours`.
        new, changed, unchanged, failed: pages asked for, by result.
        failures: failed visits, of pages and lists.
        remarks: what was left out, in words.
    """

    listed: int
    later: int
    recent: int
    new: int
    changed: int
    unchanged: int
    failed: int
    failures: tuple[Visit, ...]
    remarks: tuple[str, ...]

    @property
    def reached(self) -> bool:
        """Whether anything that was asked for came."""
        return bool(self.new + self.changed + self.unchanged) or not self.failures


Outcome = dict[str, Tally]


def host_batches(jobs: Sequence[Job], most: int = _MOST_BATCHES) -> list[list[Job]]:
    """Group jobs by host; where there are too many hosts, several share a batch.

    Args:
        jobs: in the order in which they should be done.
        most: there are no more batches than this.

    Returns:
        The batches. All jobs of a host are in one, in their order.
    """
    hosts: dict[str, list[Job]] = {}
    for job in jobs:
        hosts.setdefault(host_of(job.url), []).append(job)
    batches: list[list[Job]] = [[] for _ in range(min(most, len(hosts)))]
    for group in sorted(hosts.values(), key=len, reverse=True):
        min(batches, key=len).extend(group)
    return batches


def _read(job: Job, content: bytes) -> Listing:
    if job.role is Role.FEED:
        return read_feed(content, job.url)
    return read_sitemap(content, job.url, min(job.limits.max_bytes, _LIST_BYTES))


def read_lists(session: Session, jobs: list[Job]) -> list[tuple[Job, Listing]]:
    """Get feeds and sitemaps; return what they name. Indexes are not followed here."""
    found = []
    for job in jobs:
        visit, content = session.get(job)
        if content is None:
            continue
        try:
            found.append((job, _read(job, content)))
        except Problem as problem:
            bad = replace(visit, result=Result.FAILED.value, reason=problem.reason.value)
            session.note(replace(bad, detail=problem.detail, sha256=None, bytes=None))
    return found


def get_pages(session: Session, jobs: list[Job]) -> None:
    """Get pages, one after the other."""
    for job in jobs:
        session.get(job)


def _first_jobs(source: Source) -> list[Job]:
    """The lists that a source names itself."""
    limits = source.collect
    assert limits is not None
    jobs = []
    for role, addresses in ((Role.FEED, limits.feeds), (Role.SITEMAP, limits.sitemaps)):
        jobs += [Job(source.id, limits, role, normalise(address)) for address in addresses]
    return jobs


def _follow_lists(sources: list[Source], each: Callable[..., Any]) -> dict[str, Listed]:
    """Read all lists, index by index, and say what each source's lists name."""
    listed = {source.id: Listed() for source in sources}
    used = dict.fromkeys(listed, 0)
    seen: set[Key] = set()
    jobs = [job for source in sources for job in _first_jobs(source)]
    while jobs:
        due = []
        for job in jobs:
            if job.key in seen:
                continue
            seen.add(job.key)
            used[job.source_id] += 1
            if used[job.source_id] > job.limits.max_lists:
                found = f"{job.url}: left out, more than {job.limits.max_lists} lists"
                listed[job.source_id].left_out.append(found)
            else:
                due.append(job)
        jobs = []
        place = {job.key: i for i, job in enumerate(due)}
        for job, listing in sorted(each(read_lists, due), key=lambda pair: place[pair[0].key]):
            target = listed[job.source_id]
            for page in listing.pages:
                target.pages.setdefault(page, job.url)
            target.left_out += listing.left_out
            jobs += [replace(job, url=url, listed_in=job.url) for url in listing.sitemaps]
    return listed


def _is_recent(known: Known | None, limits: Collect, now: datetime) -> bool:
    """Whether a page was checked too short a time ago to be asked for again."""
    if known is None or known.checked is None:
        return False
    checked = datetime.fromisoformat(known.checked.when.replace("Z", "+00:00"))
    return now - checked < timedelta(hours=limits.recheck_hours)


def _choose(
    source: Source, listed: Listed, session: Session, now: datetime
) -> tuple[list[Job], int, int, int]:
    """Which pages of a source are asked for: first those that we don't hold, then the stalest.

    Returns:
        Jobs, and the numbers of pages listed, recent, and left for later.
    """
    limits = source.collect
    assert limits is not None
    pages: dict[str, str | None] = dict.fromkeys(map(normalise, limits.urls))
    for url, where in listed.pages.items():
        pages.setdefault(url, where)
    chooser = Chooser(source)
    wanted = {url: where for url, where in pages.items() if chooser.takes(url)}
    if len(wanted) < len(pages):
        n = len(pages) - len(wanted)
        listed.left_out.append(f"{n:,} page{'s' * (n > 1)} left out by its globs")
    known = {url: session.known.get((source.id, Role.PAGE, url)) for url in wanted}
    due = [url for url in wanted if not _is_recent(known[url], limits, now)]

    def staleness(url: str) -> tuple[bool, str]:
        before = known[url]
        return bool(before and before.held), before.last.when if before else ""

    due.sort(key=staleness)
    jobs = [Job(source.id, limits, Role.PAGE, url, wanted[url]) for url in due[: limits.max_pages]]
    return jobs, len(wanted), len(wanted) - len(due), len(due) - len(jobs)


def _tally(source_id: str, session: Session, listed: Listed, counts: tuple[int, int, int]) -> Tally:
    """Count what was done for one source."""
    visits = [v for v in session.visits if v.source_id == source_id and v.role != Role.ROBOTS]
    pages = [visit.result for visit in visits if visit.role == Role.PAGE]
    failures = [visit for visit in visits if visit.result == Result.FAILED]
    in_all, recent, later = counts
    return Tally(
        listed=in_all,
        later=later,
        recent=recent,
        new=pages.count(Result.NEW),
        changed=pages.count(Result.CHANGED),
        unchanged=pages.count(Result.UNCHANGED),
        failed=pages.count(Result.FAILED),
        failures=tuple(sorted(failures, key=lambda visit: (visit.role, visit.url))),
        remarks=tuple(listed.left_out),
    )


def _check_addresses(source: Source) -> None:
    """Check what can't be checked without knowing how names of hosts are written.

    Raises:
        ConfigurationError: an address is none.
    """
    assert source.collect is not None
    for key in ("feeds", "sitemaps", "urls"):
        for address in getattr(source.collect, key):
            try:
                normalise(address)
            except Problem as problem:
                raise ConfigurationError(
                    f"{source.id}: key `collect.{key}`: {problem.detail}"
                ) from None


def chosen_sources(seeds: Path, only: Sequence[str]) -> list[Source]:
    """The sources that are to be collected.

    Raises:
        ConfigurationError: a ``source.yml`` is wrong, none says `collect:`, or one of `only` is
            unknown or says no `collect:`.
    """
    sources = [source for source, _ in read_sources(seeds)]
    collected = {source.id: source for source in sources if source.collect}
    for name in only:
        if name not in collected:
            there = any(source.id == name for source in sources)
            wrong = "its source.yml has no `collect:`" if there else "no such source"
            raise ConfigurationError(f"{name}: {wrong}. To collect: {', '.join(collected) or '-'}")
    if not collected:
        raise ConfigurationError(
            f"{seeds}: nothing to collect: no source.yml has the key `collect:`."
        )
    chosen = [source for name, source in collected.items() if not only or name in only]
    for source in chosen:
        _check_addresses(source)
    return chosen


def collect(
    seeds: Path,
    data: Path,
    only: Sequence[str] = (),
    run: Run = call,
    clock: Clock | None = None,
    seen: Callable[[Visit], None] = lambda _: None,
    planned: Callable[[int], None] = lambda _: None,
) -> Outcome:
    """Fetch what the sources name into the archive.

    Args:
        seeds: folder with one folder a source.
        data: where the archive is kept.
        only: ids of the sources; all that say `collect:` where empty.
        run: how a batch of one host's addresses is run; called in threads.
        clock: for waiting.
        seen: told of each visit, in the threads.
        planned: told how many pages are going to be asked for.

    Returns:
        What was done, by source.

    Raises:
        ConfigurationError: see `chosen_sources`.
        RefusedError: the archive can't be written, or another run is collecting.
    """
    sources = chosen_sources(seeds, only)
    clock = clock or Clock()
    custody = Custody(data / "archive")
    with custody.exclusive():
        session = Session(Archive(data / "archive"), custody, clock, seen)

        def each(stage: Callable[..., Any], jobs: list[Job]) -> list[Any]:
            """Run a stage for each batch of jobs; gather what it gives."""
            batches = host_batches(jobs)

            def one(i: int) -> Any:
                return run(stage, session, batches[i], step=(i + 1, len(batches)))

            with ThreadPoolExecutor(_THREADS) as pool:
                due = [pool.submit(copy_context().run, one, i) for i in range(len(batches))]
                try:
                    return [item for future in due for item in future.result() or ()]
                except BaseException:
                    clock.stop()  # before the pool waits for its threads
                    for future in due:
                        future.cancel()
                    raise

        try:
            listed = _follow_lists(sources, each)
            chosen = {s.id: _choose(s, listed[s.id], session, clock.utc()) for s in sources}
            jobs = [job for found, *_ in chosen.values() for job in found]
            planned(len(jobs))
            each(get_pages, jobs)
        finally:
            session.flush()
    return {
        name: _tally(name, session, listed[name], (in_all, recent, later))
        for name, (_, in_all, recent, later) in chosen.items()
    }
