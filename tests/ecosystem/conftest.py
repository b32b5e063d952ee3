"""Environments of their own for the validators of each ecosystem, and releases to show them.

The environments stand below ``tests/ecosystem/.envs/`` and are made by ``pip`` from
``requirements/NAME.txt``, where every version is pinned, when they are missing or stale.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
ENVIRONMENTS = HERE / ".envs"

MakeSource = Callable[..., Path]
#: Every key of dataset.yml, with people in every role that the formats know apart.
DESCRIBED = """
title: Minutes of a town
name: town-minutes
description: What the council of a town said, from its own minutes.
license: CC0-1.0
homepage: https://example.org/minutes
url: https://data.example.org/minutes/releases
doi: 10.5072/minutes
keywords: [minutes, "towns & villages"]
contributors:
  - title: Test Person
    given_name: Test
    family_name: Person
    orcid: 0000-0002-1825-0097
    organization: Archive of a town
  - {title: Archive of a town, role: publisher, path: "https://example.org"}
  - {title: Fund for archives, role: funder}
  - {title: Editors of a town, role: editor}
  - {title: Desk of a town, role: contact}
"""


def environment(name: str) -> Path:
    """The interpreter of an environment, which is made where it is missing or stale."""
    requirements = HERE / "requirements" / f"{name}.txt"
    digest = hashlib.sha256(requirements.read_bytes()).hexdigest()
    home = ENVIRONMENTS / name
    python, stamp = home / "bin" / "python", home / "requirements.sha256"
    if stamp.is_file() and stamp.read_text() == digest:
        return python
    shutil.rmtree(home, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", home], check=True)
    (ENVIRONMENTS / ".gitignore").write_text("*\n")
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run(
        [*install, "--no-input", "--requirement", requirements],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    stamp.write_text(digest)
    return python


@pytest.fixture(scope="session")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """Run one of ``programs/`` in an environment, without a network; what it prints as JSON."""

    @cache
    def run(name: str, *arguments: str | Path) -> Any:
        home = tmp_path_factory.mktemp(name)
        nowhere = "http://127.0.0.1:9"  # nothing answers there: whoever asks the web fails
        proxies = {f"{scheme}_proxy": nowhere for scheme in ("http", "https", "HTTP", "HTTPS")}
        done = subprocess.run(
            [environment(name), HERE / "programs" / f"{name}.py", *arguments],
            cwd=home,
            env={
                **os.environ,
                **proxies,
                "HOME": str(home),
                "HF_HOME": str(home),
                "PYTHONPATH": "",
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-4000:]
        return json.loads(done.stdout[done.stdout.index("{") :])

    return run


@pytest.fixture(scope="session")
def parted_release(tmp_path_factory: pytest.TempPathFactory, seeds: Path) -> Path:
    """A release of the seeds whose longer tables are in parts."""
    from onrecord.job import release
    from onrecord.settings import Settings

    return release(seeds, tmp_path_factory.mktemp("parts") / "data", Settings(part_rows=200)).path


@pytest.fixture(scope="session")
def described_release(tmp_path_factory: pytest.TempPathFactory, make_source: MakeSource) -> Path:
    """A release whose dataset.yml says all there is to say, and whose texts have one licence."""
    from onrecord.job import release
    from onrecord.settings import Settings

    place = tmp_path_factory.mktemp("described")
    text = "The council met.\n\nIt said: “NA”, and = 1 + 1 was on the board.\n".encode()
    make_source(place / "seeds", "town", {"a.txt": text}, license="CC0-1.0")
    (place / "dataset.yml").write_text(DESCRIBED, encoding="utf-8")
    return release(place / "seeds", place / "data", Settings()).path
