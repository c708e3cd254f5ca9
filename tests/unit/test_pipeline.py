"""Round trips that overlap: no reply is lost or counted twice, and slots that were asked for count as taken."""

from collections.abc import Callable
from typing import Any

import pytest
from redis.exceptions import ConnectionError, NoScriptError, ResponseError

from kue.errors import RedisRefused
from kue.store import scripts
from kue.store.keys import Keys
from kue.store.transitions import Transitions
from kue.worker.io.calls import Report, RunCheck
from tests.unit.pipeline_desk import Desk


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_replies_are_handled_in_the_order_of_the_calls(desk: Desk) -> None:
    desk.link.replies = [1, 2, 3]
    desk.exchange.send(desk.link, [desk.report("a"), desk.report("b")])
    desk.exchange.send(desk.link, [desk.report("c")])
    assert desk.exchange.outstanding == 2 and desk.happened == []
    desk.exchange.receive(desk.link)
    assert desk.exchange.outstanding == 1 and desk.happened == [("a", 1), ("b", 2)]
    desk.exchange.finish(desk.link)
    assert desk.exchange.outstanding == 0 and desk.happened == [("a", 1), ("b", 2), ("c", 3)]


def test_slots_that_were_asked_for_are_not_asked_for_again(desk: Desk) -> None:
    desk.link.replies = ["jobs", "jobs"]
    desk.exchange.send(desk.link, [desk.take("a", 3)])
    assert desk.group.wanted == 1
    desk.exchange.send(desk.link, [desk.take("b", 1)])
    assert desk.group.wanted == 0
    desk.exchange.receive(desk.link)
    assert desk.group.wanted == 3
    desk.exchange.finish(desk.link)
    assert desk.group.wanted == 4


def test_the_pipeline_names_the_runs_that_have_a_report_on_its_way(desk: Desk) -> None:
    desk.link.replies = [1]
    desk.exchange.send(desk.link, [desk.report("a"), desk.take("b", 1)])
    assert desk.exchange.runs == {None}
    with pytest.raises(ConnectionError):
        desk.exchange.finish(desk.link)
    desk.exchange.give_up()
    assert desk.exchange.runs == set()


@pytest.mark.parametrize("when", ["sending", "reading"])
def test_a_connection_that_breaks_keeps_the_reports_and_frees_what_was_asked_for(desk: Desk, when: str) -> None:
    desk.run(desk.report("answered"), desk.take("jobs", 2), replies=[1, "jobs"])
    desk.link.breaks_when_sending = when == "sending"
    unanswered = desk.report("unanswered")
    with pytest.raises(ConnectionError):
        desk.run(unanswered, desk.take("more", 2), replies=[])
    desk.exchange.give_up()
    assert desk.happened == [("answered", 1), ("jobs", "jobs")]
    assert desk.outbox.collect() == [unanswered] and unanswered.in_doubt
    assert desk.group.wanted == 4
    assert desk.lost == [("more", 2)]


def test_reports_behind_one_that_breaks_are_kept_in_order(desk: Desk) -> None:
    first, second = (Report((name,), name, ends=True, on_reply=lambda report, reply: None) for name in "ab")  # type: ignore[arg-type]
    desk.exchange.send(desk.link, [first])
    desk.exchange.send(desk.link, [second])
    with pytest.raises(ConnectionError):
        desk.exchange.receive(desk.link)
    desk.exchange.give_up()
    assert desk.outbox.collect() == [first, second] and first.in_doubt and second.in_doubt


def test_scripts_that_were_forgotten_are_repeated_once_all_replies_were_read(desk: Desk) -> None:
    command = Transitions(Keys("q")).remove(1)
    for name in ("a", "b"):
        call = desk.report(name)
        call.command = command
        desk.exchange.send(desk.link, [call])
    loading = [[0] * len(scripts.names()), "OK", *["QUEUED"] * len(scripts.names()), "OK"]
    desk.link.replies = [NoScriptError("gone"), NoScriptError("gone"), *loading, 1, 2]
    desk.exchange.receive(desk.link)
    assert desk.exchange.outstanding == 0 and desk.happened == [("a", 1), ("b", 2)]


def test_a_report_that_is_refused_for_a_while_is_kept_and_the_others_count(desk: Desk) -> None:
    refused = desk.report("a")
    with pytest.raises(RedisRefused) as trouble:
        desk.run(refused, desk.take("b", 2), desk.report("c"), replies=[ResponseError("OOM"), ResponseError("OOM"), 3])
    assert trouble.value.transient
    assert desk.happened == [("c", 3)]
    assert desk.outbox.collect() == [refused] and refused.in_doubt
    assert desk.group.wanted == 4 and desk.lost == [("b", 2)]


def test_a_take_that_was_not_sent_is_not_in_doubt(desk: Desk) -> None:
    desk.exchange.drop([desk.take("a", 3)])
    assert desk.group.wanted == 4 and desk.lost == []


def test_a_check_without_an_answer_is_made_again(desk: Desk) -> None:
    run: Any = "the run"
    again: list[Any] = []
    check = RunCheck(("HMGET",), run, lambda run, reply: desk.note("check", reply), again.append)
    with pytest.raises(RedisRefused):
        desk.run(check, replies=[ResponseError("LOADING")])
    assert again == ["the run"]
    with pytest.raises(ConnectionError):
        desk.run(check, replies=[])
    desk.exchange.give_up()
    assert again == ["the run"] * 2
    desk.run(check, replies=["active"])
    assert len(again) == 2 and desk.happened == [("check", "active")]


@pytest.mark.parametrize(("reply", "error"), [("bad", ValueError), (ResponseError("OOM"), RedisRefused)])
def test_replies_behind_a_failed_one_are_handled_before_it_is_raised(
    desk: Desk, reply: Any, error: type[Exception]
) -> None:
    desk.link.replies = [reply, 2, 3]
    desk.exchange.send(desk.link, [desk.report("a"), desk.report("b")])
    desk.exchange.send(desk.link, [desk.report("c")])
    with pytest.raises(error):
        desk.exchange.receive(desk.link)
    assert desk.exchange.outstanding == 0
    assert desk.happened[-2:] == [("b", 2), ("c", 3)]
    assert not any(report.command[0] == "c" for report in desk.outbox.collect())


def test_a_connection_that_breaks_while_scripts_are_repeated_keeps_all_reports(desk: Desk) -> None:
    first, second = (Report((name,), name, ends=True, on_reply=lambda report, reply: None) for name in "ab")  # type: ignore[arg-type]
    desk.exchange.send(desk.link, [first])
    desk.exchange.send(desk.link, [second])
    desk.link.replies = [NoScriptError("gone")]
    with pytest.raises(ConnectionError):
        desk.exchange.receive(desk.link)
    desk.exchange.give_up()
    assert desk.outbox.collect() == [first, second]


def test_a_call_for_the_answer_is_made_once_all_that_was_sent_before_is_answered(desk: Desk) -> None:
    desk.send("a")
    desk.send("b")
    desk.exchange.when_answered(lambda: desk.note("answered", None))
    desk.link.replies = [1, 2, 3]
    desk.exchange.receive(desk.link)
    desk.send("c")
    desk.exchange.finish(desk.link)
    assert [what for what, _ in desk.happened] == ["a", "b", "answered", "c"]
    desk.exchange.when_answered(lambda: desk.note("at once", None))
    assert desk.happened[-1] == ("at once", None)


def test_a_call_for_the_answer_is_made_if_the_connection_breaks(desk: Desk) -> None:
    desk.send("a")
    desk.exchange.when_answered(lambda: desk.note("given up", None))
    desk.exchange.give_up()
    assert desk.happened == [("given up", None)]


def test_before_a_connection_that_works_is_closed_all_replies_are_handled(desk: Desk) -> None:
    desk.send("a", "b")
    desk.send("c")
    desk.link.replies = ["bad", 2, 3]
    desk.exchange.receive_rest(desk.link)
    desk.exchange.give_up()
    assert desk.happened == [("a", "bad"), ("b", 2), ("c", 3)]
    assert desk.outbox.collect() == []


def test_a_connection_that_breaks_before_it_is_closed_keeps_the_reports_without_an_answer(desk: Desk) -> None:
    kept = desk.report("b")
    desk.send("a")
    desk.exchange.send(desk.link, [kept])
    desk.link.replies = [1]
    desk.exchange.receive_rest(desk.link)
    desk.exchange.give_up()
    assert desk.happened == [("a", 1)]
    assert desk.outbox.collect() == [kept] and kept.in_doubt


class Thrown(Exception):
    """Comes from outside, at any moment."""


def test_after_a_send_that_was_cut_off_no_reply_is_waited_for(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = desk.report("a"), desk.report("b")
    desk.exchange.send(desk.link, [first])
    monkeypatch.setattr(desk.link, "send", raising(Thrown))
    with pytest.raises(Thrown):
        desk.exchange.send(desk.link, [second])
    assert_given_up(desk, [first, second])


@pytest.mark.parametrize("is_distant", [False, True])
def test_after_a_reply_that_was_cut_off_no_other_takes_its_place(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, is_distant: bool
) -> None:
    first, second = desk.report("a"), desk.report("b")
    desk.exchange.send(desk.link, [first, second])
    desk.link.replies = [1, 2]
    desk.exchange.pacing.is_distant = is_distant
    with monkeypatch.context() as patched, pytest.raises(Thrown):
        patched.setattr(desk.link, "read_if_complete" if is_distant else "read", raising(Thrown))
        desk.exchange.receive(desk.link)
    assert_given_up(desk, [first, second])
    desk.run(desk.report("c"), replies=[3])
    assert desk.happened == [("c", 3)]


def raising(problem: type[Exception]) -> Callable[..., Any]:
    def raises(*_: Any) -> Any:
        raise problem

    return raises


def assert_given_up(desk: Desk, reports: list[Report]) -> None:
    """Nothing is read any more, and the reports are in doubt."""
    desk.link.replies = ["one that must not be read"]
    desk.exchange.receive_rest(desk.link)
    assert desk.link.replies == ["one that must not be read"]
    desk.exchange.give_up()
    assert [report for _ in reports for report in desk.outbox.collect()] == reports  # one of a run at a time
    assert all(report.in_doubt for report in reports)
