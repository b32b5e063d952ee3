"""Releases: immutable versions of the dataset.

``changes`` compares with the release before and decides the version, ``write`` writes tables,
``describe`` writes what explains them, ``publish`` builds in staging and makes the release
visible, ``catalog`` is the index of what is there, ``digest`` names the content, ``restore``
rebuilds documents.
"""
