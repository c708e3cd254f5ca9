"""`queue.limit`: how many jobs of a type are active, and how many start, in all processes together."""

import threading
import time
from collections import deque
from datetime import timedelta
from typing import Any

import pytest

import kue
from tests.helpers import wait_until
from tests.integration.conftest import MakeQueue
from tests.integration.monitor import starts_noted
from tests.integration.test_slots import Turnstile


def save(queue: Any, type: str, count: int) -> None:
    queue.save_all([queue.create(type) for _ in range(count)])


def most_in_a_window(starts: list[int], ms: int) -> int:
    """The most starts in any `ms`, of which the first counts and the end does not."""
    window, most = deque[int](), 0
    for start in sorted(starts):
        window.append(start)
        while window[0] <= start - ms:
            window.popleft()
        most = max(most, len(window))
    return most


@pytest.fixture
def no_rest_ends_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """A full type looks for jobs only if a run of its own has ended."""
    monkeypatch.setattr("kue.worker.rests.FULL_REST_SECONDS", 3600.0)


class TestSetting:
    def test_what_is_given_is_set_and_what_is_not_given_stays(self, queue: Any) -> None:
        minute = timedelta(minutes=1)
        assert queue.limit("email") == (None, None)
        assert queue.limit("email", concurrency=5) == (5, None)
        assert queue.limit("email", per=(100, minute)) == (5, (100, minute))
        assert queue.limit("email", concurrency=6) == (6, (100, minute))
        assert queue.limit("email") == (6, (100, minute))
        assert queue.limit("pdf") == (None, None)
        assert queue.limit("email", concurrency=None) == (None, (100, minute))
        assert queue.limit("email", concurrency=7, per=None) == (7, None)
        found = queue.limit("email", per=[100, 500])
        assert (found.concurrency, found.per) == (7, (100, timedelta(milliseconds=500)))

    def test_nothing_is_left_in_redis_once_it_is_taken_away(self, queue: Any, client: Any) -> None:
        queue.limit("email", concurrency=5, per=(100, 60_000))
        queue.process("email", lambda job: None)
        save(queue, "email", 1)
        wait_until(lambda: queue.complete_count("email") == 1)
        assert client.exists("q:py:flow", "q:py:rate:email") == 2
        queue.limit("email", concurrency=None, per=None)
        assert client.exists("q:py:flow", "q:py:rate:email") == 0

    @pytest.mark.parametrize("field", ["rubbish", ",few,3,", ",,9,9" + "0" * 19, "," + "9" * 400 + ",,"])
    def test_what_cannot_be_read_limits_nothing(self, queue: Any, client: Any, field: str) -> None:
        client.hset("q:py:flow", "email", field)
        assert queue.limit("email") == (None, None)

    def test_a_pause_and_limits_do_not_touch_each_other(self, queue: Any) -> None:
        queue.limit("email", concurrency=5)
        queue.pause("email")
        assert queue.limit("email", per=(3, 1000)).concurrency == 5
        assert queue.paused("email")
        queue.resume("email")
        assert queue.limit("email") == (5, (3, timedelta(seconds=1)))

    @pytest.mark.parametrize(
        ("options", "problem"),
        [
            ({"concurrency": 0}, "concurrency must be a whole number, 1 or more"),
            ({"concurrency": 1.5}, "concurrency must be a whole number"),
            ({"concurrency": True}, "concurrency must be a whole number"),
            ({"per": 100}, "per must be a number of jobs and a duration"),
            ({"per": (100,)}, "per must be a number of jobs and a duration"),
            ({"per": "ab"}, "per must be a number of jobs and a duration"),
            ({"per": (0, 1000)}, "the number of jobs in per must be"),
            ({"per": (1, 0)}, "the duration in per must be"),
            ({"per": (1, timedelta())}, "the duration in per must be"),
            ({"concurrency": 5, "per": (1, "minute")}, "the duration in per must be"),
        ],
    )
    def test_a_limit_that_is_none_is_refused_and_nothing_is_set(
        self, queue: Any, client: Any, options: Any, problem: str
    ) -> None:
        with pytest.raises(kue.InvalidOption, match=problem):
            queue.limit("email", **options)
        assert client.keys("*py:flow*") == []

    @pytest.mark.parametrize("type", [None, "", "py:x"])
    def test_a_limit_needs_a_type(self, queue: Any, type: Any) -> None:
        with pytest.raises(kue.InvalidOption, match="type must"):
            queue.limit(type, concurrency=1)


class TestConcurrency:
    def test_no_more_jobs_are_active_than_the_limit_in_all_processes_together(self, make_queue: MakeQueue) -> None:
        queues, turnstile = [make_queue() for _ in range(3)], Turnstile()
        queues[0].limit("email", concurrency=4)

        def handler(job: Any) -> None:
            with turnstile.inside():
                wait_until(lambda: turnstile.most == 4)

        for queue in queues:
            queue.process("email", 5, handler)
        save(queues[0], "email", 100)
        wait_until(lambda: queues[0].complete_count("email") == 100, 30)
        assert (turnstile.most, turnstile.total) == (4, 100)

    def test_every_kind_of_server_keeps_to_it(self, everywhere: Any) -> None:
        turnstile = Turnstile()
        everywhere.limit("email", concurrency=2, per=(1000, 60_000))

        def handler(job: Any) -> None:
            with turnstile.inside():
                wait_until(lambda: turnstile.most == 2)

        everywhere.process("email", 5, handler)
        save(everywhere, "email", 40)
        wait_until(lambda: everywhere.complete_count("email") == 40)
        assert (turnstile.most, turnstile.total) == (2, 40)

    @pytest.mark.parametrize("shared", [False, True])
    @pytest.mark.parametrize("ends", ["completes", "fails", "is snoozed"])
    def test_a_place_is_used_again_at_once_however_its_job_ends(
        self, queue: Any, no_rest_ends_by_itself: None, shared: bool, ends: str
    ) -> None:
        def handler(job: Any) -> None:
            if ends == "fails":
                raise ValueError
            if ends == "is snoozed":
                raise kue.Snooze(3_600_000)

        queue.limit("email", concurrency=1)
        queue.process(["email", "pdf"], 3, handler, shared=shared)
        save(queue, "email", 100)
        wait_until(lambda: queue.inactive_count("email") + queue.active_count("email") == 0, 60)

    def test_all_places_are_used_all_the_time_without_a_rest_that_ends_by_itself(
        self, queue: Any, no_rest_ends_by_itself: None
    ) -> None:
        """So jobs at a limit of five take no longer than in five slots."""
        queue.limit("email", concurrency=5)
        save(queue, "email", 300)
        queue.process("email", 10, lambda job: time.sleep(0.005))
        wait_until(lambda: queue.complete_count("email") == 300, 60)

    def test_a_place_that_another_process_leaves_is_found(self, make_queue: MakeQueue) -> None:
        first, second = make_queue(), make_queue()
        first.limit("email", concurrency=1)
        inside, go_on = threading.Event(), threading.Event()

        def hold(job: Any) -> None:
            inside.set()
            assert go_on.wait(10)

        first.process("email", hold)
        save(first, "email", 1)
        assert inside.wait(10)
        second.process("email", lambda job: None)
        ending = threading.Thread(target=lambda: first.shutdown(10_000))
        ending.start()
        save(second, "email", 1)
        assert second.active_count("email") == 1
        go_on.set()
        wait_until(lambda: second.complete_count("email") == 2)
        ending.join()

    def test_a_limit_that_is_raised_is_seen_by_those_who_rest(self, queue: Any) -> None:
        turnstile, go_on = Turnstile(), threading.Event()

        def hold(job: Any) -> None:
            with turnstile.inside():
                assert go_on.wait(20)

        queue.limit("email", concurrency=1)
        queue.process("email", 5, hold)
        save(queue, "email", 5)
        wait_until(lambda: turnstile.now == 1)
        queue.limit("email", concurrency=3)
        wait_until(lambda: turnstile.now == 3)
        queue.limit("email", concurrency=None)
        wait_until(lambda: turnstile.now == 5)
        go_on.set()
        wait_until(lambda: queue.complete_count("email") == 5)


class TestRate:
    def race(self, queues: list[Any], client: Any, jobs: int, n: int, ms: int) -> None:
        queues[0].limit("email", per=(n, ms))
        with starts_noted(client, "q:py:rate:email") as starts:
            for queue in queues:
                queue.process("email", 3, lambda job: None)
            save(queues[0], "email", jobs)
            wait_until(lambda: queues[0].complete_count("email") == jobs, 60)
            wait_until(lambda: len(starts) >= jobs)
        assert len(starts) == jobs
        assert most_in_a_window(starts, ms) <= n

    @pytest.mark.parametrize(("n", "ms"), [(1, 20), (7, 100), (25, 150), (60, 300)])
    def test_in_no_window_more_jobs_start_than_the_rate_says(
        self, make_queue: MakeQueue, client: Any, n: int, ms: int
    ) -> None:
        self.race([make_queue() for _ in range(4)], client, 100, n, ms)

    @pytest.mark.slow
    def test_thirty_two_workers_that_race_keep_to_it(self, make_queue: MakeQueue, client: Any) -> None:
        self.race([make_queue() for _ in range(32)], client, 600, 50, 200)

    @pytest.mark.slow
    def test_a_rate_is_used_to_the_full(self, queue: Any, client: Any) -> None:
        """Of 40 in 200 ms, 400 jobs need 9 windows and a bit, whatever the number of slots."""
        queue.limit("email", per=(40, 200))
        save(queue, "email", 400)
        began = time.monotonic()
        queue.process("email", 2, lambda job: None)
        wait_until(lambda: queue.complete_count("email") == 400, 30)
        assert time.monotonic() - began < 2 * 10 * 0.2 + 1

    def test_a_retry_is_a_start_like_any_other(self, queue: Any, client: Any) -> None:
        def fail(job: Any) -> None:
            raise ValueError

        queue.limit("email", per=(100, 60_000))
        queue.process("email", fail)
        queue.create("email").attempts(3).save()
        wait_until(lambda: queue.failed_count("email") == 1)
        assert client.llen("q:py:rate:email") == 3

    def test_jobs_that_no_start_is_left_for_wait_with_their_tokens(self, queue: Any, client: Any) -> None:
        queue.limit("email", per=(2, 3_600_000))
        queue.process("email", 5, lambda job: None)
        save(queue, "email", 10)
        wait_until(lambda: queue.complete_count("email") == 2)
        wait_until(lambda: client.llen("q:email:jobs") == 8)
        assert queue.inactive_count("email") == 8
        queue.limit("email", per=None)
        wait_until(lambda: queue.complete_count("email") == 10)
        assert client.llen("q:email:jobs") == 0
