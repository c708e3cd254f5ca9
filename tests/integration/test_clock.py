"""Processes live by the clock of Redis: one whose own clock is wrong harms no job, and the right time costs little."""

import time
from datetime import UTC, datetime
from typing import Any

import pytest

from kue import Job
from kue.connection.address import resolve
from kue.connection.pool import ConnectionPool
from kue.doctor import examine
from kue.errors import ConnectionFailed
from kue.store import scripts
from kue.store.store import Store
from kue.store.worker_id import new_process
from kue.worker.lease import Lease
from tests.helpers import wait_until
from tests.integration.commands import commands
from tests.integration.conftest import MakeQueue
from tests.integration.script import run_script

HOUR = 3_600_000
TOLERANCE_MS = 2000  # of a machine under load
CONNECTING = {"CLIENT", "HELLO", "SELECT", "AUTH"}  # what redis-py sends by itself on a new connection


@pytest.fixture(params=[HOUR, -HOUR], ids=["an hour ahead", "an hour behind"])
def wrong_clock(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock of this process is wrong, but not that of the fake Redis in it."""
    right = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: right() + request.param * 1_000_000)


@pytest.fixture
def fresh_queue(make_queue: MakeQueue) -> Any:
    """A queue that has sent nothing yet, at a Redis that knows the scripts."""
    other = make_queue()
    other.create("email").save().remove()
    return make_queue()


def server_time(client: Any) -> int:
    seconds, microseconds = client.time()
    return int(seconds) * 1000 + int(microseconds) // 1000


def sent_by(client: Any, action: Any) -> list[str]:
    """The commands that an action sends, without those that open a connection."""
    with commands(client) as sent:
        action()
    return [name for name in sent if name not in CONNECTING]


@pytest.mark.usefixtures("wrong_clock")
class TestWrongClock:
    def test_the_first_save_of_a_process_has_the_time_of_redis(self, everywhere: Any, backend: Any) -> None:
        job = everywhere.create("email", delay=HOUR).save()
        now = server_time(backend.client)
        found = Job.get(job.id, queue=everywhere)
        assert abs(found.created_at - now) < TOLERANCE_MS
        assert found.promote_at == found.created_at + HOUR

    def test_the_first_jobs_of_a_process_have_the_time_of_redis(self, queue: Any, client: Any) -> None:
        jobs = queue.save_all(queue.create("email") for _ in range(3))
        assert all(abs(job.created_at - server_time(client)) < TOLERANCE_MS for job in jobs)

    def test_changes_by_hand_have_the_time_of_redis(self, queue: Any, client: Any) -> None:
        job = queue.create("email").save()
        for change in (job.failed, job.inactive, job.update):
            change()
            found = Job.get(job.id, queue=queue)
            assert abs(found.updated_at - server_time(client)) < TOLERANCE_MS
        assert abs(found.failed_at - server_time(client)) < TOLERANCE_MS

    def test_a_run_has_the_time_of_redis(self, queue: Any, client: Any) -> None:
        queue.process("email", lambda job: job.log("a line"))
        job = queue.create("email").save()
        wait_until(lambda: queue.complete_count() == 1)
        found = Job.get(job.id, queue=queue)
        assert abs(found.started_at - server_time(client)) < TOLERANCE_MS
        assert found.created_at <= found.started_at <= found.updated_at
        assert 0 <= found.duration < TOLERANCE_MS

    def test_a_delay_is_as_long_as_it_says(self, make_queue: MakeQueue, client: Any) -> None:
        queue = make_queue(promotion={"interval": 20})
        queue.process("another", lambda job: None)
        due = queue.create("email", delay=50).save()
        later = queue.create("email", delay=HOUR // 2).save()
        wait_until(lambda: queue.inactive() == [due.id])
        assert queue.delayed() == [later.id]

    def test_a_datetime_is_that_moment(self, queue: Any, client: Any) -> None:
        moment = datetime.fromtimestamp((server_time(client) + HOUR // 2) / 1000, UTC)
        new = queue.create("email").delay(moment).save()
        saved = queue.create("email").save().delay(moment).update()
        moved = queue.create("email").save().delay(moment).delayed()
        due = round(moment.timestamp() * 1000)
        assert [Job.get(job.id, queue=queue).promote_at for job in (new, saved, moved)] == [due] * 3
        assert all(abs(job.delay() - HOUR // 2) < TOLERANCE_MS for job in (new, saved, moved))

    def test_the_doctor_judges_by_the_time_of_redis(self, queue: Any, make_queue: MakeQueue, client: Any) -> None:
        job = queue.create("email").save().set("workerId", "kue:node:1:email:1").active()
        client.hset("q:job:1", "updated_at", server_time(client) - HOUR // 2)
        fresh = make_queue()
        assert examine(fresh, grace=0, requeue_active_older_than=HOUR).is_clean
        [finding] = examine(fresh, grace=0, requeue_active_older_than=HOUR // 4).findings
        assert finding.id == str(job.id)


WRONG = """
    import time
    right = time.time_ns
    time.time_ns = lambda: right() + {ahead} * 1_000_000
    time.time = lambda: time.time_ns() / 1e9
"""


@pytest.mark.parametrize("ahead", [HOUR, -HOUR])
def test_a_worker_of_another_type_whose_clock_is_wrong_leaves_jobs_alone(
    make_queue: MakeQueue, client: Any, redis_url: str, ahead: int
) -> None:
    """It promotes what is due by the clock of Redis, and fails nothing whose ttl is not over by that."""
    queue = make_queue(promotion={"interval": HOUR})
    queue.process("email", lambda job, done: None)
    running = queue.create("email", ttl=20_000).save()
    later = queue.create("email", delay=20_000).save()
    wait_until(lambda: queue.active() == [running.id])
    told = run_script(
        redis_url,
        WRONG.format(ahead=ahead)
        + """
    queue.process("pdf", lambda job: time.time_ns() // 1_000_000)
    due = queue.create("pdf", delay=50)
    promise = due.promise(20_000)
    tell(ran_at=promise.result(), created_at=due.created_at)
    time.sleep(0.3)  # for more rounds of its duties
    queue.shutdown()
""",
        promotion={"interval": 20},
    )
    assert abs(told[0]["created_at"] - server_time(client)) < 30_000
    assert abs(told[0]["ran_at"] - ahead - server_time(client)) < 30_000  # so its clock was as wrong as it should be
    assert (queue.active(), queue.delayed()) == ([running.id], [later.id])


class TestWhatItCosts:
    def test_the_first_save_of_a_process_asks_once_beforehand_and_no_other(self, fresh_queue: Any, client: Any) -> None:
        assert sent_by(client, fresh_queue.create("email").save) == ["TIME", "EVALSHA"]
        assert sent_by(client, fresh_queue.create("email").save) == ["EVALSHA"]

    def test_any_first_command_brings_the_time_along_so_that_the_first_save_need_not_ask(
        self, fresh_queue: Any, client: Any
    ) -> None:
        assert sent_by(client, fresh_queue.types) == ["TIME", "SMEMBERS"]
        assert sent_by(client, fresh_queue.create("email").save) == ["EVALSHA"]

    def test_every_link_that_is_opened_brings_the_time_along(self, queue: Any, client: Any) -> None:
        queue.create("email").save()
        client.client_kill_filter(_type="normal", skipme=True)
        assert sent_by(client, queue.create("email").save) == ["TIME", "EVALSHA"]

    def test_the_time_comes_again_beside_a_save_once_a_minute(self, queue: Any, client: Any) -> None:
        queue.create("email").save()
        queue.runtime.store.connections.server_clock._due_at -= 60
        assert sent_by(client, queue.create("email").save) == ["TIME", "EVALSHA"]
        assert sent_by(client, queue.create("email").save) == ["EVALSHA"]

    def test_the_time_comes_again_with_each_lease(self, queue: Any, client: Any) -> None:
        queue.create("email").save()
        store = queue.runtime.store
        lease = Lease(queue.runtime, new_process(), dict, int, lambda lapsed: None)
        for expected in (["TIME", "EVALSHA", "EVALSHA"], ["EVALSHA"]):
            assert sent_by(client, lambda: lease.answered(store.ask(lease.commands()))) == expected

    def test_jobs_cost_no_question_about_the_time(self, queue: Any, client: Any) -> None:
        queue.process("email", 5, lambda job: job.log("a line"))
        queue.create("email").save()
        wait_until(lambda: queue.complete_count() == 1)

        def run() -> None:
            queue.save_all(queue.create("email") for _ in range(500))
            wait_until(lambda: queue.complete_count() == 501)

        assert sent_by(client, run).count("TIME") <= 1  # a lease may be renewed meanwhile


def test_a_clock_that_is_passed_in_goes_first_and_redis_is_not_asked(redis_url: str, client: Any) -> None:
    connections = ConnectionPool(resolve(redis_url), scripts.run)
    store = Store(connections, "q", lambda: 7)
    assert sent_by(client, store.now) == []
    assert (store.now(), store.clock()) == (7, 7)
    connections.close()


def test_a_first_save_whose_question_breaks_is_not_in_doubt(queue: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(commands: Any) -> Any:
        raise ConnectionFailed("broke", sent=True)

    monkeypatch.setattr(queue.runtime.store.connections, "run", broken)
    with pytest.raises(ConnectionFailed) as caught:
        queue.create("email").save()
    assert (type(caught.value), caught.value.sent) == (ConnectionFailed, False)


def test_a_user_who_may_not_ask_for_the_time_lives_by_the_clock_of_the_machine(
    make_queue: MakeQueue, redis_url: str, client: Any
) -> None:
    client.acl_setuser(
        "limited", enabled=True, passwords=["+secret"], keys="*", channels="*", commands=["+@all", "-time"]
    )
    queue = make_queue(redis_url.replace("redis://", "redis://limited:secret@"))
    try:
        job = queue.create("email").save()
        assert abs(job.created_at - time.time() * 1000) < TOLERANCE_MS
        assert sent_by(client, queue.create("email").save) == ["EVALSHA"]
    finally:
        queue.shutdown(0)
        client.acl_deluser("limited")


@pytest.mark.slow
def test_a_forked_child_asks_anew(redis_url: str) -> None:
    told = run_script(
        redis_url,
        """
    clock = queue.runtime.store.connections.server_clock
    queue.create("email").save()
    tell(parent=clock.was_asked)

    def work():
        tell(before=clock.was_asked, off=abs(clock() - queue.create("email").save().created_at) < 5000)
        tell(after=clock.was_asked)
        queue.shutdown()

    ended(forked(work))
    queue.shutdown()
""",
    )
    assert told == [{"parent": True}, {"before": False, "off": True}, {"after": True}]
