"""Commands over whole snapshots: check, compare, report, remove, index again."""

from pathlib import Path
from tempfile import mkdtemp
from typing import Annotated, Literal

import typer

from flows.cli.app import (
    EXIT_USAGE,
    ConfigOption,
    JsonOption,
    OutputOption,
    QuietOption,
    app,
    errors_reported,
    fail,
    published_settings,
    say,
)


@app.command()
def diff(
    before: Annotated[str, typer.Argument(help="A run under output/runs.")],
    after: Annotated[str, typer.Argument(help="A later run, or `latest`.")] = "latest",
    output: OutputOption = None,
    config: ConfigOption = None,
    articles: Annotated[int, typer.Option(min=0, help="Articles to show in full; the rest are counted.")] = 10,
) -> None:
    """Show what changed between the snapshots of two runs: articles, removed passages by rule, clusters, flags."""
    from flows.query.diff import compare_snapshots, print_diff
    from flows.store.snapshots import find_snapshot

    with errors_reported():
        folder = published_settings(config, output, before, after).folder
        pair = [find_snapshot(folder, run_id) for run_id in (before, after)]
        print_diff(compare_snapshots(*pair), n_articles=articles)


@app.command()
def gc(
    output: OutputOption = None,
    config: ConfigOption = None,
    keep: Annotated[int | None, typer.Option(min=1, help="Snapshots to keep; default: the settings'.")] = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Remove old snapshots, but the latest and those that a reader holds (`flock -s RUN/manifest.json READER`)."""
    from flows.settings import load_settings
    from flows.store.locks import output_lock
    from flows.store.publication import drop_old_snapshots
    from flows.store.upload import drop_remote_snapshots

    with errors_reported():
        settings = load_settings(config, output=output)
        folder = settings.folder
        with output_lock(folder):
            dropped = drop_old_snapshots(folder, keep or settings.keep_snapshots)
            remote = drop_remote_snapshots(settings, keep or settings.keep_snapshots)
        removed = sorted({*dropped.removed, *remote})
        lines = [f"removed {name}" for name in removed] + [f"kept {name}: a reader holds it" for name in dropped.held]
        lines.append(f"{len(removed)} snapshots removed, {dropped.n_kept} kept.")
        found = {"removed": removed, "held": dropped.held, "kept": dropped.n_kept}
        say(lines, found, as_json=as_json, quiet=quiet)


@app.command()
def reindex(output: OutputOption = None, config: ConfigOption = None) -> None:
    """Rebuild the archive index from the articles of the latest snapshot, and publish it with the same tables."""
    from flows.query.reindex import rebuild_index
    from flows.settings import load_settings

    with errors_reported():
        published, n_articles = rebuild_index(load_settings(config, output=output))
        typer.echo(f"{published}: {n_articles:,} articles indexed.")


@app.command()
def verify(
    run_id: Annotated[str, typer.Argument(help="A run under output/runs, or `latest`.")] = "latest",
    output: OutputOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Compare every file of a snapshot with its digest, and say what to do where one is damaged (exit code 1).

    Of an output on object storage every object is read; the mirror is checked too, and fetched again where it alone is damaged.
    """
    from flows.settings import load_settings
    from flows.store.verify import describe_damage, verify_output

    with errors_reported():
        settings = load_settings(config, output=output)
        known: dict[int, str] = {}
        verdict, mended = verify_output(settings, run_id, known)
        lines = [f"{name} {trouble}" for name, trouble in verdict.damaged.items()]
        if verdict.is_intact:
            lines = [f"{name} was not written by a run." for name in verdict.unnamed]
            lines.append(
                f"{verdict.snapshot}: {verdict.n_files} files, {verdict.n_bytes:,} bytes, all as they were written."
            )
            if not verdict.has_sums:
                lines.append("Its manifest and its report have no digest: an older version wrote it.")
            if mended:
                lines.append(f"Its mirror was damaged ({mended}) and was fetched again.")
        found = {
            "snapshot": str(verdict.snapshot),
            "intact": verdict.is_intact,
            "files": verdict.n_files,
            "bytes": verdict.n_bytes,
            "damaged": verdict.damaged,
            "unnamed": list(verdict.unnamed),
            "mirror_mended": mended,
        }
        say(lines, found, as_json=as_json, quiet=quiet)
        if not verdict.is_intact:
            raise describe_damage(verdict, settings.folder, known, settings.output if settings.is_remote else None)


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
    from flows.query.renew import find_reported, renew_report
    from flows.report.page import write_report
    from flows.settings import load_settings
    from flows.store.snapshots import find_snapshot

    with errors_reported():
        if renew:
            typer.echo(renew_report(load_settings(config, output=output), run_id))
            return
        snapshot = find_snapshot(published_settings(config, output, run_id).folder, run_id)
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
def rules(output: OutputOption = None, config: ConfigOption = None) -> None:
    """List every rule that strips: its count in the last snapshot, its measured precision, an example."""
    from flows.query.rule_list import print_rules

    with errors_reported():
        print_rules(published_settings(config, output).folder)


@app.command()
def schema(
    table: Annotated[str | None, typer.Argument(help="One table; default: all of them.")] = None,
    form: Annotated[
        Literal["markdown", "odcs"],
        typer.Option("--format", help="Markdown, or YAML of the Open Data Contract Standard."),
    ] = "markdown",
) -> None:
    """Print the contracts of the published tables: columns, types, keys, descriptions."""
    from cleaners.schemas import TABLES
    from flows.cli.contract import describe_contract
    from flows.cli.describe import describe_tables

    if table and table not in TABLES:
        fail(f"There is no table {table}.", f"The tables are {', '.join(TABLES)}.", EXIT_USAGE)
    chosen = [table] if table else list(TABLES)
    typer.echo(describe_contract(chosen) if form == "odcs" else describe_tables(chosen))
