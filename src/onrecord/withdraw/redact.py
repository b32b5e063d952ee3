"""The tables of one release without what is withdrawn; every other record stays as it is.

Blocks that hold withdrawn text stay as withheld occurrences, like those of a closed source: the
place is given, the words are not. A paragraph keeps its id as long as a published copy is left.
Else it goes on under a keyed id, without text, where withheld copies are left; and what leaned
on it, but holds no withdrawn text, is a paragraph of its own again.
"""

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl
import pyarrow as pa

from onrecord.records.schema import conform, schema
from onrecord.withdraw.words import folded, hashes, keyed_id, public_id, tokens_of

Row = dict[str, Any]
Place = tuple[str, int]
WHOLE = ("canonical", "exact")


@dataclass(frozen=True, slots=True)
class Order:
    """What leaves one release.

    Attributes:
        blocks: places of blocks that hold withdrawn text.
        documents: withdrawn documents.
    """

    blocks: frozenset[Place]
    documents: frozenset[str]


@dataclass(frozen=True, slots=True)
class Redacted:
    """One release after the withdrawal.

    Attributes:
        tables: all but ``retired`` and ``changes``.
        gone: ids of paragraphs that are in it no more.
        touched: documents of which a part is withheld now.
    """

    tables: dict[str, pa.Table]
    gone: set[str]
    touched: set[str]


def _frame(table: pa.Table) -> pl.DataFrame:
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    return frame


def _table(name: str, rows: pl.DataFrame) -> pa.Table:
    """Rows in the form of a table's schema, sorted by its key."""
    made = rows.to_arrow()
    arrow = schema(name).arrow
    return conform(name, {f.name: made[f.name].cast(f.type) for f in arrow})


class _Release:
    """The rows of one release while they are changed."""

    def __init__(
        self,
        tables: Mapping[str, pa.Table],
        order: Order,
        secret: Callable[[], bytes],
        first_release: Callable[[str], str],
        rule: str,
    ) -> None:
        self.order = order
        self.secret = secret
        self.first_release = first_release
        self.rule = rule
        self.gone: set[str] = set()
        documents = _frame(tables["documents"])
        self.documents = documents.filter(~pl.col("document_id").is_in(list(order.documents)))
        order_of = documents.sort("source_id", "path").select("document_id").to_series()
        self.rank = {name: i for i, name in enumerate(order_of.to_list())}
        self.language = dict(documents.select("document_id", "language").iter_rows())
        occurrences = _frame(tables["occurrences"])
        marks = pl.DataFrame(
            sorted(order.blocks),
            schema={"document_id": pl.String, "position": pl.Int64},
            orient="row",
        ).with_columns(hit=True)
        occurrences = occurrences.join(marks, on=["document_id", "position"], how="left")
        occurrences = occurrences.with_columns(pl.col("hit").fill_null(False))
        left = pl.col("document_id").is_in(list(order.documents))
        lost = occurrences.filter((left | pl.col("hit")) & pl.col("relation").is_in(WHOLE))
        #: Paragraphs that lose a copy.
        self.affected = set(lost["paragraph_id"].to_list())
        occurrences = occurrences.filter(~left)
        self.matches = _frame(tables["matches"]).filter(~left)
        parts = self.matches.filter(pl.col("paragraph_id").is_in(list(self.affected)))
        places = parts.select("document_id", "position").unique()
        leaning = occurrences.join(places, on=["document_id", "position"], how="semi")
        own = occurrences.filter(pl.col("paragraph_id").is_in(list(self.affected)))
        changing = pl.concat([own, leaning]).unique(["document_id", "position"])
        keys = changing.select("document_id", "position")
        #: Blocks that may change their relation, and all others.
        self.rows: list[Row] = changing.sort("document_id", "position").to_dicts()
        self.others = occurrences.join(keys, on=["document_id", "position"], how="anti")
        of_affected = pl.col("paragraph_id").is_in(list(self.affected))
        paragraphs = _frame(tables["paragraphs"])
        self.paragraphs = {
            row["paragraph_id"]: row for row in paragraphs.filter(of_affected).to_dicts()
        }
        self.staying = paragraphs.filter(~of_affected)
        self.new: dict[str, Row] = {}
        self.renamed: dict[str, str] = {}

    def place(self, row: Row) -> tuple[int, int]:
        """Where a block stands in the order of the corpus."""
        return self.rank[row["document_id"]], row["position"]

    def settle(self) -> None:
        """Decide what becomes of every paragraph that loses a copy."""
        by_target: dict[str, list[Row]] = {}
        for row in self.rows:
            if row["paragraph_id"]:
                by_target.setdefault(row["paragraph_id"], []).append(row)
        loose: list[Row] = []
        for name in sorted(self.affected):
            rows = by_target.get(name, [])
            loose += self._settle(name, rows)
        loose += self._composites()
        self._promote(loose)

    def _settle(self, name: str, rows: list[Row]) -> list[Row]:
        """Decide about one paragraph; return the blocks that it stands for no more."""
        paragraph = self.paragraphs[name]
        copies = sorted((r for r in rows if r["relation"] in WHOLE), key=self.place)
        shown = [row for row in copies if row["text"] is not None and not row["hit"]]
        others = [row for row in rows if row["relation"] not in WHOLE]
        if shown:
            same = [row for row in shown if row["text"] == paragraph["text"]]
            self._head(paragraph, (same or shown)[0], copies)
            self.new[name] = paragraph
            return []
        if not copies:
            self.gone.add(name)
            return others
        words: str | None = paragraph["text"]
        keyed = keyed_id(self.secret(), folded(tokens_of([words]), 0)) if words else name
        if keyed != name:
            self.gone.add(name)
            self.renamed[name] = keyed
        paragraph |= {"paragraph_id": keyed, "text": None}
        before = [row for row in copies if row["relation"] == "canonical"]
        self._head(paragraph, (before or copies)[0], copies)
        self.new[keyed] = paragraph
        leaning = []
        for row in others:
            if row["hit"] or row["text"] is None:
                row["paragraph_id"] = keyed
            else:
                leaning.append(row)
        return leaning

    def _head(self, paragraph: Row, head: Row, copies: list[Row]) -> None:
        """Let a block give a paragraph its place, and its wording where that is published."""
        for row in copies:
            row["relation"] = "canonical" if row is head else "exact"
            row["paragraph_id"] = paragraph["paragraph_id"]
        paragraph["document_id"], paragraph["position"] = head["document_id"], head["position"]
        if paragraph["text"] is not None:
            paragraph["text"] = head["text"]
            paragraph["n_characters"] = len(head["text"])
            paragraph["language"] = self.language[head["document_id"]]

    def _composites(self) -> list[Row]:
        """Blocks made of several paragraphs that are so no more."""
        changed = self.gone | set(self.renamed)
        parts = self.matches.filter(
            (pl.col("relation") == "contained") & pl.col("paragraph_id").is_in(list(changed))
        )
        broken = set(parts.select("document_id", "position").iter_rows())
        loose = []
        for row in self.rows:
            if row["relation"] != "composite":
                continue
            at = row["document_id"], row["position"]
            withheld = row["hit"] or row["text"] is None
            if at in broken and not (withheld and self._all_parts_stay(at)):
                loose.append(row)
        return loose

    def _all_parts_stay(self, at: Place) -> bool:
        """Whether every part of a composite is still there, under whatever id."""
        here = self.matches.filter(
            (pl.col("document_id") == at[0]) & (pl.col("position") == at[1])
        )["paragraph_id"]
        return all(name not in self.gone or name in self.renamed for name in here.to_list())

    def _promote(self, rows: list[Row]) -> None:
        """Make paragraphs of blocks that no other paragraph stands for any more."""
        groups: dict[tuple[str, bool], list[Row]] = {}
        sizes: dict[str, int] = {}
        for row in sorted(rows, key=self.place):
            text: str | None = row["text"]
            hidden = bool(row["hit"]) or row["text"] is None
            if text is None:  # withheld before: its words are not at hand
                at = f"{row['document_id']}/{row['position']}".encode()
                name = "p" + hmac.new(self.secret(), at, hashlib.sha256).hexdigest()[:20]
                size = 0
            else:
                tokens = tokens_of([text])
                key, size = folded(tokens, 0), hashes(tokens, 0).size
                name = keyed_id(self.secret(), key) if hidden else public_id(key)
            sizes[name] = size
            groups.setdefault((name, hidden), []).append(row)
        taken = set(self.staying["paragraph_id"].to_list()) | set(self.new)
        for (name, hidden), group in groups.items():
            for row in group:
                row |= {"paragraph_id": name, "relation": "exact", "coverage": 1.0}
                row["residue"] = None
            if name in taken:
                continue
            head = group[0]
            head["relation"] = "canonical"
            length = len(head["text"]) if head["text"] else head["byte_end"] - head["byte_start"]
            self.new[name] = {
                "paragraph_id": name,
                "text": None if hidden else head["text"],
                "language": self.language[head["document_id"]],
                "n_tokens": sizes[name],
                "n_characters": length,
                "document_id": head["document_id"],
                "position": head["position"],
                "first_release": self.first_release(name),
            }

    # What follows from the decisions.

    def occurrences(self) -> pl.DataFrame:
        """All blocks, withheld where they hold withdrawn text."""
        rows = pl.concat([self.others, pl.DataFrame(self.rows, schema=self.others.schema)])
        hit = pl.col("hit")
        touched = pl.col("document_id").is_in(list(self.touched()))
        return rows.with_columns(
            withheld=pl.col("withheld") | hit,
            text=pl.when(~hit).then("text"),
            residue=pl.when(~hit).then("residue"),
            gap=pl.when(~touched).then("gap"),
        ).drop("hit")

    def touched(self) -> set[str]:
        """Documents of which a part is withheld now."""
        return {name for name, _ in self.order.blocks} - self.order.documents

    def evidence(self, occurrences: pl.DataFrame) -> pl.DataFrame:
        """``matches``: evidence of what is still related, and of the copies."""
        names = list(set(self.new) | self.affected)
        keep = self.matches.with_columns(pl.col("paragraph_id").replace(self.renamed))
        kinds = occurrences.select("document_id", "position", now="relation")
        keep = keep.join(kinds, on=["document_id", "position"], how="left")
        whole = pl.col("now").is_in(WHOLE)
        copy_of_these = whole & pl.col("paragraph_id").is_in(names)
        promoted = whole & (pl.col("relation") != "exact")
        keep = keep.filter(~copy_of_these & ~promoted).drop("now")
        keep = keep.filter(~pl.col("paragraph_id").is_in(list(self.gone)))
        copies = occurrences.filter(
            (pl.col("relation") == "exact") & pl.col("paragraph_id").is_in(names)
        )
        made = copies.select(
            "document_id",
            "position",
            "byte_start",
            "byte_end",
            "paragraph_id",
            "relation",
            coverage=pl.lit(1.0),
            paragraph_coverage=pl.lit(1.0),
            rule=pl.lit(self.rule),
        )
        return pl.concat([keep.select(made.columns), made])

    def all_paragraphs(self, occurrences: pl.DataFrame, boilerplate: int) -> pl.DataFrame:
        """``paragraphs`` with everything that is counted."""
        sources = self.documents.select("document_id", "source_id")
        rows = occurrences.drop_nulls("paragraph_id").join(sources, on="document_id")
        counts = rows.group_by("paragraph_id").agg(
            n_occurrences=pl.len(),
            n_documents=pl.col("document_id").n_unique(),
            n_sources=pl.col("source_id").n_unique(),
        )
        copies = rows.filter(pl.col("relation") != "contained")
        often = copies.group_by("paragraph_id", "source_id").agg(pl.col("document_id").n_unique())
        often = often.filter(pl.col("document_id") >= boilerplate).select("paragraph_id").unique()
        derived = ["n_occurrences", "n_documents", "n_sources", "boilerplate"]
        own = self.staying.drop(derived)
        if self.new:
            made = pl.DataFrame(
                [{c: row[c] for c in own.columns} for row in self.new.values()], schema=own.schema
            )
            own = pl.concat([own, made])
        own = own.join(counts, on="paragraph_id", how="left")
        return own.join(
            often.with_columns(boilerplate=True), on="paragraph_id", how="left"
        ).with_columns(pl.col("boilerplate").fill_null(False))

    def all_documents(self, occurrences: pl.DataFrame) -> pl.DataFrame:
        """``documents``: those with withheld parts give nothing back."""
        touched = pl.col("document_id").is_in(list(self.touched()))
        counts = occurrences.group_by("document_id").agg(
            n_paragraphs=pl.col("paragraph_id").drop_nulls().n_unique()
        )
        rows = self.documents.drop("n_paragraphs").join(counts, on="document_id", how="left")
        rows = rows.with_columns(pl.col("n_paragraphs").fill_null(0))
        return rows.with_columns(
            restores=pl.when(touched).then(pl.lit("none")).otherwise("restores"),
            revision=pl.when(~touched).then("revision"),
            head=pl.when(~touched).then("head"),
        )

    def variants(self, table: pa.Table) -> pl.DataFrame:
        """``variants`` of the paragraphs that are left."""
        rows = _frame(table)
        dead = list(self.gone - set(self.renamed))
        rows = rows.filter(~pl.col("paragraph_id").is_in(dead) & ~pl.col("other_id").is_in(dead))
        changed = list(self.renamed)
        hit = pl.col("paragraph_id").is_in(changed) | pl.col("other_id").is_in(changed)
        same, moved = rows.filter(~hit), rows.filter(hit)
        names = [pl.col(name).replace(self.renamed) for name in ("paragraph_id", "other_id")]
        nothing = [pl.lit(None, pl.String).alias(n) for n in ("these_words", "other_words")]
        moved = moved.with_columns(*names, *nothing)
        ahead = moved.filter(pl.col("paragraph_id") < pl.col("other_id"))
        back = moved.filter(pl.col("paragraph_id") > pl.col("other_id"))
        back = back.rename(
            {
                "paragraph_id": "other_id",
                "other_id": "paragraph_id",
                "coverage": "other_coverage",
                "other_coverage": "coverage",
            }
        )
        return pl.concat([same, ahead, back.select(same.columns)])


def redact(
    tables: Mapping[str, pa.Table],
    order: Order,
    secret: Callable[[], bytes],
    first_release: Callable[[str], str],
    rule: str,
    boilerplate: int,
) -> Redacted:
    """Make the tables of a release without what is withdrawn.

    Args:
        tables: of the release.
        order: what leaves it.
        secret: gives the key for ids of withheld texts.
        first_release: of a paragraph that lives again, by its id.
        rule: version of the rules of the release, for new evidence.
        boilerplate: a paragraph in so many documents of a source is boilerplate.

    Returns:
        The tables, and what became of the records.
    """
    release = _Release(tables, order, secret, first_release, rule)
    release.settle()
    occurrences = release.occurrences()
    paragraphs = release.all_paragraphs(occurrences, boilerplate)
    documents = release.all_documents(occurrences)
    lost = list(release.touched() | set(order.documents))
    patches = _frame(tables["patches"]).filter(~pl.col("document_id").is_in(lost))
    counts = documents.group_by("source_id").agg(n_documents=pl.len().cast(pl.Int64))
    sources = _frame(tables["sources"]).drop("n_documents")
    sources = sources.join(counts, on="source_id", how="left").with_columns(
        pl.col("n_documents").fill_null(0)
    )
    made = {
        "sources": sources,
        "documents": documents,
        "paragraphs": paragraphs,
        "occurrences": occurrences,
        "matches": release.evidence(occurrences),
        "patches": patches,
        "variants": release.variants(tables["variants"]),
        "quarantine": _frame(tables["quarantine"]),
    }
    built = {name: _table(name, rows) for name, rows in made.items()}
    before = set(tables["paragraphs"]["paragraph_id"].to_pylist())
    left = set(built["paragraphs"]["paragraph_id"].to_pylist())
    return Redacted(built, before - left, release.touched())
