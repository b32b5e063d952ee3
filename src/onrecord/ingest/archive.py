"""The archive: a private, content-addressed store of raw bytes.

Contract: ``<data>/archive/<first two hex digits>/<sha256>`` holds exactly the bytes with that
hash. A file is written once, next to its place, and renamed into it, so that it is never seen
half-written; it is never changed. The archive is private: releases are published, it is not.
"""

import hashlib
import os
import secrets
from pathlib import Path

from onrecord.errors import RefusedError


class Archive:
    """The store below one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def place(self, sha256: str) -> Path:
        """Where the bytes with this hash are, or would be."""
        return self._folder / sha256[:2] / sha256

    def put(self, raw: bytes) -> str:
        """Keep bytes.

        Args:
            raw: what to keep.

        Returns:
            Their sha256, in hex.

        Raises:
            OSError: they can't be written.
        """
        sha256 = hashlib.sha256(raw).hexdigest()
        place = self.place(sha256)
        if place.exists():
            return sha256
        place.parent.mkdir(parents=True, exist_ok=True)
        draft = place.with_name(f".{sha256}.{secrets.token_hex(4)}")
        try:
            draft.write_bytes(raw)
            draft.replace(place)
        except OSError:
            draft.unlink(missing_ok=True)
            raise
        return sha256

    def key(self) -> bytes:
        """The secret that ids of withheld texts are derived with, made on first use.

        Raises:
            RefusedError: it can't be read or written.
        """
        place = self._folder / "key"
        try:
            if not place.exists():
                self._folder.mkdir(parents=True, exist_ok=True)
                handle = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with os.fdopen(handle, "wb") as file:
                    file.write(secrets.token_bytes(32))
            return place.read_bytes()
        except OSError as error:
            raise RefusedError(
                f"{place}: the key for ids of withheld texts can't be read or made: "
                f"{error.strerror or error}. Nothing was published."
            ) from None
