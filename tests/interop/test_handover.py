"""Jobs that change hands while they run: shutdowns, deaths, and Node taking a job away from a Python run."""

import threading
from collections.abc import Callable, Iterator

import pytest
import redis

import kue
from kue.doctor import examine
from kue.errors import JobLost
from tests.helpers import keyspace, wait_until
from tests.interop.node import STATES, NodeKue
from tests.interop.tellers import handler
from tests.interop.traces import Channel
from tests.store.world import PYTHON_LOOKALIKES

Start = Callable[..., NodeKue]
MakeQueue = Callable[..., kue.Queue]
HOUR = 3_600_000


class Held:
    """A handler that stands still until `let_go`, then says all it can and returns."""

    def __init__(self) -> None:
        self.job: kue.Job | None = None
        self._gate = threading.Event()
        self._said = threading.Event()

    def __call__(self, job: kue.Job) -> str:
        self.job = job
        self._gate.wait(60)
        job.log("a line")
        job.progress(1, 2, {"step": "half"})
        job.set("colour", "red")
        self._said.set()
        return "the result"

    def let_go(self) -> None:
        self._gate.set()
        assert self._said.wait(10)


@pytest.fixture
def held() -> Iterator[Held]:
    held = Held()
    yield held
    held.let_go()


def steps(channel: Channel, id: int | None) -> list[str]:
    """The events of a job but `enqueue`, which Node says so late that what Python does may come before it."""
    return [name for name in channel.names(id) if name != "enqueue"]


# --- shutdowns ---


@pytest.mark.parametrize("requeue", [False, True])
def test_node_runs_the_jobs_of_python_workers_that_shut_down(
    unharmed_node: Start, make_queue: MakeQueue, channel: Channel, held: Held, requeue: bool
) -> None:
    node, queue = unharmed_node(), make_queue()
    queue.process("email", held)
    id = node.create("email", {"a": 1}, attempts=2)
    wait_until(lambda: held.job)
    node.process("email")
    queue.shutdown(10, requeue=requeue)
    channel.wait_for("complete")
    end = [] if requeue else ["error", "failed attempt"]
    assert steps(channel, id) == ["start", *end, "start", "complete"]
    job = node.get(id)
    assert (job["attempts"]["made"], job.get("error")) == ((1, None) if requeue else (2, "Shutdown"))
    assert len(node.runs()) == 1


def test_python_runs_the_jobs_of_node_workers_that_shut_down(
    node_kue: Start, make_queue: MakeQueue, channel: Channel, redis_url: str
) -> None:
    node, queue = node_kue(redis_url), make_queue()
    job = queue.create("email", {"a": 1}, attempts=2).save()
    node.process("email", behaviour="hang")
    channel.wait_for("start")
    queue.process("email", handler("echo"))
    node.shutdown(10)
    channel.wait_for("complete")
    # Node says `failed attempt` after it has put the job back, when Python may have run it already
    assert sorted(steps(channel, job.id)) == sorted(["start", "error", "failed attempt", "start", "complete"])
    done = kue.Job.get(job.id or 0, queue=queue)
    assert (done.attempts_made, done.error(), done.result) == (2, "Shutdown", {"a": 1})
    assert node.stderr() == ""


# --- deaths ---


def test_the_jobs_of_a_dead_node_worker_are_not_python_s_to_recover(
    unharmed_node: Start, make_queue: MakeQueue, channel: Channel, client: "redis.Redis"
) -> None:
    """Without a ttl nobody can know whether Node still works on it. A dead Python worker's job goes back meanwhile."""
    node, queue = unharmed_node(), make_queue(lease=200)
    node.process("email", behaviour="hang")
    of_node = queue.create("email").save()
    channel.wait_for("start")
    of_python = queue.create("pdf").save().active()
    of_python.set("workerId", "kue:host:1-abcdef01:pdf:1")
    node.kill()
    before = {name: value for name, value in keyspace(client, "q:*").items() if "email" in name or name == "q:job:1"}
    queue.process("pdf", handler("echo"))
    wait_until(lambda: channel.events("complete", of_python.id))
    after = keyspace(client, "q:*")
    assert {name: after[name] for name in before} == before
    assert after["q:jobs:active"] == {f"01|{of_node.id}": 0.0}
    assert channel.names(of_node.id) == ["enqueue", "start"]


@pytest.mark.parametrize("type", PYTHON_LOOKALIKES)
def test_python_leaves_the_job_of_a_living_node_worker_alone_whatever_its_type(
    unharmed_node: Start, make_queue: MakeQueue, channel: Channel, type: str
) -> None:
    node, trouble = unharmed_node(), []
    node.process(type, behaviour="source", source="(job, done) => { global.end = done; }")
    queue = make_queue(lease=200, ghost_retries=0)
    queue.on("error", trouble.append)
    queue.process("other", handler("echo"))
    of_node = queue.create(type).save()
    channel.wait_for("start")
    for _ in range(2):  # each time a search for the jobs of the dead that finds something
        of_python = queue.create("pdf").save().active().set("workerId", "kue:host:1-abcdef01:pdf:1")
        wait_until(lambda id=of_python.id: kue.Job.get(id, queue=queue).state() == "failed")
    assert examine(queue, grace=0).is_clean
    node.evaluate("() => { global.end(null, 'done'); }")
    channel.wait_for("complete")
    assert channel.names(of_node.id) == ["enqueue", "start", "complete"]
    assert node.get(of_node.id)["attempts"]["made"] == 1
    assert trouble == []


# --- taken away ---


def test_python_loses_a_job_that_node_removes_while_it_runs(
    unharmed_node: Start, make_queue: MakeQueue, channel: Channel, client: "redis.Redis", held: Held
) -> None:
    """What the run says and how it ends is dropped: no key of the job comes back."""
    node, queue, trouble = unharmed_node(), make_queue(), []
    queue.on("error", trouble.append)
    queue.process("email", held)
    id = node.create("email", ttl=HOUR)
    wait_until(lambda: held.job)
    node.remove(id)
    held.let_go()
    queue.process("other", handler("echo"))
    node.create("other", removeOnComplete=True)
    channel.wait_for("remove", 2)
    queue.shutdown(5000)
    assert steps(channel, id) == ["start", "remove"]
    left = {name for name in keyspace(client, "q:*") if not name.startswith("q:py:")}
    assert left == {"q:ids", "q:job:types", "q:stats:work-time"}
    assert held.job is not None and held.job.lost
    assert [type(problem) for problem in trouble] == [JobLost]


@pytest.mark.parametrize("state", [state for state in STATES if state != "active"])
def test_python_loses_a_job_that_node_moves_while_it_runs(
    unharmed_node: Start, make_queue: MakeQueue, channel: Channel, client: "redis.Redis", held: Held, state: str
) -> None:
    node, queue, trouble = unharmed_node(), make_queue(), []
    queue.on("error", trouble.append)
    queue.process("email", held)
    id = node.create("email", attempts=3)
    wait_until(lambda: held.job)
    if state == "inactive":
        node.process("email", behaviour="hang")
    node.state_change(id, state)
    if state == "inactive":
        wait_until(node.runs)
    before = keyspace(client, "q:job*")
    held.let_go()
    queue.shutdown(5000)
    assert keyspace(client, "q:job*") == before
    assert node.get(id)["state"] == {"inactive": "active"}.get(state, state)
    assert not channel.events("complete") and not channel.events("progress")
    assert [type(problem) for problem in trouble] == [JobLost]


def test_an_update_by_node_while_python_runs_the_job_is_kept(
    unharmed_node: Start, make_queue: MakeQueue, channel: Channel, client: "redis.Redis", held: Held
) -> None:
    """New data, priority and ttl do not disturb the run; its outcome counts."""
    node, queue = unharmed_node(), make_queue()
    queue.process("email", held)
    id = node.create("email", {"a": 1}, attempts=3)
    wait_until(lambda: held.job)
    node.update(id, data={"a": 2}, priority="high", ttl=HOUR)
    held.let_go()
    channel.wait_for("complete")
    job = node.get(id)
    assert (job["state"], job["data"], job["priority"], job["result"]) == ("complete", {"a": 2}, -10, "the result")
    assert client.zscore("q:jobs:email:complete", f"01|{id}") == client.zscore("q:jobs", f"01|{id}") == -10
    assert (node.log(id), job["progress"]) == (["a line"], "100")
