"""The threads of plain handlers: an exception that hits one between two runs belongs to neither."""

import threading
from types import SimpleNamespace
from typing import Any

from kue.worker.execution.handler_threads import HandlerThreads
from tests.helpers import wait_until


class HitsOnce:
    """A lock. The first handler thread that takes it is hit by an exception, as one thrown into it from outside."""

    def __init__(self, lock: Any) -> None:
        self._lock = lock
        self.has_hit = False

    def __enter__(self) -> None:
        if threading.current_thread().name == "kue-handler" and not self.has_hit:
            self.has_hit = True
            raise TimeoutError("too slow")
        self._lock.__enter__()

    def __exit__(self, *exc: object) -> None:
        self._lock.__exit__(*exc)


def test_an_exception_that_hit_a_thread_without_a_run_does_not_reach_its_next_run() -> None:
    executed: list[Any] = []
    hit: list[Any] = []
    threads = HandlerThreads(executed.append, lambda run, problem: hit.append(run))
    lock: Any = HitsOnce(threads._lock)
    threads._lock = lock
    runs: list[Any] = [SimpleNamespace(executing=False) for _ in range(2)]
    for n, run in enumerate(runs):
        threads.submit(run)
        wait_until(lambda n=n: len(executed) + len(hit) > n and threads._idle)
    assert lock.has_hit
    assert (executed, hit) == (runs, [])
    assert not any(run.executing for run in runs)
    threads.stop()
    wait_until(lambda: "kue-handler" not in [thread.name for thread in threading.enumerate()])
