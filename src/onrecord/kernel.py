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
import hashlib
import os
import secrets
import threading
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numba
import numpy as np
import platformdirs
from numpy.typing import NDArray


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
