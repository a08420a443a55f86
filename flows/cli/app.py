"""The command line's frame: options that several commands share, settings, errors as messages and exit codes.

Each command imports what it needs when it runs: `--help` and `inspect` never load Prefect.
"""

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from flows.settings import Settings

# Quiet and private unless the environment says otherwise; read by Prefect when it is first imported.
PREFECT_DEFAULTS = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_CLOUD_ENABLE_ORCHESTRATION_TELEMETRY": "false",
    "PREFECT_TELEMETRY_ENABLE_RESOURCE_METRICS": "false",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    # Every event that a lost server does not take would be printed: two kilobytes a change of state.
    "PREFECT_INTERNAL_LOGGING_LEVEL": "CRITICAL",
}

SERVER_SECONDS = 8  # that one request of a run may take; it is tried again

EXIT_FAILED = 1
EXIT_USAGE = 2

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="The copy desk for scraped news: strips what is not the story, finds what already ran, flags the names "
    "that do not agree, and publishes Parquet.",
)

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", "-c", help="TOML file of settings; default: copydesk.toml here, if there is one."),
]
OutputOption = Annotated[
    str | None, typer.Option("--output", "-o", help="Folder or address of the snapshots; default: output.")
]

WorkersOption = Annotated[int | None, typer.Option(help="Worker processes; default: one for each core.")]

OriginOption = Annotated[
    list[str] | None,
    typer.Option(
        help="Address at which a proxy shows the server or the desk to browsers, https://desk.example; may be repeated. "
        "Other names are refused."
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object in place of text.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]
VerboseOption = Annotated[bool, typer.Option("--verbose", "-v", help="Show Prefect's own log.")]


def _show_version(is_wanted: bool) -> None:
    if is_wanted:
        from importlib.metadata import version

        typer.echo(f"copydesk {version('copydesk')}")
        raise typer.Exit


@app.callback(
    epilog="Exit codes. 0: done, or nothing was new. 1: not done, the message says why. 2: wrong usage, a setting, a source "
    "that does not exist. 130: stopped with Ctrl-C."
)
def take_options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    """Take the options that stand before a command."""


def say(lines: Iterable[str], value: dict[str, Any], *, as_json: bool, quiet: bool) -> None:
    """Say what a command did: in lines, as one JSON object on a line, or not at all."""
    if quiet:
        return
    if as_json:
        typer.echo(json.dumps(value, ensure_ascii=False))
        return
    for line in lines:
        typer.echo(line)


@app.command()
def restore(
    backup: Annotated[Path, typer.Argument(help="A copy of a snapshot, as `cp -rL output/latest BACKUP` makes it.")],
    output: OutputOption = None,
    config: ConfigOption = None,
) -> None:
    """Publish a backup as the latest snapshot, each of its files verified; the next run goes on from there."""
    from flows.settings import load_settings
    from flows.store.backup import restore_snapshot

    with errors_reported():
        typer.echo(restore_snapshot(load_settings(config, output=output), backup).description)


def published_settings(config: Path | None, output: str | None, *run_ids: str) -> "Settings":
    """The settings of a command that reads snapshots; those of an output on object storage are fetched first."""
    from flows.settings import load_settings
    from flows.store.remote import pull_latest, pull_run

    settings = load_settings(config, output=output)
    pull_latest(settings)
    for run_id in run_ids:
        pull_run(settings, run_id)
    return settings


def prepare_prefect() -> None:
    """Set Prefect's defaults before it is imported, and make its home."""
    from flows.serve.prefect_home import prepare_home

    for name, value in PREFECT_DEFAULTS.items():
        os.environ.setdefault(name, value)
    prepare_home()


@contextmanager
def errors_reported() -> Iterator[None]:
    """Turn errors that a user can mend into one message and an exit code."""
    from cleaners.errors import ConfigError, CopydeskError

    try:
        yield
    except ConfigError as error:
        fail(error.message, error.hint, EXIT_USAGE)
    except CopydeskError as error:
        fail(error.message, error.hint, EXIT_FAILED)
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        fail(
            f"The system says: {error.strerror or error}{where}.",
            "Nothing was published; mend it and run again.",
            EXIT_FAILED,
        )
    except KeyboardInterrupt:
        fail("Stopped.", "Nothing was published; run again to go on.", 130)


def fail(message: str, hint: str | None, code: int) -> None:
    """End the command with a message, a hint and an exit code."""
    typer.secho(f"Error: {message}", fg="red", err=True)
    if hint:
        typer.echo(hint, err=True)
    raise typer.Exit(code)
