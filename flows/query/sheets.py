"""Tables as spreadsheets save them: commas, semicolons or tabs; UTF-8 with or without mark, UTF-16, Windows-1252.

Takes the bytes of a file, gives its rows; and makes cells that no spreadsheet takes for a formula.
"""

import codecs
import csv
import io
from collections.abc import Iterable
from typing import NamedTuple

from cleaners.errors import ConfigError

DELIMITERS = ",;\t"
# A spreadsheet takes a cell that begins so for a formula (OWASP, "CSV Injection").
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
MAX_CELL_CHARS = 2**20  # the csv module's own limit, 2**17, is less than what a spreadsheet's row of ids may hold
NARROW = "cp1252"  # what Excel on Windows saves as plain CSV; letters outside it become `?`


class Sheet(NamedTuple):
    """A table: the names of its columns, its rows, the encoding it was in."""

    columns: list[str]
    rows: list[dict[str, str]]
    encoding: str


def read_sheet(content: bytes, expected: Iterable[str]) -> Sheet:
    """Read a table, its encoding found by its mark or by what it holds, its delimiter by its header.

    Args:
        content: of the file.
        expected: names of columns; the delimiter that shows most of them is taken.

    Raises:
        ConfigError: it is no table of text.
    """
    text, encoding = _decode(content)
    first, _, rest = text.partition("\n")
    if first.strip().strip('"').lower().startswith("sep="):  # a line of Excel's own
        text = rest
    names = set(expected)
    header = text.partition("\n")[0]
    delimiter = max(DELIMITERS, key=lambda one: len(names & set(_split(header, one))))
    before = csv.field_size_limit(MAX_CELL_CHARS)
    try:
        reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
        columns = [name.strip() for name in reader.fieldnames or ()]
        reader.fieldnames = columns
        rows = [{name: armed(value or "") for name, value in row.items() if name} for row in reader]
    except csv.Error as error:
        raise ConfigError(f"The table cannot be read: {error}.", "Save it as CSV again.") from error
    finally:
        csv.field_size_limit(before)
    return Sheet(columns, [row for row in rows if any(row.values())], encoding)


def narrowed(text: str) -> str:
    """A text as it comes back from a spreadsheet that saved it in Windows-1252."""
    return text.encode(NARROW, "replace").decode(NARROW)


def defused(value: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{value}" if value.startswith(_FORMULA) else value


def armed(value: str) -> str:
    """A cell as it was before `defused`."""
    return value[1:] if value.startswith("'") and value[1:].startswith(_FORMULA) else value


def _decode(content: bytes) -> tuple[str, str]:
    encoding = next((name for mark, name in _MARKS if content.startswith(mark)), "")
    if not encoding and b"\0" in content[:200]:  # UTF-16 without a mark: every other byte of a header is 0
        encoding = "utf-16-le" if content[1:2] == b"\0" else "utf-16-be"
    for name in [encoding] if encoding else ["utf-8", NARROW]:
        try:
            return content.decode(name), name
        except UnicodeDecodeError as error:
            reason = str(error)
    raise ConfigError(f"The table is no text in UTF-8, UTF-16 or Windows-1252: {reason}.", "Save it as CSV in UTF-8.")


def _split(header: str, delimiter: str) -> list[str]:
    try:
        return [name.strip() for name in next(csv.reader([header], delimiter=delimiter), [])]
    except csv.Error:
        return []
