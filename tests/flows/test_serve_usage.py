"""What `onrecord serve` refuses before it starts anything."""

from pathlib import Path

import filelock
import pytest
from typer.testing import CliRunner

from onrecord.commands import app
from onrecord.errors import ConfigurationError, RefusedError


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["--cron", "every day"], "release: 'every day'"),
        (["--verify-cron", "61 * * * *"], "verify: '61"),
        (["--timezone", "Nowhere/Land"], "Nowhere/Land"),
        (["--seeds", "missing"], "missing: no such folder"),
    ],
)
def test_wrong_usage_is_told_in_one_message(
    seeds: Path, tmp_path: Path, more: list[str], told: str
) -> None:
    command = ["serve", "--seeds", str(seeds), "--data", str(tmp_path / "data"), *more]
    result = CliRunner().invoke(app, command)
    assert isinstance(result.exception, ConfigurationError)
    assert told in str(result.exception)
    assert not (tmp_path / "data").exists()


def test_only_one_serves_a_folder(seeds: Path, tmp_path: Path) -> None:
    with filelock.FileLock(tmp_path / ".serve.lock"):
        command = ["serve", "--seeds", str(seeds), "--data", str(tmp_path)]
        result = CliRunner().invoke(app, command)
    assert isinstance(result.exception, RefusedError)
    assert "another `onrecord serve`" in str(result.exception)
