"""Runs that a kill left "Running" for ever: note their end, and start them again.

Prefect learns how a run ended from the process that ran it. When that process and the one that
watched it are killed, the run keeps its state and its place among the limited. So whoever
starts a worker looks first: ``python -m flows.sweep --data data``; ``onrecord serve`` does it
by itself. A run of another machine, or whose process lives, is left alone.
"""

import argparse
import datetime
import json
import platform
from pathlib import Path
from typing import Any
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import FlowFilter, FlowRunFilter
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.states import AwaitingRetry, Cancelled, Crashed

from onrecord.release.store import is_url
from onrecord.release.working import default_work
from onrecord.runs import lives, read_runs

FLOWS = ["release", "collect", "verify"]
#: A run that was killed is started again until it was begun so often.
ATTEMPTS = 3
#: A run without any record may be starting just now; after so many seconds it is not.
_STARTING = 300
#: A run that is due for so many seconds was missed.
_MISSED = 120
_PAGE = 200


def _runs(client: SyncPrefectClient, *states: StateType) -> list[FlowRun]:
    """All runs of our flows in some states."""
    wanted = FlowRunFilter.model_validate({"state": {"type": {"any_": list(states)}}})
    ours = FlowFilter.model_validate({"name": {"any_": FLOWS}})
    found: list[FlowRun] = []
    while True:
        page = client.read_flow_runs(
            flow_filter=ours, flow_run_filter=wanted, limit=_PAGE, offset=len(found)
        )
        found += page
        if len(page) < _PAGE:
            return found


def _is_dead(run: FlowRun, records: dict[str, dict[str, Any]], mine: set[UUID]) -> bool:
    """Whether nobody works on a run any more."""
    record = records.get(str(run.id))
    if record is not None:
        return record["host"] == platform.node() and not lives(record["pid"])
    if run.deployment_id in mine:
        return True
    began = run.state.timestamp if run.state else run.expected_start_time
    age = datetime.datetime.now(datetime.UTC) - began if began else datetime.timedelta()
    return age.total_seconds() > _STARTING


def sweep(data: str, mine: frozenset[UUID] = frozenset()) -> list[str]:
    """Note the end of runs that were killed, and start them again.

    Args:
        data: only runs on this place are looked at, as it stands in their parameters.
        mine: deployments that nobody but the caller runs.

    Returns:
        What was done, in words.
    """
    here = default_work(data) if is_url(data) else Path(data)
    records = {str(one["flow_run"]): one for one in read_runs(here) if one.get("flow_run")}
    names = {data} if is_url(data) else {data, str(Path(data)), str(Path(data).resolve())}
    told = []
    with get_client(sync_client=True) as client:
        for run in _runs(client, StateType.RUNNING, StateType.PENDING, StateType.CANCELLING):
            if str(run.parameters.get("data", "data")) not in names:
                continue
            if not _is_dead(run, records, set(mine)):
                continue
            crashed: Any = Crashed(message="its process was killed")
            client.set_flow_run_state(run.id, crashed, force=True)
            again = run.run_count < ATTEMPTS and run.deployment_id is not None
            if again:
                client.set_flow_run_state(run.id, AwaitingRetry(), force=True)
            told.append(f"{run.name}: was killed{', starts again' if again else ''}")
        told += _drop_missed(client, mine)
    return told


def _drop_missed(client: SyncPrefectClient, mine: frozenset[UUID]) -> list[str]:
    """Of scheduled runs that were missed, keep the newest of each deployment."""
    now = datetime.datetime.now(datetime.UTC)
    missed = [
        run
        for run in _runs(client, StateType.SCHEDULED)
        if run.deployment_id in mine
        and run.auto_scheduled
        and run.run_count == 0
        and run.expected_start_time
        and (now - run.expected_start_time).total_seconds() > _MISSED
    ]
    missed.sort(key=lambda run: str(run.expected_start_time), reverse=True)
    kept: set[UUID | None] = set()
    told = []
    for run in missed:
        if run.deployment_id in kept:
            cancelled: Any = Cancelled(message="missed; a later run does its work")
            client.set_flow_run_state(run.id, cancelled, force=True)
            told.append(f"{run.name}: was missed, a later one does its work")
        kept.add(run.deployment_id)
    return told


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m flows.sweep", description=__doc__)
    parser.add_argument("--data", default="data", help="as in the parameters of the runs")
    parser.add_argument("--json", action="store_true", help="print what was done as JSON")
    chosen = parser.parse_args()
    told = sweep(chosen.data)
    print(json.dumps(told) if chosen.json else "\n".join(told) or "Nothing to do.")


if __name__ == "__main__":
    main()
