"""Forms of JSON files: records are found in all of them, also around broken ones."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.ingest import json_forms
from flows.ingest.json_forms import MAX_NESTING, JsonForm, drop_nested, find_form, split_records

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
RECORDS = st.lists(st.dictionaries(st.text(), VALUES, min_size=1, max_size=3), max_size=6)


def split(content: str, max_bytes: int = 10_000) -> list[bytes | None]:
    return list(split_records(io.BufferedReader(io.BytesIO(content.encode("utf-8", "surrogatepass"))), max_bytes))  # type: ignore[arg-type]


@given(RECORDS, st.sampled_from([None, 0, 1, 4]), st.booleans(), st.integers(1, 40))
def test_the_records_of_an_array_or_one_after_the_other_are_found(
    records: list[dict[str, object]], indent: int | None, is_array: bool, chunk_bytes: int
) -> None:
    written = (
        json.dumps(records, indent=indent) if is_array else "\n".join(json.dumps(r, indent=indent) for r in records)
    )
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(json_forms, "CHUNK_BYTES", chunk_bytes)
        found = split(written)
    assert [json.loads(record) for record in found if record is not None] == records


@given(st.text(alphabet='{}[]",:\\ \n\t1aé'), st.integers(1, 20))
def test_whatever_a_file_holds_nothing_of_it_vanishes(content: str, chunk_bytes: int) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(json_forms, "CHUNK_BYTES", chunk_bytes)
        found = b"".join(record or b"" for record in split(content))
    letters = [char for char in content if char in "1aé:"]
    assert [char for char in found.decode() if char in "1aé:"] == letters


@pytest.mark.parametrize("indent", [1, 2, 4])
@pytest.mark.parametrize("damage", ['"', "{", "}", "[", "\\"])
@pytest.mark.parametrize("is_array", [True, False])
def test_a_broken_record_of_an_indented_file_costs_no_other(indent: int, damage: str, is_array: bool) -> None:
    records = [{"text": f"Story {n}.", "tags": ["a", {"b": n}]} for n in range(9)]
    written = (
        json.dumps(records, indent=indent) if is_array else "\n".join(json.dumps(r, indent=indent) for r in records)
    )
    sound = []
    for record in split(written.replace("Story 4.", f"Story {damage} 4.")):
        try:
            sound.append(json.loads(record or b""))
        except ValueError:
            continue
    assert [row for row in sound if row in records] == [row for n, row in enumerate(records) if n != 4]


def test_a_record_that_is_too_large_is_none_and_the_next_is_found() -> None:
    assert split(json.dumps([{"a": "x" * 500}, {"b": 1}]), max_bytes=100) == [None, b'{"b": 1}']


def test_what_stands_between_records_and_is_none_is_given() -> None:
    assert split('[{"a": 1}, null, 5, ["b"], {"c": 2}] tail') == [
        b'{"a": 1}',
        b"null, 5",
        b'["b"]',
        b'{"c": 2}',
        b"tail",
    ]


@pytest.mark.parametrize(
    ("head", "form"),
    [
        (b'{"a": 1}\n{"a": 2}\n', JsonForm()),
        (b'{"a": \n{"a": 2}\n', JsonForm()),
        (b"[[[[\n" + b'{"a": 2}\n', JsonForm()),
        (b'{"a": "one line, cut', JsonForm()),
        (b'[{"a": 1}, {"a": 2}]', JsonForm(is_split=True)),
        (b'[\n{"a": 1}\n]', JsonForm(is_split=True)),
        (b'\xef\xbb\xbf{\n "a": 1\n}\n{\n "a": 2\n}', JsonForm(is_split=True)),
        (b'{"a": 1}\r{"a": 2}\r', JsonForm(has_returns=True)),
        (b'{"a": 1}\r\n{"a": 2}\r\n', JsonForm()),
        ('{"a": 1}\n{"a": 2}\n'.encode("utf-16"), JsonForm("utf-16-le")),
        ('[{"a": 1}, {"a": 2}]'.encode("utf-16-be"), JsonForm("utf-16-be", is_split=True)),
        (b"", JsonForm()),
    ],
)
def test_a_form_is_recognised_by_the_beginning_of_a_file(head: bytes, form: JsonForm) -> None:
    assert find_form(head) == form


@given(VALUES)
def test_values_that_nest_as_feeds_do_stay(value: object) -> None:
    written = json.dumps(value)
    assert drop_nested(written) == written


@pytest.mark.parametrize("depth", [MAX_NESTING + 1, 1_000, 100_000])
def test_values_that_nest_too_deep_become_null(depth: int) -> None:
    written = '{"a": "[", "b": ' + "[" * depth + '"]"' + "]" * depth + ', "c": 1}'
    found = json.loads(drop_nested(written))
    assert (found["a"], found["c"]) == ("[", 1)
    value, n = found["b"], 0
    while value:
        value, n = value[0], n + 1
    assert (value, n) == (None, MAX_NESTING - 1)
