"""Real Kue in a Node process, by Kue's own vocabulary.

    with NodeKue(url) as node:
        node.process("email", behaviour="echo")
        id = node.create("email", {"to": "a@example.com"}, priority="high", attempts=3)
        wait_until(lambda: node.events("job complete"))

Start it from the main thread: it dies with the thread that started it (see tests/processes.py).
"""

import re
import shutil
from typing import Any

from tests.helpers import wait_until
from tests.interop.process import HERE, NodeError, NodeProcess

__all__ = ["STATES", "NodeError", "NodeKue", "what_is_missing"]

STATES = ("inactive", "active", "complete", "failed", "delayed")


def what_is_missing() -> str | None:
    """What keeps real Kue from running here, or None."""
    if not shutil.which("node"):
        return "real Kue needs the package nodejs (Debian)"
    if not (HERE / "node_modules" / "kue").is_dir():
        return "real Kue is not installed: `npm ci` in tests/interop installs it (package npm)"
    return None


class NodeKue(NodeProcess):
    """One Node process with one Kue queue. Further keywords are options of Kue's createQueue.

    `ioredis` and `cluster` make Kue use that kind of client, so that its keys begin with `{prefix}`. `library` is what
    the process requires: "kue-scheduler" is Kue with its own methods besides.
    A request that gets no answer within `timeout` seconds raises NodeError.
    """

    def __init__(
        self,
        url: str,
        prefix: str = "q",
        *,
        ioredis: bool = False,
        cluster: bool = False,
        library: str = "kue",
        timeout: float = 30,
        **options: Any,
    ) -> None:
        client = {"url": url, "ioredis": ioredis, "cluster": cluster, "library": library}
        super().__init__({**client, "prefix": prefix, "options": options}, timeout)
        self.was_killed = False
        self.complaint = ""  # what it is expected to write to stderr, as a regular expression

    def kill(self) -> None:
        """SIGKILL."""
        self.was_killed = True
        super().kill()

    def assert_unharmed(self) -> None:
        """It runs, it hears what is published now, and it has written to stderr what is expected and nothing else."""
        assert self.running, self.stderr()
        before = len(self.events("job marker"))
        self.evaluate("() => { require('kue/lib/queue/events').emit(0, 'marker'); }")
        wait_until(lambda: len(self.events("job marker")) > before)
        assert re.fullmatch(self.complaint, self.stderr(), re.DOTALL), self.stderr()

    # --- jobs ---

    def create(self, type: str, data: Any = None, **options: Any) -> int:
        """Save a job and return its id. Options are Kue's job methods, by Kue's names, with one argument:
        priority, attempts, delay, ttl, backoff, removeOnComplete, events, searchKeys; `backoffSource` is the
        JavaScript source of a backoff function."""
        return int(self.request("create", type=type, data=data, options=options))

    def create_many(self, type: str, many: list[Any], **options: Any) -> list[int]:
        """Save a job for each data; their ids, in order."""
        ids: list[int] = self.request("createMany", type=type, many=many, options=options)
        return ids

    def get(self, id: int | str) -> dict[str, Any]:
        """The job's JSON, as Kue makes it."""
        job: dict[str, Any] = self.request("get", job=id)
        return job

    def update(self, id: int, **options: Any) -> None:
        """Load the job, set the options and, if given, `data`, and save it."""
        self.request("update", job=id, options=options)

    def remove(self, id: int) -> None:
        self.request("remove", job=id)

    def state_change(self, id: int, state: str) -> None:
        """Load the job and call the method of the state's name."""
        self.request("stateChange", job=id, state=state)

    def on_job(self, id: int, method: str, *args: Any) -> None:
        """Load the job and call a method without a callback: log, progress, set, error."""
        self.request("onJob", job=id, method=method, args=args)

    def log(self, id: int) -> list[str]:
        lines: list[str] = self.request("log", job=id)
        return lines

    def range(self, start: int, stop: int, order: str = "asc") -> list[dict[str, Any]]:
        jobs: list[dict[str, Any]] = self.request("range", start=start, stop=stop, order=order)
        return jobs

    def range_by_state(self, state: str, start: int, stop: int, order: str = "asc") -> list[dict[str, Any]]:
        jobs: list[dict[str, Any]] = self.request("rangeByState", state=state, start=start, stop=stop, order=order)
        return jobs

    def range_by_type(self, type: str, state: str, start: int, stop: int, order: str = "asc") -> list[dict[str, Any]]:
        jobs: list[dict[str, Any]] = self.request(
            "rangeByType", type=type, state=state, start=start, stop=stop, order=order
        )
        return jobs

    # --- the queue ---

    def process(self, type: str, slots: int = 1, behaviour: str = "echo", **options: Any) -> None:
        """Work on a type. What happens to each job:

        echo      completes with the job's data
        fail      fails with `message` ("boom"), as an Error, or as a string with asString=True
        flaky     fails while fewer than `times` (1) attempts were made, then echoes
        hang      never calls done
        sleep     echoes after `ms`
        report    writes a log line, reports progress 1 of 2 with {"step": "half"}, then echoes
        source    calls the function whose JavaScript is `source`: (job, done) or (job, ctx, done)
        """
        self.request("process", type=type, slots=slots, behaviour=behaviour, options=options)

    def hold(self, type: str) -> int:
        """Create a job, and return once a worker here runs it, for ever."""
        self.process(type, behaviour="hang")
        id = self.create(type)
        wait_until(lambda: self.get(id)["state"] == "active")
        self.flush()
        return id

    def on_queue(self, method: str, *args: Any) -> Any:
        """Call a method of the queue that takes a callback, and return what the callback got."""
        return self.request("onQueue", method=method, args=args)

    def counts(self, type: str | None = None) -> dict[str, int]:
        """The number of jobs in each state, of all types or of one."""
        ask, args = ("card", ()) if type is None else ("cardByType", (type,))
        return {state: int(self.on_queue(ask, *args, state)) for state in STATES}

    def watch_stuck_jobs(self, ms: int = 1000) -> None:
        self.request("watchStuckJobs", ms=ms)

    def shutdown(self, ms: int = 5000, type: str = "") -> None:
        """Kue's graceful shutdown, of all workers or of one type's. The process stays and can be asked."""
        self.request("shutdown", ms=ms, type=type)

    def evaluate(self, source: str, *args: Any) -> Any:
        """Call a JavaScript function, plain or async, and return what it returns.

        Its source may use `kue`, `queue`, `require` and `call(object, method, ...args)`, which turns a
        callback into a promise.
        """
        return self.request("evaluate", source=source, args=args)

    def flush(self) -> None:
        """Return when everything sent so far on Kue's connections has been carried out."""
        self.request("flush")

    # --- what it heard ---

    def events(self, name: str | None = None) -> list[list[Any]]:
        """What the queue object emitted so far: [`job <event>`, id, *args] and ["error", message]."""
        return _named(self.request("heard", what="events"), name)

    def job_events(self, id: int, name: str | None = None) -> list[list[Any]]:
        """What the object of a job created here emitted so far: [event, *args]."""
        return _named(self.request("heard", what="jobEvents").get(str(id), []), name)

    def messages(self) -> list[str]:
        """The raw messages on the events channel so far."""
        texts: list[str] = self.request("heard", what="messages")
        return texts

    def runs(self) -> list[dict[str, Any]]:
        """The jobs its handlers were called with, in order: id, type, data, worker."""
        runs: list[dict[str, Any]] = self.request("heard", what="runs")
        return runs

    def wait_for_rounds(self, lock: str, count: int = 3) -> None:
        """Until Kue's timer has held its lock (promotion, activeJobsTTL) so often again; it must be processing."""
        before = self.request("heard", what="rounds")[lock]
        wait_until(lambda: self.request("heard", what="rounds")[lock] >= before + count)


def _named(events: list[list[Any]], name: str | None) -> list[list[Any]]:
    return [event for event in events if name in (None, event[0])]
