"""Split glued boilerplate off: the blocks of a corpus after ``dedup.glued`` has looked at it.

A release names the runs that it split off, so that they stay split in the next one.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from onrecord.arrays import distinct
from onrecord.corpus import OPENNESS_BIT, Chunk, Corpus
from onrecord.dedup.glued import END, START, Run, carriers, find_runs
from onrecord.ingest.sources import Publication
from onrecord.split_off import SplitOff
from onrecord.text.marks import opening, trimmed_end
from onrecord.text.segment import Blocks
from onrecord.text.tokens import Tokens, normalise

#: A text may have this many runs glued to it, one behind the other.
ROUNDS = 4

_SIDES = {"start": START, "end": END}


def _as_run(corpus: Corpus, stated: SplitOff) -> Run | None:
    """A stated run in tokens; None where its source is gone."""
    rows = [row for row, source in enumerate(corpus.sources) if source.id == stated.source_id]
    if not rows:
        return None
    data = np.frombuffer(stated.text.encode(), np.uint8)
    whole = Blocks(np.zeros(1, np.int32), np.zeros(1, np.int64), np.array([data.size]))
    tokens = normalise(data, whole, np.ones(1, np.bool_))
    return Run(rows[0], _SIDES[stated.side], tuple(tokens.hashes.tolist()))


def unglue(corpus: Corpus, before: list[SplitOff], boilerplate: int) -> list[SplitOff]:
    """Split every run of boilerplate off the texts that it is glued to (in place).

    Args:
        corpus: all chunks; those with such texts are replaced.
        before: what was split off in the release before; it stays split.
        boilerplate: see ``dedup.glued.find_runs``.

    Returns:
        What was split off in this one or before, for the next. What stands only in texts
        that are withheld is not stated, because it would be published by that.
    """
    known = {run: stated for stated in before if (run := _as_run(corpus, stated))}
    runs = list(known)
    for _ in range(ROUNDS):
        cuts = _Cuts(corpus)
        for source, rows, documents, home in _texts_by_source(corpus):
            found = find_runs(corpus.texts, source, rows, documents, home, boilerplate)
            runs += [run for run in found if run not in runs]
            for run in runs:
                if run.source == source:
                    cuts.add(run, rows[carriers(corpus.texts, rows, run)])
        if not cuts.apply():
            break
    stated = {_stated(corpus, run) or _restated(corpus, known.get(run)) for run in runs}
    return sorted(filter(None, stated), key=lambda one: (one.source_id, one.side, one.text))


def _restated(corpus: Corpus, before: SplitOff | None) -> SplitOff | None:
    """A run of the release before that no text has now; None where it must not be published."""
    if before is None:
        return None
    (source,) = (source for source in corpus.sources if source.id == before.source_id)
    return before if source.publication is Publication.FULL else None


def _stated(corpus: Corpus, run: Run) -> SplitOff | None:
    """A run as a release states it, in its first wording that is published."""
    texts = corpus.texts
    sizes = np.diff(texts.first[: len(texts) + 1])
    same = [
        text
        for text in np.flatnonzero(sizes == len(run.tokens)).tolist()
        if tuple(texts.hashes[texts.first[text] : texts.first[text + 1]].tolist()) == run.tokens
    ]
    for chunk in corpus.chunks:
        of_source = corpus.source_rows(chunk)[chunk.blocks.document] == run.source
        for row in np.flatnonzero(np.isin(chunk.of_block, same) & chunk.shown & of_source)[:1]:
            words = chunk.text()[chunk.blocks.start[row] : chunk.blocks.end[row]]
            side = "end" if run.side == END else "start"
            name = corpus.sources[run.source].id
            return SplitOff(source_id=name, side=side, text=words.tobytes().decode())
    return None


def _texts_by_source(
    corpus: Corpus,
) -> Iterator[tuple[int, NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]]:
    """(row of a source, its texts, in how many of its documents each stands, the first)."""
    everything = len(corpus.texts)
    n = np.int64(max(1, sum(chunk.documents.num_rows for chunk in corpus.chunks)))
    places = [np.empty(0, np.int64)]  # source, text and document in one number
    for chunk, before in zip(corpus.chunks, corpus.document_rows(), strict=True):
        row = chunk.blocks.document
        source = corpus.source_rows(chunk)[row]
        places.append(distinct((source * everything + chunk.of_block) * n + row + before))
    ordered = np.sort(np.concatenate(places))
    pairs = ordered // n
    first = np.flatnonzero(np.diff(pairs, prepend=-1))
    counts = np.diff(first, append=pairs.size)
    pairs, home = pairs[first], ordered[first] % n
    for number in range(len(corpus.sources)):
        begin, end = np.searchsorted(pairs, [number * everything, (number + 1) * everything])
        here = slice(begin, end)
        yield number, pairs[here] % everything, counts[here], home[here]


class _Cuts:
    """Where texts are to be cut; the longest run comes first.

    A text that is cut is cut wherever it stands, in other sources, too: else its id would go
    over to what happens to stand whole. But no source cuts a text that is shown in a more open
    one: what is published of that does not depend on others.
    """

    def __init__(self, corpus: Corpus) -> None:
        self._corpus = corpus
        self._source = np.array([s.publication.openness for s in corpus.sources], np.uint8)
        self._text = (corpus.texts.rank[: len(corpus.texts)] >> OPENNESS_BIT).astype(np.uint8)
        #: Tokens behind the cut where the run ends a text; minus those before it where it
        #: begins one.
        self._cut = np.zeros(len(corpus.texts), np.int32)

    def add(self, run: Run, texts: NDArray[np.int64]) -> None:
        """Cut texts at a run, but for those that are cut already."""
        texts = texts[self._cut[texts] == 0]
        texts = texts[self._source[run.source] <= self._text[texts]]
        self._cut[texts] = len(run.tokens) if run.side == END else -len(run.tokens)

    def apply(self) -> bool:
        """Cut all blocks that have such texts; return whether there were any."""
        if not self._cut.any():
            return False
        for i, chunk in enumerate(self._corpus.chunks):
            cut = self._cut[chunk.of_block]
            if cut.any():
                self._corpus.chunks[i] = _cut_chunk(self._corpus, chunk, cut)
        return True


def _cut_chunk(corpus: Corpus, chunk: Chunk, cut: NDArray[np.int32]) -> Chunk:
    """A chunk with some blocks cut in two."""
    text = chunk.text()
    rows = np.flatnonzero(cut)
    blocks = chunk.blocks
    tokens = chunk.tokens(text, rows)
    front_end, back_start = _places(text, blocks, tokens, rows, cut[rows])

    twice = np.ones(len(blocks), np.int64)
    twice[rows] = 2
    source_row = np.repeat(np.arange(len(blocks)), twice)
    start, end = blocks.start[source_row], blocks.end[source_row]
    back = np.cumsum(twice)[rows] - 1
    end[back - 1] = front_end
    start[back] = back_start
    suppressed = chunk.suppressed[source_row]
    new = replace(
        chunk,
        blocks=Blocks(blocks.document[source_row], start, end),
        of_block=chunk.of_block[source_row],
        suppressed=suppressed,
    )
    pieces = np.sort(np.concatenate((back - 1, back)))
    tokens = new.tokens(text, pieces)
    suppressed[pieces] = corpus.suppression.hits(tokens)
    new = corpus.with_rights(new, text)
    new.of_block[pieces] = corpus.texts.add(tokens, corpus.standing(new, pieces))
    corpus.parts.update(
        zip(
            chunk.of_block[rows].tolist(),
            new.of_block[np.where(cut[rows] > 0, back - 1, back)].tolist(),
            strict=True,
        )
    )
    return new


def _places(
    text: NDArray[np.uint8],
    blocks: Blocks,
    tokens: Tokens,
    rows: NDArray[np.int64],
    cut: NDArray[np.int32],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where the front piece of each block ends and the back piece starts.

    Marks that open something go with what follows, all others stay in front.
    """
    after = np.where(cut > 0, tokens.offsets[1:] - cut, tokens.offsets[:-1] - cut)
    base = blocks.start[rows]
    ends = base + tokens.end[after - 1]
    starts = base + tokens.start[after]
    front, back = np.empty(rows.size, np.int64), np.empty(rows.size, np.int64)
    for i, (end, start) in enumerate(zip(ends.tolist(), starts.tolist(), strict=True)):
        between = text[end:start].tobytes().decode()
        k = opening(between)
        kept = trimmed_end(between[:k])
        front[i] = end + len(kept.encode())
        back[i] = end + len(between[:k].encode())
    return front, back
