"""The same runs, by a Node worker alone and by a Python worker alone, leave the same keys and the same messages."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.interop.tellers import Story, Tell, Teller, assert_same
from tests.interop.traces import Channel

DATA = {"to": "zoë \u2028 \U0001f600", "n": [1, 2.5, None, True, {}, []]}
HOUR = 3_600_000
REPORT = {"behaviour": "report"}


def failing(**options: Any) -> dict[str, Any]:
    return {"behaviour": "fail", "message": "no such address: ü", **options}


@dataclass
class Run:
    """One job, how it is run, and the events that it ends with."""

    data: Any = None
    options: dict[str, Any] = field(default_factory=dict)
    work: dict[str, Any] = field(default_factory=dict)
    ends: tuple[str, ...] = ("complete",)


def each_in_turn(runs: list[Run]) -> Story:
    """Each run with a job, a type and a worker of its own, one after another."""

    def story(teller: Teller, channel: Channel) -> None:
        ends: Counter[str] = Counter()
        for number, run in enumerate(runs):
            type = f"email {number}"
            teller.save(type, run.data, **run.options)
            teller.work(type, **run.work)
            for event in run.ends:
                ends[event] += 1
                channel.wait_for(event, ends[event])

    return story


# --- completed ---


def test_completed_jobs_are_the_same(tell: Tell) -> None:
    options: list[dict[str, Any]] = [{}, {"ttl": HOUR, "priority": "high", "attempts": 3}, {"delay": 20}]
    assert_same(tell(each_in_turn([Run(DATA, some) for some in options])))


def test_results_are_the_same(tell: Tell) -> None:
    results = ['{"pages":12}', "[]", '"done"', "true", "1.5", "null"]
    runs = [Run(work={"behaviour": "result", "value": result}) for result in results]
    assert_same(tell(each_in_turn([*runs, Run(work={"behaviour": "silent"})])))


def test_python_stores_a_falsy_result_which_node_only_publishes(tell: Tell) -> None:
    results = ["0", '""', "false"]
    runs = [Run(work={"behaviour": "result", "value": result}) for result in results]
    by_node, by_python = tell(each_in_turn(runs))
    assert by_node.messages == by_python.messages
    for id, result in enumerate(results, 1):
        assert f'{{"id":{id},"event":"complete","args":["complete",{result},null]}}' in by_node.messages
        assert "result" not in by_node.keys[f"q:job:{id}"]
        by_node.keys[f"q:job:{id}"]["result"] = result
    assert by_python.keys == by_node.keys


def test_progress_and_log_of_a_handler_are_the_same(tell: Tell) -> None:
    assert_same(tell(each_in_turn([Run(DATA, work={"behaviour": "report"})])))


def test_jobs_removed_on_complete_leave_the_same(tell: Tell) -> None:
    options: list[dict[str, Any]] = [{}, {"ttl": HOUR, "attempts": 2}]
    removed = ("remove", "complete")
    runs = [Run(options={"removeOnComplete": True, **some}, work=REPORT, ends=removed) for some in options]
    assert_same(tell(each_in_turn(runs)))


# --- failed ---


def test_failed_jobs_are_the_same(tell: Tell) -> None:
    runs = [
        Run(options={"attempts": attempts}, work=failing(asString=as_string), ends=("failed",))
        for attempts in (1, 3)
        for as_string in (False, True)
    ]
    assert_same(tell(each_in_turn(runs)))


BACKOFFS: list[Any] = [
    None,
    True,
    {"type": "fixed"},
    {"type": "fixed", "delay": 30},
    {"type": "exponential"},
    {"type": "exponential", "delay": 33},
    {"type": "exponential", "delay": 40, "maxDelay": 50},
]


@pytest.mark.parametrize("delay", [{}, {"delay": 20}], ids=str)
def test_retried_jobs_are_the_same(tell: Tell, delay: dict[str, int]) -> None:
    flaky = {"behaviour": "flaky", "times": 2}
    options = [{"attempts": 4, **delay} | ({"backoff": backoff} if backoff else {}) for backoff in BACKOFFS]
    assert_same(tell(each_in_turn([Run(options=some, work=flaky) for some in options])))


@pytest.mark.parametrize(
    "backoff",
    [True, {"type": "fixed", "delay": HOUR}, {"type": "exponential", "delay": HOUR, "maxDelay": 2 * HOUR}],
    ids=str,
)
def test_a_job_that_waits_for_its_retry_is_the_same(tell: Tell, backoff: Any) -> None:
    def story(teller: Teller, channel: Channel) -> None:
        id = teller.save(attempts=3, backoff=backoff, delay=HOUR, priority="low", ttl=HOUR)
        teller.change_state(id, "inactive")
        teller.work(behaviour="fail")
        channel.wait_for("failed attempt")

    assert_same(tell(story))


# --- timers ---


def test_a_job_promoted_by_a_worker_of_another_type_is_the_same(tell: Tell) -> None:
    def story(teller: Teller, channel: Channel) -> None:
        teller.save(delay=50, priority="low")
        teller.save(delay=HOUR)
        teller.work("another type")
        channel.wait_for("enqueue")

    assert_same(tell(story))


def test_jobs_promoted_together_are_the_same(tell: Tell) -> None:
    def story(teller: Teller, channel: Channel) -> None:
        for priority in ("low", "high", "normal"):
            teller.save(delay=50, priority=priority)
        teller.work("another type")
        channel.wait_for("enqueue", 3)

    by_node, by_python = tell(story)
    assert by_python.keys == by_node.keys
    assert sorted(by_python.messages) == sorted(by_node.messages)  # where Node moves several at once


@pytest.mark.parametrize("options", [{}, {"attempts": 2}, {"attempts": 2, "backoff": {"type": "fixed", "delay": HOUR}}])
def test_a_run_past_its_ttl_is_the_same(tell: Tell, options: dict[str, Any]) -> None:
    def story(teller: Teller, channel: Channel) -> None:
        teller.save(ttl=60, **options)
        teller.work(behaviour="hang")
        channel.wait_for("failed attempt" if "backoff" in options else "failed")

    assert_same(tell(story))


def test_a_run_of_python_has_five_seconds_more_before_a_checker_looks(tell: Tell) -> None:
    def story(teller: Teller, channel: Channel) -> None:
        teller.save(ttl=HOUR)
        teller.work(behaviour="hang")
        channel.wait_for("start")

    by_node, by_python = tell(story)
    assert by_node.messages == by_python.messages
    assert by_node.keys["q:jobs:active"] == {"01|1": "ttl + 0 s"}
    by_node.keys["q:jobs:active"] = {"01|1": "ttl + 5 s"}
    assert by_python.keys == by_node.keys
