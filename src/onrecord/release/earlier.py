"""Give a paragraph that lives again its old wording.

A retired paragraph lives again when what stood for it goes away, or when its text comes back.
The release before does not have its wording any more, but an earlier release does: the last
one before it was retired. Only texts that are kept again are looked up, so this reads little.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from onrecord.census import Census
from onrecord.corpus import Corpus
from onrecord.dedup.engine import Decisions
from onrecord.dedup.resolve import KEPT
from onrecord.release.catalog import read_provenance, release_path, version_key, versions
from onrecord.release.layout import part_paths, table_path
from onrecord.scratch import Rows


def returning(census: Census, decisions: Decisions, retired: Rows) -> dict[str, str]:
    """Paragraphs that were retired and live again, with the release that retired them."""
    rows = retired.lazy().filter(kind="paragraph").select("record_id", "since").collect()
    since: dict[str, str] = dict(rows.iter_rows())
    if not since:
        return {}
    kept = np.flatnonzero(decisions.resolution.fate == KEPT).tolist()
    return {name: since[name] for name in (census.ids[row] for row in kept) if name in since}


def old_wordings(data: Path, since: Mapping[str, str]) -> dict[str, str]:
    """The wordings that paragraphs had when they were retired.

    Args:
        data: the data folder.
        since: the paragraphs, and the release that retired each.

    Returns:
        Their wordings, as far as a release that is still kept publishes them.
    """
    wanted = {name: version_key(version) for name, version in since.items()}
    found: dict[str, str] = {}
    for version in reversed(versions(data) if wanted else []):
        names = [n for n, end in wanted.items() if n not in found and version_key(version) < end]
        if not names:
            continue
        path = release_path(data, version)
        facts = read_provenance(path)
        assert facts is not None
        parts = part_paths(table_path("paragraphs"), facts.parts)
        try:
            rows = (
                pl.scan_parquet([path / part for part in parts])
                .filter(pl.col("paragraph_id").is_in(sorted(names)))
                .filter(pl.col("text").is_not_null())
                .select("paragraph_id", "text")
                .collect()
            )
        except (OSError, pl.exceptions.PolarsError):
            continue  # a damaged old release must not stop a new one
        found.update(rows.iter_rows())
        if len(found) == len(wanted):
            break
    return found


def give_back(corpus: Corpus, census: Census, wordings: Mapping[str, str]) -> Census:
    """Let the first block that has the old wording be canonical again.

    The engine's choice among different texts stands; this is among blocks of one text, and
    never takes a block that shows less.

    Args:
        corpus: all chunks.
        census: of the corpus.
        wordings: old ones, by paragraph id.

    Returns:
        The census, with other canonical blocks for those paragraphs.
    """
    if not wordings:
        return census
    wanted = {
        row: wordings[name].encode() for row, name in enumerate(census.ids) if name in wordings
    }
    rows = np.array(sorted(wanted), np.int64)
    best = np.full(rows.size, np.iinfo(np.uint64).max)
    chunk_of, block_of = census.chunk.copy(), census.block.copy()
    for number, (chunk, texts) in enumerate(zip(corpus.chunks, census.of_block, strict=True)):
        blocks: NDArray[np.int64] = np.flatnonzero(np.isin(texts, rows))
        if not blocks.size:
            continue
        text, ranks = chunk.text(), chunk.rank()[blocks]
        shown = chunk.openness[blocks] == census.openness[texts[blocks]]
        for block, rank, as_open in zip(blocks.tolist(), ranks, shown.tolist(), strict=True):
            row = int(texts[block])
            at = int(np.searchsorted(rows, row))
            words = text[chunk.blocks.start[block] : chunk.blocks.end[block]]
            if as_open and rank < best[at] and words.tobytes() == wanted[row]:
                best[at], chunk_of[row], block_of[row] = rank, number, block
    return replace(census, chunk=chunk_of, block=block_of)
