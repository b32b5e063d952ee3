"""What describes a release for other programs must speak of this release.

The files are not made again: a newer version of the code may word them differently, and a
release never changes. But each must name this version and these records, and the hashes that
it states must be those of the files.
"""

import json
from typing import Any

from onrecord.release.catalog import Provenance
from onrecord.release.layout import DESCRIPTIONS
from onrecord.release.verify.files import Files, read
from onrecord.release.verify.report import Problem


def check_descriptions(files: Files, sums: dict[str, str], facts: Provenance) -> list[Problem]:
    """Check the files that describe a release, as far as it has them.

    Args:
        files: of the release.
        sums: sha256 by path, as ``SHA256SUMS`` says.
        facts: what the release says of itself.
    """
    problems = []
    for name in DESCRIPTIONS:
        raw = read(files, name) if name in sums else None
        if raw is None:
            continue
        text = raw.decode("utf-8", "replace")
        content: Any = None
        if name.endswith(".json"):
            try:
                content = json.loads(text)
            except ValueError as error:
                problems.append(Problem(name, "", "source-error", f"no JSON: {error}"))
                continue
        problems += _version(name, text, content, facts)
        problems += _hashes(name, content, sums)
    return problems


def _nodes(content: Any) -> list[dict[str, Any]]:
    """The entities that a description lists, itself included."""
    if not isinstance(content, dict):
        return []
    listed = [*content.get("@graph", []), *content.get("distribution", [])]
    return [content, *(one for one in listed if isinstance(one, dict))]


def _version(name: str, text: str, content: Any, facts: Provenance) -> list[Problem]:
    """That a description names this version, and these records where it names any."""
    problems = []
    if name.endswith(".json"):
        stated = [one["version"] for one in _nodes(content) if "version" in one]
    else:
        lines = text.splitlines()
        stated = [line.partition(": ")[2] for line in lines if line.startswith("version: ")]
    if stated != [facts.version]:
        message = f"{', '.join(map(str, stated)) or 'none'}, but the release is {facts.version}"
        problems.append(Problem(name, "version", "package-error", message))
    if "sha256:" in text and f"sha256:{facts.content_digest}" not in text:
        message = "does not name the content digest in provenance.json"
        problems.append(Problem(name, "", "digest-error", message))
    return problems


def _hashes(name: str, content: Any, sums: dict[str, str]) -> list[Problem]:
    """That the files it lists are of the release, with the hashes that it states."""
    problems = []
    for one in _nodes(content):
        path = one.get("contentUrl", one.get("@id"))
        if "sha256" in one and sums.get(str(path)) != one["sha256"]:
            message = f"{path}: {one['sha256']}, but SHA256SUMS says {sums.get(str(path))}"
            problems.append(Problem(name, "sha256", "package-error", message))
    return problems
