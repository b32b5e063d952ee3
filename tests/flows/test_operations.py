"""Every command of docs/operations.md, run in its order, with a worker killed in between."""

import http.server
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from onrecord.release.place import read_index
from onrecord.runs import read_runs
from tests.flows.conftest import QUIET

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
_BLOCK = re.compile(r"^( *)```sh *(\S*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """One box of the page: the heading above it, what kind it is, and its commands."""

    section: str
    kind: str
    commands: str


def blocks() -> list[Block]:
    found = []
    for section in re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]:
        heading, _, text = section.partition("\n")
        for indent, kind, commands in _BLOCK.findall(text):
            found.append(Block(heading, kind, commands.replace(f"\n{indent}", "\n").strip()))
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def until(what: Callable[[], Any], seconds: float = 400) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)
    return found


class Shell:
    """Runs the page's commands in one folder, with the settings that they export."""

    def __init__(self, folder: Path, ports: dict[str, int]) -> None:
        self.folder = folder
        self.ports = ports
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith("PREFECT_")}
        here = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        python_path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
        self.environment |= QUIET | {"PATH": here, "PYTHONPATH": python_path, "NO_COLOR": "1"}
        self.environment |= {"PREFECT_HOME": str(folder / "home")}
        self.started: dict[str, subprocess.Popen[bytes]] = {}

    def _commands(self, block: Block) -> str:
        commands = block.commands
        for stated, port in self.ports.items():
            commands = commands.replace(stated, str(port))
        return commands

    def run(self, block: Block) -> str:
        """Run a block to its end; what it exports stays."""
        script = f"set -euo pipefail\n{self._commands(block)}\necho; echo ENV; env -0"
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, f"{block.commands}\n{done.stdout}\n{done.stderr}"
        output, _, environment = done.stdout.rpartition("\nENV\n")
        pairs = (line.partition("=") for line in environment.split("\0") if "=" in line)
        self.environment = {name: value for name, _, value in pairs}
        return output

    def start(self, block: Block) -> None:
        """Start a block that keeps running, in a group of its own."""
        log = (self.folder / f"{block.kind}.log").open("ab")
        script = f"set -euo pipefail\n{self._commands(block)}"
        self.started[block.kind] = subprocess.Popen(
            ["bash", "-c", script],
            cwd=self.folder,
            env=self.environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )

    def stop(self, kind: str, how: int = signal.SIGTERM) -> int:
        """End what was started, with all that it started itself; return its exit code."""
        process = self.started.pop(kind)
        os.killpg(process.pid, how)
        return process.wait(90)

    def ended(self, kind: str) -> bool:
        return self.started[kind].poll() is not None

    def log(self, kind: str) -> str:
        return (self.folder / f"{kind}.log").read_text(encoding="utf-8", errors="replace")


@pytest.fixture
def shell(tmp_path: Path, seeds: Path) -> Iterator[Shell]:
    shutil.copytree(seeds, tmp_path / "seeds")
    (tmp_path / "prefect.yaml").symlink_to(ROOT / "prefect.yaml")
    opened = Shell(tmp_path, {"4200": free_port(), "9753": free_port()})
    yield opened
    for kind in [*opened.started]:
        opened.stop(kind, signal.SIGKILL)


def test_the_page_has_what_the_tests_run() -> None:
    kinds = [block.kind for block in blocks()]
    assert {"", "not-run", "serve", "server", "worker"} == set(kinds)
    assert PAGE.count("```sh") == len(kinds)
    for block in blocks():
        done = subprocess.run(["bash", "-n", "-c", block.commands], check=False)
        assert done.returncode == 0, block.commands


def test_units_are_well_formed(tmp_path: Path) -> None:
    units = sorted((ROOT / "docs" / "systemd").glob("*.service"))
    assert len(units) == 3
    for unit in units:
        text = unit.read_text(encoding="utf-8")
        assert unit.name in PAGE
        # What it calls is not installed where the tests run.
        shown = text.replace("/srv/onrecord/.venv/bin/", "/bin/true ")
        shown = shown.replace("User=onrecord", "User=root")
        (tmp_path / unit.name).write_text(shown, encoding="utf-8")
    if not Path("/usr/bin/systemd-analyze").exists():
        pytest.skip("systemd-analyze is not installed")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *map(str, sorted(tmp_path.glob("*.service")))],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "onrecord" not in done.stderr, done.stderr


def _call(api: str, path: str, **wanted: Any) -> list[dict[str, Any]]:
    import urllib.request

    request = urllib.request.Request(
        f"{api}/{path}",
        data=json.dumps(wanted).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        found: list[dict[str, Any]] = json.load(answer)
    return found


def _healthy(api: str) -> bool:
    import urllib.error
    import urllib.request

    try:
        urllib.request.urlopen(f"{api}/health", timeout=5).close()
    except (urllib.error.URLError, OSError):
        return False
    return True


class _Hook:
    """What is called when a run fails: an address of this machine."""

    def __init__(self, port: int) -> None:
        self.posted: list[dict[str, Any]] = []
        posted = self.posted

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                size = int(self.headers["Content-Length"])
                posted.append(json.loads(self.rfile.read(size)))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.mark.operations
def test_from_nothing_to_a_second_release_with_a_worker_killed_in_between(shell: Shell) -> None:
    data = shell.folder / "data"
    api = f"http://127.0.0.1:{shell.ports['4200']}/api"
    after: list[Block] = []
    for block in blocks():
        if block.kind in ("not-run", "serve"):
            continue
        if block.section not in ("Server, pool, deployments, worker",):
            after.append(block)
        elif block.kind == "server":
            shell.start(block)
            until(lambda: _healthy(api) or shell.ended("server"))
            assert _healthy(api), shell.log("server")
        elif block.kind == "worker":
            worker = block
            shell.start(block)
            until(lambda: "started!" in shell.log("worker") or shell.ended("worker"))
            assert not shell.ended("worker"), shell.log("worker")
        else:
            shell.run(block)
    first = read_index(str(data)).releases
    assert [entry.version for entry in first] == ["1.0.0"]

    # A file comes; the schedule starts a run; its worker is killed when a batch was read.
    seeds = shell.folder / "seeds"
    kept = set((data / "cache" / "prepared").glob("*.batch"))
    text = "The ferry stopped before noon and nobody asked why it had.\n" * 3
    (seeds / "us-senate-press" / "new.txt").write_text(text, encoding="utf-8")
    until(lambda: set((data / "cache" / "prepared").glob("*.batch")) - kept)
    shell.stop("worker", signal.SIGKILL)
    runs = _call(api, "flow_runs/filter", sort="START_TIME_DESC")
    for pid in [record["pid"] for record in read_runs(data) if record["state"] == "running"]:
        os.kill(pid, signal.SIGKILL)  # runs have a group of their own
    (left,) = [run for run in runs if run["state_type"] == "RUNNING"]
    assert left["auto_scheduled"] is True
    assert len(read_index(str(data)).releases) == 1

    # It is started again, and goes on.
    shell.start(worker)
    until(lambda: len(read_index(str(data)).releases) == 2)
    assert f"{left['name']}: was killed, starts again" in shell.log("worker")

    def ended() -> dict[str, Any] | None:
        wanted = {"id": {"any_": [left["id"]]}}
        (run,) = _call(api, "flow_runs/filter", flow_runs=wanted)
        return run if run["state_type"] == "COMPLETED" else None

    run = until(ended)
    assert run["run_count"] >= 2
    states = {record["id"]: record["state"] for record in read_runs(data)}
    assert "killed" in states.values()
    direct = shell.folder / "direct"
    command = f"onrecord release seeds --data {direct}"
    shell.run(Block("", "", command))
    digest = json.loads((data / "releases" / "latest.json").read_bytes())
    assert digest["version"] == "1.1.0"
    fresh = json.loads((direct / "releases" / "latest.json").read_bytes())
    assert (digest["documents"], digest["paragraphs"]) == (fresh["documents"], fresh["paragraphs"])

    # The rest of the page, and what is told of a failure.
    for block in after:
        output = shell.run(block)
        if "artifact inspect" in block.commands:
            assert "Release 1." in output


@pytest.mark.operations
def test_an_address_is_called_when_a_run_fails(
    prefect_environment: dict[str, str], tmp_path: Path
) -> None:
    hook = _Hook(free_port())
    (command,) = [block.commands for block in blocks() if "flows.notify" in block.commands]
    command = command.replace("9753", str(hook.server.server_port))
    python = [sys.executable, *command.split()[1:]]
    for _ in range(2):  # set once more, it still calls once
        subprocess.run(python, env=prefect_environment, cwd=ROOT, check=True)
    (tmp_path / "seeds" / "broken").mkdir(parents=True)
    code = f"from flows.release import release; release('{tmp_path}/seeds', '{tmp_path}/data')"
    done = subprocess.run(
        [sys.executable, "-c", code], env=prefect_environment, cwd=ROOT, check=False
    )
    assert done.returncode == 1
    until(lambda: hook.posted)
    (told,) = hook.posted
    assert (told["flow"], told["state"]) == ("release", "Failed")
    assert "source.yml" in told["message"]
    hook.server.shutdown()


@pytest.mark.operations
def test_serve_runs_the_schedule_and_goes_on_after_a_kill(shell: Shell) -> None:
    data = shell.folder / "data"
    (block,) = [block for block in blocks() if block.kind == "serve"]
    each_minute = block._replace(
        commands=f"exec {block.commands.replace('0 3 * * *', '* * * * *')}"
    )
    shell.start(each_minute)
    until(lambda: list((data / "cache" / "prepared").glob("*.batch")))
    shell.stop("serve", signal.SIGKILL)  # its server is left, and is stopped by the next
    for pid in [record["pid"] for record in read_runs(data) if record["state"] == "running"]:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    server = json.loads((data / "prefect" / "server.json").read_bytes())["pid"]
    shell.start(block._replace(commands=f"exec {block.commands}"))
    until((data / "releases" / "latest.json").exists)
    assert "was killed, starts again" in shell.log("serve")
    with pytest.raises(ProcessLookupError):
        os.kill(server, 0)
    again = shell.run(Block("", "", f"! {block.commands}"))
    assert again.strip() == ""
    until(lambda: read_runs(data)[-1]["state"] == "completed")
    server = json.loads((data / "prefect" / "server.json").read_bytes())["pid"]
    assert shell.stop("serve") == 0
    with pytest.raises(ProcessLookupError):
        os.kill(server, 0)
    assert shell.log("serve").rstrip().endswith("stopped")
    assert "Traceback" not in shell.log("serve")
    shell.run(Block("", "", "onrecord verify data"))
