"""Random edits: the decided version, and the difference that leads from old to new.

Each example is a corpus and several steps of edits; each step is one decided release. The
default run checks some, ``make test-hostile`` at least 500.
"""

import copy
import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import hypothesis
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from onrecord import job, pipeline
from onrecord.job import release
from onrecord.outcome import Outcome
from onrecord.records.schema import compared, schema
from onrecord.release import publish
from onrecord.release.changes import Previous
from onrecord.release.diff import RECORDS, Pair
from onrecord.release.place import open_release
from onrecord.settings import Settings

Row = dict[str, Any]
SLOW = settings.get_profile("onrecord")
CHECKS = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture]

SENTENCES = [
    "Residents said that the water supply was cut on the first day of the operation.",
    "The clinic had run out of medicine before the road was opened again on Friday.",
    "Aid groups asked for access to the valley, where 300 families were waiting for shelter.",
    "Aid groups asked for access to the valley, where 340 families were waiting for shelter.",
    "Nobody at the ministry would say when the bridge over the river is to be repaired.",
    "A court in the capital heard eleven witnesses, and the trial goes on in the autumn.",
    "***",
    "Photo: Reuters",
]
LINES = st.one_of(
    st.sampled_from(SENTENCES),
    st.sampled_from(SENTENCES).map(str.upper),
    st.lists(st.sampled_from(SENTENCES), min_size=2, max_size=4).map(" ".join),
)
TEXTS = st.lists(LINES, min_size=1, max_size=4).map(lambda lines: "\n".join(lines) + "\n")
MODES = ("full", "excerpt", "metadata")
NAMES = ("a.txt", "b.txt", "c.txt", "d/e.txt")
SOURCES = ("daily", "weekly")

EDITS = st.one_of(
    st.tuples(st.just("write"), st.sampled_from(SOURCES), st.sampled_from(NAMES), TEXTS),
    st.tuples(st.just("remove"), st.sampled_from(SOURCES), st.sampled_from(NAMES)),
    st.tuples(
        st.just("rename"),
        st.sampled_from(SOURCES),
        st.sampled_from(NAMES),
        st.sampled_from([*NAMES, "f.txt"]),
    ),
    st.tuples(st.just("title"), st.sampled_from(SOURCES), st.sampled_from(["One", "Two"])),
    st.tuples(st.just("license"), st.sampled_from(SOURCES), st.sampled_from(["CC0-1.0", None])),
    st.tuples(st.just("language"), st.sampled_from(SOURCES), st.sampled_from(["en", "fr"])),
    st.tuples(st.just("publication"), st.sampled_from(SOURCES), st.sampled_from(MODES)),
    st.tuples(st.just("schema"), st.sampled_from(["broken", "grown"])),
    st.just(("nothing",)),
)


@dataclass
class Corpus:
    """Sources as they are described, and their files."""

    described: dict[str, Row] = field(default_factory=dict)
    files: dict[tuple[str, str], str] = field(default_factory=dict)
    schema: str | None = None

    def edit(self, edit: tuple[Any, ...]) -> None:
        kind, *what = edit
        if kind == "write":
            self.files[what[0], what[1]] = what[2]
        elif kind == "remove":
            self.files.pop((what[0], what[1]), None)
        elif kind == "rename" and (what[0], what[1]) in self.files:
            self.files[what[0], what[2]] = self.files.pop((what[0], what[1]))
        elif kind == "schema":
            self.schema = what[0]
        elif kind in ("title", "license", "language", "publication"):
            self.described[what[0]][kind] = what[1]

    def write(self, seeds: Path) -> None:
        shutil.rmtree(seeds, ignore_errors=True)
        for name, described in self.described.items():
            (seeds / name).mkdir(parents=True)
            lines = [f"{k}: {json.dumps(v)}\n" for k, v in described.items() if v is not None]
            (seeds / name / "source.yml").write_text("".join(lines))
        for (source, name), text in self.files.items():
            path = seeds / source / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)


def corpora() -> st.SearchStrategy[Corpus]:
    def made(files: dict[tuple[str, str], str], modes: list[str]) -> Corpus:
        described = {
            name: {
                "title": f"The {name}",
                "origin": "made by a test",
                "publication": mode,
                "basis": "made by a test",
                "language": "en",
            }
            for name, mode in zip(SOURCES, modes, strict=True)
        }
        return Corpus(described, {**files, ("daily", "always.txt"): f"{SENTENCES[5]}\n"})

    places = st.tuples(st.sampled_from(SOURCES), st.sampled_from(NAMES))
    modes = st.lists(st.sampled_from(MODES), min_size=2, max_size=2)
    return st.builds(made, st.dictionaries(places, TEXTS, min_size=1, max_size=4), modes)


def build(seeds: Path, data: Path) -> Outcome:
    return release(seeds, data, Settings(threads=1, allow=SOURCES))


@contextmanager
def other_schema(kind: str | None) -> Iterator[None]:
    """Let the release before have followed another schema than this one."""
    real = publish.load_previous

    def changed(data: Path) -> Previous | None:
        previous = real(data)
        if previous is None or kind is None:
            return previous
        schemas = json.loads(json.dumps(previous.schemas))
        fields = schemas["documents"]["fields"]
        if kind == "broken":
            fields.append({"name": "gone", "type": "string"})
        else:
            schemas["documents"]["fields"] = [f for f in fields if f["name"] != "url"]
        return Previous(
            previous.version, previous.content_digest, previous.tables, previous.split_off, schemas
        )

    patch = pytest.MonkeyPatch()
    patch.setattr(pipeline, "load_previous", changed)
    if kind:  # other code, which has its schema by that
        patch.setattr(job, "up_to_date", lambda *_: None)
    try:
        yield
    finally:
        patch.undo()


def rows_of(outcome: Outcome, table: str) -> list[Row]:
    rows: list[Row] = pq.read_table(outcome.path / "parquet" / f"{table}.parquet").to_pylist()
    return rows


def keyed(rows: list[Row], table: str) -> dict[str, Row]:
    """Rows without derived columns, by their keys as ``changes`` writes them."""
    keys = schema(table).primary_key
    columns = [*keys, *compared(table)]
    return {"/".join(str(row[k]) for k in keys): {c: row[c] for c in columns} for row in rows}


def applied(old: dict[str, Row], pair: Pair, table: str) -> dict[str, Row]:
    """The records of the newer release, from the older one and the difference alone."""
    now = {key: dict(row) for key, row in old.items()}
    _, records = pair.records(table)
    for record in records:
        if record.change == "retired":
            assert now.pop(record.record_key) == record.old
        elif record.change == "added":
            assert record.record_key not in now and record.new is not None
            now[record.record_key] = record.new
        else:
            assert record.old is not None and record.new is not None
            row = now[record.record_key]
            assert {name: row[name] for name in record.old} == record.old
            assert record.old != record.new
            row.update(record.new)
    return now


@dataclass
class History:
    """What was published so far.

    Attributes:
        first: first release of every id.
        wording: last wording of every paragraph, null where withheld.
        steps: how many edits led to which level.
    """

    first: dict[str, str] = field(default_factory=dict)
    wording: dict[str, str | None] = field(default_factory=dict)
    steps: Counter[str] = field(default_factory=Counter)

    def take(self, outcome: Outcome) -> None:
        for row in rows_of(outcome, "documents"):
            self.first.setdefault(row["document_id"], row["first_release"])
        for row in rows_of(outcome, "paragraphs"):
            self.first.setdefault(row["paragraph_id"], row["first_release"])
            self.wording[row["paragraph_id"]] = row["text"]


def levels(
    old: Outcome,
    new: Mapping[str, list[Row]],
    before: Corpus,
    now: Corpus,
    history: History,
) -> set[str]:
    """The levels that the rules allow, told from both corpora and tables alone."""
    then = {table: keyed(rows_of(old, table), table) for table in RECORDS}
    today = {table: keyed(new[table], table) for table in RECORDS}
    if now.schema == "broken":
        return {"major"}
    for key, row in today["paragraphs"].items():
        if key in history.wording and row["text"] != history.wording[key]:
            return {"major"}
    modes = {
        name: (
            MODES.index(before.described[name]["publication"]),
            MODES.index(now.described[name]["publication"]),
        )
        for name in SOURCES
    }
    closed = {name for name, (was, is_now) in modes.items() if is_now > was}
    paths = {k: (row["source_id"], row["path"]) for k, row in then["documents"].items()}
    shown = {
        paths[row["document_id"]]
        for row in then["occurrences"].values()
        if row["text"] is not None and paths[row["document_id"]][0] in closed
    }
    for place in shown:
        same = before.files[place] == now.files.get(place)
        if same or (modes[place[0]][0] == 0 and place in now.files):
            return {"major"}
    changed = any(then[table] != today[table] for table in RECORDS if table != "sources")
    if changed or then["sources"].keys() != today["sources"].keys() or now.schema == "grown":
        level = "minor"
    else:
        level = "patch" if then["sources"] != today["sources"] else "none"
    # What was closed and moved or edited at once may have been withdrawn.
    return {level, "major"} if shown else {level}


def check_step(
    old: Outcome, new: Outcome, data: Path, before: Corpus, now: Corpus, history: History
) -> None:
    tables = {table: rows_of(new, table) for table in [*RECORDS, "retired"]}
    wanted = levels(old, tables, before, now, history)
    if not new.published:
        assert wanted == {"none"}
        history.steps["none"] += 1
        return
    was, is_now = (tuple(map(int, o.version.split("."))) for o in (old, new))
    steps = {
        (was[0] + 1, 0, 0): "major",
        (was[0], was[1] + 1, 0): "minor",
        (*was[:2], was[2] + 1): "patch",
    }
    assert steps[is_now] in wanted, (new.version, wanted, new.reasons)
    history.steps[steps[is_now]] += 1

    pair = Pair(open_release(str(data), old.version), open_release(str(data), new.version))
    assert pair.neighbours
    assert sum(count.n for count in pair.counts()) == len(rows_of(new, "changes"))
    for table in RECORDS:
        before_rows = keyed(rows_of(old, table), table)
        assert applied(before_rows, pair, table) == keyed(tables[table], table), table

    living = {row["document_id"] for row in tables["documents"]}
    texts = {row["paragraph_id"]: row for row in tables["paragraphs"]}
    living |= texts.keys()
    retired = {row["record_id"]: row for row in tables["retired"]}
    assert living.isdisjoint(retired)
    assert history.first.keys() <= living | retired.keys()
    for row in tables["retired"]:
        assert row["successor_id"] is None or row["successor_id"] in living
        assert row["reason"] != "moved" or row["successor_id"]
        assert row["first_release"] == history.first[row["record_id"]]
    for row in [*tables["documents"], *tables["paragraphs"]]:
        name = row.get("paragraph_id") or row["document_id"]
        assert row["first_release"] == history.first.get(name, new.version)
    reworded = [n for n, row in texts.items() if history.wording.get(n, row["text"]) != row["text"]]
    assert not reworded or any("reworded" in reason for reason in new.reasons)


def run(start: Corpus, steps: list[list[tuple[Any, ...]]], history: Counter[str]) -> None:
    """Publish a corpus, edit it step by step, and check every release."""
    folder = Path(tempfile.mkdtemp())
    try:
        start.write(folder / "seeds")
        old = build(folder / "seeds", folder / "data")
        known = History(steps=history)
        known.take(old)
        before = start
        for edits in steps:
            now = copy.deepcopy(before)
            now.schema = None
            for edit in edits:
                now.edit(edit)
            now.write(folder / "seeds")
            with other_schema(now.schema):
                new = build(folder / "seeds", folder / "data")
            check_step(old, new, folder / "data", before, now, known)
            known.take(new)
            old, before = new, now
    finally:
        shutil.rmtree(folder)


STEPS = st.lists(st.lists(EDITS, min_size=2, max_size=4), min_size=4, max_size=4)


def check_many(examples: int, seed: int) -> None:
    counted: Counter[str] = Counter()

    @hypothesis.seed(seed)
    @settings(
        SLOW,
        max_examples=examples,
        suppress_health_check=CHECKS,
        derandomize=False,
        phases=[Phase.generate],
    )
    @given(corpora(), STEPS)
    def check(start: Corpus, steps: list[list[tuple[Any, ...]]]) -> None:
        run(start, steps, counted)

    check()
    total = sum(counted.values())
    listed = ", ".join(f"{n} {level}" for level, n in sorted(counted.items()))
    print(f"\nedits checked: {total} ({listed}), failures: 0")
    assert total >= 4 * examples
    assert {"major", "minor"} <= counted.keys()


def test_random_edits_give_the_right_version_and_difference() -> None:
    check_many(9, seed=4)


@pytest.mark.hostile
def test_five_hundred_random_edits() -> None:
    check_many(130, seed=5)
