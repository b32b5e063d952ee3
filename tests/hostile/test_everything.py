"""One folder with every format and every hostile case, and one run over all of it."""

from collections import Counter
from pathlib import Path

import pytest

from tests import makers as m
from tests.conftest import MakeSource
from tests.hostile import cases
from tests.hostile.built import build, disturbed, run

#: A folder of so many files.
MANY = 100_000
#: What happens to some input, whatever else happens to others.
REASONS = {
    "binary",
    "damaged",
    "empty",
    "encrypted",
    "expands",
    "long_line",
    "no_text",
    "not_regular",
    "outside_link",
    "parser_time",
    "too_nested",
    "unsafe_name",
}


@pytest.mark.hostile
def test_every_input_of_a_folder_of_everything_is_accounted_for(
    tmp_path: Path, make_source: MakeSource, capsys: pytest.CaptureFixture[str]
) -> None:
    import pyarrow.parquet as pq

    seeds = tmp_path / "seeds"
    hard = [cases.archives(), cases.bombs(), cases.broken(), cases.endless()]
    hard += [cases.pages(), cases.texts(), cases.lies()]
    hostile = {name: raw for files in hard for name, raw in files.items()}
    assert len(hostile) == sum(map(len, hard)), "two cases have one name"
    harmless = cases.formats()
    make_source(seeds, "formats", harmless, language=None)
    make_source(seeds, "hostile", hostile)
    make_source(
        seeds, "many", {f"{i}.txt": f"This is file {i} alone.".encode() for i in range(MANY)}
    )
    cases.irregular(make_source(seeds, "odd", {"good.txt": m.story("regular").encode()}))
    busy = make_source(seeds, "busy", cases.steady())
    given = {
        (folder.name, path.relative_to(folder).as_posix())
        for folder in seeds.iterdir()
        for path in folder.rglob("*")
        if path.name != "source.yml"
    }
    gone = {("busy", f"{i}.txt") for i in range(1500, 2000)}
    limits = ["--max-file-mb", "64", "--limit", "parser_seconds=2"]
    allowed = [word for name in ("hostile", "busy", "many") for word in ("--allow", name)]
    with disturbed(busy):
        built = build(seeds, tmp_path / "data", *limits, *allowed)

    found: dict[str, list[tuple[str, str]]] = {}
    for table in ("documents", "quarantine"):
        rows = pq.read_table(built.path / f"parquet/{table}.parquet").to_pylist()
        found[table] = [(row["source_id"], row["path"]) for row in rows]
        if table == "documents":
            readers = Counter(row["reader"] for row in rows)
        else:
            reasons = Counter(row["reason"] for row in rows)
    accounted = set(found["documents"]) | set(found["quarantine"])
    assert given - gone <= accounted <= given
    assert {path for source, path in found["documents"] if source == "formats"} == set(harmless)
    assert not [path for source, path in found["quarantine"] if source == "formats"]
    assert set(reasons) >= REASONS, sorted(REASONS - set(reasons))
    checked = run("verify", str(built.path))
    assert checked.returncode == 0, checked.stdout + checked.stderr
    with capsys.disabled():
        print(f"\nfiles {len(given):,}, accounted for {len(accounted & given):,}")
        print(f"documents {len(found['documents']):,}, by reader:", dict(readers.most_common()))
        print(f"put aside {len(found['quarantine']):,}, by reason:", dict(reasons.most_common()))
        print(f"peak {built.peak // cases.MIB:,} MiB")
