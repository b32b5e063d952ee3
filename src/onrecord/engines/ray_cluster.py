"""Find the Ray cluster that the settings name, or start one on this machine's loopback."""

import atexit
import ipaddress
import os
import secrets
import shutil
import socket
import tempfile
from urllib.parse import urlsplit

from onrecord.errors import ConfigurationError, RefusedError

#: Seconds to wait for an answer of a cluster.
_PATIENCE = 5.0
#: Where clusters listen unless told otherwise, for drivers on a node and for clients.
_PORT, _CLIENT_PORT = 6379, 10001


def connect(address: str | None, cores: int) -> int:
    """Connect this process to Ray.

    Args:
        address: ``host:port`` of a cluster that this machine is a node of, ``auto`` for the one
            that runs here, or ``ray://host:port``; None starts one that ends with this process.
        cores: how many of this machine's cores such a one uses.

    Returns:
        The cores of the cluster.

    Raises:
        ConfigurationError: the address is none.
        RefusedError: nothing answers there, or Ray can't be started.
    """
    here = not address
    if address and address != "auto":
        here = _is_loopback(_answers(address))
    if here:  # this is how to tell Ray that loopback will do; else it looks for another address
        os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
    if not address and "RAY_AUTH_MODE" not in os.environ:  # else Ray leaves a token in the home
        os.environ |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    import ray  # noqa: PLC0415 (after the environment is set)

    quiet = {"log_to_driver": False, "configure_logging": False, "logging_level": "ERROR"}
    try:
        if address:
            ray.init(address=address, **quiet)
        else:
            room = tempfile.mkdtemp(prefix="onrecord-ray-")  # short, for the names of sockets
            atexit.register(_end, room)
            ray.init(
                address="local", num_cpus=cores, include_dashboard=False, _temp_dir=room, **quiet
            )
    except Exception as error:
        where = address or "on this machine"
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise RefusedError(f"Ray, {where}: {lines[0]} Nothing was published.") from None
    return max(1, int(ray.cluster_resources().get("CPU", 1)))


def _end(room: str) -> None:
    """Stop what was started here, and remove what it leaves: texts may be in it."""
    import ray  # noqa: PLC0415

    ray.shutdown()
    shutil.rmtree(room, ignore_errors=True)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _answers(address: str) -> str:
    """See that something listens at an address, and say its host.

    Ray itself would try for minutes.
    """
    client = address.startswith("ray://")
    parts = urlsplit(address if client else f"//{address}")
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or "://" in address.removeprefix("ray://"):
        raise ConfigurationError(
            f"--ray-address {address}: expected host:port, ray://host:port or auto"
        )
    try:
        place = host, port or (_CLIENT_PORT if client else _PORT)
        with socket.create_connection(place, _PATIENCE) as link:
            known = _speaks(link)
    except OSError as error:
        raise RefusedError(
            f"Ray, {address}: {error.strerror or error}. Is the cluster running, and is this its "
            "address? Nothing was published."
        ) from None
    if not known:
        raise RefusedError(f"Ray, {address}: what answers there is no Ray. Nothing was published.")
    return host


def _speaks(link: socket.socket) -> bool:
    """Whether the other side speaks HTTP/2, as Ray does: it answers settings with settings."""
    if os.environ.get("RAY_USE_TLS", "0").lower() in ("1", "true"):
        return True
    link.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0)))
    head = b""
    while len(head) < 9 and (more := link.recv(9 - len(head))):
        head += more
    return len(head) == 9 and head[3] == 4


def lost_workers() -> str | None:
    """What became of workers that died too often; None where all are well.

    Daft itself would wait for them for ever.
    """
    try:
        # Not public, but what Daft itself uses; the public one asks a dashboard.
        import ray  # noqa: PLC0415
        from ray._private.state import actors  # noqa: PLC0415

        mine = ray.get_runtime_context().get_job_id()
        states = [state for state in actors().values() if state.get("JobID") == mine]
    except Exception:
        return None
    for state in states:
        cause = str(state.get("DeathCause", ""))
        died = "WORKER_DIED" in cause or "NODE_DIED" in cause
        if died and state.get("ActorClassName") == "UDFActor" and state.get("State") == "DEAD":
            return "a worker died again and again; it may need more memory"
    return None
