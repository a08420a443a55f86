"""The automations that watch runs: silent ones are marked Crashed, and notices go out about what went wrong.

Takes the name of a notification block (a webhook, Slack, e-mail ...), makes the automations on the Prefect server in use. They
see runs of the flow `clean-news` alone, whatever else the server runs.
"""

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from cleaners.errors import ConfigError

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient

FLOW = "clean-news"
HEARTBEAT_SECONDS = 30  # the least that Prefect allows
# Three heartbeats: a run whose machine only stutters stays Running; a killed one is marked within two minutes.
SILENCE_SECONDS = 90

CRASH_AUTOMATION = "copydesk: a run that fell silent has crashed"
NOTICE_AUTOMATION = "copydesk: tell of failed and crashed runs"
BREACH_AUTOMATION = "copydesk: tell of sites out of their band"
SILENCE_AUTOMATION = "copydesk: tell when no run has published for long"


def watch_runs(notify: str | None, publish_hours: float | None = None) -> None:
    """Make the automations, in place of those of the same names: silent runs crash; notices go out, if wanted.

    Args:
        notify: a notification block, `<type>/<name>`; None makes no automation that sends notices.
        publish_hours: hours without a publication after which a notice goes out, and again after as many; None: never.

    Raises:
        ConfigError: there is no such notification block, or none is named though a notice is wanted.
    """
    if publish_hours and not notify:
        raise ConfigError("There is nobody to tell that no run has published.", "Name a notification block: --notify.")
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.objects import StateType
    from prefect.events.actions import ChangeFlowRunState, SendNotification
    from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture
    from prefect.events.schemas.events import ResourceSpecification

    from flows.serve.email import SmtpEmail
    from flows.tasks import BREACH_EVENT, PUBLISHED_EVENT

    # Every event of a run names its flow beside the run: states, heartbeats, and our own. A final state has a name of its own
    # ("128 new, 5 open flags"), and its event has that name: what kind of state it is stands in a label.
    is_run = {"prefect.resource.id": "prefect.flow-run.*"}
    any_state = {"prefect.flow-run.*"}
    of_ours = {
        "match_related": ResourceSpecification(
            {"prefect.resource.role": "flow", "prefect.resource.id": "prefect.flow.*", "prefect.resource.name": FLOW}
        ),
    }
    automations = [
        AutomationCore(
            name=CRASH_AUTOMATION,
            description=f"No heartbeat for {SILENCE_SECONDS} seconds: its process was killed or its machine is gone.",
            trigger=EventTrigger(
                after={"prefect.flow-run.heartbeat"},
                expect=any_state,
                match=ResourceSpecification(is_run),
                **of_ours,
                for_each={"prefect.resource.id"},
                posture=Posture.Proactive,
                threshold=1,
                within=timedelta(seconds=SILENCE_SECONDS),
            ),
            actions=[
                ChangeFlowRunState(
                    state=StateType.CRASHED,
                    message="No heartbeat: the process was killed. The next run goes on where it stopped.",
                )
            ],
        )
    ]
    # The form of our own e-mail block is then among the blocks of the UI.
    SmtpEmail.register_type_and_schema()
    with get_client(sync_client=True) as client:
        if notify:
            block = _find_block(client, notify)
            notices = (
                (
                    NOTICE_AUTOMATION,
                    "A broken gate fails the run, so it is reported as well.",
                    any_state,
                    {**is_run, "prefect.state-type": ["FAILED", "CRASHED"]},
                    "Copydesk: {{ flow_run.name }}: {{ flow_run.state.name }}",
                    "{{ flow_run.state.message }}\n{{ flow_run|ui_url }}",
                ),
                (
                    BREACH_AUTOMATION,
                    "The run goes on, unless `hard_metrics` says otherwise: a site may have changed its layout, or show a wall.",
                    {BREACH_EVENT},
                    is_run,
                    "Copydesk: sites out of their band in {{ flow_run.name }}",
                    "{{ event.payload.message }}\n{{ flow_run|ui_url }}",
                ),
            )
            automations += [
                AutomationCore(
                    name=name,
                    description=description,
                    trigger=EventTrigger(
                        expect=events,
                        match=ResourceSpecification(match),
                        **of_ours,
                        posture=Posture.Reactive,
                        threshold=1,
                    ),
                    actions=[SendNotification(block_document_id=block, subject=subject, body=body)],
                )
                for name, description, events, match, subject, body in notices
            ]
            if publish_hours:
                said = f"No run has published for {publish_hours:g} hours."
                automations.append(
                    AutomationCore(
                        name=SILENCE_AUTOMATION,
                        description="Runs may find nothing new, fail, or not start at all.",
                        trigger=EventTrigger(
                            expect={PUBLISHED_EVENT},
                            match=ResourceSpecification(is_run),
                            **of_ours,
                            posture=Posture.Proactive,
                            threshold=1,
                            within=timedelta(hours=publish_hours),
                        ),
                        actions=[SendNotification(block_document_id=block, subject=f"Copydesk: {said}", body=said)],
                    )
                )
        for name in (
            (CRASH_AUTOMATION, NOTICE_AUTOMATION, BREACH_AUTOMATION, SILENCE_AUTOMATION)
            if notify
            else (CRASH_AUTOMATION,)
        ):
            for old in client.read_automations_by_name(name):
                client.delete_automation(old.id)
        for automation in automations:
            client.create_automation(automation)


def _find_block(client: "SyncPrefectClient", slug: str) -> UUID:
    """The id of a block document.

    Raises:
        ConfigError: there is none.
    """
    from prefect.exceptions import ObjectNotFound

    kind, _, name = slug.partition("/")
    try:
        return client.read_block_document_by_name(name, kind).id
    except ObjectNotFound as error:
        raise ConfigError(
            f"There is no notification block {slug!r}.",
            "Make one in the UI under Blocks, for example of the type Custom Webhook, and name it <type>/<name>.",
        ) from error
