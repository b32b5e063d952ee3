"""The page of a release: ``index.html`` with its assets, and the view files that it reads.

``page.write`` writes all of it into a release that is being built. What it shows comes from the
tables and descriptors of the release alone, never from the archive: what these withhold, the
page can't show.
"""
