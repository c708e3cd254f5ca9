"""Jobs with fields of ours in Node's hands: Node runs them as its own, and Python shows the runs that Node made."""

import json
from collections.abc import Callable
from typing import Any

import redis

import kue
from kue.doctor import examine
from tests.helpers import wait_until
from tests.interop.node import NodeKue
from tests.interop.tellers import PROMOTION

Start = Callable[..., NodeKue]
MakeQueue = Callable[..., kue.Queue]
HOUR = 3_600_000


def short(queue: kue.Queue, id: int | None) -> list[tuple[Any, ...]]:
    return [(run["run"], run["attempt"], run["outcome"], run["error"]) for run in queue.get(id).runs]


def fields(client: Any, id: int | None) -> dict[str, str]:
    found = client.hgetall(f"q:job:{id}")
    return {name.decode(): value.decode() for name, value in found.items() if name.startswith(b"py_")}


def test_node_runs_a_job_with_our_options_and_leaves_them(
    unharmed_node: Start, make_queue: MakeQueue, client: "redis.Redis"
) -> None:
    queue = make_queue()
    job = queue.create("email", ghost_on_ttl=True, ghost_retries=2, ghost_delay=50, ttl=HOUR).save()
    before = fields(client, job.id)
    node = unharmed_node(promotion=PROMOTION)
    node.process("email")
    wait_until(lambda: queue.complete() == [job.id])
    assert (
        fields(client, job.id)
        == before
        == {
            "py_ghost_on_ttl": "true",
            "py_ghost_retries": "2",
            "py_ghost_delay": "50",
        }
    )
    [run] = queue.get(job.id).runs
    assert (run["outcome"], run["attempt"], run["worker"]) == (
        "complete",
        1,
        client.hget(f"q:job:{job.id}", "workerId").decode(),
    )
    assert examine(queue).is_clean


def test_node_ends_a_job_that_python_put_off_and_the_history_has_both(
    unharmed_node: Start, make_queue: MakeQueue, client: "redis.Redis"
) -> None:
    queue = make_queue()

    @queue.process("email")
    def put_off(job: kue.Job) -> None:
        raise kue.Snooze(300)

    job = queue.create("email").save()
    wait_until(lambda: queue.delayed() == [job.id])
    queue.shutdown(5000)
    reader = make_queue()
    node = unharmed_node(promotion=PROMOTION)
    node.process("email")
    wait_until(lambda: reader.complete() == [job.id])
    assert short(reader, job.id) == [(1, 1, "snoozed", None), (2, 1, "complete", None)]
    assert node.get(int(job.id or 0))["state"] == "complete"


def test_the_last_run_of_a_node_worker_is_shown_and_those_before_are_counted(
    unharmed_node: Start, make_queue: MakeQueue, client: "redis.Redis"
) -> None:
    queue = make_queue()
    node = unharmed_node(promotion=PROMOTION)
    node.process("fails", behaviour="fail")
    failed = queue.create("fails", attempts=3).save()
    # Node passes through `failed` between two attempts
    found = wait_until(lambda: (job := queue.get(failed.id)).attempts_made == 3 and job.finished and job)
    [run] = found.runs
    assert (run["run"], run["attempt"], run["outcome"]) == (3, 3, "failed")
    assert run["error"] == str(found.error()).splitlines()[0]
    assert (found.finished, found.success, found.finished_at) == (True, False, found.failed_at)
    assert found.total_process_time == run["duration"]


def test_a_job_that_node_failed_and_python_restarts_keeps_the_run_of_node(
    unharmed_node: Start, make_queue: MakeQueue, client: "redis.Redis"
) -> None:
    queue = make_queue()
    node = unharmed_node(promotion=PROMOTION)
    node.process("fails", behaviour="fail")
    job = queue.create("fails").save()
    wait_until(lambda: queue.failed() == [job.id])
    before = queue.get(job.id).runs
    assert "py_runs" not in fields(client, job.id)
    queue.get(job.id).delay(HOUR).delayed()
    assert json.loads(fields(client, job.id)["py_runs"]) == before == queue.get(job.id).runs
    assert [(one["run"], one["outcome"], one["error"]) for one in before] == [(1, "failed", "Error: boom")]


def test_node_s_checker_fails_the_job_of_a_dead_python_worker_by_its_own_rule(
    unharmed_node: Start, make_queue: MakeQueue, client: "redis.Redis"
) -> None:
    queue = make_queue()
    job = queue.create("email", ttl=HOUR, ghost_on_ttl=True, ghost_retries=5).save()
    job.active()
    client.hset(f"q:job:{job.id}", mapping={"workerId": "kue:host:7-beef00011:email:1", "started_at": job.updated_at})
    client.zadd("q:jobs:active", {"01|1": 100_001})
    node = unharmed_node(promotion=PROMOTION)
    node.process("another type")
    wait_until(lambda: queue.failed() == [job.id])
    wait_until(lambda: queue.get(job.id).attempts_made == 1)  # Node counts the attempt after that
    assert queue.get(job.id).error() == "TTL exceeded"
    assert "py_ghosts" not in fields(client, job.id)
    assert short(queue, job.id) == [(1, 1, "ttl", "TTL exceeded")]
