"""A whole collection: read the lists, choose the pages, get them host by host.

Which hosts and pages are asked for is decided first, so that each host's addresses are one batch:
the unit of a thread, and of a task where a flow runs this. One address that fails stops no other.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from onrecord.collect.choose import DEEPEST, Listed, choose, chosen_sources, follow_lists
from onrecord.collect.custody import Custody, Result, Role, Visit
from onrecord.collect.lists import Listing, read_feed, read_sitemap
from onrecord.collect.pace import Clock
from onrecord.collect.problems import Problem
from onrecord.collect.session import Job, Session
from onrecord.collect.urls import host_of
from onrecord.ingest.archive import Archive

if TYPE_CHECKING:
    from onrecord.collect.withdrawn import Withdrawn

T = TypeVar("T")

#: So many hosts are asked at once, and so many batches (tasks of a flow) are there at most in
#: each of the two stages.
_THREADS = 8
_MOST_BATCHES = 90
#: A sitemap's size by its protocol, in bytes; feeds are held to it, too.
_LIST_BYTES = 50 * 1024 * 1024


class Run(Protocol):
    """How a stage is run; see ``job.Run``."""

    def __call__(self, stage: Callable[..., T], *args: Any, step: tuple[int, int] = (1, 1)) -> T:
        """Run ``stage(*args)``."""
        ...


def call(stage: Callable[..., T], *args: Any, step: tuple[int, int] = (1, 1)) -> T:
    """Run a stage directly."""
    return stage(*args)


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


def host_batches(jobs: Sequence[Job], most: int) -> list[list[Job]]:
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


def _withdrawn(archive: Path) -> "Withdrawn | None":
    """What must not be fetched again; None where nothing ever was withdrawn."""
    if not (archive / "suppressed.json").exists():
        return None  # and nothing heavy is imported
    from onrecord.collect.withdrawn import Withdrawn  # noqa: PLC0415

    return Withdrawn(archive)


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
        withdrawn = _withdrawn(data / "archive")
        session = Session(Archive(data / "archive"), custody, clock, seen, withdrawn)

        def each(stage: Callable[..., Any], jobs: list[Job], most: int) -> list[Any]:
            """Run a stage for each batch of jobs; gather what it gives."""
            batches = host_batches(jobs, most)

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
            listed = follow_lists(
                sources, lambda jobs: each(read_lists, jobs, _MOST_BATCHES // DEEPEST)
            )
            chosen = {s.id: choose(s, listed[s.id], session, clock.utc()) for s in sources}
            jobs = [job for found, *_ in chosen.values() for job in found]
            planned(len(jobs))
            each(get_pages, jobs, _MOST_BATCHES)
        finally:
            session.flush()
    return {
        name: _tally(name, session, listed[name], (in_all, recent, later))
        for name, (_, in_all, recent, later) in chosen.items()
    }
