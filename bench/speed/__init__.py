"""Speed: what a release costs in CPU time, wall time and memory, beside the least it could cost.

`inputs` makes folders of text of a chosen size, `measure` runs a release on one in a process
of its own, `floor` does there the least that any such tool must do, and `report` puts both
into one table. ``python -m bench.speed --sizes 10,100`` does all of it.
"""
