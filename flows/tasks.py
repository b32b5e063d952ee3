"""How a step of the library becomes a Prefect task."""

from collections.abc import Callable
from typing import Any, TypeVar

from prefect import task
from prefect.cache_policies import NO_CACHE

from onrecord.errors import OnrecordError

T = TypeVar("T")


def _passing(_task: object, _run: object, state: Any) -> bool:
    """Retry what may pass, never a configuration or a refusal that a person must mend."""
    return not isinstance(state.result(raise_on_failure=False), OnrecordError)


def as_task(step: Callable[[], T], name: str, run_name: str | None = None) -> T:
    """Run a step as a task of the current flow run.

    What it works on stays out of Prefect: these are large tables that it would walk through and
    try to hash. So the step is a closure, and the cache is off.

    Args:
        step: what to do.
        name: of the task.
        run_name: of this run of it.
    """

    @task(
        name=name,
        task_run_name=run_name or name,
        cache_policy=NO_CACHE,
        persist_result=False,
        retries=2,
        retry_delay_seconds=[1, 10],
        retry_condition_fn=_passing,
    )
    def run_step() -> T:
        return step()

    return run_step()
