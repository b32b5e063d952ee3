"""Releases that are built from hostile input by the real command line, and read back."""

import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow.parquet as pq

from tests import makers as m


@dataclass
class Built:
    """A release that was built from hostile input."""

    path: Path
    documents: dict[tuple[str, str], dict[str, Any]]
    quarantine: dict[tuple[str, str], dict[str, Any]]
    blocks: dict[str, list[str]]
    peak: int
    stdout: str
    stderr: str

    def texts(self, path: str, locator: str = "") -> list[str]:
        """The blocks of one document."""
        return self.blocks[self.documents[path, locator]["document_id"]]

    def reason(self, path: str, locator: str = "") -> str:
        """Why an input is not in it."""
        return str(self.quarantine[path, locator]["reason"])

    def of(self, path: str) -> tuple[list[str], dict[str, str]]:
        """Locators of the documents of a file, and reasons by locator."""
        found = sorted(locator for name, locator in self.documents if name == path)
        reasons = {k[1]: v["reason"] for k, v in self.quarantine.items() if k[0] == path}
        return found, reasons


class Run(NamedTuple):
    """How a command ended.

    Attributes:
        returncode, stdout, stderr: as in ``subprocess``.
        peak: bytes of memory that it held at once, without the readers that it started.
    """

    returncode: int
    stdout: str
    stderr: str
    peak: int


def _high_water(pid: int) -> int:
    """Bytes that a process held at once until now; 0 where it has ended.

    Not by ``getrusage``: what it says of a process begins with the peak of the one that started
    it.
    """
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except OSError:
        return 0
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) * 1024 if found else 0


def run(*arguments: str, timeout: float = 400) -> Run:
    """The command line in a process of its own."""
    command = [sys.executable, "-m", "onrecord", *arguments]
    deadline = time.monotonic() + timeout
    peak = 0
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        with subprocess.Popen(command, stdout=out, stderr=err) as process:
            while process.poll() is None:
                peak = _high_water(process.pid) or peak
                if time.monotonic() > deadline:
                    process.kill()
                time.sleep(0.02)
        out.seek(0)
        err.seek(0)
        return Run(process.returncode, out.read(), err.read(), peak)


def build(seeds: Path, data: Path, *arguments: str) -> Built:
    """Build a release and read it; every input must be accounted for."""
    done = run("release", str(seeds), "--data", str(data), *arguments)
    assert done.returncode == 0, done.stderr[-3000:]
    path = data / "releases" / "1.0.0"

    def rows(table: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = pq.read_table(path / f"parquet/{table}.parquet").to_pylist()
        return found

    documents = {(r["path"], r["locator"] or ""): r for r in rows("documents")}
    quarantine = {(r["path"], r["locator"] or ""): r for r in rows("quarantine")}
    blocks: dict[str, list[str]] = {}
    for row in rows("occurrences"):
        blocks.setdefault(row["document_id"], []).append(row["text"])
    built = Built(path, documents, quarantine, blocks, done.peak, done.stdout, done.stderr)
    assert "Traceback" not in done.stderr
    return built


@contextmanager
def disturbed(folder: Path) -> Iterator[None]:
    """Meanwhile, files of ``cases.steady`` change and go away all the time.

    Those from 600.txt to 1399.txt stay as they are, and none below 1500.txt goes away.
    """
    stop = threading.Event()

    def disturb() -> None:
        turn = 0
        while not stop.is_set():
            turn += 1
            (folder / f"{turn % 500}.txt").write_bytes(b"changed words \xff " * (turn % 4000))
            (folder / f"{turn % 60}.html").write_bytes(m.page(f"changed {turn}"))
            (folder / f"{1500 + turn % 500}.txt").unlink(missing_ok=True)
            time.sleep(0.002)

    thread = threading.Thread(target=disturb)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
