"""Fetch raw text from the web into the archive, politely, with a record of custody.

``config`` is the `collect:` of a ``source.yml``. ``urls``, ``addresses``, ``connection`` and
``body`` make one safe request (``request``); ``pace`` and ``robots`` say when and whether it may
be made; ``fetch`` does all that it takes to get one address. ``lists`` reads feeds and sitemaps,
``custody`` keeps the record, ``session`` and ``run`` are the whole collection. ``handover`` gives
what was fetched to the release: it needs no network and none of the other modules but
``custody``, because a release is a function of the archive.
"""
