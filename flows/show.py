"""What a release run shows on its page: a summary in Markdown and a table of sources."""

import json
from pathlib import Path
from typing import Any

from prefect.artifacts import create_markdown_artifact, create_table_artifact

from onrecord.errors import OnrecordError
from onrecord.outcome import Outcome
from onrecord.release.catalog import INDEX, Index, release_path

SUMMARY, SOURCES = "release-summary", "release-sources"


def _changes(changelog: str, version: str) -> list[str]:
    """What the change log says of one release, as its lines."""
    lines = iter(changelog.splitlines())
    found: list[str] = []
    for line in lines:
        if line == f"## {version}":
            break
    for line in lines:
        if line.startswith("## "):
            break
        found.append(f"##{line}" if line.startswith("#") else line)
    return found


def _before(data: Path, version: str) -> dict[str, Any]:
    """The figures of the release before one; nothing where there is none."""
    try:
        index = Index.model_validate_json((data / "releases" / INDEX).read_bytes())
        names = [entry.version for entry in index.releases]
        earlier = names[: names.index(version)] if version in names else []
        if not earlier:
            return {}
        path = release_path(data, earlier[-1]) / "quality.json"
        found: dict[str, Any] = json.loads(path.read_bytes())
    except (OSError, ValueError, OnrecordError):
        return {}
    return found


def _figures(now: dict[str, Any], before: dict[str, Any]) -> list[str]:
    """The counts of a release beside those of the one before."""
    lines = ["| | this release | the one before |", "| --- | ---: | ---: |"]
    for key in ("documents", "blocks", "paragraphs", "boilerplate_paragraphs", "quarantined"):
        then = f"{before[key]:,}" if key in before else ""
        lines.append(f"| {key.replace('_', ' ')} | {now.get(key, 0):,} | {then} |")
    for relation in sorted({*now.get("relations", {}), *before.get("relations", {})}):
        then = f"{before['relations'].get(relation, 0):,}" if before else ""
        lines.append(f"| blocks: {relation} | {now['relations'].get(relation, 0):,} | {then} |")
    then = f"{before['repeated_share']:.1%}" if before else ""
    lines.append(f"| repeated | {now['repeated_share']:.1%} | {then} |")
    return lines


def summary(outcome: Outcome, where: str, data: Path, link: str | None) -> str:
    """What a run did, in Markdown.

    Args:
        outcome: of the run.
        where: the release is: a folder or an URL.
        data: the local data folder.
        link: where the folder of releases can be read by people, as an URL.
    """
    figures = outcome.figures
    what = "published" if outcome.published else "already up to date"
    at = f"{link.rstrip('/')}/{outcome.path.name}/" if link else where
    target = f"[{at}]({at})" if "://" in at else f"`{at}`"
    lines = [f"# Release {outcome.version}: {what}", "", f"- release: {target}"]
    lines += [f"- content digest `{outcome.content_digest}`"]
    lines += [f"- {reason}" for reason in outcome.reasons]
    if outcome.published:
        log = (outcome.path / "CHANGELOG.md").read_text(encoding="utf-8")
        lines += ["", "## What changed", "", *_changes(log, outcome.version)]
    lines += ["", "## Figures", "", *_figures(figures, _before(data, outcome.version))]
    reasons = figures.get("quarantine_reasons", {})
    lines += ["", "## Quarantine", ""]
    lines += [f"- {reason}: {n:,}" for reason, n in sorted(reasons.items())] or ["Nothing."]
    if outcome.remarks:
        lines += ["", "## Remarks", "", *(f"- {remark}" for remark in outcome.remarks)]
    return "\n".join(lines)


def show(outcome: Outcome, where: str, data: Path, link: str | None) -> None:
    """Put what was done on the run's page."""
    create_markdown_artifact(summary(outcome, where, data, link), key=SUMMARY)
    rows = [
        {
            "source": name,
            "documents": source["documents"],
            "blocks": source["blocks"],
            "repeated": f"{source['repeated_share']:.1%}",
            "quarantined": source["quarantined"],
        }
        for name, source in outcome.figures["sources"].items()
    ]
    create_table_artifact(rows, key=SOURCES)


def show_failure(error: BaseException) -> None:
    """Put on the run's page that nothing was published, and why: caps that were hit, say."""
    refused = isinstance(error, OnrecordError)
    words = str(error) if refused else f"{type(error).__name__}: {error}"
    lines = [f"# {'Refused' if refused else 'Failed'}: nothing was published", ""]
    lines += ["The latest release stays the latest.", "", "```", words, "```"]
    create_markdown_artifact("\n".join(lines), key=SUMMARY)
