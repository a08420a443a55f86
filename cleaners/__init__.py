"""Copydesk's cleaning steps as a library: strings or frames in, frames out. No Prefect, no files, no network.

>>> from cleaners import clean, find_near_duplicates, check_names
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cleaners.library import Cleaned, check_names, clean, find_near_duplicates

__all__ = ["Cleaned", "check_names", "clean", "find_near_duplicates"]


def __getattr__(name: str) -> Any:  # noqa: ANN401
    """Import the public functions when they are first used: a worker that needs one step does not pay for all."""
    if name in __all__:
        from cleaners import library

        return getattr(library, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
