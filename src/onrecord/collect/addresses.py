"""Which network addresses may be connected to.

Whoever controls a name decides what it resolves to, and may decide differently a second later.
So every address of a name is looked at, and the connection goes to one of those very addresses.
"""

import ipaddress
import socket

from onrecord.collect.problems import Problem, Reason

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
#: IPv6 addresses that a gateway turns into the IPv4 address in their last 32 bits (NAT64).
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def _within(address: _Address) -> list[_Address]:
    """An address and those that it stands for: some of IPv6 carry one of IPv4."""
    if isinstance(address, ipaddress.IPv4Address):
        return [address]
    carried: list[_Address | None] = [address.ipv4_mapped, address.sixtofour]
    if address.teredo:
        carried += address.teredo
    if address in _NAT64:
        carried.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    found = [inner for inner in carried if inner is not None]
    # ::ffff:93.184.216.34 is an address of IPv4 and nothing else.
    return found if address.ipv4_mapped else [address, *found]


def is_public(text: str) -> bool:
    """Whether an address belongs to the public internet.

    Args:
        text: IPv4 or IPv6, as ``getaddrinfo`` gives it.

    Returns:
        False for private, loopback, link-local, shared, multicast, reserved and unspecified
        addresses, and for those of IPv6 that lead to one of these.
    """
    address = ipaddress.ip_address(text.partition("%")[0])
    return all(
        inner.is_global
        and not inner.is_multicast
        and not inner.is_reserved
        and not inner.is_unspecified
        for inner in _within(address)
    )


def resolve(host: str, port: int, allow_private: bool) -> list[str]:
    """The addresses of a host, each of them checked.

    Args:
        host: a name or an address.
        port: of the service.
        allow_private: whether addresses that are not public will do.

    Returns:
        Its addresses, in the order in which they should be tried.

    Raises:
        Problem: it has none, or one that is not public.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        words = error.strerror if isinstance(error, OSError) else str(error)
        raise Problem(Reason.DNS, f"{host}: {words}", passing=True) from None
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not allow_private:
        for address in addresses:
            if not is_public(address):
                raise Problem(
                    Reason.PRIVATE_ADDRESS,
                    f"{host} is {address}, which is not on the public internet",
                )
    return addresses
