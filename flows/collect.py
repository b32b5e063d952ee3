"""The collection flow: the same as ``onrecord collect``, each batch of a host's pages a task."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

from prefect import flow, runtime
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.logging import get_run_logger
from pydantic import Field

from flows.tasks import Tasks
from onrecord.collect.custody import Visit
from onrecord.collect.run import Outcome
from onrecord.collect.run import collect as collect_once
from onrecord.ingest.sources import read_sources
from onrecord.runs import recorded

#: So many visits are shown on the run's page; the record of custody has all.
_SHOWN = 500


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
    seeds: Path = Path("seeds"),
    data: Path = Path("data"),
    sources: list[str] | None = None,
    timeout: Annotated[float, Field(gt=0)] = 3 * 3600,
) -> dict[str, Any]:
    """Fetch what the sources name on the web into the archive.

    Args:
        seeds: Folder with one folder a source, each with a source.yml.
        data: Where the archive is kept.
        sources: Ids of the sources to collect; all that say `collect:` where left empty.
        timeout: Seconds after which a batch of pages is given up.

    Returns:
        What was done, by source; nothing where no source says `collect:`, so that the hourly
        deployment does no harm there.
    """
    chosen = tuple(sources or ())
    if not chosen and not any(source.collect for source, _ in read_sources(seeds)):
        get_run_logger().info("nothing to collect: no source says `collect:`")
        return {}
    visits: list[Visit] = []
    told = {"seeds": str(seeds), "data": str(data), "sources": sources}
    # No task is tried again: failed pages are asked for again within it, at the pace of their
    # host, and what it raises beyond that a person must mend.
    with (
        recorded(data, "collect", told, runtime.flow_run.id) as result,
        Tasks(timeout, again=False) as run,
    ):
        outcome = collect_once(seeds, data, chosen, run=run, seen=visits.append)
        done = {name: asdict(tally) for name, tally in outcome.items()}
        result.update(done)
    for name, tally in outcome.items():
        get_run_logger().info("%s: %d new, %d failed", name, tally.new, tally.failed)
    _report(outcome, visits)
    return done
