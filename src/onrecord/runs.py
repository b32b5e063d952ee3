"""The record of runs: what was started, how it ended, and why it failed.

One small JSON file a run in ``<data>/runs/``, written when the run starts and again when it ends.
The newest `KEPT` stay. A run that was killed writes no end: the next one notes it for it. These
are notes for people; nothing else reads them, and they may be deleted.
"""

import contextlib
import datetime
import json
import os
import platform
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from onrecord import __version__
from onrecord.durable import write_atomically
from onrecord.errors import OnrecordError

#: So many records stay; they are some kilobytes each.
KEPT = 200
FOLDER = "runs"


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def lives(pid: int) -> bool:
    """Whether there is a process of this number."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _write(path: Path, record: dict[str, Any]) -> None:
    """Write a record; that it can't be written must not fail the run that it is about."""
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, json.dumps(record, indent=1, ensure_ascii=False) + "\n")


def read_runs(data: Path) -> list[dict[str, Any]]:
    """The records of a data folder, the oldest first; damaged ones are left out."""
    found = []
    for path in sorted((data / FOLDER).glob("[0-9]*.json")):
        with contextlib.suppress(OSError, ValueError):
            found.append(json.loads(path.read_text(encoding="utf-8")))
    return found


def tidy(data: Path) -> list[str]:
    """Note the end of runs that were killed on this machine, and drop the oldest records.

    Returns:
        The ids of those that were killed.
    """
    killed = []
    paths = sorted((data / FOLDER).glob("[0-9]*.json"))
    for path in paths:
        with contextlib.suppress(OSError, ValueError, LookupError, TypeError):
            record = json.loads(path.read_text(encoding="utf-8"))
            here = record["host"] == platform.node()
            if record["state"] == "running" and here and not lives(record["pid"]):
                record |= {"state": "killed", "error": "its process is gone and noted no end"}
                _write(path, record)
                killed.append(str(record["id"]))
    for path in paths[: max(0, len(paths) - KEPT)]:
        with contextlib.suppress(OSError):
            path.unlink()
    return killed


@contextmanager
def recorded(
    data: Path, kind: str, settings: dict[str, Any], flow_run: str | None = None
) -> Iterator[dict[str, Any]]:
    """Keep a record of what is done within.

    Args:
        data: the data folder.
        kind: of run, such as ``release``.
        settings: what the run was told, as JSON has it.
        flow_run: the id that an orchestrator knows it by.

    Yields:
        The key ``result`` of the record, to be filled.
    """
    tidy(data)
    started = _now()
    name = f"{started:%Y%m%dT%H%M%S}Z-{secrets.token_hex(3)}"
    path = data / FOLDER / f"{name}.json"
    result: dict[str, Any] = {}
    record = {
        "id": name,
        "run": kind,
        "flow_run": flow_run,
        "state": "running",
        "started": f"{started:%Y-%m-%dT%H:%M:%SZ}",
        "ended": None,
        "error": None,
        "host": platform.node(),
        "pid": os.getpid(),
        "settings": settings,
        "versions": {"onrecord": __version__, "python": platform.python_version()},
        "result": result,
    }
    _write(path, record)
    try:
        yield result
    except BaseException as error:
        refused = isinstance(error, OnrecordError)
        stopped = isinstance(error, KeyboardInterrupt | SystemExit)
        state = "refused" if refused else "stopped" if stopped else "failed"
        words = str(error) if refused else f"{type(error).__name__}: {error}"
        record |= {"state": state, "ended": f"{_now():%Y-%m-%dT%H:%M:%SZ}", "error": words}
        _write(path, record)
        raise
    record |= {"state": "completed", "ended": f"{_now():%Y-%m-%dT%H:%M:%SZ}"}
    _write(path, record)
