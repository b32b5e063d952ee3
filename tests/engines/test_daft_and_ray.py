"""Daft on this machine and Ray on its loopback give the release that threads give.

Each run is a command of its own, because Daft is either native or on Ray, once and for all of a
process. Ray is started and stopped here, with its own authentication.
"""

import importlib.util
import json
import os
import random
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.scale,
    pytest.mark.skipif(
        importlib.util.find_spec("daft") is None or importlib.util.find_spec("ray") is None,
        reason='daft and ray are not installed: pip install "onrecord[ray]"',
    ),
]
#: A run with more pieces than so little text is worth.
PROGRAM = """
import json, os, sys
from pathlib import Path
from onrecord import pipeline
from onrecord.engines import verifying
from onrecord.errors import OnrecordError
from onrecord.job import release
from onrecord.settings import Settings

class Dying:
    def __init__(self, *args):
        pass

    def __call__(self, task):
        os._exit(9)

verifying.WORTH, verifying.PIECE = 0, 40
seeds, data, dies, chosen = sys.argv[1:]
if dies == "dies":
    pipeline.Preparing = Dying
settings = Settings(**json.loads(chosen), allow=("ferries",), page=False)
try:
    print(release(Path(seeds), Path(data), settings).content_digest)
except OnrecordError as error:
    sys.exit(f"error: {error}")
"""


def _run(
    seeds: Path, data: Path, dies: str = "lives", **settings: object
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", PROGRAM, str(seeds), str(data), dies, json.dumps(settings)]
    return subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)


def _digest(seeds: Path, data: Path, **settings: object) -> str:
    done = _run(seeds, data, **settings)
    assert done.returncode == 0, done.stderr
    assert "can't read" not in done.stderr
    return done.stdout.split()[-1]


@pytest.fixture(scope="module")
def sources(
    tmp_path_factory: pytest.TempPathFactory, seeds: Path, make_source: Callable[..., Path]
) -> Path:
    """The seeds, and a source with many near repeats."""
    folder = tmp_path_factory.mktemp("sources")
    shutil.copytree(seeds, folder, dirs_exist_ok=True)
    words = [
        "the",
        "ferry",
        "left",
        "northern",
        "pier",
        "early",
        "with",
        "many",
        "people",
        "on",
        "board",
        "and",
        "came",
        "back",
    ]
    rng = random.Random(3)
    lines = [" ".join(rng.choices(words, k=20)).capitalize() + "." for _ in range(30)]
    files = {
        f"{i}.txt": "\n\n".join(
            line.replace("pier", rng.choice(["pier", "quay", "dock"]), 1)
            for line in rng.sample(lines, 8)
        ).encode()
        for i in range(60)
    }
    make_source(folder, "ferries", files)
    return folder


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory, sources: Path) -> str:
    """The content digest of a run in threads."""
    return _digest(sources, tmp_path_factory.mktemp("local"))


@pytest.fixture(scope="module")
def ray_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Ray cluster of one node on loopback, for those who know its token."""
    os.environ |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    ray = shutil.which("ray", path=str(Path(sys.executable).parent))
    assert ray
    room = tmp_path_factory.mktemp("r")
    server = subprocess.Popen(
        [
            *(ray, "start", "--head", "--block", "--node-ip-address=127.0.0.1", f"--port={port}"),
            *("--include-dashboard=false", "--num-cpus=2", "--object-store-memory=268435456"),
            *("--disable-usage-stats", f"--temp-dir={_short(room)}"),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
        env={
            **os.environ,
            "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
            "RAY_GRACEFUL_SHUTDOWN_DRAIN_TIMEOUT_S": "1",
        },
        start_new_session=True,
    )
    try:
        for _ in range(120):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert server.poll() is None
            time.sleep(0.5)
        time.sleep(5)  # its first node joins
        yield f"127.0.0.1:{port}"
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(60)
        _short(room).unlink()
        for name in ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN"):
            os.environ.pop(name)


def _short(folder: Path) -> Path:
    """A folder by a name that is short enough for sockets."""
    link = Path(f"/tmp/onrecord-{os.getpid()}")
    link.unlink(missing_ok=True)
    link.symlink_to(folder)
    return link


@pytest.mark.parametrize("batch_bytes", [2_000, 60_000])
def test_daft_gives_what_threads_give(
    sources: Path, local: str, tmp_path: Path, batch_bytes: int
) -> None:
    found = _digest(sources, tmp_path / "data", engine="daft", batch_bytes=batch_bytes)
    assert found == local


def test_ray_started_for_the_run_gives_what_threads_give(
    sources: Path, local: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    assert _digest(sources, tmp_path / "data", engine="ray", batch_bytes=60_000) == local


def test_a_ray_cluster_gives_what_threads_give(
    sources: Path,
    local: str,
    tmp_path: Path,
    ray_address: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    named = {"ray_address": ray_address, "batch_bytes": 30_000}
    assert _digest(sources, tmp_path / "a", engine="ray", **named) == local
    monkeypatch.setenv("RAY_ADDRESS", ray_address)
    assert _digest(sources, tmp_path / "b", engine="ray", batch_bytes=200_000) == local


@pytest.mark.parametrize("engine", ["daft", "ray"])
def test_a_worker_that_dies_ends_the_run_with_words(
    sources: Path, tmp_path: Path, request: pytest.FixtureRequest, engine: str
) -> None:
    where = request.getfixturevalue("ray_address") if engine == "ray" else None
    done = _run(sources, tmp_path / "data", "dies", engine=engine, ray_address=where)
    assert done.returncode == 1
    assert "error: The engine's workers broke off" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "data" / "releases" / "index.json").exists()
