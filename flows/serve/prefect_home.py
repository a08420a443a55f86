"""Prefect's home on this machine: a folder that can be written to, whose database and logs only their owner can read.

The database holds the parameters of every run and the blocks with their passwords; the logs name sources and addresses.
"""

import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from cleaners.errors import CopydeskError

SERVER_LOG = "copydesk-server.log"
DATABASE = "prefect.db"
# SQLite's own files beside a database.
DATABASE_SUFFIXES = ("", "-wal", "-shm", "-journal")


def find_home() -> Path:
    """Prefect's home, as Prefect itself finds it."""
    return Path(os.environ.get("PREFECT_HOME") or "~/.prefect").expanduser()


def prepare_home() -> Path:
    """Make the home where there is none, for its owner alone; Prefect fails obscurely where it cannot be written to.

    Raises:
        CopydeskError: it cannot be made or written to.
    """
    home = find_home()
    try:
        home.parent.mkdir(parents=True, exist_ok=True)
        home.mkdir(mode=0o700, exist_ok=True)
        writable = os.access(home, os.W_OK)
    except OSError:
        writable = False
    if not writable:
        raise CopydeskError(
            f"Prefect cannot write to its home {home}.", "Set PREFECT_HOME to a folder you can write to."
        )
    return home


def open_log(home: Path) -> BinaryIO:
    """The server's log, to append to."""
    log = home / SERVER_LOG
    log.touch(0o600)
    make_private([log])
    return log.open("ab")


def list_database_files(database: Path) -> list[Path]:
    """The files that a SQLite database may consist of."""
    return [database.with_name(database.name + suffix) for suffix in DATABASE_SUFFIXES]


def make_private(files: Iterable[Path]) -> None:
    """Take the rights of group and others from those files that are there."""
    for file in files:
        # A file of another user is theirs to close.
        with suppress(FileNotFoundError, PermissionError):
            mode = stat.S_IMODE(file.stat().st_mode)
            if mode & 0o077:
                file.chmod(mode & 0o700)
