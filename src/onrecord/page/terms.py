"""The search index: for each word the paragraphs in which it stands.

A posting is the number of a row of the view files of paragraphs. The engine's tokens tell which
words there are; each distinct one is folded here as the page folds what people type
(``web/src/words.js``), and a test proves that both agree. What stands in very many paragraphs
tells little: of such a word only the first places are kept, and the page looks for it in the
texts that the other words found.
"""

from collections.abc import Iterator

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from onrecord.scratch import Rows
from onrecord.withdraw.words import tokens_of

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


class Terms:
    """Gathers the words of texts, and makes the rows of the index of them.

    Args:
        aside: takes the pairs of token and row.
    """

    def __init__(self, aside: Rows) -> None:
        self._aside = aside
        self._known = np.empty(0, np.uint64)
        self._numbers = np.empty(0, np.uint64)
        self._tokens: list[str] = []

    def add(self, rows: NDArray[np.int64], texts: list[str]) -> None:
        """Take the words of some texts.

        Args:
            rows: number of each, ascending.
            texts: as published.
        """
        tokens = tokens_of(texts)
        if not tokens.hashes.size:
            return
        row = np.repeat(rows, np.diff(tokens.offsets))
        distinct, first, here = np.unique(tokens.hashes, return_index=True, return_inverse=True)
        at = np.searchsorted(self._known, distinct)
        known = np.zeros(distinct.size, np.bool_)
        inside = at < self._known.size
        known[inside] = self._known[at[inside]] == distinct[inside]
        numbers = np.empty(distinct.size, np.uint64)
        numbers[known] = self._numbers[at[known]]
        new = np.flatnonzero(~known)
        numbers[new] = np.arange(len(self._tokens), len(self._tokens) + new.size, dtype=np.uint64)
        block = np.searchsorted(tokens.offsets, first[new], "right") - 1
        raw: dict[int, bytes] = {}
        for i, of in zip(first[new].tolist(), block.tolist(), strict=True):
            text = raw.setdefault(of, texts[of].encode())
            self._tokens.append(text[tokens.start[i] : tokens.end[i]].decode("utf-8", "replace"))
        self._known = np.insert(self._known, at[new], distinct[new])
        self._numbers = np.insert(self._numbers, at[new], numbers[new])
        pairs = np.sort((numbers[here] << np.uint64(32)) | row.astype(np.uint64))
        pairs = pairs[np.concatenate((np.ones(1, np.bool_), pairs[1:] != pairs[:-1]))]
        self._aside.append(pa.table([pa.array(pairs)], schema=PAIRS))

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
        for turn in range((pieces["turn"].max() or 0) + 1 if pieces.height else 0):  # type: ignore[operator]
            of = pieces.filter(pl.col("turn") == turn)
            table = np.full(len(self._tokens), -1, np.int64)
            table[of["number"].to_numpy()] = of["rank"].to_numpy()
            tables.append(table)
        return distinct.to_list(), tables

    def rows(self) -> Iterator[pa.Table]:
        """The rows of the search index, sorted by word, piece by piece."""
        distinct, tables = self._words()
        counts = np.zeros(len(distinct), np.int64)
        for pairs in self._pairs(tables):
            counts += np.bincount(
                (pairs >> np.uint64(32)).astype(np.int64), minlength=counts.size
            )
        ends = np.cumsum(counts)
        cuts = np.searchsorted(ends, np.arange(1, -(-int(counts.sum()) // _AT_ONCE)) * _AT_ONCE)
        edges = [0, *np.unique(cuts).tolist(), len(distinct)]
        for first, after in zip(edges, edges[1:], strict=False):
            if first < after:
                yield _rows(distinct, first, self._range(tables, first, after))

    def _range(
        self, tables: list[NDArray[np.int64]], first: int, after: int
    ) -> NDArray[np.uint64]:
        """The pairs of word and row of some words, sorted, each once."""
        low, high = np.uint64(first << 32), np.uint64(after << 32)
        found = [
            pairs[(pairs >= low) & (pairs < high)] for pairs in self._pairs(tables)
        ]
        whole = np.sort(np.concatenate(found))
        return whole[np.concatenate((np.ones(1, np.bool_), whole[1:] != whole[:-1]))]

    def _pairs(self, tables: list[NDArray[np.int64]]) -> Iterator[NDArray[np.uint64]]:
        """All pairs of word and row, piece by piece."""
        for piece in self._aside.pieces():
            pairs = piece["pair"].to_numpy()
            token, row = (pairs >> np.uint64(32)).astype(np.int64), pairs & _LOW
            for table in tables:
                rank = table[token]
                is_one = rank >= 0
                yield (rank[is_one].astype(np.uint64) << np.uint64(32)) | row[is_one]


def _rows(distinct: list[str], offset: int, pairs: NDArray[np.uint64]) -> pa.Table:
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
    length = np.ones(values.size, np.int64)
    for bits in (7, 14, 21, 28):
        length += values >= (1 << bits)
    ends = np.cumsum(length)
    data = np.zeros(int(ends[-1]) if ends.size else 0, np.uint8)
    start = ends - length
    for i in range(int(length.max()) if length.size else 0):
        here = np.flatnonzero(length > i)
        part = (values[here] >> (7 * i)) & 0x7F
        data[start[here] + i] = part | np.where(length[here] > i + 1, 0x80, 0)
    return data, ends
