"""The duties that look after waiting jobs cost one command while no job waits."""

from collections.abc import Callable
from typing import Any

import pytest

from kue.errors import RedisRefused
from kue.maintenance.duties import stuck_job_duties
from kue.maintenance.waiting import WaitingJobs
from tests.integration.commands import commands


class Duty:
    interval = 1.0

    def __init__(self, round: Callable[[], bool]) -> None:
        self.round = round
        self.rounds: list[int] = []

    def run_once(self, now: int) -> bool:
        self.rounds.append(now)
        return self.round()


def test_the_duties_have_their_turn_only_while_a_job_waits(everywhere: Any) -> None:
    duty = Duty(lambda: True)
    waiting = WaitingJobs(everywhere.runtime.store, 1000, [duty])
    everywhere.create("email", delay=60_000).save()
    assert waiting.run_once(1) is False and duty.rounds == []
    job = everywhere.create("email").save()
    assert waiting.run_once(2) is True and duty.rounds == [2]
    job.remove()
    assert waiting.run_once(3) is False and duty.rounds == [2]


def test_without_a_waiting_job_it_is_one_command(queue: Any, client: Any) -> None:
    for type in ("email", "pdf", "sms"):
        queue.create(type).save().remove()
    [waiting] = stuck_job_duties(queue.runtime)
    with commands(client) as sent:
        waiting.run_once(0)
    assert sent == ["ZCARD"]


def test_a_duty_that_is_refused_leaves_the_other_its_turn(queue: Any) -> None:
    def refuse() -> bool:
        raise RedisRefused("NOPERM")

    queue.create("email").save()
    bad, good = Duty(refuse), Duty(lambda: False)
    with pytest.raises(RedisRefused, match="NOPERM"):
        WaitingJobs(queue.runtime.store, 1000, [bad, good]).run_once(7)
    assert good.rounds == [7]


def test_each_duty_has_its_turn_though_another_is_full(queue: Any) -> None:
    queue.create("email").save()
    duties = [Duty(lambda: True), Duty(lambda: False), Duty(lambda: True)]
    assert WaitingJobs(queue.runtime.store, 1000, duties).run_once(7) is True
    assert [duty.rounds for duty in duties] == [[7], [7], [7]]
