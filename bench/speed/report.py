"""Figures and targets of a speed benchmark, and its report in words."""

from collections.abc import Iterable, Sequence
from statistics import median
from typing import Any

#: Stages from text to decisions: the engine proper.
ENGINE_STAGES = ("normalise", "collect", "unglue", "deduplicate")
#: Stages that use threads, or run beside one that does.
PARALLEL_STAGES = ("prepare", "collect", "deduplicate", "record", "validate", "publish")

#: Targets: CPU time of a release, as a multiple of the floor's.
RELEASE_TO_FLOOR = 2.5
#: Wall time of the parallel stages, as a share of their CPU time; 0.5 is the best on two cores.
WALL_TO_CPU = 0.65
#: CPU time for each MB of the larger input, as a multiple of that of the smaller.
GROWTH = 1.2
GROWTH_BETWEEN = (100, 1000)
#: Most memory held at once, in MiB, by size of the input in decimal MB.
PEAK_MIB = {100: 1.5 * 1024, 1000: 4 * 1024}

#: Above this share of the cores used by other processes, figures of wall time say little.
BUSY = 0.05

_UNIT_FLOOR = 1e-9  # seconds; keeps a stage that took nothing from dividing by zero


def _row(cpu: float, wall: float | None, megabytes: float, floor_cpu: float) -> dict[str, Any]:
    return {
        "cpu": round(cpu, 3),
        "wall": None if wall is None else round(wall, 3),
        "mb_per_cpu_second": round(megabytes / max(cpu, _UNIT_FLOOR), 2),
        "floors": round(cpu / max(floor_cpu, _UNIT_FLOOR), 3),
        "wall_to_cpu": None if wall is None else round(wall / max(cpu, _UNIT_FLOOR), 3),
    }


def _sum_row(
    stages: dict[str, dict[str, Any]], names: Iterable[str], megabytes: float, floor_cpu: float
) -> dict[str, Any] | None:
    """Several stages as one; None where none of them ran. Steps have no wall time."""
    ran = [name for name in names if name in stages]
    if not ran:
        return None
    cpu = sum(stages[name]["cpu"] for name in ran)
    walls = [stages[name]["wall"] for name in ran]
    wall = None if None in walls else sum(walls)
    return {"stages": ran, **_row(cpu, wall, megabytes, floor_cpu)}


def middle(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """The run whose CPU time is the median, the lower one of two."""
    return sorted(runs, key=lambda run: float(run["cpu"]))[(len(runs) - 1) // 2]


def target(name: str, value: float, limit: float) -> dict[str, Any]:
    """A target and whether it is hit; the smaller the value the better."""
    return {"name": name, "value": round(value, 3), "limit": limit, "hit": value <= limit}


def figures_of_size(
    size: int,
    megabytes: float,
    facts: dict[str, Any],
    runs: list[dict[str, Any]],
    floors: list[dict[str, Any]],
) -> dict[str, Any]:
    """All that is reported of one size.

    Args:
        size: decimal MB asked for.
        megabytes: decimal MB of the input.
        facts: of the input.
        runs: of the release, as `bench.speed.measure` answers, with ``process`` figures.
        floors: as `bench.speed.floor` answers.
    """
    run, floor = middle(runs), middle(floors)
    stages = {}
    for name, stage in run["stages"].items():
        row = _row(stage["cpu"], stage["wall"], megabytes, floor["cpu"])
        stages[name] = {"runs": stage["runs"], **row, "peak_mib": round(stage["peak_mib"], 1)}
    steps = {}
    for name, step in run["steps"].items():
        row = _row(step["cpu"], None, megabytes, floor["cpu"])
        steps[name] = {"stage": step["stage"], "runs": step["runs"], **row, "peak_mib": None}
    process = run["process"]
    whole = _row(process["cpu"], process["wall"], megabytes, floor["cpu"])
    whole["peak_mib"] = round(max(r["peak_mib"] for r in runs), 1)
    engine = _sum_row({**steps, **stages}, ENGINE_STAGES, megabytes, floor["cpu"])
    parallel = _sum_row(stages, PARALLEL_STAGES, megabytes, floor["cpu"])
    others = [r["process"]["others"] or 0.0 for r in runs]
    targets = [target("CPU of the release / CPU of the floor", whole["floors"], RELEASE_TO_FLOOR)]
    if parallel:
        name = f"wall / CPU of {', '.join(parallel['stages'])}"
        limit = target(name, parallel["wall_to_cpu"], WALL_TO_CPU)
        # The wall time of threads says nothing while others hold the cores.
        targets.append({**limit, "busy": max(others) > BUSY})
    if size in PEAK_MIB:
        targets.append(target("peak memory, MiB", whole["peak_mib"], PEAK_MIB[size]))
    return {
        "size": size,
        "megabytes": megabytes,
        "input": facts,
        "result": {**run["figures"], "content_digest": run["content_digest"]},
        "stages": stages,
        "steps": steps,
        "engine": engine,
        "parallel": parallel,
        "whole": whole,
        "floor": floor,
        "targets": targets,
        "repeats": {
            "cpu": [round(r["process"]["cpu"], 2) for r in runs],
            "wall": [round(r["process"]["wall"], 2) for r in runs],
            "others": [r["process"]["others"] for r in runs],
            "compiled": [r["compiled"] for r in runs],
            "floor_cpu": [round(f["cpu"], 3) for f in floors],
            "floor_others": [f["process"]["others"] for f in floors],
        },
    }


def figures_of_failure(
    size: int, megabytes: float, facts: dict[str, Any], why: str
) -> dict[str, Any]:
    """What is reported of a size that the machine could not hold."""
    missed = {"name": "a release at all", "value": None, "limit": None, "hit": False}
    return {
        "size": size,
        "megabytes": megabytes,
        "input": facts,
        "failed": why,
        "targets": [missed],
    }


def growth(sizes: list[dict[str, Any]]) -> dict[str, Any] | None:
    """CPU time for each MB of the two sizes that are compared; None where one is missing."""
    by_size = {entry["size"]: entry["whole"] for entry in sizes if "whole" in entry}
    small, large = GROWTH_BETWEEN
    if small not in by_size or large not in by_size:
        return None
    ratio = by_size[small]["mb_per_cpu_second"] / by_size[large]["mb_per_cpu_second"]
    return target(f"CPU for each MB, at {large:,} MB / at {small:,} MB", ratio, GROWTH)


def growth_of_stages(sizes: list[dict[str, Any]]) -> dict[str, float]:
    """How much more CPU time each stage takes for an MB of the larger of the compared sizes.

    Empty where a size is missing. Stages of less than a second say nothing and are left out.
    """
    found = {entry["size"]: entry for entry in sizes if "whole" in entry}
    if not all(size in found for size in GROWTH_BETWEEN):
        return {}
    small, large = ({**found[size]["stages"], **found[size]["steps"]} for size in GROWTH_BETWEEN)
    megabytes = [found[size]["megabytes"] for size in GROWTH_BETWEEN]
    return {
        name: round(row["cpu"] / megabytes[1] / (small[name]["cpu"] / megabytes[0]), 2)
        for name, row in large.items()
        if name in small and min(row["cpu"], small[name]["cpu"]) >= 1
    }


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> list[str]:
    """A Markdown table; the first column is text, all others are numbers."""
    rule = ("---", *("---:" for _ in head[1:]))
    return ["| " + " | ".join(cells) + " |" for cells in (head, rule, *rows)]


def _cells(name: str, row: dict[str, Any], peak: float | None) -> tuple[str, ...]:
    return (
        name,
        f"{row['cpu']:.2f}",
        f"{row['wall']:.2f}" if row["wall"] is not None else "",
        f"{row['wall_to_cpu']:.2f}" if row["wall"] is not None and row["cpu"] >= 0.05 else "",
        f"{row['mb_per_cpu_second']:,.1f}" if row["cpu"] >= 0.005 else "",
        f"{row['floors']:.2f}",
        f"{peak:,.0f}" if peak is not None else "",
    )


def _verdict(found: dict[str, Any]) -> tuple[str, ...]:
    verdict = "hit" if found["hit"] else "**missed**"
    if found.get("busy") and not found["hit"]:
        verdict += ", busy machine"
    value, limit = found["value"], found["limit"]
    return (
        found["name"],
        "" if value is None else f"{value:,.2f}",
        "" if limit is None else f"≤ {limit:,g}",
        verdict,
    )


def _spread(values: list[float], unit: str) -> str:
    each = ", ".join(f"{value:,.2f}" for value in values)
    return f"{each} {unit} (median {median(values):,.2f})" if len(values) > 1 else f"{each} {unit}"


def _input_in_words(entry: dict[str, Any]) -> str:
    facts, made = entry["input"], entry["input"]["rescraped"]
    line = (
        f"{facts['documents']:,} documents in {facts['sources']} sources, "
        f"{entry['megabytes']:,.1f} MB, digest `{facts['digest'][:16]}`"
    )
    if not made["documents"]:
        return f"{line}: a sample of the corpus in proportion to its sources."
    new = made["new_paragraphs"] / made["paragraphs"]
    length = made["new_characters"] / made["characters"]
    turns = facts["rescrapes"]
    again = "a sample of a re-scrape of it"
    if turns > 1:
        again = f"{turns} re-scrapes of it, the last a sample"
    return (
        f"{line}: the corpus and {again}. Of "
        f"{made['documents']:,} re-scraped documents {made['same']:,} are as they were but for "
        f"one line, {made['edited']:,} are edited, {made['replaced']:,} are new articles; "
        f"{new:.0%} of the paragraphs ({length:.0%} of the characters) of the re-scrapes are new "
        "text."
    )


def _size_in_words(entry: dict[str, Any]) -> list[str]:
    top = [f"## {entry['size']:,} MB", "", f"Input: {_input_in_words(entry)}", ""]
    if "failed" in entry:
        return [*top, f"No figures: {entry['failed']}.", ""]
    whole, floor, result, repeats = (entry[key] for key in ("whole", "floor", "result", "repeats"))
    megabytes = entry["megabytes"]
    rows = []
    for name, row in entry["stages"].items():
        rows.append(_cells(name, row, row["peak_mib"]))
        inside = {key: step for key, step in entry["steps"].items() if step["stage"] == name}
        rows.extend(_cells(f"… {key}", step, None) for key, step in inside.items())
    rows.append(_cells("**whole release**", whole, whole["peak_mib"]))
    for label, key in (("engine", "engine"), ("parallel stages", "parallel")):
        if entry[key]:
            names = " + ".join(entry[key]["stages"])
            rows.append(_cells(f"{label}: {names}", entry[key], None))
    reading, writing = floor["read"], floor["write"]
    for label, part, peak in (
        ("floor: read, check, split, hash", reading, reading["peak_mib"]),
        ("floor: write the tables", writing, floor["peak_mib"]),
        ("**floor**", floor, floor["peak_mib"]),
    ):
        rows.append(_cells(label, _row(part["cpu"], part["wall"], megabytes, floor["cpu"]), peak))
    head = ("stage", "CPU s", "wall s", "wall/CPU", "MB per CPU s", "× floor CPU", "peak MiB")
    lines = [
        *top,
        f"Result: {result['blocks']:,} blocks, {result['paragraphs']:,} paragraphs, tables of "
        f"{writing['bytes'] / 1e6:,.1f} MB.",
        "",
        *_table(head, rows),
        "",
        f"Whole release: {_spread(repeats['cpu'], 'CPU s')}; floor: "
        f"{_spread(repeats['floor_cpu'], 'CPU s')}.",
    ]
    others = [share for share in repeats["others"] + repeats["floor_others"] if share is not None]
    if others and max(others) > BUSY:
        lines.append(
            f"Other processes used up to {max(others):.0%} of the machine's cores meanwhile: wall "
            "times are too long, and CPU times somewhat."
        )
    if writing["bytes"] != writing["published_bytes"]:
        lines.append(
            f"The floor wrote {writing['bytes']:,} bytes where the release has "
            f"{writing['published_bytes']:,}: not quite the same tables."
        )
    if any(repeats["compiled"]):
        lines.append("Kernels were compiled during a run: its figures are too high.")
    return [*lines, ""]


def _growth_in_words(factors: dict[str, float]) -> list[str]:
    if not factors:
        return []
    small, large = GROWTH_BETWEEN
    rows = [(name, f"{factor:.2f}") for name, factor in factors.items()]
    head = ("stage", f"CPU for each MB, at {large:,} MB / at {small:,} MB")
    return ["## How stages grow", "", *_table(head, rows), ""]


def report(results: dict[str, Any]) -> str:
    """The report as Markdown.

    Args:
        results: as in ``speed.json``.
    """
    sizes = results["sizes"]
    verdicts = [
        (f"{entry['size']:,} MB: {cells[0]}", *cells[1:])
        for entry in sizes
        for cells in map(_verdict, entry["targets"])
    ]
    if results["growth"]:
        verdicts.append(_verdict(results["growth"]))
    machine = results["machine"]
    packages = ", ".join(f"{name} {number}" for name, number in results["versions"].items())
    lines = [
        "# Speed",
        "",
        "Written by `python -m bench.speed`; the same figures are in `speed.json`.",
        "",
        f"- Date: {results['date']}",
        f"- Machine: {machine['cpu']}, {machine['cores']} cores, {machine['memory']} of memory, "
        f"{machine['kernel']}",
        f"- Versions: {packages}; code `{results['code']}`",
        f"- Corpus: {results['corpus']}",
        *(f"- Note: {note}" for note in results["notes"]),
        "",
        "## Targets",
        "",
        *_table(("target", "value", "limit", "verdict"), verdicts),
        "",
        *(line for entry in sizes for line in _size_in_words(entry)),
        *_growth_in_words(results["growth_of_stages"]),
        "## How it was measured",
        "",
        "- Each release runs in a process of its own on an empty data folder, after a run that "
        "is not counted and that compiles all kernels; files are in the page cache. The run whose "
        "CPU time is the median is shown, and the highest peak of all runs.",
        "- MB are decimal, of document bytes. CPU seconds are user and system time of all "
        "threads; of a step inside a stage (…), those of its own thread. Stages that run at the "
        "same time share what is used in equal parts. Peak memory is the most that the process "
        "had held at once by the end of the last run of that stage.",
        "- The floor reads every file, checks that it is UTF-8, splits it into lines and hashes "
        "each with xxh3; then it writes the tables of the finished release again, by the same "
        "writers, as CSV and Parquet, one row group at a time. Starting Python and loading the "
        "tables is not counted.",
        "- The whole release counts the start of Python and all imports, the floor does not: "
        "this weighs on the ratio of the smallest input.",
    ]
    return "\n".join(lines) + "\n"
