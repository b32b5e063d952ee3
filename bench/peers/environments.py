"""One virtual environment a tool, so that no tool decides what another, or Onrecord, gets.

They stand below ``bench/.envs/`` and are made by ``pip`` from ``requirements/TOOL.txt``, where
every version is pinned. A tool that can't be had (no network, no Python that it runs on) is
reported with the reason, and the others go on.
"""

import hashlib
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from bench.corpus import ROOT

ENVIRONMENTS = ROOT / "bench" / ".envs"
REQUIREMENTS = Path(__file__).with_name("requirements")

_STAMP = "requirements.sha256"
_PIP_SECONDS = 1800
_PROBE = "import sys; print(*sys.version_info[:2])"
_MINORS = range(11, 15)


class UnavailableError(Exception):
    """A tool's environment can't be had; the message says why, for people."""


@dataclass(frozen=True, slots=True)
class Pythons:
    """Minor versions of Python 3 that a tool's pinned packages are published for.

    Attributes:
        oldest: the first.
        newest: the last.
    """

    oldest: int
    newest: int

    def __contains__(self, minor: int) -> bool:
        return self.oldest <= minor <= self.newest

    def __str__(self) -> str:
        if self.oldest == self.newest:
            return f"Python 3.{self.oldest}"
        return f"Python 3.{self.oldest} to 3.{self.newest}"


def _minor_of(python: str) -> int | None:
    """Minor version of an interpreter, None where it is none or does not run."""
    try:
        found = subprocess.run(  # noqa: S603
            [python, "-c", _PROBE], capture_output=True, text=True, timeout=60, check=True
        )
        major, minor = map(int, found.stdout.split())
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    return minor if major == 3 else None


def _candidates() -> list[str]:
    """Interpreters to try: this one, those on the path, those that pyenv keeps."""
    named = [sys.executable, *(shutil.which(f"python3.{minor}") or "" for minor in _MINORS)]
    pyenv = shutil.which("pyenv")
    if pyenv:
        root = subprocess.run(  # noqa: S603
            [pyenv, "root"], capture_output=True, text=True, check=False
        ).stdout.strip()
        named += sorted(str(p) for p in Path(root).glob("versions/3.*/bin/python"))
    return [name for name in dict.fromkeys(named) if name]


def _find_python(suits: Pythons) -> str:
    """An interpreter of the right version.

    Raises:
        UnavailableError: there is none.
    """
    for candidate in _candidates():
        minor = _minor_of(candidate)
        if minor is not None and minor in suits:
            return candidate
    raise UnavailableError(f"needs {suits}, and none was found on this machine")


def _reason(output: str) -> str:
    """The line of pip's output that says most."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR:")]
    return (errors or lines or ["pip failed without a word"])[-1].removeprefix("ERROR: ")[:200]


def _run(command: list[str]) -> None:
    """Run a step of the installation.

    Raises:
        UnavailableError: it failed.
    """
    try:
        done = subprocess.run(  # noqa: S603
            command, capture_output=True, text=True, timeout=_PIP_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UnavailableError(str(error).splitlines()[0][:200]) from None
    if done.returncode:
        raise UnavailableError(_reason(done.stdout + done.stderr))


def environment(tool: str, suits: Pythons) -> Path:
    """The interpreter of a tool's environment, which is made where it is missing or stale.

    Args:
        tool: name of the file in ``requirements/``.
        suits: what it runs on.

    Raises:
        UnavailableError: it can't be made.
    """
    requirements = REQUIREMENTS / f"{tool}.txt"
    digest = hashlib.sha256(requirements.read_bytes()).hexdigest()
    home = ENVIRONMENTS / tool
    python = home / "bin" / "python"
    stamp = home / _STAMP
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == digest:
        return python
    base = _find_python(suits)
    if home.exists():
        shutil.rmtree(home)
    home.mkdir(parents=True)
    (ENVIRONMENTS / ".gitignore").write_text("*\n", encoding="utf-8")
    _run([base, "-m", "venv", str(home)])
    pip = [str(python), "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
    _run([*pip, "--requirement", str(requirements)])
    stamp.write_text(digest, encoding="utf-8")
    return python
