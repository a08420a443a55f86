"""The entry point of the command `copydesk`: every command in one application."""

import atexit
import os
import sys
from contextlib import suppress

from flows.cli.app import EXIT_FAILED, app

# isort: off
# In the order of `copydesk --help`.
from flows.cli import runs, query, snapshots, server
# isort: on

COMMANDS = (runs, query, snapshots, server)  # imported, they have put their commands into `app`

__all__ = ["app", "main"]


def main() -> None:
    """The entry point of the command `copydesk`."""
    if sys.getfilesystemencoding() != "utf-8" and os.environ.get("PYTHONUTF8") != "1":
        # A locale such as C or ISO-8859-1: names of files and what is printed would be cut down to it.
        os.environ["PYTHONUTF8"] = "1"
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606
    codes: list[int] = []
    atexit.register(_end_at_once, codes)  # the first one registered is the last one called
    try:
        app()
    except SystemExit as end:
        uplink = sys.modules.get("flows.uplink")
        if uplink and uplink.is_silent():  # Prefect would try for minutes to send the server what is left to say
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(end.code if isinstance(end.code, int) else EXIT_FAILED)
        if isinstance(end.code, int):
            codes.append(end.code)
        raise


def _end_at_once(codes: list[int]) -> None:
    """End the process with the code that the command gave, if it gave one: to take Prefect's objects apart takes .3 s."""
    if codes:
        with suppress(OSError):  # a closed pipe: Python itself says so
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(codes[0])


if __name__ == "__main__":
    main()
