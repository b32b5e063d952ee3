"""Names that a place states: checked before they become paths.

An index or a list of checksums may come from anywhere, so no name in it is trusted: one that
would lead out of a release's folder, or that one system reads differently from another, is
refused, and nothing is written.
"""

import re

from onrecord.errors import RefusedError

SUMS, SIGNATURE, SELECTION = "SHA256SUMS", "SHA256SUMS.sig", "SELECTION.json"

#: Describes the release itself; no file of this name is listed among its checksums.
_OWN = {SUMS, SIGNATURE, SELECTION}
_SEGMENT = r"[A-Za-z0-9_][A-Za-z0-9._+-]{0,127}"
_NAME = re.compile(rf"{_SEGMENT}(?:/{_SEGMENT}){{0,7}}", re.ASCII)
_LINE = re.compile(r"([0-9a-f]{64})  (.+)", re.ASCII)


def is_safe(name: str) -> bool:
    """Whether a name is a plain relative path that stays within its folder.

    Letters, digits, ``. _ + -`` and forward slashes; no segment starts with a dot or a dash.
    """
    return _NAME.fullmatch(name) is not None


def parse_sums(raw: bytes, where: str) -> dict[str, str]:
    """Read a list of checksums.

    Args:
        raw: content of ``SHA256SUMS``.
        where: its place, for messages.

    Returns:
        The sha256 in hex of every file, by name.

    Raises:
        RefusedError: a line is malformed, or a name is not safe.
    """
    sums: dict[str, str] = {}
    try:
        lines = raw.decode("utf-8").split("\n")
    except UnicodeDecodeError:
        raise RefusedError(f"{where}: no list of checksums.") from None
    if lines.pop() or not lines:
        raise RefusedError(f"{where}: cut off or empty.")
    for number, line in enumerate(lines, 1):
        found = _LINE.fullmatch(line)
        if found is None:
            raise RefusedError(f"{where}, line {number}: no checksum and name.")
        sha256, name = found.groups()
        if not is_safe(name) or name in _OWN:
            raise RefusedError(f"{where}, line {number}: {name!r} is no name that can be used.")
        if name in sums:
            raise RefusedError(f"{where}, line {number}: {name!r} stands there twice.")
        sums[name] = sha256
    folders = {name[:at] for name in sums for at in range(len(name)) if name[at] == "/"}
    if both := sorted(folders & sums.keys()):
        raise RefusedError(f"{where}: {both[0]!r} is both a file and a folder.")
    return sums
