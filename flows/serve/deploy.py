"""The newsroom: a Prefect server with its UI, the scheduled deployment of `clean-news`, and the reports of its runs.

`serve` is all of it on one machine, watched by `flows.serve.automations`; `prefect.yaml` deploys the same flow to a work pool.
"""

import os
from collections.abc import Sequence

from cleaners.errors import ConfigError
from flows.serve.automations import HEARTBEAT_SECONDS, watch_runs
from flows.serve.prefect_server import AUTH_VARIABLE, Address, check_address, running_server
from flows.serve.reports_server import serving_reports
from flows.settings import Settings

DEPLOYMENT = "newsroom"


def serve(
    settings: Settings,
    cron: str,
    address: Address,
    notify: str | None = None,
    report_port: int | None = None,
    origins: Sequence[str] = (),
) -> None:
    """Start the server, watch its runs, and run `clean-news` by its schedule and on demand, until stopped.

    Args:
        settings: parameters of the scheduled runs; each run can be given others in the UI.
        cron: when to run, as cron writes it, in UTC.
        address: where the server listens. One that answers there already is used, if it keeps foreign pages away.
        notify: a notification block, `<type>/<name>`, that is notified of failed and crashed runs and of sites out of their band.
        report_port: where the reports are served, on the same host; None takes the port after the server's.
        origins: addresses at which a proxy shows the server or the reports to browsers.

    Raises:
        ConfigError: the schedule is no cron expression, there is no such block, an origin is none, or the server would be
            open to the network without a password.
        CopydeskError: the server does not start or answers any page, or the port of the reports is taken.
    """
    check_address(address)
    # Prefect reads these when it is first imported, and hands them to the runs.
    os.environ["PREFECT_API_URL"] = f"{address.url}/api"
    os.environ["PREFECT_FLOWS_HEARTBEAT_FREQUENCY"] = str(HEARTBEAT_SECONDS)
    if auth := os.environ.get(AUTH_VARIABLE):
        os.environ.setdefault("PREFECT_API_AUTH_STRING", auth)
    _check_cron(cron)
    anchored = _anchored(settings)
    port = address.port + 1 if report_port is None else report_port
    with (
        running_server(address, origins),
        serving_reports(anchored.folder, address.host, port, os.environ.get(AUTH_VARIABLE), origins) as reports,
    ):
        from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
        from prefect.types.entrypoint import EntrypointType

        from flows.clean_news import clean_news

        watch_runs(notify)
        anchored = anchored.model_copy(update={"report_url": anchored.report_url or reports})
        clean_news.serve(
            name=DEPLOYMENT,
            cron=cron,
            parameters={"settings": anchored.model_dump(mode="json")},
            description="Cleans what is new in the sources and publishes one snapshot.",
            # One run at a time: a second one would only wait for the lock on the output.
            global_limit=ConcurrencyLimitConfig(limit=1, collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW),
            entrypoint_type=EntrypointType.MODULE_PATH,
            print_starting_message=False,
        )


def _check_cron(cron: str) -> None:
    from prefect.client.schemas.schedules import CronSchedule
    from pydantic import ValidationError

    try:
        CronSchedule(cron=cron)
    except ValidationError as error:
        raise ConfigError(
            f"{cron!r} is no schedule: {error.errors()[0]['msg']}.", 'Write it as cron does: --cron "0 6 * * *".'
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
