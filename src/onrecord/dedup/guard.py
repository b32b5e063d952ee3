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
    AFTER_COMMA,
    AFTER_STOP,
    CASELESS_WORD,
    DATE,
    ENDED,
    FILLER,
    JOINED,
    LINK,
    NAME,
    NEGATES,
    NUMBER,
    SHOUTED,
    SYMBOL_TOKEN,
)
from onrecord.text.utf8 import decode_at

#: The kinds of difference, most telling first; 0 is none. Index = code in the kernels.
DIFFERENCES = ("", "number", "date", "negation", "symbol", "name", "wording")
_NUMBER, _DATE, _NEGATION, _SYMBOL, _NAME, WORDING = range(1, 7)

#: Sentences of at least so many tokens that only one text has are an omission in the other.
OMISSION = 4
#: A text is taken for cut off from so many tokens on: shorter ones may be headlines.
SHORTEST_CUT = 10
#: So many tokens that one text has more at an end are a statement of its own, not residue.
STATEMENT = 5
#: Initials of writers behind a text: so many tokens, of so many bytes each.
MOST_INITIALS, LONGEST_INITIALS = 4, 3
#: A word is cut off for sure where the other text goes on for so many tokens.
GOES_ON = 3
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
#: A word may be a misspelling from this many characters on.
SHORTEST_WORD = 5
#: … and where the right form stands in so many places.
ATTESTED = 3
#: Numbers this close to the name of a month or a day are part of a date.
DATE_REACH = 2

_GUARDED = NUMBER | DATE | NAME | NEGATES | SYMBOL_TOKEN
_PAUSE = AFTER_BREAK | AFTER_COMMA
_NO_FLAGS = np.uint16(0)


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
    if (texts.flags[texts.first[text_a] + i] | texts.flags[texts.first[text_b] + j]) & _GUARDED:
        return False
    start, end = _token_bytes(texts, text_a, i)
    x = _characters(texts.folded, start, end)
    start, end = _token_bytes(texts, text_b, j)
    y = _characters(texts.folded, start, end)
    if x.size < SHORTEST_WORD or y.size < SHORTEST_WORD:
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
def _moved(covered, start, end):
    """Whether a passage that parts stands elsewhere in the other text."""
    for i in range(start, end):
        if not covered[i]:
            return False
    return end - start >= MOVED


@kernel
def _words(texts, text, start, end):
    """Length of a passage in words; two characters of a script without spaces make one."""
    length = 0.0
    unspaced = CASELESS_WORD | JOINED
    for i in range(start, end):
        length += 0.5 if texts.flags[texts.first[text] + i] & unspaced == unspaced else 1.0
    return length


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
def _mark(texts, text, touch, matched, edge):
    """The difference that a mark makes which one text has right at a match: 0 where none.

    "85%" and "85" differ, though only one of them has something there.
    """
    if not edge & JOINED:
        return 0
    first = texts.first[text]
    mark, beside = texts.flags[first + touch], texts.flags[first + matched]
    if mark & NUMBER or (mark & SYMBOL_TOKEN and beside & NUMBER):
        return _SYMBOL
    return 0


@kernel
def _initials(texts, text, start, end):
    """Whether tokens [start, end) are the initials of writers: "MH/PA"."""
    if end - start > MOST_INITIALS:
        return False
    for i in range(start, end):
        first, after = _token_bytes(texts, text, i)
        if not texts.flags[texts.first[text] + i] & SHOUTED or after - first > LONGEST_INITIALS:
            return False
    return True


@kernel
def _same_ends(texts, text_a, a_from, a_to, text_b, b_from, b_to, at_end, a_edge, b_edge, strict):
    """Whether two texts that part at an end may say the same nevertheless."""
    if (a_edge & AFTER_STOP and b_edge & AFTER_STOP and at_end) and (
        _initials(texts, text_a, a_from, a_to) and _initials(texts, text_b, b_from, b_to)
    ):
        return True
    # A text that ends like a sentence was not cut off in a word.
    if a_to - a_from == 1 and (not _ended(texts, text_a) if at_end else not strict):
        other = b_from if at_end else b_to - 1
        if _is_cut(texts, text_a, a_from, text_b, other, at_end) and (
            b_to - b_from >= GOES_ON or _rare(texts, text_a, a_from)
        ):
            return True
    if b_to - b_from == 1 and (not _ended(texts, text_b) if at_end else not strict):
        other = a_from if at_end else a_to - 1
        if _is_cut(texts, text_b, b_from, text_a, other, at_end) and (
            a_to - a_from >= GOES_ON or _rare(texts, text_b, b_from)
        ):
            return True
    return _difference(texts, text_a, a_from, a_to, text_b, b_from, b_to, strict) == 0


@kernel
def _ended(texts, text):
    """Whether a text ends like a sentence."""
    return texts.flags[texts.first[text] + texts.size[text] - 1] & ENDED != 0


@kernel
def _cut_off(texts, text):
    """Whether a text of some length breaks off without the end of a sentence."""
    return texts.size[text] >= SHORTEST_CUT and not _ended(texts, text)


@kernel
def _contradict(texts, text_a, a_from, a_to, text_b, b_from, b_to):
    """Whether two passages can't both be residue of the same statement.

    Each has a name that the other lacks, or one of them a number, date, sign or negation; in
    a longer passage these belong to other statements.
    """
    hard = _GUARDED ^ NAME
    if _words(texts, text_a, a_from, a_to) < STATEMENT and _has_own(
        texts, text_a, a_from, a_to, text_b, b_from, b_to, hard
    ):
        return True
    if _words(texts, text_b, b_from, b_to) < STATEMENT and _has_own(
        texts, text_b, b_from, b_to, text_a, a_from, a_to, hard
    ):
        return True
    names = NAME | CASELESS_WORD
    return _has_own(texts, text_a, a_from, a_to, text_b, b_from, b_to, names) and _has_own(
        texts, text_b, b_from, b_to, text_a, a_from, a_to, names
    )


@kernel
def _has_own(texts, text_a, a_from, a_to, text_b, b_from, b_to, kinds):
    """Whether a passage has a token of some kinds that another lacks."""
    first_a, first_b = texts.first[text_a], texts.first[text_b]
    for i in range(a_from, a_to):
        if not texts.flags[first_a + i] & kinds:
            continue
        if _initials(texts, text_a, i, i + 1):
            continue
        found = False
        for j in range(b_from, b_to):
            found = found or texts.hashes[first_a + i] == texts.hashes[first_b + j]
        if not found:
            return True
    return False


@kernel
def _rare(texts, text, token):
    """Whether a token stands in few places, as what is left of a word does."""
    mask = np.uint64(texts.frequency.size - 1)
    return texts.frequency[texts.hashes[texts.first[text] + token] & mask] <= ATTESTED


@kernel
def _sentences(texts, text, start, end):
    """Whether tokens [start, end) are whole sentences."""
    first = texts.first[text]
    return (
        texts.flags[first + start] & AFTER_STOP != 0 and texts.flags[first + end] & AFTER_STOP != 0
    )


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
        if only_a and _moved(covered_a, a_from, a_to):
            continue
        if only_b and _moved(covered_b, b_from, b_to):
            continue
        if (
            not (only_a or only_b)
            and _sentences(texts, text_a, a_from, a_to)
            and _sentences(texts, text_b, b_from, b_to)
            and _moved(covered_a, a_from, a_to)
            and _moved(covered_b, b_from, b_to)
        ):
            continue
        code = _difference(texts, text_a, a_from, a_to, text_b, b_from, b_to, strict)
        if code == 0:
            continue
        if only_b and b_to - b_from >= OMISSION and _sentences(texts, text_b, b_from, b_to):
            b_in_a = False  # a leaves a sentence out: b can stand for a, not the other way
        elif only_a and a_to - a_from >= OMISSION and _sentences(texts, text_a, a_from, a_to):
            a_in_b = False
        else:
            a_in_b = False
            b_in_a = False
        if worst == 0 or code < worst:
            worst = code
            wa, wa_end, wb, wb_end = a_from, a_to, b_from, b_to

    # The ends. A few words that stick out are residue: an attribution, a credit, a title. More
    # is a statement, and the text that has it can't be merged into one that lacks it. Where
    # both texts go on, each in its own way, they differ.
    last = runs.shape[0] - 1
    ends_agree = True
    n, m = texts.core[text_a], texts.core[text_b]
    for side in range(2):
        if side == 0:
            a_from, a_to, b_from, b_to = 0, runs[0, 0], 0, runs[0, 1]
            a_touch, b_touch, step = a_to - 1, b_to - 1, -1
            a_edge = texts.flags[texts.first[text_a] + runs[0, 0]]
            b_edge = texts.flags[texts.first[text_b] + runs[0, 1]]
        else:
            a_from, a_to = runs[last, 0] + runs[last, 2], n
            b_from, b_to = runs[last, 1] + runs[last, 2], m
            a_touch, b_touch, step = a_from, b_from, 1
            a_edge = texts.flags[texts.first[text_a] + a_from] if a_from < a_to else _NO_FLAGS
            b_edge = texts.flags[texts.first[text_b] + b_from] if b_from < b_to else _NO_FLAGS
        # Sentences that stand elsewhere in the other text do not count.
        if a_edge & AFTER_STOP and _moved(covered_a, a_from, a_to):
            a_to = a_from
        if b_edge & AFTER_STOP and _moved(covered_b, b_from, b_to):
            b_to = b_from
        gap_a, gap_b = a_to - a_from, b_to - b_from
        if gap_a == 0 and gap_b == 0:
            continue
        long_a = _words(texts, text_a, a_from, a_to) >= STATEMENT
        long_b = _words(texts, text_b, b_from, b_to) >= STATEMENT
        code = 0
        negated = False
        if gap_a and not a_edge & AFTER_BREAK:
            negated |= _negated(texts, text_a, a_touch, a_from - 1 if step < 0 else a_to, step)
        if gap_b and not b_edge & AFTER_BREAK:
            negated |= _negated(texts, text_b, b_touch, b_from - 1 if step < 0 else b_to, step)
        # A text that is cut off says nothing yet about what the other one negates.
        if negated and gap_a == 0 and side == 1 and _cut_off(texts, text_a):
            negated = False
        if negated and gap_b == 0 and side == 1 and _cut_off(texts, text_b):
            negated = False
        if negated:
            a_in_b = False
            b_in_a = False
            code = _NEGATION
        elif gap_b == 0 or gap_a == 0:
            if gap_a:
                code = _mark(texts, text_a, a_touch, a_touch - step, a_edge)
            else:
                code = _mark(texts, text_b, b_touch, b_touch - step, b_edge)
            if code:
                a_in_b = False
                b_in_a = False
            if long_a:
                a_in_b = False
            if long_b:
                b_in_a = False
        elif _same_ends(
            texts, text_a, a_from, a_to, text_b, b_from, b_to, side == 1, a_edge, b_edge, strict
        ):
            if long_a:  # the other one is cut off where this one goes on
                a_in_b = False
            if long_b:
                b_in_a = False
        else:
            code = _difference(texts, text_a, a_from, a_to, text_b, b_from, b_to, strict)
            ends_agree = False
            alike = max(gap_a, gap_b) <= 2 * min(gap_a, gap_b) + END_SLACK
            if a_edge & b_edge & AFTER_BREAK:  # two attributions, unless they contradict
                alike = _contradict(texts, text_a, a_from, a_to, text_b, b_from, b_to)
            if alike or long_a or not a_edge & _PAUSE:
                a_in_b = False
            if alike or long_b or not b_edge & _PAUSE:
                b_in_a = False
        if code and (worst == 0 or code < worst):
            worst = code
            wa, wa_end, wb, wb_end = a_from, a_to, b_from, b_to
    return a_in_b, b_in_a, ends_agree, worst, wa, wa_end, wb, wb_end
