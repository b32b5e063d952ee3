"""What the sources of a run hold, found without opening any of their files.

Nothing heavy is imported here: a run that has nothing to do ends behind this (``unchanged``).
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from onrecord.collect.custody import Custody
from onrecord.collect.handover import collected, joined
from onrecord.errors import RefusedError
from onrecord.ingest.archive import Archive
from onrecord.ingest.files import Candidate, Listing, find
from onrecord.ingest.ids import document_id
from onrecord.ingest.private import Withheld
from onrecord.ingest.quarantine import Rejected
from onrecord.ingest.sources import Source, read_sources
from onrecord.release.dataset import UNDESCRIBED, Dataset, read_dataset
from onrecord.release.store import is_url
from onrecord.settings import Settings


@dataclass(frozen=True, slots=True)
class Found:
    """What the sources hold, before any file is read.

    Attributes:
        sources: sorted by id.
        candidates: files to read, in the order of their document ids, which is that of all
            records that follow.
        order: for each document id its place by source and path: where texts are the same,
            the first by this order is preferred.
        rejected: entries that can't be used.
        remarks: what is left out on purpose, in words.
        paths: for each document id the path of its file, as it is in the source's folder.
        renamed: for the id that a document would have under another publication mode, its id.
        withheld: documents that the archive gives back, and the release does not.
        containers: sha256 of each file that a reader read, by source and path.
        members: source and path of the file that a document was found in, by its id.
        looked: whether files that are called like plain texts were looked into.
        dataset: what is said of all sources together.
    """

    sources: list[Source]
    candidates: list[Candidate]
    order: dict[str, int]
    rejected: list[Rejected]
    remarks: list[str]
    paths: dict[str, str]
    renamed: dict[str, str]
    withheld: list[Withheld]
    containers: dict[tuple[str, str], str] = field(default_factory=dict)
    members: dict[str, tuple[str, str]] = field(default_factory=dict)
    looked: bool = False
    dataset: Dataset = UNDESCRIBED


def discover(seeds: Path | str, settings: Settings, data: Path | None = None) -> Found:
    """Read ``dataset.yml`` and every ``source.yml``, and list the files that belong to the sources.

    Pages that were fetched for them (``onrecord.collect``) are in the archive of `data`.

    Args:
        seeds: folder with one folder a source, or ``s3://bucket/prefix`` of one.
        settings: of the run.
        data: the data folder.
    """
    if isinstance(seeds, str) and is_url(seeds):
        from onrecord.ingest import bucket  # noqa: PLC0415 (local folders never need it)

        with bucket.opened(seeds) as there:
            return _discover(there.folder, there.find, settings, data)
    return _discover(Path(seeds), find, settings, data)


def _discover(
    seeds: Path,
    find: Callable[[Source, Path, int], Listing],
    settings: Settings,
    data: Path | None,
) -> Found:
    """See `discover`.

    Args:
        seeds: folder with the descriptions.
        find: lists what belongs to a source.
        settings, data: as there.
    """
    described = read_sources(seeds)
    fetched = data is not None and any(source.collect for source, _ in described)
    known = Custody(data / "archive").known() if data and fetched else {}
    archive = Archive(data / "archive") if data and known else None
    found = Found([source for source, _ in described], [], {}, [], [], {}, {}, [])
    found = replace(found, dataset=read_dataset(seeds))
    for stray in sorted(p.name for p in seeds.iterdir() if not p.is_dir()):
        found.remarks.append(f"{stray}: left out, it is in no source's folder")
    for source, folder in described:
        listing = find(source, folder, settings.max_file_bytes)
        if archive:
            pages = collected(source, known, archive, settings.max_file_bytes)
            listing = joined(listing, pages)
        found.candidates.extend(listing.candidates)
        found.rejected.extend(listing.rejected)
        if listing.left_out:
            count = "1 file" if listing.left_out == 1 else f"{listing.left_out:,} files"
            found.remarks.append(f"{source.id}: {count} left out by its globs")
        if not listing.candidates and not listing.rejected:
            hint = "; fetch some with `onrecord collect`" if source.collect else ""
            found.remarks.append(f"{source.id}: no files{hint}")
    strange = sorted(set(settings.allow) - {source.id for source in found.sources})
    found.remarks.extend(f"--allow {name}: there is no such source" for name in strange)
    number(found, found.candidates)
    return found


def number(found: Found, candidates: list[Candidate]) -> None:
    """Take the files in, in the order of their document ids.

    Args:
        found: is filled.
        candidates: by source and path.

    Raises:
        RefusedError: two have the same id.
    """
    ids = {c.document_id or document_id(c.source_id, c.path, c.locator): c for c in candidates}
    if len(ids) != len(candidates):
        raise RefusedError("Two different documents have the same id. Nothing was published.")
    found.order.clear()
    found.order.update(zip(ids, itertools.count(), strict=False))
    found.candidates[:] = [ids[name].named(name) for name in sorted(ids)]
