"""The contract that other houses' tools read, against the standard's own JSON schema."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import polars as pl
import yaml
from typer.testing import CliRunner

from cleaners.schemas import TABLES
from flows.cli.contract import _LOGICAL, describe_contract
from flows.cli.main import app

SCHEMA = json.loads((Path(__file__).parent / "odcs/odcs-3.2.0.schema.json").read_text(encoding="utf-8"))


def test_it_keeps_to_the_standard_and_has_every_column() -> None:
    shown = CliRunner().invoke(app, ["schema", "--format", "odcs"])
    assert shown.exit_code == 0, shown.output
    contract = yaml.safe_load(shown.stdout)
    jsonschema.Draft201909Validator(SCHEMA).validate(contract)
    tables = {table["name"]: table for table in contract["schema"]}
    assert list(tables) == list(TABLES)
    for name, schema in TABLES.items():
        columns = {column["name"]: column for column in tables[name]["properties"]}
        assert list(columns) == schema.column_names()
        assert [key for key in columns if columns[key].get("primaryKey")] == [
            column for column in schema.column_names() if column in schema.primary_key()
        ]
        assert {key for key in columns if columns[key]["required"]} == {
            key for key, column in schema.columns().items() if not column.nullable
        }
        assert all(column["description"] for column in columns.values()), name


def test_the_standard_refuses_what_is_none() -> None:
    contract = yaml.safe_load(describe_contract(["articles"]))
    contract["schema"][0]["properties"][0]["logicalType"] = "varchar"
    assert not jsonschema.Draft201909Validator(SCHEMA).is_valid(contract)


def test_every_type_of_a_column_has_a_name() -> None:
    kinds = {str(dtype.base_type()) for table in TABLES.values() for dtype in table.create_empty().schema.dtypes()}
    assert kinds <= _LOGICAL.keys()
    articles = {
        column["name"]: column for column in yaml.safe_load(describe_contract(["articles"]))["schema"][0]["properties"]
    }
    assert articles["authors"]["items"]["logicalType"] == "string"
    sources = articles["metadata_sources"]["properties"]
    assert [field["name"] for field in sources] == [
        field.name
        for field in TABLES["articles"].create_empty().schema["metadata_sources"].fields  # type: ignore[attr-defined]
    ]
    assert isinstance(TABLES["articles"].create_empty().schema["authors"], pl.List)
