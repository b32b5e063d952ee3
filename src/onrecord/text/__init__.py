"""Text: where blocks begin and end, and what their tokens are.

``characters`` holds the tables (what each code point is), ``segment`` cuts documents into
blocks, ``tokens`` turns blocks into folded tokens, ``lexicon`` lists the words that must
never be merged away, ``sentences`` is shared by both.
"""
