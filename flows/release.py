"""The release flow: the same pipeline as ``onrecord release``, its stages Prefect tasks."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

from prefect import flow, runtime
from prefect.concurrency.sync import concurrency
from prefect.logging import get_run_logger
from pydantic import BeforeValidator, Field

from flows.progress import Progress
from flows.show import show, show_failure
from flows.tasks import Tasks
from onrecord.job import STAGES
from onrecord.job import release as release_once
from onrecord.outcome import Outcome
from onrecord.release.remote import release_to
from onrecord.release.remote import stage_order as remote_order
from onrecord.release.store import is_url
from onrecord.release.working import default_work
from onrecord.runs import recorded
from onrecord.settings import INDIFFERENT, Settings

#: A global concurrency limit of this name lets so many runs publish as it says. Where there is
#: none, the lock on the data folder refuses the second one.
PUBLISHERS = "onrecord-publish"
#: After so many seconds without a sign of life a publisher has lost its slot.
_LEASE = 60.0


@contextmanager
def _shown() -> Iterator[None]:
    """Put on the run's page why it failed."""
    try:
        yield
    except Exception as error:
        show_failure(error)
        raise


@flow(name="release")
def release(
    seeds: Annotated[str, BeforeValidator(str)] = "seeds",
    data: str = "data",
    settings: Settings = Settings(),  # noqa: B008  # frozen
    work: Path | None = None,
    sign_key: Path | None = None,
    link: str | None = None,
    timeout: Annotated[float, Field(gt=0)] = 6 * 3600,
    wait: Annotated[float, Field(ge=0)] = 3600,
) -> dict[str, Any]:
    """Build a release from a folder of sources, and publish it when anything changed.

    Args:
        seeds: Folder with one folder a source, each with a source.yml, relative to where the
            worker was started; or s3://bucket/prefix of one.
        data: Where the archive and the releases are kept: a folder, or s3://bucket/prefix.
        settings: Limits and thresholds; the defaults are right for most folders.
        work: Where to build what goes to S3; a folder of the user's cache where left empty.
        sign_key: SSH key to sign the release with; ONRECORD_SIGNING_KEY where left empty.
        link: Address at which people read the folder of releases, for the link in the summary.
        timeout: Seconds after which a single task is given up.
        wait: Seconds to wait for another publisher, where the limit onrecord-publish exists.

    Returns:
        Version, path, content digest, and whether this run published it.
    """
    remote = is_url(data)
    here = (work or default_work(data)) if remote else Path(data)
    told = settings.model_dump(mode="json", exclude=INDIFFERENT)
    with (
        recorded(
            here, "release", {"seeds": seeds, "data": data} | told, runtime.flow_run.id
        ) as result,
        _shown(),
        concurrency(PUBLISHERS, timeout_seconds=wait, lease_duration=_LEASE),
    ):
        outcome, where = _release(seeds, data, settings, work, sign_key, timeout)
        done = {
            "version": outcome.version,
            "path": where,
            "content_digest": outcome.content_digest,
            "published": outcome.published,
        }
        result.update(done)
    get_run_logger().info("release %s, content digest %s", outcome.version, outcome.content_digest)
    show(outcome, where, here, link)
    return done


def _release(
    seeds: str,
    data: str,
    settings: Settings,
    work: Path | None,
    sign_key: Path | None,
    timeout: float,
) -> tuple[Outcome, str]:
    """Do it, each stage a task."""
    order = list(STAGES)
    if is_url(data):
        with Tasks(timeout, Progress("release-progress", remote_order(order))) as run:
            return release_to(data, seeds, settings, run, work=work, sign_key=sign_key)
    with Tasks(timeout, Progress("release-progress", order)) as run:
        outcome = release_once(seeds, Path(data), settings, run, sign_key=sign_key)
    return outcome, str(outcome.path)
