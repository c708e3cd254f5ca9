"""The same runs, by a Node worker alone and by a Python worker alone, leave the same keys and the same messages."""

from typing import Any

import pytest

from tests.interop.tellers import Tell, Teller, assert_same
from tests.interop.told import Channel

DATA = {"to": "zoë \u2028 \U0001f600", "n": [1, 2.5, None, True, {}, []]}
HOUR = 3_600_000


# --- completed ---


@pytest.mark.parametrize("options", [{}, {"ttl": HOUR, "priority": "high", "attempts": 3}, {"delay": 20}], ids=str)
def test_worked_with_its_data_as_result(tell: Tell, options: dict[str, Any]) -> None:
    def story(teller: Teller, channel: Channel) -> None:
        teller.save(data=DATA, **options)
        teller.work()
        channel.wait_for("complete")

    assert_same(tell(story))


@pytest.mark.parametrize("value", ['{"pages":12}', "[]", '"done"', "true", "1.5", "null"])
def test_worked_with_result(tell: Tell, value: str) -> None:
    assert_same(tell(completed_with(value)))


def test_worked_without_result(tell: Tell) -> None:
    def story(teller: Teller, channel: Channel) -> None:
        teller.save()
        teller.work(behaviour="silent")
        channel.wait_for("complete")

    assert_same(tell(story))


@pytest.mark.parametrize("value", ["0", '""', "false"])
def test_python_stores_a_falsy_result_which_node_only_publishes(tell: Tell, value: str) -> None:
    by_node, by_python = tell(completed_with(value))
    assert by_node.messages == by_python.messages
    assert by_node.messages[-1] == f'{{"id":1,"event":"complete","args":["complete",{value},null]}}'
    assert "result" not in by_node.keys["q:job:1"]
    by_node.keys["q:job:1"]["result"] = value
    assert by_python.keys == by_node.keys


def completed_with(value: str) -> Any:
    def story(teller: Teller, channel: Channel) -> None:
        teller.save()
        teller.work(behaviour="result", value=value)
        channel.wait_for("complete")

    return story


def test_progress_and_log_in_the_handler(tell: Tell) -> None:
    def story(teller: Teller, channel: Channel) -> None:
        teller.save(data=DATA)
        teller.work(behaviour="report")
        channel.wait_for("complete")

    assert_same(tell(story))


@pytest.mark.parametrize("options", [{}, {"ttl": HOUR, "attempts": 2}], ids=str)
def test_removed_on_complete(tell: Tell, options: dict[str, Any]) -> None:
    def story(teller: Teller, channel: Channel) -> None:
        teller.save(removeOnComplete=True, **options)
        teller.work(behaviour="report")
        channel.wait_for("remove")
        channel.wait_for("complete")

    by_node, by_python = tell(story)
    assert by_python.keys == by_node.keys
    assert by_python.messages[-2:] == by_node.messages[-2:]
    assert by_python.messages == by_node.messages


# --- failed ---


@pytest.mark.parametrize("as_string", [False, True])
@pytest.mark.parametrize("attempts", [1, 3])
def test_failed(tell: Tell, attempts: int, as_string: bool) -> None:
    def story(teller: Teller, channel: Channel) -> None:
        teller.save(attempts=attempts)
        teller.work(behaviour="fail", message="no such address: ü", asString=as_string)
        channel.wait_for("failed")

    assert_same(tell(story))


@pytest.mark.parametrize("delay", [None, 20])
@pytest.mark.parametrize(
    "backoff",
    [
        None,
        True,
        {"type": "fixed"},
        {"type": "fixed", "delay": 30},
        {"type": "exponential"},
        {"type": "exponential", "delay": 33},
        {"type": "exponential", "delay": 40, "maxDelay": 50},
    ],
    ids=str,
)
def test_retried(tell: Tell, backoff: Any, delay: int | None) -> None:
    options = {"backoff": backoff, "delay": delay}

    def story(teller: Teller, channel: Channel) -> None:
        teller.save(attempts=4, **{name: value for name, value in options.items() if value is not None})
        teller.work(behaviour="flaky", times=2)
        channel.wait_for("complete")

    assert_same(tell(story))


@pytest.mark.parametrize(
    "backoff",
    [True, {"type": "fixed", "delay": HOUR}, {"type": "exponential", "delay": HOUR, "maxDelay": 2 * HOUR}],
    ids=str,
)
def test_waiting_for_its_retry(tell: Tell, backoff: Any) -> None:
    def story(teller: Teller, channel: Channel) -> None:
        id = teller.save(attempts=3, backoff=backoff, delay=HOUR, priority="low", ttl=HOUR)
        teller.change_state(id, "inactive")
        teller.work(behaviour="fail")
        channel.wait_for("failed attempt")

    assert_same(tell(story))


# --- timers ---


def test_promoted_by_a_worker_of_another_type(tell: Tell) -> None:
    def story(teller: Teller, channel: Channel) -> None:
        teller.save(delay=50, priority="low")
        teller.save(delay=HOUR)
        teller.work("another type")
        channel.wait_for("enqueue")

    assert_same(tell(story))


def test_promoted_together(tell: Tell) -> None:
    def story(teller: Teller, channel: Channel) -> None:
        for priority in ("low", "high", "normal"):
            teller.save(delay=50, priority=priority)
        teller.work("another type")
        channel.wait_for("enqueue", 3)

    by_node, by_python = tell(story)
    assert by_python.keys == by_node.keys
    assert sorted(by_python.messages) == sorted(by_node.messages)  # where Node moves several at once


@pytest.mark.parametrize("options", [{}, {"attempts": 2}, {"attempts": 2, "backoff": {"type": "fixed", "delay": HOUR}}])
def test_ttl_exceeded(tell: Tell, options: dict[str, Any]) -> None:
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
