"""The release flow: the same pipeline as ``onrecord release``, each stage a Prefect task."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from prefect import flow
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.logging import get_run_logger

from flows.tasks import as_task
from onrecord.pipeline import Outcome
from onrecord.pipeline import release as release_once
from onrecord.release.remote import release_to
from onrecord.release.store import is_url
from onrecord.settings import Settings

T = TypeVar("T")


def _stage(stage: Callable[..., T], *args: Any, step: tuple[int, int] = (1, 1)) -> T:
    """Run one stage, or one batch of it, as a task."""
    name = stage.__name__ if step[1] == 1 else f"{stage.__name__} {step[0]} of {step[1]}"
    return as_task(lambda: stage(*args), stage.__name__, name)


def _report(outcome: Outcome) -> None:
    """Show what was done, on the run's page."""
    figures = outcome.figures
    what = "published" if outcome.published else "already up to date"
    lines = [f"# Release {outcome.version}: {what}", ""]
    lines += [f"- {reason}" for reason in outcome.reasons]
    lines += [
        f"- {figures['documents']:,} documents, {figures['blocks']:,} blocks, "
        f"{figures['paragraphs']:,} paragraphs",
        f"- content digest `{outcome.content_digest}`",
        f"- `{outcome.path}`",
    ]
    create_markdown_artifact("\n".join(lines), key="release-summary")
    rows = [
        {
            "source": name,
            "documents": source["documents"],
            "blocks": source["blocks"],
            "repeated": f"{source['repeated_share']:.1%}",
            "quarantined": source["quarantined"],
        }
        for name, source in figures["sources"].items()
    ]
    create_table_artifact(rows, key="release-sources")


@flow(name="release")
def release(
    seeds: Path = Path("seeds"),
    data: str | Path = "data",
    settings: Settings | None = None,
    work: Path | None = None,
) -> dict[str, Any]:
    """Build a release from a folder of sources, and publish it when anything changed.

    Args:
        seeds: folder with one folder a source, each with a ``source.yml``.
        data: where the archive and the releases are kept: a folder, or ``s3://bucket/prefix``.
        settings: limits and thresholds; the defaults are right for most folders.
        work: where to build what goes to S3; a folder of the user's cache where None.

    Returns:
        Version, path, content digest, and whether this run published it.
    """
    if is_url(str(data)):
        outcome, where = release_to(str(data), seeds, settings or Settings(), _stage, work=work)
    else:
        outcome = release_once(seeds, Path(data), settings or Settings(), _stage)
        where = str(outcome.path)
    get_run_logger().info("release %s, content digest %s", outcome.version, outcome.content_digest)
    _report(outcome)
    return {
        "version": outcome.version,
        "path": where,
        "content_digest": outcome.content_digest,
        "published": outcome.published,
    }
