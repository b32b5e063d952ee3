"""The rows of the view files: all that the page shows of one document or paragraph, in one row.

A record is written as JSON, cut into parts where it is long. So one small read gives a document
with the texts that its repeats lean on, or a paragraph with the places where it stands. Tables of
millions of rows are worked on in ranges of their leading key.
"""

from collections.abc import Iterator, Mapping

import numpy as np
import polars as pl
import pyarrow as pa

from onrecord.page.terms import Terms
from onrecord.release.compare import Range, ranges
from onrecord.scratch import Rows

#: ``id`` of the record, number of the ``part``, and the part as JSON.
RECORDS = pa.schema(
    [
        pa.field("id", pa.large_string(), nullable=False),
        pa.field("part", pa.int32(), nullable=False),
        pa.field("record", pa.large_string(), nullable=False),
    ]
)
#: A document is cut into parts of about so many bytes of text.
PART_BYTES = 96 * 1024
#: So many places or variants of a paragraph make a part.
PART_ROWS = 60
#: So many characters of the text before and after a place are shown with it.
CONTEXT = 160
#: So many characters of the paragraph that a block leans on are given with the block.
LEANING = 4_000
#: Ranges are cut so that each has about a quarter of what ``ranges`` gives.
_FINER = 4

_DOCUMENT = ["source_id", "path", "locator", "url", "retrieved", "bytes", "encoding", "reader"]
_DOCUMENT += ["restores", "language", "title", "published", "n_blocks", "n_paragraphs"]
_DOCUMENT += ["first_release", "revision"]
_OF_PLACE = ["source_id", "path", "url", "title", "published", "language"]
_PARAGRAPH = ["language", "n_tokens", "n_characters", "n_occurrences", "n_documents", "n_sources"]
_PARAGRAPH += ["boilerplate", "document_id", "position", "first_release", "text"]
_AT = ["document_id", "position"]

#: Where a paragraph stands that stands in more than one place.
PLACES = pa.schema(
    [
        pa.field("paragraph_id", pa.large_string()),
        pa.field("document_id", pa.large_string()),
        pa.field("position", pa.int64()),
        pa.field("byte_start", pa.int64()),
        pa.field("byte_end", pa.int64()),
        pa.field("relation", pa.large_string()),
        pa.field("coverage", pa.float64()),
        pa.field("residue", pa.large_string()),
        pa.field("withheld", pa.bool_()),
        pa.field("same", pa.bool_()),
        pa.field("text", pa.large_string()),
        pa.field("before", pa.large_string()),
        pa.field("after", pa.large_string()),
        *(pa.field(name, pa.large_string()) for name in _OF_PLACE),
    ]
)


def _records(rows: pl.DataFrame) -> pa.Table:
    return rows.select(RECORDS.names).to_arrow().cast(RECORDS)


def _json(*columns: pl.Expr | str) -> pl.Expr:
    return pl.struct(*columns).struct.json_encode().alias("record")


class Views:
    """Makes the records of the view files from the tables of a release.

    Args:
        tables: of the release.
        places: takes the places of repeated paragraphs while documents are made.
    """

    def __init__(self, tables: Mapping[str, Rows], places: Rows) -> None:
        self._tables = {name: rows.lazy() for name, rows in tables.items()}
        self._blocks = tables["occurrences"].num_rows
        self._n_paragraphs = tables["paragraphs"].num_rows
        self._places = places
        composites = self._tables["occurrences"].filter(pl.col("relation") == "composite")
        of_composites = self._tables["matches"].join(composites.select(_AT), on=_AT, how="semi")
        #: The paragraphs of which a composite block is made.
        self._parts = of_composites.sort(*_AT, "byte_start").collect()
        counts = self._tables["paragraphs"].select(
            "paragraph_id", "n_documents", "n_occurrences", "boilerplate"
        )
        #: What of its paragraph is told with a block.
        self._counts = counts.collect()

    def documents(self) -> Iterator[pa.Table]:
        """One record a document, sorted by id; to be read to the end before `paragraphs`."""
        for part in ranges("documents", _FINER * self._blocks):
            yield from self._documents(part)

    def _documents(self, part: Range) -> Iterator[pa.Table]:
        inside = part.expression("document_id")
        blocks = self._with_paragraphs(self._tables["occurrences"].filter(inside).collect())
        about = self._tables["documents"].filter(inside).collect()
        self._keep_places(blocks, about)
        size = pl.col("text").str.len_bytes().fill_null(0) + 200
        before = pl.col("size").cum_sum().over("document_id") - pl.col("size")
        blocks = blocks.with_columns(size=size).with_columns(
            part=(before // PART_BYTES).cast(pl.Int32)
        )
        shown = ["position", "byte_start", "byte_end", "paragraph_id", "relation", "coverage"]
        shown += ["residue", "repeats_itself", "withheld", "text", "gap", "n_documents"]
        shown += ["boilerplate", "same", "paragraph", "parts"]
        cut = blocks.group_by("document_id", "part", maintain_order=True).agg(
            blocks=pl.struct(shown)
        )
        first = about.select(
            "document_id", pl.lit(0, pl.Int32).alias("part"), about=pl.struct(_DOCUMENT)
        )
        whole = first.join(cut, on=["document_id", "part"], how="full", coalesce=True)
        whole = whole.sort("document_id", "part").with_columns(
            last=pl.col("document_id") != pl.col("document_id").shift(-1).fill_null("")
        )
        record = _json(pl.col("about"), pl.col("blocks"), pl.col("last"))
        yield _records(whole.select(pl.col("document_id").alias("id"), "part", record))

    def _with_paragraphs(self, blocks: pl.DataFrame) -> pl.DataFrame:
        """Blocks with what is told of their paragraphs, and of the parts of composites."""
        leaning = pl.col("relation") != "canonical"
        parts = self._parts.join(blocks.select(_AT), on=_AT, how="semi")
        wanted = blocks.filter(leaning).select("paragraph_id").drop_nulls()
        wanted = pl.concat([wanted, parts.select("paragraph_id")]).unique()
        texts = self._texts(wanted)
        parts = parts.join(texts, on="paragraph_id", how="left", maintain_order="left")
        told = ["paragraph_id", "byte_start", "byte_end", "coverage"]
        cut = pl.col("paragraph").str.slice(0, LEANING).alias("text")
        parts = parts.group_by(_AT, maintain_order=True).agg(parts=pl.struct(*told, cut))
        blocks = blocks.join(self._counts, on="paragraph_id", how="left", maintain_order="left")
        blocks = blocks.join(
            texts,
            on="paragraph_id",
            how="left",
            maintain_order="left",
        )
        same = (pl.col("text") == pl.col("paragraph")).fill_null(False)
        blocks = blocks.with_columns(same=leaning & same)
        other = pl.when(leaning & ~pl.col("same")).then(pl.col("paragraph").str.slice(0, LEANING))
        blocks = blocks.with_columns(paragraph=other)
        return blocks.join(parts, on=_AT, how="left", maintain_order="left")

    def _texts(self, wanted: pl.DataFrame) -> pl.DataFrame:
        """The texts of some paragraphs."""
        found = self._tables["paragraphs"].select("paragraph_id", pl.col("text").alias("paragraph"))
        return found.join(wanted.lazy(), on="paragraph_id", how="semi").collect()

    def _keep_places(self, blocks: pl.DataFrame, about: pl.DataFrame) -> None:
        """Put aside where repeated paragraphs stand."""
        tail, head = pl.col("text").str.slice(-CONTEXT), pl.col("text").str.slice(0, CONTEXT)
        blocks = blocks.with_columns(
            before=tail.shift(1).over("document_id"), after=head.shift(-1).over("document_id")
        )
        whole = blocks.filter(pl.col("n_occurrences") > 1)
        parts = self._parts.select("paragraph_id", *_AT, "byte_start", "byte_end", "coverage")
        of_block = blocks.select(*_AT, "withheld", "before", "after")
        inside = parts.join(of_block, on=_AT, how="inner", maintain_order="left").with_columns(
            relation=pl.lit("composite"),
            residue=pl.lit(None, pl.String),
            same=pl.lit(False),
            text=pl.lit(None, pl.String),
        )
        names = [name for name in PLACES.names if name not in _OF_PLACE]
        own = pl.when(~pl.col("same") & (pl.col("relation") != "canonical")).then("text")
        rows = pl.concat([whole.with_columns(text=own).select(names), inside.select(names)])
        rows = rows.join(
            about.select("document_id", *_OF_PLACE), on="document_id", how="left"
        ).sort("paragraph_id", *_AT, "byte_start")
        self._places.append(rows.select(PLACES.names).to_arrow().cast(PLACES))

    def paragraphs(self, terms: Terms) -> Iterator[pa.Table]:
        """One record a paragraph, sorted by id.

        Args:
            terms: takes the words of each text, under the number of its row.
        """
        places, at = self._places.lazy(), 0
        for part in ranges("paragraphs", _FINER * self._n_paragraphs):
            records = self._paragraphs(part, places)
            first = np.flatnonzero((records["part"] == 0).to_numpy()) + at
            text = records["about"].struct.field("text").filter(records["part"] == 0)
            shown = text.is_not_null().to_numpy()
            texts = text.drop_nulls().to_arrow().cast(pa.large_string())
            terms.add(first[shown], texts)
            at += records.height
            record = _json("about", "places", "variants", "last")
            yield _records(records.select("id", "part", record))

    def _paragraphs(self, part: Range, places: pl.LazyFrame) -> pl.DataFrame:
        inside = part.expression("paragraph_id")
        rows = self._tables["paragraphs"].filter(inside)
        about = rows.select(
            pl.col("paragraph_id").alias("id"),
            pl.lit(0, pl.Int32).alias("part"),
            about=pl.struct(_PARAGRAPH),
        ).collect()
        stands = places.filter(inside).sort("paragraph_id", *_AT, "byte_start").collect()
        listed = stands.select(
            pl.col("paragraph_id").alias("id"), place=pl.struct(PLACES.names[1:])
        )
        alike = self._variants(part)
        whole = about
        for name, found in (("place", listed), ("variant", alike)):
            number = pl.int_range(pl.len()).over("id") // PART_ROWS
            cut = found.with_columns(part=number.cast(pl.Int32))
            cut = cut.group_by("id", "part", maintain_order=True).agg(
                pl.col(name).alias(f"{name}s")
            )
            whole = whole.join(cut, on=["id", "part"], how="full", coalesce=True)
        return whole.sort("id", "part").with_columns(
            last=pl.col("id") != pl.col("id").shift(-1).fill_null("")
        )

    def _variants(self, part: Range) -> pl.DataFrame:
        """What looks like the paragraphs of a range and is kept apart, with its text."""
        names = ["other_id", "difference", "these_words", "other_words", "coverage"]
        names += ["other_coverage"]
        rows = self._tables["variants"]
        ahead = rows.filter(part.expression("paragraph_id")).select("paragraph_id", *names)
        back = rows.filter(part.expression("other_id")).select(
            pl.col("other_id").alias("paragraph_id"),
            pl.col("paragraph_id").alias("other_id"),
            "difference",
            pl.col("other_words").alias("these_words"),
            pl.col("these_words").alias("other_words"),
            pl.col("other_coverage").alias("coverage"),
            pl.col("coverage").alias("other_coverage"),
        )
        both = pl.concat([ahead, back]).collect().sort("paragraph_id", "other_id")
        texts = self._texts(both.select(pl.col("other_id").alias("paragraph_id")).unique())
        texts = texts.select(
            pl.col("paragraph_id").alias("other_id"),
            pl.col("paragraph").str.slice(0, LEANING).alias("text"),
        )
        both = both.join(texts, on="other_id", how="left", maintain_order="left")
        return both.select(pl.col("paragraph_id").alias("id"), variant=pl.struct(*names, "text"))
