"""Rounds of the check of ttls: how many jobs one takes, and that it hears the acknowledgements."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from kue.errors import ConnectionFailed
from kue.maintenance.duties import working_duties
from kue.maintenance.promotion import Promotion
from kue.maintenance.ttl import TtlCheck
from tests.helpers import keyspace, wait_until
from tests.integration.test_ttl_check import NODE_WORKER

LONG_LOCK = 60_000  # ms, which no round of a busy machine takes
ACK = "ttl exceeded ack"


def many_overdue(queue: Any, client: Any, count: int) -> int:
    """Jobs that a dead Node worker held, and when they are overdue."""
    jobs = queue.save_all([queue.create("email", ttl=200_000) for _ in range(count)])
    for job in jobs:
        job.set("workerId", NODE_WORKER).active()
    return int(client.zrange("q:jobs:active", -1, -1, withscores=True)[0][1])


class TestRounds:
    """How many jobs a round takes."""

    def test_a_thousand_jobs_are_ended_in_one_round(self, queue: Any, client: Any) -> None:
        due = many_overdue(queue, client, 1000)
        duty = TtlCheck(queue.runtime, 1000, LONG_LOCK)
        assert duty.run_once(due) is False
        assert duty.run_once(due + 1000) is True  # there may be more
        assert (queue.active_count(), queue.failed_count()) == (0, 1000)
        assert duty.run_once(due + 1000) is False

    def test_a_round_takes_no_more_than_the_limit_and_the_next_follows_at_once(self, queue: Any, client: Any) -> None:
        due = many_overdue(queue, client, 250)
        duty = TtlCheck(queue.runtime, 1000, 2000, 150)
        duty.run_once(due)
        assert duty.run_once(due + 1000) is True
        assert queue.failed() == list(range(1, 151))
        duty.run_once(due + 1000)
        assert duty.run_once(due + 2000) is False
        assert queue.failed_count() == 250

    def test_a_queue_takes_the_limit_of_promotion(self, make_queue: Any, client: Any) -> None:
        queue = make_queue(promotion={"limit": 3})
        due = many_overdue(queue, client, 5)
        [duty] = [duty for duty in working_duties(queue.runtime) if isinstance(duty, TtlCheck)]
        duty.run_once(due)
        duty.run_once(due + 1000)
        assert queue.failed_count() == 3

    def test_a_queue_gives_promotion_its_own_limit(self, make_queue: Any) -> None:
        queue = make_queue(promotion={"limit": 3})
        jobs = queue.save_all([queue.create("email", delay=1000) for _ in range(5)])
        [duty] = [duty for duty in working_duties(queue.runtime) if isinstance(duty, Promotion)]
        assert duty.run_once(jobs[-1].promote_at) is True
        assert queue.inactive_count() == 3

    def test_a_clock_that_is_put_back_does_not_hold_up_a_round(self, queue: Any, client: Any) -> None:
        due = many_overdue(queue, client, 1)
        client.zadd("q:jobs:active", {"01|1": 100_001})
        duty = TtlCheck(queue.runtime, 1000, 2000)
        duty.run_once(due)
        duty.run_once(due - 3_600_000)
        assert queue.failed_count() == 1


class TestListening:
    """A checker that does not hear the acknowledgements would fail jobs whose workers are alive."""

    @pytest.fixture
    def worker(self, client: Any) -> Iterator[None]:
        """Acknowledges at once whatever is announced, as a Node worker does before it fails its job."""
        ear = client.pubsub(ignore_subscribe_messages=True)

        def acknowledge(message: dict[str, Any]) -> None:
            found = json.loads(message["data"])
            if found["event"] == "ttl exceeded":
                client.publish("q:events", json.dumps({**found, "event": "ttl exceeded ack", "args": [ACK]}))

        ear.subscribe(**{"q:events": acknowledge})
        thread = ear.run_in_thread(sleep_time=0.01, daemon=True)
        yield
        thread.stop()
        thread.join()

    @pytest.mark.parametrize("attempt", range(10))
    def test_a_process_without_listeners_hears_what_is_acknowledged_at_once(
        self, queue: Any, client: Any, worker: None, attempt: int
    ) -> None:
        due = many_overdue(queue, client, 50)
        duty = TtlCheck(queue.runtime, 1000, 2000)
        duty.run_once(due)
        wait_until(lambda: len(duty._acknowledged) == 50)
        duty.run_once(due + 1000)
        assert (queue.active_count(), queue.failed_count()) == (50, 0)

    def test_a_checker_that_was_deaf_for_a_moment_announces_anew(
        self, queue: Any, client: Any, errors: list[BaseException]
    ) -> None:
        due = many_overdue(queue, client, 1)
        duty = TtlCheck(queue.runtime, 1000, 2000)
        duty.run_once(due)
        client.client_kill_filter(_type="pubsub")
        wait_until(lambda: errors)
        assert duty.run_once(due + 1000) is True
        assert queue.failed_count() == 0 and client.exists("activeJobsTTL:lock") == 0
        duty.run_once(due + 1000)
        assert client.exists("activeJobsTTL:lock") == 1
        duty.run_once(due + 2000)
        assert queue.failed_count() == 1
        errors.clear()

    def test_a_checker_that_cannot_listen_announces_nothing(
        self, queue: Any, client: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        due = many_overdue(queue, client, 1)
        before = keyspace(client)

        def deaf() -> None:
            raise ConnectionFailed("no")

        monkeypatch.setattr(queue.runtime.hub, "listen", deaf)
        duty = TtlCheck(queue.runtime, 1000, 2000)
        for later in (0, 1000):
            with pytest.raises(ConnectionFailed):
                duty.run_once(due + later)
        assert keyspace(client) == before

    def test_a_checker_collects_nothing_while_nothing_is_announced(self, queue: Any, client: Any) -> None:
        due = many_overdue(queue, client, 1)
        queue.create("email").save().complete()
        client.zadd("q:jobs:active", {"01|2": 100_001})  # it is elsewhere, and only leaves the set
        duty = TtlCheck(queue.runtime, 1000, 2000)
        router = queue.runtime.hub._router
        duty.run_once(100_002)
        assert not router._collected
        duty.run_once(due)
        assert list(router._collected) == [ACK]
        duty.run_once(due + 1000)
        assert not router._collected
