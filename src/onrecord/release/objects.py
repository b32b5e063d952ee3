"""Files behind a URL: S3 and HTTP through obstore, with one clear message for every failure.

Credentials come from the usual environment alone (``AWS_*``); without any, requests are not
signed, so that public buckets work as they are. Plain HTTP is used where the URL says so, and
for an S3 endpoint on this machine.
"""

import ipaddress
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import urlsplit

import obstore
from obstore import exceptions as failures
from obstore.store import HTTPStore, S3Store

from onrecord.errors import ConfigurationError, NotFoundError, RefusedError
from onrecord.release.store import (
    ConflictError,
    DeniedError,
    MissingError,
    NoRangesError,
    UnreachableError,
)

if TYPE_CHECKING:
    from obstore import GetOptions, PutMode
    from obstore.store import ClientConfig, RetryConfig

#: What says who asks. Where none is set, requests go unsigned.
_CREDENTIALS = (
    "AWS_ACCESS_KEY_ID",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_SKIP_SIGNATURE",
)
_ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")
_TYPES = {
    ".csv": "text/csv; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".json": "application/json",
    ".md": "text/markdown; charset=utf-8",
    ".parquet": "application/vnd.apache.parquet",
}
#: Stalled reads and lost connections are tried again; the whole of a download has no limit.
_CLIENT: "ClientConfig" = {"connect_timeout": "10s", "read_timeout": "30s", "timeout": "7d"}
_RETRIES: "RetryConfig" = {"max_retries": 4, "retry_timeout": timedelta(seconds=60)}

#: What a failed request says within its details, and what we say instead; the first that fits.
_CAUSES = (
    ("dns error", "no such host, or no network"),
    ("ConnectionRefused", "nothing answers there"),
    ("InvalidContentType", "no TLS there; is it http://?"),
    ("certificate", "its certificate is not trusted"),
    ("TimedOut", "no answer in time"),
    ("kind: Timeout", "no answer in time"),
    ("MissingContentLength", "the server does not state sizes"),
    ("IncompleteBody", "the connection broke off"),
    ("kind: Connect", "no connection"),
    ("kind: Interrupted", "the connection broke off"),
)


@dataclass(frozen=True, slots=True)
class Meta:
    """What a place says of a file.

    Attributes:
        name: relative to the place.
        size: in bytes.
        e_tag: changes with the content; None where the place gives none.
    """

    name: str
    size: int
    e_tag: str | None


class Objects:
    """The files below one URL. Threads may share it.

    Args:
        url: ``s3://bucket/prefix``, or an ``http://`` or ``https://`` base URL.

    Raises:
        ConfigurationError: the URL or the environment can't be used.
    """

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        parts = urlsplit(url)
        if not parts.netloc or parts.scheme not in ("s3", "http", "https"):
            raise ConfigurationError(
                f"{url}: expected a local path, s3://bucket/prefix, http:// or https://"
            )
        if parts.query or parts.fragment or "@" in parts.netloc:
            raise ConfigurationError(
                f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}: "
                "a place has no user name, query or fragment"
            )
        self.writable = parts.scheme == "s3"
        self._store = _s3_store(self.url) if self.writable else _http_store(self.url)

    def read(self, name: str, most: int) -> tuple[bytes, str | None]:
        """A whole file, and its e-tag.

        Args:
            name: relative to the URL.
            most: larger files are refused, in bytes.

        Raises:
            MissingError: there is no such file.
            RefusedError: it can't be read, or is too large.
        """
        try:
            found = obstore.get(self._store, name)
            if found.meta["size"] > most:
                raise RefusedError(
                    f"{self.at(name)}: {found.meta['size']:,} bytes; expected at most {most:,}."
                )
            return bytes(found.bytes()), found.meta["e_tag"]
        except (failures.BaseError, OSError) as error:
            self._explain(name, error)

    def head(self, name: str) -> Meta:
        """Size and e-tag of a file.

        Raises:
            MissingError: there is no such file.
            RefusedError: the place does not say.
        """
        try:
            meta = obstore.head(self._store, name)
        except (failures.BaseError, OSError) as error:
            self._explain(name, error)
        return Meta(name, meta["size"], meta["e_tag"])

    def part(self, name: str, start: int, end: int, e_tag: str | None = None) -> bytes:
        """The bytes from `start` up to `end` of a file.

        Args:
            name: relative to the URL.
            start: first byte, 0-based.
            end: the byte after the last; beyond the file, what there is.
            e_tag: the file must still have it.

        Raises:
            ConflictError: the file was changed meanwhile.
            NoRangesError: the server gives whole files only.
            RefusedError: it can't be read.
        """
        options: GetOptions = {"range": (start, end)}
        if e_tag and not e_tag.startswith("W/"):
            options["if_match"] = e_tag
        try:
            return bytes(obstore.get(self._store, name, options=options).bytes())
        except (failures.BaseError, OSError) as error:
            self._explain(name, error)

    def stream(self, name: str, start: int = 0) -> Iterator[bytes]:
        """The bytes of a file from `start` on, piece by piece.

        Raises:
            NoRangesError: the server gives whole files only, and `start` is not 0.
            UnreachableError: the connection broke off.
            RefusedError: it can't be read.
        """
        try:
            found = obstore.get(
                self._store, name, options={"range": {"offset": start}} if start else None
            )
            for piece in found.stream(min_chunk_size=64 * 1024):
                yield bytes(piece)
        except (failures.BaseError, OSError) as error:
            self._explain(name, error)

    def put(self, name: str, content: bytes | Path, mode: "PutMode" = "overwrite") -> None:
        """Write a file, as a whole or not at all.

        Args:
            name: relative to the URL.
            content: bytes, or the local file that holds them.
            mode: ``overwrite``; ``create`` where there must be none yet; ``{"e_tag": …}``
                where it must still be the one with this e-tag.

        Raises:
            ConflictError: it is there already, or has another e-tag.
            RefusedError: it can't be written.
        """
        kind = _TYPES.get(Path(name).suffix, "application/octet-stream")
        try:
            obstore.put(self._store, name, content, mode=mode, attributes={"Content-Type": kind})
        except (failures.BaseError, OSError) as error:
            self._explain(name, error)

    def list(self, folder: str) -> list[Meta]:
        """The files below a folder, by name.

        Raises:
            RefusedError: the place does not say.
        """
        try:
            found = [m for piece in obstore.list(self._store, folder) for m in piece]
        except (failures.BaseError, OSError) as error:
            self._explain(folder, error)
        return sorted((Meta(m["path"], m["size"], m["e_tag"]) for m in found), key=_by_name)

    def delete(self, names: Sequence[str]) -> None:
        """Remove files; one that is gone already is no error.

        Raises:
            RefusedError: they can't be removed.
        """
        try:
            if names:
                obstore.delete(self._store, names)
        except FileNotFoundError:
            return
        except (failures.BaseError, OSError) as error:
            self._explain(names[0], error)

    def at(self, name: str) -> str:
        """The URL of a file."""
        return f"{self.url}/{name}"

    def _explain(self, name: str, error: Exception) -> NoReturn:
        """Raise what a failed request means, in words."""
        where, said = self.at(name), str(error)
        if "NoSuchBucket" in said:
            raise NotFoundError(f"{self.url}: no such bucket.") from None
        if isinstance(error, FileNotFoundError):
            raise MissingError(f"{where}: no such file.") from None
        if isinstance(error, (failures.PermissionDeniedError, failures.UnauthenticatedError)):
            raise DeniedError(f"{where}: access denied. {self._about_credentials()}") from None
        if isinstance(error, (failures.AlreadyExistsError, failures.PreconditionError)):
            raise ConflictError(f"{where}: changed by somebody else meanwhile.") from None
        if isinstance(error, failures.NotSupportedError):
            raise NoRangesError(f"{where}: the server gives no parts of files.") from None
        if "169.254." in said or "CredentialsProvider" in said:
            raise DeniedError(f"{where}: {self._about_credentials()}") from None
        if "status: 301" in said or "status: 307" in said:
            raise ConfigurationError(
                f"{where}: the bucket is in another region. Set AWS_REGION."
            ) from None
        for sign, cause in _CAUSES:
            if sign in said:
                raise UnreachableError(f"{where}: {cause}.") from None
        brief = " ".join(said.partition("Debug source")[0].split())
        raise UnreachableError(f"{where}: {brief[:300]}") from None

    def _about_credentials(self) -> str:
        if not self.writable:
            return "The server wants credentials, or does not publish this."
        if any(os.environ.get(name) for name in _CREDENTIALS):
            return "The credentials in the environment do not allow this."
        return "No credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."


def _by_name(meta: Meta) -> str:
    return meta.name


def _http_store(url: str) -> HTTPStore:
    return HTTPStore.from_url(
        url, client_options={**_CLIENT, "allow_http": True}, retry_config=_RETRIES
    )


def _s3_store(url: str) -> S3Store:
    options: dict[str, Any] = {"client_options": dict(_CLIENT), "retry_config": _RETRIES}
    endpoint = next((os.environ[name] for name in _ENDPOINTS if os.environ.get(name)), None)
    if endpoint and _is_loopback(endpoint):
        options["client_options"]["allow_http"] = True
    elif endpoint and endpoint.startswith("http://") and not os.environ.get("AWS_ALLOW_HTTP"):
        raise ConfigurationError(
            f"{endpoint}: not encrypted. Use https://, or set AWS_ALLOW_HTTP=true."
        )
    if not any(os.environ.get(name) for name in _CREDENTIALS):
        options["skip_signature"] = True
    try:
        return S3Store.from_url(url, **options)
    except (failures.BaseError, ValueError) as error:
        brief = " ".join(str(error).partition("Debug source")[0].split())
        raise ConfigurationError(f"{url}: {brief[:300]}") from None


def _is_loopback(url: str) -> bool:
    """Whether a URL leads to this very machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
