"""What names that which is kept from run to run: digests, and one of the code itself."""

import contextlib
import hashlib
import platform
import unicodedata
from collections.abc import Iterable
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

#: What may give another result in another version, besides our own code.
_LIBRARIES = ("chardet", "eldc", "ftfy", "numba", "numpy", "pyarrow", "python-dateutil")


def schema_folder() -> Traversable:
    """``schemas/`` inside an installed package, else at the root of the checkout."""
    installed = files("onrecord") / "schemas"
    if installed.is_dir():
        return installed
    return Path(__file__).resolve().parents[2] / "schemas"


@cache
def code_digest() -> str:
    """A digest of this program: source, schemas, and the libraries that decide what it gives."""
    package = Path(__file__).parent
    digest = hashlib.sha256()
    told: dict[str, Traversable] = {f"schemas/{one.name}": one for one in schema_folder().iterdir()}
    told |= {path.relative_to(package).as_posix(): path for path in package.rglob("*.py")}
    for name in sorted(told):
        source = told[name].read_bytes()
        digest.update(f"{name}\0{len(source)}\0".encode() + source)
    for library in _LIBRARIES:
        with contextlib.suppress(PackageNotFoundError):
            digest.update(f"{library} {version(library)}\0".encode())
    digest.update(f"{platform.python_version()} {unicodedata.unidata_version}".encode())
    return digest.hexdigest()


def framed_digest(name: str, parts: Iterable[str | bytes]) -> str:
    """One sha256 in hex over a name and all parts, each behind its length."""
    digest = hashlib.sha256(name.encode())
    for part in parts:
        data = part.encode("utf-8", "surrogateescape") if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "little") + data)
    return digest.hexdigest()
