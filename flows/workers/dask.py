"""Work of shards and parts when `dask` is set: on a Dask cluster that prefect-dask starts or finds.

The tasks themselves stay in the flow's process and wait for their results, as they wait for this machine's workers: a Dask worker
never imports Prefect nor talks to its server. Only paths and counts travel, so every worker must see the output and the sources.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any
from uuid import uuid4

from cleaners.errors import CopydeskError
from flows.settings import Settings
from flows.workers.pool import mapping_with

LOCAL = "local"

# Of a cluster on this machine. A worker that may have children keeps a process for the documents: one that dies costs a document,
# not the worker. A shard that waits behind another in one worker (the default is one in each) is late where the other worker has
# none left. What Dask's processes measure of themselves for a page that is not served, up to a hundred times a second, took 8 % of
# a core for two workers; this seldom it takes 1.
LOCAL_CONFIG = {
    "distributed.worker.daemon": False,
    "distributed.scheduler.worker-saturation": 1.0,
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "1s",
    "distributed.admin.system-monitor.interval": "10s",
}


@contextmanager
def workers_found(settings: Settings) -> Iterator[None]:
    """Let the work of shards and parts go to a Dask cluster as long as the block runs, if the settings name one.

    Raises:
        CopydeskError: Dask is wanted and not installed, or nothing answers at its address.
    """
    if not settings.dask:
        yield
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
            "memory_limit": 0,  # ten times a second it would weigh a process that holds nothing
        }
        runner = DaskTaskRunner(cluster_class="distributed.LocalCluster", cluster_kwargs=local)
    else:
        runner = DaskTaskRunner(address=settings.dask)
    with dask.config.set(LOCAL_CONFIG), runner:
        try:
            runner.client.wait_for_workers(1, timeout=60)
        except (OSError, TimeoutError) as error:
            raise CopydeskError(
                f"No Dask worker answers at {settings.dask}: {error}.",
                "Start one: dask scheduler, and on each machine dask worker ADDRESS.",
            ) from error
        with mapping_with(partial(_map_on_cluster, runner.client)):
            yield


def _map_on_cluster(
    client: Any,  # noqa: ANN401
    on_worker: Callable[..., Any],
    function: Callable[..., Any],
    calls: list[tuple[Any, ...]],
) -> list[Any]:
    """Do calls of a function on the cluster, by way of what a worker does for each; named after the function in Dask's figures."""
    futures = [client.submit(on_worker, function, *call, key=f"{function.__name__}-{uuid4().hex}") for call in calls]
    client.gather(futures, errors="skip")  # wait for all: what is under way may not write into the next attempt
    return client.gather(futures)  # type: ignore[no-any-return]
