"""Decide whether two aligned texts say the same: the guard against false merges.

Where the texts part, the words that part are looked at. Other words in the same place mean that
the two are *variants*: both are kept and linked, with the kind of the most telling word (a
number, a date, a negation, a symbol, a name; "killed" for "wounded" is mere wording, and must
not be merged either). So do words in the middle that only one of them has ("allegedly"), but for
articles, prepositions, titles and the address of a link. Words that stick out at one end only
(an attribution, a credit, a cut-off sentence) are residue, unless they negate or hedge what
they stick to. Where names can't be told from plain words (a script without case, text all in
capitals, a language whose negations we don't know), any difference in the middle counts.

Three things look like other words and are none: a slip of the pen, words glued together or
split ("mustbe"), and a word that was cut off at the end of the text.
"""

import numpy as np

from onrecord.kernel import kernel
from onrecord.text.tokens import (
    AFTER_BREAK,
    DATE,
    FILLER,
    LINK,
    NAME,
    NEGATES,
    NUMBER,
    SYMBOL_TOKEN,
)
from onrecord.text.utf8 import decode_at

#: The kinds of difference, most telling first; 0 is none. Index = code in the kernels.
DIFFERENCES = ("", "number", "date", "negation", "symbol", "name", "wording")
_NUMBER, _DATE, _NEGATION, _SYMBOL, _NAME, WORDING = range(1, 7)

#: A passage of at least so many tokens that only one text has is an omission in the other.
OMISSION = 8
#: A passage of at least so many tokens that stands elsewhere in the other text was moved.
MOVED = 4
#: So many tokens before and after a match are searched for a negation of the whole: more in
#: a short end that was added to the text than in a longer text that merely goes on.
NEGATION_REACH, NEAR_REACH = 8, 4
SHORT_END = 16
#: Two ends that part are one place worded differently when the longer has at most twice the
#: words of the shorter and so many more; otherwise the longer text just goes on.
END_SLACK = 4
#: Words may be glued together, or split, in passages of up to so many tokens.
LONGEST_GLUE = 4
#: A name may be a misspelling from this many characters on.
SHORTEST_NAME = 5
#: … and where the right form stands in so many places.
ATTESTED = 3
#: Numbers this close to the name of a month or a day are part of a date.
DATE_REACH = 2

_GUARDED = NUMBER | DATE | NAME | NEGATES | SYMBOL_TOKEN


@kernel
def _token_bytes(texts, text, token):
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
def _characters(folded, start, end):
    """Code points of a folded token."""
    codes = np.empty(end - start, np.int64)
    n = 0
    while start < end:
        code, size = decode_at(folded, start)
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
    """Whether two differing tokens are one name and a slip of the pen that stands nowhere else.

    Iran and Iraq are one letter apart: only a form that no other text of the corpus has can
    be a slip, and only of one that the corpus knows well.
    """
    h_a = texts.hashes[texts.first[text_a] + i]
    h_b = texts.hashes[texts.first[text_b] + j]
    mask = np.uint64(texts.frequency.size - 1)
    rare = min(texts.frequency[h_a & mask], texts.frequency[h_b & mask])
    common = max(texts.frequency[h_a & mask], texts.frequency[h_b & mask])
    if rare > 1 or common < ATTESTED:
        return False
    if (texts.flags[texts.first[text_a] + i] | texts.flags[texts.first[text_b] + j]) & NUMBER:
        return False
    start, end = _token_bytes(texts, text_a, i)
    x = _characters(texts.folded, start, end)
    start, end = _token_bytes(texts, text_b, j)
    y = _characters(texts.folded, start, end)
    if x.size < SHORTEST_NAME or y.size < SHORTEST_NAME:
        return False
    return _one_slip(x, y)


@kernel
def _code_of(flag):
    """The kind of difference that a token makes."""
    if flag & NUMBER:
        return _NUMBER
    if flag & DATE:
        return _DATE
    if flag & NEGATES:
        return _NEGATION
    if flag & SYMBOL_TOKEN:
        return _SYMBOL
    if flag & NAME:
        return _NAME
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
        while i < a_to and not texts.flags[first_a + i] & _GUARDED:
            i += 1
        while j < b_to and not texts.flags[first_b + j] & _GUARDED:
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
    if found == _NUMBER and (
        _near_date(texts, text_a, a_from, a_to) or _near_date(texts, text_b, b_from, b_to)
    ):
        found = _DATE
    return found


@kernel
def _letters(texts, text, start, end):
    """The folded bytes of tokens [start, end) run together; empty where one is a number."""
    out = np.empty(0, np.uint8)
    for i in range(start, end):
        if texts.flags[texts.first[text] + i] & NUMBER:
            return np.empty(0, np.uint8)
        first, last = _token_bytes(texts, text, i)
        out = np.concatenate((out, texts.folded[first:last]))
    return out


@kernel
def _is_glued(texts, text_a, a_from, a_to, text_b, b_from, b_to):
    """Whether two passages are the same letters, with other spaces between them."""
    if a_to - a_from == b_to - b_from or max(a_to - a_from, b_to - b_from) > LONGEST_GLUE:
        return False
    x = _letters(texts, text_a, a_from, a_to)
    y = _letters(texts, text_b, b_from, b_to)
    return x.size > 0 and x.size == y.size and np.all(x == y)


@kernel
def _is_cut(texts, text, token, other, other_token, at_end):
    """Whether a token is what is left of another one that was cut at the end (or start)."""
    x = _letters(texts, text, token, token + 1)
    y = _letters(texts, other, other_token, other_token + 1)
    if x.size == 0 or x.size >= y.size:
        return False
    return np.all(x == y[: x.size]) if at_end else np.all(x == y[y.size - x.size :])


@kernel
def _says_the_same(texts, text_a, a_from, a_to, text_b, b_from, b_to):
    """Whether two passages differ in fillers only, or one is a link that the other lacks."""
    first_a, first_b = texts.first[text_a], texts.first[text_b]
    if a_from == a_to and texts.flags[first_b + b_from] & LINK:
        return True
    if b_from == b_to and texts.flags[first_a + a_from] & LINK:
        return True
    i, j = a_from, b_from
    while True:
        while i < a_to and texts.flags[first_a + i] & FILLER:
            i += 1
        while j < b_to and texts.flags[first_b + j] & FILLER:
            j += 1
        if i == a_to or j == b_to:
            return i == a_to and j == b_to
        if texts.hashes[first_a + i] != texts.hashes[first_b + j]:
            return False
        i += 1
        j += 1


@kernel
def _difference(texts, text_a, a_from, a_to, text_b, b_from, b_to, strict):
    """The difference that two passages in the same place make; one of them may be empty."""
    single = a_to - a_from == 1 and b_to - b_from == 1
    if single and not strict and _is_misspelling(texts, text_a, a_from, text_b, b_from):
        return 0
    if _is_glued(texts, text_a, a_from, a_to, text_b, b_from, b_to):
        return 0
    if not strict and _says_the_same(texts, text_a, a_from, a_to, text_b, b_from, b_to):
        return 0
    code = _parting(texts, text_a, a_from, a_to, text_b, b_from, b_to)
    return WORDING if code == 0 else code


@kernel
def _all_covered(covered, start, end):
    for i in range(start, end):
        if not covered[i]:
            return False
    return True


@kernel
def _negated(texts, text, start, end, step):
    """Whether a negation stands within reach of a match, in the same clause.

    Looks from token `start` on towards `end` (exclusive) in steps of +1 or -1.
    """
    first = texts.first[text]
    i = start
    reach = NEGATION_REACH if abs(end - start) <= SHORT_END else NEAR_REACH
    for _ in range(reach):
        if i == end:
            return False
        if step > 0 and texts.flags[first + i] & AFTER_BREAK:
            return False
        if texts.flags[first + i] & NEGATES:
            return True
        if step < 0 and texts.flags[first + i] & AFTER_BREAK:
            return False
        i += step
    return False


@kernel
def judge(texts, text_a, covered_a, text_b, covered_b, runs, strict):
    """Look at every place where two aligned texts part.

    Args:
        texts: a ``verify.View``.
        text_a, text_b: the two texts.
        covered_a, covered_b: bool, which of their tokens the other one covers.
        runs: int64[k, 3], their alignment, k >= 1.
        strict: whether any difference in the middle counts.

    Returns:
        (a may stand for b's reading of it: a can be merged into b,
        b can be merged into a,
        both ends agree, so that the two can be near,
        code of the difference, a_from, a_to, b_from, b_to: the words that part).
    """
    a_in_b = True
    b_in_a = True
    worst = 0
    wa, wa_end, wb, wb_end = 0, 0, 0, 0
    for k in range(runs.shape[0] - 1):
        a_from, a_to = runs[k, 0] + runs[k, 2], runs[k + 1, 0]
        b_from, b_to = runs[k, 1] + runs[k, 2], runs[k + 1, 1]
        only_a, only_b = b_from == b_to, a_from == a_to
        if only_a and a_to - a_from >= MOVED and _all_covered(covered_a, a_from, a_to):
            continue
        if only_b and b_to - b_from >= MOVED and _all_covered(covered_b, b_from, b_to):
            continue
        code = _difference(texts, text_a, a_from, a_to, text_b, b_from, b_to, strict)
        if code == 0:
            continue
        if only_b and b_to - b_from >= OMISSION:
            b_in_a = False  # a leaves a passage out: b can stand for a, not the other way
        elif only_a and a_to - a_from >= OMISSION:
            a_in_b = False
        else:
            a_in_b = False
            b_in_a = False
        if worst == 0 or code < worst:
            worst = code
            wa, wa_end, wb, wb_end = a_from, a_to, b_from, b_to

    # The ends. What sticks out on one side only is residue; what parts on both sides is a
    # difference between near copies, and between a text and its container where the words
    # that touch the match are of one telling kind.
    last = runs.shape[0] - 1
    ends_agree = True
    n, m = texts.core[text_a], texts.core[text_b]
    for side in range(2):
        if side == 0:
            a_from, a_to, b_from, b_to = 0, runs[0, 0], 0, runs[0, 1]
            a_touch, b_touch, step = a_to - 1, b_to - 1, -1
            a_broken = texts.flags[texts.first[text_a] + runs[0, 0]] & AFTER_BREAK != 0
            b_broken = texts.flags[texts.first[text_b] + runs[0, 1]] & AFTER_BREAK != 0
        else:
            a_from, a_to = runs[last, 0] + runs[last, 2], n
            b_from, b_to = runs[last, 1] + runs[last, 2], m
            a_touch, b_touch, step = a_from, b_from, 1
            a_broken = (
                a_from < a_to and texts.flags[texts.first[text_a] + a_from] & AFTER_BREAK != 0
            )
            b_broken = (
                b_from < b_to and texts.flags[texts.first[text_b] + b_from] & AFTER_BREAK != 0
            )
        code = 0
        negated = False
        if a_from < a_to and not a_broken:
            negated |= _negated(texts, text_a, a_touch, a_from - 1 if step < 0 else a_to, step)
        if b_from < b_to and not b_broken:
            negated |= _negated(texts, text_b, b_touch, b_from - 1 if step < 0 else b_to, step)
        if negated:
            a_in_b = False
            b_in_a = False
            code = _NEGATION
        elif a_from < a_to and b_from < b_to:
            cut = (
                a_to - a_from == 1 and _is_cut(texts, text_a, a_touch, text_b, b_touch, side == 1)
            ) or (
                b_to - b_from == 1 and _is_cut(texts, text_b, b_touch, text_a, a_touch, side == 1)
            )
            if not cut:
                code = _difference(texts, text_a, a_from, a_to, text_b, b_from, b_to, strict)
            if code:
                ends_agree = False
                touch = (
                    texts.flags[texts.first[text_a] + a_touch]
                    & texts.flags[texts.first[text_b] + b_touch]
                    & _GUARDED
                )
                gap_a, gap_b = a_to - a_from, b_to - b_from
                alike = max(gap_a, gap_b) <= 2 * min(gap_a, gap_b) + END_SLACK
                if alike or (touch and not a_broken and not b_broken):
                    a_in_b = False
                    b_in_a = False
        if code and (worst == 0 or code < worst):
            worst = code
            wa, wa_end, wb, wb_end = a_from, a_to, b_from, b_to
    return a_in_b, b_in_a, ends_agree, worst, wa, wa_end, wb, wb_end
