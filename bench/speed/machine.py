"""What a figure was measured on: the machine, the versions and the very code."""

import hashlib
import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from bench.corpus import ROOT

_PACKAGES = ("onrecord", "numpy", "numba", "pyarrow", "polars", "xxhash")


def _value_of(file: str, key: str) -> str | None:
    """The first value of a key in a file of ``key : value`` lines."""
    path = Path(file)
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == key:
                return value.strip()
    return None


def machine() -> dict[str, str]:
    """Processor, cores, memory and kernel; nothing that names the machine."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "cpu": _value_of("/proc/cpuinfo", "model name") or platform.processor() or "unknown",
        "cores": str(os.cpu_count()),
        "memory": f"{memory:.1f} GiB",
        "kernel": f"{platform.system()} {platform.release()}",
    }


def versions() -> dict[str, str]:
    """Python and the packages that do the work."""
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def code_digest() -> str:
    """Digest of the source of Onrecord and its schemas, to tell states of the code apart."""
    digest = hashlib.sha256()
    folders = (ROOT / "src" / "onrecord", ROOT / "schemas")
    for path in sorted(path for folder in folders for path in folder.rglob("*")):
        if path.is_file() and path.suffix in {".py", ".json"}:
            name = path.relative_to(ROOT).as_posix().encode()
            digest.update(name + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]
