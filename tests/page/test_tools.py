"""The page as the tools of others see it: axe on every view, and the bundle built again."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from onrecord.page import render
from tests.page.conftest import Tab

pytestmark = pytest.mark.ecosystem
WEB = render.HERE / "web"
AXE = WEB / "node_modules" / "axe-core" / "axe.min.js"
SERIOUS = {"serious", "critical"}


def _views(release: Path) -> list[str]:
    occurrences = pl.read_parquet(release / "parquet" / "occurrences.parquet")
    documents = pl.read_parquet(release / "parquet" / "documents.parquet")
    variants = pl.read_parquet(release / "parquet" / "variants.parquet")
    near = occurrences.filter(pl.col("relation") == "near")
    composite = occurrences.filter(pl.col("relation") == "composite")
    persian = documents.filter(pl.col("language") == "fa")
    return [
        "#/",
        *(f"#/document/{rows['document_id'][0]}" for rows in (near, composite, persian)),
        f"#/paragraph/{near['paragraph_id'][0]}",
        f"#/paragraph/{variants['paragraph_id'][0]}",
        "#/table/occurrences",
        "#/search/human%20rights",
        f"#/paragraph/p{'0' * 20}",
    ]


@pytest.mark.skipif(not AXE.exists(), reason="no axe-core: `make test-ecosystem` brings it")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing_serious(
    tab: Callable[..., Tab], seed_page: str, seed_release: Path, scheme: str, width: int
) -> None:
    shown = tab(
        bypass_csp=True, color_scheme=scheme, viewport={"width": width, "height": 900}
    ).open(seed_page)
    shown.page.add_script_tag(content=AXE.read_text("utf-8"))
    found = []
    for view in _views(seed_release):
        shown.go(view)
        shown.page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
        result = shown.page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
        found += [
            f"{view}: {one['id']}: {one['nodes'][0]['html'][:200]}"
            for one in result["violations"]
            if one["impact"] in SERIOUS
        ]
    assert found == []


@pytest.mark.skipif(not AXE.exists(), reason="no esbuild: `make test-ecosystem` brings it")
def test_the_bundle_built_again_is_the_committed_one(tmp_path: Path) -> None:
    copy = tmp_path / "page" / "web"
    shutil.copytree(WEB, copy, symlinks=True)
    (tmp_path / "page" / "assets").mkdir()
    subprocess.run(["node", "build.mjs"], cwd=copy, check=True, capture_output=True)
    for name in ("page.js", "LICENSES.txt", "sources.sha256"):
        built = (tmp_path / "page" / "assets" / name).read_bytes()
        assert built == (render.HERE / "assets" / name).read_bytes(), f"{name}: run `make page`"


def test_dependencies_of_the_bundle_are_pinned_and_licensed() -> None:
    package = json.loads((WEB / "package.json").read_text("utf-8"))
    licences = (render.HERE / "assets" / "LICENSES.txt").read_text("utf-8")
    for name, version in package["dependencies"].items():
        assert version[0].isdigit()
        assert f"{name} {version}\n" in licences
    assert licences.count("Permission is hereby granted") == len(package["dependencies"])
