"""Commands that serve: the newsroom, its automations, the Prefect UI."""

import os
import sys
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


@app.command()
def serve(
    sources: Annotated[
        list[str] | None, typer.Argument(help="As for `run`. Default: the sources of the config file.")
    ] = None,
    output: OutputOption = None,
    config: ConfigOption = None,
    cron: Annotated[str, typer.Option(help="When to run, as cron writes it, in UTC.")] = "0 * * * *",
    host: Annotated[
        str, typer.Option(help="Where the server listens; others than this machine's own need a password.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port of the server.")] = 4200,
    report_port: Annotated[
        int | None, typer.Option(help="Port of the HTML reports; default: the one after the server's.")
    ] = None,
    notify: NotifyOption = None,
    origin: OriginOption = None,
) -> None:
    """Serve the Prefect UI and the scheduled deployment on this machine, until stopped with Ctrl-C.

    The deployment runs one at a time, by schedule or by hand from the UI, where every setting is a field of a form. A run
    that was killed is marked Crashed within two minutes; the next one goes on where it stopped.
    """
    from flows.serve.deploy import DEPLOYMENT, serve
    from flows.serve.prefect_server import Address
    from flows.settings import load_settings

    with errors_reported():
        settings = load_settings(config, sources=sources, output=output)
        if not settings.sources:
            fail("No sources to read.", "Name files or folders: copydesk serve FOLDER.", EXIT_USAGE)
        prepare_prefect()
        address = Address(host, port)
        typer.echo(
            f"The newsroom opens at {address.url}/deployments: clean-news/{DEPLOYMENT}, schedule {cron!r} (stop it with Ctrl-C)."
        )
        serve(settings, cron, address, notify, report_port, origin or ())


@app.command()
def watch(
    notify: NotifyOption = None,
) -> None:
    """Make the automations that mark killed runs as Crashed, on the server at PREFECT_API_URL; `serve` does it by itself."""
    from flows.serve.automations import watch_runs
    from flows.serve.prefect_server import start_short_lived_server

    with errors_reported():
        prepare_prefect()
        start_short_lived_server()
        watch_runs(notify)
        typer.echo("The automations are in place; workers need PREFECT_FLOWS_HEARTBEAT_FREQUENCY=30.")


@app.command()
def ui(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1.")] = 4200,
    origin: OriginOption = None,
) -> None:
    """Serve the Prefect UI on 127.0.0.1, with every run so far; stop it with Ctrl-C."""
    from flows.serve.prefect_server import UI_API_PATH, Address, check_free, server_command

    address = Address("127.0.0.1", port)
    with errors_reported():
        prepare_prefect()
        check_free(address)
        command = server_command(address, origin or ())
    os.environ["PREFECT_SERVER_UI_API_URL"] = UI_API_PATH
    typer.echo(f"The Prefect UI opens at {address.url}/runs (stop it with Ctrl-C).")
    os.execv(sys.executable, command)  # noqa: S606
