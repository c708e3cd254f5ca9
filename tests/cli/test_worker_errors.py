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
    "deep": "import deeper\n",
    "deeper": 'import json\njson.loads("{")\n',
}
GUESSES = {
    "tasks.py:queue": "'tasks.py:queue' names no queue: give module:queue; did you mean tasks:queue?",
    "./tasks.py:make": "'./tasks.py:make' names no queue: give module:queue; did you mean tasks:make?",
    "tasks.py": "'tasks.py' names no queue: give module:queue; did you mean tasks:queue?",
    "shop/work.py:queue": "'shop/work.py:queue' names no queue: give module:queue; did you mean shop.work:queue?",
    "shop/work:queue": "'shop/work:queue' names no queue: give module:queue; did you mean shop.work:queue?",
    "shop/__init__.py:queue": "'shop/__init__.py:queue' names no queue: give module:queue; did you mean shop:queue?",
    "{folder}/shop/work.py:queue": "'{folder}/shop/work.py:queue' names no queue: give module:queue; "
    "did you mean shop.work:queue?",
    "/srv/work.py:queue": "'/srv/work.py:queue' names no queue: give module:queue; did you mean work:queue, in /srv?",
    "tasks.queue": "'tasks.queue' names no queue: give module:queue; did you mean tasks:queue?",
    "shop.work.queue": "'shop.work.queue' names no queue: give module:queue; did you mean shop.work:queue?",
    "broken": "'broken' names no queue: give module:queue, such as broken:queue",
    "task:queue": "there is no module 'task' in {folder} or on sys.path; did you mean tasks:queue?",
    "shop.werk:queue": "there is no module 'shop.werk' in {folder} or on sys.path; did you mean shop.work:queue?",
    "tasks:qeue": "the module 'tasks' has no 'qeue'; did you mean tasks:queue?",
    "tasks:raises()": "the module 'tasks' has no 'raises()'; did you mean tasks:raises?",
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
    "deep:queue": "importing 'deep' failed: JSONDecodeError: Expecting property name enclosed in double quotes: "
    "line 1 column 2 (char 1) ({folder}/deeper.py, line 2)",
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
def modules(module: Module, tmp_path: Path) -> None:
    for name, source in MODULES.items():
        module(name, source)
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "__init__.py").touch()
    (tmp_path / "shop" / "work.py").touch()


def test_each_way_not_to_find_a_queue_has_one_clear_line(
    start: Start, modules: None, redis_url: str, tmp_path: Path
) -> None:
    trouble = (TROUBLE | GUESSES).items()
    lines = {target.format(folder=tmp_path): line.format(folder=tmp_path) for target, line in trouble}
    look = start(*lines, program=("-c", LOOK), KUE_REDIS_URL=redis_url)
    look.assert_success()
    assert look.lines == [f"2 {line}" for line in lines.values()]


@pytest.mark.parametrize("processes", ["1", "2"])
@pytest.mark.parametrize("target", ["nowhere:queue", "tasks:idle", "tasks.py:queue"])
def test_the_command_prints_that_line_and_exits_with_code_2(
    start: Start, modules: None, redis_url: str, target: str, processes: str, tmp_path: Path
) -> None:
    worker = start("worker", target, "--processes", processes, KUE_REDIS_URL=redis_url)
    assert worker.wait() == 2
    assert worker.errors == [f"kue: {(TROUBLE | GUESSES)[target].format(folder=tmp_path)}"]


TRACES = {
    "broken:queue": """
        Traceback (most recent call last):
          File "{folder}/broken.py", line 2, in <module>
            raise ValueError('no\\nsettings')
        ValueError: no
        settings
    """,
    "needy:queue": """
        Traceback (most recent call last):
          File "{folder}/needy.py", line 1, in <module>
            import numberless
        ModuleNotFoundError: No module named 'numberless'
    """,
    "garbled:queue": """
          File "{folder}/garbled.py", line 1
            def f(:
                  ^
        SyntaxError: invalid syntax
    """,
    "deep:queue": """
        Traceback (most recent call last):
          File "{folder}/deep.py", line 1, in <module>
            import deeper
          File "{folder}/deeper.py", line 2, in <module>
            json.loads("{{")
    """,
    "tasks:raises": """
        Traceback (most recent call last):
          File "{folder}/tasks.py", line 13, in raises
            raise LookupError("no settings")
        LookupError: no settings
    """,
}


@pytest.mark.parametrize("processes", ["1", "2"])
@pytest.mark.parametrize("target", TRACES)
def test_what_the_module_raises_has_a_traceback_from_its_own_line_on(
    start: Start, modules: None, redis_url: str, target: str, processes: str, tmp_path: Path
) -> None:
    worker = start("worker", target, "--processes", processes, KUE_REDIS_URL=redis_url)
    assert worker.wait() == 2
    expected = [line.strip() for line in TRACES[target].format(folder=tmp_path).strip().splitlines()]
    assert [line.strip() for line in worker.errors[: len(expected)]] == expected
    assert worker.errors[-1] == f"kue: {TROUBLE[target].format(folder=tmp_path)}"
    assert "importlib" not in "".join(worker.errors)


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
    assert worker.errors[0].endswith("tasks.py, line 5)")


@pytest.mark.parametrize(
    "arguments", [(), ("tasks:queue", "--processes", "0"), ("tasks:queue", "--timeout", "-1"), ("a:b", "--what")]
)
def test_a_command_line_that_cannot_be_read_is_a_usage_error(arguments: tuple[str, ...]) -> None:
    assert_usage_error("worker", *arguments)
