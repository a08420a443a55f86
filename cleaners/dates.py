"""One reader for the ways in which feeds, pages and archives write a point in time.

Takes a string, a number or a date, gives an aware `datetime` in UTC, or None for what is no date.
Changes nothing; a date without a time is midnight UTC, a time without a zone is UTC.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime

# Unix time in seconds, milliseconds or microseconds, distinguished by length: 9 to 11 digits reach from 1973 to 5138.
EPOCH = re.compile(r"-?\d{9,11}(?:\.\d+)?|\d{12,14}|\d{15,17}")
ZONE_NAME = re.compile(r"(?<!\s)\s*(?:UTC|GMT|Z)$", re.I)
SPACED_OFFSET = re.compile(r"(?<!\s)\s+([+-]\d\d:?\d\d)$")
# Earliest year taken for real: the first newspapers, and the epoch's own errors lie far from it.
EARLIEST_YEAR, LATEST_YEAR = 1600, 2200


def parse_timestamp(value: object) -> datetime | None:
    """Read a point in time.

    Args:
        value: ISO 8601 (also with a space for the `T`), RFC 2822, `YYYY/MM/DD`, `YYYYMMDD`, Unix time in seconds,
            milliseconds or microseconds as number or digits, a `datetime` or a `date`.

    Returns:
        The time in UTC, or None where the value is missing, is no date, or lies outside the years 1600 to 2200.
    """
    try:
        parsed = _parse(value)
        parsed = parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    except (ValueError, OverflowError, OSError, TypeError, AttributeError):
        return None
    return parsed if EARLIEST_YEAR <= parsed.year <= LATEST_YEAR else None


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
    text = SPACED_OFFSET.sub(r"\1", ZONE_NAME.sub("+00:00", text))
    if re.match(r"\d{4}/\d\d?/\d\d?\b", text):
        text = text.replace("/", "-", 2)
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return parsedate_to_datetime(value.strip())
