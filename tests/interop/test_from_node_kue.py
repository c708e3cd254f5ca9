"""docs/from-node-kue.md leaves out no name of real Kue, and what it says of Kue's behaviour is so."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import redis

import kue
from tests.examples.markdown import code_spans
from tests.helpers import wait_until
from tests.interop.node import NodeError, NodeKue

PAGE = Path(__file__).parent.parent.parent / "docs" / "from-node-kue.md"
THEIRS = """() => {
    const names = object => Object.keys(object).filter(name => !name.startsWith('_'));
    return {
        kue: [...names(kue), 'app'],
        queue: names(kue.prototype),
        Job: names(kue.Job),
        job: names(kue.Job.prototype),
        testMode: names(kue.prototype.testMode),
        ctx: ['pause', 'resume', 'shutdown'],
    };
}"""

KEPT_THERE = {("kue", "singleton"), ("Job", "client")}  # where Kue keeps its own objects while it runs


def test_every_name_of_kue_is_in_the_guide(node: NodeKue) -> None:
    spans = code_spans(PAGE.read_text())
    told = {(name[1], name[2]) for span in spans if (name := re.match(r"(\w+)\.(\w+)", span))}
    theirs = {(owner, name) for owner, names in node.evaluate(THEIRS).items() for name in names} - KEPT_THERE
    assert len(theirs) > 60
    assert theirs - told == set()


def test_every_name_of_kue_that_does_not_exist_here_raises_an_error_that_says_what_to_use(
    node: NodeKue, redis_url: str
) -> None:
    with kue.Queue(redis=redis_url) as queue:
        ours = {"kue": kue, "queue": queue, "Job": kue.Job, "job": queue.create("email"), "testMode": queue.test_mode}
        silent = []
        for owner, name in [(owner, name) for owner, names in node.evaluate(THEIRS).items() for name in names]:
            try:
                getattr(ours.get(owner, kue.Context), name)
            except AttributeError as problem:
                if "; " not in str(problem):
                    silent.append((owner, name))
        assert set(silent) == KEPT_THERE


@pytest.mark.parametrize("falsy", [0, False, ""])
def test_kue_stores_no_falsy_result_and_python_does(node: NodeKue, redis_url: str, falsy: Any) -> None:
    node.process("there", behaviour="source", source=f"(job, done) => done(null, {json.dumps(falsy)})")
    there = node.create("there")
    wait_until(lambda: node.events("job complete"))
    assert node.events("job complete")[0][2] == falsy
    with kue.Queue(redis=redis_url) as queue:
        queue.process("here", lambda job: falsy)
        here = queue.create("here").save()
        wait_until(lambda: kue.Job.get(here.id, queue=queue).state() == "complete")
        assert kue.Job.get(there, queue=queue).result is None
        assert kue.Job.get(here.id, queue=queue).result == falsy
    assert "result" not in node.get(there)
    assert node.get(here.id)["result"] == falsy


def test_an_unknown_priority_leaves_a_job_in_no_set(node: NodeKue, client: "redis.Redis") -> None:
    id = node.create("email", priority="urgent")
    assert client.hget(f"q:job:{id}", "priority") == b"urgent"
    assert client.exists("q:jobs", "q:jobs:inactive", "q:jobs:email:inactive") == 0


def test_a_handler_of_one_parameter_never_ends_its_job(node: NodeKue) -> None:
    node.evaluate("() => { queue.process('email', job => 'a result'); }")
    id = node.create("email")
    wait_until(lambda: node.events("job start"))
    assert node.get(id)["state"] == "active"


def test_resume_wakes_one_slot_of_those_that_pause_stopped(node: NodeKue) -> None:
    running = node.evaluate(
        """() => new Promise(resolve => {
            queue.process('email', 3, (job, ctx, done) => {
                ctx.pause(1000, () => {
                    ctx.resume();
                    resolve(queue.workers.map(worker => worker.running));
                });
                done();
            });
            queue.create('email', {}).save();
        })"""
    )
    assert sorted(running) == [False, False, True]


def test_a_fetched_job_receives_nothing(node: NodeKue) -> None:
    heard = node.evaluate(
        """async () => {
            const heard = [];
            const saved = queue.create('email', {}).delay(60000);
            await call(saved, 'save');
            const fetched = await call(kue.Job, 'get', saved.id);
            fetched.on('complete', () => heard.push('fetched'));
            const ended = new Promise(resolve => saved.on('complete', () => { heard.push('saved'); resolve(); }));
            queue.process('email', (job, done) => done());
            fetched.inactive();
            await ended;
            saved.on('complete', () => heard.push('late'));
            await call(queue.client, 'ping');
            return heard;
        }"""
    )
    assert heard == ["saved"]


def test_work_time_nan_and_missing_jobs_in_node_are_as_the_guide_says(node: NodeKue) -> None:
    assert node.evaluate("async () => String(await call(queue, 'workTime'))") == "NaN"
    save = "async () => { const job = queue.create('a', {n: NaN}); await call(job, 'save'); return job.id; }"
    id = int(node.evaluate(save))
    assert node.get(id)["data"] == {"n": None}
    with pytest.raises(NodeError, match='job "99" doesnt exist'):
        node.get(99)


def test_a_stopped_type_is_left_to_python(node: NodeKue, redis_url: str) -> None:
    """The steps of moving over: a type with workers on both sides, until Node's are stopped."""
    node.process("email", 2)
    with kue.Queue(redis=redis_url) as queue:
        queue.save_all(queue.create("email", n) for n in range(20))
        wait_until(lambda: queue.complete_count("email") == 20)
        node.shutdown(5000, "email")
        by_node = len(node.runs())
        assert by_node == 20
        queue.save_all(queue.create("email", n, delay=100) for n in range(20))
        queue.process("email", 2, lambda job: job.data)
        wait_until(lambda: queue.complete_count("email") == 40)
    assert len(node.runs()) == by_node
