"""Which addresses a run asks for: the lists first, then the pages that they name."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from onrecord.collect.config import Collect
from onrecord.collect.custody import Key, Known, Role
from onrecord.collect.lists import Listing
from onrecord.collect.problems import Problem
from onrecord.collect.session import Job, Session
from onrecord.collect.urls import normalise
from onrecord.errors import ConfigurationError
from onrecord.ingest.files import Chooser
from onrecord.ingest.sources import Source, read_sources

#: Indexes of sitemaps are followed so many times.
DEEPEST = 5

ReadLists = Callable[[list[Job]], list[tuple[Job, Listing]]]


@dataclass(slots=True)
class Listed:
    """What the lists of one source name.

    Attributes:
        pages: for each page, the list that names it; None for one of `urls`.
        left_out: addresses that may not be fetched, in words.
    """

    pages: dict[str, str | None] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)


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


def _first_jobs(source: Source) -> list[Job]:
    """The lists that a source names itself."""
    limits = source.collect
    assert limits is not None
    jobs = []
    for role, addresses in ((Role.FEED, limits.feeds), (Role.SITEMAP, limits.sitemaps)):
        jobs += [Job(source.id, limits, role, normalise(address)) for address in addresses]
    return jobs


def follow_lists(sources: list[Source], read: ReadLists) -> dict[str, Listed]:
    """Read all lists, index by index.

    Args:
        sources: with `collect:`.
        read: gets and reads some lists; those that fail are not in its answer.

    Returns:
        What each source's lists name.
    """
    listed = {source.id: Listed() for source in sources}
    used = dict.fromkeys(listed, 0)
    seen: set[Key] = set()
    jobs = [job for source in sources for job in _first_jobs(source)]
    for _ in range(DEEPEST):
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
        for job, listing in sorted(read(due), key=lambda pair: place[pair[0].key]):
            target = listed[job.source_id]
            for page in listing.pages:
                target.pages.setdefault(page, job.url)
            target.left_out += listing.left_out
            jobs += [replace(job, url=url, listed_in=job.url) for url in listing.sitemaps]
    for job in jobs:
        if job.key not in seen:
            listed[job.source_id].left_out.append(f"{job.url}: left out, indexes nest too deep")
    return listed


def _is_recent(known: Known | None, limits: Collect, now: datetime) -> bool:
    """Whether a page was checked too short a time ago to be asked for again."""
    if known is None or known.checked is None:
        return False
    checked = datetime.fromisoformat(known.checked.when.replace("Z", "+00:00"))
    return now - checked < timedelta(hours=limits.recheck_hours)


def choose(
    source: Source, listed: Listed, session: Session, now: datetime
) -> tuple[list[Job], int, int, int]:
    """Which pages of a source are asked for: first those that never were, then the stalest.

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
    if session.withdrawn:
        for url in [url for url in wanted if session.withdrawn.page(source.id, url)]:
            del wanted[url]
            listed.left_out.append("a page that was withdrawn is left out")
    known = {url: session.known.get((source.id, Role.PAGE, url)) for url in wanted}
    due = [url for url in wanted if not _is_recent(known[url], limits, now)]

    def asked_last(url: str) -> str:
        before = known[url]
        return before.last.when if before else ""

    due.sort(key=asked_last)
    jobs = [Job(source.id, limits, Role.PAGE, url, wanted[url]) for url in due[: limits.max_pages]]
    return jobs, len(wanted), len(wanted) - len(due), len(due) - len(jobs)
