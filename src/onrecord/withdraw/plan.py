"""Plan a withdrawal: what leaves which release, and what the suppression list gets to know."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
import pyarrow as pa

from onrecord.errors import NotFoundError, RefusedError
from onrecord.ingest.archive import Archive
from onrecord.ingest.private import Withheld, read_withheld
from onrecord.ingest.suppress import SuppressedText
from onrecord.records.schema import TABLES
from onrecord.release.catalog import Provenance, read_provenance, release_path, versions
from onrecord.release.layout import part_paths, table_path
from onrecord.release.write import read_parquet
from onrecord.withdraw.redact import WHOLE, Order
from onrecord.withdraw.traces import Withdrawn, ids_of, suppressed, traces
from onrecord.withdraw.words import hashes, tokens_of


class Category:
    """On what grounds a record may be withdrawn."""

    ALL = ("legal", "safety", "privacy", "copyright", "error")


class Retained(NamedTuple):
    """One release as it is on disk."""

    version: str
    path: Path
    facts: Provenance
    tables: dict[str, pa.Table]


class Trace(NamedTuple):
    """One block that holds withdrawn text.

    Attributes:
        release: version.
        document_id, position: the block.
        path: of its document.
        how: its relation to the withdrawn paragraph, or ``words`` where it only shares words.
    """

    release: str
    document_id: str
    position: int
    path: str
    how: str


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """What would be done.

    Attributes:
        record_id, kind: what is withdrawn, paragraph or document.
        category, note: why; the note is published.
        orders: for each release from the first that is concerned, what leaves it.
        traces: every block that is withheld.
        copies: documents that print the text of a withdrawn document, too, and keep it.
        ids: every paragraph and document id that goes for this reason.
        whole, in_parts, remaining: texts for the suppression list; see ``traces.suppressed``.
        documents, files: ids and sha256 for the suppression list.
    """

    record_id: str
    kind: str
    category: str
    note: str | None
    orders: dict[str, Order]
    traces: list[Trace]
    copies: dict[str, int]
    ids: set[str]
    whole: set[str]
    in_parts: set[str]
    remaining: list[str]
    documents: set[str]
    files: set[str]
    suppress: list[SuppressedText] = field(default_factory=list)


def read_all(data: Path) -> list[Retained]:
    """Every release of a data folder, oldest first.

    Raises:
        RefusedError: one can't be read.
    """
    found = []
    for version in versions(data):
        path = release_path(data, version)
        facts = read_provenance(path)
        assert facts is not None
        try:
            tables = {
                name: read_whole(path, table_path(name), facts)
                for name in TABLES
                if has_file(path, table_path(name), facts)
            }
        except (OSError, pa.ArrowException) as error:
            raise RefusedError(
                f"{path}: can't be read, so nothing was withdrawn: {error}"
            ) from None
        found.append(Retained(version, path, facts, tables))
    return found


def read_whole(release: Path, path: str, facts: Provenance) -> pa.Table:
    """A table or index file of a release in memory, in however many files it is.

    Raises:
        OSError, pa.ArrowException: it can't be read.
    """
    return pa.concat_tables(read_parquet(release / part) for part in part_paths(path, facts.parts))


def has_file(release: Path, path: str, facts: Provenance) -> bool:
    """Whether a release has a table or index file."""
    return (release / part_paths(path, facts.parts)[0]).exists()


def _frame(table: pa.Table, *columns: str) -> pl.DataFrame:
    frame = pl.from_arrow(table.select(list(columns)) if columns else table)
    assert isinstance(frame, pl.DataFrame)
    return frame


def _shown_texts(releases: Iterable[Retained], without: str | None = None) -> list[str]:
    """Every distinct text that some releases show, but for those of one document."""
    found: set[str] = set()
    for release in releases:
        rows = _frame(release.tables["occurrences"], "document_id", "text").drop_nulls("text")
        if without:
            rows = rows.filter(pl.col("document_id") != without)
        found |= set(rows["text"].unique().to_list())
    return sorted(found)


class _Withheld:
    """Texts that a release withholds, out of the archive."""

    def __init__(self, archive_folder: Path) -> None:
        self._folder = archive_folder
        self._archive = Archive(archive_folder)
        self._known: dict[str, dict[str, Withheld]] = {}

    def revision(self, release: Retained, document_id: str) -> str | None:
        """sha256 of the bytes of a withheld document."""
        known = self._known.setdefault(
            release.version, read_withheld(self._folder, release.version)
        )
        return known[document_id].revision if document_id in known else None

    def texts(self, release: Retained, blocks: pl.DataFrame) -> list[str | None]:
        """The text of some blocks, null where the archive does not have it."""
        encodings = dict(_frame(release.tables["documents"], "document_id", "encoding").iter_rows())
        raw: dict[str, bytes | None] = {}
        found: list[str | None] = []
        for row in blocks.iter_rows(named=True):
            name = row["document_id"]
            if name not in raw:
                raw[name] = self._raw(release, name)
            data = raw[name]
            piece = data[row["byte_start"] : row["byte_end"]] if data else None
            found.append(piece.decode(encodings[name], "replace") if piece else None)
        return found

    def _raw(self, release: Retained, document_id: str) -> bytes | None:
        revision = self.revision(release, document_id)
        try:
            return self._archive.get(revision) if revision else None
        except (NotFoundError, OSError):
            return None


def _blocks(release: Retained, keep: pl.Expr) -> pl.DataFrame:
    """Some blocks of a release."""
    return _frame(release.tables["occurrences"]).filter(keep)


def plan(data: Path, record_id: str, category: str, note: str | None) -> Withdrawal:
    """Decide what a withdrawal would do. Nothing is written.

    Args:
        data: the data folder.
        record_id: of a paragraph or a document that some release has or had.
        category: on what ground.
        note: in words, for people; it is published.

    Raises:
        NotFoundError: no release knows the record.
        RefusedError: its text is nowhere at hand.
    """
    releases = read_all(data)
    if not releases:
        raise NotFoundError(f"{data}: no release yet, so nothing to withdraw.")
    withheld = _Withheld(data / "archive")
    if record_id.startswith("d"):
        return _document(releases, withheld, record_id, category, note)
    return _paragraph(releases, withheld, record_id, category, note)


def _words_of(releases: list[Retained], withheld: _Withheld, name: str) -> set[str]:
    """Every wording of a paragraph that some release has, also of one that is withheld."""
    found: set[str] = set()
    known = False
    for release in releases:
        own = (pl.col("paragraph_id") == name) & pl.col("relation").is_in(WHOLE)
        blocks = _blocks(release, own)
        known = known or bool(blocks.height)
        found |= set(blocks["text"].drop_nulls().to_list())
        if not found:
            found |= {text for text in withheld.texts(release, blocks) if text}
    if not known:
        raise NotFoundError(
            f"no release has a paragraph {name!r}. The table paragraphs has the ids; one that was "
            "withdrawn is gone already."
        )
    if not found:
        raise RefusedError(
            f"paragraph {name}: its text is withheld, and the archive does not have it, so that "
            "its traces can't be found. Nothing was withdrawn."
        )
    return found


def _paragraph(
    releases: list[Retained], withheld: _Withheld, name: str, category: str, note: str | None
) -> Withdrawal:
    """Withdraw a paragraph: its text, wherever it stands."""
    own = _words_of(releases, withheld, name)
    tokens = tokens_of(sorted(own))
    withdrawn = [Withdrawn(hashes(tokens, i)) for i in range(len(own))]
    public = set(ids_of(sorted(own)).values())
    shown = _shown_texts(releases)
    names = ids_of(shown)
    # What a release says of it, then what its words say.
    leaning, holding = set(own), traces(withdrawn, shown)
    for release in releases:
        blocks = _blocks(release, _related(release, public | {name}))
        for relation, text in blocks.select("relation", "text").drop_nulls().iter_rows():
            (holding if relation == "composite" else leaning).add(text)
    ids = {names[text] for text in (leaning | holding) if text in names} | public
    gone = sorted(text for text in shown if names[text] in ids)
    leaning |= {text for text in gone if names[text] in public}
    orders: dict[str, Order] = {}
    found: list[Trace] = []
    for release in releases:
        hit = _related(release, public | {name}) | pl.col("text").is_in(gone)
        hit = hit | (pl.col("paragraph_id").is_in(list(ids)) & pl.col("relation").is_in(WHOLE))
        blocks = _blocks(release, hit)
        if not (blocks.height or orders):
            continue
        places = frozenset(blocks.select("document_id", "position").iter_rows())
        orders[release.version] = Order(places, frozenset())
        found += _as_traces(release, blocks, public | {name})
    return Withdrawal(
        name,
        "paragraph",
        category,
        note,
        orders,
        found,
        {},
        ids | {name},
        set(gone) | leaning,
        leaning,
        sorted(set(shown) - set(gone)),
        set(),
        set(),
    )


def _related(release: Retained, names: set[str]) -> pl.Expr:
    """Blocks that a paragraph stands for, or that are made of it."""
    matches = _frame(release.tables["matches"], "document_id", "position", "paragraph_id")
    parts = matches.filter(pl.col("paragraph_id").is_in(list(names)))
    place = pl.struct("document_id", "position")
    made_of = place.is_in(parts.select(place.alias("at")).to_series().implode())
    return pl.col("paragraph_id").is_in(list(names)) | made_of


def _as_traces(release: Retained, blocks: pl.DataFrame, names: set[str]) -> list[Trace]:
    """Blocks, for people."""
    paths = dict(_frame(release.tables["documents"], "document_id", "path").iter_rows())
    found = []
    for row in blocks.sort("document_id", "position").iter_rows(named=True):
        how = row["relation"] if row["paragraph_id"] in names else "words"
        how = "composite" if row["relation"] == "composite" else how
        name = row["document_id"]
        found.append(Trace(release.version, name, row["position"], paths[name], how))
    return found


def _document(
    releases: list[Retained], withheld: _Withheld, name: str, category: str, note: str | None
) -> Withdrawal:
    """Withdraw a document: what it printed and no other document does."""
    revisions: set[str] = set()
    own: set[str] = set()
    others: set[str] = set()
    orders: dict[str, Order] = {}
    here = pl.col("document_id") == name
    for release in releases:
        rows = _frame(release.tables["documents"], "document_id", "revision", "restores")
        for document, revision, _ in rows.iter_rows():
            known = revision or withheld.revision(release, document)
            if known:
                (revisions if document == name else others).add(known)
        blocks = _blocks(release, here)
        if blocks.height or orders:
            orders[release.version] = Order(frozenset(), frozenset({name}))
        texts = withheld.texts(release, blocks.filter(pl.col("text").is_null()))
        own |= set(blocks["text"].drop_nulls().to_list()) | {text for text in texts if text}
    if not orders:
        raise NotFoundError(
            f"no release has a document {name!r}. The table documents has the ids; one that was "
            "withdrawn is gone already."
        )
    remaining = _shown_texts(releases, name)
    ids, kept = ids_of(sorted(own)), set(ids_of(remaining).values())
    alone = {text for text in own if ids[text] not in kept}
    return Withdrawal(
        name,
        "document",
        category,
        note,
        orders,
        [],
        _copies(releases[-1], name),
        {ids[text] for text in alone} | {name},
        alone,
        alone,
        remaining,
        {name},
        revisions - others,
    )


def _copies(release: Retained, name: str) -> dict[str, int]:
    """Other documents that print paragraphs of a document, and how many of them."""
    rows = _frame(release.tables["occurrences"], "document_id", "paragraph_id").drop_nulls()
    own = rows.filter(pl.col("document_id") == name)["paragraph_id"].unique().to_list()
    shared = rows.filter(pl.col("paragraph_id").is_in(own) & (pl.col("document_id") != name))
    counts = shared.group_by("document_id").agg(pl.col("paragraph_id").n_unique())
    found: dict[str, Any] = dict(counts.sort("document_id").iter_rows())
    return found


def for_list(planned: Withdrawal, suppression: Any) -> list[SuppressedText]:
    """What the suppression list gets to know of the texts."""
    return suppressed(suppression, planned.whole, planned.in_parts, planned.remaining)
