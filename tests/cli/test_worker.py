"""`kue worker` in one process: what it prints, and how it stops."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import kue
from kue.cli.worker.signals import STOPPING
from tests.cli.command import ROOT, Command
from tests.helpers import keyspace, wait_until
from tests.processes import end, tied
from tests.servers import RedisServer

pytestmark = pytest.mark.slow

Start = Callable[..., Command]
Module = Callable[[str, str], None]

# The handlers say when they run, each in one write, and run until there is a file "go".
TASKS = """
    import os, time
    import kue

    queue = kue.Queue()

    @queue.process("slow", 2)
    def slow(job):
        os.write(1, b"running %d\\n" % job.id)
        while not os.path.exists("go"):
            time.sleep(0.01)
        while os.path.exists("when it takes no more jobs") and not queue._pool.slots["slow"].stopping:
            time.sleep(0.01)
        return {"went": job.id}

    @queue.process("quick", 3)
    async def quick(job):
        return None
"""


def test_the_worker_prints_what_it_serves_and_where(start: Start, module: Module, redis_url: str) -> None:
    module("tasks", TASKS)
    worker = start("worker", "tasks:queue", KUE_REDIS_URL=redis_url)
    worker.wait_for("Ctrl-C")
    assert worker.lines[:2] == [
        f"kue {kue.__version__} worker, pid {worker.process.pid}",
        f"serves slow (2 slots), quick (3 slots) on {redis_url}/0, prefix q",
    ]


def test_the_worker_does_not_print_the_password(start: Start, module: Module) -> None:
    module("tasks", TASKS)
    with RedisServer(password="sesame") as server:
        worker = start("worker", "tasks:queue", KUE_REDIS_URL=server.url)
        worker.wait_for(f"serves .* on redis://127.0.0.1:{server.port}/0")
        worker.signal(signal.SIGTERM)
        worker.assert_success()
    assert "sesame" not in worker.text


def test_the_worker_runs_jobs(start: Start, module: Module, queue: kue.Queue, redis_url: str, tmp_path: Path) -> None:
    module("tasks", TASKS)
    (tmp_path / "go").touch()
    job = queue.create("slow").save()
    worker = start("worker", "tasks:queue", KUE_REDIS_URL=redis_url)
    wait_until(lambda: queue.complete() == [job.id], 30)
    assert kue.Job.get(job.id or 0, queue=queue).result == {"went": job.id}
    worker.signal(signal.SIGTERM)
    worker.assert_success()
    assert worker.errors == []


@pytest.mark.parametrize("number", STOPPING, ids=lambda number: signal.Signals(number).name)
def test_a_signal_stops_the_worker_and_unfinished_jobs_go_back(
    start: Start, module: Module, queue: kue.Queue, redis_url: str, number: int
) -> None:
    module("tasks", TASKS)
    jobs = queue.save_all(queue.create("slow") for _ in range(3))
    before = keyspace(queue.client)
    worker = start("worker", "tasks:queue", "--timeout", "100", KUE_REDIS_URL=redis_url)
    worker.wait_for(r"running \d", count=2)
    assert sorted(queue.active()) == [jobs[0].id, jobs[1].id]

    worker.signal(number)

    worker.assert_success()
    assert worker.lines[-2:] == [
        "stopping: 2 running, running jobs have 0.1 s, then they go back to the queue; a second signal leaves at once",
        "stopped",
    ]
    assert worker.errors == []
    assert queue.inactive() == [job.id for job in jobs]
    after = keyspace(queue.client)
    assert after["q:jobs:slow:inactive"] == before["q:jobs:slow:inactive"]
    assert [after[f"q:job:{job.id}"].get("attempts") for job in jobs] == [None, None, None]


def test_the_worker_waits_for_jobs_that_finish_in_time(
    start: Start, module: Module, queue: kue.Queue, redis_url: str, tmp_path: Path
) -> None:
    module("tasks", TASKS)
    jobs = queue.save_all(queue.create("slow") for _ in range(3))
    worker = start("worker", "tasks:queue", "--timeout", "60000", KUE_REDIS_URL=redis_url)
    worker.wait_for(r"running \d", count=2)
    worker.signal(signal.SIGTERM)
    worker.wait_for("stopping: 2 running")
    (tmp_path / "when it takes no more jobs").touch()
    (tmp_path / "go").touch()
    worker.assert_success()
    assert queue.complete() == [jobs[0].id, jobs[1].id]
    assert queue.inactive() == [jobs[2].id]


def test_unfinished_jobs_fail_with_the_option_fail(
    start: Start, module: Module, queue: kue.Queue, redis_url: str
) -> None:
    module("tasks", TASKS)
    job = queue.create("slow").save()
    worker = start("worker", "tasks:queue", "--timeout", "0", "--fail", KUE_REDIS_URL=redis_url)
    worker.wait_for("running 1")
    worker.signal(signal.SIGTERM)
    worker.assert_success()
    assert queue.failed() == [job.id]
    assert kue.Job.get(job.id or 0, queue=queue).error() == "Shutdown"


def test_a_second_signal_ends_the_worker_at_once_and_loses_no_job(
    start: Start, module: Module, queue: kue.Queue, redis_url: str
) -> None:
    module("tasks", TASKS)
    jobs = queue.save_all(queue.create("slow") for _ in range(3))
    worker = start("worker", "tasks:queue", "--timeout", "600000", KUE_REDIS_URL=redis_url)
    worker.wait_for(r"running \d", count=2)
    worker.signal(signal.SIGINT)
    worker.wait_for("stopping: 2 running")
    assert worker.leave(signal.SIGINT) == 128 + signal.SIGINT
    assert "stopped" not in worker.lines
    assert (queue.active(), queue.inactive()) == ([jobs[0].id, jobs[1].id], [jobs[2].id])


def test_the_worker_stops_gracefully_if_its_output_is_not_read(
    module: Module, queue: kue.Queue, redis_url: str, tmp_path: Path
) -> None:
    module("tasks", TASKS.replace("os.write(1, ", "str("))
    job = queue.create("slow").save()
    reading, writing = os.pipe()
    worker = subprocess.Popen(
        tied([sys.executable, "-m", "kue", "worker", "tasks:queue", "--timeout", "0"]),
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "KUE_REDIS_URL": redis_url},
        stdout=writing,
    )
    os.close(writing)
    with open(reading, "rb") as said:
        assert said.readline().startswith(b"kue ")
    try:
        wait_until(lambda: queue.active() == [job.id], 30)
        worker.terminate()
        assert worker.wait(30) == 0
    finally:
        end(worker)
    assert queue.inactive() == [job.id]


def test_the_worker_ends_if_the_application_shuts_the_queue_down(
    start: Start, module: Module, queue: kue.Queue, redis_url: str
) -> None:
    module(
        "tasks",
        """
        import kue
        queue = kue.Queue()

        @queue.process("last")
        def last(job):
            queue.shutdown(1000)
            return "done"
        """,
    )
    job = queue.create("last").save()
    worker = start("worker", "tasks:queue", KUE_REDIS_URL=redis_url)
    worker.assert_success()
    assert queue.complete() == [job.id]


def test_the_worker_shuts_down_every_queue_of_the_module(
    start: Start, module: Module, queue: kue.Queue, redis_url: str
) -> None:
    module("tasks", f"{TASKS}\n    other = kue.Queue(prefix='other')\n    other.process('slow', slow)\n")
    with kue.Queue(redis=redis_url, prefix="other") as other:
        job = other.create("slow").save()
        worker = start("worker", "tasks:queue", "--timeout", "0", KUE_REDIS_URL=redis_url)
        worker.wait_for("running 1")
        worker.wait_for("Ctrl-C")
        worker.signal(signal.SIGTERM)
        worker.assert_success()
        assert other.inactive() == [job.id]


def test_the_worker_calls_a_function_that_returns_the_queue(start: Start, module: Module, redis_url: str) -> None:
    module(
        "app",
        """
        import kue

        class Factory:
            @staticmethod
            def make():
                queue = kue.Queue(prefix="made")
                queue.process("email", lambda job: None)
                return queue
        """,
    )
    worker = start("worker", "app:Factory.make", KUE_REDIS_URL=redis_url)
    worker.wait_for(r"serves email \(1 slot\) on .*, prefix made")


def test_one_process_may_use_an_embedded_server(start: Start, module: Module) -> None:
    module("tasks", TASKS)
    worker = start("worker", "tasks:queue", KUE_REDIS_URL="embedded:")
    worker.wait_for(r"on unix:///.*/socket\?db=0")
    worker.signal(signal.SIGINT)
    worker.assert_success()
