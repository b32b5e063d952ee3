"""What the tests share: the seeds, one release of them, and a maker of small sources."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

# The same examples every time; no deadline, because the first call compiles.
settings.register_profile(
    "onrecord", deadline=None, derandomize=True, database=None, max_examples=200
)
settings.load_profile("onrecord")

os.environ["DO_NOT_TRACK"] = "1"
os.environ["PREFECT_SERVER_ANALYTICS_ENABLED"] = "false"

MakeSource = Callable[..., Path]


@pytest.fixture(scope="session")
def seeds() -> Path:
    """The repository's own seeds."""
    return Path(__file__).resolve().parents[1] / "seeds"


@pytest.fixture(scope="session")
def seed_data(tmp_path_factory: pytest.TempPathFactory, seeds: Path) -> Path:
    """A data folder that holds one release of the seeds."""
    from onrecord.job import release
    from onrecord.settings import Settings

    data = tmp_path_factory.mktemp("seeds") / "data"
    release(seeds, data, Settings())
    return data


@pytest.fixture(scope="session")
def seed_release(seed_data: Path) -> Path:
    """The folder of that release."""
    from onrecord.release.catalog import release_path

    return release_path(seed_data)


@pytest.fixture(scope="session")
def make_source() -> MakeSource:
    """Write a source: ``make_source(root, id, {path: bytes}, **keys of source.yml)``.

    A key given as None is left out of ``source.yml``.
    """

    def make(root: Path, id: str, files: dict[str, bytes], **yml: Any) -> Path:
        folder = root / id
        folder.mkdir(parents=True)
        described = {
            "title": f"Source {id}",
            "origin": "made by a test",
            "publication": "full",
            "basis": "made by a test",
            "language": "en",
        }
        described.update(yml)
        lines = [
            f"{key}: {json.dumps(value)}\n" for key, value in described.items() if value is not None
        ]
        (folder / "source.yml").write_text("".join(lines), encoding="utf-8")
        for name, raw in files.items():
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(raw)
        return folder

    return make
