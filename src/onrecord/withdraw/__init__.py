"""Withdrawal: a record and every trace of its text leave all releases, the archive, the caches.

``traces`` finds where the text stands, ``redact`` makes the tables of a release without it,
``plan`` puts both together for all releases and the archive, ``execute`` builds the reissues
aside, and ``journal`` puts them in place of what they supersede, so that a crash at any point
leaves the old state, or one that the next command finishes.
"""
