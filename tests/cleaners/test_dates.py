"""Every way of writing a point in time that feeds use, and none that is no date."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleaners.dates import parse_timestamp, read_timestamp

MOMENT = datetime(2024, 3, 5, 9, 20, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    [
        "2024-03-05T09:20:30Z",
        "2024-03-05T10:20:30+01:00",
        "2024-03-05T04:20:30-0500",
        "2024-03-05 09:20:30",
        "2024-03-05 09:20:30 UTC",
        "2024-03-05 10:20:30 +0100",
        " 2024-03-05T09:20:30 ",
        "20240305T092030Z",
        "Tue, 05 Mar 2024 09:20:30 GMT",
        "Tue, 5 Mar 2024 04:20:30 -0500",
        "Tue Mar  5 10:20:30 CET 2024",
        "Tue Mar 5 05:20:30 -0400 2024",
        "2024-03-05 10:20:30 CET",
        "Tue, 05 Mar 2024 14:50:30 IST",
        "Tue, 05 Mar 2024 09:20:30 (GMT)",
        1709630430,
        1709630430.0,
        1709630430000,
        1709630430000000,
        "1709630430",
        "1709630430000",
        datetime(2024, 3, 5, 9, 20, 30),
        datetime(2024, 3, 5, 10, 20, 30, tzinfo=timezone(timedelta(hours=1))),
    ],
)
def test_one_moment_however_it_is_written(value):
    assert parse_timestamp(value) == MOMENT
    assert parse_timestamp(value).tzinfo is UTC


@pytest.mark.parametrize("value", ["2024-03-05", "2024/03/05", "20240305", date(2024, 3, 5), "2024-03-05Z"])
def test_a_date_is_midnight_utc(value):
    assert parse_timestamp(value) == datetime(2024, 3, 5, tzinfo=UTC)


def test_fractions_are_kept_to_the_microsecond():
    assert parse_timestamp("2024-03-05T09:20:30.1234567Z") == MOMENT.replace(microsecond=123456)


@pytest.mark.parametrize(
    "value",
    [
        *("", "yesterday", "3 hours ago", "2024", "2024-13-01", "0001-01-01", "9999-12-31T23:59:59-12:00", "12"),
        *(12, 10**30, None, True, {}, [], float("nan"), float("inf"), b"2024-03-05"),
    ],
)
def test_what_is_no_date_is_null(value):
    assert parse_timestamp(value) is None


@given(st.one_of(st.text(), st.integers(), st.floats(), st.dates(), st.datetimes()))
def test_any_value_is_a_time_in_utc_or_null(value):
    parsed = parse_timestamp(value)
    assert parsed is None or (parsed.tzinfo is UTC and 1600 <= parsed.year <= 2200)


@given(st.datetimes(datetime(1700, 1, 1), datetime(2100, 1, 1)))
def test_iso_times_come_back(moment):
    assert parse_timestamp(moment.isoformat()) == moment.replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "has_time", "has_zone"),
    [
        ("2024-03-05", False, False),
        ("20240305", False, False),
        ("2024-03-05Z", False, False),
        (date(2024, 3, 5), False, False),
        ("2024-03-05 09:20", True, False),
        ("2024-03-05T09:20:30.0", True, False),
        ("Tue Mar  5 09:20:30 XYZ 2024", True, False),
        (datetime(2024, 3, 5, 9), True, False),
        ("2024-03-05T09:20Z", True, True),
        ("20240305T092030Z", True, True),
        ("Tue, 05 Mar 2024 09:20:30 EST", True, True),
        ("1709630430", True, True),
        (1709630430, True, True),
    ],
)
def test_what_was_written_of_a_time(value, has_time, has_zone):
    assert read_timestamp(value)[1:] == (has_time, has_zone)
