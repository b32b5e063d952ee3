"""Where the compiled kernels are kept, told without loading the compiler."""

import hashlib
import os
from functools import cache
from importlib.metadata import version
from pathlib import Path

import platformdirs


@cache
def cache_folder() -> Path:
    """The folder that holds the compiled kernels of this very source."""
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    base = Path(chosen) if chosen else Path(platformdirs.user_cache_dir("onrecord")) / "numba"
    digest = hashlib.sha256(version("numba").encode())
    package = Path(__file__).parent
    for path in sorted(package.rglob("*.py")):
        source = path.read_bytes()
        if b"@kernel" in source or path.parent.name == "text":
            digest.update(path.relative_to(package).as_posix().encode() + b"\0" + source)
    return base / digest.hexdigest()[:16]


def is_warm() -> bool:
    """Whether kernels were compiled before, so that the first call will not be slow."""
    folder = cache_folder()
    return folder.is_dir() and any(folder.rglob("*.nbc"))
