"""Compare two short passages that stand in the same place of two texts, word by word.

`difference` names the kind of words that tell them apart; 0 where they say the same. Things
that look like other words and are none: a slip of the pen, words glued together or split
("mustbe"), words that weigh nothing ("the", "also", see ``words``), a unit or a number spelled
otherwise, an address that one text has, and an abbreviation that one text spells out.
"""

import numpy as np

from onrecord.dedup.words import (
    ADDRESS,
    ARTICLE,
    ENTITY,
    FILLER,
    JOINS,
    PERFECT,
    PREPOSITION,
    SAID,
    SAYS,
    TITLE,
    exchangeable,
    one_meaning,
    weight_of,
)
from onrecord.kernel import kernel
from onrecord.text.tokens import (
    AFTER_BREAK,
    CASELESS_WORD,
    DATE,
    NAME,
    NEGATES,
    NUMBER,
    SPACED,
    SYMBOL_TOKEN,
)
from onrecord.text.utf8 import decode_at

#: The kinds of difference, most telling first; 0 is none. Index = code in the kernels.
DIFFERENCES = ("", "number", "date", "negation", "symbol", "name", "wording")
CODE_NUMBER, CODE_DATE, CODE_NEGATION, CODE_SYMBOL, CODE_NAME, WORDING = range(1, 7)

#: What a token may be that no two statements may differ in.
GUARDED = NUMBER | DATE | NAME | NEGATES | SYMBOL_TOKEN
#: Words may be glued together, or split, in passages of up to so many tokens.
LONGEST_GLUE = 4
#: A word may be a misspelling from this many characters on.
SHORTEST_WORD = 5
#: … and where the right form stands in so many places.
ATTESTED = 3
#: Numbers this close to the name of a month or a day are part of a date.
DATE_REACH = 2
#: A passage of at least so many tokens that stands elsewhere in the other text was moved.
MOVED = 4
#: A name of so many words may stand beside its abbreviation.
LONGEST_NAME = 8


@kernel
def token_bytes(texts, text, token):
    """(first byte, byte after the last) of a folded token in ``texts.folded``."""
    at = texts.folded_first[text]
    for _ in range(token):
        size = np.int64(0)
        for k in range(4):
            size |= np.int64(texts.folded[at + k]) << (8 * k)
        at += 4 + size
    size = np.int64(0)
    for k in range(4):
        size |= np.int64(texts.folded[at + k]) << (8 * k)
    return at + 4, at + 4 + size


@kernel
def characters(texts, text, token):
    """Code points of a folded token."""
    start, end = token_bytes(texts, text, token)
    codes = np.empty(end - start, np.int64)
    n = 0
    while start < end:
        code, size = decode_at(texts.folded, start)
        codes[n] = code
        n += 1
        start += size
    return codes[:n]


@kernel
def _one_slip(x, y):
    """Whether one insertion, deletion, substitution or swap of neighbours turns x into y.

    (Distance of 1 after Damerau, "A technique for computer detection and correction of
    spelling errors", CACM 1964.)
    """
    if abs(x.size - y.size) > 1:
        return False
    head = 0
    while head < x.size and head < y.size and x[head] == y[head]:
        head += 1
    tail = 0
    while tail < min(x.size, y.size) - head and x[x.size - 1 - tail] == y[y.size - 1 - tail]:
        tail += 1
    rest_x, rest_y = x.size - head - tail, y.size - head - tail
    if rest_x <= 1 and rest_y <= 1:
        return True
    return rest_x == 2 and rest_y == 2 and x[head] == y[head + 1] and x[head + 1] == y[head]


@kernel
def _is_misspelling(texts, text_a, i, text_b, j):
    """Whether two differing tokens are one word and a slip of the pen that stands nowhere else.

    Only a form that no other text of the corpus has can be a slip, and only of one that the
    corpus knows well. A name is never one: Iran and Iraq are one letter apart, and so are
    Nantes and Mantes, which a corpus may name once.
    """
    h_a = texts.hashes[texts.first[text_a] + i]
    h_b = texts.hashes[texts.first[text_b] + j]
    mask = np.uint64(texts.frequency.size - 1)
    rare = min(texts.frequency[h_a & mask], texts.frequency[h_b & mask])
    common = max(texts.frequency[h_a & mask], texts.frequency[h_b & mask])
    if rare > 1 or common < ATTESTED:
        return False
    if (texts.flags[texts.first[text_a] + i] | texts.flags[texts.first[text_b] + j]) & GUARDED:
        return False
    x, y = characters(texts, text_a, i), characters(texts, text_b, j)
    if x.size < SHORTEST_WORD or y.size < SHORTEST_WORD:
        return False
    return _one_slip(x, y)


@kernel
def same_word(texts, text_a, i, text_b, j):
    """Whether two tokens are one word: the same, spelled otherwise, or with a slip."""
    h_a = texts.hashes[texts.first[text_a] + i]
    h_b = texts.hashes[texts.first[text_b] + j]
    return h_a == h_b or one_meaning(h_a, h_b) or _is_misspelling(texts, text_a, i, text_b, j)


@kernel
def rare(texts, text, token):
    """Whether a token stands in few places, as what is left of a word does."""
    mask = np.uint64(texts.frequency.size - 1)
    return texts.frequency[texts.hashes[texts.first[text] + token] & mask] <= ATTESTED


@kernel
def _code_of(flag):
    """The kind of difference that a token makes."""
    if flag & NUMBER:
        return CODE_NUMBER
    if flag & DATE:
        return CODE_DATE
    if flag & NEGATES:
        return CODE_NEGATION
    if flag & SYMBOL_TOKEN:
        return CODE_SYMBOL
    if flag & NAME:
        return CODE_NAME
    return WORDING


@kernel
def _near_date(texts, text, start, end):
    """Whether a month or a day is named within or next to tokens [start, end) of a text."""
    first = texts.first[text]
    for i in range(max(0, start - DATE_REACH), min(texts.core[text], end + DATE_REACH)):
        if texts.flags[first + i] & DATE:
            return True
    return False


@kernel
def _parting(texts, text_a, a_from, a_to, text_b, b_from, b_to):
    """The most telling guarded difference of passages in the same place; 0 where none is.

    The guarded tokens of both, in their order, must be the same.
    """
    first_a, first_b = texts.first[text_a], texts.first[text_b]
    found = 0
    i, j = a_from, b_from
    while True:
        while i < a_to and not texts.flags[first_a + i] & GUARDED:
            i += 1
        while j < b_to and not texts.flags[first_b + j] & GUARDED:
            j += 1
        if i >= a_to and j >= b_to:
            break
        if i < a_to and j < b_to and texts.hashes[first_a + i] == texts.hashes[first_b + j]:
            i += 1
            j += 1
            continue
        if i < a_to:
            code = _code_of(texts.flags[first_a + i])
            found = code if found == 0 else min(found, code)
            i += 1
        if j < b_to:
            code = _code_of(texts.flags[first_b + j])
            found = code if found == 0 else min(found, code)
            j += 1
    if found == CODE_NUMBER and (
        _near_date(texts, text_a, a_from, a_to) or _near_date(texts, text_b, b_from, b_to)
    ):
        found = CODE_DATE
    return found


@kernel
def moved(covered, start, end):
    """Whether a passage that parts stands elsewhere in the other text."""
    for i in range(start, end):
        if not covered[i]:
            return False
    return end - start >= MOVED


@kernel
def letters(texts, text, start, end):
    """The folded bytes of tokens [start, end) run together; empty where one is a number."""
    out = np.empty(0, np.uint8)
    for i in range(start, end):
        if texts.flags[texts.first[text] + i] & NUMBER:
            return np.empty(0, np.uint8)
        first, last = token_bytes(texts, text, i)
        out = np.concatenate((out, texts.folded[first:last]))
    return out


@kernel
def _is_glued(texts, text_a, a_from, a_to, text_b, b_from, b_to):
    """Whether two passages are the same letters, with other spaces between them."""
    if a_to - a_from == b_to - b_from or max(a_to - a_from, b_to - b_from) > LONGEST_GLUE:
        return False
    x = letters(texts, text_a, a_from, a_to)
    y = letters(texts, text_b, b_from, b_to)
    return x.size > 0 and x.size == y.size and np.all(x == y)


@kernel
def weight(texts, text, token):
    """The list of ``words`` that a token is on, if it weighs nothing where it stands; else 0."""
    at = texts.first[text] + token
    kind = weight_of(texts.hashes[at])
    if kind == 0 or kind > PERFECT:
        return kind if kind == ENTITY else 0
    if kind == ARTICLE or kind == TITLE or kind == FILLER:
        return kind
    if token + 1 >= texts.size[text]:
        return kind
    after = texts.flags[at + 1]
    if kind == PREPOSITION or kind == JOINS:
        return 0 if after & (NUMBER | SYMBOL_TOKEN) else kind
    kind_after = weight_of(texts.hashes[at + 1])
    plain = kind_after == 0 or kind_after == SAYS or kind_after == SAID
    return kind if plain and not after & (GUARDED | CASELESS_WORD) else 0


@kernel
def address_end(texts, text, start, end):
    """The token behind an address that begins with token `start`; `start` where none does."""
    first = texts.first[text]
    if start >= end or weight_of(texts.hashes[first + start]) != ADDRESS:
        return start
    start += 1
    while start < end and not texts.flags[first + start] & SPACED:
        start += 1
    return start


@kernel
def _has_address(texts, text, start, end):
    first = texts.first[text]
    for i in range(start, end):
        if weight_of(texts.hashes[first + i]) == ADDRESS:
            return True
    return False


@kernel
def _skip(texts, text, start, end, addresses, skipped):
    """The first token from `start` on that says something; writes what was passed over.

    `skipped` (uint64 for each list of ``words``) is a hash of the words of that list so far.
    """
    while start < end:
        if addresses:
            behind = address_end(texts, text, start, end)
            if behind > start:
                start = behind
                continue
        kind = weight(texts, text, start)
        if kind == 0:
            return start
        h = exchangeable(texts.hashes[texts.first[text] + start])
        skipped[kind] = skipped[kind] * np.uint64(0x100000001B3) ^ h
        start += 1
    return start


@kernel
def _clash(skipped_a, skipped_b):
    """Whether words that weigh nothing by themselves stand for one another: "to" for "from"."""
    for kind in (PREPOSITION, TITLE, PERFECT):
        if skipped_a[kind] and skipped_b[kind] and skipped_a[kind] != skipped_b[kind]:
            return True
    return False


@kernel
def _says_the_same(texts, text_a, a_from, a_to, text_b, b_from, b_to):
    """Whether two passages are the same but for words that weigh nothing, and slips."""
    skipped_a, skipped_b = np.zeros(ENTITY + 1, np.uint64), np.zeros(ENTITY + 1, np.uint64)
    address_in_a = not _has_address(texts, text_b, b_from, b_to)
    address_in_b = not _has_address(texts, text_a, a_from, a_to)
    i, j = a_from, b_from
    while True:
        i = _skip(texts, text_a, i, a_to, address_in_a, skipped_a)
        j = _skip(texts, text_b, j, b_to, address_in_b, skipped_b)
        if i == a_to or j == b_to:
            return i == a_to and j == b_to and not _clash(skipped_a, skipped_b)
        if not same_word(texts, text_a, i, text_b, j):
            return False
        i += 1
        j += 1


@kernel
def _abbreviates(texts, text, token, start, end, all_words):
    """Whether a token is made of the first letters of words [start, end).

    Articles and prepositions have a letter in it only with `all_words`.
    """
    short = characters(texts, text, token)
    if short.size < 2:
        return False
    n = 0
    for i in range(start, end):
        if not all_words and weight_of(texts.hashes[texts.first[text] + i]):
            continue
        if n == short.size or characters(texts, text, i)[0] != short[n]:
            return False
        n += 1
    return n == short.size


@kernel
def _is_spelt_out(texts, text, start, end):
    """Whether tokens [start, end) spell out an abbreviation in brackets beside them."""
    if end - start < 2 or end - start > LONGEST_NAME:
        return False
    first = texts.first[text]
    for all_words in (False, True):
        behind = end < texts.core[text] and texts.flags[first + end] & AFTER_BREAK
        if behind and _abbreviates(texts, text, end, start, end, all_words):
            return True
        before = start > 0 and texts.flags[first + start] & AFTER_BREAK
        if before and _abbreviates(texts, text, start - 1, start, end, all_words):
            return True
    return False


@kernel
def difference(texts, text_a, a_from, a_to, text_b, b_from, b_to, strict):
    """The difference that two passages in the same place make.

    Args:
        texts: a ``verify.View``.
        text_a, a_from, a_to: one text, and its passage; it may be empty.
        text_b, b_from, b_to: the same of the other.
        strict: whether only other spaces are no difference.

    Returns:
        The code of the difference; 0 where they say the same.
    """
    if _is_glued(texts, text_a, a_from, a_to, text_b, b_from, b_to):
        return 0
    if not strict:
        if _says_the_same(texts, text_a, a_from, a_to, text_b, b_from, b_to):
            return 0
        if a_from == a_to and _is_spelt_out(texts, text_b, b_from, b_to):
            return 0
        if b_from == b_to and _is_spelt_out(texts, text_a, a_from, a_to):
            return 0
    code = _parting(texts, text_a, a_from, a_to, text_b, b_from, b_to)
    return WORDING if code == 0 else code
