"""Round trips that overlap: no reply is lost or counted twice, and slots that were asked for count as taken."""

from typing import Any

import pytest
from redis.exceptions import ConnectionError, ResponseError

from kue.errors import RedisRefused
from kue.store.keys import Keys
from kue.store.transitions import Transitions
from kue.worker.calls import Call, RunCheck, Take
from kue.worker.exchange import Exchange
from kue.worker.outbox import Outbox
from kue.worker.reports import Report
from kue.worker.slots import Group


class FakeLink:
    """Notes what was sent, and answers with what it is given."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.replies: list[Any] = []
        self.breaks_when_sending = False

    def send(self, commands: list[tuple[str, ...]]) -> None:
        if self.breaks_when_sending:
            raise ConnectionError("gone")
        self.sent += [command[0] for command in commands]

    def read(self) -> Any:
        if not self.replies:
            raise ConnectionError("gone")
        return self.replies.pop(0)


class Desk:
    """An exchange with everything around it, and what happened in order."""

    def __init__(self) -> None:
        self.link: Any = FakeLink()
        self.happened: list[tuple[str, Any]] = []
        self.outbox = Outbox(Transitions(Keys("q")), lambda report, reply: None)
        self.exchange = Exchange(self.outbox, Transitions(Keys("q")))
        handler: Any = None
        self.group = Group("email")
        for n in range(4):
            self.group.add(f"kue:host:7-b:email:{n}", handler)

    def report(self, name: str) -> Report:
        run: Any = None
        return Report((name,), run, ends=True, settled=lambda report, reply: self.note(name, reply))

    def take(self, name: str, count: int) -> Take:
        return Take((name,), self.group, count, 1, lambda take, reply: self.note(name, reply))

    def note(self, name: str, reply: Any) -> None:
        self.happened.append((name, reply))
        if reply == "bad":
            raise ValueError(name)

    def run(self, *calls: Call, replies: list[Any]) -> None:
        self.link.replies = replies
        self.exchange.run(self.link, calls)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_replies_are_dealt_with_when_the_next_batch_is_on_its_way(desk: Desk) -> None:
    desk.run(desk.report("a"), replies=[1])
    assert desk.happened == [] and desk.exchange.pending
    send, desk.link.send = desk.link.send, lambda commands: desk.note("sent", send(commands))
    desk.run(desk.report("b"), replies=[2])
    assert desk.happened == [("sent", None), ("a", 1)]
    assert desk.exchange.settle() is None
    assert desk.happened == [("sent", None), ("a", 1), ("b", 2)]
    assert not desk.exchange.pending and desk.exchange.settle() is None


def test_slots_that_were_asked_for_are_not_asked_for_again(desk: Desk) -> None:
    desk.run(desk.take("a", 3), replies=["jobs"])
    assert desk.group.wants == 1
    desk.run(desk.take("b", 1), replies=["jobs"])
    assert desk.group.wants == 3
    desk.exchange.settle()
    assert desk.group.wants == 4


@pytest.mark.parametrize("when", ["sending", "reading"])
def test_a_connection_that_breaks_keeps_the_reports_and_frees_what_was_asked_for(desk: Desk, when: str) -> None:
    desk.run(desk.report("answered"), desk.take("jobs", 2), replies=[1, "jobs"])
    desk.link.breaks_when_sending = when == "sending"
    unanswered = desk.report("unanswered")
    with pytest.raises(ConnectionError):
        desk.run(unanswered, desk.take("more", 2), replies=[])
    desk.exchange.settle()
    assert desk.happened == [("answered", 1), ("jobs", "jobs")]
    assert desk.outbox.collect() == [unanswered] and unanswered.in_doubt
    assert desk.group.wants == 4


def test_what_is_refused_for_a_while_is_kept_and_the_rest_counts(desk: Desk) -> None:
    refused = desk.report("a")
    with pytest.raises(RedisRefused) as trouble:
        desk.run(refused, desk.take("b", 2), desk.report("c"), replies=[ResponseError("OOM"), ResponseError("OOM"), 3])
    assert trouble.value.passing and not desk.exchange.pending
    assert desk.happened == [("c", 3)]
    assert desk.outbox.collect() == [refused] and refused.in_doubt
    assert desk.group.wants == 4


def test_a_check_without_an_answer_is_made_again(desk: Desk) -> None:
    run: Any = "the run"
    again: list[Any] = []
    check = RunCheck(("HMGET",), run, lambda run, reply: desk.note("check", reply), again.append)
    with pytest.raises(RedisRefused):
        desk.run(check, replies=[ResponseError("LOADING")])
    assert again == ["the run"]
    with pytest.raises(ConnectionError):
        desk.run(check, replies=[])
    assert again == ["the run"] * 2
    desk.run(check, replies=["active"])
    desk.exchange.settle()
    assert len(again) == 2 and desk.happened == [("check", "active")]


def test_trouble_with_a_reply_keeps_what_was_just_sent(desk: Desk) -> None:
    desk.run(desk.report("a"), desk.report("b"), replies=["bad", 2])
    sent = desk.report("c")
    with pytest.raises(ValueError, match="a"):
        desk.run(sent, replies=[3])
    desk.exchange.give_up()
    assert desk.happened == [("a", "bad"), ("b", 2)]
    assert desk.outbox.collect() == [sent] and sent.in_doubt


def test_of_many_slots_half_is_taken_at_once() -> None:
    handler: Any = None
    shares = []
    for slots in (1, 10, 23, 24, 51):
        group = Group("email")
        for n in range(slots):
            group.add(str(n), handler)
        shares.append(group.share)
    assert shares == [1, 5, 12, 12, 26]
