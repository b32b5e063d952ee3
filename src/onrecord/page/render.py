"""Render the HTML of the page, with everything that needs no data.

Opened from a disk, where a browser lets a page read no other file, it still says what the
release is, what is in it, and how to load and cite it. All text is escaped by the templates.
"""

import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from onrecord.page import figures as drawn
from onrecord.page.snippets import snippets
from onrecord.release.layout import part_paths, table_path
from onrecord.release.metadata import Subject, bibtex, citation_text, schema_org
from onrecord.release.metadata.snippets import paragraphs_at
from onrecord.scratch import Rows

HERE = Path(__file__).parent
_PUBLICATION = {
    "full": "in full",
    "excerpt": "excerpts: at most the first 200 characters of each document",
    "metadata": "no text: ids, spans and counts only",
}
_CODE = re.compile(r"`([^`]+)`")


@cache
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )


def size(n: int) -> str:
    """Bytes for people."""
    if n < 1000:
        return f"{n} B"
    amount = float(n)
    for unit in ("kB", "MB", "GB", "TB"):
        amount /= 1000
        if amount < 999.5 or unit == "TB":
            break
    return f"{amount:.1f} {unit}" if amount < 9.95 else f"{amount:,.0f} {unit}"


def _inline(words: str) -> Markup:
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(words))))  # noqa: S704 (escaped)


def change_log(text: str) -> list[tuple[str, Any]]:
    """``CHANGELOG.md`` in pieces: headings, lists, tables and paragraphs, as we write them."""
    pieces: list[tuple[str, Any]] = []
    for line in text.splitlines()[1:]:
        if line.startswith("## "):
            pieces.append(("heading", line[3:]))
        elif line.startswith(("- ", "| ")):
            kind = "list" if line.startswith("- ") else "table"
            if not pieces or pieces[-1][0] != kind:
                pieces.append((kind, []))
            if kind == "list":
                pieces[-1][1].append(line[2:])
            elif not line.startswith("| ---"):
                pieces[-1][1].append([cell.strip() for cell in line.strip("| ").split(" | ")])
        elif line.strip():
            pieces.append(("paragraph", line))
    return pieces


def _short(description: str) -> str:
    """What the rows are: the first sentence of a description, said after their number."""
    first = description.split(". ", maxsplit=1)[0].rstrip(".")
    return first.replace("One row for each", "one for each", 1)


def _tables(
    package: Mapping[str, Any], tables: Mapping[str, Rows], parts: Mapping[str, int]
) -> list[dict[str, Any]]:
    return [
        {
            **one,
            "rows": tables[one["name"]].num_rows,
            "csv": part_paths(table_path(one["name"], "csv"), parts),
            "parquet": part_paths(table_path(one["name"]), parts),
            "fields": one["schema"]["fields"],
            "short": _short(one["description"]),
        }
        for one in package["resources"]
        if one.get("type") == "table"
    ]


def _for_script(content: Mapping[str, Any]) -> str:
    """JSON that can stand in a ``script`` element: it can't end it."""
    return json.dumps(content, ensure_ascii=False).replace("<", "\\u003c")


def render(
    tables: Mapping[str, Rows],
    package: Mapping[str, Any],
    figures: Mapping[str, Any],
    log: str,
    subject: Subject,
) -> str:
    """``index.html`` of a release.

    Args:
        tables: of the release.
        package: its ``datapackage.json``.
        figures: its ``quality.json``.
        log: its ``CHANGELOG.md``.
        subject: what its descriptions are made from, so that they all cite it alike.
    """
    documents = tables["documents"].lazy()
    time_chart, undated = drawn.over_time(documents)
    source_chart, more_sources = drawn.by_source(figures)
    files = [
        {
            "path": one["path"],
            "size": size(one["bytes"]),
            "hash": one["hash"].removeprefix("sha256:"),
        }
        for one in package["resources"]
        if "hash" in one
    ]
    return (
        _templates()
        .get_template("index.html")
        .render(
            assets="assets",
            title=package["title"],
            version=package["version"],
            description=package["description"],
            created=package["created"],
            date=str(package["created"])[:10],
            licenses=[one.get("name", "") for one in package.get("licenses", [])],
            figures=figures,
            digest=subject.digest,
            starts=drawn.starts(tables),
            relations=drawn.relations(figures),
            source_chart=Markup(source_chart),  # noqa: S704 (escaped where it is drawn)
            more_sources=more_sources,
            time_chart=Markup(time_chart),  # noqa: S704
            undated=undated,
            language_chart=Markup(drawn.by_language(documents)),  # noqa: S704
            sources=tables["sources"].table().to_pylist(),
            publication=_PUBLICATION,
            tables=_tables(package, tables, subject.parts),
            paragraphs=paragraphs_at(subject.parts),
            files=files,
            snippets=snippets(subject.parts),
            citation=citation_text(subject),
            bibtex=bibtex(subject).strip(),
            changelog=change_log(log),
            inline=_inline,
            structured=Markup(_for_script(schema_org(subject))),  # noqa: S704 (no < is left)
        )
    )


def render_versions(
    title: str, description: str, assets: str, releases: Sequence[Mapping[str, Any]]
) -> str:
    """``index.html`` beside ``index.json``: all versions.

    Args:
        title, description: of the dataset, as its latest release says.
        assets: folder of the assets of a release, from here.
        releases: newest first, as in the index.
    """
    page = _templates().get_template("versions.html")
    return page.render(title=title, description=description, assets=assets, releases=releases)
