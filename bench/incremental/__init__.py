"""What a run costs when little changed, beside a run that does everything.

One folder of sources is released four times: without a hundredth of its documents; again, when
nothing changed; with the rest added; and with the rest added to a copy of the data folder that
has no cache. The last two must give the same bytes.
"""
