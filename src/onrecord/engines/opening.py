"""Which engine the settings ask for; Daft and Ray are loaded only where they are wanted."""

import importlib.util
import os
import shutil
import threading
from pathlib import Path

from onrecord.engines.protocol import Engine
from onrecord.errors import ConfigurationError, RefusedError
from onrecord.settings import Settings

#: No usage statistics, no bars, no dashboard.
_QUIET = {
    "DAFT_ANALYTICS_ENABLED": "0",
    "DAFT_PROGRESS_BAR": "0",
    "DO_NOT_TRACK": "true",  # Daft knows this word and the number one, Prefect the number
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_DISABLE_DASHBOARD": "1",
    "RAY_USAGE_STATS_ENABLED": "0",
}
#: Packages that each engine needs.
_NEEDS = {"local": (), "daft": ("daft",), "ray": ("daft", "ray")}
#: Daft's workers give their results through shared memory; a container may have none to speak of.
_SHARED = Path("/dev/shm")  # noqa: S108
_ENOUGH = 512 * 1024 * 1024

_lock = threading.Lock()
_opened: dict[tuple[str, str | None, int], Engine] = {}


def check_engine(settings: Settings) -> None:
    """See whether what the engine needs is installed, before any work is done.

    Raises:
        ConfigurationError: it is not.
    """
    missing = [name for name in _NEEDS[settings.engine] if importlib.util.find_spec(name) is None]
    if missing:
        raise ConfigurationError(
            f"--engine {settings.engine}: {' and '.join(missing)} not installed. "
            'Get what it needs: pip install "onrecord[ray]"'
        )
    if settings.ray_address and settings.engine != "ray":
        raise ConfigurationError("--ray-address: only with --engine ray")


def open_engine(settings: Settings) -> Engine | None:
    """The engine that the settings ask for; it stays open until this process ends.

    Args:
        settings: of the run.

    Returns:
        The engine; None for ``local``, which is no place elsewhere.

    Raises:
        ConfigurationError: what it needs is not installed, or the address is none.
        RefusedError: it can't be reached or started.
    """
    if settings.engine == "local":
        return None
    check_engine(settings)
    address = settings.ray_address or os.environ.get("RAY_ADDRESS") or None
    key = (settings.engine, address if settings.engine == "ray" else None, settings.threads)
    with _lock:
        if key not in _opened:
            _opened[key] = _open(settings, address)
        return _opened[key]


def _open(settings: Settings, address: str | None) -> Engine:
    for name, value in _QUIET.items():
        if name != "DO_NOT_TRACK" or os.environ.get(name) not in ("1", "true"):
            os.environ[name] = value
    if settings.engine == "daft":
        if _SHARED.is_dir() and shutil.disk_usage(_SHARED).free < _ENOUGH:
            raise RefusedError(
                f"--engine daft: {_SHARED} has less than {_ENOUGH >> 20} MiB free, by which "
                "workers give their results. In a container: --shm-size=2g."
            )
        from onrecord.engines.on_daft import native  # noqa: PLC0415 (needs the extra)

        return native(settings.threads)
    if any(engine == "ray" for engine, _, _ in _opened):
        raise RefusedError("This process is connected to another Ray cluster already.")
    from onrecord.engines.on_ray import on_ray  # noqa: PLC0415

    return on_ray(address, settings.threads)
