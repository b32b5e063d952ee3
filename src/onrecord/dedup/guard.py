"""Decide whether two aligned texts say the same: the guard against false merges.

Where the texts part, the words that part are looked at. Other words in the same place mean that
the two are *variants*: both are kept and linked, with the kind of the most telling word (a
number, a date, a negation, a symbol, a name; "killed" for "wounded" is mere wording, and must
not be merged either). So do words in the middle that only one of them has ("allegedly"), but for
those that weigh nothing (``words``). Words that stick out at one end only (an attribution, a
credit, a cut-off sentence) are residue, unless they negate or hedge what they stick to
(``ends``). Where names can't be told from plain words (a script without case, text all in
capitals, a language whose negations we don't know), any difference in the middle counts.
"""

import numpy as np

from onrecord.dedup.ends import ends_clash, judge_end
from onrecord.dedup.passages import difference, moved
from onrecord.dedup.words import weight_of
from onrecord.kernel import kernel
from onrecord.text.tokens import (
    AFTER_BREAK,
    AFTER_STOP,
    CASELESS_WORD,
    DATE,
    NAME,
    NUMBER,
    SHOUTED,
    SPACED,
    SYMBOL_TOKEN,
)

#: Sentences of at least so many tokens that only one text has are an omission in the other.
OMISSION = 4
#: A line of names is a heading up to this length; a longer one says something.
LONGEST_HEADING = 16


@kernel
def _sentences(texts, text, start, end):
    """Whether tokens [start, end) are whole sentences."""
    first = texts.first[text]
    return (
        texts.flags[first + start] & AFTER_STOP != 0 and texts.flags[first + end] & AFTER_STOP != 0
    )


@kernel
def _sentence_hashes(texts, text):
    """A hash of each sentence of a text; what is shorter than an omission is part of the next.

    ("15. – 16. December" is no three sentences.)
    """
    first, size = texts.first[text], texts.size[text]
    hashes = np.empty(size, np.uint64)
    n = 0
    length = OMISSION
    for i in range(first, first + size):
        if length >= OMISSION and (i == first or texts.flags[i] & AFTER_STOP):
            hashes[n] = 0
            n += 1
            length = 0
        hashes[n - 1] = (hashes[n - 1] ^ texts.hashes[i]) * np.uint64(0xFF51AFD7ED558CCD)
        length += 1
    if length < OMISSION and n > 1:
        hashes[n - 2] ^= hashes[n - 1]
        n -= 1
    return hashes[:n]


@kernel
def _all_in(some, others):
    """Whether each of some hashes is among others, as often."""
    for h in some:
        missing = 0
        for other in others:
            missing -= other == h
        if missing == 0:
            return False  # as nearly always
        for other in some:
            missing += other == h
        if missing > 0:
            return False
    return True


@kernel
def same_sentences(texts, text_a, text_b):
    """Whether each sentence of a text of several is, word for word, one of another text.

    Returns:
        (so it is for a's in b, so it is for b's in a).
    """
    of_a, of_b = _sentence_hashes(texts, text_a), _sentence_hashes(texts, text_b)
    a_in_b = of_a.size > 1 and _all_in(of_a, of_b)
    b_in_a = of_b.size > 1 and _all_in(of_b, of_a)
    return a_in_b, b_in_a


@kernel
def _in_one_piece(texts, text, start, end):
    """Whether no white space stands between tokens [start, end) of a script that puts some."""
    for i in range(texts.first[text] + start + 1, texts.first[text] + end):
        if texts.flags[i] & (SPACED | CASELESS_WORD):
            return False
    return True


@kernel
def _parts(texts, text, token):
    """Whether a heading may begin or end before a token: a mark, or its capitals, set it apart."""
    if token == 0 or token == texts.size[text]:
        return True
    at = texts.first[text] + token
    shouted = texts.flags[at - 1] & SHOUTED, texts.flags[at] & SHOUTED
    return texts.flags[at] & AFTER_BREAK != 0 or shouted[0] != shouted[1]


@kernel
def says_nothing_within(texts, text, other, start, end):
    """Whether a text says nothing that tokens [start, end) of another one could repeat.

    Either it is a mere line of names in a sentence of the other ("The Clean Energy Act of
    2007:" is not repeated by a sentence on the act), or a part of an address ("/clean-energy").
    """
    first, size = texts.first[text], texts.size[text]
    if _in_one_piece(texts, other, start, end):
        return True
    if size > LONGEST_HEADING:
        return False
    for i in range(first, first + size):
        if texts.flags[i] & (NAME | NUMBER | DATE | SYMBOL_TOKEN):
            continue
        if not weight_of(texts.hashes[i]):
            return False
    return not (_parts(texts, other, start) and _parts(texts, other, end))


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
        if only_a and moved(covered_a, a_from, a_to):
            continue
        if only_b and moved(covered_b, b_from, b_to):
            continue
        if (
            not (only_a or only_b)
            and _sentences(texts, text_a, a_from, a_to)
            and _sentences(texts, text_b, b_from, b_to)
            and moved(covered_a, a_from, a_to)
            and moved(covered_b, b_from, b_to)
        ):
            continue
        code = difference(texts, text_a, a_from, a_to, text_b, b_from, b_to, strict)
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

    last = runs.shape[0] - 1
    ends_agree = True
    gaps = np.zeros((2, 4), np.int64)
    for at_end in (False, True):
        if not at_end:
            a_from, a_to, b_from, b_to = 0, runs[0, 0], 0, runs[0, 1]
        else:
            a_from, a_to = runs[last, 0] + runs[last, 2], texts.core[text_a]
            b_from, b_to = runs[last, 1] + runs[last, 2], texts.core[text_b]
        a_fits, b_fits, agree, code, a_from, a_to, b_from, b_to = judge_end(
            texts, text_a, covered_a, a_from, a_to, text_b, covered_b, b_from, b_to, at_end, strict
        )
        gaps[np.int64(at_end)] = a_from, a_to, b_from, b_to
        a_in_b &= a_fits
        b_in_a &= b_fits
        ends_agree &= agree
        if code and (worst == 0 or code < worst):
            worst = code
            wa, wa_end, wb, wb_end = a_from, a_to, b_from, b_to
    # One speaker is named in front, another one behind: "Doyle: …" and "…, Boyle said".
    for k in range(2):
        a_from, a_to = gaps[k, 0], gaps[k, 1]
        b_from, b_to = gaps[1 - k, 2], gaps[1 - k, 3]
        if ends_clash(texts, text_a, a_from, a_to, text_b, b_from, b_to):
            a_in_b, b_in_a = False, False
            if worst == 0:
                worst = difference(texts, text_a, a_from, a_to, text_b, b_from, b_to, True)
                wa, wa_end, wb, wb_end = a_from, a_to, b_from, b_to
    return a_in_b, b_in_a, ends_agree, worst, wa, wa_end, wb, wb_end
