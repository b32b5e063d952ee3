"""Run the schedules on one machine, without a work pool: what ``onrecord serve`` does."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, cast
from uuid import UUID

import filelock
from prefect import Flow
from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
from prefect.client.schemas.schedules import CronSchedule
from prefect.deployments.runner import RunnerDeployment
from prefect.runner import Runner
from prefect.schedules import Cron, Schedule
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.types.entrypoint import EntrypointType
from pydantic import ValidationError

from flows.collect import collect
from flows.own_server import QUIET, own_server
from flows.release import release
from flows.sweep import sweep
from flows.verify import verify
from onrecord.commands.console import note
from onrecord.errors import ConfigurationError, RefusedError
from onrecord.release.store import is_url
from onrecord.release.working import default_work

_FLOWS: dict[str, Flow[..., Any]] = {"release": release, "collect": collect, "verify": verify}
#: So many runs at once: a release, a collection and a verification.
_AT_ONCE = 3


@dataclass(frozen=True, slots=True)
class Plan:
    """What runs when, and on what.

    Attributes:
        seeds: folder with one folder a source.
        data: the data folder, or an URL of S3.
        crons: the schedule of each flow, by the flow's name.
        timezone: that the schedules count in.
        name: of the deployments.
    """

    seeds: Path
    data: str
    crons: dict[str, str]
    timezone: str = "UTC"
    name: str = "served"


def _schedule(flow: str, cron: str, timezone: str) -> Schedule:
    """A schedule.

    Raises:
        ConfigurationError: it is none.
    """
    try:
        CronSchedule(cron=cron, timezone=timezone)
    except ValidationError as error:
        why = error.errors()[0]["msg"]
        raise ConfigurationError(f"{flow}: {cron!r} in {timezone}: {why}") from None
    return Cron(cron, timezone=timezone)


def deployments(plan: Plan) -> list[RunnerDeployment]:
    """What is served.

    Raises:
        ConfigurationError: a schedule is none.
    """
    data = plan.data if is_url(plan.data) else str(Path(plan.data).resolve())
    parameters: dict[str, dict[str, Any]] = {
        "release": {"seeds": str(plan.seeds.resolve()), "data": data},
        "collect": {"seeds": str(plan.seeds.resolve()), "data": data},
        "verify": {"data": data},
    }
    alone = ConcurrencyLimitConfig(limit=1, collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW)
    return [
        cast(
            RunnerDeployment,
            _FLOWS[flow].to_deployment(
                plan.name,
                schedule=_schedule(flow, cron, plan.timezone),
                parameters=parameters[flow],
                concurrency_limit=alone,
                entrypoint_type=EntrypointType.MODULE_PATH,
                paused=False,  # also where the end of the last server paused it
            ),
        )
        for flow, cron in plan.crons.items()
    ]


@contextmanager
def _alone(place: Path) -> Iterator[None]:
    """Only one of us serves a data folder.

    Raises:
        RefusedError: another one does, or the folder can't be written.
    """
    try:
        place.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(place / ".serve.lock", timeout=0)
        lock.acquire()
    except filelock.Timeout:
        raise RefusedError(f"{place}: another `onrecord serve` runs for this folder.") from None
    except OSError as error:
        raise RefusedError(f"{place}: can't be written: {error.strerror or error}") from None
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _api(place: Path) -> Iterator[bool]:
    """A server to talk to: the configured one, else one of our own; yields which."""
    configured = PREFECT_API_URL.value()
    if configured:
        note(f"schedules are kept by {configured}")
        yield False
        return
    note("starting a Prefect server; this takes up to half a minute")
    with own_server(place / "prefect") as api:
        home = {"PREFECT_HOME": str((place / "prefect").resolve())}
        os.environ.update(QUIET | home | {"PREFECT_API_URL": api})  # runs are processes of ours
        with temporary_settings({PREFECT_API_URL: api}):
            note(f"what runs and what ran: {api.removesuffix('/api')}")
            yield True


class _Runner(Runner):
    """Ends on SIGTERM as it does on Ctrl-C: runs are stopped, then the rest is tidied up."""

    def handle_sigterm(self, *args: Any, **kwargs: Any) -> None:
        """What the signal calls."""
        signal.raise_signal(signal.SIGINT)


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def serve(plan: Plan) -> None:
    """Run the schedules until told to stop.

    Args:
        plan: what runs when.

    Raises:
        ConfigurationError: a schedule is none.
        RefusedError: another one serves the data folder, or the server did not start.
    """
    served = deployments(plan)
    data = served[0].parameters["data"]
    place = default_work(data) if is_url(data) else Path(data)
    signal.signal(signal.SIGTERM, _stop)
    with contextlib.suppress(KeyboardInterrupt), _alone(place), _api(place) as is_own:
        # A schedule at a server that stays would pile up runs that nobody takes.
        runner = _Runner(limit=_AT_ONCE, pause_on_shutdown=not is_own)
        ids = frozenset(cast(UUID, runner.add_deployment(deployment)) for deployment in served)
        for line in sweep(data, ids):
            note(line)
        for flow, cron in plan.crons.items():
            note(f"{flow}: {cron} ({plan.timezone})")
        asyncio.run(runner.start())
    note("stopped")
