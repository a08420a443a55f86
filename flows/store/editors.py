"""Files of the editors: their decisions, and the authority file."""

from __future__ import annotations

from pathlib import Path

from cleaners.errors import CopydeskError
from flows.settings import Settings


def decisions_file(settings: Settings) -> Path:
    """Return the file in which editors' decisions on name flags are kept."""
    return Path(settings.decisions) if settings.decisions else settings.folder / "decisions.csv"


def read_decisions(settings: Settings) -> str:
    """The text of the decisions, empty where nothing was decided yet.

    Raises:
        CopydeskError: the settings name a file that is not there, or it cannot be read.
    """
    path = decisions_file(settings)
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        if settings.decisions:
            raise CopydeskError(
                f"There is no file of decisions {path}.", "Check `decisions` in the settings."
            ) from error
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise CopydeskError(f"Cannot read the decisions {path}: {error}.", "It must be a CSV file in UTF-8.") from error


def read_authority(settings: Settings) -> str | None:
    """The text of the user's authority file, None where the settings name none.

    Raises:
        CopydeskError: it cannot be read.
    """
    if not settings.authority:
        return None
    try:
        return Path(settings.authority).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise CopydeskError(
            f"Cannot read the authority file {settings.authority}: {error}.", "It must be a CSV file in UTF-8."
        ) from error
