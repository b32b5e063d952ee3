"""The main job: a folder of raw text becomes a release. The order of stages stands here, once.

Stages are plain functions. How they are run is up to the caller: the command line calls them
directly (`call`), the Prefect flow makes a task of each. Both give the same content digest.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from onrecord.corpus import Corpus, Prepared, characters, join, text_of
from onrecord.dedup.engine import Decisions
from onrecord.dedup.engine import deduplicate as find_repeats
from onrecord.dedup.resolve import COMPOSITE, KEPT
from onrecord.errors import RefusedError
from onrecord.ingest.archive import Archive
from onrecord.ingest.files import Candidate, find
from onrecord.ingest.quarantine import Reason, Rejected, reject
from onrecord.ingest.read import Batch, read
from onrecord.ingest.sources import Source, read_sources
from onrecord.records.assemble import assemble
from onrecord.records.rights import Rights, rights, text_ids
from onrecord.records.validate import validate as check_records
from onrecord.release.catalog import release_path
from onrecord.release.changes import Plan, Previous, plan
from onrecord.release.describe import quality
from onrecord.release.publish import creation_time, exclusive, link, load_previous
from onrecord.release.publish import publish as publish_plan
from onrecord.release.restore import rebuild
from onrecord.settings import Settings
from onrecord.text.lexicon import NEGATION_LANGUAGES
from onrecord.text.segment import Blocks, text_buffer
from onrecord.text.segment import segment as cut
from onrecord.text.tokens import normalise as fold

T = TypeVar("T")


class Run(Protocol):
    """How a stage is run: call it, show it, make it a task."""

    def __call__(self, stage: Callable[..., T], *args: Any, step: tuple[int, int] = (1, 1)) -> T:
        """Run ``stage(*args)``, the `step`-th of as many runs of this stage."""
        ...


def call(stage: Callable[..., T], *args: Any, step: tuple[int, int] = (1, 1)) -> T:
    """Run a stage directly."""
    return stage(*args)


@dataclass(frozen=True, slots=True)
class Found:
    """What the sources hold, before any file is read.

    Attributes:
        sources: sorted by id.
        candidates: files to read, sorted by source and path.
        rejected: entries that can't be used.
        remarks: what is left out on purpose, in words.
    """

    sources: list[Source]
    candidates: list[Candidate]
    rejected: list[Rejected]
    remarks: list[str]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run did.

    Attributes:
        version: of the release that now is the latest.
        path: its folder.
        content_digest: of its records.
        published: whether this run made it; False where nothing had changed.
        figures: counts as in ``quality.json``.
        reasons: what the version was decided by.
        remarks: what was left out on purpose, in words.
        sample: id of a document that can be restored, None where there is none.
    """

    version: str
    path: Path
    content_digest: str
    published: bool
    figures: dict[str, Any]
    reasons: tuple[str, ...]
    remarks: tuple[str, ...]
    sample: str | None


def discover(seeds: Path, settings: Settings) -> Found:
    """Read every ``source.yml`` and list the files that belong to the sources."""
    described = read_sources(seeds)
    found = Found([source for source, _ in described], [], [], [])
    for stray in sorted(p.name for p in seeds.iterdir() if not p.is_dir()):
        found.remarks.append(f"{stray}: left out, it is in no source's folder")
    for source, folder in described:
        listing = find(source, folder, settings.max_file_bytes)
        found.candidates.extend(listing.candidates)
        found.rejected.extend(listing.rejected)
        if listing.left_out:
            count = "1 file" if listing.left_out == 1 else f"{listing.left_out:,} files"
            found.remarks.append(f"{source.id}: {count} left out by its globs")
        if not listing.candidates and not listing.rejected:
            found.remarks.append(f"{source.id}: no files")
    return found


def batches(candidates: list[Candidate], batch_bytes: int) -> list[list[Candidate]]:
    """Cut a list of files into batches of about equal size; at least one batch."""
    cut_up: list[list[Candidate]] = [[]]
    size = 0
    for candidate in candidates:
        if size and size + candidate.bytes > batch_bytes:
            cut_up.append([])
            size = 0
        cut_up[-1].append(candidate)
        size += candidate.bytes
    return cut_up


def ingest(files: list[Candidate], archive: Archive | None, settings: Settings) -> Batch:
    """Read and decode a batch of files, and keep their raw bytes."""
    try:
        return read(files, archive, settings.max_file_bytes)
    except OSError as error:
        raise RefusedError(
            f"{error.filename or 'archive'}: can't be written: {error.strerror or error}. "
            "Nothing was published."
        ) from None


def segment(batch: Batch, settings: Settings) -> tuple[Batch, Blocks]:
    """Cut a batch into blocks; documents without any go to quarantine."""
    blocks = cut(text_of(batch.documents), settings.split_above)
    filled = np.zeros(batch.documents.num_rows, np.bool_)
    filled[blocks.document] = True
    if filled.all():
        return batch, blocks
    blank = batch.documents.filter(pa.array(~filled)).to_pylist()
    rejected = [
        reject(r["source_id"], r["path"], r["bytes"], Reason.EMPTY, "nothing but white space")
        for r in blank
    ]
    documents = batch.documents.filter(pa.array(filled))
    gone = pa.array([r["document_id"] for r in blank], pa.string())
    patches = batch.patches.filter(pc.invert(pc.is_in(batch.patches["document_id"], gone)))
    rest = Batch(documents, patches, batch.rejected + rejected)
    return rest, cut(text_of(documents), settings.split_above)


def normalise(batch: Batch, blocks: Blocks) -> Prepared:
    """Turn the blocks of a batch into tokens of the normal form."""
    composed = batch.documents["nfc"].to_numpy()
    text, _ = text_buffer(text_of(batch.documents))
    tokens = fold(text, blocks, ~composed.astype(np.bool_))
    return Prepared(batch.documents, batch.patches, batch.rejected, blocks, tokens)


def gather(found: Found, prepared: list[Prepared]) -> Corpus:
    """Put the batches of a run together."""
    return join(found.sources, prepared, found.rejected)


def _trusted(corpus: Corpus) -> NDArray[np.bool_]:
    """For each block, whether the negations of its language are known."""
    known = {s.id: (s.language or "").split("-")[0] in NEGATION_LANGUAGES for s in corpus.sources}
    of_document = np.array([known[s] for s in corpus.documents["source_id"].to_pylist()], np.bool_)
    return of_document[corpus.blocks.document]


def _published(
    corpus: Corpus, allowed: Rights, archive: Archive, previous: Previous | None
) -> NDArray[np.bool_]:
    """For each block, whether the release before published its very wording."""
    n = len(corpus.blocks)
    if previous is None:
        return np.zeros(n, np.bool_)
    wordings = previous.wordings()
    ids = text_ids(corpus, np.arange(n), allowed.shown, archive.key)
    return np.array(
        [
            name in wordings and wordings[name] == corpus.block_bytes(block).decode()
            for block, name in enumerate(ids)
        ],
        np.bool_,
    )


def deduplicate(
    corpus: Corpus,
    allowed: Rights,
    archive: Archive,
    previous: Previous | None,
    settings: Settings,
) -> Decisions:
    """Find every repeat among the blocks of a run."""
    return find_repeats(
        corpus.tokens,
        allowed.openness,
        _published(corpus, allowed, archive, previous),
        _trusted(corpus),
        characters(corpus.text, corpus.blocks.start, corpus.blocks.end),
        corpus.blocks.document,
        settings.boilerplate_documents,
    )


def record(
    corpus: Corpus,
    allowed: Rights,
    decisions: Decisions,
    archive: Archive,
    previous: Previous | None,
    settings: Settings,
) -> Plan:
    """Make the tables and decide what the release would be."""
    texts = decisions.texts
    ids = text_ids(corpus, texts.block, allowed.shown[texts.block], archive.key)
    tables = assemble(
        corpus,
        decisions,
        allowed,
        ids,
        previous.first_releases() if previous else {},
        settings.boilerplate_documents,
    )
    fate, links = decisions.resolution.fate, decisions.resolution.links
    successors = {
        ids[text]: ids[found[0].target]
        for text, found in links.items()
        if fate[text] not in (KEPT, COMPOSITE)
    }
    return plan(tables, previous, successors)


def _unrestored(planned: Plan) -> list[str]:
    """Documents that the tables do not give back byte for byte."""
    tables = planned.tables
    patches: dict[str, list[dict[str, Any]]] = {}
    for row in tables["patches"].to_pylist():
        patches.setdefault(row["document_id"], []).append(row)
    occurrences = tables["occurrences"]
    texts, gaps = occurrences["text"].to_pylist(), occurrences["gap"].to_pylist()
    lost = []
    at = 0
    for row in tables["documents"].to_pylist():  # both tables are sorted by document
        following = at + row["n_blocks"]
        if row["restores"] == "file":
            blocks = zip(texts[at:following], gaps[at:following], strict=True)
            raw = rebuild(row, blocks, patches.get(row["document_id"], []))
            if hashlib.sha256(raw).hexdigest() != row["revision"]:
                lost.append(row["document_id"])
        at = following
    return lost


def validate(planned: Plan) -> None:
    """Check every record against the schemas, and that every document can be restored.

    Raises:
        RefusedError: a rule is broken. Nothing is published then.
    """
    problems = [
        f"{p.table}, row {p.row}, {p.field}: {p.code}: {p.message}"
        for p in check_records(dict(planned.tables))
    ]
    problems += [f"documents, {name}: can't be restored" for name in _unrestored(planned)]
    if problems:
        shown = "\n".join(problems[:20])
        raise RefusedError(f"The release is refused, {len(problems)} problems:\n{shown}")


def _sample(documents: pa.Table) -> str | None:
    """The first document that can be restored."""
    whole = documents.filter(pc.equal(documents["restores"], "file"))
    return str(whole["document_id"][0]) if whole.num_rows else None


def release(seeds: Path, data: Path, settings: Settings, run: Run = call) -> Outcome:
    """Build a release from a folder of sources, and publish it when anything changed.

    Args:
        seeds: folder with one folder a source.
        data: where the archive and the releases are kept.
        settings: see `Settings`.
        run: how stages are run.

    Returns:
        What was done.

    Raises:
        ConfigurationError: a ``source.yml`` or a setting is wrong.
        RefusedError: the output can't be written, or a check failed.
    """
    created = creation_time()
    found = run(discover, seeds, settings)
    with exclusive(data):
        archive = Archive(data / "archive")
        previous = load_previous(data)
        prepared = []
        pieces = batches(found.candidates, settings.batch_bytes)
        for i, files in enumerate(pieces, 1):
            step = (i, len(pieces))
            batch = run(ingest, files, archive, settings, step=step)
            batch, blocks = run(segment, batch, settings, step=step)
            prepared.append(run(normalise, batch, blocks, step=step))
        corpus = run(gather, found, prepared)
        allowed = rights(corpus)
        decisions = run(deduplicate, corpus, allowed, archive, previous, settings)
        planned = run(record, corpus, allowed, decisions, archive, previous, settings)
        if planned.version is None:
            assert previous is not None
            link(data)
            return Outcome(
                previous.version,
                release_path(data, previous.version),
                previous.content_digest,
                False,
                quality(previous.tables),
                planned.reasons,
                tuple(found.remarks),
                _sample(previous.tables["documents"]),
            )
        run(validate, planned)
        path, digest = run(publish_plan, planned, previous, found.sources, data, settings, created)
        return Outcome(
            planned.version,
            path,
            digest,
            True,
            quality(planned.tables),
            planned.reasons,
            tuple(found.remarks),
            _sample(planned.tables["documents"]),
        )


def stage_order() -> list[str]:
    """Names of the stages in their order, for progress displays."""
    stages = (
        discover,
        ingest,
        segment,
        normalise,
        gather,
        deduplicate,
        record,
        validate,
        publish_plan,
    )
    return [stage.__name__ for stage in stages]
