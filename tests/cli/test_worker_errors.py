"""What `kue worker` says when it cannot serve: one clear line, and exit code 2."""

from collections.abc import Callable
from pathlib import Path

import pytest

import kue
from tests.cli.command import Command

pytestmark = pytest.mark.slow

Start = Callable[..., Command]
Module = Callable[[str, str], None]

TASKS = """
    import kue

    number = 7
    queue = kue.Queue()
    idle = kue.Queue()
    queue.process("email", lambda job: None)

    def forgets():
        pass

    def raises():
        raise LookupError("no settings")

    def closed():
        queue.shutdown()
        return queue
"""
MODULES = {
    "tasks": TASKS,
    "broken": "import kue\nraise ValueError('no\\nsettings')\n",
    "needy": "import numberless\n",
    "garbled": "def f(:\n",
    "quits": "raise SystemExit(0)\n",
}
TROUBLE = {
    "tasks": "'tasks' names no queue: give module:queue, such as tasks:queue",
    ":queue": "':queue' names no queue: give module:queue, such as tasks:queue",
    "nowhere:queue": "there is no module 'nowhere' in {folder} or on sys.path",
    "tasks.deeper:queue": "there is no module 'tasks.deeper' in {folder} or on sys.path",
    "tasks:nothing": "the module 'tasks' has no 'nothing'",
    "tasks:number": "tasks:number is not a kue.Queue, nor a function that returns one: it is 7",
    "tasks:forgets": "tasks:forgets is not a kue.Queue, nor a function that returns one: it is None",
    "tasks:raises": "calling tasks:raises failed: LookupError: no settings ({folder}/tasks.py, line 13)",
    "tasks:closed": "tasks:closed is a queue that is shut down already",
    "tasks:idle": "tasks:idle has no handlers: register them in the module, with @queue.process(type)",
    "broken:queue": "importing 'broken' failed: ValueError: no settings ({folder}/broken.py, line 2)",
    "needy:queue": "importing 'needy' failed: ModuleNotFoundError: No module named 'numberless' "
    "({folder}/needy.py, line 1)",
    "garbled:queue": "importing 'garbled' failed: SyntaxError: invalid syntax (garbled.py, line 1)",
    "quits:queue": "importing 'quits' failed: SystemExit: 0 ({folder}/quits.py, line 1)",
}


@pytest.mark.parametrize("processes", ["1", "2"])
@pytest.mark.parametrize("target", TROUBLE)
def test_one_clear_line(
    start: Start, module: Module, redis_url: str, target: str, processes: str, tmp_path: Path
) -> None:
    for name, source in MODULES.items():
        module(name, source)
    worker = start("worker", target, "--processes", processes, KUE_REDIS_URL=redis_url)
    assert worker.wait() == 2
    assert worker.errors == [f"kue: {TROUBLE[target].format(folder=tmp_path)}"]


def test_jobs_that_a_faulty_module_took_go_back(start: Start, module: Module, queue: kue.Queue, redis_url: str) -> None:
    module(
        "tasks",
        """
        import threading
        import kue

        queue, taken = kue.Queue(), threading.Event()

        @queue.process("email")
        def email(job):
            taken.set()
            threading.Event().wait()

        taken.wait()
        """,
    )
    job = queue.create("email").save()
    worker = start("worker", "tasks:mistyped", KUE_REDIS_URL=redis_url)
    assert worker.wait() == 2
    assert worker.errors == ["kue: the module 'tasks' has no 'mistyped'"]
    assert queue.inactive() == [job.id]


def test_an_embedded_server_is_refused_for_several_processes(start: Start, module: Module) -> None:
    module("tasks", TASKS)
    worker = start("worker", "tasks:queue", "--processes", "2", KUE_REDIS_URL="embedded:")
    assert worker.wait() == 2
    assert worker.errors == [
        "kue: tasks:queue asks for an embedded server, and each process would start one of its own: use --processes 1, "
        "or one server for all (`kue server`, and its URL as redis= or in KUE_REDIS_URL)"
    ]


def test_an_unreadable_address_is_one_line(start: Start, module: Module) -> None:
    module("tasks", TASKS)
    worker = start("worker", "tasks:queue", KUE_REDIS_URL="ftp://somewhere")
    assert worker.wait() == 2
    assert len(worker.errors) == 1
    assert worker.errors[0].startswith("kue: importing 'tasks' failed: InvalidURL: KUE_REDIS_URL='ftp://somewhere'")


@pytest.mark.parametrize(
    "arguments", [(), ("tasks:queue", "--processes", "0"), ("tasks:queue", "--timeout", "-1"), ("a:b", "--what")]
)
def test_a_command_line_that_cannot_be_read_is_a_usage_error(start: Start, arguments: tuple[str, ...]) -> None:
    worker = start("worker", *arguments)
    assert worker.wait() == 2
    assert "Usage:" in "\n".join(worker.errors)
