"""How a run is cut up changes no result, and what was published keeps its id and wording."""

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from onrecord.dedup.glued import DOCUMENTS
from onrecord.job import release
from onrecord.outcome import Outcome
from onrecord.settings import Settings

SOURCE = """\
title: Generated texts
origin: made by this test
license: null
publication: {publication}
basis: made by this test
language: en
"""
#: Each example makes several releases: too slow to look for the smallest that fails.
SLOW = settings(phases=[Phase.generate], suppress_health_check=[HealthCheck.too_slow])
#: Ids of withheld texts depend on it, so that all data folders of this test have the same.
KEY = bytes(range(32))
FOOTER = "All content by Hamun Press is licensed under a Creative Commons Attribution licence."
SENTENCES = [
    "Residents said that the water supply was cut on the first day of the operation.",
    "The clinic had run out of medicine before the northern road was opened again.",
    "Aid groups asked for access to the valley, where families were waiting for shelter.",
    "At least 12 people were killed when a shell hit a market in the town of Maradi.",
    "The ministry published its figures on the website late in the evening of 3 May.",
    "A spokesman did not answer questions about the detained drivers of the convoy.",
    "Traders said wheat had become dearer since the border post at Kesh shut its gates.",
    "Der Fährmann von Lissa läßt sein Boot seit dem Sturm im März an der Mole liegen.",
    "三名司机在清晨看到车队驶上了北方的公路，没有人回答记者的问题。",
]
#: Files by source and name, as text.
Files = Mapping[tuple[str, str], str]


@st.composite
def blocks(draw: st.DrawFn) -> str:
    """Some sentences in some order, often cut, edited or in capitals."""
    text = " ".join(draw(st.lists(st.sampled_from(SENTENCES), min_size=1, max_size=4)))
    words = text.split()
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(0, len(words) - 1))
        words[at] = draw(st.sampled_from(["13", "not", "Zinder", "often", words[at].upper()]))
    text = " ".join(words)
    start = draw(st.sampled_from([0, 0, len(text) // 3]))
    return draw(st.sampled_from(["", "", "Doyle,“", "KESH (Hamun) – "])) + text[start:]


@st.composite
def corpora(draw: st.DrawFn, name: str = "") -> dict[tuple[str, str], str]:
    """A few documents of two sources, and at times so many that their footer is boilerplate."""
    found = {}
    for source in ("daily", "weekly"):
        for i, document in enumerate(draw(st.lists(st.lists(blocks(), max_size=4), max_size=4))):
            found[source, f"{name}{i}.txt"] = "\n".join(document) + "\n"
    if draw(st.booleans()):
        number = draw(st.integers(DOCUMENTS // 2, DOCUMENTS + 3))
        for i in range(number):
            between = draw(st.sampled_from([" ", " ", "", "\n", " MH "]))
            news = draw(st.sampled_from(SENTENCES[:-1]))
            found["daily", f"{name}footed-{i}.txt"] = (
                f"Notice {i} of {number}\nWard {i}: {news}{between}{FOOTER}\n"
            )
    return found


def write(seeds: Path, files: Files, publication: str = "full") -> None:
    """Write files in the order given."""
    for source in ("daily", "weekly"):
        folder = seeds / source
        folder.mkdir(parents=True, exist_ok=True)
        mode = publication if source == "weekly" else "full"
        (folder / "source.yml").write_text(SOURCE.format(publication=mode))
    for (source, name), text in files.items():
        (seeds / source / name).write_text(text, encoding="utf-8")


@contextmanager
def room() -> Iterator[Path]:
    """A folder that is gone afterwards."""
    folder = Path(tempfile.mkdtemp())
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def build(seeds: Path, data: Path, **chosen: Any) -> Outcome:
    (data / "archive").mkdir(parents=True, exist_ok=True)
    (data / "archive" / "key").write_bytes(KEY)
    # Generated texts repeat more than real ones may.
    return release(seeds, data, Settings(allow=("daily", "weekly"), **chosen))


@settings(SLOW, max_examples=10)
@given(
    st.data(),
    corpora(),
    st.sampled_from(["full", "excerpt", "metadata"]),
    st.sampled_from([1, 100, 400, 2_000]),
    st.sampled_from([1, 2, 3]),
)
def test_batches_threads_and_the_order_of_files_change_nothing(
    data: st.DataObject,
    files: dict[tuple[str, str], str],
    publication: str,
    batch_bytes: int,
    threads: int,
) -> None:
    with room() as folder:
        write(folder / "a", dict(sorted(files.items())), publication)
        shuffled = data.draw(st.permutations(sorted(files.items())))
        write(folder / "b", dict(shuffled), publication)
        expected = build(folder / "a", folder / "data-a", threads=1)
        same = build(folder / "b", folder / "data-b", batch_bytes=batch_bytes, threads=threads)
        assert same.content_digest == expected.content_digest
        assert same.figures == expected.figures
        # Nor does the release that follows depend on it.
        more = {("daily", "later.txt"): f"{SENTENCES[0]} {SENTENCES[1]}\nWard 0: {FOOTER}\n"}
        for name in ("a", "b"):
            write(folder / name, more, publication)
        expected = build(folder / "a", folder / "data-a", batch_bytes=batch_bytes, threads=threads)
        same = build(folder / "b", folder / "data-b", threads=1)
        assert (same.version, expected.version) == ("1.1.0", "1.1.0")
        assert same.content_digest == expected.content_digest


def test_a_footer_is_found_over_many_batches() -> None:
    files = {
        ("daily", f"{i}.txt"): f"Notice {i}\nWard {i}: {SENTENCES[i % 8]} {FOOTER}\n"
        for i in range(DOCUMENTS)
    }
    with room() as folder:
        write(folder / "seeds", files)
        digests = set()
        for i, batch_bytes in enumerate((1, 300, 10**7)):
            place, threads = folder / f"data-{i}", 3 - i
            done = build(folder / "seeds", place, batch_bytes=batch_bytes, threads=threads)
            digests.add(done.content_digest)
        texts = table(done.path, "paragraphs")
        assert texts.filter(text=FOOTER)["n_documents"].to_list() == [DOCUMENTS]
        assert len(digests) == 1


def table(path: Path, name: str) -> pl.DataFrame:
    return pl.read_parquet(path / "parquet" / f"{name}.parquet")


def wordings(outcome: Outcome) -> dict[str, str]:
    return dict(table(outcome.path, "paragraphs").select("paragraph_id", "text").iter_rows())


def composites(outcome: Outcome) -> set[str]:
    """Texts of blocks that are made of several paragraphs."""
    return set(table(outcome.path, "occurrences").filter(relation="composite")["text"])


def check_succession(cited: Mapping[str, str], now: Outcome) -> None:
    """Whatever id was published before is there with its wording, or names what is."""
    living = wordings(now)
    gone = {row["record_id"]: row for row in table(now.path, "retired").to_dicts()}
    made_of_others = composites(now)
    for name, text in cited.items():
        if name in living:
            assert living[name] == text
            assert name not in gone
        elif text in made_of_others:  # its parts arrived later: `matches` names them
            assert gone[name]["kind"] == "paragraph"
        else:
            assert gone[name]["successor_id"] in living, (name, text)
            assert gone[name]["reason"] == "superseded"


@settings(SLOW, max_examples=15)
@given(st.data(), corpora("a"), corpora("b"), corpora("0"))
def test_what_was_published_stays_or_names_its_successor(
    data: st.DataObject,
    first: dict[tuple[str, str], str],
    second: dict[tuple[str, str], str],
    third: dict[tuple[str, str], str],
) -> None:
    first["daily", "always.txt"] = f"{SENTENCES[0]}\n{SENTENCES[3]}\n"
    cited: dict[str, str] = {}
    with room() as folder:
        for i, files in enumerate((first, second, third)):
            if i and first:  # some old texts come again: alone, inside others, in capitals
                old = data.draw(st.lists(st.sampled_from(sorted(first.values())), max_size=3))
                for k, text in enumerate(old):
                    line = " ".join(text.split())
                    longer = f"So it was: {line} It is over."
                    # Footers in capitals: see the test below.
                    shouted = text if FOOTER in text else text.upper()
                    changed = st.sampled_from([text, line, shouted, longer])
                    files["weekly", f"{i}-again-{k}.txt"] = data.draw(changed)
            write(folder / "seeds", files)
            now = build(folder / "seeds", folder / "data")
            check_succession(cited, now)
            cited |= wordings(now)


def test_a_line_whose_parts_arrive_later_is_retired_in_their_favour() -> None:
    parts = SENTENCES[:4]
    with room() as folder:
        write(folder / "seeds", {("daily", "line.txt"): " ".join(parts)})
        first = build(folder / "seeds", folder / "data")
        ((name, _),) = wordings(first).items()
        write(folder / "seeds", {("daily", "parts.txt"): "\n".join(parts)})
        second = build(folder / "seeds", folder / "data")
        check_succession(wordings(first), second)
        assert sorted(wordings(second).values()) == sorted(parts)
        assert composites(second) == {" ".join(parts)}
        (row,) = table(second.path, "retired").to_dicts()
        assert (row["record_id"], row["successor_id"]) == (name, None)


def test_a_wording_stays_when_it_is_split_in_one_source_and_not_in_another() -> None:
    def footed(first: int, after: int) -> dict[tuple[str, str], str]:
        return {
            ("daily", f"{i}.txt"): f"Ward {i}: {SENTENCES[i % 8]} {FOOTER}\n"
            for i in range(first, after)
        }

    with room() as folder:
        write(folder / "seeds", footed(0, 10))
        first = build(folder / "seeds", folder / "data")
        capitals = {("weekly", "copy.txt"): f"Ward 0: {SENTENCES[0]} {FOOTER}\n".upper()}
        write(folder / "seeds", footed(10, DOCUMENTS) | capitals)
        second = build(folder / "seeds", folder / "data")
        assert FOOTER in wordings(second).values()
        check_succession(wordings(first), second)
