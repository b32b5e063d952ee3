"""The flow against a real Prefect server gives the same release as the command line."""

import json
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from onrecord.pipeline import stage_order

ROOT = Path(__file__).parents[2]


def _call(api: str, path: str) -> list[dict[str, object]]:
    """What the server knows of this flow, whatever other flows ran there."""
    wanted = json.dumps({"flows": {"name": {"any_": ["release"]}}}).encode()
    request = urllib.request.Request(
        f"{api}/{path}", data=wanted, headers={"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        found: list[dict[str, object]] = json.load(answer)
    return found


def _task_runs(api: str, ended: int) -> list[dict[str, object]]:
    """Task runs on the server, once at least `ended` of them have ended."""
    deadline = time.monotonic() + 60
    while True:
        runs = _call(api, "task_runs/filter")
        if sum(run["state_type"] in ("COMPLETED", "FAILED") for run in runs) >= ended:
            return runs
        assert time.monotonic() < deadline, f"the server recorded only {runs}"
        time.sleep(0.5)


def _run_flow(
    environment: dict[str, str], seeds: Path, data: Path
) -> subprocess.CompletedProcess[str]:
    code = (
        "import json, pathlib, sys; from flows.release import release; "
        "print(json.dumps(release(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))))"
    )
    return subprocess.run(
        [sys.executable, "-c", code, str(seeds), str(data)],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_flow_and_command_line_give_the_same_content(
    prefect_environment: dict[str, str], seeds: Path, seed_release: Path, tmp_path: Path
) -> None:
    done = _run_flow(prefect_environment, seeds, tmp_path / "data")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout.splitlines()[-1])
    direct = json.loads((seed_release / "provenance.json").read_text(encoding="utf-8"))
    assert result["published"] is True
    assert result["content_digest"] == direct["content_digest"]

    api = prefect_environment["PREFECT_API_URL"]
    runs = _task_runs(api, 8)
    assert sorted(str(run["name"]) for run in runs) == sorted(stage_order())
    assert all(run["state_type"] == "COMPLETED" for run in runs)
    artifacts = {str(artifact["key"]) for artifact in _call(api, "artifacts/filter")}
    assert {"release-summary", "release-sources"} <= artifacts


def test_a_bad_source_fails_the_flow_without_retries(
    prefect_environment: dict[str, str], tmp_path: Path
) -> None:
    before = len(_call(prefect_environment["PREFECT_API_URL"], "task_runs/filter"))
    (tmp_path / "seeds" / "broken").mkdir(parents=True)
    done = _run_flow(prefect_environment, tmp_path / "seeds", tmp_path / "data")
    assert done.returncode != 0
    assert "source.yml" in done.stderr
    assert not (tmp_path / "data" / "releases" / "1.0.0").exists()
    runs = _task_runs(prefect_environment["PREFECT_API_URL"], before + 1)
    assert [run["run_count"] for run in runs if run["state_type"] == "FAILED"] == [1]
