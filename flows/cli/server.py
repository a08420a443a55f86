"""Commands that serve: the newsroom, its automations, the Prefect UI."""

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
    report_port: Annotated[
        int | None, typer.Option(help="Port of the HTML reports; default: the one after the server's.")
    ] = None,
    notify: NotifyOption = None,
    publish_hours: PublishHoursOption = None,
    origin: OriginOption = None,
) -> None:
    """Serve the Prefect UI and the scheduled deployment on this machine, until stopped with Ctrl-C.

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

        def say_open() -> None:
            typer.echo(
                f"The newsroom is open at {address.url}/deployments: clean-news/{DEPLOYMENT}, schedule {cron!r} in {timezone} "
                "(stop it with Ctrl-C)."
            )

        watching = Watch(notify, publish_hours)
        serve(settings, Schedule(cron, timezone), address, watching, report_port, origin or (), say_open)


@app.command()
def watch(
    notify: NotifyOption = None,
    publish_hours: PublishHoursOption = None,
) -> None:
    """Make the automations that mark killed runs as Crashed, on the server at PREFECT_API_URL; `serve` does it by itself."""
    from flows.serve.automations import watch_runs
    from flows.serve.prefect_server import start_short_lived_server

    with errors_reported():
        prepare_prefect()
        start_short_lived_server()
        watch_runs(notify, publish_hours)
        typer.echo("The automations are in place; workers need PREFECT_FLOWS_HEARTBEAT_FREQUENCY=30.")


@app.command()
def ui(
    host: HostOption = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port of the server.")] = 4200,
    origin: OriginOption = None,
) -> None:
    """Serve the Prefect UI, with every run so far; stop it with Ctrl-C."""
    import signal

    from flows.serve.ending import stopped_by_signals
    from flows.serve.prefect_server import Address, check_address, check_free, running_server

    address = Address(host, port)
    with errors_reported():
        prepare_prefect()
        check_address(address)
        check_free(address)
        with stopped_by_signals(), running_server(address, origin or ()):
            typer.echo(f"The Prefect UI is open at {address.url}/runs (stop it with Ctrl-C).")
            while True:
                signal.pause()
