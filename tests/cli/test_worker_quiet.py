"""SIGUSR1 makes `kue worker` quiet: it takes no more jobs, finishes those that run, and stays up."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

import kue
from tests.cli.command import Command
from tests.cli.test_worker_processes import READY, pids
from tests.helpers import wait_until

pytestmark = pytest.mark.slow

Start = Callable[..., Command]
Module = Callable[[str, str], None]

# It also keeps writing down what its health says.
TASKS = """
    import json, os, threading, time
    import kue

    queue = kue.Queue()

    @queue.process("slow", 2)
    def slow(job):
        os.write(1, b"running %d\\n" % job.id)
        while not os.path.exists("go"):
            time.sleep(0.01)

    def watch():
        while True:
            with open(f"new {os.getpid()}", "w") as file:
                json.dump(queue.health(), file)
            os.rename(file.name, f"health {os.getpid()}")
            time.sleep(0.01)

    threading.Thread(target=watch, daemon=True).start()
    while os.path.exists("wait"):
        time.sleep(0.01)
"""


def quiet(folder: Path) -> set[int]:
    """The processes whose health says that they are quiet."""
    return {int(path.name.split()[1]) for path in folder.glob("health *") if '"quiet": true' in path.read_text()}


def test_a_quiet_worker_finishes_its_jobs_and_takes_no_more(
    start: Start, module: Module, queue: kue.Queue, redis_url: str, tmp_path: Path
) -> None:
    module("tasks", TASKS)
    jobs = queue.save_all(queue.create("slow") for _ in range(3))
    worker = start("worker", "tasks:queue", "--timeout", "0", KUE_REDIS_URL=redis_url)
    worker.wait_for(r"running \d", count=2)
    worker.signal(signal.SIGUSR1)
    worker.wait_for("quiet: takes no more jobs; 2 running")
    worker.signal(signal.SIGUSR1)  # once more is no other signal
    (tmp_path / "go").touch()
    wait_until(lambda: queue.complete_count() == 2, 30)
    wait_until(lambda: quiet(tmp_path) == {worker.process.pid}, 30)
    later = queue.create("slow").save()
    assert worker.running
    worker.signal(signal.SIGTERM)
    worker.assert_success()
    assert sorted(queue.complete()) == [jobs[0].id, jobs[1].id]
    assert queue.inactive() == [jobs[2].id, later.id]
    assert worker.text.count("quiet") == 1


def test_a_worker_that_is_made_quiet_during_the_import_takes_nothing(
    start: Start, module: Module, queue: kue.Queue, redis_url: str, tmp_path: Path
) -> None:
    module("tasks", TASKS.replace("threading.Thread(", 'print("importing", flush=True); threading.Thread('))
    (tmp_path / "wait").touch()
    job = queue.create("slow").save()
    worker = start("worker", "tasks:queue", KUE_REDIS_URL=redis_url)
    worker.wait_for("importing")
    worker.signal(signal.SIGUSR1)
    (tmp_path / "wait").unlink()
    worker.wait_for("quiet: takes no more jobs; 0 running")
    worker.signal(signal.SIGTERM)
    worker.assert_success()
    assert queue.inactive() == [job.id] and "running 1" not in worker.text


def test_every_process_becomes_quiet_also_one_that_starts_later(
    start: Start, module: Module, queue: kue.Queue, redis_url: str, tmp_path: Path
) -> None:
    module("tasks", TASKS)
    worker = start("worker", "tasks:queue", "--processes", "2", KUE_REDIS_URL=redis_url)
    processes = pids(worker, 2)
    worker.signal(signal.SIGUSR1)
    worker.wait_for("quiet: 2 processes take no more jobs")
    wait_until(lambda: quiet(tmp_path) == set(processes.values()), 30)
    os.kill(processes[2], signal.SIGKILL)
    after = pids(worker, 3)
    wait_until(lambda: quiet(tmp_path) == {*processes.values(), after[2]}, 30)
    job = queue.create("slow").save()
    worker.signal(signal.SIGTERM)
    worker.assert_success()
    assert queue.inactive() == [job.id]


def test_processes_that_are_still_starting_become_quiet(
    start: Start, module: Module, queue: kue.Queue, redis_url: str, tmp_path: Path
) -> None:
    """The signal comes before a process handles it, which would end the process."""
    module("tasks", TASKS)
    job = queue.create("slow").save()
    worker = start("worker", "tasks:queue", "--processes", "2", KUE_REDIS_URL=redis_url)
    worker.wait_for("Ctrl-C")
    worker.signal(signal.SIGUSR1)
    worker.wait_for(READY, 2)
    wait_until(lambda: len(quiet(tmp_path)) == 2, 30)
    worker.signal(signal.SIGTERM)
    worker.assert_success()
    assert queue.inactive() == [job.id] and "ended" not in worker.text
