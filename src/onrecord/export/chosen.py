"""The part of a release that some sources hold, with nothing of the others in it.

A paragraph that stands in several sources was published in the wording of one of them. Where
that one was not chosen, its words are not the chosen ones' to give: their licence need not
cover them. Such a paragraph is shown in the words of a chosen block that stands for it, and
points to that block. So all keys lead somewhere, and every text comes from a chosen source.

Counts stay those of the whole release: how often a text stands in the dataset is worth knowing
wherever it is read.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import polars as pl
import pyarrow as pa

from onrecord.errors import NotFoundError
from onrecord.export.own import own_wordings
from onrecord.export.tables import Whole
from onrecord.release.place import Release


@dataclass(frozen=True, slots=True)
class Choice:
    """Which sources are wanted.

    Attributes:
        sources: their ids, sorted.
        licenses: what they state, each once, sorted; null at the end where one states none.
        is_part: whether the release has others.
    """

    sources: tuple[str, ...]
    licenses: tuple[str | None, ...]
    is_part: bool

    @classmethod
    def of(cls, whole: Whole, sources: Sequence[str], licenses: Sequence[str]) -> "Choice":
        """Choose sources by id and by licence; where both are given, both must hold.

        Raises:
            NotFoundError: there is no such source or licence, or none that has both.
        """
        rows = [row for piece in whole.pieces("sources") for row in piece.to_pylist()]
        version = whole.release.version
        known = {
            "source": {row["source_id"] for row in rows},
            "license": {row["license"] for row in rows if row["license"]},
        }
        for kind, wanted in (("source", sources), ("license", licenses)):
            missing = sorted(set(wanted) - known[kind])
            if missing:
                there = ", ".join(sorted(known[kind])) or "none"
                raise NotFoundError(
                    f"--{kind}: release {version} has none that is {missing[0]!r}; "
                    f"there is {there}."
                )
        chosen = [
            row
            for row in rows
            if (not sources or row["source_id"] in sources)
            and (not licenses or row["license"] in licenses)
        ]
        if rows and not chosen:
            raise NotFoundError(f"release {version}: none of these sources has such a licence.")
        stated = {row["license"] for row in chosen}
        return cls(
            tuple(sorted(row["source_id"] for row in chosen)),
            (*sorted(stated - {None}), *([None] if None in stated else [])),
            len(chosen) < len(rows),
        )


class Part:
    """What chosen sources hold of a release. Memory holds the ids of its documents and paragraphs.

    Args:
        whole: the release.
        choice: of its sources.
    """

    def __init__(self, whole: Whole, choice: Choice) -> None:
        self.names = whole.names
        self._whole = whole
        self._sources = pl.Series(choice.sources, dtype=pl.String)
        self._documents = _ids(
            frame.filter(pl.col("source_id").is_in(self._sources.implode()))["document_id"]
            for frame in whole.frames("documents", ["document_id", "source_id"])
        )
        self._paragraphs = _ids(
            self._of_documents(frame)["paragraph_id"].drop_nulls()
            for name in ("occurrences", "matches")
            for frame in whole.frames(name, ["document_id", "paragraph_id"])
        )
        self._foreign = _ids(
            frame.filter(
                pl.col("paragraph_id").is_in(self._paragraphs.implode())
                & ~pl.col("document_id").is_in(self._documents.implode())
            )["paragraph_id"]
            for frame in whole.frames("paragraphs", ["paragraph_id", "document_id"])
        )
        self._own = own_wordings(whole, self._documents, self._foreign)

    @property
    def release(self) -> Release:
        """Where the rows come from."""
        return self._whole.release

    def schema(self, name: str) -> pa.Schema:
        """The columns of a table."""
        return self._whole.schema(name)

    def pieces(self, name: str) -> Iterator[pa.Table]:
        """The rows of a table that belong to the part."""
        for frame in self._whole.frames(name):
            rows = frame.filter(self._kept(name))
            if name == "paragraphs":
                rows = self._own.put(rows)
            elif name == "variants":
                rows = self._without_words(rows)
            yield rows.to_arrow().cast(self.schema(name))

    def texts(self) -> Iterator[list[str]]:
        """The wordings of its paragraphs, and of blocks whose paragraph has words of others."""
        columns = ["paragraph_id", "text"]
        for frame in self._whole.frames("paragraphs", columns):
            rows = frame.filter(self._kept("paragraphs"))
            yield [
                text
                for name, text in rows.iter_rows()
                for text in self._own.texts.get(name, [text])
                if text is not None
            ]

    def _of_documents(self, frame: pl.DataFrame) -> pl.DataFrame:
        return frame.filter(pl.col("document_id").is_in(self._documents.implode()))

    def _kept(self, table: str) -> pl.Expr:
        """Whether a row belongs to the part."""
        documents, paragraphs = self._documents.implode(), self._paragraphs.implode()
        if table in ("sources", "quarantine"):
            return pl.col("source_id").is_in(self._sources.implode())
        if table == "paragraphs":
            return pl.col("paragraph_id").is_in(paragraphs)
        if table == "variants":
            both = pl.col("paragraph_id").is_in(paragraphs)
            return both & pl.col("other_id").is_in(paragraphs)
        if table == "retired":  # one without a successor belongs to no source any more
            successor = pl.col("successor_id")
            return successor.is_in(documents) | successor.is_in(paragraphs)
        if table == "changes":
            return self._of_living()
        return pl.col("document_id").is_in(documents)

    def _of_living(self) -> pl.Expr:
        """Whether a row of ``changes`` is of a record whose source is known to be chosen."""
        kind, key = pl.col("resource"), pl.col("record_key")
        first = key.str.split("/").list.first()
        last = key.str.split("/").list.last()
        documents, paragraphs = self._documents.implode(), self._paragraphs.implode()
        sources = self._sources.implode()
        return (
            pl.when(kind.is_in(["sources", "quarantine"]))
            .then(first.is_in(sources))
            .when(kind == "paragraphs")
            .then(first.is_in(paragraphs))
            .when(kind == "variants")
            .then(first.is_in(paragraphs) & last.is_in(paragraphs))
            .otherwise(first.is_in(documents))
        )

    def _without_words(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Variants without the words that only a source has which was not chosen."""
        foreign = self._foreign.implode()
        return rows.with_columns(
            pl.when(~pl.col(key).is_in(foreign)).then(pl.col(words)).alias(words)
            for key, words in (("paragraph_id", "these_words"), ("other_id", "other_words"))
        )


def _ids(found: Iterator[pl.Series]) -> pl.Series:
    """Ids, each once, sorted."""
    pieces = [piece.unique() for piece in found]
    if not pieces:
        return pl.Series(dtype=pl.String)
    return pl.concat(pieces).unique().sort()
