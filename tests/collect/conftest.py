"""What the tests of collecting share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.collect.web import Collection, Site, serve


@pytest.fixture
def site() -> Iterator[Site]:
    """A site without any page; what it does not know is 404."""
    with serve() as found:
        yield found


@pytest.fixture
def collection(tmp_path: Path) -> Collection:
    """A source that is collected; its `collect:` is yet to be written."""
    return Collection(tmp_path / "seeds", tmp_path / "data")
