"""Onrecord: every paragraph once, every byte accounted for.

The package is the library and the command line; it imports no Prefect. The flows that
schedule the same pipeline live in the top-level package ``flows``.
"""


def __getattr__(name: str) -> str:
    """``__version__``, looked up only by those who ask: that takes a tenth of a second."""
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415

    try:
        return version("onrecord")
    except PackageNotFoundError:  # a checkout that was never installed
        return "0+unknown"
