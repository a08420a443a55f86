"""The command `copydesk`. Each command imports what it needs when it runs: `--help` and `inspect` never load Prefect."""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Annotated

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
    add_completion=False,
    pretty_exceptions_enable=False,
    help="The copy desk for scraped news: strips what is not the story, finds the story that already ran, flags the names "
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
NotifyOption = Annotated[
    str | None,
    typer.Option(
        help="Notification block, <type>/<name>, told of failed and crashed runs and of sites out of their band."
    ),
]
OriginOption = Annotated[
    list[str] | None,
    typer.Option(
        help="Address at which a proxy shows the server or the reports to browsers, https://desk.example; may be repeated. "
        "Other names are refused."
    ),
]
VerboseOption = Annotated[bool, typer.Option("--verbose", "-v", help="Show Prefect's own log.")]


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
    anew: Annotated[
        bool,
        typer.Option(
            "--anew",
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

    with _errors_told():
        settings = load_settings(
            config, sources=sources, output=output, workers=workers, dry_run=dry_run or None, anew=anew or None
        )
        if not settings.sources:
            _fail(
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
    from flows.remote import pull_latest
    from flows.settings import load_settings
    from flows.storage import find_snapshot

    with _errors_told():
        settings = load_settings(config, output=output, workers=workers, retry=True)
        pull_latest(settings)
        find_snapshot(settings.folder, "latest")
        _run_flow(settings, verbose)


@app.command()
def diff(
    before: Annotated[str, typer.Argument(help="A run under output/runs.")],
    after: Annotated[str, typer.Argument(help="A later run, or `latest`.")] = "latest",
    output: OutputOption = None,
    config: ConfigOption = None,
    articles: Annotated[int, typer.Option(min=0, help="Articles to show in full; the rest are counted.")] = 10,
) -> None:
    """Show what changed between the snapshots of two runs: articles, removed passages by rule, clusters, flags."""
    from flows.diff import compare_snapshots, print_diff
    from flows.storage import find_snapshot

    with _errors_told():
        folder = _published(config, output, before, after).folder
        pair = [find_snapshot(folder, run_id) for run_id in (before, after)]
        print_diff(compare_snapshots(*pair), n_articles=articles)


@app.command()
def gc(
    output: OutputOption = None,
    config: ConfigOption = None,
    keep: Annotated[int | None, typer.Option(min=1, help="Snapshots to keep; default: the settings'.")] = None,
) -> None:
    """Remove old snapshots, but the latest and those that a reader holds (`flock -s RUN/manifest.json READER`)."""
    from flows.publish import drop_old_snapshots
    from flows.remote import drop_remote_snapshots
    from flows.settings import load_settings
    from flows.storage import output_lock

    with _errors_told():
        settings = load_settings(config, output=output)
        folder = settings.folder
        with output_lock(folder):
            dropped = drop_old_snapshots(folder, keep or settings.keep_snapshots)
            remote = drop_remote_snapshots(settings, keep or settings.keep_snapshots)
        for name in sorted({*dropped.removed, *remote}):
            typer.echo(f"removed {name}")
        for name in dropped.held:
            typer.echo(f"kept {name}: a reader holds it")
        typer.echo(f"{len({*dropped.removed, *remote})} snapshots removed, {dropped.n_kept} kept.")


@app.command()
def inspect(
    file: Annotated[Path, typer.Argument(help="One document: .txt, .html or .htm, also gzipped.")],
    output: OutputOption = None,
    config: ConfigOption = None,
) -> None:
    """Show one document with what would be removed, coloured by rule, its names and its nearest matches."""
    from flows.inspection import inspect_file

    with _errors_told():
        inspect_file(file, _published(config, output))


@app.command()
def similar(
    file: Annotated[Path, typer.Argument(help="One document: .txt, .html or .htm, also gzipped.")],
    output: OutputOption = None,
    config: ConfigOption = None,
    n: Annotated[int, typer.Option("--number", "-n", min=1, help="Articles to show.")] = 10,
) -> None:
    """Show the nearest articles that ever ran, with the share of the shorter text that the other holds.

    The document is compared as it is extracted: what stripping would remove still counts.
    """
    from flows.similar import print_similar

    with _errors_told():
        print_similar(file, _published(config, output), n)


@app.command()
def reindex(output: OutputOption = None, config: ConfigOption = None) -> None:
    """Build the archive index anew from the articles of the latest snapshot, and publish it with the same tables."""
    from flows.reindex import rebuild_index
    from flows.settings import load_settings

    with _errors_told():
        published, n_articles = rebuild_index(load_settings(config, output=output))
        typer.echo(f"{published}: {n_articles:,} articles indexed.")


@app.command()
def restore(
    backup: Annotated[Path, typer.Argument(help="A copy of a snapshot, as `cp -rL output/latest BACKUP` makes it.")],
    output: OutputOption = None,
    config: ConfigOption = None,
) -> None:
    """Publish a backup as the latest snapshot, each of its files verified; the next run goes on from there."""
    from flows.backup import restore_snapshot
    from flows.settings import load_settings

    with _errors_told():
        typer.echo(restore_snapshot(load_settings(config, output=output), backup).description)


@app.command()
def verify(
    run_id: Annotated[str, typer.Argument(help="A run under output/runs, or `latest`.")] = "latest",
    output: OutputOption = None,
    config: ConfigOption = None,
) -> None:
    """Compare every file of a snapshot with its digest, and say what to do where one is damaged (exit code 1).

    Of an output on object storage every object is read; the mirror is checked too, and fetched anew where it alone is damaged.
    """
    from flows.settings import load_settings
    from flows.verify import describe_damage, verify_output

    with _errors_told():
        settings = load_settings(config, output=output)
        known: dict[int, str] = {}
        verdict, mended = verify_output(settings, run_id, known)
        for name, trouble in verdict.damaged.items():
            typer.echo(f"{name} {trouble}")
        if not verdict.is_intact:
            raise describe_damage(verdict, settings.folder, known, settings.output if settings.is_remote else None)
        for name in verdict.unnamed:
            typer.echo(f"{name} was not written by a run.")
        typer.echo(f"{verdict.snapshot}: {verdict.n_files} files, {verdict.n_bytes:,} bytes, all as they were written.")
        if not verdict.has_sums:
            typer.echo("Its manifest and its report have no digest: an older version wrote it.")
        if mended:
            typer.echo(f"Its mirror was damaged ({mended}) and was fetched anew.")


@app.command()
def report(
    run_id: Annotated[str, typer.Argument(help="A run under output/runs, or `latest`.")] = "latest",
    output: OutputOption = None,
    config: ConfigOption = None,
    write: Annotated[
        Path | None, typer.Option("--write", "-w", help="Write the report here instead of opening it.")
    ] = None,
    renew: Annotated[
        bool,
        typer.Option("--renew", help="Write the report that is published afresh, where `verify` finds it damaged."),
    ] = False,
) -> None:
    """Open the HTML report of a run in the browser, or write it to a file."""
    from flows.renew import find_reported, renew_report
    from flows.report import write_report
    from flows.settings import load_settings
    from flows.storage import find_snapshot

    with _errors_told():
        if renew:
            typer.echo(renew_report(load_settings(config, output=output), run_id))
            return
        snapshot = find_snapshot(_published(config, output, run_id).folder, run_id)
        if write:
            path = write_report(snapshot.path, find_reported(snapshot.path), write)
        else:
            path = snapshot.path / "report.html"
            if not path.is_file():  # what is published is not written to
                path = write_report(
                    snapshot.path, find_reported(snapshot.path), Path(mkdtemp(prefix="copydesk-")) / "report.html"
                )
            typer.launch(path.resolve().as_uri())
        typer.echo(path)


@app.command()
def review(
    file: Annotated[Path, typer.Argument(help="The CSV to write for an editor, or with --take to read back.")],
    take: Annotated[bool, typer.Option("--take", help="Read decisions from FILE; the next run honours them.")] = False,
    variants: Annotated[
        bool, typer.Option("--variants", help="Also what is no error: other spellings, aliases.")
    ] = False,
    decided: Annotated[bool, typer.Option("--decided", help="Also flags that an editor decided before.")] = False,
    output: OutputOption = None,
    config: ConfigOption = None,
) -> None:
    """Write the open name flags to a CSV for an editor, or take its decisions back.

    In the column `decision` say accept, reject, two_people or add_to_authority; correct `canonical` where it is wrong.
    """
    from flows.review import export_flags, take_decisions

    with _errors_told():
        settings = _published(config, output)
        if take:
            taken = take_decisions(settings, file)
            typer.echo(f"{taken.n_decided} decisions taken into {taken.file}, {taken.n_open} flags left open.")
        else:
            n = export_flags(settings, file, with_variants=variants, with_decided=decided)
            typer.echo(f"{n} flags written to {file}; fill in `decision`, then: copydesk review --take {file}")


@app.command()
def rules(output: OutputOption = None, config: ConfigOption = None) -> None:
    """List every rule that strips: its count in the last snapshot, its measured precision, an example."""
    from flows.rule_list import print_rules

    with _errors_told():
        print_rules(_published(config, output).folder)


@app.command()
def schema(
    table: Annotated[str | None, typer.Argument(help="One table; default: all of them.")] = None,
) -> None:
    """Print the contracts of the published tables: columns, types, keys, descriptions (Markdown)."""
    from cleaners.schemas import TABLES
    from flows.docs import describe_tables

    if table and table not in TABLES:
        _fail(f"There is no table {table}.", f"The tables are {', '.join(TABLES)}.", EXIT_USAGE)
    typer.echo(describe_tables([table] if table else list(TABLES)))


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
    from flows.deploy import DEPLOYMENT, serve
    from flows.prefect_server import Address
    from flows.settings import load_settings

    with _errors_told():
        settings = load_settings(config, sources=sources, output=output)
        if not settings.sources:
            _fail("No sources to read.", "Name files or folders: copydesk serve FOLDER.", EXIT_USAGE)
        _prepare_prefect()
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
    from flows.automations import watch_runs
    from flows.prefect_server import start_short_lived_server

    with _errors_told():
        _prepare_prefect()
        start_short_lived_server()
        watch_runs(notify)
        typer.echo("The automations are in place; workers need PREFECT_FLOWS_HEARTBEAT_FREQUENCY=30.")


@app.command()
def ui(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1.")] = 4200,
    origin: OriginOption = None,
) -> None:
    """Serve the Prefect UI on 127.0.0.1, with every run so far; stop it with Ctrl-C."""
    from flows.prefect_server import UI_API_PATH, Address, check_free, server_command

    address = Address("127.0.0.1", port)
    with _errors_told():
        _prepare_prefect()
        check_free(address)
        command = server_command(address, origin or ())
    os.environ["PREFECT_SERVER_UI_API_URL"] = UI_API_PATH
    typer.echo(f"The Prefect UI opens at {address.url}/runs (stop it with Ctrl-C).")
    os.execv(sys.executable, command)  # noqa: S606


def main() -> None:
    """The entry point of the command `copydesk`."""
    if sys.getfilesystemencoding() != "utf-8" and os.environ.get("PYTHONUTF8") != "1":
        # A locale such as C or ISO-8859-1: names of files and what is printed would be cut down to it.
        os.environ["PYTHONUTF8"] = "1"
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606
    try:
        app()
    except SystemExit as end:
        uplink = sys.modules.get("flows.uplink")
        if uplink and uplink.is_silent():  # Prefect would try for minutes to send the server what is left to say
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(end.code if isinstance(end.code, int) else EXIT_FAILED)
        raise


def _published(config: Path | None, output: str | None, *run_ids: str) -> "Settings":
    """The settings of a command that reads snapshots; those of an output on object storage are fetched first."""
    from flows.remote import pull_latest, pull_run
    from flows.settings import load_settings

    settings = load_settings(config, output=output)
    pull_latest(settings)
    for run_id in run_ids:
        pull_run(settings, run_id)
    return settings


def _run_flow(settings: "Settings", verbose: bool) -> None:
    """Run `clean-news` here and now, with progress, and say what it did."""
    from flows.storage import output_lock
    from flows.workers import start_workers

    with output_lock(settings.folder):
        pass  # who cannot write there hears so before Prefect has started
    _prepare_prefect()

    # They import what they need while this process imports Prefect.
    start_workers(1 if settings.dask else settings.n_workers)
    # The UI keeps the log either way; in the terminal the progress bars and our own messages say enough.
    os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "INFO" if verbose else "CRITICAL")
    os.environ.setdefault("PREFECT_API_REQUEST_TIMEOUT", str(SERVER_SECONDS))
    logging.raiseExceptions = verbose  # what a log handler that cannot reach the server does not write to the terminal
    from flows.prefect_server import start_short_lived_server
    from flows.terminal import show_result, showing_progress

    with showing_progress():
        start_short_lived_server()
        from flows.clean_news import clean_news
        from flows.uplink import is_silent, run_with_or_without

        result = run_with_or_without(clean_news, settings)
    show_result(result, settings)
    if is_silent():
        typer.echo("The Prefect server does not answer any more: its UI does not say how this run ended.", err=True)


def _prepare_prefect() -> None:
    """Set Prefect's defaults before it is imported, and make its home."""
    from flows.prefect_home import prepare_home

    for name, value in PREFECT_DEFAULTS.items():
        os.environ.setdefault(name, value)
    prepare_home()


@contextmanager
def _errors_told() -> Iterator[None]:
    """Turn errors that a user can mend into one message and an exit code."""
    from cleaners.errors import ConfigError, CopydeskError

    try:
        yield
    except ConfigError as error:
        _fail(error.message, error.hint, EXIT_USAGE)
    except CopydeskError as error:
        _fail(error.message, error.hint, EXIT_FAILED)
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        _fail(
            f"The system says: {error.strerror or error}{where}.",
            "Nothing was published; mend it and run again.",
            EXIT_FAILED,
        )
    except KeyboardInterrupt:
        _fail("Stopped.", "Nothing was published; run again to go on.", 130)


def _fail(message: str, hint: str | None, code: int) -> None:
    typer.secho(f"Error: {message}", fg="red", err=True)
    if hint:
        typer.echo(hint, err=True)
    raise typer.Exit(code)


if __name__ == "__main__":
    main()
