"""One decorator for every compiled kernel.

Kernels are plain functions over NumPy arrays. ``nogil`` lets them run in threads; there is
no ``parallel=True`` (it crashed with a double free in a trial) and no ``fastmath``: the same
input must give the same bytes on every machine. Compiled code is cached in the user's cache
folder, so that an installed, read-only copy starts as fast as a checkout.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import platformdirs

F = TypeVar("F", bound=Callable[..., object])


def cache_folder() -> Path:
    """The folder that holds compiled kernels (``NUMBA_CACHE_DIR`` overrides it)."""
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    return Path(chosen) if chosen else Path(platformdirs.user_cache_dir("onrecord")) / "numba"


# Numba reads this once, when it is imported.
os.environ.setdefault("NUMBA_CACHE_DIR", str(cache_folder()))

import numba  # noqa: E402


def kernel(function: F) -> F:
    """Compile `function` on its first call and keep the machine code for later runs."""
    compiled: F = numba.njit(nogil=True, cache=True)(function)
    return compiled


def is_warm() -> bool:
    """Whether kernels were compiled before, so that the first call will not be slow."""
    folder = cache_folder()
    return folder.is_dir() and any(folder.rglob("*.nbc"))
