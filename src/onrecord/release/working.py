"""The local folder in which what goes to S3 is built: whose it is, and who holds it."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import filelock
import platformdirs

from onrecord.durable import write_atomically
from onrecord.errors import RefusedError
from onrecord.release.catalog import releases_folder

#: Says which place a working folder stands for.
_MARK = ".work-of"


def default_work(url: str) -> Path:
    """Where a data folder on S3 is worked on, unless told otherwise."""
    name = hashlib.sha256(_place(url).encode()).hexdigest()[:16]
    return Path(platformdirs.user_cache_dir("onrecord")) / "remote" / name


def _place(url: str) -> str:
    """Names a place: the same URL is another one at another endpoint."""
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL", "")
    return f"{endpoint}\n{url}"


@contextmanager
def held(work: Path | None, url: str) -> Iterator[Path]:
    """Hold a working folder for one run; its archive is private, so the folder is.

    Args:
        work: the folder; one in the user's cache where None.
        url: of the place that it stands for.

    Yields:
        The folder.

    Raises:
        RefusedError: another run holds it, it can't be written, or it is not for this place.
    """
    folder = work or default_work(url)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = filelock.FileLock(folder / ".work.lock", timeout=0)
        lock.acquire()
    except filelock.Timeout:
        raise RefusedError(
            f"{folder}: another run is publishing to {url} from here. Wait until it is done, "
            "then try again."
        ) from None
    except OSError as error:
        raise RefusedError(f"{folder}: can't be written: {error.strerror or error}") from None
    try:
        try:
            _mark(folder, url, is_ours=work is None)
        except OSError as error:
            raise RefusedError(
                f"{error.filename or folder}: can't be written: {error.strerror or error}"
            ) from None
        yield folder
    finally:
        lock.release()


def _mark(folder: Path, url: str, is_ours: bool) -> None:
    """Make sure that nothing is removed from a folder that is not for this place.

    A run begins by removing what the place does not have. In a data folder of its own that
    would be its releases; in a working folder for another place, what was collected for that
    one would go to this one.

    Raises:
        OSError: the folder can't be read or written.
        RefusedError: it is not for this place.
    """
    mark = folder / _MARK
    wanted = (_place(url) + "\n").encode()
    if mark.exists():
        if mark.read_bytes() != wanted:
            raise RefusedError(f"{folder}: the working folder of another place than {url}.")
        return
    if not is_ours and _is_data_folder(folder):
        raise RefusedError(
            f"{folder}: has releases of its own, which are not those of {url}. "
            "Choose another folder with --work."
        )
    write_atomically(mark, [wanted])


def _is_data_folder(folder: Path) -> bool:
    """Whether a folder has releases, or the secrets of an archive that some stand on."""
    own = [folder / "archive" / name for name in ("key", "suppressed.json", "suppressed.key")]
    releases = releases_folder(folder)
    beside = releases.iterdir() if releases.is_dir() else ()
    return any(path.exists() for path in own) or any(path.name[0] != "." for path in beside)
