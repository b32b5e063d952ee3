"""Web addresses in one form, so that one page has one name."""

import re

import httpx

from onrecord.collect.problems import Problem, Reason

_HOST = re.compile(r"[a-z0-9._-]+|[0-9a-f:.]+")
#: Longer addresses are not fetched.
_LONGEST = 2_000


def normalise(address: str, base: str | None = None) -> str:
    """A web address in its one form.

    Scheme and host in lower case, the host in ASCII (IDNA), no default port, no dots in the path,
    other characters percent-encoded, no fragment. Nothing else is changed: whether two addresses
    with different parameters show one page, only the site knows.

    Args:
        address: as somebody wrote it.
        base: the address that it stands in, for one that is relative.

    Returns:
        The address.

    Raises:
        Problem: it is no address that may be fetched.
    """
    try:
        url = httpx.URL(base).join(address.strip()) if base else httpx.URL(address.strip())
        url = url.copy_with(raw_path=url.raw_path, fragment=None)  # no path is the path "/"
        found, host = str(url), url.raw_host.decode("ascii")
    except (httpx.InvalidURL, ValueError, UnicodeError) as error:
        raise Problem(Reason.BAD_URL, f"{address[:200]!r} is no web address: {error}") from None
    if url.scheme not in ("http", "https") or not host:
        raise Problem(Reason.BAD_URL, f"{found[:200]}: neither http nor https")
    if not _HOST.fullmatch(host) or not 0 < (url.port or 80) < 65_536:
        raise Problem(Reason.BAD_URL, f"{found[:200]}: no such host or port can be")
    if url.userinfo:
        raise Problem(Reason.BAD_URL, f"{url.host}: the address has a user name or password")
    if len(found) > _LONGEST:
        raise Problem(Reason.BAD_URL, f"{found[:200]}…: longer than {_LONGEST} characters")
    return found


def host_of(url: str) -> str:
    """The host of a normalised address."""
    return httpx.URL(url).raw_host.decode("ascii")


def origin_of(url: str) -> str:
    """Scheme, host and port of a normalised address: what one robots.txt is for."""
    parsed = httpx.URL(url)
    return f"{parsed.scheme}://{parsed.netloc.decode('ascii')}"
