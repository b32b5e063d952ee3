"""What is merged, what is linked as a variant, and what is left alone: case by case."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
import pytest

from onrecord.job import release
from onrecord.settings import Settings


class Case(NamedTuple):
    """Two texts and what the second is to the first."""

    name: str
    first: str
    second: str
    relation: str  # of the second: exact, near, contained; variant or apart where both stay
    detail: str | None = None  # its residue, or what makes the variant


QUOTE = "The judiciary is part of the domestic repression and cannot be trusted to bring justice."
REPORT = (
    "Residents of the northern district said that the water supply was cut on the first day of "
    "the operation, and that the clinic had run out of medicine before the road was opened again."
)
LONG = (
    "The ministry published the figures on its site late in the evening. " + REPORT + " Aid groups "
    "asked for access to the valley, where some forty families were still waiting for shelter."
)
FIRST = "The ministry published the figures on its site late in the evening."
LAST = "Aid groups asked for access to the valley, where forty families waited for shelter."
TEMPLATE = (
    "At least {} people were killed when a shell hit a market in the town of {} on {}, {} said."
)


def template(n: str, town: str, day: str, who: str) -> str:
    return TEMPLATE.format(n, town, day, who)


BASE = template("12", "Maradi", "Monday", "Colonel Haruna")

CASES = [
    Case("case and quotes", "“" + REPORT + "”", '"' + REPORT.upper() + '"', "exact"),
    Case("white space", "A " + REPORT, "A  " + REPORT.replace(" ", "\u00a0"), "exact"),
    Case("soft hyphens", "B " + REPORT, "B " + REPORT.replace("dis", "dis\u00ad"), "exact"),
    Case("decomposed", "Café " + REPORT, "Cafe\u0301 " + REPORT, "exact"),
    Case("full width", "C 2019 " + REPORT, "C ２０１９ " + REPORT, "exact"),
    Case("glued after", "D " + QUOTE, "D " + QUOTE + "”Mr .Doyle", "near", "Mr .Doyle"),
    Case("glued before", "E " + QUOTE, "Mrs. Doyle,“E " + QUOTE, "near", "Mrs. Doyle,"),
    Case("cut at the end", "F " + REPORT, "F " + REPORT[:150], "contained"),
    Case("cut short", "G " + LONG, "G " + LONG[:130], "contained"),
    Case("caption in the middle", "H " + LONG, LONG[72:200], "contained"),
    Case("an article left out", "I " + REPORT, "I " + REPORT.replace("the cli", "cli"), "near"),
    Case("a title", "I1 " + REPORT + " said Doyle", "I1 " + REPORT + " said Mrs. Doyle", "near"),
    Case("a link", "I2 in the report " + REPORT,
         "I2 in the [report](https://example.org/2019/report) " + REPORT, "near"),
    Case("words left out", "J " + REPORT, "J " + REPORT.replace("of medicine ", ""),
         "variant", "wording"),
    Case("hedged inside", "J1 " + REPORT, "J1 " + REPORT.replace("was cut", "was allegedly cut"),
         "variant", "negation"),
    Case("doubted before", "J2 " + REPORT, "It is a lie that J2 " + REPORT, "variant", "negation"),
    Case("withdrawn after", "J3 " + REPORT,
         "J3 " + REPORT[:-1] + ", a claim that was later withdrawn.", "variant", "negation"),
    Case("the opposite", "J4 he was found guilty and " + REPORT,
         "J4 he was found innocent and " + REPORT, "variant", "wording"),
    Case("qualified inside", "J5 " + REPORT, "J5 " + REPORT.replace("the road", "half the road"),
         "variant", "number"),
    Case("words glued", "X " + REPORT, "X " + REPORT.replace("water supply", "watersupply"),
         "near"),
    Case("cut inside a word", "Y " + REPORT, "Y " + REPORT[:-12], "near"),
    Case("other plain word", "Z " + REPORT, "Z " + REPORT.replace("opened", "bombed"),
         "variant", "wording"),
    Case("name in lower case", "0 team photo of catherine with " + REPORT.lower(),
         "0 team photo of aaron with " + REPORT.lower(), "variant", "wording"),
    Case("misspelt name", BASE + " 1", BASE.replace("Maradi", "Maraddi") + " 1",
         "variant", "name"),
    Case("a name nobody knows", BASE.replace("Haruna", "Harunda") + " 1",
         BASE + " 1", "variant", "name"),
    Case("other number", BASE + " 2", template("13", "Maradi", "Monday", "Colonel Haruna") + " 2",
         "variant", "number"),
    Case("number in words", REPORT + " J five", REPORT + " J seven", "variant", "number"),
    Case("other town", BASE + " 3", template("12", "Zinder", "Monday", "Colonel Haruna") + " 3",
         "variant", "name"),
    Case("one-letter names", BASE.replace("Maradi", "Iran") + " 4",
         BASE.replace("Maradi", "Iraq") + " 4", "variant", "name"),
    Case("other day", BASE + " 5", template("12", "Maradi", "Friday", "Colonel Haruna") + " 5",
         "variant", "date"),
    Case("other date", "On 23 March " + REPORT, "On 27 March " + REPORT, "variant", "date"),
    Case("other speaker", QUOTE + " K, said Doyle", QUOTE + " K, said Boyle", "variant", "name"),
    Case("negated inside", "L " + REPORT, "L " + REPORT.replace("was cut", "was not cut"),
         "variant", "negation"),
    Case("negated before", "M m " + REPORT, "It is not true that M m " + REPORT,
         "variant", "negation"),
    Case("contraction", "N they can " + REPORT, "N they can't " + REPORT, "variant", "negation"),
    Case("signs", "O rose +5% and " + REPORT, "O rose −5% and " + REPORT, "variant", "symbol"),
    Case("currency", "P paid $10 and " + REPORT, "P paid €10 and " + REPORT, "variant", "symbol"),
    Case("superscript", "Q for 10⁹ and " + REPORT, "Q for 109 and " + REPORT, "variant", "number"),
    Case("comparison", "R p < 0.05 and " + REPORT, "R p > 0.05 and " + REPORT, "variant", "symbol"),
    Case("swapped numbers", "S 12 were killed and 15 were hurt. " + REPORT,
         "S 15 were killed and 12 were hurt. " + REPORT, "variant", "number"),
    Case("swapped names", "T Doyle accused Boyle of it. " + REPORT,
         "T Boyle accused Doyle of it. " + REPORT, "variant", "name"),
    Case("other number in a caption", "U " + LONG.replace("forty", "40"),
         "The operation began, and some 60 families were still waiting for shelter.", "apart"),
    Case("sentences in another order", "AA one. " + FIRST + " " + REPORT + " " + LAST,
         "AA one. " + LAST + " " + FIRST + " " + REPORT, "near"),
    Case("a filler moved", "AB the road is currently open. " + REPORT,
         "AB the road currently is open. " + REPORT, "near"),
    Case("a perfect tense", "AC he has said that " + REPORT, "AC he also said that " + REPORT,
         "near"),
    Case("a unit spelt out", "AD within 12 km " + REPORT, "AD within 12 kilometres " + REPORT,
         "near"),
    Case("the same number in words", "AE at 5 points " + REPORT, "AE at five points " + REPORT,
         "near"),
    Case("an abbreviation spelt out", "AF for the World Health Organization (WHO) " + REPORT,
         "AF for the WHO " + REPORT, "near"),
    Case("a name spelt out otherwise", "AG for the World Trade Organization (WHO) " + REPORT,
         "AG for the WHO " + REPORT, "variant", "name"),
    Case("an address behind", "AH " + REPORT + " (https://example.org/a/long/path/to/it)",
         "AH " + REPORT + " The clinic was closed on the same day, as nurses told aid groups.",
         "contained"),
    Case("two attributions, one with a name", "“AI " + QUOTE + ",” he added.",
         "“AI " + QUOTE + ",” said Jane Doyle, the lawyer.", "near"),
    Case("two attributions with names", "“AJ " + QUOTE + ",” Mr Boyle added.",
         "“AJ " + QUOTE + ",” said Jane Doyle, the lawyer.", "variant", "name"),
    Case("named in front and behind", "Jane Doyle: “AK " + QUOTE + "”",
         "“AK " + QUOTE + "” John Boyle", "variant", "name"),
    Case("a dateline", "MARADI – " + REPORT, "Last week r" + REPORT[1:] + " " + LAST, "contained"),
    Case("two datelines", "MARADI – " + REPORT, "ZINDER – " + REPORT, "variant", "name"),
    Case("a label before an answer", FIRST + "A. " + FIRST + " " + REPORT,
         "She spoke. " + FIRST + " " + REPORT + " " + LAST, "contained"),
    Case("cut with an ellipsis before a negation", "AM they said that they …",
         "AM they said that they have not been asked for their view. " + REPORT, "apart"),
    Case("a preposition before a number", "AN rose to 5 points as " + REPORT,
         "AN rose 5 points as " + REPORT, "variant", "wording"),
    Case("other prepositions", "AO the aid sent to the valley " + REPORT,
         "AO the aid sent of the valley " + REPORT, "variant", "wording"),
    Case("and, or", "AP the clinic and school said " + REPORT,
         "AP the clinic or school said " + REPORT, "variant", "wording"),
    Case("a list without its or", "AS they lost water or power. " + REPORT,
         "AS they lost water, power. " + REPORT, "variant", "wording"),
    Case("a compound", "Please update your packages of the old cups.",
         "Please update your packages of the old cups-filters.", "variant", "wording"),
    Case("another of the kind", "A flaw in the parser was found by the team.",
         "Another flaw in the parser was found by the team.", "variant", "name"),
    Case("a number in front and behind", "150 " + QUOTE, QUOTE + " 170", "variant", "number"),
    Case("other titles", "AQ it was seen by Mr Doyle. " + REPORT,
         "AQ it was seen by Mrs Doyle. " + REPORT, "variant", "name"),
    Case("another tense", "AR the town has wells. " + REPORT, "AR the town had wells. " + REPORT,
         "variant", "wording"),
    Case("a heading in a sentence", "The Clean Rivers and Lakes Protection Act of 2007:",
         "She had introduced the Clean Rivers and Lakes Protection Act of 2007 to stop it. "
         + REPORT, "apart"),
    Case("two slips in a short text", "Please ask first whether everyone diercts you end follow.",
         "Please ask first whether everyone directs you and follow.", "variant", "wording"),
    Case("an apostrophe is no pause", "The country’s steel production stood at 16 million tons.",
         REPORT + " Last year Iran’s steel production stood at 16 million tons. " + LAST,
         "variant", "number"),
    Case("short and different", "Contact: Jane Doyle", "Contact: John Doyle", "apart"),
    Case("no tokens", "***", "---", "apart"),
]  # fmt: skip


@pytest.fixture(scope="module")
def published(
    tmp_path_factory: pytest.TempPathFactory, make_source: Callable[..., Path]
) -> dict[str, pl.DataFrame]:
    """All cases in one release; each pair has a folder, and no words that another has first."""
    root = tmp_path_factory.mktemp("cases")
    releases = {}
    for i, case in enumerate(CASES):
        seeds = root / f"{i}"
        files = {"a.txt": case.first.encode(), "b.txt": case.second.encode()}
        if case.name == "misspelt name":  # the corpus knows the right one well
            files["c.txt"] = b"Maradi lies in the south.\nThe road to Maradi is open."
        if case.name == "one-letter names":  # both names are common in the corpus
            files["c.txt"] = b"Iran and Iraq, Iraq and Iran, talked.\nIraq answered Iran."
        make_source(seeds / "seeds", "cases", files, publication="full", language="en")
        path = release(seeds / "seeds", seeds / "data", Settings()).path
        tables = ("documents", "occurrences", "variants")
        releases[case.name] = {
            t: pl.read_parquet(path / "parquet" / f"{t}.parquet") for t in tables
        }
    return releases  # type: ignore[return-value]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_relation(published: Any, case: Case) -> None:
    tables = published[case.name]
    rows = (
        tables["occurrences"]
        .join(tables["documents"].select("document_id", "path"), on="document_id")
        .sort("path", "position")
    )
    first, second = (rows.filter(path=name).to_dicts()[0] for name in ("a.txt", "b.txt"))
    variants = tables["variants"].to_dicts()
    if case.relation in ("variant", "apart"):
        assert first["relation"] == second["relation"] == "canonical"
        assert first["paragraph_id"] != second["paragraph_id"]
        linked = [{v["paragraph_id"], v["other_id"]} for v in variants]
        pair = {first["paragraph_id"], second["paragraph_id"]}
        assert (pair in linked) == (case.relation == "variant")
        if case.relation == "variant":
            assert variants[linked.index(pair)]["difference"] == case.detail
        return
    assert {first["relation"], second["relation"]} == {"canonical", case.relation}
    assert first["paragraph_id"] == second["paragraph_id"]
    assert variants == []
    if case.detail:
        assert second["residue"] == case.detail


def test_a_footer_is_no_part_of_the_article_it_got_glued_to(
    tmp_path: Path, make_source: Callable[..., Path]
) -> None:
    footer = "All content by this agency is licensed under a Creative Commons licence."
    files = {f"{i}.txt": f"Story number {i} of the day.\n{footer}\n".encode() for i in range(6)}
    files["0-long.txt"] = f"{LONG} {footer}\n".encode()
    make_source(tmp_path / "seeds", "agency", files, publication="full", language="en")
    path = release(tmp_path / "seeds", tmp_path / "data", Settings()).path
    paragraphs = pl.read_parquet(path / "parquet" / "paragraphs.parquet").filter(text=footer)
    assert paragraphs.select("n_documents", "boilerplate").rows() == [(6, True)]
