"""The contracts of the published tables as Markdown: for `copydesk schema` and the data dictionary."""


def describe_tables(tables: list[str]) -> str:
    """The contracts of some tables as Markdown."""
    from cleaners.document import SCHEMA_VERSION
    from cleaners.schemas import TABLES

    parts = [f"Schema version {SCHEMA_VERSION}.\n"]
    for table in tables:
        schema = TABLES[table]
        key = schema.primary_key()
        parts.append(f"## {table}\n\n{on_one_line(schema.__doc__)}\n")
        parts.append(f"Key: {', '.join(f'`{name}`' for name in key)}.\n" if key else "No key.\n")
        parts.append("| column | type | null | description |\n| --- | --- | --- | --- |")
        for name, column in schema.columns().items():
            null = "yes" if column.nullable else ""
            parts.append(f"| `{name}` | {_type_name(str(column.dtype))} | {null} | {as_cell(column.description)} |")
        parts.append("")
    return "\n".join(parts)


def _type_name(dtype: str) -> str:
    return dtype.replace("Datetime(time_unit='us', time_zone='UTC')", "timestamp (UTC, us)")


def as_cell(text: str | None) -> str:
    """Make text fit for a cell of a Markdown table."""
    return on_one_line(text).replace("|", "\\|")


def on_one_line(text: str | None) -> str:
    """Put text on one line."""
    return " ".join((text or "").split())
