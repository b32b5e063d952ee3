"""Build a release in staging and make it visible in one step.

Lock, write everything into a staging folder, flush it to disk, check it, rename the folder,
then rewrite the index. A crash at any point leaves the state before, or a complete release
that the next run finishes linking. Stale staging folders are removed by the next run.
"""

import datetime
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import filelock
import pyarrow as pa
from pydantic import ValidationError

from onrecord.durable import flush_folder, remove_drafts
from onrecord.errors import ConfigurationError, RefusedError
from onrecord.ingest.sources import Source
from onrecord.page.write import write_page
from onrecord.records.schema import TABLES
from onrecord.release.catalog import (
    INDEX,
    Index,
    as_json,
    read_provenance,
    release_path,
    releases_folder,
    rewrite_index,
    versions,
)
from onrecord.release.changelog import changelog
from onrecord.release.changes import Plan, Previous
from onrecord.release.dataset import UNDESCRIBED
from onrecord.release.describe import (
    Facts,
    csv_package,
    parquet_package,
    provenance,
    readme,
)
from onrecord.release.digest import TableDigest
from onrecord.release.indexes import write_indexes
from onrecord.release.layout import part_paths, table_path
from onrecord.release.metadata import descriptions, subject_of
from onrecord.release.names import SIGNATURE, SUMS
from onrecord.release.signing import sign
from onrecord.release.sums import sha256_of, unchanged_files
from onrecord.release.verify import Depth, Folder, verify
from onrecord.release.write import (
    PartWriter,
    csv_writer,
    group_rows,
    parquet_writer,
    rows_of_part,
)
from onrecord.scratch import Rows
from onrecord.settings import Settings
from onrecord.withdraw.journal import STAGING, finish

_STAGING = STAGING


@contextmanager
def exclusive(data: Path) -> Iterator[None]:
    """Hold the data folder for one publisher.

    Args:
        data: the data folder; made where it does not exist.

    Raises:
        ConfigurationError: its name is not UTF-8.
        RefusedError: it can't be written, or another run holds it.

    A withdrawal that was interrupted is finished first.
    """
    folder = releases_folder(data)
    try:
        str(folder).encode()
    except UnicodeEncodeError:
        raise ConfigurationError(f"{str(data)!r}: name the data folder in UTF-8") from None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(folder / ".lock", timeout=0)
        lock.acquire()
    except filelock.Timeout:
        raise RefusedError(
            f"{data}: another run is publishing here. Wait until it is done, then try again."
        ) from None
    except (OSError, NotImplementedError) as error:  # the latter: no locks on this file system
        why = getattr(error, "strerror", None) or error
        raise RefusedError(f"{data}: can't be written: {why}") from None
    try:
        finish(data)
        _tidy(data)
        yield
    finally:
        lock.release()


def _tidy(data: Path) -> None:
    """Remove what a crash left behind, and make sure that the folders themselves are on disk.

    Raises:
        RefusedError: that can't be done, or a release that the index names is damaged.
    """
    folder = releases_folder(data)
    try:
        for stale in folder.glob(f"{_STAGING}*"):
            shutil.rmtree(stale)
        remove_drafts(folder)
        for parent in (data.absolute().parent, data):
            flush_folder(parent)
    except OSError as error:
        raise RefusedError(
            f"{error.filename or folder}: can't be written: {error.strerror or error}"
        ) from None
    _check_index(folder)


def _check_index(folder: Path) -> None:
    """Refuse to go on where the index names a release that is there but damaged.

    Without this it would be taken for no release at all: the index would drop it, and its
    version could be given to another one.

    Raises:
        RefusedError: so it is.
    """
    try:
        index = Index.model_validate_json((folder / INDEX).read_bytes())
    except (OSError, ValidationError):
        return  # it is made anew from what is on disk
    for entry in index.releases:
        facts = read_provenance(folder / entry.path)
        damaged = (folder / entry.path).exists() and (not facts or facts.version != entry.version)
        if damaged:
            raise RefusedError(
                f"{folder / entry.path}: the release is damaged, so nothing is published beside "
                "it. `onrecord verify` says where; put a copy of it back, or remove the folder."
            )


def creation_time() -> str:
    """Now, or SOURCE_DATE_EPOCH, as ISO 8601 in UTC.

    Raises:
        ConfigurationError: SOURCE_DATE_EPOCH is no whole number of seconds.
    """
    given = os.environ.get("SOURCE_DATE_EPOCH")
    try:
        moment = (
            datetime.datetime.fromtimestamp(int(given), datetime.UTC)
            if given
            else datetime.datetime.now(datetime.UTC)
        )
    except (ValueError, OverflowError, OSError):
        raise ConfigurationError(
            f"SOURCE_DATE_EPOCH: expected seconds since 1970 as a whole number, got {given!r}"
        ) from None
    return moment.replace(microsecond=0).isoformat().replace("+00:00", "Z")


def load_previous(data: Path) -> Previous | None:
    """The latest release of a data folder, None where there is none.

    Raises:
        RefusedError: it is damaged, or the index names a later one that is not there.
    """
    known = versions(data)
    _refuse_lost(data, known)
    if not known:
        return None
    path = release_path(data, known[-1])
    facts = read_provenance(path)
    assert facts is not None
    try:
        package = json.loads((path / "parquet" / "datapackage.json").read_text(encoding="utf-8"))
        schemas = {resource["name"]: resource["schema"] for resource in package["resources"]}
        unchanged_files(path)
        tables = {
            name: Rows.parquet(*(path / part for part in part_paths(table_path(name), facts.parts)))
            for name in facts.table_digests
        }
    except (OSError, ValueError, KeyError, pa.ArrowException) as error:
        raise RefusedError(
            f"{path}: the latest release can't be read, so nothing can be built on it: {error}"
        ) from None
    stated = facts.dataset or UNDESCRIBED.stated()
    return Previous(facts.version, facts.content_digest, tables, facts.split_off, schemas, stated)


def _refuse_lost(data: Path, known: list[str]) -> None:
    """Refuse to go on where the latest release is gone: its version would be given again.

    An index that can't be read says nothing; it is written anew.
    """
    place = releases_folder(data) / INDEX
    try:
        listed = Index.model_validate_json(place.read_bytes()).releases
    except (OSError, ValueError):
        return
    if listed and listed[-1].version not in known:
        version = listed[-1].version
        raise RefusedError(
            f"{place}: names release {version}, and {place.parent / listed[-1].path} is no "
            "complete release. Put it back. If it is lost for good, remove index.json: the next "
            f"release builds on what is there, and may be called {version} again."
        )


def _write_text(path: Path, content: str) -> None:
    path.write_text(content, encoding="utf-8", newline="\n")


def _write_sums(folder: Path, known: dict[str, str], key: Path | None) -> None:
    """``SHA256SUMS`` over every other file, in the order of the paths, and its signature."""
    files = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
    sums = {name: known.get(name) or sha256_of(folder / name) for name in files}
    content = "".join(f"{sha256}  {name}\n" for name, sha256 in sums.items())
    _write_text(folder / SUMS, content)
    if key:
        (folder / SIGNATURE).write_bytes(sign(content.encode(), key))


def _flush(folder: Path) -> None:
    """Make sure that everything below a folder is on disk."""
    for path in [*sorted(folder.rglob("*")), folder]:
        flush_folder(path)  # files are opened and flushed just so


def _check(staging: Path, tables: Mapping[str, Rows]) -> None:
    """Read back what was written, with the code of ``onrecord verify``.

    The values were checked before they were written, so it is enough that CSV and Parquet give
    back the rows of the digest.

    Raises:
        RefusedError: it is not what was to be written.
    """
    report = verify(Folder(staging), depth=Depth.WRITTEN, expected=tables)
    if report.problems:
        shown = "\n".join(str(problem) for problem in report.problems[:20])
        raise RefusedError(
            f"The release is not what was to be written. Nothing was published.\n{shown}"
        )


def _write_table(
    name: str, rows: Rows, staging: Path, part_rows: int, pool: ThreadPoolExecutor
) -> tuple[str, int]:
    """Write one table in both formats; return its digest, and in how many files each is.

    Every group of rows goes to the two writers and the digest at the same time.
    """
    digest = TableDigest(name, rows.schema.names)
    most = rows_of_part(rows.num_rows, part_rows)
    group = min(most, group_rows(min(most, rows.num_rows)))
    with (
        PartWriter(
            partial(csv_writer, rows.schema), staging / table_path(name, "csv"), most
        ) as as_csv,
        PartWriter(
            partial(parquet_writer, rows.schema), staging / table_path(name), most
        ) as as_parquet,
    ):
        for some in rows.groups(group, most):
            done = [pool.submit(as_csv.write, some), pool.submit(digest.update, some)]
            as_parquet.write(some)
            for future in done:
                future.result()
    return digest.hexdigest(), as_parquet.parts


def build(
    facts: Facts, figures: dict[str, Any], staging: Path, log: str | None, key: Path | None
) -> str:
    """Write every file of a release, and read it back.

    Args:
        facts: what it says of itself, with a plan that has a version.
        figures: for ``quality.json``.
        staging: the folder to write into; it must not exist.
        log: the ``CHANGELOG.md`` that it goes on from, None for the first release.
        key: what to sign with, None to leave it unsigned.

    Returns:
        Its content digest.

    Raises:
        OSError: it can't be written.
        RefusedError: what was written is not what was to be written.
    """
    tables = facts.plan.tables
    for name in ("csv", "parquet"):
        (staging / name).mkdir(parents=True)
    most = facts.settings.part_rows
    with ThreadPoolExecutor(2) as pool:
        written = {name: _write_table(name, tables[name], staging, most, pool) for name in TABLES}
    parts = {name: n for name, (_, n) in written.items() if n > 1}
    parts |= write_indexes(tables, facts.plan.counts, facts.plan.composites, staging, most)
    origin = provenance(facts, {name: digest for name, (digest, _) in written.items()}, parts)
    digest: str = origin["content_digest"]
    _write_text(staging / "quality.json", as_json(figures))
    _write_text(staging / "provenance.json", as_json(origin))
    log_now = changelog(facts.plan, figures, log)
    _write_text(staging / "CHANGELOG.md", log_now)
    _write_text(staging / "parquet" / "datapackage.json", as_json(parquet_package(facts, parts)))
    package = csv_package(facts, parts, staging)
    _write_text(staging / "datapackage.json", as_json(package))
    stated = (facts.plan.dataset, facts.plan.version or "", facts.created, digest)
    subject = subject_of(*stated, tables, package["resources"], parts)
    _write_text(staging / "README.md", readme(facts, figures, subject))
    for name, text in descriptions(subject).items():
        _write_text(staging / name, text)
    if facts.settings.page:
        write_page(tables, package, figures, log_now, subject, staging)
    hashes = {
        file["path"]: file["hash"].removeprefix("sha256:")
        for file in package["resources"]
        if "hash" in file
    }
    _write_sums(staging, hashes, key)
    _check(staging, tables)
    _flush(staging)
    return digest


def publish(
    plan: Plan,
    figures: dict[str, Any],
    previous: Previous | None,
    sources: list[Source],
    data: Path,
    settings: Settings,
    created: str,
    key: Path | None = None,
) -> tuple[Path, str]:
    """Write a planned release and make it visible. The caller holds `exclusive`.

    Args:
        plan: with a version.
        figures: of the release, for ``quality.json``.
        previous: the release before.
        sources: as they were described, for the record.
        data: the data folder.
        settings: of the run, for the record.
        created: see `creation_time`.
        key: what to sign with, None to leave it unsigned.

    Returns:
        The folder of the release and its content digest.

    Raises:
        RefusedError: it can't be written; the message says whether it is visible.
    """
    assert plan.version is not None
    folder = releases_folder(data)
    staging = folder / f"{_STAGING}{plan.version}"
    final = folder / plan.version
    digest_before = previous.content_digest if previous else None
    facts = Facts(plan, sources, settings, created, digest_before)
    before = release_path(data, previous.version) if previous else None
    if final.exists():
        raise RefusedError(
            f"{final}: in the way, and no complete release. Remove it. Nothing was published."
        )
    try:
        log = (before / "CHANGELOG.md").read_text(encoding="utf-8") if before else None
        digest = build(facts, figures, staging, log, key)
        staging.rename(final)
    except RefusedError:
        shutil.rmtree(staging, ignore_errors=True)
        raise
    except OSError as error:
        shutil.rmtree(staging, ignore_errors=True)
        raise RefusedError(
            f"{error.filename or folder}: can't be written: {error.strerror or error}. "
            "Nothing was published."
        ) from None
    try:
        flush_folder(folder)
        link(data)
    except (OSError, RefusedError) as error:
        raise RefusedError(
            f"Release {plan.version} is complete in {final}, but the index can't be written: "
            f"{getattr(error, 'strerror', None) or error}. The next run links it."
        ) from None
    return final, digest


def link(data: Path) -> bool:
    """Bring the index in line with the releases on disk; return whether that was needed.

    Raises:
        RefusedError: it can't be written.
    """
    try:
        known = versions(data)
        sums = {version: sha256_of(release_path(data, version) / SUMS) for version in known}
        return rewrite_index(data, sums) if sums else False
    except OSError as error:
        place = error.filename or releases_folder(data)
        raise RefusedError(f"{place}: can't be written: {error.strerror or error}") from None


def scratch_folder(data: Path) -> Path:
    """Where a run may put things aside."""
    return data / "cache" / "scratch"
