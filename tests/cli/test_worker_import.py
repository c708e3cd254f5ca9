"""`kue worker` takes no job while the module is being imported, and a signal ends a long import."""

import signal
from collections.abc import Callable
from pathlib import Path

import pytest

import kue
from kue.cli.worker.signals import STOPPING
from tests.cli.command import Command, is_alive
from tests.helpers import wait_until

pytestmark = pytest.mark.slow

Start = Callable[..., Command]
Module = Callable[[str, str], None]
PROCESSES = pytest.mark.parametrize("processes", ["1", "2"])

# The handler uses a name that is defined at the end of the module, which is reached when there is a file "go".
UNFINISHED = """
    import os, time
    import kue

    queue = kue.Queue(stuck_after=100)

    @queue.process("early", 2)
    def early(job):
        return LATE

    @queue.process("coroutine", 2)
    async def coroutine(job):
        return LATE

    assert not queue.health()["ready"] and queue.health()["quiet"]
    open(f"imports {os.getpid()}", "x").close()
    while not os.path.exists("go"):
        time.sleep(0.01)
    LATE = "late"
"""


def importing(folder: Path) -> list[int]:
    """The processes that have come to the middle of the import."""
    return [int(path.name.split()[1]) for path in folder.glob("imports *")]


@PROCESSES
def test_no_job_is_taken_before_the_module_has_been_imported(
    start: Start, module: Module, queue: kue.Queue, redis_url: str, tmp_path: Path, processes: str
) -> None:
    module("tasks", UNFINISHED)
    jobs = queue.save_all(queue.create(type) for type in ("early", "coroutine") for _ in range(10))
    start("worker", "tasks:queue", "--processes", processes, KUE_REDIS_URL=redis_url)
    wait_until(lambda: importing(tmp_path), 30)
    wait_until(lambda: queue.health()["versions"] == {kue.__version__: 1}, 30)
    assert (queue.active_count(), queue.inactive_count()) == (0, 20)
    (tmp_path / "go").touch()
    wait_until(lambda: queue.complete_count() == 20, 30)
    assert {kue.Job.get(job.id or 0, queue=queue).result for job in jobs} == {"late"}


def test_no_job_is_taken_before_the_function_has_returned_the_queue(
    start: Start, module: Module, queue: kue.Queue, redis_url: str, tmp_path: Path
) -> None:
    body = "\n".join(f"    {line}" for line in UNFINISHED.splitlines())
    module("tasks", f"    def make():\n        global LATE{body}\n        return queue\n")
    job = queue.create("early").save()
    start("worker", "tasks:make", KUE_REDIS_URL=redis_url)
    wait_until(lambda: importing(tmp_path), 30)
    wait_until(lambda: queue.health()["versions"] == {kue.__version__: 1}, 30)
    assert queue.inactive() == [job.id]
    (tmp_path / "go").touch()
    wait_until(lambda: queue.complete() == [job.id], 30)


ENDLESS = {
    "a loop": "while True: time.sleep(0.01)",
    "a long call": "time.sleep(3600)",
    "a call in C that no signal ends": "mutex = ctypes.create_string_buffer(128); lock(mutex); lock(mutex)",
    "code that catches everything": "wait_on()",
    "a thread that does not end": "threading.Thread(target=wait_on).start(); wait_on()",
}
HEAD = """
    import ctypes, os, threading, time
    import kue

    queue = kue.Queue()
    queue.process("email", lambda job: None)
    lock = ctypes.CDLL(None).pthread_mutex_lock

    def wait_on():
        while True:
            try:
                time.sleep(3600)
            except BaseException:
                pass
"""
REACHED = 'os.close(os.open(f"imports {os.getpid()}", os.O_CREAT | os.O_EXCL))'  # no finalizer can swallow the signal


@pytest.mark.parametrize("what", ENDLESS)
@PROCESSES
def test_a_signal_ends_an_endless_import(
    start: Start,
    module: Module,
    queue: kue.Queue,
    redis_url: str,
    tmp_path: Path,
    what: str,
    processes: str,
) -> None:
    module("tasks", f"{HEAD}    {REACHED}\n    {ENDLESS[what]}\n")
    job = queue.create("email").save()
    worker = start("worker", "tasks:queue", "--processes", processes, KUE_REDIS_URL=redis_url)
    wait_until(lambda: importing(tmp_path), 30)
    worker.signal(signal.SIGTERM)
    worker.assert_success()
    assert not any(map(is_alive, importing(tmp_path)))
    assert worker.errors == []
    assert queue.inactive() == [job.id]


@pytest.mark.parametrize("number", STOPPING, ids=lambda number: signal.Signals(number).name)
def test_each_signal_that_asks_for_an_end_ends_an_import(
    start: Start, module: Module, redis_url: str, tmp_path: Path, number: int
) -> None:
    # One long sleep may begin just after the signal has come, and is not interrupted then.
    module("tasks", f"{HEAD}    {REACHED}\n    while True: time.sleep(0.01)\n")
    worker = start("worker", "tasks:queue", KUE_REDIS_URL=redis_url)
    wait_until(lambda: importing(tmp_path), 30)
    worker.signal(number)
    worker.assert_success()
    assert worker.lines == ["stopped during the import"]


def test_the_module_may_clean_up_when_a_signal_ends_its_import(
    start: Start, module: Module, redis_url: str, tmp_path: Path
) -> None:
    sleep = "any(time.sleep(0.01) for _ in iter(int, 1))"  # no long one: see above
    clean_up = f"try: {REACHED}; {sleep}\n    finally: open('cleaned up', 'x').close()\n"
    module("tasks", f"{HEAD}    {clean_up}")
    worker = start("worker", "tasks:queue", KUE_REDIS_URL=redis_url)
    wait_until(lambda: importing(tmp_path), 30)
    worker.signal(signal.SIGTERM)
    worker.assert_success()
    assert (tmp_path / "cleaned up").exists()


def test_a_signal_during_the_import_that_the_module_handles_itself_does_not_end_it(
    start: Start, module: Module, redis_url: str, tmp_path: Path
) -> None:
    handles = """
    import signal
    signal.signal(signal.SIGTERM, lambda *args: open("its own", "x").close())
    open("ready", "x").close()
    while not os.path.exists("its own"): time.sleep(0.01)
    while not os.path.exists("go"): time.sleep(0.01)
"""
    module("tasks", HEAD + handles)
    worker = start("worker", "tasks:queue", KUE_REDIS_URL=redis_url)
    wait_until((tmp_path / "ready").exists, 30)
    worker.signal(signal.SIGTERM)
    wait_until((tmp_path / "its own").exists, 30)
    (tmp_path / "go").touch()
    worker.wait_for("Ctrl-C")


def test_what_a_faulty_module_would_have_run_stays_in_the_queue(
    start: Start, module: Module, queue: kue.Queue, redis_url: str
) -> None:
    module("tasks", HEAD)
    job = queue.create("email").save()
    worker = start("worker", "tasks:mistyped", KUE_REDIS_URL=redis_url)
    assert worker.wait() == 2
    assert worker.errors == ["kue: the module 'tasks' has no 'mistyped'"]
    assert queue.inactive() == [job.id]
    assert (kue.Job.get(job.id or 0, queue=queue).requeues, queue.health()["versions"]) == (0, {})
