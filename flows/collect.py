"""The collection flow: the same as ``onrecord collect``, each batch of a host's pages a task."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

from prefect import flow, task
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.logging import get_run_logger

from onrecord.collect.custody import Visit
from onrecord.collect.run import Outcome
from onrecord.collect.run import collect as collect_once

T = TypeVar("T")

#: So many visits are shown on the run's page; the record of custody has all.
_SHOWN = 500


def _as_task(stage: Callable[..., T], *args: Any, step: tuple[int, int] = (1, 1)) -> T:
    """Run one batch as a Prefect task.

    It is not retried: failed pages are asked for again within it, at the pace of their host, and
    what it raises beyond that a person must mend.
    """

    @task(
        name=stage.__name__,
        task_run_name=f"{stage.__name__} {step[0]} of {step[1]}",
        cache_policy=NO_CACHE,
        persist_result=False,
    )
    def run_batch() -> T:
        return stage(*args)

    return run_batch()


def _report(outcome: Outcome, visits: list[Visit]) -> None:
    """Show what was done, on the run's page."""
    lines = ["# Collected", ""]
    lines += [
        f"- **{name}**: {tally.listed:,} pages listed, {tally.new:,} new, "
        f"{tally.changed:,} changed, {tally.unchanged:,} unchanged, {tally.failed:,} failed, "
        f"{tally.later:,} left for later"
        for name, tally in outcome.items()
    ]
    create_markdown_artifact("\n".join(lines), key="collect-summary")
    rows = [
        {
            "source": visit.source_id,
            "what": visit.role,
            "url": visit.url,
            "result": visit.result,
            "status": visit.status,
            "reason": visit.reason,
            "bytes": visit.bytes,
        }
        for visit in sorted(visits, key=lambda v: (v.result != "failed", v.source_id, v.url))
    ]
    create_table_artifact(rows[:_SHOWN], key="collect-visits")


@flow(name="collect")
def collect(
    seeds: Path = Path("seeds"), data: Path = Path("data"), sources: list[str] | None = None
) -> dict[str, Any]:
    """Fetch what the sources name on the web into the archive.

    Args:
        seeds: folder with one folder a source, each with a ``source.yml``.
        data: where the archive is kept.
        sources: ids of the sources to collect; all that say `collect:` where not given.

    Returns:
        What was done, by source.
    """
    visits: list[Visit] = []
    outcome = collect_once(seeds, data, tuple(sources or ()), run=_as_task, seen=visits.append)
    for name, tally in outcome.items():
        get_run_logger().info("%s: %d new, %d failed", name, tally.new, tally.failed)
    _report(outcome, visits)
    return {name: asdict(tally) for name, tally in outcome.items()}
