"""Which faults pass by themselves: only those are worth another attempt."""

import errno

from onrecord.release.store import UnreachableError

#: A disk or a network that has a bad moment. A missing file or a lack of rights is none.
_PASSING = {
    errno.EAGAIN,
    errno.EBUSY,
    errno.ECONNABORTED,
    errno.ECONNREFUSED,
    errno.ECONNRESET,
    errno.EDQUOT,
    errno.EHOSTUNREACH,
    errno.EINTR,
    errno.EIO,
    errno.EMFILE,
    errno.ENETDOWN,
    errno.ENETUNREACH,
    errno.ENFILE,
    errno.ENOBUFS,
    errno.ENOMEM,
    errno.ENOSPC,
    errno.EPIPE,
    errno.ESTALE,
    errno.ETIMEDOUT,
}


def passing(error: BaseException | None) -> bool:
    """Whether what went wrong may be gone in a minute.

    A refusal tells a person what to mend; but where the disk or the network stands behind it,
    which Python notes as its context, that decides.

    Args:
        error: what was raised.
    """
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        if isinstance(error, UnreachableError):
            return True
        if isinstance(error, OSError):
            return error.errno in _PASSING
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return False
