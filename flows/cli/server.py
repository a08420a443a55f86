"""Commands that serve: the newsroom, its automations, the desk, the Prefect UI."""

import os
from typing import Annotated

import typer

from flows.cli.app import (
    EXIT_USAGE,
    ConfigOption,
    OriginOption,
    OutputOption,
    app,
    errors_reported,
    fail,
    prepare_prefect,
    published_settings,
)

NotifyOption = Annotated[
    str | None,
    typer.Option(
        help="Notification block, <type>/<name>, notified of failed and crashed runs and of sites out of their band."
    ),
]
PublishHoursOption = Annotated[
    float | None,
    typer.Option(min=0.003, help="Notify also when no run has published for so many hours; needs --notify."),
]
HostOption = Annotated[
    str, typer.Option(help="Where the server listens; others than this machine's own need a password.")
]


@app.command()
def serve(
    sources: Annotated[
        list[str] | None, typer.Argument(help="As for `run`. Default: the sources of the config file.")
    ] = None,
    output: OutputOption = None,
    config: ConfigOption = None,
    cron: Annotated[str, typer.Option(help="When to run, as cron writes it.")] = "0 * * * *",
    timezone: Annotated[str, typer.Option(help="Time zone of the schedule, such as Europe/Berlin.")] = "UTC",
    host: HostOption = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port of the server.")] = 4200,
    desk_port: Annotated[
        int | None,
        typer.Option(help="Port of the editors' desk and the HTML reports; default: the one after the server's."),
    ] = None,
    notify: NotifyOption = None,
    publish_hours: PublishHoursOption = None,
    origin: OriginOption = None,
) -> None:
    """Serve the Prefect UI, the scheduled deployment and the editors' desk on this machine, until stopped with Ctrl-C.

    The deployment runs one at a time, by schedule or by hand from the UI, where every setting is a field of a form. A run
    that was killed is marked Crashed within two minutes; the next one goes on where it stopped. SIGTERM ends it as Ctrl-C does.
    """
    from flows.serve.deploy import DEPLOYMENT, Schedule, Watch, serve
    from flows.serve.prefect_server import Address
    from flows.settings import load_settings

    with errors_reported():
        settings = load_settings(config, sources=sources, output=output)
        if not settings.sources:
            fail("No sources to read.", "Name files or folders: copydesk serve FOLDER.", EXIT_USAGE)
        prepare_prefect()
        address = Address(host, port)
        typer.echo(f"Starting the newsroom at {address.url} ...", err=True)
        desk_address = Address(host, port + 1 if desk_port is None else desk_port)

        def say_open() -> None:
            typer.echo(
                f"The newsroom is open at {address.url}/deployments: clean-news/{DEPLOYMENT}, schedule {cron!r} in {timezone} "
                "(stop it with Ctrl-C)."
            )
            typer.echo(f"The desk is open at {desk_address.url}/.")

        watching = Watch(notify, publish_hours)
        serve(settings, Schedule(cron, timezone), address, watching, desk_port, origin or (), say_open)


@app.command()
def desk(
    output: OutputOption = None,
    config: ConfigOption = None,
    host: HostOption = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port of the desk.")] = 4201,
    origin: OriginOption = None,
) -> None:
    """Serve the editors' desk alone, until stopped with Ctrl-C: open flags to decide, suspected passages, the reports.

    `copydesk serve` shows the same beside the Prefect UI.
    """
    from flows.serve import ending
    from flows.serve.desk.serving import serving_desk
    from flows.serve.prefect_server import AUTH_VARIABLE, Address, check_address

    with errors_reported():
        check_address(Address(host, port))
        settings, password = published_settings(config, output), os.environ.get(AUTH_VARIABLE)
        with (
            ending.stopped_by_signals(),
            serving_desk(settings, host, port, password, origin or (), is_pulling=True) as address,
        ):
            typer.echo(f"The desk is open at {address}/ (stop it with Ctrl-C).")
            ending.wait_for_signal()


@app.command()
def watch(
    notify: NotifyOption = None,
    publish_hours: PublishHoursOption = None,
) -> None:
    """Make the automations that mark killed runs as Crashed, on the server at PREFECT_API_URL; `serve` does it by itself."""
    from flows.serve.automations import watch_runs
    from flows.serve.prefect_server import use_short_lived_server

    with errors_reported():
        prepare_prefect()
        use_short_lived_server()
        watch_runs(notify, publish_hours)
        typer.echo("The automations are in place; workers need PREFECT_FLOWS_HEARTBEAT_FREQUENCY=30.")


@app.command()
def ui(
    host: HostOption = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port of the server.")] = 4200,
    origin: OriginOption = None,
) -> None:
    """Serve the Prefect UI, with every run so far; stop it with Ctrl-C."""
    from flows.serve.ending import stopped_by_signals, wait_for_signal
    from flows.serve.prefect_server import Address, check_address, check_free, running_server

    address = Address(host, port)
    with errors_reported():
        prepare_prefect()
        check_address(address)
        check_free(address)
        with stopped_by_signals(), running_server(address, origin or ()):
            typer.echo(f"The Prefect UI is open at {address.url}/runs (stop it with Ctrl-C).")
            wait_for_signal()
