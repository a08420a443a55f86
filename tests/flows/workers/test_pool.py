from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from threading import Thread, Timer
from types import SimpleNamespace

import pytest

from flows.faults import explain_fault
from flows.workers import pool, process
from flows.workers.pool import map_in_workers, mapping_with, prepare_workers, run_in_worker, worker_pool
from flows.workers.process import WorkerLost
from tests.flows import sabotage

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]


def test_work_is_done_in_another_process_and_errors_come_back() -> None:
    with worker_pool(2):
        assert run_in_worker(os.getpid) != os.getpid()
        with pytest.raises(ZeroDivisionError):
            run_in_worker(divmod, 1, 0)
    assert run_in_worker(os.getpid) == os.getpid()


def test_what_a_worker_loads_ahead_is_there_and_a_failure_is_left_to_the_step_that_wants_it() -> None:
    """A faulty rule file, for one: stripping reports it by its name."""
    for wanted in process.LATER:
        module, _, name = wanted.partition(":")
        loaded = importlib.import_module(module)
        if name:
            getattr(loaded, name)()  # raises where what is to be loaded is at fault
    with worker_pool(1):
        worker = run_in_worker(os.getpid)
        for faulty in ("flows.no_such_module", "math:sqrt"):  # the second wants an argument
            assert run_in_worker(process.load_ahead, faulty) is None
        with pytest.raises(ImportError):  # contracts are there without it, sooner
            run_in_worker(importlib.import_module, "sqlalchemy.engine")
        assert run_in_worker(os.getpid) == worker, "the worker goes on"


def test_after_a_killed_worker_the_next_call_succeeds() -> None:
    with worker_pool(1):
        victim = run_in_worker(os.getpid)
        with pytest.raises(WorkerLost, match="SIGKILL"):
            run_in_worker(signal.raise_signal, signal.SIGKILL)
        assert run_in_worker(os.getpid) not in {victim, os.getpid()}


def test_ctrl_c_ends_calls_that_are_under_way_and_lets_none_begin() -> None:
    begun = time.monotonic()
    with pytest.raises(KeyboardInterrupt), worker_pool(2):
        run_in_worker(os.getpid)
        Timer(0.5, os.kill, [os.getpid(), signal.SIGINT]).start()
        map_in_workers(time.sleep, [60.0] * 5)
    assert time.monotonic() - begun < 30
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_calls_get_a_worker_in_the_order_in_which_they_wait() -> None:
    done = []

    def work(*names: str) -> None:
        for name in names:
            run_in_worker(time.sleep, 0.2)
            done.append(name)

    with worker_pool(1):
        run_in_worker(os.getpid)
        threads = [Thread(target=work, args=names) for names in (("first", "third"), ("second",))]
        for thread in threads:
            thread.start()
            time.sleep(0.05)
        for thread in threads:
            thread.join()
    assert done == ["first", "second", "third"]


def test_several_calls_go_to_the_mapper_and_one_stays_here() -> None:
    sent = []

    def mapper(_: object, function: object, calls: list[tuple[object, ...]]) -> list[object]:
        sent.append((function, calls))
        return ["done"] * len(calls)

    with mapping_with(mapper):
        assert map_in_workers(divmod, [7, 9], [2, 4]) == ["done", "done"]
        assert map_in_workers(divmod, [7], [2]) == [(3, 1)]
    assert map_in_workers(divmod, [7, 9], [2, 4]) == [(3, 1), (2, 1)]
    assert sent == [(divmod, [(7, 2), (9, 4)])]


def test_a_step_without_a_limit_whose_worker_does_nothing_is_given_up_and_the_next_call_succeeds(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(process, "STILL_SECONDS", 2.0)
    with worker_pool(1):
        victim = run_in_worker(os.getpid)
        with pytest.raises(WorkerLost, match="it did nothing for 2 s") as error:
            run_in_worker(time.sleep, 600)
        assert run_in_worker(os.getpid) not in {victim, os.getpid()}
    fault = explain_fault(error.value, tmp_path)
    assert fault
    assert "does not answer" in str(fault.hint)


def test_a_step_that_computes_is_not_given_up_however_long_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "STILL_SECONDS", 1.0)
    with worker_pool(1):
        begun = time.monotonic()
        assert run_in_worker(sabotage.compute, 4.0) >= 4.0
        assert time.monotonic() - begun >= 4.0


def test_a_worker_that_cannot_be_killed_is_not_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that waits for a file system that does not answer cannot be killed."""
    monkeypatch.setattr(process, "STILL_SECONDS", 1.0)
    monkeypatch.setattr(process, "KILL_SECONDS", 0.1)
    with worker_pool(1), monkeypatch.context() as patch:
        victim = run_in_worker(os.getpid)
        patch.setattr(process._PlainProcess, "kill", lambda _: None)
        with pytest.raises(WorkerLost, match="it did nothing"):
            run_in_worker(time.sleep, 30)
        assert run_in_worker(os.getpid) != victim
        os.kill(victim, signal.SIGKILL)


def test_workers_do_not_import_the_main_module(tmp_path: Path) -> None:
    script = tmp_path / "main.py"
    script.write_text(
        "import sys\nprint('imported', __name__, flush=True)\n"
        "from flows.workers.pool import run_in_worker, worker_pool\n"
        "if __name__ == '__main__':\n"
        "    from concurrent.futures import ThreadPoolExecutor\n"
        "    import time\n"
        "    with worker_pool(3), ThreadPoolExecutor(3) as threads:\n"
        "        list(threads.map(lambda _: run_in_worker(time.sleep, 0.5), range(6)))\n"
        "        print(run_in_worker(abs, -3), flush=True)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.splitlines() == ["imported __main__", "3"]


def test_workers_end_when_the_run_is_killed() -> None:
    script = (
        "import os, time\nfrom flows.workers.pool import run_in_worker, worker_pool\n"
        "with worker_pool(1):\n    print(run_in_worker(os.getpid), flush=True)\n    time.sleep(60)"
    )
    run = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert run.stdout
    worker = Path("/proc") / run.stdout.readline().strip()
    assert worker.exists()
    run.kill()
    run.wait()
    deadline = time.monotonic() + 10
    while (
        worker.exists() and "Z" not in (worker / "stat").read_text().split(")")[-1][:3] and time.monotonic() < deadline
    ):
        time.sleep(0.05)
    assert time.monotonic() < deadline


def test_a_worker_that_holds_on_to_much_memory_gives_way_to_another(monkeypatch: pytest.MonkeyPatch) -> None:
    with worker_pool(1):
        small = run_in_worker(os.getpid)
        assert run_in_worker(os.getpid) == small
        monkeypatch.setattr(pool, "MAX_KEPT_BYTES", 400 * 2**20)
        assert run_in_worker(sabotage.hold_memory, 500 * 2**20) == small
        assert run_in_worker(os.getpid) != small


def test_a_worker_started_ahead_is_the_first_of_the_next_run_and_ends_with_it() -> None:
    process.start_worker()
    ahead = process._started[0]
    with worker_pool(2):
        assert run_in_worker(os.getpid) == ahead.pid
    assert not ahead.is_alive()
    with worker_pool(2):
        assert run_in_worker(os.getpid) != ahead.pid


def test_a_run_that_wants_one_worker_does_its_calls_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[object] = []
    at_once = 0
    seen: list[int] = []

    def start() -> SimpleNamespace:
        started.append(SimpleNamespace(let_go=lambda: None, end=lambda: None))
        return started[-1]

    def call(*_: object) -> None:
        nonlocal at_once
        at_once += 1
        seen.append(at_once)
        time.sleep(0.1)
        at_once -= 1

    monkeypatch.setattr(pool, "take_worker", start)
    monkeypatch.setattr(pool, "Worker", start)
    monkeypatch.setattr(pool, "run_in_worker", call)
    with worker_pool(3):
        for n_wanted in (1, 2):
            prepare_workers(n_wanted)
            seen.clear()
            map_in_workers(abs, range(4))
            assert (len(started), max(seen)) == (n_wanted, n_wanted)


def test_to_start_a_worker_imports_next_to_nothing() -> None:
    script = "import sys, flows.workers.process; print([name for name in ('polars', 'numpy', 'pydantic') if name in sys.modules])"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.strip() == "[]"
