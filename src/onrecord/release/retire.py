"""``retired``: every id once published and not in this release, why, and what stands for it.

The rules, in the order in which they are tried:

- *documents*. ``withdrawn``: their source shows less than before, and they have another id for
  that. ``moved``: a document that is new in this release has the same bytes (where its
  bytes are not published: the same size and the same paragraphs at the same places).
  ``superseded``: one that was there before has the same bytes. Else ``missing``.
- *paragraphs*. ``superseded``: their text still stands among the inputs, behind another
  paragraph (the successor) or as a composite (no successor: several paragraphs stand for it).
  ``missing``: their document is gone, and did not move. ``withdrawn``: their source shows less
  than before. ``edited``: their document's bytes are others; the successor is what the edit
  made of them, where that can be verified. ``resegmented``: the same bytes are cut into other
  blocks; the successor is the one that stands in most of their place.

A successor always lives. What was retired earlier follows its successor when that goes, too,
and takes over its reason where nothing stands for it any more.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import polars as pl
import pyarrow as pa

from onrecord.records.schema import conform, empty, schema
from onrecord.scratch import Rows

_OPENNESS = {"full": 0, "excerpt": 1, "metadata": 2}
_SUCCESSORS = pa.schema([("record_id", pa.large_string()), ("successor_id", pa.large_string())])
COMPOSITES = pa.schema(
    [
        ("record_id", pa.large_string()),
        ("document_id", pa.large_string()),
        ("position", pa.int64()),
    ]
)

#: Finds what edits made of paragraphs; see ``release.edits``. Takes ``record_id``, ``text``
#: and the document (``document_id``) where each stood; gives ``record_id``, ``successor_id``.
Follow = Callable[[pl.DataFrame], pl.DataFrame]


@dataclass(frozen=True, slots=True)
class Fates:
    """What became of texts that are among the inputs and are no paragraphs of their own.

    Attributes:
        behind: ``record_id`` and ``successor_id``: a text, and the paragraph that stands for
            it.
        composites: ``record_id``, ``document_id``, ``position``: a text that is made of
            several paragraphs, and one place where it stands; ``matches`` names the parts.
        renamed: ids of documents that have another id now, because ids depend on what their
            source publishes; with those other ids.
    """

    behind: pa.Table = field(default_factory=_SUCCESSORS.empty_table)
    composites: pa.Table = field(default_factory=COMPOSITES.empty_table)
    renamed: Mapping[str, str] = field(default_factory=dict)


def _frame(table: pa.Table) -> pl.DataFrame:
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    return frame


def _documents(tables: Mapping[str, Rows]) -> pl.DataFrame:
    """What decides where documents are now, and why their paragraphs are gone."""
    sources = tables["sources"].lazy().select("source_id", "publication")
    columns = "document_id", "source_id", "path", "revision", "bytes", "n_blocks", "first_release"
    return (
        tables["documents"]
        .lazy()
        .select(columns)
        .join(sources, on="source_id", how="left")
        .with_columns(
            pl.col("publication").replace_strict(_OPENNESS, default=2).alias("openness"),
            pl.col("path").str.split("/").list.last().alias("file_name"),
        )
        .drop("publication")
        .collect()
    )


def _keys(tables: Mapping[str, Rows], table: str, key: str) -> pl.DataFrame:
    return tables[table].lazy().select(pl.col(key).alias("record_id")).collect()


def _same(gone: pl.DataFrame, now: pl.DataFrame, on: list[str]) -> pl.DataFrame:
    """The document that each gone one may be now: new, of its source, of its name, if there is.

    Level by level, and one of each kind at a time: thousands of equal documents on both sides
    must not be paired with each other.

    Args:
        gone: documents.
        now: documents of this release, and whether they are ``old``.
        on: what must be the same.

    Returns:
        ``document_id``, ``old``, ``successor_id`` of those for which there is one.
    """
    found = []
    for old in (False, True):
        pool = now.filter(pl.col("old") == old).sort("document_id")
        for keys in ([*on, "source_id", "file_name"], [*on, "source_id"], on):
            first = pool.unique(keys, keep="first", maintain_order=True)
            pairs = gone.join(
                first.select(*keys, "old", pl.col("document_id").alias("successor_id")), on=keys
            )
            found.append(pairs.select("document_id", "old", "successor_id"))
            gone = gone.join(pairs, on="document_id", how="anti")
    return pl.concat(found)


def _layouts(tables: Mapping[str, Rows], documents: pl.DataFrame) -> pl.DataFrame:
    """What stands where in some documents whose bytes are not published, as one text each."""
    parts = ["byte_start", "byte_end", "paragraph_id"]
    one = pl.concat_str([pl.col(c).cast(pl.String).fill_null("-") for c in parts], separator=" ")
    return (
        tables["occurrences"]
        .lazy()
        .select("document_id", "position", *parts)
        .filter(pl.col("document_id").is_in(documents["document_id"].implode()))
        .sort("document_id", "position")
        .group_by("document_id", maintain_order=True)
        .agg(one.str.join("\n").alias("layout"), pl.col("paragraph_id").is_not_null().any())
        .filter(pl.col("paragraph_id"))
        .select("document_id", "layout")
        .collect()
    )


def _gone_documents(
    old: Mapping[str, Rows],
    new: Mapping[str, Rows],
    before: pl.DataFrame,
    now: pl.DataFrame,
    renamed: Mapping[str, str],
) -> pl.DataFrame:
    """Documents that are gone: ``document_id``, ``first_release``, ``reason``, successor."""
    gone = before.join(now, on="document_id", how="anti")
    names = {"document_id": list(renamed), "document_id now": list(renamed.values())}
    pairs = pl.DataFrame(names, schema=dict.fromkeys(names, pl.String))
    other = (
        gone.join(pairs, on="document_id")
        .join(now, left_on="document_id now", right_on="document_id", suffix=" now")
        .select(
            "document_id",
            pl.lit(False).alias("old"),
            pl.col("document_id now").alias("successor_id"),
            (pl.col("openness now") > pl.col("openness")).alias("closed"),
        )
    )
    now = now.join(
        before.select("document_id", pl.lit(True).alias("old")), on="document_id", how="left"
    ).with_columns(pl.col("old").fill_null(False))
    same = _same(gone, now, ["revision"])
    hidden = gone.filter(pl.col("revision").is_null())
    fresh = now.filter(pl.col("revision").is_null() & ~pl.col("old"))
    sizes = ["bytes", "n_blocks"]
    hidden, fresh = (
        hidden.join(fresh, on=sizes, how="semi"),
        fresh.join(hidden, on=sizes, how="semi"),
    )
    if hidden.height:
        then = hidden.join(_layouts(old, hidden), on="document_id")
        today = fresh.join(_layouts(new, fresh), on="document_id")
        same = pl.concat([same, _same(then, today, [*sizes, "layout"])])
    same = same.join(other, on="document_id", how="anti").with_columns(
        pl.lit(False).alias("closed")
    )
    same = pl.concat([other, same])
    reason = (
        pl.when(pl.col("successor_id").is_null())
        .then(pl.lit("missing"))
        .when(pl.col("closed"))
        .then(pl.lit("withdrawn"))
        .when(pl.col("old"))
        .then(pl.lit("superseded"))
        .otherwise(pl.lit("moved"))
    )
    return gone.join(same, on="document_id", how="left").select(
        "document_id", "first_release", reason.alias("reason"), "successor_id"
    )


def _gone_paragraphs(
    old: Mapping[str, Rows],
    new: Mapping[str, Rows],
    gone_documents: pl.DataFrame,
    before: pl.DataFrame,
    now: pl.DataFrame,
) -> pl.DataFrame:
    """Paragraphs whose text is gone from the inputs, with what decides why.

    Returns:
        ``record_id``, ``document_id`` (where it stood), ``first_release``, ``reason``, and
        ``now_id``, the same document today.
    """
    columns = "paragraph_id", "document_id", "position", "first_release"
    gone = (
        old["paragraphs"]
        .lazy()
        .select(*columns, pl.col("text").is_null().alias("hidden"))
        .join(new["paragraphs"].lazy().select("paragraph_id"), on="paragraph_id", how="anti")
        .rename({"paragraph_id": "record_id"})
        .collect()
    )
    states = before.select("document_id", "revision", "bytes", "openness")
    today = now.select(pl.col("document_id").alias("now_id"), "revision", "bytes", "openness")
    moved = gone_documents.select("document_id", "successor_id")
    placed = (
        gone.join(states, on="document_id", how="left")
        .join(moved, on="document_id", how="left")
        .with_columns(pl.col("successor_id").fill_null(pl.col("document_id")).alias("now_id"))
        .drop("successor_id")
        .join(today, on="now_id", how="left", suffix=" now")
    )
    placed = placed.join(_same_places(old, new, placed), on="record_id", how="left")
    known = pl.col("revision").is_not_null() & pl.col("revision now").is_not_null()
    same = (
        pl.when(known)
        .then(pl.col("revision") == pl.col("revision now"))
        .otherwise(
            (pl.col("bytes") == pl.col("bytes now")) & ~pl.col("same place").fill_null(False)
        )
    )
    reason = (
        pl.when(pl.col("bytes now").is_null())
        .then(pl.lit("missing"))
        .when((pl.col("openness now") > pl.col("openness")) & ~pl.col("hidden"))
        .then(pl.lit("withdrawn"))
        .when(same)
        .then(pl.lit("resegmented"))
        .otherwise(pl.lit("edited"))
    )
    return placed.select(
        "record_id", "document_id", "position", "first_release", reason.alias("reason"), "now_id"
    )


def _spans(tables: Mapping[str, Rows], documents: pl.Series) -> pl.DataFrame:
    """The blocks of some documents."""
    columns = "document_id", "position", "byte_start", "byte_end", "paragraph_id", "withheld"
    blocks = tables["occurrences"].lazy().select(columns)
    return blocks.filter(pl.col("document_id").is_in(documents.unique().implode())).collect()


def _same_places(
    old: Mapping[str, Rows], new: Mapping[str, Rows], placed: pl.DataFrame
) -> pl.DataFrame:
    """Whether a block has the very place of a gone one, where the bytes are not published."""
    hidden = placed.filter(
        (pl.col("revision").is_null() | pl.col("revision now").is_null())
        & (pl.col("bytes") == pl.col("bytes now"))
    )
    then = _spans(old, hidden["document_id"]) if hidden.height else None
    if then is None:
        return pl.DataFrame(schema={"record_id": pl.String, "same place": pl.Boolean})
    places = hidden.select("record_id", "document_id", "position", "now_id").join(
        then.select("document_id", "position", "byte_start", "byte_end"),
        on=["document_id", "position"],
    )
    found = places.join(
        _spans(new, hidden["now_id"]).select("document_id", "byte_start", "byte_end"),
        left_on=["now_id", "byte_start", "byte_end"],
        right_on=["document_id", "byte_start", "byte_end"],
        how="semi",
    )
    return found.select("record_id", pl.lit(True).alias("same place"))


def _recut(old: Mapping[str, Rows], new: Mapping[str, Rows], gone: pl.DataFrame) -> pl.DataFrame:
    """What stands in at least half of the place of each paragraph that was cut otherwise.

    An open paragraph is never led to a withheld one.
    """
    gone = gone.filter(pl.col("reason") == "resegmented")
    if not gone.height:
        return pl.DataFrame(schema={"record_id": pl.String, "successor_id": pl.String})
    then = _spans(old, gone["document_id"]).drop("paragraph_id")
    places = gone.join(then, on=["document_id", "position"]).select(
        "record_id",
        pl.col("now_id").alias("document_id"),
        pl.col("byte_start").alias("at"),
        pl.col("byte_end").alias("end"),
        pl.col("withheld").alias("hidden"),
    )
    blocks = _spans(new, gone["now_id"]).drop("position").sort("document_id", "byte_start")
    candidates = []
    for strategy in ("backward", "forward"):
        pairs = places.sort("document_id", "at").join_asof(
            blocks.with_columns(pl.col("byte_start").alias("at")),
            on="at",
            by="document_id",
            strategy="backward" if strategy == "backward" else "forward",
            check_sortedness=False,
        )
        candidates.append(pairs)
    common = pl.min_horizontal("end", "byte_end") - pl.max_horizontal("at", "byte_start")
    return (
        pl.concat(candidates)
        .filter(pl.col("paragraph_id").is_not_null() & (pl.col("hidden") | ~pl.col("withheld")))
        .with_columns(common.alias("common"))
        .filter(2 * pl.col("common") >= pl.col("end") - pl.col("at"))
        .sort("record_id", "common", "paragraph_id", descending=[False, True, False])
        .unique("record_id", keep="first", maintain_order=True)
        .select("record_id", pl.col("paragraph_id").alias("successor_id"))
    )


def _edited(old: Mapping[str, Rows], gone: pl.DataFrame, follow: Follow | None) -> pl.DataFrame:
    """What edits made of the paragraphs that they changed."""
    none = pl.DataFrame(schema={"record_id": pl.String, "successor_id": pl.String})
    gone = gone.filter(pl.col("reason") == "edited")
    if follow is None or not gone.height:
        return none
    texts = (
        old["paragraphs"]
        .lazy()
        .select(pl.col("paragraph_id").alias("record_id"), "text")
        .filter(pl.col("record_id").is_in(gone["record_id"].implode()))
        .filter(pl.col("text").is_not_null())
        .collect()
    )
    return follow(
        texts.join(gone, on="record_id").select(
            "record_id", "text", pl.col("now_id").alias("document_id")
        )
    )


def _carried(old: Mapping[str, Rows]) -> pl.DataFrame:
    """What the release before had retired already."""
    rows = old.get("retired", Rows.of(empty("retired"))).table()
    return _frame(rows)


def _settled(rows: pl.DataFrame, living: pl.DataFrame) -> pl.DataFrame:
    """Rows whose successors all live, or are null with a reason.

    What is retired now leads to what lives; what was retired earlier led to what lived in the
    release before. So one step is enough for every chain.
    """
    alive = living.with_columns(pl.lit(True).alias("alive"))
    steps = rows.select(
        pl.col("record_id").alias("successor_id"),
        pl.col("successor_id").alias("next"),
        pl.col("reason").alias("next reason"),
        pl.col("category").alias("next category"),
    )

    def marked(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.join(alive, left_on="successor_id", right_on="record_id", how="left")

    lost = pl.col("successor_id").is_not_null() & pl.col("alive").is_null()
    ends = lost & pl.col("next").is_null()
    stepped = (
        marked(rows)
        .join(steps, on="successor_id", how="left")
        .with_columns(
            pl.when(ends)
            .then(pl.col("next reason").fill_null("missing"))
            .otherwise("reason")
            .alias("reason"),
            pl.when(ends).then("next category").otherwise("category").alias("category"),
            pl.when(lost).then("next").otherwise("successor_id").alias("successor_id"),
        )
        .select(rows.columns)
    )
    return (
        marked(stepped)
        .with_columns(pl.when(pl.col("alive")).then("successor_id").alias("successor_id"))
        .select(rows.columns)
    )


def _refreshed(rows: pl.DataFrame, fates: Fates) -> pl.DataFrame:
    """Rows with what stands for their texts now, where these are among the inputs.

    What was withdrawn on a stated ground stays so, whatever comes.
    """
    behind = _frame(fates.behind).rename({"successor_id": "front"})
    composites = _frame(fates.composites).select("record_id", pl.lit(True).alias("composite"))
    stands = pl.col("front").is_not_null() | pl.col("composite").is_not_null()
    stands = stands & pl.col("category").is_null()
    return (
        rows.join(behind, on="record_id", how="left")
        .join(composites, on="record_id", how="left")
        .with_columns(
            pl.when(stands).then(pl.lit("superseded")).otherwise("reason").alias("reason"),
            pl.when(stands).then("front").otherwise("successor_id").alias("successor_id"),
        )
        .select(rows.columns)
    )


def retire(
    old: Mapping[str, Rows],
    new: Mapping[str, Rows],
    fates: Fates,
    follow: Follow | None = None,
) -> tuple[pa.Table, dict[tuple[str, str], int]]:
    """Make ``retired``.

    Args:
        old: tables of the release before.
        new: tables of this one.
        fates: of the texts of this one.
        follow: finds what edits made of paragraphs; None finds nothing.

    Returns:
        The table, with "" as the version of what is retired in this release, and how many
        records are new in it by kind and reason.
    """
    before, now = _documents(old), _documents(new)
    living = pl.concat(
        [_keys(new, "documents", "document_id"), _keys(new, "paragraphs", "paragraph_id")]
    )
    documents = _gone_documents(old, new, before, now, fates.renamed)
    gone = _gone_paragraphs(old, new, documents, before, now)
    texts = pl.concat([_frame(fates.behind)["record_id"], _frame(fates.composites)["record_id"]])
    lost = gone.filter(~pl.col("record_id").is_in(texts.implode()))
    successors = pl.concat([_recut(old, new, lost), _edited(old, lost, follow)])
    fresh = pl.concat(
        [
            documents.select(
                pl.lit("document").alias("kind"),
                pl.col("document_id").alias("record_id"),
                "first_release",
                "reason",
                "successor_id",
            ),
            gone.join(successors, on="record_id", how="left").select(
                pl.lit("paragraph").alias("kind"),
                "record_id",
                "first_release",
                "reason",
                "successor_id",
            ),
        ]
    ).with_columns(pl.lit("").alias("since"), pl.lit(None, pl.String).alias("category"))
    columns = [f.name for f in schema("retired").fields]
    carried = _carried(old).join(living, on="record_id", how="anti")
    carried = carried.join(fresh.select("record_id"), on="record_id", how="anti")
    rows = _refreshed(pl.concat([carried.select(columns), fresh.select(columns)]), fates)
    rows = _settled(rows, living)
    fresh = rows.filter(pl.col("since") == "").group_by("kind", "reason").len()
    new_reasons = {(kind, reason): n for kind, reason, n in fresh.iter_rows()}
    table = rows.to_arrow().cast(schema("retired").arrow)
    return conform("retired", {c: table[c] for c in columns}), new_reasons
