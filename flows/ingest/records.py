"""Raw records from the rows of a container: takes keys and values, gives the fields of `RAW_SCHEMA` or why there are none.

A value that cannot be read costs itself where the field is optional, and its row where it is the text.
"""

import json
import math
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, NamedTuple

from cleaners.dates import parse_timestamp
from cleaners.decoding import decode_text
from cleaners.document import make_id, sha256_hex
from cleaners.errors import Rejected
from cleaners.text import drop_surrogates
from flows.ingest.inputs import InputSource, Unusable
from flows.ingest.json_forms import MAX_NESTING
from flows.settings import ColumnNames

_NO_CONTROLS = dict.fromkeys((*range(32), *range(127, 160)))  # what would move the cursor of a terminal
CONTENT_FIELDS = ("html", "text")


class Unreadable(NamedTuple):
    """Stands for a value that the container holds and no reader understands."""

    detail: str


class Record(NamedTuple):
    """A raw record (`RAW_SCHEMA`), and how many of its optional values could not be read and are null."""

    fields: dict[str, Any]
    n_unreadable_values: int = 0


def make_record(row: Iterable[tuple[object, object]], number: int, source: InputSource) -> Record | Unusable:
    """Make a raw record of a container's row by the column names of the config.

    Args:
        row: keys and values; of a key that comes twice, in whatever case, the first value that is given counts.
        number: of the row in the container, from 0.
        source: the container.
    """
    try:
        return _make_record(row, number, source)
    except Exception as error:  # whatever a value does to us: it costs its row, not the rows after it
        return Unusable(number, "failed", f"{type(error).__name__}: {error}")


def _make_record(row: Iterable[tuple[object, object]], number: int, source: InputSource) -> Record | Unusable:
    keys, values = [], []
    for key, value in row:
        keys.append(str(key))
        values.append(value)
    fields: dict[str, Any] = {}
    broken: dict[str, Unreadable] = {}
    for field, places in _place_fields(tuple(keys), source.config.columns):
        fields[field] = None
        for place in places:
            value = values[place]
            if isinstance(value, Unreadable):
                broken.setdefault(field, value)
            elif _is_given(value):
                fields[field] = value
                broken.pop(field, None)
                break
    n_unreadable = len(broken.keys() - set(CONTENT_FIELDS)) + _drop_nested(fields)
    digest = _digest(fields)
    url, site = _line(fields["url"]), _line(fields["site"])
    n_unreadable += (url is None and fields["url"] is not None) + (site is None and fields["site"] is not None)
    media = "html" if fields["html"] is not None else "text"
    try:
        content = _read_content(fields[media], media, keys, broken, source)
    except Rejected as reject:
        return Unusable(number, reject.reason, reject.detail, digest, url=url, site=site)
    n_bytes = len(content.encode())
    if n_bytes > source.config.max_bytes:
        detail = f"more than {source.config.max_bytes} bytes"
        return Unusable(number, "too_large", detail, digest, n_bytes, url, site)
    optional = {
        "title": _line(fields["title"]),
        "authors": _authors(fields["authors"]),
        "published_at": parse_timestamp(fields["published_at"]),
        "fetched_at": parse_timestamp(fields["fetched_at"]),
    }
    n_unreadable += sum(value is None and fields[name] is not None for name, value in optional.items())
    record = {
        "article_id": make_id("article", digest, url or _line(fields["id"]) or ""),
        "source_uri": f"{source.piece.source_uri}#{number}",
        "media": media,
        "content": content,
        "url": url,
        "site": site,
        **optional,
        "raw_sha256": digest,
        "n_bytes": n_bytes,
    }
    return Record(record, n_unreadable)


@lru_cache(maxsize=16)
def _place_fields(keys: tuple[str, ...], columns: ColumnNames) -> list[tuple[str, list[int]]]:
    """Where each field may stand in a row of some keys, those of its first name first; most rows have the keys of the last."""
    places: dict[str, list[int]] = {}
    for place, key in enumerate(keys):
        places.setdefault(key.casefold(), []).append(place)
    return [
        (field, [place for name in names for place in places.get(name.casefold(), ())])
        for field, names in columns.model_dump().items()
    ]


def _read_content(
    content: object, media: str, keys: list[str], broken: dict[str, Unreadable], source: InputSource
) -> str:
    """The text or page of a row.

    Raises:
        Rejected: there is none, or it cannot be read.
    """
    if content is None:
        for field in CONTENT_FIELDS:
            if field in broken:
                raise Rejected("read", "malformed_record", f"its {field} cannot be read: {broken[field].detail}")
        names = {name.casefold() for name in (*source.config.columns.html, *source.config.columns.text)}
        given = list(dict.fromkeys(key.casefold() for key in keys))
        if names.intersection(given):
            raise Rejected("read", "empty", "text and html are empty")
        raise Rejected("read", "malformed_record", f"neither text nor html among: {', '.join(given)}")
    if isinstance(content, bytes):
        content = decode_text(content, source.text)
    elif isinstance(content, list) and all(isinstance(part, str) for part in content if part is not None):
        content = "\n".join(part for part in content if part is not None)
        if not content.strip():
            raise Rejected("read", "empty", f"{media} is empty")
    elif not isinstance(content, str):
        raise Rejected("read", "malformed_record", f"{media} is of type {type(content).__name__}")
    return drop_surrogates(content)


def _drop_nested(fields: dict[str, Any]) -> int:
    """Make optional values null that nest deeper than `MAX_NESTING`; how many they are.

    What Python can write of them depends on how deep its own stack is just then, and a record's id is made of what is written.
    """
    deep = [name for name in fields.keys() - set(CONTENT_FIELDS) if _nests_deeper(fields[name], MAX_NESTING)]
    fields |= dict.fromkeys(deep)
    return len(deep)


def _nests_deeper(value: object, limit: int) -> bool:
    if not isinstance(value, list | tuple | dict):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return limit == 0 or any(_nests_deeper(part, limit - 1) for part in inner)


def _digest(fields: dict[str, Any]) -> str:
    return sha256_hex(json.dumps(fields, ensure_ascii=False, sort_keys=True, default=_plain))


def _plain(value: object) -> str:
    """Dates and bytes in the canonical JSON of a record."""
    return sha256_hex(value) if isinstance(value, bytes) else str(value)


def _is_given(value: object) -> bool:
    if isinstance(value, float) and math.isnan(value):  # how pandas writes a missing value
        return False
    return value is not None and value != [] and not (isinstance(value, str | bytes) and not value.strip())


def _line(value: object) -> str | None:
    """Read a field of one line: text, bytes of UTF-8, the digits of a number; anything else is nothing."""
    if isinstance(value, bytes):
        try:
            value = value.decode("utf-8")
        except UnicodeDecodeError:
            return None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return one_line(str(value))


def one_line(text: str | None) -> str | None:
    """A field of one line without surrogates, controls and needless white space; None where nothing is left."""
    if text is not None and text.isprintable():  # neither surrogates nor controls
        return " ".join(text.split()) or None
    return " ".join(drop_surrogates(text or "").split()).translate(_NO_CONTROLS) or None


def _authors(value: object) -> list[str] | None:
    if isinstance(value, bytes):
        value = _line(value)
    elif isinstance(value, list) and value and all(isinstance(part, tuple) for part in value):
        value = dict(value)  # a map of Arrow
    parts = value.split(";") if isinstance(value, str) else value if isinstance(value, list) else [value]
    names = [part.get("name") if isinstance(part, dict) else part for part in parts]
    return (
        list(dict.fromkeys(name for part in names if isinstance(part, str | bytes) and (name := _line(part)))) or None
    )
