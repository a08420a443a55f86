"""The rule files as they stand: takes nothing, gives the tables and word lists of `cleaners/rules/junk_*.toml`.

Read once, on first use. Removes nothing.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from functools import lru_cache
from importlib import resources
from typing import Any

from cleaners.errors import ConfigError


@lru_cache(maxsize=1)
def load_words() -> dict[str, frozenset[str]]:
    """The word lists of the rule files (`[words]` tables): section labels, outlets, agencies ..., by name."""
    words: dict[str, frozenset[str]] = {}
    for _, table in read_tables():
        for name, values in table.get("words", {}).items():
            words[name] = words.get(name, frozenset()) | frozenset(values)
    return words


def read_tables() -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and content of each `junk_*.toml`, in the order of their names.

    Raises:
        ConfigError: a file is not TOML.

    """
    for file in sorted(resources.files("cleaners.rules").iterdir(), key=lambda entry: entry.name):
        if file.name.startswith("junk_") and file.name.endswith(".toml"):
            try:
                yield file.name, tomllib.loads(file.read_text(encoding="utf-8"))
            except tomllib.TOMLDecodeError as error:
                raise ConfigError(f"cleaners/rules/{file.name}: {error}", "Correct the file's TOML.") from error
