"""The page in a real browser: what it shows is what the tables say."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import polars as pl
import pytest

from tests.page.conftest import HOSTILE, SECRET, Tab

ARTICLE = "000_670b2b72983f2036.txt"


def _table(release: Path, name: str) -> pl.DataFrame:
    return pl.read_parquet(release / "parquet" / f"{name}.parquet")


@pytest.fixture(scope="module")
def article(seed_release: Path) -> str:
    """The id of the first seed."""
    rows = _table(seed_release, "documents").filter(pl.col("path") == ARTICLE)
    found: str = rows["document_id"][0]
    return found


def test_overview_says_what_is_in_the_release(
    tab: Callable[..., Tab], seed_page: str, seed_release: Path
) -> None:
    shown = tab().open(seed_page)
    figures = json.loads((seed_release / "quality.json").read_text("utf-8"))
    counts = [figures[name] for name in ("documents", "blocks", "paragraphs")]
    assert shown.texts(".counts dd")[:3] == [f"{n:,}" for n in counts]
    assert shown.page.locator("svg.chart").count() >= 2
    sums = (seed_release / "SHA256SUMS").read_text("utf-8")
    for digest in shown.texts(".files .digest"):
        assert digest in sums
    assert shown.complaints == []
    assert {url.split("/")[2] for url in shown.requests if not url.startswith("data:")} == {
        seed_page.split("/")[2]
    }


def test_document_is_shown_as_it_was_printed(
    tab: Callable[..., Tab], seed_page: str, seed_release: Path, article: str
) -> None:
    shown = tab().open(f"{seed_page}#/document/{article}")
    blocks = _table(seed_release, "occurrences").filter(pl.col("document_id") == article)
    texts = [text.replace("\r\n", "\n") for text in blocks["text"].to_list()]
    assert shown.texts(".block .body > .text") == texts
    for relation, n in blocks["relation"].value_counts().iter_rows():
        assert shown.page.locator(f".block.{relation}").count() == n
    assert "Mr .Blackman" in shown.texts(".block.near mark.residue")
    assert shown.texts("#block-2 mark.residue") == ["rom"]
    assert "Rehman.rom" in shown.text("#block-2 .text").replace("\n", "")
    assert shown.complaints == []


def test_a_repeat_leads_to_its_paragraph_and_back(
    tab: Callable[..., Tab], seed_page: str, seed_release: Path, article: str
) -> None:
    shown = tab(permissions=["clipboard-read", "clipboard-write"])
    shown.open(f"{seed_page}#/document/{article}")
    near = shown.page.locator(".block.near").first
    near.locator("summary").click()
    assert "The judiciary is part" in near.locator(".lean").inner_text()
    near.locator(".label a").click()
    shown.settled()
    name = shown.text("h1 code")
    paragraph = _table(seed_release, "paragraphs").filter(pl.col("paragraph_id") == name)
    assert shown.text(".wording") == paragraph["text"][0]
    assert shown.page.locator(".place").count() == paragraph["n_occurrences"][0]
    assert shown.page.evaluate("document.activeElement.tagName") == "H1"
    shown.page.locator("#cite-paragraph + .copy").click()
    shown.page.wait_for_timeout(100)
    copied = shown.page.evaluate("navigator.clipboard.readText()")
    assert copied == shown.text("#cite-paragraph")
    assert f"index.html#/paragraph/{name}" in copied
    assert "127.0.0.1" not in copied  # an address of this machine leads nobody else anywhere
    assert copied.startswith("“The judiciary is part")
    assert "The Onrecord project" in copied
    shown.page.locator(".place.near a").first.click()
    shown.settled()
    assert shown.page.locator(".block.target").get_attribute("id") == "block-10"


def test_who_goes_back_finds_the_place_again(
    tab: Callable[..., Tab], seed_page: str, article: str
) -> None:
    shown = tab().open(f"{seed_page}#/document/{article}")
    link = shown.page.locator("#block-15 .label a")
    link.scroll_into_view_if_needed()
    left = shown.page.evaluate("window.scrollY")
    assert left > 0
    link.click()
    shown.settled()
    assert shown.page.evaluate("window.scrollY") == 0
    shown.page.go_back()
    shown.settled()
    assert shown.page.evaluate("window.scrollY") == left


def test_variants_stand_side_by_side(
    tab: Callable[..., Tab], seed_page: str, seed_release: Path
) -> None:
    pairs = _table(seed_release, "variants").filter(pl.col("difference") == "number")
    texts = dict(_table(seed_release, "paragraphs").select("paragraph_id", "text").iter_rows())
    row = min(pairs.iter_rows(named=True), key=lambda row: len(texts[row["paragraph_id"]]))
    shown = tab().open(f"{seed_page}#/paragraph/{row['paragraph_id']}")
    sides = shown.texts(".alike .side .text")
    assert texts[row["paragraph_id"]] in sides
    assert texts[row["other_id"]] in sides
    marked = " ".join(shown.texts(".alike .differs"))
    words = f"{row['these_words'] or ''} {row['other_words'] or ''}".split()
    assert any(word in marked for word in words)


def test_table_is_filtered_sorted_and_loaded_whole(
    tab: Callable[..., Tab], seed_page: str, seed_release: Path
) -> None:
    rows = _table(seed_release, "paragraphs")
    shown = tab().open(f"{seed_page}#/table/paragraphs")
    assert shown.page.locator("table.data tbody tr").count() == 100
    assert f"the first 200 of {rows.height:,} rows" in shown.text("#view [role=status]")
    shown.page.get_by_role("button", name="Load all").click()
    shown.until("/^all [0-9]/.test(document.querySelector('#view [role=status]').textContent)")
    shown.page.get_by_role("button", name="n_tokens").click()
    shown.page.get_by_role("button", name="n_tokens").click()
    column = rows.columns.index("n_tokens") + 1
    cells = shown.texts(f"table.data tbody td:nth-child({column})")
    assert [int(cell) for cell in cells] == rows["n_tokens"].sort(descending=True)[:100].to_list()
    shown.page.locator("#filter").fill("boumedra")
    found = rows.filter(pl.col("text").str.to_lowercase().str.contains("boumedra"))
    assert shown.page.locator("table.data tbody tr").count() == found.height
    shown.go("#/table/documents?source_id=udhr")
    assert shown.page.locator("table.data tbody tr").count() == 9
    assert shown.text("#view .lede").startswith("One row for each document")
    assert shown.complaints == []


@pytest.mark.parametrize(
    "query", ["domestic repression", "حقوق بشر", "人权", "30,000 Élysée", "droits"]
)
def test_search_finds_what_the_texts_say(
    tab: Callable[..., Tab], seed_page: str, seed_release: Path, query: str
) -> None:
    from onrecord.page.terms import words

    asked = set(pl.select(words(pl.lit(query)))["literal"][0].to_list())
    rows = _table(seed_release, "paragraphs").drop_nulls("text")
    folded = rows.with_columns(words=words(pl.col("text")))
    expected = [row["text"] for row in folded.iter_rows(named=True) if asked <= set(row["words"])]
    shown = tab().open(f"{seed_page}#/search/{quote(query)}")
    while shown.page.locator("button.more:visible").count():
        shown.page.locator("button.more:visible").click()
        shown.until("!document.querySelector('button.more').disabled")
    found = shown.texts(".result .text")
    assert len(found) == len(expected)
    assert {text for text in found if "…" not in text} <= set(expected)


def test_hostile_text_stays_text(
    tab: Callable[..., Tab], serve: Callable[[Path], str], hostile_data: Path
) -> None:
    url = serve(hostile_data)
    release = hostile_data / "releases" / "1.1.0"
    shown = tab().open(url)
    for name in _table(release, "documents")["document_id"].to_list():
        shown.go(f"#/document/{name}")
    (name,) = _table(release, "documents").filter(pl.col("path") == "b.txt")["document_id"]
    shown.go(f"#/document/{name}")
    assert shown.texts(".block .body > .text") == list(HOSTILE)
    for paragraph in _table(release, "paragraphs")["paragraph_id"].to_list():
        shown.go(f"#/paragraph/{paragraph}")
    for table in ("sources", "documents", "occurrences", "paragraphs"):
        shown.go(f"#/table/{table}")
    shown.go("#/search/%3Cscript%3E")
    assert "<script>window.pwned" in "".join(shown.texts(".result .text"))
    shown.go("#/document/%3Cimg%20src%3Dx%3E")
    shown.go("#/nothing/%E0%A4%A")
    assert shown.page.evaluate("window.pwned") is None
    assert shown.complaints == []
    assert shown.page.locator("a[href^='javascript']").count() == 0


def test_versions_can_be_chosen(
    tab: Callable[..., Tab], serve: Callable[[Path], str], hostile_data: Path
) -> None:
    shown = tab().open(serve(hostile_data))
    shown.page.wait_for_selector("#versions:not([hidden])")
    assert shown.texts("#versions option") == ["1.1.0", "1.0.0"]
    shown.page.locator("#versions").select_option("1.0.0")
    shown.page.wait_for_url("**/1.0.0/index.html*")
    shown.page.get_by_text("all versions").click()
    shown.page.wait_for_url("**/index.html")
    assert shown.texts("tbody th a") == ["1.1.0", "1.0.0"]
    assert shown.complaints == []


def test_withheld_text_is_nowhere_in_the_page(hostile_data: Path) -> None:
    release = hostile_data / "releases" / "1.1.0"
    words = SECRET.lower().replace(".", "").split()
    held = (release / "index.html").read_text("utf-8")
    for path in sorted((release / "view").rglob("*.parquet")):
        held += str(pl.read_parquet(path).to_dicts())
    for rare in ("sealed", "ledger", "cobbler"):
        assert rare in words
        assert rare not in held


def test_from_a_disk_all_that_needs_no_data_is_there(
    tab: Callable[..., Tab], seed_release: Path
) -> None:
    shown = tab().open((seed_release / "index.html").as_uri())
    assert "onrecord preview" in shown.text("#notice")
    assert shown.page.locator("#overview .chart").first.is_visible()
    assert shown.page.locator("#search").is_hidden()
    shown.go("#/table/paragraphs")
    assert "This needs data" in shown.text("#view h1")
    assert shown.complaints == []


def test_without_scripts_everything_that_needs_no_data_is_there(
    tab: Callable[..., Tab], seed_page: str
) -> None:
    shown = tab(java_script_enabled=False)
    shown.page.goto(seed_page)
    for part in ("read", "what", "tables", "downloads", "load", "cite", "rights", "changes"):
        assert shown.page.locator(f"#{part}").is_visible()
    assert shown.page.locator(".snippet").count() >= 5
    assert "@misc{" in shown.text("#cite-bibtex")


@pytest.mark.parametrize(
    ("view", "limit"),
    [
        ("#/table/paragraphs", 500_000),
        ("#/table/occurrences", 500_000),
        ("#/document/{article}", 400_000),
        ("#/search/human%20rights", 500_000),
    ],
)
def test_a_view_fetches_little(
    tab: Callable[..., Tab], seed_page: str, article: str, view: str, limit: int
) -> None:
    shown = tab().open(seed_page + view.format(article=article))
    traffic = shown.page.evaluate("window.onrecord.traffic")
    assert 0 < traffic["bytes"] <= limit
    assert traffic["requests"] <= 20


def test_narrow_screens_need_no_scrolling_sideways(
    tab: Callable[..., Tab], seed_page: str, article: str
) -> None:
    shown = tab(viewport={"width": 360, "height": 700}).open(seed_page)
    for fragment in ("#/", f"#/document/{article}", "#/table/occurrences", "#/search/rights"):
        shown.go(fragment)
        width = shown.page.evaluate("document.documentElement.scrollWidth")
        assert width <= 360, fragment
    shown.page.get_by_text("all versions").click()
    shown.page.wait_for_url(re.compile(r"(?<!0)/index\.html$"))
    assert shown.page.evaluate("document.documentElement.scrollWidth") <= 360


def test_an_unknown_id_is_said_to_be_unknown(tab: Callable[..., Tab], seed_page: str) -> None:
    shown = tab().open(f"{seed_page}#/paragraph/p{'0' * 20}")
    assert "Not in this release" in shown.text("#view h1")
