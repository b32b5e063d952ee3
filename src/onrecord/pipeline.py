"""The main job: a folder of raw text becomes a release. The order of stages stands here, once.

Stages are plain functions. How they are run is up to the caller: the command line calls them
directly (`call`), the Prefect flow makes a task of each. Both give the same content digest.
Batches of files go through the first stages in threads; what is large waits aside (`scratch`).
"""

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple, TypeVar

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from onrecord.cache import Cache
from onrecord.census import Census, take_census
from onrecord.corpus import Corpus, Prepared, text_of
from onrecord.dedup.engine import Decisions
from onrecord.discover import Found, discover, number
from onrecord.engines.opening import check_engine, open_engine
from onrecord.engines.preparing import Made, Preparing, Sent, kept_already
from onrecord.errors import ConfigurationError, RefusedError
from onrecord.ingest.archive import Archive
from onrecord.ingest.conceal import conceal, conceal_rejected, concealed_id
from onrecord.ingest.files import Candidate
from onrecord.ingest.ids import document_id
from onrecord.ingest.language import detect
from onrecord.ingest.private import Withheld, write_withheld
from onrecord.ingest.quarantine import Reason, Rejected, reject
from onrecord.ingest.read import Batch, Contents, contents, read
from onrecord.ingest.readers.registry import known_formats
from onrecord.ingest.sources import Publication, Source
from onrecord.ingest.suppress import Suppression, read_suppression
from onrecord.ingest.unpack import may_need_reader, remarks
from onrecord.ingest.unpack import unpack as read_with_readers
from onrecord.job import Run, call
from onrecord.keys import code_digest
from onrecord.layers import deduplicate as find_repeats
from onrecord.markup import refined
from onrecord.outcome import Outcome
from onrecord.parallel import in_order
from onrecord.reading import batch_key, kept, open_cache, restored
from onrecord.records.assemble import assemble
from onrecord.records.validate import Verdict, judge
from onrecord.rehearsal import Rehearsal, UntouchedArchive, rehearsal
from onrecord.release.aliases import also_known_as
from onrecord.release.caps import exceeded
from onrecord.release.catalog import release_path
from onrecord.release.changes import Plan, Previous, plan
from onrecord.release.dataset import Dataset
from onrecord.release.describe import quality
from onrecord.release.earlier import give_back, old_wordings, returning
from onrecord.release.edits import follow
from onrecord.release.invalid import ROUNDS, in_words, take_out, to_blame
from onrecord.release.publish import creation_time, exclusive, link, load_previous, scratch_folder
from onrecord.release.publish import publish as publish_plan
from onrecord.release.restore import Restorer
from onrecord.scratch import Rows, Scratch, scratch
from onrecord.settings import Settings
from onrecord.split_off import SplitOff
from onrecord.text.segment import Blocks, text_buffer
from onrecord.text.segment import segment as cut
from onrecord.text.tokens import normalise as fold
from onrecord.unchanged import (
    contents_digest,
    hash_of,
    last_run,
    place_of,
    told_digest,
    write_last_run,
)
from onrecord.unglue import unglue as split_boilerplate

T = TypeVar("T")


def unpack(found: Found, store: Archive, settings: Settings, look: bool = False) -> Found:
    """Have readers read what is no plain text; what they find stands in its place.

    Args:
        found: what the sources hold; it is not changed.
        store: where files, and what is found in them, are put for the time of the run.
        settings: with the limits.
        look: whether files that are called like plain texts are looked into, too.

    Returns:
        What there is to read now.

    Raises:
        ConfigurationError: a source names a reader that does not exist.
        RefusedError: the store can't be written.
    """
    sources = {source.id: source for source in found.sources}
    _check_formats(found.sources)
    plain: list[Candidate] = []
    others: list[Candidate] = []
    for candidate in found.candidates:
        source = sources[candidate.source_id]
        unsure = look and candidate.extract is None and source.format is None
        (others if unsure or may_need_reader(candidate, source) else plain).append(candidate)
    others.sort(key=lambda c: (c.source_id, c.path))
    with _keeping():
        result = read_with_readers(others, sources, store, settings)
    candidates = plain + [replace(c, document_id="") for c in result.candidates]
    unpacked = replace(
        found,
        candidates=[],
        order={},
        rejected=found.rejected + result.rejected,
        remarks=[*found.remarks, *remarks(result.left_out)],
        paths={},
        renamed={},
        containers=result.containers,
        members={},
        looked=look,
    )
    if others:
        candidates.sort(key=lambda c: (c.source_id, c.path, c.extract.place if c.extract else 0))
        number(unpacked, candidates)
    else:
        unpacked.candidates.extend(plain)
        unpacked.order.update(found.order)
    return unpacked


def _check_formats(sources: list[Source]) -> None:
    """Refuse names of readers that do not exist."""
    stated = [source for source in sources if source.format]
    known = known_formats() if stated else ()
    for source in stated:
        if source.format not in known:
            raise ConfigurationError(
                f"{source.id}/source.yml: key `format`: no reader is called {source.format} "
                f"(there are: {', '.join(known)})"
            )


def _concealed(found: Found, archive: Archive, suppression: Suppression) -> Found:
    """The same files, those of sources without text under names that say nothing."""
    for c in found.candidates:
        found.paths[c.document_id] = f"{c.path}!/{c.locator}" if c.locator else c.path
        if c.extract:
            found.members[c.document_id] = c.source_id, c.path
    closed = {s.id for s in found.sources if s.publication is Publication.METADATA}
    rejected = []
    for entry in found.rejected:
        shut = entry.source_id in closed
        named = conceal_rejected(entry, archive.key()) if shut else entry
        name = named.path if shut else document_id(entry.source_id, entry.path, entry.locator)
        hidden = named._replace(path=name, locator="")
        rejected.append(hidden if suppression.has_document(name) else named)
    found.rejected[:] = rejected
    if closed or archive.has_key():
        for c in found.candidates:
            other = concealed_id(archive.key(), c.source_id, c.path, c.locator)
            closing = c.source_id in closed
            found.renamed[c.document_id if closing else other] = other if closing else c.document_id
        by_place = sorted(found.candidates, key=lambda c: found.order[c.document_id])
        files = [conceal(c, archive.key()) if c.source_id in closed else c for c in by_place]
        for before, after in zip(by_place, files, strict=True):
            found.paths[after.document_id] = found.paths[before.document_id]
            if before.extract:
                found.members[after.document_id] = before.source_id, before.path
        number(found, files)
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


def ingest(
    files: list[Candidate],
    found: Found,
    suppression: Suppression | None,
    settings: Settings,
    store: Archive | None = None,
    loaded: Contents | None = None,
) -> Batch:
    """Read and decode a batch of files; what readers found is in `store`."""
    sources = {source.id: source for source in found.sources}
    batch = read(files, suppression, settings.max_file_bytes, sources, store, loaded)
    stated = {source.id: source.language for source in found.sources}
    documents = batch.documents
    languages = [
        stated[source] or detect(text)
        for source, text in zip(
            documents["source_id"].to_pylist(), documents["text"].to_pylist(), strict=True
        )
    ]
    order = [found.order[name] for name in documents["document_id"].to_pylist()]
    documents = documents.append_column("language", pa.array(languages, pa.string()))
    documents = documents.append_column("order", pa.array(order, pa.int64()))
    closed = {s.id for s in found.sources if s.publication is Publication.METADATA}
    is_closed = pc.is_in(documents["source_id"], pa.array(sorted(closed), pa.string()))
    for name in ("url", "retrieved"):  # an address says what a path says
        column = pc.if_else(is_closed, None, documents[name])
        documents = documents.set_column(documents.schema.get_field_index(name), name, column)
    return Batch(documents, batch.patches, batch.rejected, batch.raw, batch.late)


def tried(
    found: Found, store: Archive, settings: Settings
) -> Iterator[tuple[list[str], list[Rejected]]]:
    """Read everything without building a release, in no order.

    Args:
        found: what the sources hold; its remarks are added to.
        store: for what readers find.
        settings: with the limits.

    Yields:
        The source of each document that can be read, and what can't, batch by batch.
    """
    late: list[Candidate] = []
    known = found
    for look in (False, True):
        now = unpack(known, store, settings, look)
        yield [], now.rejected[len(known.rejected) :]
        found.remarks.extend(now.remarks[len(known.remarks) :])
        for files in batches(now.candidates, settings.batch_bytes):
            batch, _ = segment(ingest(files, now, None, settings, store), settings)
            late += batch.late
            yield batch.documents["source_id"].to_pylist(), batch.rejected
        known = replace(found, candidates=late, rejected=[], remarks=[])


def segment(batch: Batch, settings: Settings) -> tuple[Batch, Blocks]:
    """Cut a batch into blocks; documents without any, or with an endless one, are put aside."""
    blocks = refined(batch.documents, cut(text_of(batch.documents), settings.split_above))
    longest = np.zeros(batch.documents.num_rows, np.int64)
    np.maximum.at(longest, blocks.document, blocks.end - blocks.start)
    usable = (longest > 0) & (longest <= settings.max_block_bytes)
    if usable.all():
        return batch, blocks
    rejected = list(batch.rejected)
    for row in np.flatnonzero(~usable).tolist():
        columns = ("source_id", "path", "bytes", "locator")
        source, path, size, locator = (batch.documents[name][row].as_py() for name in columns)
        reason, what = Reason.EMPTY, "nothing but white space"
        if longest[row]:
            reason = Reason.LONG_LINE
            what = f"{longest[row]:,} bytes without an end of line or sentence"
        rejected.append(reject(source, path, size, reason, what, locator or ""))
    documents = batch.documents.filter(pa.array(usable))
    gone = batch.documents["document_id"].filter(pa.array(~usable)).combine_chunks()
    patches = batch.patches.filter(pc.invert(pc.is_in(batch.patches["document_id"], gone)))
    rest = Batch(documents, patches, rejected, batch.raw, batch.late)
    return rest, refined(documents, cut(text_of(documents), settings.split_above))


def normalise(batch: Batch, blocks: Blocks, suppression: Suppression) -> Prepared:
    """Turn the blocks of a batch into tokens of the normal form, and know what was withdrawn."""
    composed = batch.documents["nfc"].to_numpy()
    text, _ = text_buffer(text_of(batch.documents))
    tokens = fold(text, blocks, ~composed.astype(np.bool_))
    hits = suppression.hits(tokens)
    return Prepared(batch.documents, batch.patches, batch.rejected, blocks, tokens, hits)


@contextmanager
def _keeping() -> Iterator[None]:
    """Turn what goes wrong with the archive into words."""
    try:
        yield
    except OSError as error:
        raise RefusedError(
            f"{error.filename or 'archive'}: can't be written: {error.strerror or error}. "
            "Nothing was published."
        ) from None


def keep(batch: Batch, prepared: Prepared, archive: Archive) -> None:
    """Put the raw bytes of a batch into the archive, but for files that hold withdrawn text."""
    rows = np.unique(prepared.blocks.document[prepared.suppressed])
    withdrawn = set(prepared.documents["revision"].take(pa.array(rows)).to_pylist())
    with _keeping():
        archive.put_named({n: raw for n, raw in batch.raw.items() if n not in withdrawn})


def keep_containers(
    found: Found, corpus: Corpus, store: Archive, archive: Archive, settings: Settings
) -> None:
    """Put the files that readers read into the archive, but for those with withdrawn text."""
    held = {entry.path for entry in corpus.rejected if entry.reason is Reason.WITHDRAWN}
    for chunk in corpus.chunks:
        rows = np.unique(chunk.blocks.document[chunk.suppressed])
        held |= set(chunk.documents["document_id"].take(pa.array(rows)).to_pylist())
    files = {found.members[name] for name in held if name in found.members}
    names = {name for at, name in found.containers.items() if at not in files}
    waiting: list[bytes] = []
    with _keeping():
        for name in sorted(name for name in names if not archive.has(name)):
            waiting.append(store.get(name))
            if sum(map(len, waiting)) > settings.batch_bytes:
                archive.put(waiting)
                waiting.clear()
        archive.put(waiting)


class Ready(NamedTuple):
    """A batch that is prepared.

    Attributes:
        prepared: what came of it.
        late: its files that turned out to need a reader.
        hashes: digests of its files, as ``unchanged`` needs them.
    """

    prepared: Prepared
    late: list[Candidate]
    hashes: dict[str, bytes]


class _LateError(Exception):
    """A file that is called like a plain text is none."""


def prepare(
    files: list[Candidate],
    found: Found,
    archive: Archive,
    store: Archive,
    suppression: Suppression,
    settings: Settings,
    run: Run,
    reading: Lock,
    step: tuple[int, int],
    cache: Cache | None = None,
    elsewhere: Callable[[], Made | None] | None = None,
) -> Ready:
    """Take a batch of files from bytes to tokens, and keep the bytes.

    What an engine made of it (`elsewhere`) is taken as it is. Else, only one thread reads at a
    time. Reading a small file is a dozen short calls that need the interpreter's lock; threads
    that take it from each other cost twice the time. The kernels of the other stages release it.
    """
    if elsewhere and (made := elsewhere()):
        batch, blocks, prepared, key, hashes = made
        if cache and not batch.late and not prepared.suppressed.any():
            cache.save(key, kept(batch, blocks))
        run(keep, batch, prepared, archive, step=step)
        return Ready(prepared, batch.late, hashes)
    with reading:
        loaded = contents(files, store, settings.max_file_bytes)
        key = batch_key(loaded, found.sources, settings) if cache else ""
        entry = cache.load(key) if cache else None
        if entry is None:
            inputs = files, found, suppression, settings, store, loaded
            batch = run(ingest, *inputs, step=step)
    if entry is None:
        batch, blocks = run(segment, batch, settings, step=step)
    else:
        batch, blocks = restored(entry, loaded, found.order, suppression)
    prepared = run(normalise, batch, blocks, suppression, step=step)
    if cache and entry is None and not batch.late and not prepared.suppressed.any():
        cache.save(key, kept(batch, blocks))
    run(keep, batch, prepared, archive, step=step)
    plain = [one for one in loaded if one.candidate.extract is None]
    hashes = {
        place_of(one.candidate): bytes.fromhex(one.sha256) or hash_of(one.raw) for one in plain
    }
    return Ready(prepared, batch.late, hashes)


def collect(corpus: Corpus, batch: Prepared) -> None:
    """Take a batch into the corpus: each text that is new to it, and where the others stand."""
    corpus.add(batch)


def unglue(corpus: Corpus, previous: Previous | None, settings: Settings) -> list[SplitOff]:
    """Split off boilerplate that is glued to the texts of a source."""
    before = previous.split_off if previous else []
    return split_boilerplate(corpus, before, settings.boilerplate_documents)


def deduplicate(
    corpus: Corpus, archive: Archive, previous: Previous | None, settings: Settings
) -> tuple[Census, Decisions]:
    """Find every repeat among the texts of a run."""
    census = take_census(corpus, archive.key, previous.wordings() if previous else {})
    engine = open_engine(settings)
    decisions = find_repeats(
        corpus, census, settings.boilerplate_documents, settings.threads, engine
    )
    return census, decisions


def record(
    corpus: Corpus,
    census: Census,
    decisions: Decisions,
    split_off: list[SplitOff],
    archive: Archive,
    previous: Previous | None,
    data: Path,
    renamed: Mapping[str, str],
    dataset: Dataset,
    settings: Settings,
) -> Plan:
    """Make the tables and decide what the release would be."""
    wordings: dict[str, str] = {}
    if previous:
        again = returning(census, decisions, previous.tables["retired"])
        wordings = old_wordings(data, again)
        census = give_back(corpus, census, wordings)
    tables, fates = assemble(
        corpus,
        census,
        decisions,
        previous.first_releases() if previous else {},
        settings.boilerplate_documents,
        settings.threads,
    )
    if previous:
        fates = also_known_as(corpus, census, fates, previous.tables, tables, archive.key)
        fates = replace(fates, renamed=renamed)

    def followed(gone: pl.DataFrame) -> pl.DataFrame:
        assert previous is not None
        before = previous.tables["paragraphs"]
        now = tables["paragraphs"], tables["occurrences"]
        return follow(gone, before, *now, settings.threads)

    aside = corpus.scratch
    return plan(tables, previous, fates, split_off, followed, wordings, aside, dataset)


def _unrestored(tables: Mapping[str, Rows], threads: int) -> list[str]:
    """Documents that the tables do not give back byte for byte."""
    restorer = Restorer(tables["documents"], tables["patches"])
    found = in_order(restorer.unrestored, tables["occurrences"].pieces(), threads)
    return [name for names in found for name in names]


def _judged(planned: Plan, settings: Settings) -> tuple[Verdict, list[str]]:
    """What is wrong with the tables, and which documents they do not give back."""
    return (
        judge(planned.tables, settings.threads),
        _unrestored(planned.tables, settings.threads),
    )


def _checked(
    planned: Plan, previous: Previous | None, settings: Settings
) -> tuple[dict[str, Any], list[str], list[str]]:
    """The figures of a release, its problems, and the caps that it would hit."""
    problems = in_words(*_judged(planned, settings))
    figures = {} if problems else quality(planned.tables)
    beyond = [] if problems else exceeded(planned, previous, figures, settings)
    return figures, problems, beyond


def validate(
    planned: Plan, previous: Previous | None, settings: Settings
) -> tuple[dict[str, Any], dict[str, str]]:
    """Check every record against the schemas, and that every document can be restored.

    Returns:
        The figures of the release, as in ``quality.json``; and the documents with an invalid
        record, each with what is wrong. Where there are any, the tables must be made again
        without them.

    Raises:
        RefusedError: a rule is broken and no document is to blame, or too many are, or a
            source is hit beyond its caps. Nothing is published then.
    """
    verdict, lost = _judged(planned, settings)
    if verdict.problems or lost:
        documents = planned.tables["documents"].num_rows
        return {}, to_blame(verdict, lost, documents, settings.cap_invalid)
    figures = quality(planned.tables)
    beyond = exceeded(planned, previous, figures, settings)
    if beyond:
        shown = "\n".join(beyond)
        raise RefusedError(
            f"The release is refused, it would change too much:\n{shown}\n"
            "Look at the sources. Where this is right, allow it by name: --allow SOURCE."
        )
    return figures, {}


def _sample(tables: Mapping[str, Rows]) -> str | None:
    """The first document that can be restored."""
    whole = tables["documents"].lazy().filter(pl.col("restores") == "file")
    first = whole.select("document_id").head(1).collect()
    return str(first.item()) if first.height else None


def build(
    found: Found, data: Path, settings: Settings, run: Run, within: Run, sign_key: Path | None
) -> Outcome:
    """Build a release of what was found, and publish it when anything changed.

    Args:
        found: what the sources hold; it is not changed.
        data, settings, run, within: see ``job.release``.
        sign_key: what to sign the release with, None for no signature.

    Raises:
        ConfigurationError, RefusedError: see ``job.release``.
    """
    check_engine(settings)
    created = creation_time()
    told = told_digest(found, settings)
    with exclusive(data), scratch(scratch_folder(data)) as aside:
        archive = Archive(data / "archive")
        archive.tidy()
        suppression = read_suppression(data / "archive")
        previous = load_previous(data)
        store = Archive(scratch_folder(data) / "unpacked")
        cache = open_cache(data, suppression, settings)
        job = _Job(archive, store, suppression, previous, data, settings, aside, run, within, cache)
        ready, planned, figures = _until_known(found, job, _sound)
        if planned.version is None:
            assert previous is not None
            link(data)
            done = _unpublished(previous, data, planned.reasons, tuple(ready.remarks))
        else:
            _note_withheld(ready, data / "archive", planned.version)
            made = planned, figures, previous, ready.sources, data, settings, created, sign_key
            path, digest = run(publish_plan, *made)
            says = planned.reasons, tuple(ready.remarks), _sample(planned.tables)
            done = Outcome(planned.version, path, digest, True, figures, *says)
        containers = {
            place_of(c): bytes.fromhex(ready.containers[c.source_id, c.path])
            for c in found.candidates
            if (c.source_id, c.path) in ready.containers
        }
        contents = contents_digest(found.candidates, job.hashes | containers, settings)
        write_last_run(data, last_run(told, contents, done, data))
        return done


def _unpublished(
    previous: Previous, data: Path, reasons: tuple[str, ...], remarks: tuple[str, ...]
) -> Outcome:
    """What a run did that had nothing to publish."""
    return Outcome(
        previous.version,
        release_path(data, previous.version),
        previous.content_digest,
        False,
        quality(previous.tables),
        reasons,
        remarks,
        _sample(previous.tables),
    )


def rehearse(
    seeds: Path | str, data: Path, settings: Settings, run: Run = call, within: Run = call
) -> Rehearsal:
    """Say what `release` would do, and leave no trace.

    Args:
        seeds, data, settings, run, within: see `release`.

    Returns:
        What the release would be, and what it would be refused for.

    Raises:
        ConfigurationError: a ``source.yml`` or a setting is wrong.
        RefusedError: the latest release can't be read.
    """
    check_engine(settings)
    found = run(discover, seeds, settings, data)
    with tempfile.TemporaryDirectory() as room, scratch(Path(room) / "scratch") as aside:
        archive = UntouchedArchive(data / "archive")
        suppression = read_suppression(data / "archive")
        previous = load_previous(data)
        store = Archive(Path(room) / "unpacked")

        job = _Job(archive, store, suppression, previous, data, settings, aside, run, within)
        found, planned = _until_known(found, job, lambda ready, job: (ready, _planned(ready, job)))
        if planned.version is None:
            assert previous is not None
            return rehearsal(planned, quality(previous.tables), [], [], found.remarks)
        figures, problems, beyond = run(_checked, planned, previous, settings)
        return rehearsal(planned, figures, problems, beyond, found.remarks)


@dataclass(frozen=True, slots=True)
class _Job:
    """What a run works with from its first stage to its last.

    Attributes:
        archive: the private store of raw bytes.
        store: where what readers find is put for the time of the run.
        suppression: what was withdrawn.
        previous: the release before.
        data: the data folder.
        settings: of the run.
        aside: where tables wait that need not be in memory.
        run, within: see `release`.
        cache: what earlier runs read; None to read all anew.
        hashes: digests of what was read; see ``unchanged``.
    """

    archive: Archive
    store: Archive
    suppression: Suppression
    previous: Previous | None
    data: Path
    settings: Settings
    aside: Scratch
    run: Run
    within: Run
    cache: Cache | None = None
    hashes: dict[str, bytes] = field(default_factory=dict)


def _until_known(found: Found, job: _Job, build: Callable[[Found, _Job], T]) -> T:
    """Unpack and build; once more when a file that is called like a plain text proves to be none.

    All such files are looked into then, because the documents in them have their places between
    the others. Nearly always they are what they are called, and no file is opened twice.
    """

    def built(look: bool) -> T:
        ready = job.run(unpack, found, job.store, job.settings, look)
        return build(_concealed(ready, job.archive, job.suppression), job)

    with suppress(_LateError):
        return built(False)
    return built(True)  # out here, where the error no longer keeps alive all that was read


def _sound(found: Found, job: _Job) -> tuple[Found, Plan, dict[str, Any]]:
    """Take the sources to a plan without invalid records, and to its figures.

    A document with an invalid record is quarantined, and all is done again without it.
    """
    for _ in range(ROUNDS):
        tried = replace(found, remarks=[*found.remarks], withheld=[*found.withheld])
        planned = _planned(tried, job)
        if planned.version is None:
            return tried, planned, {}
        figures, blamed = job.run(validate, planned, job.previous, job.settings)
        if not blamed:
            return tried, planned, figures
        kept, rejected = take_out(found.candidates, blamed)
        found = replace(found, candidates=kept, rejected=found.rejected + rejected)
    raise RefusedError("The release is refused: ever more documents have invalid records.")


def _planned(found: Found, job: _Job) -> Plan:
    """Take the sources from files to a plan."""
    corpus = _read_corpus(found, job)
    archive, previous, settings, run = job.archive, job.previous, job.settings, job.run
    run(keep_containers, found, corpus, job.store, archive, settings)
    found.remarks.extend(_withheld_remarks(corpus, found))
    found.withheld.extend(_withheld(corpus, found))
    split_off = run(unglue, corpus, previous, settings)
    census, decisions = run(deduplicate, corpus, archive, previous, settings)
    made = corpus, census, decisions, split_off, archive, previous, job.data
    return run(record, *made, found.renamed, found.dataset, settings)


def _read_corpus(found: Found, job: _Job) -> Corpus:
    """Take all files, batch by batch, into a corpus."""
    expected = sum(candidate.bytes for candidate in found.candidates)
    corpus = Corpus(found.sources, found.rejected, job.aside, job.suppression, expected)
    pieces = batches(found.candidates, job.settings.batch_bytes)
    reading = Lock()
    sent = _sent(pieces, found, job)

    def prepared(i: int) -> Ready:
        step = (i + 1, len(pieces))
        inputs = pieces[i], found, job.archive, job.store, job.suppression, job.settings
        how = job.within, reading, step, job.cache, sent and sent.batch(i)
        return job.run(prepare, *inputs, *how, step=step)

    changed = "it changed while it was read"
    threads = 1 if sent else job.settings.threads
    for i, (batch, late, hashes) in enumerate(in_order(prepared, range(len(pieces)), threads)):
        job.hashes.update(hashes)
        if late and not found.looked:
            raise _LateError
        batch.rejected.extend(
            reject(c.source_id, c.path, c.bytes, Reason.UNREADABLE, changed) for c in late
        )
        job.run(collect, corpus, batch, step=(i + 1, len(pieces)))
    if job.cache:
        job.cache.finish()
    return corpus


def _sent(pieces: list[list[Candidate]], found: Found, job: _Job) -> Sent | None:
    """The batches that an engine prepares; None where all of it is done here."""
    engine = open_engine(job.settings)
    if engine is None:
        return None
    store = job.store.folder.absolute()
    work = Preparing(found.sources, job.suppression, job.settings, store, code_digest())
    here = kept_already(pieces, found.sources, job.store, job.settings, job.cache)
    return Sent(engine, work, pieces, found.order, here)


def _withheld_remarks(corpus: Corpus, found: Found) -> list[str]:
    """Where withdrawn texts arrived again, in words for whoever runs this."""
    remarks = []
    for chunk in corpus.chunks:
        rows, counts = np.unique(chunk.blocks.document[chunk.suppressed], return_counts=True)
        sources = chunk.documents["source_id"].take(pa.array(rows)).to_pylist()
        names = chunk.documents["document_id"].take(pa.array(rows)).to_pylist()
        for source_id, name, n in zip(sources, names, counts.tolist(), strict=True):
            blocks = "1 block holds" if n == 1 else f"{n:,} blocks hold"
            file = f"{source_id}/{found.paths.get(name, name)}"
            remarks.append(f"{file}: {blocks} withdrawn text and are withheld")
    for entry in corpus.rejected:
        if entry.reason is Reason.WITHDRAWN:
            file = f"{entry.source_id}/{found.paths.get(entry.path, entry.path)}"
            remarks.append(f"{file}: a withdrawn document, left out")
    return remarks


def _withheld(corpus: Corpus, found: Found) -> list[Withheld]:
    """The files of documents that a release does not give back, but the archive does."""
    rows = []
    for chunk in corpus.chunks:
        held = np.zeros(chunk.document_shown.size, np.bool_)
        held[chunk.blocks.document[chunk.suppressed]] = True
        part = chunk.documents.filter(pa.array(~chunk.document_shown & ~held))
        for row in part.select(["document_id", "source_id", "revision"]).to_pylist():
            rows.append(Withheld(path=found.paths[row["document_id"]], **row))
    return rows


def _note_withheld(found: Found, archive: Path, version: str) -> None:
    """Let the archive know the files of documents that a release does not give back."""
    try:
        write_withheld(archive, version, found.withheld)
    except OSError as error:
        raise RefusedError(
            f"{error.filename or archive}: can't be written: {error.strerror or error}. "
            "Nothing was published."
        ) from None
