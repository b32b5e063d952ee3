"""The documentation as a site: it builds strictly, and a reader's browser asks nobody else."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import DOCS, ROOT

#: What a browser fetches by itself, in pages and in styles; links that people click are none.
_FETCHED = re.compile(
    r"<(?:script|img|iframe|source|video|audio|embed)\b[^>]*\bsrc=[\"']?((?:https?:)?//[^\"'> ]+)"
    r"|<link\b(?![^>]*\brel=[\"']?canonical)[^>]*\bhref=[\"']?((?:https?:)?//[^\"'> ]+)"
)
_STYLED = re.compile(r"(?:url\(|@import\s+)[\"']?((?:https?:)?//[^\"') ]+)")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    nowhere = "http://127.0.0.1:9"
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", folder],
        cwd=ROOT,
        env={
            **os.environ,
            "NO_MKDOCS_2_WARNING": "1",
            **dict.fromkeys(("http_proxy", "https_proxy", "HTTPS_PROXY"), nowhere),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_every_page_is_there(site: Path) -> None:
    pages = {page.stem for page in DOCS.glob("*.md")}
    assert {page.stem for page in site.glob("*.html")} == pages | {"404"}
    assert "From a folder of articles" in (site / "tutorial.html").read_text("utf-8")


def test_nothing_is_fetched_from_elsewhere(site: Path) -> None:
    looked = 0
    for path in site.rglob("*"):
        if path.suffix in (".html", ".css"):
            looked += 1
            found = (_FETCHED if path.suffix == ".html" else _STYLED).findall(
                path.read_text("utf-8")
            )
            assert found == [], path
    assert looked > 10


def test_it_would_be_noticed() -> None:
    for page in (
        '<script src="https://cdn.example/x.js">',
        '<link rel="stylesheet" href="//fonts.example/css">',
        "<img alt='x' src='https://x.example/a.png'>",
    ):
        assert _FETCHED.findall(page)
    assert _STYLED.findall("@import url(https://fonts.example)")
