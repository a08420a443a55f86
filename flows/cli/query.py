"""Commands that look up a document or a name in a snapshot."""

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.app import ConfigOption, OutputOption, app, errors_reported, published_settings


@app.command()
def inspect(
    file: Annotated[Path, typer.Argument(help="One document: .txt, .html or .htm, also gzipped.")],
    output: OutputOption = None,
    config: ConfigOption = None,
) -> None:
    """Show one document with what would be removed, coloured by rule, its names and its nearest matches."""
    from flows.query.inspect import inspect_file

    with errors_reported():
        inspect_file(file, published_settings(config, output))


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
    from flows.query.similar import print_similar

    with errors_reported():
        print_similar(file, published_settings(config, output), n)


@app.command()
def review(
    file: Annotated[Path, typer.Argument(help="The CSV to write for an editor, or with --take to read back.")],
    take: Annotated[bool, typer.Option("--take", help="Read decisions from FILE; the next run honours them.")] = False,
    variants: Annotated[
        bool, typer.Option("--variants", help="Also what is no error: other spellings, aliases, namesakes.")
    ] = False,
    decided: Annotated[bool, typer.Option("--decided", help="Also flags that an editor decided before.")] = False,
    editor: Annotated[
        str | None, typer.Option("--editor", help="Who decided, kept with each decision; default: this user.")
    ] = None,
    output: OutputOption = None,
    config: ConfigOption = None,
) -> None:
    """Write the open name flags to a CSV for an editor, one row an error, or take its decisions back.

    In the column `decision` say accept, reject, two_people, alias or add_to_authority, or reopen to
    take a decision back; correct `canonical` where it is wrong. The file is read as spreadsheets save
    it. The same flags are on the page that `copydesk desk` serves.
    """
    from flows.query.review import export_flags, name_user, take_decisions

    with errors_reported():
        settings = published_settings(config, output)
        if take:
            taken = take_decisions(settings, file, editor if editor is not None else name_user())
            typer.echo(f"{taken.n_decided} decisions taken into {taken.file}, {taken.n_open} rows left open.")
            if taken.gone:
                names = ", ".join(taken.gone[:10]) + (" ..." if len(taken.gone) > 10 else "")
                typer.echo(
                    f"{len(taken.gone)} of them are on names that the archive no longer has: {names}. They are kept."
                )
        else:
            n = export_flags(settings, file, with_variants=variants, with_decided=decided)
            typer.echo(f"{n} errors written to {file}; fill in `decision`, then: copydesk review --take {file}")
