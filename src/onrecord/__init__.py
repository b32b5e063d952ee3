"""Onrecord: every paragraph once, every byte accounted for.

The package is the library and the command line; it imports no Prefect. The flows that
schedule the same pipeline live in the top-level package ``flows``.
"""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("onrecord")
except PackageNotFoundError:  # a checkout that was never installed
    __version__ = "0+unknown"
