"""The periodic duties, driven by hand at moments of the test's choosing, and once as a working queue drives them."""

import threading
from typing import Any

import pytest

from kue import Job
from kue.maintenance.promotion import Promotion
from kue.maintenance.stuck import StuckJobs
from kue.maintenance.tokens import Tokens
from tests.helpers import keyspace, wait_until
from tests.integration.conftest import MakeQueue


def promotion(queue: Any, limit: int = 1000, lock_ttl: int = 2000) -> Promotion:
    return Promotion(queue.runtime.store, queue.runtime.error_reporter, 1000, limit, lock_ttl)


class TestPromotion:
    def test_a_job_is_promoted_at_its_moment_and_not_before(self, everywhere: Any, backend: Any) -> None:
        job = everywhere.create("email", delay=60_000, priority=-3).save()
        duty = promotion(everywhere)
        assert duty.run_once(job.promote_at - 1) is False
        assert everywhere.delayed() == [job.id]
        assert duty.run_once(job.promote_at) is False
        assert (everywhere.delayed(), everywhere.inactive()) == ([], [job.id])
        assert backend.client.llen(f"{backend.prefix}:email:jobs") == 1
        found = Job.get(job.id, queue=everywhere)
        assert (found.state(), found.updated_at, found.priority()) == ("inactive", job.promote_at, -3)

    def test_promotions_are_announced_in_the_order_of_their_moments(self, queue: Any) -> None:
        heard: list[Any] = []
        queue.on("job promotion", heard.append)
        jobs = [queue.create("email", delay=delay).save() for delay in (3000, 1000, 2000)]
        promotion(queue).run_once(jobs[0].promote_at + 5000)
        wait_until(lambda: len(heard) == 3)
        assert heard == [jobs[1].id, jobs[2].id, jobs[0].id]

    @pytest.mark.parametrize(("limit", "rounds"), [(1000, 1), (300, 2), (150, 3), (100, 5)])
    def test_a_full_round_of_promotion_asks_for_another(self, queue: Any, limit: int, rounds: int) -> None:
        jobs = queue.save_all([queue.create("email", delay=1000) for _ in range(420)])
        duty, done = promotion(queue, limit), 0
        while duty.run_once(jobs[-1].promote_at):
            done += 1
            assert queue.inactive_count() == done * limit
        assert done + 1 == rounds
        assert queue.delayed_count() == 0 and queue.inactive_count() == len(jobs)

    def test_promotion_respects_the_lock_of_kue(self, queue: Any, client: Any) -> None:
        job = queue.create("email", delay=10).save()
        duty = promotion(queue)
        client.set("promotion:lock", "somebody else")
        assert duty.run_once(job.promote_at) is False
        assert queue.delayed() == [job.id]
        assert client.get("promotion:lock") == b"somebody else"
        client.delete("promotion:lock")
        duty.run_once(job.promote_at)
        assert queue.inactive() == [job.id]
        assert client.exists("promotion:lock") == 0

    def test_a_promoter_that_lost_its_lock_promotes_nothing(self, queue: Any, client: Any) -> None:
        jobs = queue.save_all([queue.create("email", delay=10) for _ in range(3)])
        duty = promotion(queue)
        really = queue.runtime.store.transitions.promote

        def promote_too_late(*args: Any) -> Any:
            client.set("promotion:lock", "somebody else")
            return really(*args)

        queue.runtime.store.transitions.promote = promote_too_late
        assert duty.run_once(jobs[0].promote_at + 1000) is False
        assert queue.delayed_count() == 3
        assert client.get("promotion:lock") == b"somebody else"

    def test_promotion_takes_no_lock_if_nothing_is_due(self, queue: Any, client: Any) -> None:
        job = queue.create("email", delay=60_000).save()
        before = keyspace(client)
        promotion(queue).run_once(job.created_at)
        assert keyspace(client) == before

    def test_a_job_that_cannot_be_promoted_is_dropped_and_reported(
        self, queue: Any, client: Any, errors: list[BaseException]
    ) -> None:
        bad, good = (queue.create("email", delay=10).save() for _ in range(2))
        client.hdel(f"q:job:{bad.id}", "type")
        promotion(queue).run_once(good.promote_at + 1000)
        assert (queue.delayed(), queue.inactive()) == ([], [good.id])
        wait_until(lambda: len(errors) == 1)
        assert "job 1 was delayed, but has no type" in str(errors.pop())

    def test_many_promoters_at_once_promote_each_job_once(self, make_queue: MakeQueue, client: Any) -> None:
        queues = [make_queue() for _ in range(4)]
        heard: list[int] = []
        queues[0].on("job promotion", heard.append)
        jobs = queues[0].save_all([queues[0].create("email", delay=1000) for _ in range(500)])
        duties = [promotion(queue) for queue in queues]

        def until_done(duty: Promotion) -> None:
            while queues[0].delayed_count():
                duty.run_once(jobs[-1].promote_at)

        threads = [threading.Thread(target=until_done, args=(duty,)) for duty in duties]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        wait_until(lambda: len(heard) >= 500)
        assert sorted(heard) == [job.id for job in jobs]
        assert client.llen("q:email:jobs") == queues[0].inactive_count() == 500


class TestTokens:
    def test_missing_tokens_are_put_back_and_surplus_ones_stay(self, everywhere: Any, backend: Any) -> None:
        tokens = backend.client, f"{backend.prefix}:email:jobs"
        everywhere.save_all([everywhere.create("email") for _ in range(5)] + [everywhere.create("pdf")])
        tokens[0].lpop(tokens[1], 3)
        Tokens(everywhere.runtime.store, 1000).run_once(0)
        assert tokens[0].llen(tokens[1]) == 5
        tokens[0].lpush(tokens[1], 1, 1)
        Tokens(everywhere.runtime.store, 1000).run_once(0)
        assert tokens[0].llen(tokens[1]) == 7

    def test_a_round_puts_back_a_thousand_tokens(self, queue: Any, client: Any) -> None:
        queue.save_all([queue.create("email") for _ in range(1200)])
        client.delete("q:email:jobs")
        duty = Tokens(queue.runtime.store, 1000)
        assert duty.run_once(0) is True
        assert client.llen("q:email:jobs") == 1000
        assert duty.run_once(0) is False
        assert client.llen("q:email:jobs") == 1200

    def test_one_type_of_several_that_misses_many_tokens_is_followed_at_once(self, queue: Any, client: Any) -> None:
        queue.save_all([*(queue.create("email") for _ in range(1200)), queue.create("pdf")])
        client.delete("q:email:jobs")
        duty = Tokens(queue.runtime.store, 1000)
        assert duty.run_once(0) is True
        assert duty.run_once(0) is False
        assert client.llen("q:email:jobs") == 1200


class TestStuckJobs:
    AFTER = 60_000

    def stuck(self, queue: Any, client: Any, prefix: str = "q") -> Any:
        """As a Node worker leaves a job that dies between popping it and making it active."""
        job = queue.create("email", priority=-1).save()
        client.zrem(f"{prefix}:jobs:email:inactive", f"{len(str(job.id)):02d}|{job.id}")
        client.lpop(f"{prefix}:email:jobs")
        return job

    def test_a_job_that_is_stuck_for_long_enough_is_put_back(self, everywhere: Any, backend: Any) -> None:
        everywhere.create("email").save()
        job = self.stuck(everywhere, backend.client, backend.prefix)
        duty = StuckJobs(everywhere.runtime.store, 1000, self.AFTER)
        for now in (0, 1000, self.AFTER - 1):
            duty.run_once(now)
            assert everywhere.inactive_count("email") == 1
        duty.run_once(self.AFTER)
        assert [found.id for found in Job.range_by_type("email", "inactive", 0, -1, queue=everywhere)] == [1, job.id]
        assert backend.client.llen(f"{backend.prefix}:email:jobs") == 2

    def test_a_stuck_job_that_changed_is_counted_from_then_on(self, queue: Any, client: Any) -> None:
        """A live but blocked Node worker looks the same for a moment."""
        job = self.stuck(queue, client)
        duty = StuckJobs(queue.runtime.store, 1000, self.AFTER)
        duty.run_once(0)
        client.hset(f"q:job:{job.id}", "updated_at", 1)
        duty.run_once(self.AFTER)
        assert queue.inactive_count("email") == 0
        duty.run_once(2 * self.AFTER)
        assert queue.inactive_count("email") == 1

    def test_a_stuck_job_that_goes_on_is_left_alone(self, queue: Any, client: Any) -> None:
        job = self.stuck(queue, client)
        duty = StuckJobs(queue.runtime.store, 1000, self.AFTER)
        duty.run_once(0)
        job.active()
        before = keyspace(client)
        duty.run_once(self.AFTER)
        duty.run_once(2 * self.AFTER)
        assert keyspace(client) == before

    def test_a_clock_that_is_put_back_does_not_end_the_search(self, queue: Any, client: Any) -> None:
        duty = StuckJobs(queue.runtime.store, 1000, self.AFTER)
        client.zadd("q:jobs:inactive", {"02|99": 0})  # it stands for no job, so that a job seems to be missing
        duty.run_once(3_600_000)
        client.zrem("q:jobs:inactive", "02|99")
        self.stuck(queue, client)
        for now in (0, self.AFTER):
            duty.run_once(now)
        assert queue.inactive_count("email") == 1

    def test_a_stuck_job_is_counted_anew_by_another_process(self, queue: Any, client: Any) -> None:
        self.stuck(queue, client)
        StuckJobs(queue.runtime.store, 1000, self.AFTER).run_once(0)
        StuckJobs(queue.runtime.store, 1000, self.AFTER).run_once(self.AFTER)
        assert queue.inactive_count("email") == 0

    def test_many_waiting_jobs_are_searched_page_by_page_without_a_rest(
        self, queue: Any, client: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("kue.maintenance.stuck._PAGE_SIZE", 10)
        queue.save_all(queue.create("email") for _ in range(300))
        for _ in range(20):
            self.stuck(queue, client)
        duty = StuckJobs(queue.runtime.store, 1000, self.AFTER)
        pages = 40  # a page may be a little smaller than asked for
        for second in range(pages):
            duty.run_once(1000 * second)
        assert queue.inactive_count("email") == 300
        duty.run_once(1000 * pages + self.AFTER)
        assert queue.inactive_count("email") == 320


class TestEndToEnd:
    @pytest.mark.parametrize("backend", ["redis", "fake"], indirect=True)
    def test_a_working_queue_carries_out_every_duty(
        self, make_queue: MakeQueue, backend: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("kue.maintenance.ttl.ACK_MS", 100)
        queue = make_queue(backend, promotion={"interval": 10}, stuck_after=0)
        client, p = backend.client, backend.prefix
        delayed, stuck = queue.create("email", delay=20).save(), queue.create("email").save()
        client.zrem(f"{p}:jobs:email:inactive", "01|2")
        expired = queue.create("email", ttl=100, attempts=9).save().active()
        client.hset(f"{p}:job:{expired.id}", "workerId", "kue:node-host:4711:email:1")
        client.delete(f"{p}:email:jobs")
        waiting = queue.create("sms").save()
        client.delete(f"{p}:sms:jobs")

        queue.process("email", lambda job: "done")
        queue.watch_stuck_jobs(10)
        wait_until(lambda: set(queue.complete()) == {delayed.id, stuck.id, expired.id})
        assert queue.inactive() == [waiting.id] and client.llen(f"{p}:sms:jobs") == 1

    def test_a_queue_that_only_watches_puts_back_tokens_only(self, make_queue: MakeQueue, client: Any) -> None:
        queue = make_queue(promotion={"interval": 5}, stuck_after=0)
        delayed = queue.create("email", delay=1).save()
        waiting = queue.create("email").save()
        client.delete("q:email:jobs")
        assert queue.watch_stuck_jobs(5) is queue
        wait_until(lambda: client.llen("q:email:jobs") == 1)
        assert (queue.inactive(), queue.delayed()) == ([waiting.id], [delayed.id])
