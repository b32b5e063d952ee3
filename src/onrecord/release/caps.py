"""Refuse a release in which a source would all but vanish.

A wrong glob, a server that sent error pages, a rule that merges too much: each shows as a share
of one source that is far too high. Such a release is refused with the evidence, unless the
source is allowed by name. Verbatim repeats do not count: they lose nothing.
"""

from typing import Any

import polars as pl

from onrecord.release.changes import Plan, Previous
from onrecord.settings import Settings

#: Shares of fewer records than this say nothing.
LEAST = 20
_MERGED = ("near", "contained", "composite")


def exceeded(
    plan: Plan, previous: Previous | None, figures: dict[str, Any], settings: Settings
) -> list[str]:
    """What a release would do to a source beyond its caps, in words.

    Args:
        plan: the release.
        previous: the release before.
        figures: of the release, as in ``quality.json``.
        settings: with the caps, and the sources for which they do not count.
    """
    found = []
    retired = _retired(plan, previous) if previous else {}
    for name, source in figures["sources"].items():
        if name in settings.allow:
            continue
        merged = sum(source["relations"].get(relation, 0) for relation in _MERGED)
        inputs = source["documents"] + source["quarantined"]
        gone, before = retired.get(name, (0, 0))
        for part, whole, cap, what in (
            (merged, source["blocks"], settings.cap_merged, "blocks would stand behind others"),
            (source["quarantined"], inputs, settings.cap_quarantined, "inputs can't be read"),
            (gone, before, settings.cap_retired, "paragraphs of the release before would retire"),
        ):
            if whole >= LEAST and part > cap * whole:
                found.append(f"{name}: {part:,} of {whole:,} {what}, more than {cap:.0%}")
    return found


def _retired(plan: Plan, previous: Previous) -> dict[str, tuple[int, int]]:
    """(paragraphs that retire, paragraphs there were) in the release before, by source."""
    documents = previous.tables["documents"].lazy().select("document_id", "source_id")
    paragraphs = previous.tables["paragraphs"].lazy().select("paragraph_id", "document_id")
    gone = plan.tables["retired"].lazy().select("record_id", pl.lit(True).alias("gone"))
    counted = (
        paragraphs.join(documents, on="document_id")
        .join(gone, left_on="paragraph_id", right_on="record_id", how="left")
        .group_by("source_id")
        .agg(pl.col("gone").is_not_null().sum(), pl.len())
        .collect()
    )
    return {source: (gone, n) for source, gone, n in counted.iter_rows()}
