"""`kue worker --processes`: the supervisor starts processes, restarts one that dies, and stops them all."""

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

import kue
from kue.cli.worker.signals import STOPPING
from tests.cli.command import Command, is_alive
from tests.helpers import wait_until

pytestmark = pytest.mark.slow

Start = Callable[..., Command]
Module = Callable[[str, str], None]

TASKS = """
    import os, time
    import kue

    if os.path.exists("broken"):
        raise ValueError("broken")
    queue = kue.Queue()

    @queue.process("pid", 1)
    def pid(job):
        while not os.path.exists("go"):
            time.sleep(0.01)
        return os.getpid()
"""
READY = r"worker (\d) is ready, pid (\d+)"


def pids(worker: Command, count: int) -> dict[int, int]:
    """The processes by their number, once so many have said that they are ready; the latest of each number."""
    return {int(match[1]): int(match[2]) for match in worker.wait_for(READY, count)}


def test_each_process_runs_jobs(start: Start, module: Module, queue: kue.Queue, redis_url: str, tmp_path: Path) -> None:
    module("tasks", TASKS)
    worker = start("worker", "tasks:queue", "--processes", "3", KUE_REDIS_URL=redis_url)
    processes = pids(worker, 3)
    jobs = queue.save_all(queue.create("pid") for _ in range(3))
    wait_until(lambda: queue.active_count() == 3, 30)
    (tmp_path / "go").touch()
    wait_until(lambda: queue.complete_count() == 3)
    ran = {kue.Job.get(job.id or 0, queue=queue).result for job in jobs}
    assert ran == set(processes.values())
    assert worker.process.pid not in ran
    assert f"serves pid (1 slot) on {redis_url}/0, prefix q, in 3 processes" in worker.lines


@pytest.mark.parametrize("number", STOPPING, ids=lambda number: signal.Signals(number).name)
def test_a_signal_stops_all_processes_and_unfinished_jobs_go_back(
    start: Start, module: Module, queue: kue.Queue, redis_url: str, number: int
) -> None:
    module("tasks", TASKS)
    jobs = queue.save_all(queue.create("pid") for _ in range(2))
    worker = start("worker", "tasks:queue", "--processes", "2", "--timeout", "100", KUE_REDIS_URL=redis_url)
    processes = pids(worker, 2)
    wait_until(lambda: queue.active_count() == 2, 30)
    worker.signal(number)
    worker.assert_success()
    assert worker.lines[-1] == "stopped"
    assert not [pid for pid in processes.values() if is_alive(pid)]
    assert queue.inactive() == [job.id for job in jobs]


def test_a_signal_to_every_process_stops_them_gracefully(
    start: Start, module: Module, queue: kue.Queue, redis_url: str
) -> None:
    module("tasks", TASKS)
    job = queue.create("pid").save()
    worker = start("worker", "tasks:queue", "--processes", "2", "--timeout", "100", KUE_REDIS_URL=redis_url)
    processes = pids(worker, 2)
    wait_until(lambda: queue.active_count() == 1, 30)
    worker.signal(signal.SIGTERM)
    for pid in processes.values():
        with suppress(ProcessLookupError):  # it has ended already
            os.kill(pid, signal.SIGTERM)
    worker.assert_success()
    assert queue.inactive() == [job.id]


def test_a_second_signal_ends_all_processes_at_once_and_loses_no_job(
    start: Start, module: Module, queue: kue.Queue, redis_url: str
) -> None:
    module("tasks", TASKS)
    jobs = queue.save_all(queue.create("pid") for _ in range(3))
    worker = start("worker", "tasks:queue", "--processes", "2", "--timeout", "600000", KUE_REDIS_URL=redis_url)
    processes = pids(worker, 2)
    wait_until(lambda: queue.active_count() == 2, 30)
    worker.signal(signal.SIGTERM)
    worker.wait_for("stopping: 2 processes")
    assert worker.leave(signal.SIGTERM) == 128 + signal.SIGTERM
    wait_until(lambda: not any(map(is_alive, processes.values())), 30)
    assert (queue.active(), queue.inactive()) == ([jobs[0].id, jobs[1].id], [jobs[2].id])


def test_a_killed_process_is_replaced(
    start: Start, module: Module, queue: kue.Queue, redis_url: str, tmp_path: Path
) -> None:
    module("tasks", TASKS)
    (tmp_path / "go").touch()
    worker = start("worker", "tasks:queue", "--processes", "2", KUE_REDIS_URL=redis_url)
    before = pids(worker, 2)
    os.kill(before[2], signal.SIGKILL)
    after = pids(worker, 3)
    assert f"worker 2, pid {before[2]}, was ended by SIGKILL; a new one starts in 0.5 s" in worker.lines
    assert after[1] == before[1]
    assert after[2] != before[2]
    os.kill(before[1], signal.SIGKILL)
    job = queue.create("pid").save()
    wait_until(lambda: queue.complete() == [job.id], 30)
    assert kue.Job.get(job.id or 0, queue=queue).result not in before.values()


# `kue`, with a shorter first pause before a process is started again.
KUE = """
from kue.cli import main
from kue.cli.worker import supervisor
supervisor.FIRST_PAUSE_SECONDS = 0.05
main()
"""


def test_a_process_that_cannot_start_again_is_tried_ever_more_slowly(
    start: Start, module: Module, redis_url: str, tmp_path: Path
) -> None:
    module("tasks", TASKS)
    arguments = ("worker", "tasks:queue", "--processes", "2")
    worker = start(*arguments, program=("-c", KUE), KUE_REDIS_URL=redis_url)
    before = pids(worker, 2)
    (tmp_path / "broken").touch()
    os.kill(before[1], signal.SIGKILL)
    why = rf"ended with code 2 \(importing 'tasks' failed: ValueError: broken \({tmp_path}/tasks.py, line 6\)\)"
    worker.wait_for(rf"worker 1, pid \d+, {why}; a new one starts in 0.1 s")
    worker.wait_for(rf"worker 1, pid \d+, {why}; a new one starts in 0.2 s")
    (tmp_path / "broken").unlink()
    after = pids(worker, 3)
    assert after[2] == before[2]
    worker.signal(signal.SIGTERM)
    worker.assert_success()


def test_a_process_that_dies_before_it_is_ready_ends_the_command(start: Start, module: Module, redis_url: str) -> None:
    module("tasks", "import os\nos._exit(3)\n")
    worker = start("worker", "tasks:queue", "--processes", "2", KUE_REDIS_URL=redis_url)
    assert worker.wait() == 1
    assert len(worker.errors) == 1
    assert "ended with code 3 before it was ready" in worker.errors[0]


def test_the_processes_stop_when_the_supervisor_is_killed(
    start: Start, module: Module, queue: kue.Queue, redis_url: str
) -> None:
    module("tasks", TASKS)
    jobs = queue.save_all(queue.create("pid") for _ in range(2))
    worker = start("worker", "tasks:queue", "--processes", "2", "--timeout", "100", KUE_REDIS_URL=redis_url)
    processes = pids(worker, 2)
    wait_until(lambda: queue.active_count() == 2, 30)
    worker.signal(signal.SIGKILL)
    wait_until(lambda: not any(map(is_alive, processes.values())), 30)
    assert queue.inactive() == [job.id for job in jobs]
