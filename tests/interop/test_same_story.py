"""The same story, told by Node alone and by Python alone, leaves the same keys and the same messages."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest
import redis

import kue
from kue.common.clock import now_ms
from tests.helpers import wait_until
from tests.interop.node import STATES, NodeKue
from tests.interop.tellers import Tell, Teller, assert_same
from tests.interop.traces import Channel

HOUR = 3_600_000
DATA = {"to": "zoë \u2028 \U0001f600", "n": [1, 2.5, None, True, {}, []]}
OPTIONS: list[dict[str, Any]] = [
    {},
    *({"priority": level} for level in ("low", "normal", "medium", "high", "critical", 7, -100)),
    {"delay": HOUR},
    {"attempts": 7},
    {"ttl": HOUR},
    {"removeOnComplete": True},
    {"backoff": True},
    {"backoff": {"type": "fixed", "delay": 500}},
    {"backoff": {"type": "exponential", "delay": 500, "maxDelay": 4000}},
    {"events": False},
]
EVERY_OPTION = {"priority": "high", "attempts": 5, "delay": HOUR, "ttl": 9000, "removeOnComplete": True} | {
    "backoff": {"type": "exponential", "delay": 500},
    "searchKeys": ["to"],
}


# --- saving ---


def test_saved_jobs_are_the_same_whatever_their_options(tell: Tell) -> None:
    def story(teller: Teller, channel: Channel) -> None:
        for options in (*OPTIONS, EVERY_OPTION):
            teller.save("email", DATA, **options)
            teller.save("a b:ü", **options)

    assert_same(tell(story))


def test_jobs_are_run_in_order_of_priority(tell: Tell) -> None:
    def story(teller: Teller, channel: Channel) -> None:
        for level in ("low", "normal", "high", "normal", "critical", "medium", 7):
            teller.save(priority=level)
        teller.work()
        channel.wait_for("complete", 7)
        assert [event["id"] for event in channel.events("start")] == [5, 3, 6, 2, 4, 7, 1]

    assert_same(tell(story))


UPDATES: list[dict[str, Any]] = [
    *({"data": {"a": 2}}, {"priority": "low"}, {"ttl": 2 * HOUR}, {"removeOnComplete": True}),
    {"data": [], "priority": 3, "ttl": HOUR, "backoff": {"type": "fixed", "delay": 9}},
]


@pytest.mark.parametrize("state", STATES)
def test_updated_jobs_are_the_same(tell: Tell, state: str) -> None:
    delay = {} if state == "failed" else {"delay": HOUR}  # Node counts an old delay anew from the failure

    def story(teller: Teller, channel: Channel) -> None:
        for options in UPDATES:
            id = teller.save(data=DATA, attempts=3, **delay)
            teller.change_state(id, state)
            teller.update(id, **options)

    assert_same(tell(story))


@pytest.mark.parametrize("state", STATES)
def test_a_new_delay_counts_from_the_update_in_python_and_from_the_past_in_node(
    unharmed_node: Callable[..., NodeKue], make_queue: Callable[..., kue.Queue], client: "redis.Redis", state: str
) -> None:
    node, queue = unharmed_node(), make_queue()

    def times(id: int) -> tuple[str, int, int]:
        moments = client.hmget(f"q:job:{id}", "failed_at", "created_at", "updated_at", "promote_at")
        failed_at, created_at, updated_at, promote_at = [int(moment or 0) for moment in moments]
        delay = int(client.hget(f"q:job:{id}", "delay") or 0)
        before = promote_at - delay - (failed_at or created_at)
        return kue.Job.get(id, queue=queue).state() or "", before, promote_at - delay - updated_at

    ids = [queue.create("email").save().state(state).id or 0 for _ in range(2)]
    wait_until(lambda: now_ms() > int(client.hget(f"q:job:{ids[1]}", "updated_at") or 0) + 20)
    node.update(ids[0], delay=HOUR)
    kue.Job.get(ids[1], queue=queue).delay(HOUR).update()
    by_node, by_python = times(ids[0]), times(ids[1])
    assert (by_node[:2], by_python[::2]) == ((state, 0), ("delayed" if state == "inactive" else state, 0))
    assert by_node[2] < -10 and by_python[1] > 10


# --- by hand ---


@pytest.mark.parametrize("options", [{}, {"priority": "high", "delay": HOUR, "ttl": HOUR}], ids=str)
def test_jobs_moved_by_hand_are_the_same(tell: Tell, options: dict[str, Any]) -> None:
    def story(teller: Teller, channel: Channel) -> None:
        for start, state in itertools.product(STATES, STATES):
            id = teller.save(**options)
            teller.change_state(id, start)
            teller.change_state(id, state)

    assert_same(tell(story))


def test_removed_jobs_leave_the_same(tell: Tell) -> None:
    def story(teller: Teller, channel: Channel) -> None:
        teller.save()
        for state in STATES:
            id = teller.save(attempts=3)
            teller.change_state(id, state)
            teller.say(id, "log", "a line")
            teller.remove(id)

    assert_same(tell(story))


def test_what_is_reported_by_hand_is_the_same(tell: Tell) -> None:
    def story(teller: Teller, channel: Channel) -> None:
        id = teller.save(ttl=HOUR)
        teller.change_state(id, "active")
        teller.say(id, "log", "100% of nothing")
        teller.say(id, "log", "%s and %d", "one", 2)
        teller.say(id, "progress", 1, 3)
        teller.say(id, "progress", 2, 3, {"step": "ü"})
        teller.say(id, "progress", 5, 3)
        teller.say(id, "progress", 0, 0)
        teller.say(id, "progress", -1, 3)
        teller.say(id, "set", "colour", "red")
        teller.say(id, "error", "no such address")

    assert_same(tell(story))


# --- where Python does more than Node ---


def test_python_stores_attempts_set_in_an_update_which_node_forgets(tell: Tell) -> None:
    def story(teller: Teller, channel: Channel) -> None:
        teller.update(teller.save(attempts=2), attempts=5)

    by_node, by_python = tell(story)
    assert by_node.messages == by_python.messages
    assert by_node.keys["q:job:1"]["max_attempts"] == "2"
    by_node.keys["q:job:1"]["max_attempts"] = "5"
    assert by_python.keys == by_node.keys


def test_python_stores_falsy_progress_data_which_node_only_publishes(tell: Tell) -> None:
    def story(teller: Teller, channel: Channel) -> None:
        for data in (0, "", False):
            teller.say(teller.save(), "progress", 1, 2, data)

    by_node, by_python = tell(story)
    assert by_node.messages == by_python.messages
    assert [by_python.keys[f"q:job:{id}"].pop("progress_data") for id in (1, 2, 3)] == ["0", '""', "false"]
    assert by_python.keys == by_node.keys
