"""What must hold whatever happened: releases are whole or invisible, and the next run mends."""

import json
import shutil
from pathlib import Path

from onrecord.release.verify import Depth, Folder, find, read_catalog, verify
from tests.hostile.harness import Zygote


def sums(data: Path, version: str) -> str:
    """The ``SHA256SUMS`` of a release."""
    return (data / "releases" / version / "SHA256SUMS").read_text(encoding="utf-8")


def restore(template: Path, data: Path) -> None:
    """Put a data folder back into the state of a template."""
    shutil.rmtree(data, ignore_errors=True)
    shutil.copytree(template, data)


def faults_now(template: Path, data: Path) -> list[str]:
    """What is wrong right after a fault: with the releases of before, or with what is visible."""
    found = []
    releases = data / "releases"
    for before in (template / "releases").glob("*"):
        if before.is_dir() and not before.name.startswith("."):
            report = verify(Folder(releases / before.name), depth=Depth.SUMS)
            found += [f"{before.name}: {problem}" for problem in report.problems]
            if not report.problems and sums(data, before.name) != sums(template, before.name):
                found.append(f"{before.name}: is another release now")
    if (releases / "index.json").exists():
        index, problems, _ = read_catalog(Folder(releases))
        found += [str(problem) for problem in problems if problem.file != "latest.json"]
        found += _latest(releases) if (releases / "latest.json").exists() else []
        for entry in index.releases if index else []:
            report = verify(Folder(releases / entry.path), index, entry, Depth.SUMS)
            found += [f"index {entry.version}: {problem}" for problem in report.problems]
    elif (template / "releases" / "index.json").exists():
        found.append("index.json is gone")
    for folder in releases.iterdir() if releases.is_dir() else []:
        if folder.is_dir() and not folder.name.startswith("."):
            report = verify(Folder(folder), depth=Depth.SUMS)
            found += [f"folder {folder.name}: {problem}" for problem in report.problems]
    return found


def _latest(releases: Path) -> list[str]:
    """``latest.json`` names a release that the index has, or has named before."""
    latest = json.loads((releases / "latest.json").read_text(encoding="utf-8"))
    index = json.loads((releases / "index.json").read_text(encoding="utf-8"))
    return [] if latest in index["releases"] else ["latest.json names no release of the index"]


def faults_after(
    zygote: Zygote, seeds: Path, data: Path, wanted: str, full: bool, *options: str
) -> list[str]:
    """Run once more, undisturbed, and say what is wrong with the outcome.

    Args:
        zygote: runs it.
        seeds: the sources.
        data: the data folder.
        wanted: the ``SHA256SUMS`` that the latest release must have; empty for any.
        full: whether every record is read back, too.
        options: of the command.
    """
    done = zygote.run("release", seeds, "--data", data, *options)
    if done.code:
        return [f"the next run ended with {done.code}: {done.output}"]
    releases = data / "releases"
    place = find(str(data))
    found = [str(problem) for problem in place.problems] + place.notes
    assert place.index
    for files, entry in place.releases(None, True):
        report = verify(files, place.index, entry, Depth.SUMS)
        found += [f"afterwards {report.release}: {problem}" for problem in report.problems]
    versions = {entry.path for entry in place.index.releases}
    left = {path.name for path in releases.iterdir()}
    if left != {*versions, "index.html", "index.json", "latest.json", "feed.atom", ".lock"}:
        found.append(f"left over in releases: {sorted(left)}")
    packs = sorted(path.name for path in (data / "archive" / "packs").iterdir())
    if {name.removesuffix(".pack") for name in packs[1::2]} != {
        name.removesuffix(".index") for name in packs[::2]
    }:
        found.append(f"left over in the archive: {packs}")
    latest = place.index.releases[-1].path
    if wanted and sums(data, latest) != wanted:
        found.append(f"{latest} is not what an undisturbed run gives")
    if full:
        done = zygote.run("verify", data, "--all")
        found += [done.output] if done.code else []
    return found
