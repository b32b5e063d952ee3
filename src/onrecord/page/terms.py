"""The search index: for each word the paragraphs in which it stands.

A posting is the number of a row of the view files of paragraphs. The engine's tokens tell which
words there are; each distinct one is folded here as the page folds what people type
(``web/src/words.js``), and a test proves that both agree. What stands in very many paragraphs
tells little: of such a word only the first places are kept, and the page looks for it in the
texts that the other words found.
"""

import itertools
from collections.abc import Iterator

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from onrecord.scratch import Rows
from onrecord.text.segment import Blocks
from onrecord.text.tokens import normalise

#: Scripts without spaces between words: each of their characters is a word.
_ALONE = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
_WORD = rf"[{_ALONE}&&[\p{{L}}\p{{N}}]]|\p{{N}}+|[\p{{L}}--[{_ALONE}]]+"
#: Letters that are one, as the engine's normal form has it.
_SAME = {"ي": "ی", "ى": "ی", "ك": "ک", "ٱ": "ا", "ς": "σ"}
#: A word in more paragraphs is common; of a common word so many places are kept.
COMMON, KEPT = 50_000, 2_000
#: A longer word is cut.
LONGEST = 40
#: Postings that are put together at once.
_AT_ONCE = 8_000_000
_LOW = np.uint64(0xFFFFFFFF)
#: Texts whose words are taken at once, and how many of these are new at most, as a guess.
_TEXTS, _MOST_NEW = 20_000, 1 << 20
#: The table of hashes begins with so many bits of places.
_SMALLEST = 22

TERMS = pa.schema(
    [
        pa.field("word", pa.large_string(), nullable=False),
        pa.field("paragraphs", pa.int32(), nullable=False),
        pa.field("rows", pa.large_binary(), nullable=False),
    ]
)
#: Number of a token, and of a row behind it, in one: put aside until all words are known.
PAIRS = pa.schema([pa.field("pair", pa.uint64())])


def words(text: pl.Expr) -> pl.Expr:
    """The words of a text as they are searched, in their order."""
    folded = text.str.normalize("NFKD").str.to_lowercase().str.replace_all(r"[\p{Mn}\p{Cf}]", "")
    folded = folded.str.replace_many(list(_SAME), list(_SAME.values()))
    return folded.str.extract_all(_WORD)


class _Numbers:
    """Gives each distinct hash a number, many at once: a table with open addressing.

    A sort of all tokens would cost more than finding them.
    """

    def __init__(self) -> None:
        self.count = 0
        self._hashes = np.zeros(1 << _SMALLEST, np.uint64)
        self._numbers = np.full(1 << _SMALLEST, -1, np.int64)

    def of(self, hashes: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The number of each hash, and where each new one stands among them first."""
        if 2 * (self.count + min(hashes.size, _MOST_NEW)) > self._hashes.size:
            self._grow()
        slots = self._slots(hashes)
        numbers = self._numbers[slots]
        at = np.flatnonzero(numbers < 0)
        if not at.size:
            return numbers, at
        new, first = np.unique(slots[at], return_index=True)
        order = np.argsort(first)
        self._numbers[new[order]] = np.arange(self.count, self.count + new.size)
        self.count += new.size
        return self._numbers[slots], at[first[order]]

    def _slots(self, hashes: NDArray[np.uint64]) -> NDArray[np.int64]:
        """Where each hash is in the table; new ones are put there."""
        mask = np.uint64(self._hashes.size - 1)
        values = np.maximum(hashes, np.uint64(1))  # 0 is an empty place
        slots: NDArray[np.int64] = ((values ^ (values >> np.uint64(29))) & mask).astype(np.int64)
        left = np.arange(values.size)
        while left.size:
            here, mine = slots[left], values[left]
            free = self._hashes[here] == 0
            self._hashes[here[free]] = mine[free]  # of several the last one gets the place
            left = left[self._hashes[here] != mine]
            slots[left] = (slots[left] + 1) & int(mask)
        return slots

    def _grow(self) -> None:
        old, numbers = self._hashes, self._numbers
        taken = np.flatnonzero(old)
        self._hashes = np.zeros(4 * old.size, np.uint64)
        self._numbers = np.full(4 * old.size, -1, np.int64)
        self._numbers[self._slots(old[taken])] = numbers[taken]


class Terms:
    """Gathers the words of texts, and makes the rows of the index of them.

    Args:
        aside: takes the pairs of token and row.
    """

    def __init__(self, aside: Rows) -> None:
        self._aside = aside
        self._numbers = _Numbers()
        self._tokens: list[str] = []

    def add(self, rows: NDArray[np.int64], texts: pa.Array) -> None:
        """Take the words of some texts.

        Args:
            rows: number of each, ascending.
            texts: a large string each, as published; no nulls.
        """
        for at in range(0, len(texts), _TEXTS):
            self._add(rows[at : at + _TEXTS], texts[at : at + _TEXTS])

    def _add(self, rows: NDArray[np.int64], texts: pa.Array) -> None:
        _, offsets, data = texts.buffers()
        ends = np.frombuffer(offsets, np.int64)[texts.offset : texts.offset + len(texts) + 1]
        text = np.frombuffer(data, np.uint8)[ends[0] : ends[-1]] if data else np.empty(0, np.uint8)
        ends = ends - ends[0]
        blocks = Blocks(np.zeros(len(texts), np.int32), ends[:-1], ends[1:])
        # Composed or not makes no difference: tokens are folded again below.
        tokens = normalise(text, blocks, np.zeros(1, np.bool_))
        if not tokens.hashes.size:
            return
        numbers, new = self._numbers.of(tokens.hashes)
        block = np.searchsorted(tokens.offsets, new, "right") - 1
        start, end = (ends[block] + edge[new] for edge in (tokens.start, tokens.end))
        self._tokens += [
            text[a:b].tobytes().decode("utf-8", "replace")
            for a, b in zip(start.tolist(), end.tolist(), strict=True)
        ]
        row = np.repeat(rows, np.diff(tokens.offsets))
        pairs = np.sort((numbers.astype(np.uint64) << np.uint64(32)) | row.astype(np.uint64))
        self._aside.append(pa.table([pa.array(_distinct(pairs))], schema=PAIRS))

    def _words(self) -> tuple[list[str], list[NDArray[np.int64]]]:
        """The distinct words, sorted, and which of them each token is; -1 is none."""
        frame = pl.DataFrame({"token": self._tokens}, schema={"token": pl.String})
        frame = frame.with_row_index("number").select(
            "number", words(pl.col("token")).list.unique(maintain_order=True).alias("word")
        )
        pieces = frame.explode("word").drop_nulls("word")
        pieces = pieces.with_columns(pl.col("word").str.slice(0, LONGEST)).unique(
            maintain_order=True
        )
        distinct = pieces["word"].unique().sort()
        ranked = pl.DataFrame({"word": distinct}).with_row_index("rank")
        pieces = pieces.join(ranked, on="word", how="left", maintain_order="left").with_columns(
            turn=pl.int_range(pl.len()).over("number")
        )
        tables = []
        pieces = pieces.sort("turn", maintain_order=True)
        for of in pieces.partition_by("turn", maintain_order=True):
            table = np.full(len(self._tokens), -1, np.int64)
            table[of["number"].to_numpy()] = of["rank"].to_numpy()
            tables.append(table)
        return distinct.to_list(), tables

    def rows(self) -> Iterator[pa.Table]:
        """The rows of the search index, sorted by word, piece by piece."""
        distinct, tables = self._words()
        edges = [0, len(distinct)]
        if self._aside.num_rows > _AT_ONCE:
            counts = np.zeros(len(distinct), np.int64)
            for pairs in self._pairs(tables):
                word = (pairs >> np.uint64(32)).astype(np.int64)
                counts += np.bincount(word, minlength=counts.size)
            total = int(counts.sum())
            cuts = np.searchsorted(np.cumsum(counts), np.arange(_AT_ONCE, total, _AT_ONCE))
            edges = [0, *np.unique(cuts).tolist(), len(distinct)]
        for first, after in itertools.pairwise(edges):
            if first < after:
                yield _rows(distinct, self._range(tables, first, after))

    def _range(self, tables: list[NDArray[np.int64]], first: int, after: int) -> NDArray[np.uint64]:
        """The pairs of word and row of some words, sorted, each once."""
        low, high = np.uint64(first << 32), np.uint64(after << 32)
        found = [pairs[(pairs >= low) & (pairs < high)] for pairs in self._pairs(tables)]
        return _distinct(np.sort(np.concatenate(found)))

    def _pairs(self, tables: list[NDArray[np.int64]]) -> Iterator[NDArray[np.uint64]]:
        """All pairs of word and row, piece by piece."""
        for piece in self._aside.pieces():
            pairs = piece["pair"].to_numpy()
            for table in tables:  # most tokens are one word, so few pairs are left for the next
                rank = table[(pairs >> np.uint64(32)).astype(np.int64)]
                is_one = rank >= 0
                pairs, rank = pairs[is_one], rank[is_one]
                yield (rank.astype(np.uint64) << np.uint64(32)) | (pairs & _LOW)


def _distinct(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Sorted values, each once."""
    first: NDArray[np.bool_] = np.concatenate((np.ones(1, np.bool_), values[1:] != values[:-1]))
    return values[first]


def _rows(distinct: list[str], pairs: NDArray[np.uint64]) -> pa.Table:
    """The rows of the index for sorted pairs of word and row."""
    word, row = (pairs >> np.uint64(32)).astype(np.int64), (pairs & _LOW).astype(np.int64)
    first = np.concatenate((np.ones(1, np.bool_), word[1:] != word[:-1]))
    starts = np.flatnonzero(first)
    counts = np.diff(np.append(starts, row.size))
    turn = np.arange(row.size) - np.repeat(starts, counts)
    keep = (np.repeat(counts, counts) <= COMMON) | (turn < KEPT)
    gaps = np.diff(row, prepend=0)
    gaps[starts] = row[starts]
    data, ends = varints(gaps[keep])
    begin = np.concatenate((np.zeros(1, np.int64), ends))[np.flatnonzero(first[keep])]
    offsets = np.append(begin, data.size).astype(np.int64)
    binary = pa.Array.from_buffers(
        pa.large_binary(), starts.size, [None, pa.py_buffer(offsets), pa.py_buffer(data)]
    )
    names = pa.array([distinct[i] for i in word[starts].tolist()], pa.large_string())
    return pa.table([names, pa.array(counts, pa.int32()), binary], schema=TERMS)


def varints(values: NDArray[np.int64]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Numbers below 2**35 as LEB128: seven bits a byte, the lowest first.

    Returns:
        The bytes, and where each number ends in them.
    """
    length = np.ones(values.size, np.uint8)
    for bits in (7, 14, 21, 28):
        length += values >= (1 << bits)
    ends = np.cumsum(length, dtype=np.int64)
    data = np.empty(int(ends[-1]) if ends.size else 0, np.uint8)
    at = ends - length
    while values.size:
        more = length > 1
        data[at] = (values & 0x7F).astype(np.uint8) | (more.astype(np.uint8) << 7)
        at, values, length = at[more] + 1, values[more] >> 7, length[more] - 1
    return data, ends
