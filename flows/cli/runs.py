"""Commands that clean: `run` and `retry`."""

import logging
import os
from contextlib import nullcontext
from importlib import import_module
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.app import (
    EXIT_USAGE,
    SERVER_SECONDS,
    ConfigOption,
    JsonOption,
    OutputOption,
    QuietOption,
    VerboseOption,
    WorkersOption,
    app,
    errors_reported,
    fail,
    prepare_prefect,
    say,
)

if TYPE_CHECKING:
    from flows.pipeline import RunResult
    from flows.serve.prefect_server import StartedServer
    from flows.settings import Settings

# Where it is set, a run that finds nothing new is shown in the UI, too: somebody watches there.
SERVER_VARIABLE = "PREFECT_API_URL"

DirectOption = Annotated[
    bool,
    typer.Option("--direct", help="Run without Prefect: sooner done, no retries, and its UI does not show the run."),
]


@app.command()
def run(
    sources: Annotated[
        list[str] | None,
        typer.Argument(
            help="Files, folders, globs or fsspec addresses of .txt, .html, .htm (also .gz), .jsonl[.gz], .parquet, "
            ".warc[.gz]. Default: the sources of the config file."
        ),
    ] = None,
    output: OutputOption = None,
    config: ConfigOption = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Do everything but publish; only the report is kept.")
    ] = False,
    rebuild: Annotated[
        bool,
        typer.Option(
            "--rebuild",
            help="Read everything again, as if nothing had been published: for when the latest snapshot is damaged.",
        ),
    ] = False,
    workers: WorkersOption = None,
    direct: DirectOption = False,
    verbose: VerboseOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Clean what is new in SOURCES and publish it as one snapshot.

    Exit code 0: published, or nothing was new. 1: nothing was published, the message says why. 2: wrong usage or settings, or a
    source that does not exist.
    """
    from flows.workers.process import start_worker

    start_worker()  # it imports what it needs while this process does
    from flows.settings import load_settings

    with errors_reported():
        settings = load_settings(
            config, sources=sources, output=output, workers=workers, dry_run=dry_run or None, rebuild=rebuild or None
        )
        if not settings.sources:
            fail(
                "No sources to read.",
                "Name files or folders: copydesk run FOLDER, or `sources` in the config.",
                EXIT_USAGE,
            )
        _run(settings, direct=direct, verbose=verbose, as_json=as_json, quiet=quiet)


@app.command()
def retry(
    output: OutputOption = None,
    config: ConfigOption = None,
    workers: WorkersOption = None,
    direct: DirectOption = False,
    verbose: VerboseOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Read the inputs again that were rejected, and nothing else; what is an article now joins the snapshot."""
    from flows.workers.process import start_worker

    start_worker()
    from flows.settings import load_settings
    from flows.store.remote import pull_latest
    from flows.store.snapshots import find_snapshot

    with errors_reported():
        settings = load_settings(config, output=output, workers=workers, retry=True)
        pull_latest(settings)
        find_snapshot(settings.folder, "latest")
        _run(settings, direct=direct, verbose=verbose, as_json=as_json, quiet=quiet)


def _run(settings: "Settings", *, direct: bool, verbose: bool, as_json: bool, quiet: bool) -> None:
    """Clean what is new here and now, with progress, and say what that came to."""
    # The first run finds something new, if there is anything: the server starts while it looks, and while all this is imported.
    server = None if direct or _has_server() or (settings.folder / "latest").exists() else _start_server()
    from flows.cli.terminal import describe_result, show_result, showing_progress
    from flows.pipeline import begin_run, go_ahead, run_pipeline, working
    from flows.steps.engine import PlainEngine
    from flows.workers.dask import workers_found

    plain = PlainEngine(settings.n_workers)
    progress = nullcontext() if quiet else showing_progress()
    with progress as wait_for, working(settings), begin_run(settings, plain) as begun:
        is_plain = direct or (begun.plan.is_empty and not _has_server())
        if is_plain:
            if server:
                server.stop()
            with workers_found(settings):
                result = run_pipeline(settings, plain)
        else:
            if not settings.dask:  # whose cluster is not there yet
                go_ahead(begun, plain)
            if wait_for:
                wait_for("Starting Prefect")
            result = _run_flow(settings, server, verbose=verbose)
    if as_json or quiet:
        say((), describe_result(result, settings), as_json=as_json, quiet=quiet)
    else:
        show_result(result, settings, is_in_ui=not is_plain)


def _has_server() -> bool:
    return bool(os.environ.get(SERVER_VARIABLE))


def _start_server() -> "StartedServer":
    prepare_prefect()
    from flows.serve.prefect_server import start_short_lived_server

    return start_short_lived_server()


def _load_flow() -> None:
    """Import the flow, and what Prefect imports when one begins."""
    for module in ("flows.clean_news", "fastapi.encoders"):
        import_module(module)


def _run_flow(settings: "Settings", server: "StartedServer | None", *, verbose: bool) -> "RunResult":
    """Run `clean-news`: its steps as Prefect's tasks, which the UI shows."""
    prepare_prefect()
    # The UI keeps the log either way; in the terminal the progress bars and our own messages say enough.
    os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "INFO" if verbose else "CRITICAL")
    os.environ.setdefault("PREFECT_API_REQUEST_TIMEOUT", str(SERVER_SECONDS))
    logging.raiseExceptions = verbose  # what a log handler that cannot reach the server does not write to the terminal
    from flows.serve.prefect_server import use_short_lived_server

    use_short_lived_server(server, _load_flow)
    from flows.clean_news import clean_news
    from flows.uplink import is_silent, run_with_or_without

    result = run_with_or_without(clean_news, settings)
    if is_silent():
        typer.echo("The Prefect server does not answer any more: its UI does not say how this run ended.", err=True)
    return result
