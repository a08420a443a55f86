"""The contracts of the published tables as a document of the Open Data Contract Standard, for `copydesk schema --format odcs`.

Takes names of tables, gives YAML that catalogues and checkers of other houses read. The standard is Bitol's, version 3.1.
"""

from typing import Any

import yaml

ODCS_VERSION = "v3.1.0"
# Polars type -> the standard's logical type.
_LOGICAL = {
    "String": "string",
    "Boolean": "boolean",
    "Int64": "integer",
    "Float64": "number",
    "Datetime": "timestamp",
    "List": "array",
    "Struct": "object",
}
# Polars type -> that of the Parquet column.
_PHYSICAL = {
    "String": "STRING",
    "Boolean": "BOOLEAN",
    "Int64": "INT64",
    "Float64": "DOUBLE",
    "Datetime": "TIMESTAMP(MICROS, UTC)",
    "List": "LIST",
    "Struct": "GROUP",
}


def describe_contract(tables: list[str]) -> str:
    """Describe some tables as one data contract, in YAML."""
    from importlib.metadata import version

    from cleaners.document import SCHEMA_VERSION

    contract = {
        "apiVersion": ODCS_VERSION,
        "kind": "DataContract",
        "id": "copydesk",
        "name": "copydesk",
        "version": version("copydesk"),
        "status": "active",
        "description": {
            "purpose": "Scraped news, cleaned: articles, what was removed from them, which of them are one story, and the names "
            "that do not agree.",
            "usage": "Read the folder of a table below output/latest, or below output/runs/RUN to stay with one run.",
        },
        "schema": [_describe_table(table) for table in tables],
        "customProperties": [{"property": "schemaVersion", "value": SCHEMA_VERSION}],
    }
    text: str = yaml.safe_dump(contract, sort_keys=False, allow_unicode=True, width=110)
    return text


def _describe_table(table: str) -> dict[str, Any]:
    from cleaners.schemas import TABLES
    from flows.cli.describe import on_one_line

    schema = TABLES[table]
    key = schema.primary_key()
    return {
        "name": table,
        "physicalName": f"{table}/*.parquet",
        "logicalType": "object",
        "physicalType": "table",
        "description": on_one_line(schema.__doc__),
        "properties": [
            {
                **_describe_type(name, column.dtype),
                "required": not column.nullable,
                **({"primaryKey": True, "primaryKeyPosition": key.index(name) + 1} if name in key else {}),
                "description": on_one_line(column.description),
            }
            for name, column in schema.columns().items()
        ],
    }


def _describe_type(name: str, dtype: Any) -> dict[str, Any]:  # noqa: ANN401
    kind = str(dtype.base_type())
    described: dict[str, Any] = {"name": name, "logicalType": _LOGICAL[kind], "physicalType": _PHYSICAL[kind]}
    if kind == "List":
        described["items"] = {key: value for key, value in _describe_type("", dtype.inner).items() if key != "name"}
    if kind == "Struct":
        described["properties"] = [_describe_type(field.name, field.dtype) for field in dtype.fields]
    return described
