"""Have an address called when a run fails: ``python -m flows.notify --url http://…``.

A Prefect automation does it, on the server: it waits for the state of a run of ours to become
Failed or Crashed and posts a few lines of JSON. What is called may stand on the same machine;
nothing else is needed. It is also the pattern for other automations: change the trigger or
the action on the server's page.
"""

import argparse
from typing import cast
from uuid import UUID

from prefect.automations import Automation
from prefect.blocks.webhook import Webhook
from prefect.client.orchestration import get_client
from prefect.events.actions import CallWebhook
from prefect.events.schemas.automations import EventTrigger, Posture
from prefect.events.schemas.events import ResourceSpecification
from pydantic import SecretStr

from flows.sweep import FLOWS

NAME = "onrecord: a run failed"
_BLOCK = "onrecord-failures"
_STATES = {"prefect.flow-run.Failed", "prefect.flow-run.Crashed"}
_PAYLOAD = (
    '{"flow": {{ flow.name | tojson }}, "run": {{ flow_run.name | tojson }}, '
    '"state": {{ flow_run.state.name | tojson }}, '
    '"message": {{ flow_run.state.message | tojson }}}'
)


def notify(url: str) -> None:
    """Have an address called when a run fails, in place of the one before.

    Args:
        url: what to post to.
    """
    block = cast(UUID, Webhook(url=SecretStr(url)).save(_BLOCK, overwrite=True))
    automation = Automation(
        name=NAME,
        description="Post to an address when a release, collection or verification fails.",
        trigger=EventTrigger(
            expect=_STATES,
            match=ResourceSpecification({"prefect.resource.id": "prefect.flow-run.*"}),
            match_related=ResourceSpecification(
                {"prefect.resource.role": "flow", "prefect.resource.name": FLOWS}
            ),
            posture=Posture.Reactive,
            threshold=1,
        ),
        actions=[CallWebhook(block_document_id=block, payload=_PAYLOAD)],
    )
    with get_client(sync_client=True) as client:
        for former in client.read_automations_by_name(NAME):
            client.delete_automation(former.id)
    automation.create()


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m flows.notify", description=__doc__)
    parser.add_argument("--url", required=True, help="what to post to when a run fails")
    notify(parser.parse_args().url)
    print(f"{NAME}: set")


if __name__ == "__main__":
    main()
