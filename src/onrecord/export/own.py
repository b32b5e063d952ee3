"""Chosen sources' own wordings of paragraphs whose published wording comes from another source.

The best block gives it: one with the same words, else one with nearly the same, else one that
stands within the paragraph, else the part of a composite block. Other blocks within the same
paragraph may say another part of it, so plain text gets them as well.
"""

from dataclasses import dataclass, field

import polars as pl

from onrecord.display import unwrapped
from onrecord.export.tables import Whole

_ORDER = {"exact": 0, "near": 1, "contained": 2}
_COLUMNS = {
    "paragraph_id": pl.String,
    "own_text": pl.String,
    "own_document": pl.String,
    "own_position": pl.Int64,
}


@dataclass(slots=True)
class Wordings:
    """Own wordings.

    Attributes:
        rows: for each such paragraph the block that stands for it, and its text.
        texts: for each such paragraph its text, and what other blocks within it say.
    """

    rows: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=_COLUMNS))
    texts: dict[str, list[str | None]] = field(default_factory=dict)

    def put(self, paragraphs: pl.DataFrame) -> pl.DataFrame:
        """Paragraphs in their own wording, in the same order."""
        joined = paragraphs.join(self.rows, on="paragraph_id", how="left", maintain_order="left")
        foreign = pl.col("own_document").is_not_null()
        own = {"text": "own_text", "document_id": "own_document", "position": "own_position"}
        changed = joined.with_columns(
            pl.when(foreign).then(pl.col(ours)).otherwise(pl.col(name)).alias(name)
            for name, ours in own.items()
        )
        length = pl.col("text").str.len_chars().cast(pl.Int64)
        counted = pl.when(foreign & length.is_not_null()).then(length)
        changed = changed.with_columns(
            counted.otherwise(pl.col("n_characters")).alias("n_characters")
        )
        return changed.select(paragraphs.columns)


def own_wordings(whole: Whole, documents: pl.Series, foreign: pl.Series) -> Wordings:
    """Find them.

    Args:
        whole: the release.
        documents: ids of the documents of the chosen sources.
        foreign: ids of paragraphs that stand in them and have their wording from another one.
    """
    if foreign.is_empty():
        return Wordings()
    here = pl.col("document_id").is_in(documents.implode())
    matches = pl.concat(
        frame.filter(here & pl.col("paragraph_id").is_in(foreign.implode()))
        for frame in whole.frames("matches")
    ).select(
        *("document_id", "position", "paragraph_id", "paragraph_coverage"),
        pl.col("byte_start").alias("from"),
        pl.col("byte_end").alias("to"),
        pl.col("relation").replace_strict(_ORDER, return_dtype=pl.Int64).alias("order"),
    )
    columns = ["document_id", "position", "byte_start", "byte_end", "relation", "text"]
    places = matches.select("document_id", "position").unique()
    blocks = pl.concat(
        frame.join(places, on=["document_id", "position"], how="semi")
        for frame in whole.frames("occurrences", columns)
    )
    encodings = pl.concat(
        frame.filter(here) for frame in whole.frames("documents", ["document_id", "encoding"])
    )
    found = matches.join(blocks, on=["document_id", "position"]).join(encodings, on="document_id")
    return _best(found)


def _best(found: pl.DataFrame) -> Wordings:
    """Of each paragraph's blocks the best one, and what the others add."""
    composite = pl.col("relation") == "composite"
    ranked = found.sort(
        pl.col("text").is_null(),
        composite,
        "order",
        pl.col("paragraph_coverage").neg(),
        *("document_id", "position", "from"),
    )
    texts: dict[str, list[str | None]] = {}
    rows = []
    for row in ranked.iter_rows(named=True):
        name, text = row["paragraph_id"], _words(row)
        said = texts.get(name)
        if said is None:
            texts[name] = [text]
            rows.append((name, text, row["document_id"], row["position"]))
        elif text is not None and row["order"] == _ORDER["contained"]:
            line = unwrapped(text)
            if not any(line in unwrapped(other or "") for other in said):
                said.append(text)
    return Wordings(pl.DataFrame(rows, schema=_COLUMNS, orient="row"), texts)


def _words(row: dict[str, object]) -> str | None:
    """What a match says: a block, or the part of a composite one."""
    text = row["text"]
    assert text is None or isinstance(text, str)
    if text is None or row["relation"] != "composite":
        return text
    raw = text.encode(str(row["encoding"]), "replace")
    start, end, begin, behind = (
        int(str(row[name])) for name in ("byte_start", "byte_end", "from", "to")
    )
    if len(raw) != end - start:  # bytes that are kept as patches: the part can't be told
        return None
    return raw[begin - start : behind - start].decode(str(row["encoding"]), "replace").strip()
