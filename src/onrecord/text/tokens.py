"""Turn blocks into tokens of the normal form, each with its byte span in the block.

This is the first of the engine's five steps (normalise, fingerprint, candidates, verify,
resolve). A token is a word, a run of digits ("30,000"), a superscript or fraction, a symbol
that changes a meaning (signs, currency, percent, comparison), or a single character of a
script that puts no spaces between words. Punctuation, white space and invisible characters
are no tokens. Display text is never changed: only tokens are folded.
"""

import unicodedata
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from onrecord.kernel import kept, kernel
from onrecord.text.characters import (
    APOSTROPHE,
    BLANK,
    BREAK,
    CASELESS,
    CLOSER,
    CURRENCY,
    DIGIT,
    IDEOGRAPH,
    IGNORED,
    JOINER,
    KIND,
    LETTER,
    LOWER,
    MARK,
    NUMERAL,
    OPENER,
    SEPARATOR,
    SIGN,
    STOP,
    SYMBOL,
    TABLE_SIZE,
    UPPER,
    tables,
)
from onrecord.text.lexicon import (
    DATE_WORD,
    HASH_START,
    NEGATION,
    NUMBER_WORD,
    hash_bytes,
    hash_end,
    hash_step,
    lexicon,
)
from onrecord.text.segment import Blocks
from onrecord.text.utf8 import decode_at, encode_at, grown, property_of

# What a token is, as far as the guard against false merges cares (uint16 bits).
NUMBER = 1  # digits, numerals, number words
NAME = 2  # starts with a capital letter
CASELESS_WORD = 4  # of a script without case: names can't be told from other words
SYMBOL_TOKEN = 8
NEGATES = 16
DATE = 32  # names of months and days, in any language we know
SHOUTED = 64  # two or more letters, all of them capitals
SPACED = 256  # white space stands right before it, or nothing does
AFTER_DASH = 512  # a dash with white space beside it stands before it
AFTER_BREAK = 128  # punctuation that ends a sentence, a quotation or a clause stands before it
AFTER_STOP = 1024  # a sentence, a line or the block begins with it
JOINED = 2048  # nothing stands between it and the token before
AFTER_COMMA = 4096  # a comma stands before it, and no stronger mark
ENDED = 8192  # the last token of a block that ends like a sentence, not cut off
CUT = 16384  # the last token of a block that ends with an ellipsis

_NONE, _SEEN, _PASSED = range(3)
_COMMAS = (0x2C, 0x60C, 0x3001, 0xFF0C)  # , ، 、 ，
_EM_DASH = 0x2014

#: So many of one symbol in a row are a rule or a fence ("=====", "~~~"), not a symbol.
_ORNAMENT = 3


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of a batch of blocks.

    Attributes:
        offsets: int64[blocks + 1], where each block's tokens begin in the arrays below.
        hashes: uint64[tokens], 64-bit hash of the folded token.
        start: uint32[tokens], first byte of the token, counted from the block's start.
        end: uint32[tokens], the byte after its last.
        flags: uint16[tokens], NUMBER | NAME | … of this module.
        folded_offsets: int64[blocks + 1], where each block's key begins in `folded`.
        folded: uint8[…], the key of each block: its folded tokens, each behind its length
            as four little-endian bytes; of a block without any token the block's own bytes
            behind ff ff ff ff.
        keys: uint64[blocks], 64-bit hash of the key; equal keys are only candidates.
    """

    offsets: NDArray[np.int64]
    hashes: NDArray[np.uint64]
    start: NDArray[np.uint32]
    end: NDArray[np.uint32]
    flags: NDArray[np.uint16]
    folded_offsets: NDArray[np.int64]
    folded: NDArray[np.uint8]
    keys: NDArray[np.uint64]


@kernel
def _peek(text, at, end, properties):
    """Kind and flags of the next code point that is not ignored; 0 at the end."""
    while at < end:
        code, size = decode_at(text, at)
        bits = property_of(code, properties)
        if bits & KIND != IGNORED:
            return bits
        at += size
    return np.int64(0)


@kernel
def _fold(code, fold, sequences, out, at):
    """Write the folded form of `code` to `out`; return the byte after it."""
    if code >= TABLE_SIZE:
        return encode_at(code, out, at)
    folded = np.int64(fold[code])
    if folded > 0:
        return encode_at(folded, out, at)
    if folded < 0:
        for k in range(sequences.shape[1]):
            if sequences[-folded, k]:
                at = encode_at(np.int64(sequences[-folded, k]), out, at)
    return at


@kernel
def _close(n, h, head, f, capitals, cased, words, hashes, flags, folded):
    """Finish token `n`, whose folded bytes end before `f`: its length, hash and flags."""
    length = f - head - 4
    for k in range(4):
        folded[head + k] = (length >> (8 * k)) & 0xFF
    h = hash_end(h)
    hashes[n] = h
    flags[n] |= _classes(h, words)
    if length == 1 and flags[n] & NAME:
        flags[n] &= ~np.uint16(NEGATES)  # an initial, not the end of "can't"
    if cased >= 2 and capitals == cased:
        flags[n] |= SHOUTED


@kernel
def _begins(previous, broke, stop, upper, comma, dash, joined):
    """Flags of a token by what stands before it."""
    flags = AFTER_BREAK if broke else 0
    if previous & (BLANK | BREAK):
        flags |= SPACED
    if dash:
        flags |= AFTER_DASH
    if comma:
        flags |= AFTER_COMMA
    if joined:
        flags |= JOINED
    if stop == _PASSED or (stop == _SEEN and upper):
        flags |= AFTER_STOP
    return flags


@kernel
def _opening(kind, bits):
    """Flags of a token by its first code point."""
    if kind == DIGIT or kind == NUMERAL:
        return NUMBER
    if kind == SYMBOL:
        return SYMBOL_TOKEN
    if bits & UPPER:
        return NAME
    return CASELESS_WORD if kind == IDEOGRAPH or bits & CASELESS else 0


@kernel
def _reference(text, at, end):
    """The character that "&#8217;" or "&#x2019;" stands for, and its bytes; else "&" itself."""
    if at + 3 >= end or text[at + 1] != 35:
        return np.int64(38), 1
    base = 16 if text[at + 2] | 0x20 == 120 else 10
    i = at + 3 if base == 16 else at + 2
    value = np.int64(0)
    while i < end and i < at + 10:
        byte = np.int64(text[i])
        if 48 <= byte <= 57:
            digit = byte - 48
        elif base == 16 and 97 <= (byte | 0x20) <= 102:
            digit = (byte | 0x20) - 87
        else:
            break
        value = value * base + digit
        i += 1
    if i == end or text[i] != 59 or value == 0 or value > 0x10FFFF:
        return np.int64(38), 1
    return value, i + 1 - at


@kernel
def _run_of(text, code, at, end):
    """(how many of one code point stand in a row from byte `at` on, the byte after them)."""
    run = 0
    while at < end:
        same, size = decode_at(text, at)
        if same != code:
            break
        at += size
        run += 1
    return run, at


@kernel
def _tokenise_block(
    text, begin, end, characters, words, hashes, t_start, t_end, flags, n, folded, f
):
    """Tokens of one block, written from index `n` and folded byte `f` on; return both ends.

    The arrays have room: a block has no more tokens than bytes. Runs of ASCII letters and
    single spaces, most of the text in many languages, have a way of their own; every other
    character is looked up in the tables.
    """
    properties, fold, sequences = characters
    current = SEPARATOR  # the kind of the open token; SEPARATOR while none is open
    head = f  # where the open token's length goes
    h = HASH_START
    capitals = 0
    cased = 0
    first_token = n
    broke = True
    comma = False
    dash = False
    dotted = False
    stop = _PASSED  # whether a full stop was seen since the last token, and white space after it
    previous = np.int64(BREAK)  # kind and flags of the code point before
    at = begin
    while at < end:
        byte = text[at]
        if 97 <= (byte | 0x20) <= 122:
            if current != LETTER:
                if current != SEPARATOR:
                    _close(n, h, head, f, capitals, cased, words, hashes, flags, folded)
                    n += 1
                current = LETTER
                t_start[n] = at - begin
                joined = n > first_token and t_end[n - 1] == t_start[n]
                flags[n] = NAME if byte < 97 else 0
                flags[n] |= _begins(previous, broke, stop, byte < 97, comma, dash, joined)
                broke, stop, comma, dash = False, _NONE, False, False
                head = f
                f += 4
                h = HASH_START
                capitals = 0
                cased = 0
            first = at
            while at < end:
                byte = text[at]
                small = byte | 0x20
                if small < 97 or small > 122:
                    break
                capitals += byte < 97
                folded[f] = small
                h = hash_step(h, small)
                f += 1
                at += 1
            cased += at - first
            t_end[n] = at - begin
            previous = np.int64(LETTER)
            continue
        if byte == 32:
            if current != SEPARATOR:
                _close(n, h, head, f, capitals, cased, words, hashes, flags, folded)
                n += 1
                current = SEPARATOR
            previous = np.int64(BLANK)
            if stop == _SEEN:
                stop = _PASSED
            at += 1
            continue

        code, size = decode_at(text, at)
        if code == 38:
            code, size = _reference(text, at, end)
        bits = property_of(code, properties)
        kind = bits & KIND
        # Marks that act only in a place of their own, else they separate.
        if kind == IGNORED:
            at += size
            continue
        within = False  # an apostrophe in a word closes no quotation
        if kind == APOSTROPHE:
            kind = SEPARATOR  # many scrapes lose it: "can't", "can’t" and "can t" are one
            within = current == LETTER and _peek(text, at + size, end, properties) & KIND == LETTER
        elif kind == JOINER:
            after = _peek(text, at + size, end, properties) & KIND
            kind = DIGIT if current == DIGIT and after == DIGIT else SEPARATOR
        elif kind == SIGN:
            after = _peek(text, at + size, end, properties)
            opens = previous & (BLANK | OPENER | CURRENCY) or at == begin
            number = (after & KIND) == DIGIT or after & CURRENCY
            kind = SYMBOL if opens and number else SEPARATOR
        elif kind == SYMBOL:
            run, run_end = _run_of(text, code, at, end)
            if run >= _ORNAMENT:
                kind, size = SEPARATOR, run_end - at
        elif kind == MARK:
            kind = current if current != SEPARATOR and current != SYMBOL else LETTER
            if kind == IDEOGRAPH:
                kind = MARK  # stays with the character before it

        extends = kind == current and (kind == LETTER or kind == DIGIT or kind == NUMERAL)
        extends = extends or (kind == MARK and current == IDEOGRAPH)
        if current != SEPARATOR and not extends:
            _close(n, h, head, f, capitals, cased, words, hashes, flags, folded)
            n += 1
            current = SEPARATOR
        if kind == SEPARATOR:
            marks = bits & (STOP | OPENER | CLOSER | BREAK) and not within
            if marks or code == 34 or code == 58 or code == 59:
                broke = True
            if code in _COMMAS:
                comma = True
            elif code == _EM_DASH or bits & KIND == SIGN:
                after = at + size
                dash = dash or code == _EM_DASH or previous & BLANK != 0
                dash = dash or (after < end and text[after] == 32)
            if bits & STOP:
                dotted = code == 0x2026 or (stop != _NONE and code == 46)  # an ellipsis cuts off
            if bits & BREAK or (bits & STOP and code >= 0x3000) or (stop and bits & BLANK):
                stop = _PASSED  # the full stops of Chinese and Japanese need no space
            elif bits & STOP:
                stop = _SEEN
        else:
            if current == SEPARATOR:
                current = kind
                t_start[n] = at - begin
                joined = n > first_token and t_end[n - 1] == t_start[n]
                flags[n] = _opening(kind, bits) | _begins(
                    previous, broke, stop, bits & UPPER, comma, dash, joined
                )
                broke, stop, comma, dash = False, _NONE, False, False
                head = f
                f += 4
                h = HASH_START
                capitals = 0
                cased = 0
            if bits & UPPER:
                capitals += 1
                cased += 1
            elif bits & LOWER:
                cased += 1
            written = _fold(code, fold, sequences, folded, f)
            while f < written:
                h = hash_step(h, folded[f])
                f += 1
            t_end[n] = at + size - begin
        previous = bits
        at += size
    if current != SEPARATOR:
        _close(n, h, head, f, capitals, cased, words, hashes, flags, folded)
        n += 1
    if n > first_token and stop:
        flags[n - 1] |= CUT if dotted else ENDED
    return n, f


@kernel
def _tokenise(text, starts, ends, characters, words):
    """Tokens of every block; see `Tokens` for the arrays."""
    n_blocks = starts.size
    offsets = np.zeros(n_blocks + 1, np.int64)
    folded_offsets = np.zeros(n_blocks + 1, np.int64)
    keys = np.empty(n_blocks, np.uint64)
    expected = np.int64(64)
    for b in range(n_blocks):
        expected += ends[b] - starts[b]
    hashes = np.empty(expected // 5, np.uint64)
    t_start = np.empty(expected // 5, np.uint32)
    t_end = np.empty(expected // 5, np.uint32)
    flags = np.empty(expected // 5, np.uint16)
    folded = np.empty(2 * expected, np.uint8)
    n = np.int64(0)
    f = np.int64(0)
    for b in range(n_blocks):
        begin, end = starts[b], ends[b]
        if n + end - begin > hashes.size:
            hashes = grown(hashes, n + end - begin)
            t_start = grown(t_start, n + end - begin)
            t_end = grown(t_end, n + end - begin)
            flags = grown(flags, n + end - begin)
        # One byte can fold to a sequence of four code points and start a token of its own.
        if f + 20 * (end - begin) + 4 > folded.size:
            folded = grown(folded, f + 20 * (end - begin) + 4)
        first = f
        n, f = _tokenise_block(
            text, begin, end, characters, words, hashes, t_start, t_end, flags, n, folded, f
        )
        if n == offsets[b]:  # no token at all: the block stands for itself, verbatim
            for k in range(4):
                folded[f + k] = 0xFF
            folded[f + 4 : f + 4 + end - begin] = text[begin:end]
            f += 4 + end - begin
        keys[b] = hash_bytes(folded, first, f)
        offsets[b + 1] = n
        folded_offsets[b + 1] = f
    return (
        offsets,
        hashes[:n].copy(),
        t_start[:n].copy(),
        t_end[:n].copy(),
        flags[:n].copy(),
        folded_offsets,
        folded[:f].copy(),
        keys,
    )


@kernel
def _classes(h, words):
    """Flags of the token with hash `h` by the lexicon; 0 for nearly all."""
    mask = np.uint64(words.keys.size - 1)
    slot = h & mask
    while words.keys[slot]:
        if words.keys[slot] == h:
            found = words.classes[slot]
            flags = 0
            if found & NEGATION:
                flags |= NEGATES
            if found & NUMBER_WORD:
                flags |= NUMBER
            if found & DATE_WORD:
                flags |= DATE
            return flags
        slot = (slot + np.uint64(1)) & mask
    return 0


@cache
def _composing() -> frozenset[str]:
    """Characters that join the character before them under NFC: no text may be cut there."""
    codes = kept(f"composing-{unicodedata.unidata_version}", _find_composing)["codes"]
    return frozenset(map(chr, codes.tolist()))


def _find_composing() -> dict[str, NDArray[np.int32]]:
    joining = {c for c in map(chr, range(TABLE_SIZE)) if unicodedata.combining(c)}
    for code in range(TABLE_SIZE):
        parts = unicodedata.decomposition(chr(code)).split()
        if len(parts) == 2 and not parts[0].startswith("<"):
            joining.add(chr(int(parts[1], 16)))
    joining.update(map(chr, range(0x1161, 0x1176)))  # Hangul vowels and final consonants
    joining.update(map(chr, range(0x11A8, 0x11C3)))
    return {"codes": np.array(sorted(map(ord, joining)), np.int32)}


def _compose(block: str) -> tuple[bytes, NDArray[np.uint32], NDArray[np.uint32]]:
    """NFC of one block, with the span of the original that each byte of it comes from.

    Returns:
        The composed UTF-8 text, and for each of its bytes the first byte of the cluster it
        stems from and the byte after that cluster, counted in the block's original UTF-8.
    """
    joining = _composing()
    composed = bytearray()
    firsts: list[int] = []
    afters: list[int] = []
    at = 0
    i = 0
    while i < len(block):
        j = i + 1
        while j < len(block) and block[j] in joining:
            j += 1
        cluster = block[i:j]
        size = len(cluster.encode())
        form = unicodedata.normalize("NFC", cluster).encode()
        composed += form
        firsts += [at] * len(form)
        afters += [at + size] * len(form)
        at += size
        i = j
    return bytes(composed), np.array(firsts, np.uint32), np.array(afters, np.uint32)


def normalise(text: NDArray[np.uint8], blocks: Blocks, suspects: NDArray[np.bool_]) -> Tokens:
    """Turn the blocks of a batch into folded tokens.

    Args:
        text: the batch's documents, concatenated UTF-8.
        blocks: their blocks.
        suspects: bool[documents], true where a document as a whole is not in NFC; only
            their blocks are looked at again (NFC can't be had without a copy).

    Returns:
        The tokens; spans count in the block's original text, composed or not.
    """
    starts, ends = blocks.start, blocks.end
    spans: dict[int, tuple[NDArray[np.uint32], NDArray[np.uint32]]] = {}
    appended = bytearray()
    for row in np.flatnonzero(suspects[blocks.document]):
        original = text[starts[row] : ends[row]].tobytes().decode()
        if unicodedata.is_normalized("NFC", original):
            continue
        if not spans:
            starts, ends = starts.copy(), ends.copy()
        composed, firsts, afters = _compose(original)
        spans[int(row)] = (firsts, afters)
        starts[row] = text.size + len(appended)
        appended += composed
        ends[row] = text.size + len(appended)
    if appended:
        text = np.concatenate([text, np.frombuffer(bytes(appended), np.uint8)])
    tokens = Tokens(*_tokenise(text, starts, ends, tables(), lexicon()))
    for block, (firsts, afters) in spans.items():
        of_block = slice(tokens.offsets[block], tokens.offsets[block + 1])
        tokens.start[of_block] = firsts[tokens.start[of_block]]
        tokens.end[of_block] = afters[tokens.end[of_block] - 1]
    return tokens
