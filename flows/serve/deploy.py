"""The newsroom: a Prefect server with its UI, the scheduled deployment of `clean-news`, the desk and the reports of its runs.

`serve` is all of it on one machine, watched by `flows.serve.automations`; `prefect.yaml` deploys the same flow to a work pool.
"""

import os
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from cleaners.errors import ConfigError
from flows.serve.automations import HEARTBEAT_SECONDS, watch_runs
from flows.serve.desk.serving import serving_desk
from flows.serve.ending import stop, stopped_by_signals
from flows.serve.prefect_server import AUTH_VARIABLE, Address, check_address, running_server
from flows.settings import Settings

DEPLOYMENT = "newsroom"


class Schedule(NamedTuple):
    """When runs begin: a cron expression, and the time zone that it is read in, `Europe/Berlin`."""

    cron: str
    timezone: str = "UTC"


class Watch(NamedTuple):
    """Who is told what: a notification block, `<type>/<name>`, and hours without a publication that are worth a notice."""

    notify: str | None = None
    publish_hours: float | None = None


NO_NOTICES = Watch()


def serve(
    settings: Settings,
    schedule: Schedule,
    address: Address,
    watch: Watch = NO_NOTICES,
    desk_port: int | None = None,
    origins: Sequence[str] = (),
    opened: Callable[[], None] = lambda: None,
) -> None:
    """Start the server, watch its runs, and run `clean-news` by its schedule and on demand, until stopped.

    Args:
        settings: parameters of the scheduled runs; each run can be given others in the UI.
        schedule: when to run.
        address: where the server listens. One that answers there already is used, if it keeps foreign pages away.
        watch: who is notified of failed and crashed runs, of sites out of their band, and of a long silence.
        desk_port: where the desk and the reports are served, on the same host; None takes the port after the server's.
        origins: addresses at which a proxy shows the server or the desk to browsers.
        opened: called once the server answers and the deployment is there.

    Raises:
        ConfigError: the schedule is no cron expression, there is no such time zone or block, an origin is none, or the server
            would be open to the network without a password.
        CopydeskError: the server does not start or answers any page, or the port of the desk is taken.
    """
    check_address(address)
    # Prefect reads these when it is first imported, and hands them to the runs.
    os.environ["PREFECT_API_URL"] = f"{address.url}/api"
    os.environ["PREFECT_FLOWS_HEARTBEAT_FREQUENCY"] = str(HEARTBEAT_SECONDS)
    if auth := os.environ.get(AUTH_VARIABLE):
        os.environ.setdefault("PREFECT_API_AUTH_STRING", auth)
    _check_schedule(schedule)
    anchored = _anchored(settings)
    port = address.port + 1 if desk_port is None else desk_port
    with (
        stopped_by_signals(),
        running_server(address, origins),
        serving_desk(anchored, address.host, port, os.environ.get(AUTH_VARIABLE), origins) as desk,
    ):
        watch_runs(*watch)
        _run_deployment(anchored.model_copy(update={"report_url": anchored.report_url or desk}), schedule, opened)


def _run_deployment(settings: Settings, schedule: Schedule, opened: Callable[[], None]) -> None:
    """Register the deployment and run what is due, until stopped."""
    import asyncio

    from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
    from prefect.runner import Runner
    from prefect.schedules import Cron
    from prefect.types.entrypoint import EntrypointType

    from flows.clean_news import clean_news
    from flows.tasks import TAG

    class Newsroom(Runner):
        """Prefect's runner, ended by a signal as by Ctrl-C: its own way on SIGTERM sometimes does not end."""

        def handle_sigterm(self, *args: Any, **_: Any) -> None:  # noqa: ANN401
            stop(*args)

    runner = Newsroom(name=DEPLOYMENT)
    runner.add_flow(
        clean_news,
        name=DEPLOYMENT,
        schedule=Cron(schedule.cron, timezone=schedule.timezone),
        parameters={"settings": settings.model_dump(mode="json")},
        description="Cleans what is new in the sources and publishes one snapshot.",
        tags=[TAG],
        # One run at a time: a second one by hand waits; those of the schedule that fall due meanwhile are skipped by the run.
        concurrency_limit=ConcurrencyLimitConfig(limit=1, collision_strategy=ConcurrencyLimitStrategy.ENQUEUE),
        entrypoint_type=EntrypointType.MODULE_PATH,
    )
    opened()
    asyncio.run(runner.start())


def _check_schedule(schedule: Schedule) -> None:
    from prefect.client.schemas.schedules import CronSchedule
    from pydantic import ValidationError

    try:
        CronSchedule(cron=schedule.cron, timezone=schedule.timezone)
    except ValidationError as error:
        told = error.errors()[0]
        if "timezone" in told["loc"]:
            raise ConfigError(
                f"{schedule.timezone!r} is no time zone.", "Write it as the tz database does: --timezone Europe/Berlin."
            ) from error
        raise ConfigError(
            f"{schedule.cron!r} is no schedule: {told['msg']}.", 'Write it as cron does: --cron "0 6 * * *".'
        ) from error


def _anchored(settings: Settings) -> Settings:
    """The settings with absolute paths: served runs start in folders of their own."""

    def absolute(path: str) -> str:
        return path if "://" in path else os.path.abspath(path)  # noqa: PTH100 -- globs and links stay as given

    return settings.model_copy(
        update={
            "sources": [absolute(source) for source in settings.sources],
            "output": absolute(settings.output),
            "authority": absolute(settings.authority) if settings.authority else None,
            "decisions": absolute(settings.decisions) if settings.decisions else None,
            "mirror": absolute(settings.mirror) if settings.mirror else None,
        }
    )
