"""One request and its response, within limits. Redirects are the caller's business."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from functools import cache

import httpcore
import httpx

from onrecord import __version__
from onrecord.collect.body import Body
from onrecord.collect.config import Collect
from onrecord.collect.connection import Guard
from onrecord.collect.pace import Clock
from onrecord.collect.problems import Problem, Reason

#: The name under which robots.txt may address us.
AGENT = "onrecord"
REDIRECTS = frozenset({301, 302, 303, 307, 308})
_COMPLETE = frozenset({200, 203})
#: These may pass.
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Response:
    """What came of one request.

    Attributes:
        status: of HTTP.
        headers: names in lower case; of several with one name the values are joined by commas.
        content: the body without its Content-Encoding; empty where the status is not 200 or 203.
        wire_bytes: of the body, as sent.
        address: that answered.
        framing: how the end of the body was known: length | chunked | close | none.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = b""
    wire_bytes: int = 0
    address: str | None = None
    framing: str = "none"


@cache
def trusted_certificates() -> ssl.SSLContext:
    """Certificates are checked, against the list that SSL_CERT_FILE names or the usual one."""
    return httpx.create_ssl_context()


def user_agent(contact: str) -> str:
    """How we introduce ourselves."""
    return f"{AGENT}/{__version__} (+{contact})"


def _headers(response: httpcore.Response) -> dict[str, str]:
    found: dict[str, str] = {}
    for raw_name, raw_value in response.headers:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def _framing(headers: Mapping[str, str]) -> str:
    if "chunked" in headers.get("transfer-encoding", "").lower():
        return "chunked"
    return "length" if "content-length" in headers else "close"


def _read(
    response: httpcore.Response, headers: Mapping[str, str], limits: Collect, guard: Guard
) -> Body:
    """Read a body, and compare its length with what was stated."""
    body = Body(headers.get("content-encoding"), limits.max_wire_bytes, limits.max_bytes)
    stated = int(headers["content-length"]) if _framing(headers) == "length" else None
    if stated is not None and stated > limits.max_wire_bytes:
        raise Problem(Reason.TOO_LARGE, f"{stated:,} bytes, the limit is {limits.max_wire_bytes:,}")
    for piece in response.iter_stream():
        guard.within(None)
        body.feed(piece)
    if stated is not None and ((guard.wire.body or 0) > stated or guard.more_came()):
        found = f"more bytes came than the {stated:,} that Content-Length states"
        raise Problem(Reason.WRONG_LENGTH, found, passing=True)
    return body


def _translate(error: Exception, guard: Guard) -> Problem:
    """What went wrong on the wire, as one of our reasons."""
    words = str(error) or type(error).__name__
    if guard.late:
        return Problem(Reason.TOO_SLOW, "the time for one response is over")
    if isinstance(error.__cause__ or error.__context__, ssl.SSLError) or isinstance(
        error, ssl.SSLError
    ):
        return Problem(Reason.TLS, words[:300])
    if isinstance(error, httpcore.TimeoutException):
        return Problem(Reason.TIMEOUT, words[:300], passing=True)
    if isinstance(error, httpcore.ConnectError):
        return Problem(Reason.CONNECT, words[:300], passing=True)
    if "without sending complete message" in words or "incomplete" in words:
        return Problem(Reason.TRUNCATED, words[:300], passing=True)
    if isinstance(error, httpcore.RemoteProtocolError) and "disconnected" not in words:
        return Problem(Reason.PROTOCOL, words[:300])
    return Problem(Reason.CONNECT, words[:300], passing=True)


def request(url: str, limits: Collect, conditions: Mapping[str, str]) -> Response:
    """Ask for one address once.

    The connection goes to an address that was checked, is used for this request only, and ends
    after ``limits.total_seconds`` whatever the server does. Proxies, cookies, and credentials from
    the environment are not used.

    Args:
        url: normalised.
        limits: of the source.
        conditions: If-None-Match and If-Modified-Since, where they are wanted.

    Returns:
        The response, whatever its status.

    Raises:
        Problem: there is no complete response within the limits.
    """
    parsed = httpx.URL(url)
    secure = parsed.scheme == "https"
    port = parsed.port or (443 if secure else 80)
    guard = Guard(limits.total_seconds, limits.allow_private)
    headers: dict[bytes | str, bytes | str] = {
        "User-Agent": user_agent(limits.contact),
        "Accept": "*/*",
        "Accept-Encoding": "gzip",
        "Connection": "close",
    }
    headers |= dict(conditions.items())
    if "@" in limits.contact:
        headers["From"] = limits.contact.removeprefix("mailto:")
    times = {
        "connect": limits.connect_seconds,
        "read": limits.read_seconds,
        "write": limits.read_seconds,
    }
    origin = httpcore.Origin(parsed.raw_scheme, parsed.raw_host, port)
    target = httpcore.URL(
        scheme=parsed.raw_scheme, host=parsed.raw_host, port=parsed.port, target=parsed.raw_path
    )
    try:
        with (
            httpcore.HTTPConnection(
                origin,
                ssl_context=trusted_certificates() if secure else None,
                network_backend=guard,
            ) as connection,
            connection.stream(
                "GET", target, headers=headers, extensions={"timeout": times}
            ) as response,
        ):
            found = _headers(response)
            if response.status not in _COMPLETE:
                return Response(response.status, found, address=guard.address)
            body = _read(response, found, limits, guard)
            return Response(
                response.status,
                found,
                body.end(),
                body.wire_bytes,
                guard.address,
                _framing(found),
            )
    except (
        httpcore.NetworkError,
        httpcore.TimeoutException,
        httpcore.ProtocolError,
        ssl.SSLError,
        OSError,
    ) as error:
        raise _translate(error, guard) from None


def retry_after(headers: Mapping[str, str], clock: Clock) -> float:
    """Seconds that a server asks to wait, 0 where it doesn't say or says it wrongly."""
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return float(min(int(value[:12]), 10**9))
    try:
        moment = parsedate_to_datetime(value)
        return max(0.0, (moment - clock.utc()).total_seconds())
    except (ValueError, TypeError):
        return 0.0


def check_status(response: Response, asked_conditionally: bool, clock: Clock) -> None:
    """Accept a complete response, or one that says that nothing changed.

    Raises:
        Problem: it is any other.
    """
    status = response.status
    if status in _COMPLETE or (status == 304 and asked_conditionally):
        return
    if status == 206:
        raise Problem(Reason.PARTIAL, "a part was sent where the whole was asked for")
    raise Problem(
        Reason.STATUS,
        f"HTTP {status}",
        passing=status in _PASSING,
        retry_after=retry_after(response.headers, clock),
    )
