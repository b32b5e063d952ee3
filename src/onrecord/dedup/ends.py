"""Judge what sticks out at the ends of two aligned texts.

A few words that stick out are residue: an attribution, a credit, a title. More is a statement,
and the text that has it can't be merged into one that lacks it. Where both texts go on, each in
its own way, they differ, unless what they go on with are two attributions, or initials, or a
word that was cut off. A negation that reaches into the match keeps the two apart.
"""

import numpy as np

from onrecord.dedup.passages import (
    CODE_NEGATION,
    CODE_SYMBOL,
    GUARDED,
    WORDING,
    address_end,
    characters,
    difference,
    letters,
    moved,
    rare,
    same_word,
    token_bytes,
    weight,
)
from onrecord.dedup.words import (
    ARTICLE,
    COPULA,
    FILLER,
    PREPOSITION,
    SAID,
    SAYS,
    TITLE,
    omitted,
    weight_of,
)
from onrecord.kernel import kernel
from onrecord.text.tokens import (
    AFTER_BREAK,
    AFTER_COMMA,
    AFTER_DASH,
    AFTER_STOP,
    CASELESS_WORD,
    CUT,
    DATE,
    ENDED,
    JOINED,
    NAME,
    NEGATES,
    NUMBER,
    SHOUTED,
    SPACED,
    SYMBOL_TOKEN,
)

#: A text is taken for cut off from so many tokens on: shorter ones may be headlines.
SHORTEST_CUT = 10
#: So many words that one text has more at an end are a statement of its own, not residue …
STATEMENT = 5
#: … but for an attribution, of up to so many.
LONGEST_ATTRIBUTION = 8
#: The place in front of a report has at most so many words.
LONGEST_DATELINE = 4
#: Initials of writers behind a text: so many tokens, of so many bytes each.
MOST_INITIALS, LONGEST_INITIALS = 4, 3
#: A word is cut off for sure where the other text goes on for so many tokens.
GOES_ON = 3
#: So many tokens before and after a match are searched for a negation of the whole: more in
#: a short end that was added to the text than in a longer text that merely goes on.
NEGATION_REACH, NEAR_REACH = 8, 4
SHORT_END = 16
#: Two ends that part are one place worded differently when the longer has at most twice the
#: words of the shorter and so many more; otherwise the longer text just goes on.
END_SLACK = 4
#: An inflected word has so many letters in common with its other forms.
SHORTEST_STEM = 5

_PAUSE = AFTER_BREAK | AFTER_COMMA | AFTER_DASH
_NO_FLAGS = np.uint16(0)
_ENDINGS = ("", "s", "e", "es", "ing")


@kernel
def words(texts, text, start, end):
    """Length of a passage in words; two characters of a script without spaces make one."""
    length = 0.0
    unspaced = CASELESS_WORD | JOINED
    for i in range(start, end):
        length += 0.5 if texts.flags[texts.first[text] + i] & unspaced == unspaced else 1.0
    return length


@kernel
def _ended(texts, text):
    """Whether a text ends like a sentence."""
    return texts.flags[texts.first[text] + texts.size[text] - 1] & ENDED != 0


@kernel
def _cut_off(texts, text):
    """Whether a text breaks off: with an ellipsis, or without the end of a sentence."""
    if texts.flags[texts.first[text] + texts.size[text] - 1] & CUT:
        return True
    return texts.size[text] >= SHORTEST_CUT and not _ended(texts, text)


@kernel
def _is_cut(texts, text, token, other, other_token, at_end):
    """Whether a token is what is left of another one that was cut at the end (or start)."""
    x = letters(texts, text, token, token + 1)
    y = letters(texts, other, other_token, other_token + 1)
    if x.size == 0 or x.size >= y.size:
        return False
    return np.all(x == y[: x.size]) if at_end else np.all(x == y[y.size - x.size :])


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
        return CODE_SYMBOL
    return 0


@kernel
def _compound(texts, text, touch, edge):
    """Whether what sticks out is joined to the match as part of a word: "cups", "cups-filters"."""
    apart = SPACED | JOINED | AFTER_STOP | _PAUSE
    return not edge & apart and not texts.flags[texts.first[text] + touch] & CASELESS_WORD


@kernel
def _initials(texts, text, start, end):
    """Whether tokens [start, end) are the initials of writers: "MH/PA"."""
    if end - start > MOST_INITIALS:
        return False
    for i in range(start, end):
        first, after = token_bytes(texts, text, i)
        if not texts.flags[texts.first[text] + i] & SHOUTED or after - first > LONGEST_INITIALS:
            return False
    return True


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
def _rivals(texts, text_a, a_from, a_to, text_b, b_from, b_to):
    """Whether each of two passages has a name that the other lacks."""
    names = NAME | CASELESS_WORD
    return _has_own(texts, text_a, a_from, a_to, text_b, b_from, b_to, names) and _has_own(
        texts, text_b, b_from, b_to, text_a, a_from, a_to, names
    )


@kernel
def ends_clash(texts, text_a, a_from, a_to, text_b, b_from, b_to):
    """Whether two short passages at opposite ends name, or count, each something of its own."""
    if a_from == a_to or b_from == b_to:
        return False
    longest = max(words(texts, text_a, a_from, a_to), words(texts, text_b, b_from, b_to))
    if longest > LONGEST_ATTRIBUTION:
        return False
    hard = GUARDED ^ NAME
    return _rivals(texts, text_a, a_from, a_to, text_b, b_from, b_to) or (
        _has_own(texts, text_a, a_from, a_to, text_b, b_from, b_to, hard)
        and _has_own(texts, text_b, b_from, b_to, text_a, a_from, a_to, hard)
    )


@kernel
def _contradict(texts, text_a, a_from, a_to, text_b, b_from, b_to):
    """Whether two passages can't both be residue of the same statement.

    Each has a name that the other lacks, or one of them a number, date, sign or negation; in
    a longer passage these belong to other statements.
    """
    hard = GUARDED ^ NAME
    if words(texts, text_a, a_from, a_to) < STATEMENT and _has_own(
        texts, text_a, a_from, a_to, text_b, b_from, b_to, hard
    ):
        return True
    if words(texts, text_b, b_from, b_to) < STATEMENT and _has_own(
        texts, text_b, b_from, b_to, text_a, a_from, a_to, hard
    ):
        return True
    return _rivals(texts, text_a, a_from, a_to, text_b, b_from, b_to)


@kernel
def _attribution(texts, text, start, end, edge, at_end):
    """Whether a passage only says who said it: "Doyle added", "said Mr Doyle, the minister".

    The verb is its last word, or, behind a quotation, its first one before a name.
    """
    first = texts.first[text]
    if not edge & _PAUSE or start == end or words(texts, text, start, end) > LONGEST_ATTRIBUTION:
        return False
    paused = False
    for i in range(start, end):
        if texts.flags[first + i] & (NUMBER | DATE | NEGATES | SYMBOL_TOKEN):
            return False
        spaced = texts.flags[first + i] & SPACED  # "organisation's" is no break
        if i > start and spaced and texts.flags[first + i] & (AFTER_BREAK | AFTER_DASH):
            return False
        paused = paused or (i > start and texts.flags[first + i] & AFTER_COMMA != 0)
    last = weight_of(texts.hashes[first + end - 1])
    if last == SAYS or last == SAID:
        return not paused
    if not at_end or end - start < 2 or weight_of(texts.hashes[first + start]) != SAID:
        return False
    kind = weight_of(texts.hashes[first + start + 1])
    if kind == PREPOSITION:
        return True  # "according to"
    return edge & AFTER_BREAK != 0 and (kind == TITLE or texts.flags[first + start + 1] & NAME != 0)


@kernel
def _dateline(texts, text, start, end):
    """Whether a text begins with the place it was reported from: "TEHRAN – "."""
    first = texts.first[text]
    if start > 0 or end > LONGEST_DATELINE or not texts.flags[first + end] & AFTER_DASH:
        return False
    for i in range(end):
        if not texts.flags[first + i] & SHOUTED:
            return False
    return end > 0


@kernel
def _set_apart(texts, text, start, end, at_end):
    """Whether a mark stands between a match and what sticks out of it, or nothing sticks out."""
    if start == end:
        return True
    return texts.flags[texts.first[text] + (start if at_end else end)] & _PAUSE != 0


@kernel
def _weightless(texts, text, start, end, at_end, alone):
    """Whether all of a passage weighs nothing.

    An article, a preposition or a title does only where it is `alone`: where what the other
    text has there is set apart, so that it does not stand in the same place ("a", "another").
    """
    for i in range(start, end):
        kind = weight_of(texts.hashes[texts.first[text] + i])
        if kind == COPULA and not at_end:
            continue
        if weight(texts, text, i) == 0:
            return False
        if not alone and (kind == ARTICLE or kind == PREPOSITION or kind == TITLE):
            return False
    return True


@kernel
def _ending(codes, start):
    """Which of the endings of English words follows a stem; -1 where none."""
    for k, ending in enumerate(_ENDINGS):
        if codes.size - start == len(ending):
            fits = True
            for n in range(len(ending)):
                fits = fits and codes[start + n] == ord(ending[n])
            if fits:
                return k
    return -1


@kernel
def _inflected(texts, text_a, i, text_b, j):
    """Whether two words are forms of one: "Creates" at the head of an item, "creating" in it."""
    if (texts.flags[texts.first[text_a] + i] | texts.flags[texts.first[text_b] + j]) & (
        GUARDED ^ NAME
    ):
        return False
    x, y = characters(texts, text_a, i), characters(texts, text_b, j)
    stem = 0
    while stem < min(x.size, y.size) and x[stem] == y[stem]:
        stem += 1
    for length in range(stem, SHORTEST_STEM - 1, -1):
        if _ending(x, length) >= 0 and _ending(y, length) >= 0:
            return True
    return False


@kernel
def _same_words(texts, text_a, i, a_end, text_b, j, b_end, step):
    """How many tokens of two passages, from i and j on in steps of +1 or -1, are the same words.

    One of them may have a filler, or an article, where the other has none.
    """
    a_from, b_from = i, j
    a_same, b_same = i, j  # behind the last ones that are the same
    while True:
        while i != a_end and _is_light(texts, text_a, i):
            i += step
        while j != b_end and _is_light(texts, text_b, j):
            j += step
        if i == a_end or j == b_end or not same_word(texts, text_a, i, text_b, j):
            return abs(a_same - a_from), abs(b_same - b_from)
        i += step
        j += step
        a_same, b_same = i, j


@kernel
def _is_light(texts, text, token):
    """Whether a token is an article or a filler."""
    kind = weight_of(texts.hashes[texts.first[text] + token])
    return kind == ARTICLE or kind == FILLER


@kernel
def _trimmed(texts, text_a, a_from, a_to, text_b, b_from, b_to, at_end):
    """The passages of an end without what makes no difference there, whatever the other has."""
    if at_end:
        a_text = address_end(texts, text_a, a_from, a_to)
        b_text = address_end(texts, text_b, b_from, b_to)
        if a_text == a_from or b_text == b_from:
            a_from, b_from = a_text, b_text
        a_more, b_more = _same_words(texts, text_a, a_from, a_to, text_b, b_from, b_to, 1)
        a_from, b_from = a_from + a_more, b_from + b_more
        a_to = _without_initials(texts, text_a, a_from, a_to)
        b_to = _without_initials(texts, text_b, b_from, b_to)
    else:
        a_more, b_more = _same_words(texts, text_a, a_to - 1, -1, text_b, b_to - 1, -1, -1)
        a_to, b_to = a_to - a_more, b_to - b_more
        if a_to and b_to and (a_to == 1 or b_to == 1):
            inflected = _inflected(texts, text_a, a_to - 1, text_b, b_to - 1)
            a_to -= inflected
            b_to -= inflected
        a_dated = _dateline(texts, text_a, a_from, a_to)
        b_dated = _dateline(texts, text_b, b_from, b_to)
        if a_dated and not b_dated:
            a_to = a_from
        if b_dated and not a_dated:
            b_to = b_from
    a_apart = _set_apart(texts, text_a, a_from, a_to, at_end)
    b_apart = _set_apart(texts, text_b, b_from, b_to, at_end)
    if _weightless(texts, text_a, a_from, a_to, at_end, b_apart):
        a_to = a_from
    if _weightless(texts, text_b, b_from, b_to, at_end, a_apart):
        b_to = b_from
    return a_from, a_to, b_from, b_to


@kernel
def _without_initials(texts, text, start, end):
    """The end of a passage without the initials behind its last sentence."""
    first = texts.first[text]
    for i in range(max(start, end - MOST_INITIALS), end):
        if texts.flags[first + i] & AFTER_STOP and _initials(texts, text, i, end):
            return i
    return end


@kernel
def _moved_sentences(texts, text, covered, start, end, edge, at_end):
    """Whether a passage is whole sentences that stand elsewhere in the other text.

    A single letter that labels the match ("A: ") is not looked for.
    """
    if not edge & AFTER_STOP:
        return False
    if not at_end and end - start > 1:
        label, after = token_bytes(texts, text, end - 1)
        flags = texts.flags[texts.first[text] + end - 1]
        end -= after - label == 1 and flags & (NAME | AFTER_STOP) == NAME | AFTER_STOP
    return moved(covered, start, end)


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
            b_to - b_from >= GOES_ON or rare(texts, text_a, a_from)
        ):
            return True
    if b_to - b_from == 1 and (not _ended(texts, text_b) if at_end else not strict):
        other = a_from if at_end else a_to - 1
        if _is_cut(texts, text_b, b_from, text_a, other, at_end) and (
            a_to - a_from >= GOES_ON or rare(texts, text_b, b_from)
        ):
            return True
    return difference(texts, text_a, a_from, a_to, text_b, b_from, b_to, strict) == 0


@kernel
def judge_end(
    texts, text_a, covered_a, a_from, a_to, text_b, covered_b, b_from, b_to, at_end, strict
):
    """Judge what sticks out of a match at one end.

    Args:
        texts: a ``verify.View``.
        text_a, covered_a: one text, and which of its tokens the other covers.
        a_from, a_to: what sticks out of it; may be empty.
        text_b, covered_b, b_from, b_to: the same of the other.
        at_end: whether it is the end of the texts, else their beginning.
        strict: whether names can't be told from other words.

    Returns:
        (a can be merged into b, b into a, the ends agree, so that the two can be near,
        code of the difference or 0, a_from, a_to, b_from, b_to: the words that part).
    """
    a_cut = at_end and _cut_off(texts, text_a)
    b_cut = at_end and _cut_off(texts, text_b)
    if at_end:
        a_left = omitted(texts.hashes, texts.first[text_a] + a_from, texts.first[text_a] + a_to)
        b_left = omitted(texts.hashes, texts.first[text_b] + b_from, texts.first[text_b] + b_to)
        a_to, b_to = a_to - a_left, b_to - b_left
        a_cut, b_cut = a_cut or a_left > 0, b_cut or b_left > 0
    if not strict:
        a_from, a_to, b_from, b_to = _trimmed(
            texts, text_a, a_from, a_to, text_b, b_from, b_to, at_end
        )
    first_a, first_b = texts.first[text_a], texts.first[text_b]
    if at_end:
        a_touch, b_touch, step = a_from, b_from, 1
        a_edge = texts.flags[first_a + a_from] if a_from < a_to else _NO_FLAGS
        b_edge = texts.flags[first_b + b_from] if b_from < b_to else _NO_FLAGS
    else:
        a_touch, b_touch, step = a_to - 1, b_to - 1, -1
        a_edge, b_edge = texts.flags[first_a + a_to], texts.flags[first_b + b_to]
    if _moved_sentences(texts, text_a, covered_a, a_from, a_to, a_edge, at_end):
        a_to = a_from
    if _moved_sentences(texts, text_b, covered_b, b_from, b_to, b_edge, at_end):
        b_to = b_from
    gap_a, gap_b = a_to - a_from, b_to - b_from
    if gap_a == 0 and gap_b == 0:
        return True, True, True, 0, a_from, a_to, b_from, b_to
    says_a = not strict and _attribution(texts, text_a, a_from, a_to, a_edge, at_end)
    says_b = not strict and _attribution(texts, text_b, b_from, b_to, b_edge, at_end)
    long_a = not says_a and words(texts, text_a, a_from, a_to) >= STATEMENT
    long_b = not says_b and words(texts, text_b, b_from, b_to) >= STATEMENT
    negated = False
    if gap_a and not a_edge & AFTER_BREAK:
        negated |= _negated(texts, text_a, a_touch, a_from - 1 if step < 0 else a_to, step)
    if gap_b and not b_edge & AFTER_BREAK:
        negated |= _negated(texts, text_b, b_touch, b_from - 1 if step < 0 else b_to, step)
    # A text that is cut off says nothing yet about what the other one negates.
    if (gap_a == 0 and a_cut) or (gap_b == 0 and b_cut):
        negated = False
    if negated:
        return False, False, True, CODE_NEGATION, a_from, a_to, b_from, b_to
    if gap_a == 0 or gap_b == 0:
        if gap_a:
            code = _mark(texts, text_a, a_touch, a_touch - step, a_edge)
            joined = not code and _compound(texts, text_a, a_touch, a_edge)
            cut = long_a and b_cut
        else:
            code = _mark(texts, text_b, b_touch, b_touch - step, b_edge)
            joined = not code and _compound(texts, text_b, b_touch, b_edge)
            cut = long_b and a_cut
        if joined and not cut:
            code = WORDING
        return not (code or long_a), not (code or long_b), True, code, a_from, a_to, b_from, b_to
    if (
        says_a and says_b and not _rivals(texts, text_a, a_from, a_to, text_b, b_from, b_to)
    ) or _same_ends(
        texts, text_a, a_from, a_to, text_b, b_from, b_to, at_end, a_edge, b_edge, strict
    ):  # where one is cut off, the other may go on with a statement
        return not long_a, not long_b, True, 0, a_from, a_to, b_from, b_to
    code = difference(texts, text_a, a_from, a_to, text_b, b_from, b_to, strict)
    alike = max(gap_a, gap_b) <= 2 * min(gap_a, gap_b) + END_SLACK
    if a_edge & b_edge & AFTER_BREAK:  # two attributions, unless they contradict
        alike = _contradict(texts, text_a, a_from, a_to, text_b, b_from, b_to)
    elif not at_end and a_edge & b_edge & AFTER_DASH:
        alike = True  # two datelines
    a_in_b = not alike and not long_a and a_edge & _PAUSE != 0
    b_in_a = not alike and not long_b and b_edge & _PAUSE != 0
    return a_in_b, b_in_a, False, code, a_from, a_to, b_from, b_to
