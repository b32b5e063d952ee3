"""Charts of the page: drawn here as SVG, so that they can be read without scripts.

Every bar carries its number as text, and every chart begins at nought.
"""

from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape, quoteattr

WIDTH = 720
_ROW, _BAR = 30, 16
#: How a block can stand to its paragraph, in the order in which it is told, and in words.
RELATIONS = {
    "canonical": "kept: gives a paragraph its wording",
    "exact": "exact repeat",
    "near": "near repeat",
    "contained": "contained in a longer one",
    "composite": "made of several",
}


def _svg(height: int, title: str, body: list[str]) -> str:
    shapes = "".join(body)
    return (
        f'<svg class="chart" viewBox="0 0 {WIDTH} {height}" role="img" '
        f"aria-label={quoteattr(title)}><title>{escape(title)}</title>{shapes}</svg>"
    )


def _text(x: float, y: float, words: str, kind: str, anchor: str = "start") -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" class="{kind}" text-anchor="{anchor}"'
    return f"<text {place}>{escape(words)}</text>"


def _rect(x: float, y: float, width: float, height: float, kind: str) -> str:
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" class="{kind}"/>'
    )


def _cut(words: str, most: int) -> str:
    return words if len(words) <= most else words[: most - 1].rstrip() + "…"


def _isolated(words: str) -> str:
    """Words of others: their direction must not turn what stands beside them."""
    return f"\u2068{words}\u2069"


def bars(title: str, rows: Sequence[tuple[str, int]], unit: str, left: int = 230) -> str:
    """One bar a row, with its name and its number.

    Args:
        title: for people who can't see it.
        rows: name and number.
        unit: what is counted.
        left: room for the names.
    """
    most = max((n for _, n in rows), default=0) or 1
    room = WIDTH - left - 90
    body = []
    for i, (name, n) in enumerate(rows):
        y = i * _ROW
        width = max(room * n / most, 1.5 if n else 0)
        body.append(_text(left - 12, y + 19, _isolated(_cut(name, 26)), "label", "end"))
        body.append(_rect(left, y + 7, width, _BAR, "bar"))
        body.append(_text(left + width + 8, y + 19, f"{n:,}", "number"))
    said = "; ".join(f"{name} {n:,}" for name, n in rows[:12])
    return _svg(max(len(rows), 1) * _ROW, f"{title}, in {unit}: {said}", body)


def columns(title: str, rows: Sequence[tuple[str, int]]) -> str:
    """One column a row, side by side, for what goes on in time."""
    height, bottom, top = 216, 28, 30
    most = max((n for _, n in rows), default=0) or 1
    step = WIDTH / max(len(rows), 1)
    width = min(step * 0.72, 54)
    every = max(1, -(-len(rows) * 46 // WIDTH))
    body = [
        f'<line x1="0" x2="{WIDTH}" y1="{height - bottom}" y2="{height - bottom}" class="axis"/>'
    ]
    for i, (name, n) in enumerate(rows):
        tall = (height - bottom - top) * n / most
        x = i * step + step / 2
        body.append(_rect(x - width / 2, height - bottom - tall, width, tall, "bar"))
        if n and step >= 22:
            body.append(_text(x, height - bottom - tall - 6, f"{n:,}", "number", "middle"))
        if i % every == 0:
            body.append(_text(x, height - 8, name, "label", "middle"))
    said = "; ".join(f"{name} {n:,}" for name, n in rows if n)
    return _svg(height, f"{title}: {said}", body)


def shares(title: str, rows: Sequence[tuple[str, Mapping[str, int]]]) -> str:
    """One bar a row, all as long, divided by relation.

    Args:
        title: for people who can't see it.
        rows: name, and how many blocks have each relation.
    """
    left, right = 230, 90
    room = WIDTH - left - right
    body, said = [], []
    for i, (name, counts) in enumerate(rows):
        y, x, total = i * _ROW, float(left), sum(counts.values())
        body.append(_text(left - 12, y + 19, _isolated(_cut(name, 26)), "label", "end"))
        for relation in RELATIONS:
            width = room * counts.get(relation, 0) / total if total else 0
            if width:
                body.append(_rect(x, y + 7, width, _BAR, f"part {relation}"))
            x += width
        body.append(_text(left + room + 8, y + 19, f"{total:,}", "number"))
        said.append(f"{name}: " + ", ".join(f"{n:,} {r}" for r, n in counts.items() if n))
    return _svg(max(len(rows), 1) * _ROW, f"{title}. {'; '.join(said[:12])}", body)
