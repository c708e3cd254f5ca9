"""`kue worker` prints one clear line and exits with code 2 if it cannot serve."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.command import Command, assert_usage_error

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


# Looks for each queue in turn, and prints what is wrong with it.
LOOK = """
import os, sys
from kue.cli.console import CommandError
from kue.cli.worker.locate import find_queue
for target in sys.argv[1:]:
    try:
        find_queue(target)
    except CommandError as problem:
        print(problem.code, problem, flush=True)
os._exit(0)
"""


@pytest.fixture
def modules(module: Module) -> None:
    for name, source in MODULES.items():
        module(name, source)


def test_each_way_not_to_find_a_queue_has_one_clear_line(
    start: Start, modules: None, redis_url: str, tmp_path: Path
) -> None:
    look = start(*TROUBLE, program=("-c", LOOK), KUE_REDIS_URL=redis_url)
    assert look.wait() == 0
    assert look.lines == [f"2 {line.format(folder=tmp_path)}" for line in TROUBLE.values()]


@pytest.mark.parametrize("processes", ["1", "2"])
@pytest.mark.parametrize("target", ["nowhere:queue", "tasks:idle", "broken:queue"])
def test_the_command_prints_that_line_and_exits_with_code_2(
    start: Start, modules: None, redis_url: str, target: str, processes: str, tmp_path: Path
) -> None:
    worker = start("worker", target, "--processes", processes, KUE_REDIS_URL=redis_url)
    assert worker.wait() == 2
    assert worker.errors == [f"kue: {TROUBLE[target].format(folder=tmp_path)}"]


def test_an_embedded_server_is_refused_for_several_processes(start: Start, module: Module) -> None:
    module("tasks", TASKS)
    worker = start("worker", "tasks:queue", "--processes", "2", KUE_REDIS_URL="embedded:")
    assert worker.wait() == 2
    assert worker.errors == [
        "kue: tasks:queue asks for an embedded server, and each process would start one of its own: use --processes 1, "
        "or one server for all (`kue server`, and its URL as redis= or in KUE_REDIS_URL)"
    ]


def test_an_address_that_cannot_be_read_is_one_line(start: Start, module: Module) -> None:
    module("tasks", TASKS)
    worker = start("worker", "tasks:queue", KUE_REDIS_URL="ftp://somewhere")
    assert worker.wait() == 2
    assert len(worker.errors) == 1
    assert worker.errors[0].startswith("kue: importing 'tasks' failed: InvalidURL: KUE_REDIS_URL='ftp://somewhere'")


@pytest.mark.parametrize(
    "arguments", [(), ("tasks:queue", "--processes", "0"), ("tasks:queue", "--timeout", "-1"), ("a:b", "--what")]
)
def test_a_command_line_that_cannot_be_read_is_a_usage_error(arguments: tuple[str, ...]) -> None:
    assert_usage_error("worker", *arguments)
