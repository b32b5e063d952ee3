"""One decorator for every compiled kernel.

Kernels are plain functions over NumPy arrays. ``nogil`` lets them run in threads; there is
no ``parallel=True`` (it crashed with a double free in a trial) and no ``fastmath``: the same
input must give the same bytes on every machine.

Compiled code is kept in the user's cache folder, so that an installed, read-only copy starts as
fast as a checkout. Numba looks only at the file of a kernel to see whether its code is stale,
not at the kernels and constants that it takes from other files; so the folder's name is a
digest of every module that has kernels or constants for them, and any change starts afresh.
"""

import contextlib
import secrets
import threading
import zipfile
from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from onrecord.compiled import cache_folder

numba.config.CACHE_DIR = str(cache_folder())  # type: ignore[attr-defined]


def kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile `function` on its first call and keep the machine code for later runs."""
    compiled: Callable[..., Any] = numba.njit(nogil=True, cache=True)(function)
    return compiled


_building = threading.RLock()


def kept(name: str, build: Callable[[], dict[str, NDArray[Any]]]) -> dict[str, NDArray[Any]]:
    """Arrays that kernels index and that take long to build, kept beside the machine code.

    A file that is damaged or can't be written costs time, nothing else: what can't be read is
    built.

    Args:
        name: of the file; it names everything that the arrays depend on besides the source.
        build: makes the arrays, by name.
    """
    file = cache_folder() / f"{name}.npz"
    with _building:  # the second thread waits for what the first one builds
        try:
            with np.load(file, allow_pickle=False) as arrays:  # a zip file, with checksums
                return dict(arrays)
        except (OSError, ValueError, EOFError, zipfile.BadZipFile):
            built = build()
        draft = file.with_name(f".{name}-{secrets.token_hex(4)}.npz")
        with contextlib.suppress(OSError):
            file.parent.mkdir(parents=True, exist_ok=True)
            np.savez(draft, allow_pickle=False, **built)
            draft.replace(file)
        return built
