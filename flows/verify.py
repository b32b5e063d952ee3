"""The verification flow: is everything that was published still what it was?"""

from typing import Any

from prefect import flow
from prefect.artifacts import create_table_artifact
from prefect.logging import get_run_logger

from flows.tasks import as_task
from onrecord.errors import RefusedError
from onrecord.release.verify import Depth, find
from onrecord.release.verify import verify as verify_release


@flow(name="verify")
def verify(data: str = "data", fast: bool = False) -> list[dict[str, Any]]:
    """Verify every release of a place, and fail where one is not what was published.

    Args:
        data: a data folder or a folder of releases.
        fast: check files, sums, index, chain and signature, and read no record.

    Returns:
        One row for each release: version, number of problems, files, bytes, and the first
        problem in words.
    """
    log = get_run_logger()
    place = find(data)
    depth = Depth.SUMS if fast else Depth.FULL
    rows = []
    for files, entry in place.releases(None, everything=True):
        report = as_task(
            lambda files=files, entry=entry: verify_release(files, place.index, entry, depth),  # type: ignore[misc]
            "verify release",
            f"verify {files.name}",
        )
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
