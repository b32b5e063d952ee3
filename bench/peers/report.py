"""The comparison in words (Markdown) and as a picture (PNG)."""

from pathlib import Path
from typing import Any

#: Colours that stay apart for colour-blind readers (Okabe and Ito).
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
#: Settings that are drawn as rings.
_PLAIN = {"default", "verbatim"}
_ABSENT = "–"  # an en dash in a cell

_NOTES = """## How to read it

- All tools get the same paragraphs, one a line. Repeats are planted in real paragraphs; \
look-alikes differ in a number, a date, a name or a negation, and must not be merged (see \
`bench/quality`).
- Recall is the mean over kinds of repeats and languages of the share found: an item counts as \
found when it and its partner end in one group. Precision is the share of removed paragraphs \
that a label justifies. `merged` is how many of the look-alikes were merged.
- A tool that compares whole texts can't find what is only contained in another, and no tool but \
Onrecord says of which parts a composite is made: those columns show what that costs.
- dolma names no partner for what it removes. It gets the most favourable reading: a removal \
went for a labelled repeat where there is one, even if dolma saw something else.
- text-dedup throws out texts shorter than its `min_length` before it looks for repeats; they \
count as left alone here. Its suffix arrays need a Rust program that no package brings: not run.
- "default" settings are those of each tool's documentation (`bench/peers/run_*.py` say where). \
"tuned" ones are the best of a small grid on a labelled set with another seed (`python -m \
bench.peers.tune`). Polars is the lower bound: equality, verbatim or but for case and \
punctuation.
- MB are decimal, of UTF-8 text. CPU seconds are user and system time of all threads and child \
processes, for the tool's own work from its own input format to its decisions, without starting \
Python, importing the tool, or converting formats. Files are read where the tool reads files \
(datatrove, dolma, text-dedup, polars, Onrecord's release), else texts are in memory (rensa, \
Onrecord's engine).
- Onrecord's *engine* is the stages from text to decisions; its *release* is all of it, with \
reading, archive, tables, checks and writing. Kernels were compiled before.
- Peak memory is that of the process, or of its largest child.
- Low thresholds look better here than they are: real corpora hold far more passages that are \
somewhat alike than a labelled set from which natural repeats were taken out.
- A smaller speed input means that the larger one takes too long for a bench. datatrove works \
paragraph by paragraph, so its figure should hold for more text. text-dedup, which compares all \
pairs of a cluster, and rensa with a low threshold slow down as the input grows: theirs are \
favourable figures. rensa with C-MinHash is fast enough, but asking it for partners, which is \
not timed, is not.
- Precision depends on how many look-alikes there are; this set has more than real text.
- Recall counts a kind the same however often it occurs in life."""


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    """A Markdown table; all columns but the first two are figures."""
    align = [":--" if i < 2 else "--:" for i in range(len(head))]
    return ["| " + " | ".join(row) + " |" for row in (head, tuple(align), *rows)]


def _percent(value: float | None) -> str:
    return _ABSENT if value is None else f"{100 * value:.1f}%"


def _name(row: dict[str, Any]) -> str:
    return f"{row['tool']} {row['version']}" if row["version"] else str(row["tool"])


def _quality_rows(results: dict[str, Any]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for row in results["rows"]:
        found = row["quality"]
        if found is None:
            if row["quality_problem"]:
                blank = (_ABSENT,) * 8
                rows.append((_name(row), f"{row['setting']}: {row['quality_problem']}", *blank))
            continue
        by = found["recall_by_relation"]
        rows.append(
            (
                _name(row),
                row["setting"],
                _percent(found["recall_english"]),
                _percent(found["recall_others"]),
                *(_percent(by[name]) for name in ("exact", "near", "contained", "composite")),
                _percent(found["precision"]),
                f"{found['merged']:,} of {found['look_alikes']:,}",
            )
        )
    return rows


def _speed_rows(results: dict[str, Any]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for row in results["rows"]:
        found = row["speed"]
        if found is None:
            if row["speed_problem"]:
                blank = (_ABSENT,) * 5
                rows.append((_name(row), f"{row['setting']}: {row['speed_problem']}", *blank))
            continue
        rows.append(
            (
                _name(row),
                row["setting"],
                f"{found['megabytes']:.0f}",
                f"{found['cpu_seconds']:,.1f}",
                f"{found['wall_seconds']:,.1f}",
                f"{found['mb_per_cpu_second']:,.2f}",
                f"{found['peak_rss_bytes'] / 2**20:,.0f}",
            )
        )
    return rows


def markdown(results: dict[str, Any]) -> str:
    """The report.

    Args:
        results: as in ``peers.json``.
    """
    machine = results["machine"]
    lines = [
        "# Onrecord beside other tools",
        "",
        "Written by `python -m bench.peers`; the same figures, with all settings and versions, "
        "are in `peers.json`.",
        "",
        f"- Date: {results['date']}",
        f"- Machine: {machine['cpu']}, {machine['cores']} cores, {machine['memory']} of memory, "
        f"{machine['kernel']}",
        f"- Load average when it began: {results['load']:.1f}. Above the number of cores, other "
        "programs made wall times longer, and CPU times somewhat.",
        *(f"- {note}" for note in results["notes"]),
        "",
    ]
    if quality := _quality_rows(results):
        # fmt: off
        head = (
            "tool", "setting", "recall, English", "recall, other languages", "exact", "near",
            "contained", "composite", "precision", "merged",
        )
        # fmt: on
        lines += ["## Quality", "", *_table(head, quality), ""]
    if speed := _speed_rows(results):
        columns = ("tool", "setting", "MB", "CPU s", "wall s", "MB per CPU s", "peak MiB")
        lines += ["## Speed", "", *_table(columns, speed), ""]
    if results["picture"]:
        lines += ["![Recall and speed of all tools](peers.png)", ""]
    return "\n".join(lines) + _NOTES + "\n"


def points(results: dict[str, Any]) -> list[tuple[str, str, float, float, float]]:
    """(tool, setting, MB per CPU second, recall, precision) of all rows that have both."""
    return [
        (
            row["tool"],
            row["setting"],
            row["speed"]["mb_per_cpu_second"],
            row["quality"]["recall"],
            row["quality"]["precision"],
        )
        for row in results["rows"]
        if row["speed"] and row["quality"]
    ]


def picture(results: dict[str, Any], target: Path) -> bool:
    """Draw recall against speed.

    Args:
        results: as in ``peers.json``.
        target: PNG file.

    Returns:
        Whether it was drawn: there must be something to draw, and matplotlib.
    """
    found = points(results)
    try:
        import matplotlib as mpl  # noqa: PLC0415  # optional
        from matplotlib import pyplot as plt  # noqa: PLC0415
    except ImportError:
        return False
    if not found:
        return False
    mpl.use("Agg")
    tools = list(dict.fromkeys(point[0] for point in found))
    figure, axes = plt.subplots(figsize=(8, 5), layout="constrained")
    for tool, setting, speed, recall, precision in found:
        colour = _COLOURS[tools.index(tool) % len(_COLOURS)]
        axes.scatter(
            speed,
            100 * recall,
            s=80,
            color="white" if setting in _PLAIN else colour,
            edgecolors=colour,
            linewidths=2,
            zorder=3,
        )
        axes.annotate(
            f"{tool}, {setting}\nprecision {100 * precision:.1f}%",
            (speed, 100 * recall),
            xytext=(8, 4),
            textcoords="offset points",
            fontsize=8,
        )
    axes.set_xscale("log")
    axes.set_xlabel("speed: MB of text per CPU second (logarithmic)")
    axes.set_ylabel("recall: mean over kinds and languages, %")
    axes.set_ylim(0, 105)
    axes.margins(x=0.18)
    axes.grid(visible=True, color="#dddddd", zorder=0)
    axes.set_title("Repeats found and speed, same paragraphs, same machine", loc="left")
    figure.savefig(target, dpi=150, metadata={"Software": None})
    plt.close(figure)
    return True
