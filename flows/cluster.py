"""Where the tasks of shards are submitted: threads that wait for this machine's workers, or a Dask cluster.

On Dask the same tasks run, sent by prefect-dask, and the parts of the steps over the whole archive go to the same workers; only
paths and counts travel, so every worker must see the output folder and the sources.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from prefect.client.orchestration import get_client
from prefect.context import FlowRunContext
from prefect.settings import PREFECT_API_URL, temporary_settings

from cleaners.errors import CopydeskError
from flows.runners import mapping_with, run_for_cluster
from flows.settings import Settings

LOCAL = "local"


@contextmanager
def shard_runner(settings: Settings) -> Iterator[Any]:
    """The task runner for shards, as long as the block runs; inside a flow run.

    Raises:
        CopydeskError: Dask is wanted and not installed, or nothing answers at its address.
    """
    context = FlowRunContext.get()
    assert context
    if not settings.dask:
        yield context.task_runner
        return
    try:
        import dask
        from prefect_dask.task_runners import DaskTaskRunner
    except ImportError as error:
        raise CopydeskError("`dask` is set, but Dask is not installed.", "pip install 'copydesk[dask]'.") from error
    if settings.dask == LOCAL:
        local = {
            "n_workers": settings.n_workers,
            "threads_per_worker": 1,
            "host": "127.0.0.1",
            "dashboard_address": None,
        }
        runner = DaskTaskRunner(cluster_class="distributed.LocalCluster", cluster_kwargs=local)
    else:
        runner = DaskTaskRunner(address=settings.dask)
    # A worker that may have children keeps a process for the documents: one that dies costs a document, not the worker.
    # Without an address of the server every worker would start one of its own.
    with (
        dask.config.set({"distributed.worker.daemon": False}),
        temporary_settings({PREFECT_API_URL: str(get_client(sync_client=True).api_url)}),
        runner,
    ):
        try:
            runner.client.wait_for_workers(1, timeout=60)
        except (OSError, TimeoutError) as error:
            raise CopydeskError(
                f"No Dask worker answers at {settings.dask}: {error}.",
                "Start one: dask scheduler, and on each machine dask worker ADDRESS.",
            ) from error
        with mapping_with(partial(_map_on_cluster, runner.client)):
            yield runner


def _map_on_cluster(client: Any, function: Callable[..., Any], calls: list[tuple[Any, ...]]) -> list[Any]:  # noqa: ANN401
    futures = [client.submit(run_for_cluster, function, *call, pure=False) for call in calls]
    client.gather(futures, errors="skip")  # wait for all: what is under way may not write into the next attempt
    return client.gather(futures)  # type: ignore[no-any-return]
