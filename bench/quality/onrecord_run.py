"""Run Onrecord on a labelled set, and read its answer from the release that it publishes."""

import tempfile
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow.parquet as pq

from bench.quality import footers
from bench.quality.dataset import LabelledSet
from bench.quality.score import Prediction, Predictions
from onrecord.job import release
from onrecord.settings import Settings

_COMPOSITE, _CANONICAL = "composite", "canonical"


@dataclass(slots=True)
class Answer:
    """What a release says.

    Attributes:
        predictions: of every line of the set.
        evidence: what is wrong with the evidence of removed blocks, in words.
        split_lines: lines of which the release made several blocks.
        joined_blocks: blocks of which several lines are part.
        removed: blocks that are not kept.
    footers: lines with a footer glued on, and those of them whose footer became a block of its
        own that is the same paragraph as the footer where it stands alone.
    """

    predictions: Predictions
    evidence: list[str] = field(default_factory=list)
    split_lines: int = 0
    joined_blocks: int = 0
    removed: int = 0
    footers: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class _Block:
    """One occurrence of the release, as far as it is looked at."""

    start: int
    end: int
    paragraph: str | None
    relation: str
    parts: tuple[str, ...]


def _rows(folder: Path, table: str) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = pq.read_table(
        folder / "parquet" / f"{table}.parquet"
    ).to_pylist()
    return rows


def answer(labelled: LabelledSet) -> Answer:
    """Publish a release of the set in a temporary folder and read it.

    Args:
        labelled: the set.

    Returns:
        The predictions, and what is wrong with the release's evidence.
    """
    with tempfile.TemporaryDirectory(prefix="quality-") as name:
        folder = Path(name)
        labelled.write(folder)
        done = release(folder / "sources", folder / "data", Settings())
        return read(labelled, done.path)


def read(labelled: LabelledSet, folder: Path) -> Answer:
    """Turn the tables of a release into predictions.

    Args:
        labelled: the set that the release was made of.
        folder: of the release.

    Returns:
        The predictions, and what is wrong with the evidence.
    """
    documents = {
        row["document_id"]: (str(row["source_id"]), str(row["path"]))
        for row in _rows(folder, "documents")
    }
    paragraphs = {row["paragraph_id"]: row for row in _rows(folder, "paragraphs")}
    parts: dict[tuple[object, object], list[str]] = defaultdict(list)
    for row in _rows(folder, "matches"):
        parts[row["document_id"], row["position"]].append(str(row["paragraph_id"]))
    found = Answer(Predictions([]))
    blocks: dict[tuple[str, str], list[_Block]] = defaultdict(list)
    for row in _rows(folder, "occurrences"):
        composite = row["relation"] == _COMPOSITE
        block = _Block(
            int(str(row["byte_start"])),
            int(str(row["byte_end"])),
            None if row["paragraph_id"] is None else str(row["paragraph_id"]),
            str(row["relation"]),
            tuple(parts[row["document_id"], row["position"]]) if composite else (),
        )
        blocks[documents[row["document_id"]]].append(block)
        if block.relation != _CANONICAL:
            found.removed += 1
            _check(found.evidence, row, block, paragraphs)
    groups = {name: i for i, name in enumerate(sorted(map(str, paragraphs)))}
    boilerplate = {str(name) for name, row in paragraphs.items() if row["boilerplate"]}
    predictions = []
    taken: set[int] = set()
    paragraphs_of: dict[int, set[str | None]] = {}
    for paragraph in labelled.paragraphs:
        place = paragraph.place
        inside = [
            block
            for block in blocks[place.source, place.path]
            if block.start < place.byte_end and block.end > place.byte_start
        ]
        found.split_lines += len(inside) > 1
        found.joined_blocks += sum(id(block) in taken for block in inside)
        taken.update(map(id, inside))
        paragraphs_of[paragraph.id] = {block.paragraph for block in inside}
        # A glued footer is a block of its own: the line is what is left of it.
        block = max(
            inside, key=lambda b: (b.paragraph not in boilerplate, b.end - b.start, -b.start)
        )
        if block.paragraph is None:
            group = len(groups) + paragraph.id
            of = tuple(groups[part] for part in block.parts)
            predictions.append(Prediction(group, False, _COMPOSITE, of))
        else:
            kept = block.relation == _CANONICAL
            relation = None if kept else block.relation
            predictions.append(Prediction(groups[block.paragraph], kept, relation))
    variants = set()
    for row in _rows(folder, "variants"):
        first, second = sorted(groups[str(row[key])] for key in ("paragraph_id", "other_id"))
        variants.add((first, second))
    found.footers = _footers(labelled, paragraphs_of)
    found.predictions = Predictions(predictions, frozenset(variants))
    return found


def _footers(labelled: LabelledSet, paragraphs_of: dict[int, set[str | None]]) -> tuple[int, int]:
    """See `Answer.footers`."""
    alone = {
        labelled.text_at(place): paragraphs_of[labelled.ids[place]]
        for case in labelled.cases
        if case.kind == footers.ALONE.name
        for place in case.partners
    }
    split = [
        bool(paragraphs_of[labelled.ids[case.item]] & paragraph)
        for case in labelled.cases
        if case.kind == footers.GLUED.name
        for text, paragraph in alone.items()
        if labelled.text_at(case.item).endswith(text)
    ]
    return len(split), sum(split)


def _check(
    problems: list[str],
    row: dict[str, object],
    block: _Block,
    paragraphs: dict[object, dict[str, object]],
) -> None:
    """Whether a removed block names what stands for it, and how far."""
    name = f"{row['document_id']} block {row['position']} ({row['relation']})"
    named = block.parts if block.relation == _COMPOSITE else (block.paragraph,)
    if not named or any(part not in paragraphs for part in named):
        problems.append(f"{name}: names no kept paragraph")
    coverage = row["coverage"]
    if not isinstance(coverage, float) or not 0 < coverage <= 1:
        problems.append(f"{name}: coverage is {coverage}")
    elif coverage < 1 and not row["residue"]:
        remark = " of a block that repeats itself" if row["repeats_itself"] else ""
        problems.append(f"{name}: coverage {coverage}{remark} and no residue")
