"""Two tellers of the same stories: real Kue in Node, and the library. Both speak Kue's names."""

from collections.abc import Callable
from typing import Any, Protocol

import kue
from kue.common.clock import now_ms
from tests.helpers import wait_until
from tests.interop.node import NodeKue
from tests.interop.traces import Channel, Traces

PROMOTION = {"interval": 20}  # ms, so that promotions and checks of the ttl come soon
PYTHON_NAMES = {"removeOnComplete": "remove_on_complete", "searchKeys": "search_keys"}


class Error(Exception):
    """Named as JavaScript names its own, so that the first line of both stacks is the same."""


class Teller(Protocol):
    """Carries out the steps of a story. What a handler does is one of NodeKue's behaviours, and two of our own."""

    def save(self, type: str = "email", data: Any = None, **options: Any) -> int:
        """Save a job; options by Kue's names."""

    def work(self, type: str = "email", behaviour: str = "echo", **options: Any) -> None:
        """Process a type with one slot. Also `result` (completes with `value`) and `silent` (with no result)."""

    def update(self, id: int, **options: Any) -> None:
        """Load the job, set the options and, if given, `data`, and save it."""

    def remove(self, id: int) -> None: ...

    def change_state(self, id: int, state: str) -> None: ...

    def say(self, id: int, method: str, *args: Any) -> None:
        """Load the job and call log, progress, set or error."""


Story = Callable[[Teller, Channel], None]
Tell = Callable[[Story], tuple[Traces, Traces]]  # what Node left, and what Python left


def assert_same(traces: tuple[Traces, Traces]) -> None:
    by_node, by_python = traces
    assert by_python.keys == by_node.keys
    assert by_python.messages == by_node.messages


class NodeTeller:
    """Tells it in a Node process."""

    def __init__(self, node: NodeKue) -> None:
        self.node = node
        self.update = node.update
        self.remove = node.remove
        self.change_state = node.state_change
        self.say = node.on_job

    def save(self, type: str = "email", data: Any = None, **options: Any) -> int:
        id = self.node.create(type, data, **options)
        next_moment()
        return id

    def work(self, type: str = "email", behaviour: str = "echo", **options: Any) -> None:
        if behaviour == "silent":
            self.node.process(type, 1, "source", source="(job, done) => done()")
        elif behaviour == "result":
            self.node.process(type, 1, "source", source=f"(job, done) => done(null, {options['value']})")
        else:
            self.node.process(type, 1, behaviour, **options)


class PythonTeller:
    """Tells it with a queue of the library."""

    def __init__(self, queue: kue.Queue) -> None:
        self.queue = queue
        queue.runtime.store.clock = now_ms  # the same as the test's, which tells one step from the next by it

    def save(self, type: str = "email", data: Any = None, **options: Any) -> int:
        id = self.queue.create(type, data, **_python(options)).save().id
        assert id is not None
        next_moment()
        return id

    def work(self, type: str = "email", behaviour: str = "echo", **options: Any) -> None:
        self.queue.process(type, 1, handler(behaviour, **options))

    def update(self, id: int, **options: Any) -> None:
        job = self._get(id)
        if "data" in options:
            job.data = options.pop("data")
        for name, value in _python(options).items():
            getattr(job, name)(value)
        job.save()

    def remove(self, id: int) -> None:
        self._get(id).remove()

    def change_state(self, id: int, state: str) -> None:
        getattr(self._get(id), state)()

    def say(self, id: int, method: str, *args: Any) -> None:
        getattr(self._get(id), method)(*args)

    def _get(self, id: int) -> kue.Job:
        return kue.Job.get(id, queue=self.queue)


def handler(behaviour: str, **options: Any) -> Callable[[kue.Job], Any]:
    """NodeKue's behaviours in Python."""

    def echo(job: kue.Job) -> Any:
        return job.data

    def fail(job: kue.Job, done: Callable[..., None]) -> None:
        message = options.get("message", "boom")
        done(message if options.get("asString") else Error(message))

    def flaky(job: kue.Job) -> Any:
        if job.attempts_made < options.get("times", 1):
            raise Error(options.get("message", "boom"))
        return job.data

    def report(job: kue.Job) -> Any:
        job.log("working on %s", job.id)
        job.progress(1, 2, {"step": "half"})
        return job.data

    def result(job: kue.Job) -> Any:
        return PYTHON_VALUES[options["value"]]

    def silent(job: kue.Job) -> None:
        pass

    def hang(job: kue.Job, done: Callable[..., None]) -> None:
        pass

    known: dict[str, Callable[..., Any]] = {
        each.__name__: each for each in (echo, fail, flaky, report, result, silent, hang)
    }
    return known[behaviour]


PYTHON_VALUES: dict[str, Any] = {
    '{"pages":12}': {"pages": 12},
    "[]": [],
    '"done"': "done",
    "true": True,
    "1.5": 1.5,
    "0": 0,
    '""': "",
    "false": False,
    "null": None,
}


def next_moment() -> None:
    """Go on in another millisecond, so that no two steps of a story bear the same time."""
    now = now_ms()
    wait_until(lambda: now_ms() > now)


def _python(options: dict[str, Any]) -> dict[str, Any]:
    return {PYTHON_NAMES.get(name, name): value for name, value in options.items()}
