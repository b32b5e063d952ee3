"""The flow against a real Prefect server gives the same release as the command line."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from onrecord.pipeline import stage_order

ROOT = Path(__file__).parents[2]
QUIET = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_LOGGING_LEVEL": "WARNING",
}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def prefect_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment of a process that talks to a server of this session's own."""
    home = tmp_path_factory.mktemp("prefect")
    port = _free_port()
    api = f"http://127.0.0.1:{port}/api"
    environment = os.environ | QUIET | {"PREFECT_HOME": str(home)}
    # With its services: one of them records task runs, which arrive as events.
    command = [sys.executable, "-m", "prefect", "server", "start", "--no-ui"]
    command += ["--host", "127.0.0.1", "--port", str(port)]
    log = (home / "server.log").open("wb")
    server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 120
        while True:
            assert server.poll() is None, (home / "server.log").read_text()
            try:
                urllib.request.urlopen(f"{api}/health", timeout=5).close()
                break
            except (urllib.error.URLError, OSError):
                assert time.monotonic() < deadline, "the server did not start within two minutes"
                time.sleep(0.2)
        yield environment | {"PREFECT_API_URL": api}
    finally:
        server.terminate()
        server.wait(30)
        log.close()


def _call(api: str, path: str) -> list[dict[str, object]]:
    request = urllib.request.Request(
        f"{api}/{path}", data=b"{}", headers={"Content-Type": "application/json"}
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
