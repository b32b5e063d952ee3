"""Readers: one small module a format, all behind the protocol in ``protocol``.

A reader gets bytes and gives texts, parts that another reader must read, or reasons why not.
It runs in a child process (``worker``) that may be killed when it takes too long or too much
memory. ``registry`` knows which readers there are, others can add theirs with an entry point
of the group ``onrecord.readers``. Plain text takes none of this: it is read in bulk
(``ingest.read``).

Nothing here may import NumPy or Arrow: a child's memory is limited.
"""
