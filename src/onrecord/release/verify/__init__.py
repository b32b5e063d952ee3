"""Verify releases: is every file, record and link what it says it is, and if not, where.

`verify` looks at one release. It relies on nothing but the files: what it checks is described
in ``docs/releases.md``, so that anybody can write it again. ``publish`` runs the same code on
what it has built, before anybody can see it.
"""

import hashlib
from collections.abc import Collection, Mapping
from pathlib import Path

from pydantic import ValidationError

from onrecord.release import signing
from onrecord.release.catalog import Entry, Index, Provenance, as_json
from onrecord.release.names import SELECTION, SIGNATURE, SUMS
from onrecord.release.selection import Selection
from onrecord.release.verify.chain import check_chain, check_entry, read_catalog
from onrecord.release.verify.descriptions import check_descriptions
from onrecord.release.verify.files import (
    Files,
    Folder,
    Progress,
    check_listing,
    check_sums,
    read,
    read_sums,
)
from onrecord.release.verify.package import (
    check_pages,
    check_sizes,
    figures,
    read_package,
    read_provenance,
)
from onrecord.release.verify.report import Depth, Problem, Report
from onrecord.release.verify.where import Place, find
from onrecord.scratch import Rows

__all__ = [
    "Depth",
    "Files",
    "Folder",
    "Place",
    "Problem",
    "Report",
    "find",
    "read_catalog",
    "verify",
]


def _silent(_: str, __: int) -> None:
    """Shows no progress."""


def _selection(files: Files, report: Report) -> Collection[str] | None:
    """Which files of a release were downloaded on purpose; None where all of them were.

    A partial download is no damaged release: what it left out is not missing.
    """
    raw = read(files, SELECTION)
    if raw is None:
        return None
    try:
        said = Selection.model_validate_json(raw)
    except ValidationError as error:
        report.problems.append(Problem(SELECTION, "", "source-error", error.errors()[0]["msg"]))
        return []
    names = said.files
    if as_json(said.model_dump()).encode() != raw or names != sorted(names):
        message = "not written as `onrecord get` writes it"
        report.problems.append(Problem(SELECTION, "", "source-error", message))
    report.notes.append(f"a part of the release: {len(names)} of its files are here")
    return names


def verify(
    files: Files,
    index: Index | None = None,
    entry: Entry | None = None,
    depth: Depth = Depth.FULL,
    signers: Path | None = None,
    progress: Progress = _silent,
    expected: Mapping[str, Rows] | None = None,
) -> Report:
    """Verify one release.

    Args:
        files: of the release.
        index: of the place where it stands; without it the chain can't be checked.
        entry: what the index says of it.
        depth: how much is looked at.
        signers: an allowed-signers file: one of them must have signed it.
        progress: told of every piece that is read.
        expected: its rows by table, those that its digests were taken of, where it was just
            written: they are compared with what is read, which is quicker than the digests.

    Returns:
        What was found. Never raises for what is wrong with the release.

    Raises:
        ConfigurationError: the allowed-signers file can't be read.
        UnavailableError: there is no ssh-keygen, and signers were given.
    """
    facts, problems = read_provenance(files)
    report = Report(facts.version if facts else entry.version if entry else files.name, problems)
    raw = read(files, SUMS)
    sums, problems = read_sums(raw)
    report.problems += problems
    chosen = _selection(files, report)
    found = files.listing()
    skip = set() if chosen is None else set(sums) - set(chosen)
    for name in sorted(set(chosen or ()) - set(sums)):
        report.problems.append(Problem(SELECTION, name, "sums-error", f"{SUMS} does not list it"))
    if found is None:
        report.notes.append("this place can't list its files: extra ones are not looked for")
    else:
        report.problems += check_listing(found, sums, chosen)
        skip |= set(sums) - {one.name for one in found if one.kind == "file"}
    whole = check_sums(files, sums, skip, report, progress)
    _check_signature(files, raw or b"", signers, report)
    if entry:
        check_entry(entry, facts, hashlib.sha256(raw or b"").hexdigest(), figures(files), report)
    if index and facts:
        check_chain(index, facts, report)
    elif not index:
        report.notes.append("no index here: the chain to the release before is not checked")
    if depth > Depth.SUMS:
        _check_contents(files, sums, whole, facts, depth, report, progress, expected)
    report.problems = sorted(set(report.problems), key=report.problems.index)
    return report


def _check_signature(files: Files, sums: bytes, signers: Path | None, report: Report) -> None:
    """Check the signature where there is one, or must be one."""
    signature = read(files, SIGNATURE)
    if signature is None:
        if signers:
            message = "the release is not signed"
            report.problems.append(Problem(SIGNATURE, "", "signature-missing", message))
        return
    try:
        report.signature = signing.check(sums, signature, signers)
    except signing.BadSignatureError as error:
        report.problems.append(Problem(SIGNATURE, "", "signature-error", str(error)))
    except signing.UnavailableError as error:
        if signers:
            raise
        report.notes.append(f"the signature is not checked: {error}")


def _check_contents(
    files: Files,
    sums: dict[str, str],
    whole: dict[str, int],
    facts: Provenance | None,
    depth: Depth,
    report: Report,
    progress: Progress,
    expected: Mapping[str, Rows] | None,
) -> None:
    """Check what the files say, beyond that they are what was published."""
    from onrecord.release.verify.tables import check_tables  # noqa: PLC0415  (compiled code)

    package = read_package(files, sums, facts)
    report.problems += package.problems
    report.problems += check_sizes(files, whole)
    # A damaged Parquet file is not given to a parser; in CSV the damaged row can be told.
    csv = {name for name in sums if name.endswith(".csv")}
    usable = {*whole, *(csv & _present(files, whole))}
    values = depth is Depth.FULL
    problems, rows = check_tables(files, package, facts, usable, values, progress, expected)
    report.problems += problems
    report.rows = sum(rows.values())
    if facts:
        report.problems += check_pages(files, facts, rows)
        report.problems += check_descriptions(files, sums, facts)


def _present(files: Files, whole: Collection[str]) -> set[str]:
    """Files that are there, as far as the place can tell."""
    found = files.listing()
    return set(whole) if found is None else {one.name for one in found if one.kind == "file"}
