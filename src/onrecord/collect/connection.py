"""One connection to a checked address, with a deadline that no slow sender can stretch."""

import re
import time
from collections.abc import Iterable
from ssl import SSLContext
from typing import Any

import httpcore

from onrecord.collect.addresses import resolve
from onrecord.collect.problems import Problem, Reason

_HEAD_ENDS = re.compile(rb"\r?\n\r?\n")
_INFORMATIONAL = re.compile(rb"HTTP/1\.\d 1(?!01)\d\d")


class Wire:
    """What came over one connection: where the body begins, and how much of it came.

    The HTTP library reads as many bytes as Content-Length says and drops what follows. A body that
    is longer than stated must be noticed, so we count ourselves.
    """

    def __init__(self) -> None:
        self.body: int | None = None
        self._head = b""

    def note(self, data: bytes) -> None:
        """Take in the next bytes."""
        if self.body is not None:
            self.body += len(data)
            return
        self._head += data
        while end := _HEAD_ENDS.search(self._head):
            rest = self._head[end.end() :]
            if not _INFORMATIONAL.match(self._head):
                self.body, self._head = len(rest), b""
                return
            self._head = rest


class _Stream(httpcore.NetworkStream):
    """A stream that keeps a deadline and counts."""

    def __init__(self, inner: httpcore.NetworkStream, guard: "Guard") -> None:
        self._inner = inner
        self._guard = guard
        guard.stream = self

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """The next bytes; none at the end."""
        data = self._inner.read(max_bytes, self._guard.within(timeout))
        self._guard.wire.note(data)
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send bytes."""
        self._inner.write(buffer, self._guard.within(timeout))

    def close(self) -> None:
        """End the connection."""
        self._inner.close()

    def start_tls(
        self,
        ssl_context: SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        """The same connection, encrypted."""
        within = self._guard.within(timeout)
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, within), self._guard)

    def get_extra_info(self, info: str) -> Any:
        """Facts about the connection."""
        return self._inner.get_extra_info(info)


class Guard(httpcore.NetworkBackend):
    """Makes one connection: resolves the host, checks it, and connects to what was checked.

    Args:
        total_seconds: the connection may last so long.
        allow_private: see `addresses.resolve`.

    Attributes:
        address: that it is connected to, once it is.
        wire: what came.
    """

    def __init__(self, total_seconds: float, allow_private: bool) -> None:
        self.address: str | None = None
        self.wire = Wire()
        self.stream: _Stream | None = None
        self._total = total_seconds
        self._deadline = time.monotonic() + total_seconds
        self._allow_private = allow_private
        self._backend = httpcore.SyncBackend()

    def within(self, timeout: float | None) -> float:
        """A time limit for the next step, in seconds.

        Raises:
            Problem: there is no time left.
        """
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise Problem(Reason.TOO_SLOW, f"not complete within {self._total:g} s")
        return left if timeout is None else min(left, timeout)

    @property
    def late(self) -> bool:
        """Whether the time is over."""
        return time.monotonic() >= self._deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to one of the addresses of a host.

        Raises:
            Problem: its addresses are not allowed, or there is no time left.
            httpcore.ConnectError, httpcore.ConnectTimeout: none of them answers.
        """
        failure: Exception | None = None
        for address in resolve(host, port, self._allow_private):
            try:
                inner = self._backend.connect_tcp(
                    address, port, self.within(timeout), local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
                continue
            self.address = address
            return _Stream(inner, self)
        raise failure or httpcore.ConnectError("no address")

    def more_came(self) -> bool:
        """Whether there are bytes behind the end of the response."""
        if self.stream is None or not self.stream.get_extra_info("is_readable"):
            return False
        try:
            return bool(self.stream.read(1, 1.0))
        except (httpcore.ReadError, httpcore.ReadTimeout, Problem):
            return False
