"""``onrecord collect`` as a user runs it."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from onrecord.collect.custody import Custody
from onrecord.commands import app
from onrecord.errors import ConfigurationError
from tests.collect.web import Collection, Site, answer

TEXT = b"The committee met on Tuesday.\n"


def onrecord(collection: Collection, *arguments: str) -> Result:
    command = ["collect", str(collection.seeds), "--data", str(collection.data), *arguments]
    return CliRunner().invoke(app, command)


def test_what_was_done_is_shown_and_failures_are_named(site: Site, collection: Collection) -> None:
    site.routes["/a"] = answer(TEXT)
    collection.source(urls=[site.url("/a"), site.url("/gone")])
    done = onrecord(collection)
    assert done.exit_code == 0, done.stderr
    columns = "source listed new changed unchanged failed recent later"
    assert " ".join(done.stdout.split()).startswith(columns)
    assert "web 2 1 0 0 1 0 0" in " ".join(done.stdout.split())
    assert "onrecord release" in done.stdout
    assert f"new       {site.url('/a')}" in done.stderr
    assert f"web: {site.url('/gone')}: status: HTTP 404" in done.stderr
    assert onrecord(collection, "--strict").exit_code == 1


def test_json_has_counts_and_reasons(site: Site, collection: Collection) -> None:
    site.routes["/a"] = answer(TEXT)
    collection.source(urls=[site.url("/a"), site.url("/gone")])
    done = onrecord(collection, "--json", "--source", "web")
    found = json.loads(done.stdout)["sources"]["web"]
    assert (found["new"], found["failed"]) == (1, 1)
    assert found["failures"][0]["reason"] == "status"
    assert found["failures"][0]["url"] == site.url("/gone")


def test_nothing_at_all_is_a_failure(site: Site, collection: Collection) -> None:
    collection.source(urls=[site.url("/gone")])
    assert onrecord(collection).exit_code == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["--source", "other"], "no such source"), (["--data", "s3://bucket/x"], "a folder of this")],
)
def test_wrong_usage(collection: Collection, arguments: list[str], said: str) -> None:
    collection.source(urls=["http://127.0.0.1:1/"])
    done = onrecord(collection, *arguments)
    assert isinstance(done.exception, ConfigurationError)
    assert said in str(done.exception)


def test_without_anything_to_collect(collection: Collection, make_source: Any) -> None:
    make_source(collection.seeds, "local", {"a.txt": TEXT})
    done = onrecord(collection)
    assert isinstance(done.exception, ConfigurationError)
    assert "no source.yml has the key `collect:`" in str(done.exception)


def test_an_address_that_cannot_be_is_wrong_usage(collection: Collection) -> None:
    collection.source(
        urls=["https://xn--a.example/\u00fc"], feeds=["https://-\u2603-.exa\u0378mple/"]
    )
    done = onrecord(collection)
    assert isinstance(done.exception, ConfigurationError)
    assert "collect.feeds" in str(done.exception)


def test_missing_packages_are_named(
    collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    collection.source(urls=["http://127.0.0.1:1/"])
    for name in [m for m in sys.modules if m.startswith("onrecord.collect.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "protego", None)
    done = onrecord(collection)
    assert isinstance(done.exception, ConfigurationError)
    assert "pip install 'onrecord[collect]'" in str(done.exception)


def test_ctrl_c_ends_the_waiting_and_keeps_what_came(site: Site, collection: Collection) -> None:
    site.routes |= {"/a": answer(TEXT), "/b": answer(TEXT)}
    collection.source(urls=[site.url("/a"), site.url("/b")], delay=0, longest_wait=3_600)
    robots = b"User-agent: *\nCrawl-delay: 600\n"
    site.routes["/robots.txt"] = answer(robots)
    command = [sys.executable, "-m", "onrecord", "collect", str(collection.seeds)]
    process = subprocess.Popen(
        [*command, "--data", str(collection.data)], stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    lines = [process.stderr.readline() for _ in range(2)]  # robots.txt and the first page
    process.send_signal(signal.SIGINT)
    _, rest = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in rest
    assert "the next run goes on" in rest
    assert sum(site.url("/a") in line for line in lines) == 1
    kept = [v.url for v in Custody(collection.data / "archive").visits() if v.role == "page"]
    assert kept == [site.url("/a")]


def test_validate_counts_pages_that_were_collected(site: Site, collection: Collection) -> None:
    site.routes["/a"] = answer(TEXT)
    collection.source(urls=[site.url("/a")])
    arguments = ["validate", str(collection.seeds), "--data", str(collection.data)]
    before = CliRunner().invoke(app, arguments)
    assert "no files; fetch some with `onrecord collect`" in before.stderr
    onrecord(collection)
    after = CliRunner().invoke(app, arguments)
    assert after.exit_code == 0
    assert after.stdout.splitlines()[-1].split()[-2:] == ["1", "0"]


def test_the_schema_of_the_record_is_in_the_docs() -> None:
    from dataclasses import fields

    from onrecord.collect.config import Collect
    from onrecord.collect.custody import Visit
    from onrecord.collect.problems import Reason

    text = (Path(__file__).parents[2] / "docs" / "collect.md").read_text(encoding="utf-8")
    for name in [*Collect.model_fields, *(f.name for f in fields(Visit)), *Reason]:
        assert f"| `{name}` |" in text, name
