"""A real browser, and releases served to it by the very code of ``onrecord preview``."""

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from onrecord.page.serve import application, find, listen

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
MakeSource = Callable[..., Path]


@dataclass
class Tab:
    """One page in the browser, and what it asked for and complained of."""

    page: Any
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def open(self, url: str) -> "Tab":
        """Go to an address and wait until it is shown."""
        self.page.goto(url)
        return self.settled()

    def go(self, fragment: str) -> "Tab":
        """Show another view of the same page."""
        self.page.evaluate("hash => { location.hash = hash }", fragment)
        return self.settled()

    def settled(self) -> "Tab":
        """Wait until nothing is being read."""
        self.page.wait_for_timeout(30)
        return self.until("!document.querySelector('[aria-busy], .loading')")

    def until(self, condition: str) -> "Tab":
        """Wait until an expression holds; the page's own policy forbids it to wait itself."""
        deadline = time.monotonic() + 15
        while not self.page.evaluate(condition):
            assert time.monotonic() < deadline, condition
            self.page.wait_for_timeout(20)
        return self

    def text(self, selector: str) -> str:
        """The text of the first element that a selector finds."""
        found: str = self.page.locator(selector).first.text_content()
        return found

    def texts(self, selector: str) -> list[str]:
        """The texts of all elements that a selector finds."""
        found: list[str] = self.page.locator(selector).all_text_contents()
        return found


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Headless Chromium."""
    if CHROMIUM is None:
        pytest.skip("no Chromium: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture
def tab(browser: Any) -> Iterator[Callable[..., Tab]]:
    """Open tabs: ``tab(**settings of the context)``."""
    contexts = []

    def make(**settings: Any) -> Tab:
        context = browser.new_context(**settings)
        contexts.append(context)
        made = Tab(context.new_page())
        made.page.on("request", lambda request: made.requests.append(request.url))
        made.page.on(
            "console",
            lambda said: made.complaints.append(said.text) if said.type == "error" else None,
        )
        made.page.on("pageerror", lambda error: made.complaints.append(str(error)))
        return made

    yield make
    for context in contexts:
        context.close()


def _serve(place: Path) -> tuple[str, uvicorn.Server, threading.Thread]:
    shown = find(str(place), None)
    listener = listen(0)
    server = uvicorn.Server(uvicorn.Config(application(shown), log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.02)
    return f"http://127.0.0.1:{listener.getsockname()[1]}{shown.start}", server, thread


@pytest.fixture(scope="session")
def serve() -> Iterator[Callable[[Path], str]]:
    """Serve a data folder; gives the address of its latest page."""
    running = []

    def start(place: Path) -> str:
        url, server, thread = _serve(place)
        running.append((server, thread))
        return url

    yield start
    for server, thread in running:
        server.should_exit = True
        thread.join(10)


@pytest.fixture(scope="session")
def seed_page(seed_data: Path, serve: Callable[[Path], str]) -> str:
    """The address of the page of the seeds."""
    return serve(seed_data)


HOSTILE = (
    "<script>window.pwned = 1</script><img src=x onerror=window.pwned=2> stays a text, "
    "however often somebody prints it on a page that is read.",
    "</script></style></textarea><svg onload=window.pwned=3> javascript:window.pwned=4 is only "
    "a text as well, and so is \u202egnirts siht\u202c here.",
    "Twelve people were hurt on the bridge that day, as the old town council wrote in a report.",
    "Fifteen people were hurt on the bridge that day, as the old town council wrote in a report.",
)
SECRET = "The sealed ledger names a cobbler whom nobody may quote in any paper of the town."


@pytest.fixture(scope="session")
def hostile_data(tmp_path_factory: pytest.TempPathFactory, make_source: MakeSource) -> Path:
    """Two releases: hostile texts and titles, a closed source, and one document more."""
    from onrecord.job import release
    from onrecord.settings import Settings

    root = tmp_path_factory.mktemp("hostile")
    seeds, data = root / "seeds", root / "data"
    raw = ("\n\n".join(HOSTILE) + "\n").encode()
    folder = make_source(
        seeds,
        "hostile",
        {"a<b>&amp;.txt": raw, "b.txt": raw, "\u202egpj.txt": HOSTILE[2].encode()},
        title="<b>Bold</b> \u202e& </title><script>window.pwned=5</script>",
        origin="javascript:window.pwned=6",
        basis='made "by" <i>a</i> test',
    )
    make_source(seeds, "closed", {"ledger.txt": f"{SECRET}\n".encode()}, publication="metadata")
    release(seeds, data, Settings())
    (folder / "c.txt").write_bytes(b"A new bridge was opened on the same day by the new council.\n")
    release(seeds, data, Settings())
    return data
