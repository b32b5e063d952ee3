"""The flow against a real Prefect server gives the same release as the command line."""

import json
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from onrecord.job import STAGES
from onrecord.runs import read_runs

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
        "print(json.dumps(release(pathlib.Path(sys.argv[1]), sys.argv[2])))"
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
    expected = sorted(set(STAGES) - {"collect"})  # work in memory; no task
    runs = _task_runs(api, len(expected))
    assert sorted(str(run["name"]) for run in runs) == expected
    assert all(run["state_type"] == "COMPLETED" for run in runs)
    artifacts = {str(found["key"]): found["data"] for found in _call(api, "artifacts/filter")}
    assert artifacts["release-progress"] == 100
    assert "## Quarantine" in str(artifacts["release-summary"])
    assert "us-senate-press" in str(artifacts["release-sources"])
    (record,) = read_runs(tmp_path / "data")
    assert (record["state"], record["error"]) == ("completed", None)
    assert record["result"] == result


def test_a_bad_source_fails_the_flow_without_retries(
    prefect_environment: dict[str, str], tmp_path: Path
) -> None:
    api = prefect_environment["PREFECT_API_URL"]
    before = len(_call(api, "task_runs/filter"))
    (tmp_path / "seeds" / "broken").mkdir(parents=True)
    done = _run_flow(prefect_environment, tmp_path / "seeds", tmp_path / "data")
    assert done.returncode != 0
    assert "source.yml" in done.stderr
    assert not (tmp_path / "data" / "releases" / "1.0.0").exists()
    runs = _task_runs(api, before + 1)
    assert [run["run_count"] for run in runs if run["state_type"] == "FAILED"] == [1]
    (record,) = read_runs(tmp_path / "data")
    assert record["state"] == "refused"
    assert "source.yml" in record["error"]
    shown = [str(found["data"]) for found in _call(api, "artifacts/filter")]
    assert any("nothing was published" in data and "source.yml" in data for data in shown)
