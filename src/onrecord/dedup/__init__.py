"""The deduplication engine, one module a step.

normalise (``onrecord.text.tokens``) → ``exact`` → ``fingerprints`` → ``candidates`` →
``verify`` → ``resolve``; ``engine`` strings them together. Winnowing (Schleimer, Wilkerson and
Aiken, "Winnowing: Local Algorithms for Document Fingerprinting", SIGMOD 2003) finds the
candidates; every pair is then verified on its tokens, so a hash never decides.
"""
