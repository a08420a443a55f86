"""The frames between the steps have the columns that the contracts publish: what is said twice is the same twice."""

from __future__ import annotations

import polars as pl
import pytest

from cleaners.document import DOCUMENT_SCHEMA, REJECT_SCHEMA
from cleaners.health import HEALTH_SCHEMA
from cleaners.junk.strip import SPAN_SCHEMA, STRIPPED_SCHEMA, SUSPECTED_SCHEMA
from cleaners.names.answer import FLAGS, MENTIONS, REPLACEMENTS
from cleaners.neardup.tables import CLUSTER_SCHEMA
from cleaners.schemas import TABLES
from flows.steps.strip import LATER_COLUMNS
from flows.store import tables
from tests.conftest import OF_A_RUN


@pytest.mark.parametrize(
    ("table", "frame"),
    [
        ("removed_spans", SPAN_SCHEMA),
        ("suspected_spans", SUSPECTED_SCHEMA),
        ("clusters", CLUSTER_SCHEMA),
        ("name_mentions", MENTIONS),
        ("name_flags", FLAGS),
        ("name_replacements", REPLACEMENTS),
        ("rejects", REJECT_SCHEMA),
        ("site_health", HEALTH_SCHEMA),
    ],
)
def test_a_frame_has_the_columns_of_its_contract_but_for_the_run(table: str, frame: pl.Schema) -> None:
    contract = TABLES[table].create_empty().drop(OF_A_RUN, strict=False).schema
    assert dict(frame) == dict(contract)


def test_stripped_articles_have_the_columns_of_the_contract_but_for_what_later_steps_fill() -> None:
    contract = TABLES["articles"].create_empty().drop(LATER_COLUMNS).schema
    assert dict(STRIPPED_SCHEMA) == dict(contract)
    assert DOCUMENT_SCHEMA.items() <= contract.items()


def test_every_table_has_a_contract_and_is_sorted_by_its_own_columns() -> None:
    published = {name: table for name, table in tables.TABLES.items() if not name.startswith("index/")}
    assert list(published) == list(TABLES)
    for name, table in published.items():
        assert set(table.sort_key) <= set(TABLES[name].column_names()), name
