"""One decorator for every compiled kernel.

Kernels are plain functions over NumPy arrays. ``nogil`` lets them run in threads; there is
no ``parallel=True`` (it crashed with a double free in a trial) and no ``fastmath``: the same
input must give the same bytes on every machine.

Compiled code is kept in the user's cache folder, so that an installed, read-only copy starts as
fast as a checkout. Numba looks only at the file of a kernel to see whether its code is stale,
not at the kernels and constants that it takes from other files; so the folder's name is a
digest of every module that has kernels or constants for them, and any change starts afresh.
"""

import hashlib
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numba
import platformdirs


@cache
def cache_folder() -> Path:
    """The folder that holds the compiled kernels of this very source."""
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    base = Path(chosen) if chosen else Path(platformdirs.user_cache_dir("onrecord")) / "numba"
    digest = hashlib.sha256(numba.__version__.encode())
    package = Path(__file__).parent
    for path in sorted(package.rglob("*.py")):
        source = path.read_bytes()
        if b"@kernel" in source or path.parent.name == "text":
            digest.update(path.relative_to(package).as_posix().encode() + b"\0" + source)
    return base / digest.hexdigest()[:16]


numba.config.CACHE_DIR = str(cache_folder())  # type: ignore[attr-defined]


def kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile `function` on its first call and keep the machine code for later runs."""
    compiled: Callable[..., Any] = numba.njit(nogil=True, cache=True)(function)
    return compiled


def is_warm() -> bool:
    """Whether kernels were compiled before, so that the first call will not be slow."""
    folder = cache_folder()
    return folder.is_dir() and any(folder.rglob("*.nbc"))
