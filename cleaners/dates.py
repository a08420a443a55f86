"""One reader for the ways in which feeds, pages and archives write a point in time.

Takes a string, a number or a date, gives an aware `datetime` in UTC, or None for what is no date.
Changes nothing; a date without a time is midnight UTC, a time without a zone is UTC: `read_timestamp` says which it was.
"""

from __future__ import annotations

import re
import tomllib
from datetime import UTC, date, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from functools import cache
from importlib.resources import files
from typing import NamedTuple

# Unix time in seconds, milliseconds or microseconds, distinguished by length: 9 to 11 digits reach from 1973 to 5138.
EPOCH = re.compile(r"-?\d{9,11}(?:\.\d+)?|\d{12,14}|\d{15,17}")
ZONE_NAME = re.compile(r"(?<!\s)\s*(?:UTC|GMT|Z)$", re.I)
SPACED_OFFSET = re.compile(r"(?<!\s)\s+([+-]\d\d:?\d\d)$")
# Earliest year taken for real: the first newspapers, and the epoch's own errors lie far from it.
EARLIEST_YEAR, LATEST_YEAR = 1600, 2200
# `Wed May 14 19:20:36 CEST 2025`, as Java and Unix write a date; the zone goes behind the year.
UNIX_DATE = re.compile(r"([A-Z][a-z]{2}) ([A-Z][a-z]{2}) +(\d\d?) (\d\d:\d\d:\d\d) ([A-Z]{1,5}|[+-]\d{4}) (\d{4})")
ZONE_ABBREVIATION = re.compile(r"(?<=[\d.]) ?\(?([A-Z]{3,4})\)?$")
CLOCK = re.compile(r"\d:\d|\d[T ]\d{4}")


class Timestamp(NamedTuple):
    """A point in time, and how much of it was written."""

    instant: datetime  # UTC
    has_time: bool
    has_zone: bool


def parse_timestamp(value: object) -> datetime | None:
    """Read a point in time.

    Args:
        value: ISO 8601 (also with a space for the `T`), RFC 2822, `YYYY/MM/DD`, `YYYYMMDD`, Unix time in seconds,
            milliseconds or microseconds as number or digits, a `datetime` or a `date`.

    Returns:
        The time in UTC, or None where the value is missing, is no date, or lies outside the years 1600 to 2200.
    """
    found = read_timestamp(value)
    return found.instant if found else None


def read_timestamp(value: object) -> Timestamp | None:
    """Read a point in time as `parse_timestamp` does, and say whether it has a time of day and a zone.

    Args:
        value: as there; also with the abbreviation of a zone behind it (`rules/zones.toml`), and as Unix's `date` writes it.

    Returns:
        The time, or None for what is none.
    """
    try:
        parsed = _parse(value)
        aware = parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    except (ValueError, OverflowError, OSError, TypeError, AttributeError):
        return None
    if not EARLIEST_YEAR <= aware.year <= LATEST_YEAR:
        return None
    if isinstance(value, str):
        has_time = CLOCK.search(value) is not None or EPOCH.fullmatch(value.strip()) is not None
    else:
        has_time = isinstance(value, datetime) or not isinstance(value, date)
    return Timestamp(aware, has_time, has_time and parsed.tzinfo is not None)


def _parse(value: object) -> datetime:
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = f"{value:.6f}" if isinstance(value, float) else str(value)
    if not isinstance(value, str):
        raise TypeError(f"{type(value).__name__} is no date")
    text = value.strip()
    if EPOCH.fullmatch(text):
        digits = len(text.partition(".")[0].lstrip("-"))
        return datetime.fromtimestamp(float(text) / (1 if digits <= 11 else 1e3 if digits <= 14 else 1e6), tz=UTC)
    if unix := UNIX_DATE.fullmatch(text):
        weekday, month, day, clock, zone, year = unix.groups()
        text = f"{weekday}, {day} {month} {year} {clock} {zone}"
    zone_name = ZONE_ABBREVIATION.search(text)
    minutes = _zones().get(zone_name[1]) if zone_name else None
    if zone_name and minutes is not None:
        written = text[: zone_name.start()]
        return _parse_written(written, written).replace(tzinfo=timezone(timedelta(minutes=minutes)))
    return _parse_written(SPACED_OFFSET.sub(r"\1", ZONE_NAME.sub("+00:00", text)), text)


def _parse_written(text: str, as_mailed: str) -> datetime:
    if re.match(r"\d{4}/\d\d?/\d\d?\b", text):
        text = text.replace("/", "-", 2)
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return parsedate_to_datetime(as_mailed)


@cache
def _zones() -> dict[str, int]:
    table: dict[str, int] = tomllib.loads((files("cleaners") / "rules" / "zones.toml").read_text(encoding="utf-8"))[
        "minutes"
    ]
    return table
