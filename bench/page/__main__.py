"""``python -m bench.page``: transfer figures of the page, in a real browser.

Releases of several sizes are made of real paragraphs, multiplied, through the real plan and the
real writers. Headless Chromium opens each view in a fresh tab; counted is every byte that the
page fetched for it, the directory of the view files included.
"""

import argparse
import json
import shutil
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import uvicorn
from numpy.typing import NDArray
from playwright.sync_api import Browser, sync_playwright

import bench.lookup.corpus as made_up
from bench.corpus import ROOT, open_corpus
from bench.speed.machine import machine, versions
from bench.speed.process import Meter
from onrecord.ingest.sources import Source
from onrecord.page import write as page
from onrecord.page.serve import application, find, listen
from onrecord.release import publish as publishing
from onrecord.release.catalog import release_path, releases_folder
from onrecord.release.changes import plan
from onrecord.release.describe import quality
from onrecord.release.retire import Fates
from onrecord.settings import Settings

RESULTS = ROOT / "bench" / "results"
CREATED = "2026-01-01T00:00:00Z"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-sync", "--no-first-run"]
SHORTEST = 60
#: What may be fetched at most, in bytes.
LIMITS = {"first rows": 500_000, "document": 400_000, "paragraph": 400_000, "search": 500_000}


def _lines() -> NDArray[np.object_]:
    """The paragraphs of the corpus, in its order."""
    found = []
    for file in open_corpus().files:
        for line in file.data.decode("utf-8", "replace").splitlines():
            text = line.strip()
            if len(text) > SHORTEST:
                found.append(text)
    return np.array(found, object)


def make(data: Path, paragraphs: int) -> dict[str, float]:
    """Publish one release of so many paragraphs; return CPU seconds of publishing and its page."""
    lines = _lines()

    def texts(numbers: NDArray[np.int64]) -> NDArray[np.object_]:
        again = np.char.mod(" %d.", numbers // lines.size).astype(object)
        given: NDArray[np.object_] = lines[numbers % lines.size] + again
        return given

    made_up._texts = texts
    rows = made_up.tables(made_up.Documents(np.arange(paragraphs // made_up.OWN), paragraphs, 0))
    releases_folder(data).mkdir(parents=True, exist_ok=True)
    sources = [
        Source(id=f"source-{i}", title=f"Source {i}", origin="made up", basis="made up")
        for i in range(made_up.SOURCES)
    ]
    planned = plan(rows, None, Fates(), [])
    figures = quality(planned.tables)
    whole, own = Meter(), Meter()

    def timed(*given: Any) -> None:
        with own:
            page.write_page(*given)

    publishing.write_page = timed  # type: ignore[assignment]
    with whole:
        publishing.publish(planned, figures, None, sources, data, Settings(), CREATED)
    return {"publish": whole.used.cpu, "page": own.used.cpu}


def _addresses(release: Path) -> dict[str, str]:
    """What is opened, by what it shows."""
    rows = pl.read_parquet(release / "parquet" / "paragraphs.parquet")
    once = rows.filter(pl.col("n_occurrences") == 1)[rows.height // 3]
    twice = rows.filter(pl.col("n_occurrences") == 2)[rows.height // 50]
    often = rows.sort("n_occurrences", descending=True)[0]
    words = once["text"][0].split()
    return {
        "first rows of paragraphs": "#/table/paragraphs",
        "first rows of occurrences": "#/table/occurrences",
        "document": f"#/document/{once['document_id'][0]}",
        "paragraph in one place": f"#/paragraph/{once['paragraph_id'][0]}",
        "paragraph in two places": f"#/paragraph/{twice['paragraph_id'][0]}",
        f"paragraph in {often['n_occurrences'][0]:,} places": "#/paragraph/"
        + often["paragraph_id"][0],
        "search for one word": "#/search/parliament",
        "search for two words": "#/search/foreign%20minister",
        "search for a phrase": "#/search/" + "%20".join(words[:5]),
        "search for a common word": "#/search/the",
    }


def _open(browser: Browser, url: str) -> dict[str, float]:
    context = browser.new_context()
    tab = context.new_page()
    began = time.perf_counter()
    tab.goto(url)
    while tab.evaluate("!window.onrecord || !!document.querySelector('[aria-busy], .loading')"):
        tab.wait_for_timeout(10)
    took = time.perf_counter() - began
    traffic: dict[str, float] = tab.evaluate("window.onrecord.traffic")
    title = tab.evaluate("document.querySelector('#view h1').textContent")
    context.close()
    if title.startswith(("Not in", "This can")):
        raise SystemExit(f"{url}: {title}")
    return {**traffic, "seconds": round(took, 2)}


def measure(data: Path) -> dict[str, dict[str, float]]:
    """Open every kind of view of the latest release."""
    shown = find(str(data), None)
    listener = listen(0)
    server = uvicorn.Server(uvicorn.Config(application(shown), log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}{shown.start}"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        found = {
            name: _open(browser, url + hash)
            for name, hash in _addresses(release_path(data)).items()
        }
        browser.close()
    server.should_exit = True
    thread.join()
    return found


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def report(figures: dict[str, Any]) -> str:
    """The figures as Markdown."""
    sizes = figures["sizes"]
    names: list[str] = []
    for one in sizes.values():
        names += [name for name in one["views"] if not name.endswith("places")]
    names = list(dict.fromkeys([*names, "paragraph in one place", "paragraph in two places"]))
    lines = [
        "# The page\n\nWritten by `python -m bench.page`; kB fetched (requests) to show each view "
        "in a fresh tab.\n",
        "| view | " + " | ".join(f"{int(n):,} paragraphs" for n in sizes) + " | limit |",
        "| --- |" + " ---: |" * (len(sizes) + 1),
    ]
    for size in sizes.values():
        names += [name for name in size["views"] if name not in names]
    for name in names:
        cells = []
        for size in sizes.values():
            view = size["views"].get(name)
            cells.append(f"{view['bytes'] / 1000:,.0f} ({view['requests']:.0f})" if view else "")
        limit = next((n for kind, n in LIMITS.items() if name.startswith(kind)), 0)
        lines.append(f"| {name} | " + " | ".join(cells) + f" | {limit / 1000:,.0f} |")
    lines += [
        "",
        "| | " + " | ".join(f"{int(n):,} paragraphs" for n in sizes) + " |",
        "| --- |" + " ---: |" * len(sizes),
    ]
    for name in ("publish, CPU s", "of it the page, CPU s", "tables as Parquet, MB", "view, MB"):
        row = [f"{size[name]:,.1f}" for size in sizes.values()]
        lines.append(f"| {name} | " + " | ".join(row) + " |")
    lines += ["", f"Machine: {figures['machine']}", ""]
    return "\n".join(lines)


def main() -> None:
    """Make the releases where they are not there yet, and measure."""
    parser = argparse.ArgumentParser(prog="python -m bench.page", description=__doc__)
    parser.add_argument("--sizes", default="200000,1000000", help="paragraphs")
    parser.add_argument("--data", type=Path, help="keep the releases here, and use them again")
    given = parser.parse_args()
    if CHROMIUM is None:
        raise SystemExit("no Chromium: apt-get install chromium")
    figures: dict[str, Any] = {"machine": machine(), "versions": versions(), "sizes": {}}
    with tempfile.TemporaryDirectory() as room:
        for n in (int(size) for size in given.sizes.split(",")):
            data = (given.data or Path(room)) / str(n)
            costs = data / "costs.json"
            if not costs.exists():
                costs_now = make(data, n)
                costs.write_text(json.dumps(costs_now))
            cost = json.loads(costs.read_text())
            release = release_path(data)
            figures["sizes"][str(n)] = {
                "views": measure(data),
                "publish, CPU s": cost["publish"],
                "of it the page, CPU s": cost["page"],
                "tables as Parquet, MB": _size(release / "parquet") / 1e6,
                "view, MB": _size(release / "view") / 1e6,
            }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "page.json").write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    text = report(figures)
    (RESULTS / "page.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
