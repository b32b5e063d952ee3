"""Carry out a withdrawal: build every reissue aside, then switch all of them at once."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from onrecord.errors import RefusedError
from onrecord.ingest.archive import Archive
from onrecord.ingest.suppress import Suppression, SuppressionList, open_for_more
from onrecord.records.schema import conform, schema
from onrecord.records.validate import validate
from onrecord.release.catalog import PAGE, releases_folder
from onrecord.release.changes import Plan, compare
from onrecord.release.compare import RECORDS
from onrecord.release.dataset import UNDESCRIBED, Dataset
from onrecord.release.describe import Facts, Reissue, quality
from onrecord.release.layout import COMPOSITE_PLACES, index_path
from onrecord.release.publish import build
from onrecord.release.restore import Restorer
from onrecord.release.retire import Fates
from onrecord.release.summary import by_source
from onrecord.release.sums import sha256_of
from onrecord.scratch import Rows
from onrecord.settings import Settings
from onrecord.split_off import SplitOff
from onrecord.withdraw.journal import Journal, Step, commit, finish, staged
from onrecord.withdraw.plan import (
    Retained,
    Withdrawal,
    for_list,
    has_file,
    read_all,
    read_whole,
)
from onrecord.withdraw.redact import Order, Redacted, redact
from onrecord.withdraw.words import public_ids


def next_reissue(version: str) -> str:
    """The version of a release after one more withdrawal."""
    base, _, count = version.partition("+w")
    return f"{base}+w{int(count or 0) + 1}"


def suppression_after(planned: Withdrawal, current: Suppression) -> SuppressionList:
    """The suppression list as a withdrawal leaves it."""
    texts = for_list(planned, current)
    return current.with_more(texts, planned.documents, planned.files)


class _History:
    """What the reissues so far say, which later ones must agree with."""

    def __init__(self, planned: Withdrawal, releases: list[Retained]) -> None:
        self.planned = planned
        self.first_release: dict[str, str] = {}
        self.since: dict[str, str] = {}
        self.published: dict[str, str] = {}
        for release in releases:
            for table, key in (
                ("retired", "record_id"),
                ("documents", "document_id"),
                ("paragraphs", "paragraph_id"),
            ):
                if table in release.tables:
                    rows = pl.from_arrow(release.tables[table].select([key, "first_release"]))
                    assert isinstance(rows, pl.DataFrame)
                    for name, first in rows.iter_rows():
                        self.first_release.setdefault(name, first)

    def first(self, version: str) -> Any:
        """First release of a paragraph that lives again in a reissue of `version`."""
        return lambda name: self.first_release.setdefault(name, version)


def _retired(
    release: Retained, redacted: Redacted, order: Order, version: str, history: _History
) -> pa.Table:
    """``retired`` of a reissue."""
    living = set(redacted.tables["documents"]["document_id"].to_pylist())
    living |= set(redacted.tables["paragraphs"]["paragraph_id"].to_pylist())
    category = history.planned.category
    rows = {row["record_id"]: row for row in release.tables["retired"].to_pylist()}
    gone = dict.fromkeys(redacted.gone, "paragraph")
    gone |= dict.fromkeys(order.documents, "document")
    before = set(release.tables["documents"]["document_id"].to_pylist())
    before |= set(release.tables["paragraphs"]["paragraph_id"].to_pylist())
    for name in sorted(history.planned.ids & rows.keys()):
        gone.setdefault(name, rows[name]["kind"])
    for name, kind in gone.items():
        if name in rows and rows[name]["reason"] == "withdrawn":
            continue
        if name not in before and name not in rows:
            continue
        rows[name] = {
            "kind": kind,
            "record_id": name,
            "first_release": history.first_release[name],
            "since": history.since.setdefault(name, version),
            "reason": "withdrawn",
            "successor_id": None,
            "category": category,
        }
    left = [row for name, row in rows.items() if name not in living]
    columns = {f.name: [row[f.name] for row in left] for f in schema("retired").fields}
    return conform("retired", columns)


def _changes(
    release: Retained,
    tables: Mapping[str, pa.Table],
    before: Mapping[str, pa.Table] | None,
) -> pa.Table:
    """``changes`` of a reissue, against the release that now stands before it."""
    if before is None:
        return _changes_left(release, tables)
    then = {name: Rows.of(table) for name, table in before.items()}
    now = {name: Rows.of(table) for name, table in tables.items()}
    rows = compare(then, now, tables["retired"], None).table()
    return conform("changes", {name: rows[name] for name in rows.column_names})


def _changes_left(release: Retained, tables: Mapping[str, pa.Table]) -> pa.Table:
    """``changes`` of the oldest release at hand: what it had, but for records that are gone."""
    keys: set[str] = set()
    for name in RECORDS:
        rows_now = pl.from_arrow(tables[name])
        assert isinstance(rows_now, pl.DataFrame)
        parts = [pl.col(c).cast(pl.String) for c in schema(name).primary_key]
        key = rows_now.select(pl.concat_str(parts, separator="/").alias("key"))
        keys |= set(key["key"].to_list())
    rows = [
        row
        for row in release.tables["changes"].to_pylist()
        if row["change"] == "retired" or row["record_key"] in keys
    ]
    columns = {f.name: [row[f.name] for row in rows] for f in schema("changes").fields}
    return conform("changes", columns)


def _counts(tables: Mapping[str, pa.Table], before: Mapping[str, pa.Table]) -> pa.Table:
    """What changed, by source; for the index files."""
    then = {name: Rows.of(table) for name, table in before.items()}
    now = {name: Rows.of(table) for name, table in tables.items()}
    return by_source(then, now, now["changes"])


def _composites(release: Retained, tables: Mapping[str, pa.Table]) -> pa.Table:
    """Where retired texts stand that are made of several paragraphs, as far as that still holds."""
    place = index_path(COMPOSITE_PLACES)
    if not has_file(release.path, place, release.facts):
        return Fates().composites
    rows = read_whole(release.path, place, release.facts)
    retired = tables["retired"]
    living = retired.filter(pc.not_equal(retired["reason"], "withdrawn"))["record_id"]
    here = pc.is_in(rows["record_id"], living.combine_chunks())
    stands = pc.is_in(rows["document_id"], tables["documents"]["document_id"].combine_chunks())
    return rows.filter(pc.and_(here, stands))


def _split_off(
    release: Retained, planned: Withdrawal, tables: Mapping[str, pa.Table]
) -> list[SplitOff]:
    """What the release split off, as far as a text that it shows still says so."""
    stated = release.facts.split_off
    names = public_ids([one.text for one in stated])
    living = set(tables["paragraphs"]["paragraph_id"].to_pylist())
    return [
        one
        for one, name in zip(stated, names, strict=True)
        if name in living or (name not in planned.ids and one.text in set(planned.remaining))
    ]


def _reasons(
    release: Retained, redacted: Redacted, order: Order, planned: Withdrawal
) -> tuple[str, ...]:
    """Why there is a reissue, for people."""
    told = (
        f"reissue of {release.version}: texts were withdrawn ({planned.category})",
        f"documents withdrawn: {len(order.documents):,}, paragraphs withdrawn: "
        f"{len(redacted.gone):,}, blocks withheld: {len(order.blocks):,}, documents of which a "
        f"part is withheld now: {len(redacted.touched):,}",
    )
    return (*told, planned.note) if planned.note else told


def _checked(tables: Mapping[str, pa.Table], version: str) -> None:
    """Refuse to go on where a reissue would be wrong."""
    problems = [f"{p.table}, row {p.row}, {p.field}: {p.message}" for p in validate(tables)]
    restorer = Restorer(Rows.of(tables["documents"]), Rows.of(tables["patches"]))
    lost = restorer.unrestored(tables["occurrences"])
    problems += [f"documents, {name}: can't be restored" for name in lost]
    if problems:
        shown = "\n".join(problems[:20])
        raise RefusedError(f"{version} would be wrong, so nothing was withdrawn:\n{shown}")


def _origin(release: Retained, planned: Withdrawal) -> dict[str, Any]:
    """``provenance.json`` of a release, without globs that name a withdrawn document."""
    origin: dict[str, Any] = json.loads((release.path / "provenance.json").read_bytes())
    paths = {
        row["path"]
        for row in release.tables["documents"].to_pylist()
        if row["document_id"] in planned.documents
    }
    for globs in origin.get("inputs", {}).get("globs", {}).values():
        for name, patterns in (globs or {}).items():
            globs[name] = [pattern for pattern in patterns if pattern not in paths]
    return origin


def _settings(release: Retained, origin: Mapping[str, Any]) -> Settings:
    """What a reissue is written with: it has the files that the release had."""
    part_rows = origin.get("settings", {}).get("part_rows")
    stated = {"part_rows": part_rows} if part_rows else {}
    return Settings(page=(release.path / PAGE).is_file(), **stated)


def execute(data: Path, planned: Withdrawal, created: str, key: Path | None) -> list[Step]:
    """Withdraw what a plan says. The caller holds the data folder.

    Args:
        data: the data folder.
        planned: what to do.
        created: see ``publish.creation_time``.
        key: what to sign the reissues with, None to leave them unsigned.

    Returns:
        Each release that was superseded, and its reissue.

    Raises:
        RefusedError: it can't be done. Either nothing has happened, or the message says that
            the next command goes on.
    """
    archive = Archive(data / "archive")
    releases = read_all(data)
    history = _History(planned, releases)
    steps = []
    before: tuple[str, str, Mapping[str, pa.Table]] | None = None
    try:
        suppression = open_for_more(data / "archive")
        listed = suppression_after(planned, suppression)
        for release in releases:
            order = planned.orders.get(release.version)
            if order is None:
                digest = release.facts.content_digest
                before = release.version, digest, release.tables
                continue
            version = next_reissue(release.version)
            built, touched = _reissue(data, release, order, before, history, archive, created, key)
            before = (version, *built)
            steps.append(Step(old=release.version, new=version, gone=tuple(sorted(touched))))
        commit(data, Journal(reissues=tuple(steps), suppression=listed))
    except OSError as error:
        place = error.filename or releases_folder(data)
        raise RefusedError(
            f"{place}: can't be written: {error.strerror or error}. Nothing was withdrawn."
        ) from None
    finish(data)
    return steps


def _reissue(
    data: Path,
    release: Retained,
    order: Order,
    before: tuple[str, str, Mapping[str, pa.Table]] | None,
    history: _History,
    archive: Archive,
    created: str,
    key: Path | None,
) -> tuple[tuple[str, dict[str, pa.Table]], set[str]]:
    """Build one reissue in staging.

    Returns:
        Its content digest and its tables, and the documents that can't be had any more.
    """
    version = next_reissue(release.version)
    planned = history.planned
    origin = _origin(release, planned)
    boilerplate = origin.get("settings", {}).get("boilerplate_documents")
    redacted = redact(
        release.tables,
        order,
        archive.key,
        history.first(version),
        str(origin.get("code", {}).get("rule", "onrecord-dedup/1")),
        boilerplate or Settings().boilerplate_documents,
    )
    tables = dict(redacted.tables)
    tables["retired"] = _retired(release, redacted, order, version, history)
    tables["changes"] = _changes(release, tables, before[2] if before else None)
    _checked(tables, version)
    plan = Plan(
        version,
        before[0] if before else None,
        "reissue",
        _reasons(release, redacted, order, planned),
        {name: Rows.of(table) for name, table in tables.items()},
        _split_off(release, planned, tables),
        counts=_counts(tables, before[2]) if before else None,
        composites=_composites(release, tables),
        dataset=Dataset.model_validate(origin.get("dataset") or UNDESCRIBED.stated()),
    )
    supersedes = {
        "version": release.version,
        "content_digest": release.facts.content_digest,
        "sums_sha256": sha256_of(release.path / "SHA256SUMS"),
    }
    log = (release.path / "CHANGELOG.md").read_text(encoding="utf-8")
    facts = Facts(
        plan,
        [],
        _settings(release, origin),
        created,
        before[1] if before else None,
        Reissue(origin, supersedes, log),
    )
    digest = build(facts, quality(plan.tables), staged(data, version), log, key)
    return (digest, tables), redacted.touched | set(order.documents)
