"""Find texts that repeat their own end: a paragraph followed by a damaged copy of its tail."""

import numpy as np

from onrecord.kernel import kernel
from onrecord.text.tokens import CASELESS_WORD, DATE, NAME, NEGATES, NUMBER, SYMBOL_TOKEN

#: A second copy of a text's own end must have so many tokens, and this share of the text.
REPEAT_TOKENS, REPEAT_SHARE = 8, 0.15
#: Damaged tokens between a text and the second copy of its end.
REPEAT_DAMAGE = 3


@kernel
def _is_damage(flags, start, end):
    """Whether tokens are what a cut leaves of a word: nothing that is named or counted."""
    for i in range(start, end):
        if flags[i] & (NUMBER | DATE | NAME | NEGATES | SYMBOL_TOKEN):
            return False
        if flags[i] & CASELESS_WORD and end - start > 1:
            return False
    return True


@kernel
def repeated_ends(first, size, hashes, flags):
    """For each text the number of tokens before it starts to repeat its own end.

    The longest run that ends the text and stands once more right before it is found with
    the Z algorithm (Gusfield, "Algorithms on Strings, Trees, and Sequences", 1.3) on the
    reversed text.
    """
    core = size.copy()
    for t in range(size.size):
        n = size[t]
        if n < 2 * REPEAT_TOKENS:
            continue
        last = first[t] + n - 1
        z = np.zeros(n, np.int64)
        left, right = 0, 0
        least = max(np.float64(REPEAT_TOKENS), REPEAT_SHARE * n)
        best = 0
        for k in range(1, n):
            if k < right:
                z[k] = min(right - k, z[k - left])
            while k + z[k] < n and hashes[last - z[k]] == hashes[last - k - z[k]]:
                z[k] += 1
            if k + z[k] > right:
                left, right = k, k + z[k]
            run = min(z[k], k)
            # `k - run` tokens between the end of the first copy and the second are damage.
            if run >= least and k - run <= REPEAT_DAMAGE and run > best:
                best = run
                damaged = _is_damage(flags, first[t] + n - k, first[t] + n - run)
                core[t] = n - k if damaged else n - run
    return core
