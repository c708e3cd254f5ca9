"""Completions of one moment go out as one call; if it is refused for all, each goes again alone."""

from typing import Any

import pytest
from redis.exceptions import ResponseError

from kue.connection.connection import Command
from kue.errors import RedisRefused
from kue.store.keys import Keys
from kue.store.transitions import Transitions, completion
from kue.worker.io.calls import Call, Report
from kue.worker.io.outbox import Outbox
from kue.worker.io.pipeline import Pipeline
from kue.worker.io.reports import Batch, merge_completions

TRANSITIONS = Transitions(Keys("q"))
NOW = 1_700_000_000_000


class FakeLink:
    def __init__(self) -> None:
        self.sent: list[Command] = []
        self.replies: list[Any] = []

    def send(self, commands: list[Command]) -> None:
        self.sent += commands

    def read(self) -> Any:
        return self.replies.pop(0)


class Desk:
    def __init__(self) -> None:
        self.link: Any = FakeLink()
        self.answers: dict[int, Any] = {}
        self.outbox = Outbox(TRANSITIONS, lambda report, reply: None)
        self.exchange = Pipeline(self.outbox, TRANSITIONS)

    def completed(self, id: int, *, now: int = NOW, result: bytes = b"1") -> Report:
        run: Any = f"run {id}"
        own = completion(id, f"worker {id}", 5, result)
        return Report((), run, ends=True, on_reply=self._answered, completion=own, now=now)

    def _answered(self, report: Report, reply: Any) -> None:
        assert report.completion is not None
        self.answers[int(report.completion[0])] = reply

    def run(self, *calls: Call, replies: list[Any]) -> None:
        self.link.sent, self.link.replies = [], replies
        self.exchange.run(self.link, calls)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def numbers(calls: list[Call]) -> list[list[int]]:
    return [[report.completion[0] for report in call.reports if report.completion] for call in calls]  # type: ignore[misc]


def test_completions_of_one_moment_are_one_call_and_other_calls_stay_as_they_are(desk: Desk) -> None:
    said = Report(("say",), "run 9", ends=False, on_reply=lambda report, reply: None)  # type: ignore[arg-type]
    take = Call(("take",))
    calls = merge_completions([desk.completed(1), said, desk.completed(2), take], TRANSITIONS)
    assert [call.command for call in calls[1:]] == [("say",), ("take",)]
    assert numbers(calls[:1]) == [[1, 2]]
    assert calls[0].command == TRANSITIONS.complete(
        NOW, completion(1, "worker 1", 5, b"1"), completion(2, "worker 2", 5, b"1")
    )


def test_completions_of_another_moment_are_another_call(desk: Desk) -> None:
    calls = merge_completions([desk.completed(1), desk.completed(2), desk.completed(3, now=NOW + 1)], TRANSITIONS)
    assert numbers(calls) == [[1, 2], [3]]
    assert [call.command[5] for call in calls] == [NOW, NOW + 1]


def test_a_call_carries_a_hundred_runs_at_most_and_not_too_many_bytes(desk: Desk) -> None:
    assert [len(call.reports) for call in merge_completions([desk.completed(n) for n in range(250)], TRANSITIONS)] == [
        100,
        100,
        50,
    ]
    big = [desk.completed(n, result=b"x" * 40_000) for n in range(3)]
    assert [len(call.reports) for call in merge_completions(big, TRANSITIONS)] == [1, 1, 1]


def test_each_run_of_a_call_gets_its_own_answer(desk: Desk) -> None:
    desk.run(desk.completed(1), desk.completed(2), replies=[[[1], [-1, "failed", "other"]]])
    assert desk.answers == {1: [1], 2: [-1, "failed", "other"]}


def test_a_call_that_is_refused_is_made_again_for_each_alone(desk: Desk) -> None:
    reports = [desk.completed(n) for n in (1, 2)]
    desk.run(*reports, replies=[ResponseError("WRONGTYPE")])
    assert desk.answers == {}
    assert desk.outbox.collect() == reports and not reports[0].in_doubt

    desk.run(*reports, replies=[[[1]], wrong := ResponseError("WRONGTYPE")])
    assert len(desk.link.sent) == 2
    assert desk.answers == {1: [1], 2: wrong}
    assert desk.outbox.collect() == []


def test_a_call_that_is_refused_for_a_while_is_kept_whole(desk: Desk) -> None:
    reports = [desk.completed(n) for n in (1, 2)]
    with pytest.raises(RedisRefused):
        desk.run(*reports, replies=[ResponseError("OOM")])
    assert desk.outbox.collect() == reports and all(report.in_doubt for report in reports)
    assert len(merge_completions(reports, TRANSITIONS)) == 1


def test_a_batch_of_one_is_answered_like_many(desk: Desk) -> None:
    batch = Batch(TRANSITIONS, [desk.completed(7)])
    batch.answered([[1]])
    assert desk.answers == {7: [1]}
