"""The collection flow does what the command does, and shows it."""

import json
import subprocess
import sys
import urllib.request
from pathlib import Path

from onrecord.collect.custody import Custody
from tests.collect.web import Collection, answer, serve

ROOT = Path(__file__).parents[2]


def _artifacts(api: str) -> dict[str, str]:
    wanted = json.dumps({"flows": {"name": {"any_": ["collect"]}}}).encode()
    request = urllib.request.Request(
        f"{api}/artifacts/filter", data=wanted, headers={"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as found:
        return {artifact["key"]: artifact["data"] for artifact in json.load(found)}


def test_the_flow_collects_and_shows_each_visit(
    prefect_environment: dict[str, str], tmp_path: Path
) -> None:
    collection = Collection(tmp_path / "seeds", tmp_path / "data")
    code = (
        "import json, pathlib, sys; from flows.collect import collect; "
        "print(json.dumps(collect(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))))"
    )
    with serve() as site:
        feed = f"<rss><item><link>{site.url('/a')}</link></item></rss>"
        site.routes |= {"/feed": answer(feed.encode()), "/a": answer(b"A page of the site.")}
        collection.source(feeds=[site.url("/feed")], urls=[site.url("/gone")])
        done = subprocess.run(
            [sys.executable, "-c", code, str(collection.seeds), str(collection.data)],
            env=prefect_environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    tally = json.loads(done.stdout.splitlines()[-1])["web"]
    assert (tally["listed"], tally["new"], tally["failed"]) == (2, 1, 1)
    visits = list(Custody(collection.data / "archive").visits())
    assert {v.role for v in visits} == {"robots", "feed", "page"}
    shown = _artifacts(prefect_environment["PREFECT_API_URL"])
    rows = json.loads(shown["collect-visits"])
    assert len(rows) == len(visits)
    failed = {row["url"] for row in rows if row["result"] == "failed"}
    assert site.url("/gone") in failed
    assert "1 new" in shown["collect-summary"]
