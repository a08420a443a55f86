"""Messages of a run to the Prefect server beside its state: a run goes on without the server, and ends soon without it.

Takes calls of the server that a run can do without, makes them, or leaves them out while the server does not answer. Keeps the
result of the run for whoever started it: what was published is published, also where the server did not hear of it.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar

import httpx
from prefect.client.orchestration import get_client
from prefect.context import SettingsContext, get_settings_context
from prefect.settings import PREFECT_CLIENT_MAX_RETRIES, Settings

from cleaners.errors import CopydeskError

P = ParamSpec("P")
R = TypeVar("R")

# Seconds from one try of a server that did not answer to the next.
MIN_SILENCE_SECONDS = 30.0
# Seconds that a run which has done its work waits for such a server: long enough for one that is started again.
MAX_END_SECONDS = 6.0
PROBE_SECONDS = 0.5


class Outcome:
    """Outcome of a run, whatever the server knows of it: its result or its error, both None until then."""

    def __init__(self) -> None:
        self.result: Any = None
        self.error: Exception | None = None

    def keep(self, result: R) -> R:
        """Keep the result of the run, and return it."""
        self.result = result
        return result


_outcome = Outcome()
_silent_since: float | None = None  # the last try that the server did not answer
_hasty: SettingsContext | None = None
_settings_of: dict[
    int, tuple[Settings, Settings]
] = {}  # by the number of tries: those in force, and the same with so many


def offer(call: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R | None:
    """Make a call of the server that the run can do without; None where it does not answer, or lately did not."""
    global _silent_since  # noqa: PLW0603
    if _silent_since is not None and time.monotonic() - _silent_since < MIN_SILENCE_SECONDS:
        return None
    try:
        with _retrying(1 if _silent_since is None else 0):
            result = call(*args, **kwargs)
    except httpx.HTTPError:
        _silent_since = time.monotonic()
        return None
    _silent_since = None
    return result


@contextmanager
def reporting() -> Iterator[Outcome]:
    """Keep how the work of the block ends; where the server is silent then, its end is reported without patience.

    To be entered in the flow itself, whose thread reports the end.
    """
    global _outcome, _silent_since, _hasty  # noqa: PLW0603
    _outcome, _silent_since = Outcome(), None
    if _hasty:
        _hasty.__exit__()
        _hasty = None
    try:
        yield _outcome
    except Exception as error:
        _outcome.error = error
        raise
    finally:
        if not _answers_in_time():
            _hasty = _retrying(0).__enter__()


def is_silent() -> bool:
    """Tell whether the server did not answer when the last run had done its work."""
    return _hasty is not None


def run_with_or_without(flow: Callable[[Any], R], settings: Any) -> R:  # noqa: ANN401
    """Run a flow and give its result, also where the server did not hear of its end.

    Raises:
        CopydeskError: the server went away before the work began.
        Exception: what ended the work.
    """
    try:
        return flow(settings)
    except httpx.TransportError as error:
        if _outcome.error:
            raise _outcome.error from None
        if _outcome.result is None:
            raise CopydeskError(
                f"The Prefect server does not answer any more ({type(error).__name__}: {error}).",
                "The output is as it was. Start the server, or unset PREFECT_API_URL, and run again.",
            ) from error
        return _outcome.result  # type: ignore[no-any-return]


def _retrying(n_times: int) -> SettingsContext:
    """Prefect's settings in force, but with so many tries of a call that failed.

    Prefect reads its whole environment for each copy, thirty milliseconds that a small run would wait for at every call.
    """
    context = get_settings_context()
    base, settings = _settings_of.get(n_times, (None, context.settings))
    if base is not context.settings:
        settings = context.settings.copy_with_update(updates={PREFECT_CLIENT_MAX_RETRIES: n_times})
        _settings_of[n_times] = context.settings, settings
    return SettingsContext(profile=context.profile, settings=settings)


def _answers_in_time() -> bool:
    """Tell whether the server answers, or does so soon."""
    deadline = time.monotonic() + MAX_END_SECONDS
    with _retrying(0):
        while get_client(sync_client=True).api_healthcheck():
            if time.monotonic() > deadline:
                return False
            time.sleep(PROBE_SECONDS)
    return True
