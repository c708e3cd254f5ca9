"""`queue.pause` and `queue.resume`: no Python process starts jobs of the type, and none works hard to find that out."""

import threading
from datetime import timedelta
from typing import Any

import pytest

import kue
from tests.helpers import wait_until
from tests.integration.conftest import MakeQueue

SEEN_WITHIN_SECONDS = 1.0
SLACK_SECONDS = 5.0  # for a busy machine


def save(queue: Any, type: str, count: int) -> None:
    queue.save_all([queue.create(type) for _ in range(count)])


def run(queue: Any, type: str = "marker") -> None:
    """Have a job of another type run: until then the workers have seen what was set before."""
    done = queue.complete_count(type)
    queue.create(type).save()
    wait_until(lambda: queue.complete_count(type) == done + 1)


def takes(client: Any) -> int:
    """How many scripts Redis has run."""
    return int(client.info("commandstats").get("cmdstat_evalsha", {"calls": 0})["calls"])


@pytest.mark.parametrize("type", ["email", None])
def test_jobs_of_a_paused_type_wait_in_their_places_until_it_is_resumed(everywhere: Any, type: str | None) -> None:
    ran: list[int] = []
    assert everywhere.pause(type) is everywhere
    everywhere.process("email", 3, lambda job: ran.append(job.id))
    save(everywhere, "email", 5)
    if type is not None:
        everywhere.process("marker", lambda job: None)
        run(everywhere)
    waiting = list(everywhere.ids("inactive", "email"))
    assert len(waiting) == 5
    assert ran == []
    assert everywhere.resume(type) is everywhere
    wait_until(lambda: everywhere.complete_count("email") == 5, SEEN_WITHIN_SECONDS + SLACK_SECONDS)
    assert sorted(ran) == waiting


def test_a_job_that_runs_is_not_affected_by_a_pause(queue: Any) -> None:
    inside, go_on = threading.Event(), threading.Event()

    def hold(job: kue.Job) -> str:
        inside.set()
        assert go_on.wait(10)
        return "done"

    queue.process("email", hold)
    job = queue.create("email").save()
    assert inside.wait(10)
    queue.pause("email")
    go_on.set()
    wait_until(lambda: queue.complete_count("email") == 1)
    assert kue.Job.get(job.id, queue=queue).result == "done"


def test_another_process_obeys_the_pause_too(make_queue: MakeQueue) -> None:
    boss, worker = make_queue(), make_queue()
    worker.process(["email", "marker"], 2, lambda job: None)
    run(boss)
    boss.pause("email")
    save(boss, "email", 2)
    run(boss)
    assert boss.inactive_count("email") == 2
    boss.resume("email")
    wait_until(lambda: boss.complete_count("email") == 2)


@pytest.mark.parametrize("duration", [300, timedelta(milliseconds=300)])
def test_a_pause_for_a_time_ends_by_itself(queue: Any, duration: Any) -> None:
    queue.pause("email", duration)
    assert queue.paused("email")
    queue.process("email", lambda job: None)
    save(queue, "email", 1)
    wait_until(lambda: queue.complete_count("email") == 1)
    assert not queue.paused("email")


def test_the_pause_of_all_types_and_that_of_one_are_kept_apart(queue: Any) -> None:
    assert [queue.paused(), queue.paused("email")] == [False, False]
    queue.pause("email")
    assert [queue.paused(), queue.paused("email"), queue.paused("pdf")] == [False, True, False]
    queue.pause()
    assert [queue.paused(), queue.paused("email"), queue.paused("pdf")] == [True, True, True]
    queue.resume("email")
    assert queue.paused("email")
    queue.pause("email")
    queue.resume()
    assert [queue.paused(), queue.paused("email"), queue.paused("pdf")] == [False, True, False]


def test_nothing_is_left_in_redis_after_a_pause(queue: Any, client: Any) -> None:
    queue.pause("email").pause()
    queue.resume("email").resume()
    assert client.keys("*py:flow*") == []


@pytest.mark.slow
@pytest.mark.parametrize("tokens", ["as many as jobs", "in plenty", "none"])
def test_a_paused_type_costs_few_calls_and_keeps_its_tokens(make_queue: MakeQueue, client: Any, tokens: str) -> None:
    """Without a rest a worker would put a token back and get it again, thousands of times a second."""
    queues = [make_queue() for _ in range(3)]
    queues[0].pause("email")
    for queue in queues:
        queue.process("email", 5, lambda job: None)
    save(queues[0], "email", 300)
    wait_until(lambda: client.llen("q:email:jobs") == 300)  # no worker has one in hand that it puts back later
    on_the_list = 300
    if tokens != "as many as jobs":
        client.delete("q:email:jobs")
        on_the_list = 0
    if tokens == "in plenty":
        client.lpush("q:email:jobs", *[1] * 5000)
        on_the_list = 5000
    client.config_resetstat()
    began = client.time()[0]
    wait_until(lambda: client.time()[0] >= began + 4)
    calls, seconds = takes(client), client.time()[0] - began
    assert calls / seconds / len(queues) < 20
    if tokens != "none":  # then the duty for missing tokens has added them
        assert client.llen("q:email:jobs") == on_the_list
    queues[0].resume("email")
    wait_until(lambda: queues[0].complete_count("email") == 300)


def test_a_paused_type_leaves_the_slots_that_it_shares_to_the_others(queue: Any) -> None:
    queue.pause("email")
    queue.process(["email", "pdf"], 2, lambda job: None, shared=True)
    save(queue, "email", 50)
    save(queue, "pdf", 50)
    wait_until(lambda: queue.complete_count("pdf") == 50)
    assert queue.inactive_count("email") == 50
    save(queue, "pdf", 1)  # a token comes for it
    wait_until(lambda: queue.complete_count("pdf") == 51)
    queue.resume("email")
    wait_until(lambda: queue.complete_count("email") == 50)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("",), "type must be a non-empty string"),
        (("py:x",), "must not begin with"),
        (("email", 0), "duration must be"),
        (("email", -1), "duration must be"),
        (("email", "soon"), "duration must be"),
        (("email", True), "duration must be"),
    ],
)
def test_a_pause_that_is_none_is_refused(queue: Any, client: Any, arguments: Any, problem: str) -> None:
    with pytest.raises(kue.InvalidOption, match=problem):
        queue.pause(*arguments)
    assert client.keys("*py:flow*") == []
