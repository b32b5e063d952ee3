"""The suppression list: recognises withdrawn texts that arrive again, and holds none of them.

``<archive>/suppressed.json`` has for each withdrawn text

* ``whole``: a keyed hash of its folded tokens. Any block with the same words is recognised,
  whatever its case, punctuation and white space.
* ``windows``: keyed hashes of runs of its tokens, eight at a time, that do not overlap and do
  not stand in what stays published. They recognise longer blocks that hold the text, and
  copies of it that were changed.

and for withdrawn documents keyed hashes of their ids and of their files. The key, which is the
list's salt as well, is 32 random bytes in ``<archive>/suppressed.key``. Without it nothing can
be tested against the list. With it a guess at eight words in a row can be, which no list that
recognises a text can avoid. But as the windows do not overlap and are sorted, a found one does
not lead to the next; and as 56 bits are kept of each, one of many guesses may agree by chance.

A block is suppressed when it has the same words as a withdrawn text, or two of its windows, or
one that makes up a quarter of the text or half of the block.
"""

import hashlib
import json
import secrets
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from onrecord.durable import write_atomically
from onrecord.errors import RefusedError
from onrecord.text.characters import NORMAL_FORM
from onrecord.text.tokens import Tokens

#: Tokens in a window; a text of fewer, but at least LEAST, is one window of its own length.
WINDOW = 8
LEAST = 5
LIST, KEY = "suppressed.json", "suppressed.key"
KEY_BYTES = 32


class SuppressedText(BaseModel):
    """One withdrawn text.

    Attributes:
        whole: keyed hash of its folded tokens, 32 hex digits.
        tokens: how many it has.
        windows: 4 hex digits by which a window is looked up, and 10 by which it is known.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    whole: str
    tokens: int
    windows: tuple[str, ...] = ()


class SuppressionList(BaseModel):
    """``suppressed.json``.

    Attributes:
        normal_form: version of the tokens that it was made with.
        texts, documents, files: what is suppressed, sorted.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    normal_form: str = NORMAL_FORM
    texts: tuple[SuppressedText, ...] = ()
    documents: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


def size_of_windows(tokens: int) -> int:
    """How many tokens the windows of a text have; 0 where it is too short for any."""
    return min(WINDOW, tokens) if tokens >= LEAST else 0


class Suppression:
    """The list below an archive, ready to be asked. Threads may share it.

    Args:
        listed: what is suppressed.
        key: the list's secret.
    """

    def __init__(self, listed: SuppressionList, key: bytes) -> None:
        self.listed = listed
        self.key = key
        self._documents, self._files = set(listed.documents), set(listed.files)
        self._whole = {text.whole for text in listed.texts}
        self._sizes = np.array(sorted({text.tokens for text in listed.texts}), np.int64)
        self._lookup: dict[int, NDArray[np.bool_]] = {}
        self._texts: dict[tuple[int, str], list[int]] = {}
        for number, text in enumerate(listed.texts):
            size = size_of_windows(text.tokens)
            for window in text.windows:
                table = self._lookup.setdefault(size, np.zeros(1 << 16, np.bool_))
                table[int(window[:4], 16)] = True
                self._texts.setdefault((size, window[4:]), []).append(number)
        drawn = hashlib.blake2b(b"onrecord-windows/1", key=key).digest()
        drawn += hashlib.blake2b(b"onrecord-windows/2", key=key).digest()
        #: Secret factors: a sum of products is a universal hash, so that without them the
        #: digits by which a window is looked up say nothing of it.
        self._factors = np.frombuffer(drawn, np.uint64)[: WINDOW + 1] | np.uint64(1)

    def __bool__(self) -> bool:
        return bool(self.listed.texts or self._documents or self._files)

    def _keyed(self, kind: bytes, data: bytes, size: int) -> str:
        return hashlib.blake2b(data, key=self.key, person=kind, digest_size=size).hexdigest()

    def has_document(self, document_id: str) -> bool:
        """Whether a document was withdrawn, by its id."""
        return bool(self._documents) and self.document(document_id) in self._documents

    def has_file(self, sha256: str) -> bool:
        """Whether a file was withdrawn, by the sha256 of its bytes."""
        return bool(self._files) and self.file(sha256) in self._files

    def document(self, document_id: str) -> str:
        """How the list names a document."""
        return self._keyed(b"document", document_id.encode(), 16)

    def file(self, sha256: str) -> str:
        """How the list names a file."""
        return self._keyed(b"file", sha256.encode(), 16)

    def whole(self, folded: bytes) -> str:
        """How the list names a text, by its folded tokens."""
        return self._keyed(b"text", folded, 16)

    def _sums(self, hashes: NDArray[np.uint64], size: int) -> NDArray[np.uint64]:
        """A keyed sum over each run of `size` tokens."""
        n = max(0, hashes.size - size + 1)
        total = np.full(n, self._factors[0])
        for j in range(size):
            total += self._factors[j + 1] * hashes[j : j + n]
        return total

    def windows(self, hashes: NDArray[np.uint64], places: Sequence[int]) -> tuple[str, ...]:
        """How the list names the windows of one text.

        Args:
            hashes: uint64[tokens], of the text.
            places: where the windows begin.
        """
        size = size_of_windows(hashes.size)
        sums = self._sums(hashes, size)
        found = []
        for at in places:
            lookup = int(sums[at] >> np.uint64(48))
            data = hashes[at : at + size].tobytes()
            found.append(f"{lookup:04x}{self._keyed(b'window', data, 5)}")
        return tuple(sorted(set(found)))

    def hits(self, tokens: Tokens) -> NDArray[np.bool_]:
        """Which blocks are suppressed.

        Args:
            tokens: of the blocks.
        """
        n = tokens.offsets.size - 1
        sizes = np.diff(tokens.offsets)
        found = np.zeros(n, np.bool_)
        if not self.listed.texts or not n:
            return found
        for block in np.flatnonzero(np.isin(sizes, self._sizes)).tolist():
            begin, end = tokens.folded_offsets[block], tokens.folded_offsets[block + 1]
            found[block] = self.whole(tokens.folded[begin:end].tobytes()) in self._whole
        seen: dict[tuple[int, int], set[str]] = {}
        for size, lookup in self._lookup.items():
            sums = self._sums(tokens.hashes, size)
            for at in np.flatnonzero(lookup[sums >> np.uint64(48)]).tolist():
                block = int(np.searchsorted(tokens.offsets, at, "right")) - 1
                if at + size > tokens.offsets[block + 1]:
                    continue  # it runs into the next block
                name = self._keyed(b"window", tokens.hashes[at : at + size].tobytes(), 5)
                for text in self._texts.get((size, name), ()):
                    seen.setdefault((block, text), set()).add(name)
        for (block, text), names in seen.items():
            length = self.listed.texts[text].tokens
            covered = len(names) * size_of_windows(length)
            if len(names) > 1 or 4 * covered >= length or 2 * covered >= sizes[block]:
                found[block] = True
        return found

    def with_more(
        self,
        texts: Iterable[SuppressedText] = (),
        documents: Iterable[str] = (),
        files: Iterable[str] = (),
    ) -> SuppressionList:
        """The list with more in it; documents and files by their ids and sha256."""
        known = {text.whole: text for text in self.listed.texts}
        for text in texts:
            before = known.get(text.whole)
            joined = set(text.windows) | set(before.windows if before else ())
            known[text.whole] = text.model_copy(update={"windows": tuple(sorted(joined))})
        return SuppressionList(
            texts=tuple(known[name] for name in sorted(known)),
            documents=tuple(sorted(self._documents | {self.document(name) for name in documents})),
            files=tuple(sorted(self._files | {self.file(name) for name in files})),
        )


def read_suppression(archive: Path) -> Suppression:
    """The list below an archive; an empty one where there is none.

    Raises:
        RefusedError: it is damaged, its key is lost, or it was made for other tokens. What it
            holds can't be recognised then, and must not be published by accident.
    """
    place = archive / LIST
    try:
        text = place.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return Suppression(SuppressionList(), b"")
    except (OSError, UnicodeDecodeError) as error:
        raise RefusedError(f"{place}: can't be read: {error}. Nothing was published.") from None
    try:
        listed = SuppressionList.model_validate_json(text)
        key = (archive / KEY).read_bytes()
        if len(key) != KEY_BYTES:
            raise ValueError("cut off")
    except (OSError, ValueError):
        raise RefusedError(
            f"{place}: damaged, or {KEY} beside it is lost. Withdrawn texts could not be "
            "recognised, so nothing was published. Bring both files back from a copy."
        ) from None
    if listed.normal_form != NORMAL_FORM:
        raise RefusedError(
            f"{place}: made for tokens of the form {listed.normal_form}, this program makes "
            f"{NORMAL_FORM}. Withdrawn texts could not be recognised, so nothing was published."
        )
    return Suppression(listed, key)


def make_key(archive: Path) -> None:
    """Make the list's secret on first use.

    Raises:
        OSError: it can't be written.
    """
    place = archive / KEY
    if place.exists():
        return
    archive.mkdir(parents=True, exist_ok=True)
    write_atomically(place, [secrets.token_bytes(KEY_BYTES)], mode=0o600)


def open_for_more(archive: Path) -> Suppression:
    """The list below an archive, with a key, so that more can be put on it."""
    listed = read_suppression(archive).listed
    make_key(archive)
    return Suppression(listed, (archive / KEY).read_bytes())


def write_list(archive: Path, listed: SuppressionList) -> None:
    """Write the list so that a crash leaves the old one or the new one.

    Raises:
        OSError: it can't be written.
    """
    data = json.dumps(listed.model_dump(), indent=1) + "\n"
    write_atomically(archive / LIST, [data.encode()], mode=0o600)
