"""kue-send's protocol between the two: results and events of one's own, and promises that wait for the other side."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import kue_send as kue
from tests.helpers import wait_until
from tests.interop.node import NodeError, NodeKue
from tests.interop.tellers import PROMOTION, handler
from tests.interop.traces import STAMP, Channel

Start = Callable[..., NodeKue]
MakeQueue = Callable[..., kue.Queue]
HOUR = 3_600_000
VALUES: list[Any] = [{"pages": 12}, None, 0, False, "", [], "zoë \u2028 \U0001f600 \ud800", {"event": 1, "args": 2}]
PROMISE = "(type, options) => require('./kue_send.js').promise(Object.assign(queue.create(type), options))"


@pytest.fixture
def queue(make_queue: MakeQueue) -> kue.Queue:
    return make_queue(kue.Queue)


def work(node: NodeKue, body: str, slots: int = 1) -> None:
    """Have Node process `email` with a handler that may use `send`."""
    send = "const { send } = require('./kue_send.js');"
    node.process("email", slots, "source", source=f"(job, done) => {{ {send} {body} }}")


def js(value: Any) -> str:
    return json.dumps(value)


# --- results ---


def test_a_result_sent_by_node_resolves_a_promise(unharmed_node: Start, queue: kue.Queue, channel: Channel) -> None:
    node = unharmed_node()
    work(node, "send(job, 'result', job.data[0]); done(null, 'what was returned');")
    for number, data in enumerate(VALUES, 1):
        heard: list[Any] = []
        job = queue.create("email", [data]).on("result", heard.append)
        future = job.promise(10_000)
        assert js(future.result()) == js(data)
        channel.wait_for("complete", number)
        assert channel.names(job.id) == ["enqueue", "start", "result", "complete"]
        wait_until(lambda heard=heard: heard)
        assert heard == [data]


def test_a_result_sent_by_python_resolves_a_promise_of_node(
    unharmed_node: Start, queue: kue.Queue, channel: Channel
) -> None:
    node = unharmed_node()

    @queue.process("email")
    def answer(job: kue.Job) -> str:
        job.send("result", VALUES[(job.id or 0) - 1])
        return "what was returned"

    for id, data in enumerate(VALUES, 1):
        assert js(node.evaluate(PROMISE, "email", {})) == js(data)
        channel.wait_for("complete", id)
        assert [name for name in channel.names(id) if name != "enqueue"] == ["start", "result", "complete"]
        assert node.events("job result")[-1:] == [["job result", id, data]]
    assert len(node.events("job result")) == len(VALUES)


def test_node_and_python_send_the_same_message(unharmed_node: Start, queue: kue.Queue, channel: Channel) -> None:
    node = unharmed_node()
    data = {"text": 'zoë \u2028 \U0001f600 \ud800 " \\', "list": [1, 2.5, None, True, {}, []]}
    id = node.create("other")
    queue.create("other")
    kue.Job.get(id, queue=queue).send("result", data)
    kue.Job.get(id, queue=queue).send("of one's own: ü", None)
    source = "(id, data) => { const { send } = require('./kue_send.js'); send({ id }, 'result', data);"
    node.evaluate(source + ' send({ id }, "of one\'s own: ü"); }', id, data)
    wait_until(lambda: len(channel.messages()) == 5)
    sent = [message for message in channel.messages() if '"enqueue"' not in message]
    assert sent[2] == STAMP.sub("", sent[0]) != sent[0]
    assert [json.loads(message)["args"][:1] for message in (sent[3], sent[1])] == [["of one's own: ü"]] * 2


def test_a_promise_without_result_gets_what_node_returned(unharmed_node: Start, queue: kue.Queue) -> None:
    node = unharmed_node()
    work(node, "done(null, [{ pages: 3 }, 0, undefined][job.data]);")
    for number, result in enumerate([{"pages": 3}, 0, None]):
        assert queue.create("email", number).promise(10_000).result() == result
        assert queue.create("email", number).remove_on_complete(True).promise(10_000).result() == result


def test_the_first_of_two_results_counts(unharmed_node: Start, queue: kue.Queue) -> None:
    node = unharmed_node()
    work(node, "send(job, 'result', 1); send(job, 'result', 2); done(new Error('too late'));")
    assert queue.create("email").promise(10_000).result() == 1


def test_many_promises_at_once_get_their_own_results(unharmed_node: Start, queue: kue.Queue) -> None:
    node = unharmed_node()
    work(node, "send(job, 'result', { n: job.data.n }); done();", slots=5)
    futures = [queue.create("email", {"n": n}).promise(30_000) for n in range(300)]
    assert [future.result() for future in futures] == [{"n": n} for n in range(300)]


def test_many_promises_of_node_at_once_get_their_own_results(unharmed_node: Start, queue: kue.Queue) -> None:
    node = unharmed_node()
    queue.process("email", 5, lambda job: job.send("result", job.data))
    source = "many => Promise.all(many.map(data => require('./kue_send.js').promise(queue.create('email', data))))"
    many = [{"n": n} for n in range(300)]
    assert node.evaluate(source, many) == many


# --- failures ---


def test_a_failed_attempt_settles_no_promise(
    unharmed_node: Start, queue: kue.Queue, channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between attempts the job waits an hour: its promise stays open, and so does one that is made then."""
    monkeypatch.setattr("kue.events.resync.CHECK_AGAIN_SECONDS", 0.05)
    node = unharmed_node()
    job = queue.create("email", {"a": 1}).attempts(3).backoff({"type": "fixed", "delay": HOUR})
    future = job.promise()
    node.process("email", behaviour="flaky", times=2)
    for attempt in (1, 2):
        channel.wait_for("failed attempt", attempt)
        assert not future.done()
        again = kue.Job.get(job.id or 0, queue=queue)
        if attempt == 1:
            with pytest.raises(kue.PromiseTimeout):
                again.promise(300).result()
        assert not future.done()
        again.inactive()
    assert future.result(10) == {"a": 1}


@pytest.mark.parametrize("attempts", [1, 3])
def test_the_last_failed_attempt_rejects_a_promise(unharmed_node: Start, queue: kue.Queue, attempts: int) -> None:
    node = unharmed_node()
    node.process("email", behaviour="fail", message="no such address: ü")
    future = queue.create("email").attempts(attempts).promise(10_000)
    with pytest.raises(kue.JobFailed) as failure:
        future.result()
    assert (failure.value.id, failure.value.message) == (1, "no such address: ü")
    stack = node.get(1)["error"]
    assert failure.value.stack == stack and stack.startswith("Error: no such address: ü\n    at ")
    assert len(node.runs()) == attempts


def test_a_string_as_an_error_of_node_is_message_and_stack(unharmed_node: Start, queue: kue.Queue) -> None:
    node = unharmed_node()
    node.process("email", behaviour="fail", message="just: words", asString=True)
    with pytest.raises(kue.JobFailed) as failure:
        queue.create("email").promise(10_000).result()
    assert (failure.value.message, failure.value.stack) == ("just: words", "just: words")


def test_a_job_that_python_fails_rejects_a_promise_of_node(unharmed_node: Start, queue: kue.Queue) -> None:
    node = unharmed_node()
    queue.process("email", handler("fail", message="no such address: ü"))
    with pytest.raises(NodeError, match="no such address: ü"):
        node.evaluate(PROMISE, "email", {"_max_attempts": 2})
    assert node.get(1)["attempts"]["made"] == 2


def test_a_ttl_that_node_overran_rejects_a_promise(unharmed_node: Start, queue: kue.Queue) -> None:
    node = unharmed_node(promotion=PROMOTION)
    node.process("email", behaviour="hang")
    with pytest.raises(kue.JobFailed, match="TTL exceeded"):
        queue.create("email").ttl(50).promise(10_000).result()


def test_a_promise_of_a_job_that_node_removes_raises(unharmed_node: Start, queue: kue.Queue) -> None:
    node = unharmed_node()
    for state in ("inactive", "active", "delayed"):
        job = queue.create("email")
        future = job.promise()
        node.state_change(job.id, state)
        assert not future.done()
        node.remove(job.id)
        with pytest.raises(kue.JobRemoved):
            future.result(10)


def test_a_timeout_leaves_the_job_to_node(unharmed_node: Start, queue: kue.Queue, channel: Channel) -> None:
    node = unharmed_node()
    job = queue.create("email", {"a": 1})
    with pytest.raises(kue.PromiseTimeout):
        job.promise(50).result()
    node.process("email")
    channel.wait_for("complete")
    assert job.promise(10_000).result() == {"a": 1}


# --- events of one's own ---


def test_python_receives_own_events_of_a_node_worker(unharmed_node: Start, queue: kue.Queue) -> None:
    node = unharmed_node()
    work(node, "send(job, 'page', { n: 1 }); job.progress(1, 2); send(job, 'page', { n: 2 }); done();")
    by_job: list[Any] = []
    by_queue: list[Any] = []
    queue.on("job page", lambda id, data: by_queue.append((id, data)))
    job = queue.create("email").on("page", by_job.append).on("progress", by_job.append)
    job.on("complete", lambda result: by_job.append("complete")).save()
    wait_until(lambda: "complete" in by_job)
    assert by_job == [{"n": 1}, 50, {"n": 2}, "complete"]
    assert by_queue == [(job.id, {"n": 1}), (job.id, {"n": 2})]


def test_node_receives_own_events_of_a_python_worker(unharmed_node: Start, queue: kue.Queue, channel: Channel) -> None:
    node = unharmed_node()
    id = node.create("email", {"pages": 2})
    wait_until(node.events)

    @queue.process("email")
    def pages(job: kue.Job) -> kue.Job:
        for n in range(job.data["pages"]):
            job.send("page", {"n": n})
            job.progress(n + 1, 2)
        return job

    wait_until(lambda: node.job_events(id, "complete"))
    assert node.job_events(id) == [
        ["enqueue", "email"],
        ["start", "email", None],
        ["page", {"n": 0}],
        ["progress", 50, None],
        ["page", {"n": 1}],
        ["progress", 100, None],
        ["complete", None, None],
    ]
    assert node.events("job page") == [["job page", id, {"n": 0}], ["job page", id, {"n": 1}]]


def test_promises_in_both_directions_settle_at_once(unharmed_node: Start, queue: kue.Queue) -> None:
    """A Python handler waits for a job of Node, whose worker answers it: promises in both directions at once."""
    node = unharmed_node()
    work(node, "send(job, 'result', job.data.n * 2); done();", slots=4)

    @queue.process("sum", 4)
    def add(job: kue.Job) -> int:
        futures = [queue.create("email", {"n": n}).promise(10_000) for n in job.data]
        return sum(future.result() for future in futures)

    source = "data => new Promise(resolve => queue.create('sum', data).on('complete', resolve).save())"
    with ThreadPoolExecutor(4) as threads:
        asked = [threads.submit(node.evaluate, source, list(range(n))) for n in range(4)]
        assert [future.result() for future in asked] == [0, 0, 2, 6]
