"""Errors from outside the program, with what to do about them: a full disk, lost workers, a damaged snapshot.

Takes the error that ended a run, gives a `CopydeskError` with what happened, where, and what to do.
"""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cleaners.errors import CopydeskError
from flows.store.verify import describe_damage, verify_snapshot
from flows.workers.process import WorkerLost

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_FORBIDDEN = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})
GOES_ON = "Nothing was published. The next run goes on where this one stopped."


@contextmanager
def faults_explained(output: Path, address: str | None = None) -> Iterator[None]:
    """Turn errors whose cause lies outside of the program into errors that say what to do; let the others pass.

    Args:
        output: the output folder.
        address: of the output, where it is on object storage and the folder is a mirror of it.
    """
    try:
        yield
    except CopydeskError:
        raise
    except Exception as error:
        explained = explain_fault(error, output, address)
        if explained:
            raise explained from error
        raise


def explain_fault(error: Exception, output: Path, address: str | None = None) -> CopydeskError | None:
    """The error that says what to do about a fault; None where nothing outside of the program explains it.

    Reads the latest snapshot whole to see whether it is damaged; so this is for runs that failed.
    """
    if isinstance(error, OSError) and error.errno in _FULL:
        return CopydeskError(
            f"There is no room left to write to {output}: {error.strerror or error}.",
            f"{GOES_ON} Make room first: `copydesk gc --keep N` removes old snapshots.",
        )
    if isinstance(error, OSError) and error.errno in _FORBIDDEN:
        where = f" ({error.filename})" if error.filename else ""
        return CopydeskError(
            f"Cannot write to {output}: {error.strerror or error}{where}.",
            f"{GOES_ON} Make the folder writable first: it may have been mounted read-only after a fault of the disk.",
        )
    if isinstance(error, WorkerLost) and error.fate.reason == "timed_out":
        return CopydeskError(
            str(error),
            f"{GOES_ON} It mostly waits for a disk or a network that does not answer: see whether the sources and {output} can be "
            "read.",
        )
    if isinstance(error, WorkerLost):
        return CopydeskError(
            str(error),
            f"{GOES_ON} A process that is killed again and again mostly wants memory: start fewer with `workers`.",
        )
    latest = (output / "latest").resolve()
    if not latest.exists():
        return None
    known: dict[int, str] = {}
    verdict = verify_snapshot(latest, known)
    return None if verdict.is_intact else describe_damage(verdict, output, known, address)
