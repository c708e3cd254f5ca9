"""The end of a process that works: it takes no more jobs once its main thread has ended, and puts back what runs."""

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

import kue
from tests.crash.process import ROOT
from tests.processes import end, tied
from tests.servers import RedisServer

pytestmark = pytest.mark.slow

HEAD = """
    import asyncio, os, sys, threading, time
    from concurrent.futures import ThreadPoolExecutor
    import kue
    from tests.helpers import wait_until

    queue = kue.create_queue()
    began, go = [], threading.Event()

    @queue.process("plain", 2)
    def plain(job):
        began.append(job.id)
        go.wait()

    @queue.process("coroutine", 2)
    async def coroutine(job):
        began.append(job.id)
        await asyncio.sleep(3600)

    wait_until(lambda: len(began) == 4, 30)
"""
LEFT_ACTIVE = "the last outcomes could not be written; the jobs are left active"
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def queue(redis_url: str) -> Iterator[kue.Queue]:
    with kue.Queue(redis=redis_url) as queue:
        yield queue


@pytest.fixture
def jobs(queue: kue.Queue) -> list[kue.Job]:
    """Three jobs for each two slots."""
    return queue.save_all(queue.create(type) for type in ("plain", "coroutine") for _ in range(3))


@pytest.fixture
def run(redis_url: str, tmp_path: Path) -> Iterator[Run]:
    """Runs a program to its end. It has the handlers of HEAD, unless it is told another head."""
    with ExitStack() as stack:

        def run(program: str, head: str = HEAD, url: str = redis_url) -> "subprocess.CompletedProcess[str]":
            source = textwrap.dedent(head) + textwrap.dedent(program)
            (tmp_path / "program.py").write_text(source)
            process = subprocess.Popen(
                tied([sys.executable, "program.py"]),
                cwd=tmp_path,
                env={**os.environ, "PYTHONPATH": str(ROOT), "KUE_REDIS_URL": url},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            stack.callback(end, process)
            output, errors = process.communicate(timeout=60)
            return subprocess.CompletedProcess([], process.returncode, output, errors)

        yield run


def assert_put_back(queue: kue.Queue, jobs: list[kue.Job], errors: str) -> None:
    """All jobs wait; those that ran gave themselves back, which one warning says; no process counts as dead."""
    assert (queue.active(), sorted(queue.inactive())) == ([], [job.id for job in jobs])
    found = [kue.Job.get(job.id or 0, queue=queue) for job in jobs]
    assert [(job.requeues, job.attempts_made) for job in found] == [(1, 0), (1, 0), (0, 0)] * 2
    assert [job.get_field("py_ghosts") for job in found] == [None] * 6
    assert queue.health()["versions"] == {}
    (line,) = [line for line in errors.splitlines() if "go back" in line]
    head, _, names = line.partition(": ")
    assert head == "the process ends while jobs run, which go back to their queues"
    assert sorted(names.split(", ")) == ["coroutine 4", "coroutine 5", "plain 1", "plain 2"]


ENDINGS = {
    "sys.exit": ("sys.exit(3)", 3),
    "the end of the program": ("", 0),
    "an exception": ("raise LookupError", 1),
    "KeyboardInterrupt": ("os.kill(os.getpid(), 2); time.sleep(60)", -signal.SIGINT),
}


@pytest.mark.parametrize("what", ENDINGS)
def test_running_jobs_go_back_at_an_orderly_exit(queue: kue.Queue, jobs: list[kue.Job], run: Run, what: str) -> None:
    program, code = ENDINGS[what]
    ended = run(program)
    assert ended.returncode == code
    assert_put_back(queue, jobs, ended.stderr)


POOLS = {
    "ThreadPoolExecutor": "pool = ThreadPoolExecutor(1)",
    "ProcessPoolExecutor": """
        import multiprocessing
        from concurrent.futures import ProcessPoolExecutor
        pool = ProcessPoolExecutor(1, multiprocessing.get_context("fork"))
    """,
}


@pytest.mark.parametrize("executor", POOLS)
def test_running_jobs_go_back_before_executors_are_waited_for(
    queue: kue.Queue, jobs: list[kue.Job], run: Run, executor: str
) -> None:
    """The work of the executor ends only when the jobs have gone back."""
    work = """
        def work():
            with kue.Queue() as other:
                wait_until(lambda: other.inactive_count() == 6, 30)

        import warnings
        warnings.simplefilter("ignore")  # about the fork
        pool.submit(work)
    """
    ended = run(textwrap.dedent(POOLS[executor]) + "\n" + textwrap.dedent(work))
    assert ended.returncode == 0
    assert_put_back(queue, jobs, ended.stderr)


def test_nothing_is_taken_once_the_main_thread_has_ended(queue: kue.Queue, jobs: list[kue.Job], run: Run) -> None:
    """Though another thread goes on, which may still save jobs, and shut the queue down."""
    ended = run("""
        def go_on():
            wait_until(lambda: queue.inactive_count() == 6, 30)
            health = queue.health()
            assert health["quiet"] and not health["ready"], health
            queue.create("plain").save().remove()
            try:
                queue.process("plain", plain)
            except kue.ShutdownInProgress as problem:
                print(problem)
            queue.shutdown(10_000)

        threading.Thread(target=go_on).start()
    """)
    assert (ended.returncode, ended.stdout) == (0, "the process is ending, and takes no more handlers\n")
    assert_put_back(queue, jobs, ended.stderr)


def test_a_process_whose_main_thread_has_ended_does_not_begin_to_work(
    queue: kue.Queue, jobs: list[kue.Job], run: Run
) -> None:
    head = """
        import threading
        import kue

        queue = kue.create_queue()

        def begin():
            threading.main_thread().join()
            try:
                queue.process("plain", lambda job: None)
            except kue.ShutdownInProgress as problem:
                print(problem)

        threading.Thread(target=begin).start()
    """
    assert run("", head).stdout == "the process is ending, and takes no more handlers\n"
    assert queue.inactive_count() == 6


def test_without_the_hook_of_threading_jobs_go_back_at_the_end_of_threads(
    queue: kue.Queue, jobs: list[kue.Job], run: Run
) -> None:
    ended = run(
        "",
        "    import concurrent.futures.process, concurrent.futures.thread, threading\n"
        "    del threading._register_atexit\n" + HEAD,
    )
    assert ended.returncode == 0
    assert_put_back(queue, jobs, ended.stderr)


def test_a_shutdown_that_a_handler_began_goes_on_to_its_own_deadline(queue: kue.Queue, run: Run) -> None:
    head = """
        import threading, time
        import kue

        queue = kue.create_queue()
        shut_down = threading.Event()

        @queue.process("last")
        def last(job):
            queue.shutdown(60_000)
            shut_down.set()
            while threading.main_thread().is_alive():
                time.sleep(0.01)
            time.sleep(0.1)
            return "done"

        shut_down.wait()
    """
    job = queue.create("last").save()
    ended = run("", head)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert queue.complete() == [job.id]


def test_the_exit_of_a_forked_process_ends_nothing_of_its_parent(
    queue: kue.Queue, jobs: list[kue.Job], run: Run
) -> None:
    ended = run("""
        import multiprocessing, warnings
        warnings.simplefilter("ignore")
        child = multiprocessing.get_context("fork").Process(target=print, args=["child"])
        child.start()
        child.join()
        pid = os.fork()
        if not pid:
            sys.exit(0)
        assert os.waitpid(pid, 0)[1] == 0
        assert queue.active_count() == 4 and queue.health()["ready"]
    """)
    assert (ended.returncode, ended.stdout) == (0, "child\n")
    assert_put_back(queue, jobs, ended.stderr)


def test_a_process_whose_redis_does_not_answer_ends_all_the_same(run: Run) -> None:
    with RedisServer() as server:
        with kue.Queue(redis=server.url) as queue:
            queue.save_all(queue.create(type) for type in ("plain", "coroutine") for _ in range(2))
        try:
            ended = run(f"os.kill({server.process.pid}, {signal.SIGSTOP:d})", url=server.url)
        finally:
            os.kill(server.process.pid, signal.SIGCONT)
    assert ended.returncode == 0
    assert ended.stderr.count(LEFT_ACTIVE) == 1


def test_an_idle_process_whose_redis_does_not_answer_says_nothing_of_jobs(run: Run) -> None:
    head = """
        import os
        import kue
        from tests.helpers import wait_until

        queue = kue.create_queue()
        queue.process("plain", 2, lambda job: None)
        wait_until(lambda: queue.health()["ready"])
    """
    with RedisServer() as server:
        try:
            ended = run(f"os.kill({server.process.pid}, {signal.SIGSTOP:d})", head, server.url)
        finally:
            os.kill(server.process.pid, signal.SIGCONT)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_a_process_without_running_jobs_ends_without_a_word(queue: kue.Queue, run: Run) -> None:
    head = "import kue\nqueue = kue.create_queue()\nqueue.process('plain', 2, lambda job: None)\n"
    ended = run("", head)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
