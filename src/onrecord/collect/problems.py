"""Why an address could not be fetched: a closed list of reasons."""

from enum import StrEnum


class Reason(StrEnum):
    """Reason codes of failed visits in the record of custody."""

    BAD_URL = "bad_url"
    ROBOTS = "robots"
    ROBOTS_UNREACHABLE = "robots_unreachable"
    PRIVATE_ADDRESS = "private_address"
    DNS = "dns"
    CONNECT = "connect"
    TLS = "tls"
    TIMEOUT = "timeout"
    TOO_SLOW = "too_slow"
    TOO_LARGE = "too_large"
    TRUNCATED = "truncated"
    WRONG_LENGTH = "wrong_length"
    PARTIAL = "partial"
    EMPTY = "empty"
    BAD_ENCODING = "bad_encoding"
    PROTOCOL = "protocol"
    STATUS = "status"
    REDIRECT_LOOP = "redirect_loop"
    TOO_MANY_REDIRECTS = "too_many_redirects"
    BAD_REDIRECT = "bad_redirect"
    ASKED_TO_WAIT = "asked_to_wait"
    GIVEN_UP = "given_up"
    WITHDRAWN = "withdrawn"
    BAD_LIST = "bad_list"


class Problem(Exception):  # noqa: N818
    """One address could not be fetched. It never ends a run.

    Attributes:
        reason: the code.
        detail: what was found, in words.
        passing: whether asking again may help.
        retry_after: seconds that the server asks to wait; 0 where it doesn't say.
    """

    def __init__(
        self, reason: Reason, detail: str, *, passing: bool = False, retry_after: float = 0
    ) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
        self.passing = passing
        self.retry_after = retry_after
