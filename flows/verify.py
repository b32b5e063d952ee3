"""The verification flow: is everything that was published still what it was?"""

from pathlib import Path
from typing import Annotated, Any

from prefect import flow, runtime
from prefect.artifacts import create_table_artifact
from prefect.logging import get_run_logger
from pydantic import Field

from flows.tasks import Tasks
from onrecord.errors import RefusedError
from onrecord.release.store import is_url
from onrecord.release.verify import Depth, find
from onrecord.release.verify import verify as verify_release
from onrecord.runs import recorded


@flow(name="verify")
def verify(
    data: str = "data",
    fast: bool = False,
    timeout: Annotated[float, Field(gt=0)] = 6 * 3600,
) -> list[dict[str, Any]]:
    """Verify every release of a place, and fail where one is not what was published.

    Args:
        data: A data folder or a folder of releases; a path, s3:// or https://.
        fast: Check files, sums, index, chain and signature, and read no record.
        timeout: Seconds after which the verification of a release is given up.

    Returns:
        One row for each release: version, number of problems, files, bytes, and the first
        problem in words.
    """
    if is_url(data) or not (Path(data) / "releases").is_dir():
        return _verify(data, fast, timeout)
    with recorded(
        Path(data), "verify", {"data": data, "fast": fast}, runtime.flow_run.id
    ) as result:
        rows = _verify(data, fast, timeout)
        result.update({"releases": len(rows)})
    return rows


def _verify(data: str, fast: bool, timeout: float) -> list[dict[str, Any]]:
    """Do it, the verification of each release a task."""
    log = get_run_logger()
    place = find(data)
    depth = Depth.SUMS if fast else Depth.FULL
    rows = []
    releases = list(place.releases(None, everything=True))
    with Tasks(timeout) as run:
        for at, (files, entry) in enumerate(releases, 1):
            step = at, len(releases)
            report = run(verify_release, files, place.index, entry, depth, step=step)
            for problem in report.problems:
                log.error("%s/%s", report.release, problem)
            rows.append(
                {
                    "release": report.release,
                    "problems": len(report.problems),
                    "files": report.files,
                    "bytes": report.bytes,
                    "first problem": str(report.problems[0]) if report.problems else "",
                }
            )
    create_table_artifact(rows, key="verified-releases")
    broken = [row["release"] for row in rows if row["problems"]]
    found = [*map(str, place.problems), *(f"release {name} is not intact" for name in broken)]
    if found:
        raise RefusedError("; ".join(found))
    return rows
