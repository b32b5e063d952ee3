"""The comparison in words (Markdown) and as a picture (PNG)."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: Colours that stay apart for colour-blind readers (Okabe and Ito).
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
#: Settings that are drawn as rings.
_PLAIN = {"default", "verbatim", "C-MinHash"}
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
paragraph by paragraph, so its figure should hold for more text (not measured). text-dedup, \
which compares all pairs of a cluster, and rensa with a low threshold slow down as the input \
grows: theirs are favourable figures. rensa with C-MinHash is fast enough, but asking it for \
partners, which is not timed, is not.
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
                f"{100 * found['precision']:.2f}%",
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


def _load(results: dict[str, Any]) -> list[str]:
    """How busy the machine was, where speed was measured."""
    loads = [row["speed"]["load_average"] for row in results["rows"] if row["speed"]]
    if not loads:
        return []
    return [
        f"- Load average when the timed runs began: {min(loads):.1f} to {max(loads):.1f}. Near or "
        "above the number of cores, other programs made wall times longer, and CPU times somewhat."
    ]


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
        *_load(results),
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
    return "\n".join([*lines, _NOTES]) + "\n"


@dataclass(frozen=True, slots=True)
class _Point:
    """A row that has both quality and speed."""

    tool: str
    setting: str
    label: str
    speed: float
    recall: float


def _points(results: dict[str, Any]) -> list[_Point]:
    """What can be drawn; a label says it where the input was a smaller one."""
    both = [row for row in results["rows"] if row["speed"] and row["quality"]]
    largest = max((row["speed"]["megabytes"] for row in both), default=0.0)
    found = []
    for row in both:
        size = row["speed"]["megabytes"]
        where = "" if size == largest else f", {size:.0f} MB"
        precision = 100 * row["quality"]["precision"]
        label = f"{row['tool']}, {row['setting']}{where}\nprecision {precision:.1f}%"
        speed, recall = row["speed"]["mb_per_cpu_second"], 100 * row["quality"]["recall"]
        found.append(_Point(row["tool"], row["setting"], label, speed, recall))
    return found


def picture(results: dict[str, Any], target: Path) -> bool:
    """Draw recall against speed.

    Args:
        results: as in ``peers.json``.
        target: PNG file.

    Returns:
        Whether it was drawn: there must be something to draw, and matplotlib.
    """
    found = _points(results)
    try:
        import matplotlib as mpl  # noqa: PLC0415  # optional
        from matplotlib import pyplot as plt  # noqa: PLC0415
    except ImportError:
        return False
    if not found:
        return False
    mpl.use("Agg")
    tools = list(dict.fromkeys(point.tool for point in found))
    figure, axes = plt.subplots(figsize=(9, 5.5), layout="constrained")
    for point in found:
        colour = _COLOURS[tools.index(point.tool) % len(_COLOURS)]
        axes.scatter(
            point.speed,
            point.recall,
            s=80,
            color="white" if point.setting in _PLAIN else colour,
            edgecolors=colour,
            linewidths=2,
            zorder=3,
        )
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set_xlabel("speed: MB of text per CPU second (logarithmic)")
    axes.set_ylabel("recall: mean over kinds and languages, %")
    axes.set_ylim(-8, 114)
    axes.set_yticks(range(0, 101, 20))
    axes.margins(x=0.25)
    axes.grid(visible=True, color="#dddddd", zorder=0)
    axes.set_title("Repeats found and speed (rings: plain defaults)", loc="left")
    _write_labels(axes, found)
    figure.savefig(target, dpi=150, metadata={"Software": None})
    plt.close(figure)
    return True


def _write_labels(axes: Any, found: list[_Point]) -> None:
    """Write each label beside its point, where it covers no other point or label."""
    axes.figure.canvas.draw()
    taken = []
    for point in found:
        x, y = axes.transData.transform((point.speed, point.recall))
        taken.append((x - 8, y - 8, x + 8, y + 8))
    for point in found:
        written = None
        for across, down in ((8, 0), (-8, 0), (0, 16), (0, -16), (8, 20), (8, -20)):
            if written is not None:
                written.remove()
            side = "left" if across > 0 else "right" if across < 0 else "center"
            written = axes.annotate(
                point.label,
                (point.speed, point.recall),
                xytext=(across, down),
                textcoords="offset points",
                fontsize=8,
                ha=side,
                va="center",
            )
            box = written.get_window_extent()
            if not any(
                box.x0 < x1 and x0 < box.x1 and box.y0 < y1 and y0 < box.y1
                for x0, y0, x1, y1 in taken
            ):
                break
        taken.append((box.x0, box.y0, box.x1, box.y1))
