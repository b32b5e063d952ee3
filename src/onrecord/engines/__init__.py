"""Where the costly steps run: here in threads, or as batch functions of Daft, also on Ray.

The steps are the same, and so are their results, byte for byte. What an engine is given are
*tasks*, each some bytes; what comes back are bytes, in the order of the tasks. Between them is
one plain function. So nothing but this package knows of Daft or Ray, and ``local`` needs neither.

* ``protocol``: what an engine is, and how failures come back.
* ``parcels``: tables and arrays as bytes.
* ``preparing``: files to tokens. ``verifying``: pairs of texts to relations.
* ``opening``: which engine the settings ask for.
* ``on_daft``: Daft on this machine or on Ray. ``ray_cluster``: finding or starting Ray.
* ``waiting``: brings results into order.

What stays with the run itself, whatever the engine: readers of containers, the archive, the
cache, which texts are the same, candidates, decisions, tables, publishing.
"""
