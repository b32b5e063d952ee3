"""A Prefect server of our own, for one machine: on loopback, its database in the data folder."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from onrecord.durable import write_atomically
from onrecord.errors import RefusedError

#: So many seconds a server may take to start and to stop; it takes 20 on a slow machine.
_START, _STOP = 180, 30
_SERVER = "prefect.server"
#: What every process of ours tells Prefect: nothing leaves this machine. Slots of publishers
#: that a kill left behind are given back also when it was the server that was killed.
QUIET = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": f"{_SERVER}.concurrency.lease_storage.filesystem",
}
_NOTE = "server.json"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _command(pid: int) -> str:
    """The command line of a process; empty where there is none."""
    shown = subprocess.run(  # noqa: S603
        ["ps", "-ww", "-o", "command=", "-p", str(pid)],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
    )
    return shown.stdout


def _stop_leftover(home: Path) -> None:
    """Stop the server that a run of ours left, which was killed itself."""
    with contextlib.suppress(OSError, ValueError, LookupError, TypeError):
        note = json.loads((home / _NOTE).read_text(encoding="utf-8"))
        pid, port = int(note["pid"]), int(note["port"])
        command = _command(pid)
        if "prefect" not in command or f"--port {port}" not in command:
            return  # its number belongs to another program by now
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + _STOP
        while _command(pid) and time.monotonic() < deadline:
            time.sleep(0.1)
        if _command(pid):
            os.kill(pid, signal.SIGKILL)


def _wait(server: subprocess.Popen[bytes], api: str, log: Path) -> None:
    """Wait until a server answers.

    Raises:
        RefusedError: it ended, or gave no answer.
    """
    deadline = time.monotonic() + _START
    while server.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(urllib.error.URLError, OSError):
            urllib.request.urlopen(f"{api}/health", timeout=5).close()  # noqa: S310  # loopback
            return
        time.sleep(0.2)
    raise RefusedError(f"The Prefect server did not start; {log} says why.")


@contextmanager
def own_server(home: Path) -> Iterator[str]:
    """Run a server for as long as the context lasts.

    Args:
        home: its folder, made where it does not exist: database, log, settings.

    Yields:
        The address of its API.

    Raises:
        RefusedError: it did not start.
    """
    home.mkdir(parents=True, exist_ok=True)
    _stop_leftover(home)
    port = _free_port()
    api = f"http://127.0.0.1:{port}/api"
    command = [sys.executable, "-m", "prefect", "server", "start"]
    command += ["--host", "127.0.0.1", "--port", str(port)]
    environment = os.environ | QUIET | {"PREFECT_HOME": str(home.resolve())}
    log = home / "server.log"
    with log.open("wb") as out:
        # A session of its own: Ctrl-C ends the runs first, and then we end the server.
        server = subprocess.Popen(  # noqa: S603
            command, env=environment, stdout=out, stderr=out, start_new_session=True
        )
    try:
        write_atomically(home / _NOTE, json.dumps({"pid": server.pid, "port": port}))
        _wait(server, api, log)
        yield api
    finally:
        server.terminate()
        try:
            server.wait(_STOP)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
        (home / _NOTE).unlink(missing_ok=True)
