"""Commands that clean: `run` and `retry`."""

import logging
import os
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.app import (
    EXIT_USAGE,
    SERVER_SECONDS,
    ConfigOption,
    OutputOption,
    VerboseOption,
    WorkersOption,
    app,
    errors_reported,
    fail,
    prepare_prefect,
)

if TYPE_CHECKING:
    from flows.settings import Settings


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
    verbose: VerboseOption = False,
) -> None:
    """Clean what is new in SOURCES and publish it as one snapshot.

    Exit code 0: published, or nothing was new. 1: nothing was published, the message says why. 2: wrong usage or settings.
    """
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
        _run_flow(settings, verbose)


@app.command()
def retry(
    output: OutputOption = None,
    config: ConfigOption = None,
    workers: WorkersOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Read the inputs again that were rejected, and nothing else; what is an article now joins the snapshot."""
    from flows.settings import load_settings
    from flows.store.remote import pull_latest
    from flows.store.snapshots import find_snapshot

    with errors_reported():
        settings = load_settings(config, output=output, workers=workers, retry=True)
        pull_latest(settings)
        find_snapshot(settings.folder, "latest")
        _run_flow(settings, verbose)


def _run_flow(settings: "Settings", verbose: bool) -> None:
    """Run `clean-news` here and now, with progress, and say what it did."""
    from flows.store.locks import output_lock
    from flows.workers.process import start_workers

    with output_lock(settings.folder):
        pass  # who cannot write there hears so before Prefect has started
    prepare_prefect()

    # They import what they need while this process imports Prefect.
    start_workers(1 if settings.dask else settings.n_workers)
    # The UI keeps the log either way; in the terminal the progress bars and our own messages say enough.
    os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "INFO" if verbose else "CRITICAL")
    os.environ.setdefault("PREFECT_API_REQUEST_TIMEOUT", str(SERVER_SECONDS))
    logging.raiseExceptions = verbose  # what a log handler that cannot reach the server does not write to the terminal
    from flows.cli.terminal import show_result, showing_progress
    from flows.serve.prefect_server import start_short_lived_server

    with showing_progress():
        start_short_lived_server()
        from flows.clean_news import clean_news
        from flows.uplink import is_silent, run_with_or_without

        result = run_with_or_without(clean_news, settings)
    show_result(result, settings)
    if is_silent():
        typer.echo("The Prefect server does not answer any more: its UI does not say how this run ended.", err=True)
