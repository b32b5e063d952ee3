"""An engine on Daft on Ray: the workers are wherever the cluster has cores."""

import daft

from onrecord.engines.on_daft import OnDaft
from onrecord.engines.ray_cluster import connect, lost_workers
from onrecord.errors import RefusedError


def on_ray(address: str | None, cores: int) -> OnDaft:
    """Daft on a Ray cluster.

    Args:
        address: see ``ray_cluster.connect``.
        cores: how many of this machine's cores a cluster uses that is started here.

    Raises:
        ConfigurationError: the address is none.
        RefusedError: nothing answers there, or this process uses Daft without Ray already.
    """
    workers = connect(address, cores)
    try:
        daft.set_runner_ray(noop_if_initialized=True)
    except Exception:
        raise RefusedError(
            "This process uses Daft without Ray already; it can't do both."
        ) from None
    return OnDaft(workers, spread=True, trouble=lost_workers)
