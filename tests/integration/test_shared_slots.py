"""`process([...], n, shared=True)`: n jobs of all these types together, and no type is left out."""

import asyncio
import threading
import time
from collections import Counter
from typing import Any

import pytest

import kue
from tests.helpers import wait_until
from tests.integration.conftest import MakeQueue
from tests.integration.test_slots import Turnstile

TYPES = ["email", "pdf"]


class Held:
    """A handler that holds each job until the test ends it."""

    def __init__(self) -> None:
        self.jobs: list[tuple[kue.Job, kue.Context, Any]] = []

    def __call__(self, job: kue.Job, ctx: kue.Context, done: Any) -> None:
        self.jobs.append((job, ctx, done))

    @property
    def types(self) -> list[str]:
        return [job.type for job, _, _ in self.jobs]

    def end(self, count: int = 1) -> None:
        for _ in range(count):
            self.jobs.pop(0)[2]()


@pytest.fixture
def held(queue: Any) -> Any:
    held = Held()
    yield held
    held.end(len(held.jobs))


def save(queue: Any, type: str, count: int = 1) -> None:
    queue.save_all([queue.create(type) for _ in range(count)])


class TestLimit:
    @pytest.mark.parametrize("slots", [1, 2, 7])
    @pytest.mark.parametrize("kind", ["plain", "coroutine"])
    def test_no_more_jobs_than_slots_run_at_once_whatever_their_types(
        self, everywhere: Any, slots: int, kind: str
    ) -> None:
        turnstile, enough = Turnstile(), 20

        def plain(job: Any) -> None:
            with turnstile.inside():
                wait_until(lambda: turnstile.most == slots)

        async def coroutine(job: Any) -> None:
            with turnstile.inside():
                while turnstile.most < slots:
                    await asyncio.sleep(0.001)
                await asyncio.sleep(0)

        everywhere.process(TYPES, slots, {"plain": plain, "coroutine": coroutine}[kind], shared=True)
        everywhere.save_all([everywhere.create(type) for _ in range(enough) for type in TYPES])
        wait_until(lambda: everywhere.complete_count() == 2 * enough)
        assert (turnstile.most, turnstile.total, turnstile.now) == (slots, 2 * enough, 0)

    @pytest.mark.parametrize("form", ["a call", "a decorator"])
    def test_one_type_may_have_all_slots(self, queue: Any, held: Held, form: str) -> None:
        if form == "a call":
            queue.process(TYPES, 3, held, shared=True)
        else:
            queue.process(TYPES, 3, shared=True)(held)
        save(queue, "pdf", 5)
        wait_until(lambda: len(held.jobs) == 3)
        assert [worker.type for worker in queue.workers] == ["pdf"] * 3
        assert len({worker.id for worker in queue.workers}) == 3
        assert (queue.health()["slots"], queue._pool.slots.counts()) == (3, {"email": 3, "pdf": 3})

    def test_slots_of_a_type_come_on_top_of_those_that_it_shares(self, queue: Any, held: Held) -> None:
        own = Held()
        queue.process("email", 2, own)
        queue.process(TYPES, 3, held, shared=True)
        save(queue, "email", 9)
        wait_until(lambda: len(own.jobs) + len(held.jobs) == 5)
        assert (len(own.jobs), held.types) == (2, ["email"] * 3)
        own.end(2)
        wait_until(lambda: len(own.jobs) == 2)
        assert len(held.jobs) == 3
        own.end(2)
        wait_until(lambda: queue.complete_count() >= 4)
        held.end(3)
        wait_until(lambda: queue.complete_count() + len(own.jobs) + len(held.jobs) == 9)
        own.end(len(own.jobs))

    def test_a_type_may_share_slots_twice(self, queue: Any, held: Held, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("kue.worker.shared_turns.KNOWN_FOR_SECONDS", 0)
        other = Held()
        queue.process(TYPES, 2, held, shared=True)
        queue.process(["pdf", "png"], 2, other, shared=True)
        save(queue, "pdf", 9)
        wait_until(lambda: len(held.jobs) == len(other.jobs) == 2)
        assert held.types + other.types == ["pdf"] * 4
        save(queue, "png")
        held.end(2)
        wait_until(lambda: len(held.jobs) == 2)
        other.end()
        wait_until(lambda: len(other.jobs) == 2)
        assert (held.types, other.types) == (["pdf", "pdf"], ["pdf", "png"])
        other.end(2)

    def test_one_type_that_shares_with_none_has_slots_of_its_own(self, queue: Any, held: Held) -> None:
        queue.process(["email", "email"], 2, held, shared=True)
        save(queue, "email", 5)
        wait_until(lambda: len(held.jobs) == 2)
        assert len(queue.workers) == 2

    @pytest.mark.parametrize("shared", [1, "yes", None])
    def test_shared_is_true_or_false(self, queue: Any, shared: Any) -> None:
        with pytest.raises(kue.InvalidOption, match=r"^shared must be True or False"):
            queue.process(TYPES, 2, lambda job: None, shared=shared)

    @pytest.mark.slow
    def test_the_limit_holds_while_types_come_and_go(self, make_queue: MakeQueue) -> None:
        turnstile, types, enough = Turnstile(), ["a", "b", "c", "d"], 3000

        def work(job: Any) -> None:
            with turnstile.inside():
                time.sleep(job.data / 1000)

        queues = [make_queue() for _ in range(2)]
        queues[0].process(types, 5, work, shared=True)
        for number in range(enough):
            queues[1].create(types[number % 7 % 4], number % 3).save()
        wait_until(lambda: queues[0].complete_count() == enough, 60)
        assert turnstile.most <= 5 and turnstile.total == enough


class TestFairness:
    @pytest.mark.parametrize("slots", [1, 2, 5])
    @pytest.mark.parametrize("seconds", [0, 0.002])
    def test_a_type_that_never_ends_leaves_the_others_their_turn(
        self, everywhere: Any, slots: int, seconds: float
    ) -> None:
        ran: Counter[str] = Counter()
        rare, enough, lock = ["pdf", "png"], 400, threading.Lock()
        everywhere.save_all([everywhere.create("email") for _ in range(enough)])

        def work(job: Any) -> None:
            with lock:
                ran[f"emails before {job.type}"] = before = ran["email"]
                ran[job.type] += 1
            if (job.type, before) == ("email", 20):  # here, so that not all emails have ended by then
                everywhere.save_all([everywhere.create(type) for type in rare])
            time.sleep(seconds)

        everywhere.process(["email", *rare], slots, work, shared=True)
        wait_until(lambda: all(ran[type] == 1 for type in rare))
        wait_until(lambda: ran["email"] == enough, 60, "all emails have run")
        assert all(ran[f"emails before {type}"] < enough for type in rare)

    def test_types_that_all_have_jobs_take_turns(self, queue: Any, held: Held) -> None:
        types = ["email", "pdf", "png"]
        queue.save_all([queue.create(type) for type in types * 9])
        queue.process(types, 1, held, shared=True)
        order = []
        for _ in range(12):
            wait_until(lambda: held.jobs)
            order += held.types
            held.end()
        assert order == types * 4

    def test_the_next_free_slot_is_for_the_type_that_was_left_out_for_a_while(
        self, queue: Any, held: Held, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("kue.worker.shared_turns.KNOWN_FOR_SECONDS", 0)
        queue.process(TYPES, 2, held, shared=True)
        save(queue, "email", 9)
        wait_until(lambda: len(held.jobs) == 2)
        save(queue, "pdf")
        held.end()
        wait_until(lambda: len(held.jobs) == 2)
        assert held.types == ["email", "pdf"]

    def test_a_type_that_was_asked_about_a_moment_ago_gets_one_of_the_next_two(self, queue: Any, held: Held) -> None:
        queue.process(TYPES, 1, held, shared=True)
        save(queue, "email", 9)
        wait_until(lambda: held.jobs)
        save(queue, "pdf")
        held.end()
        wait_until(lambda: held.jobs)
        if held.types == ["email"]:
            wait_until(lambda: queue._pool.slots["pdf"].should_look)
            held.end()
            wait_until(lambda: held.jobs)
        assert held.types == ["pdf"]

    def test_a_free_slot_waits_for_every_type(self, queue: Any, held: Held) -> None:
        queue.process(TYPES, 1, held, shared=True)
        for type in ("pdf", "email", "pdf", "pdf", "email"):
            save(queue, type)
            wait_until(lambda: held.jobs)
            assert held.types == [type]
            held.end()
            wait_until(lambda: queue.active_count() == 0)


class TestOneTypeAlone:
    def test_a_type_that_is_shut_down_leaves_the_slots_to_the_others(self, queue: Any, held: Held) -> None:
        queue.process(TYPES, 2, held, shared=True)
        save(queue, "email")
        wait_until(lambda: held.jobs)
        ended = threading.Thread(target=queue.shutdown, args=(10_000, "email"))
        ended.start()
        wait_until(lambda: queue._pool.slots["email"].stopping)
        save(queue, "email")
        save(queue, "pdf", 3)
        wait_until(lambda: len(held.jobs) == 2)
        held.end()
        ended.join()
        wait_until(lambda: held.types == ["pdf", "pdf"])
        assert len(queue.workers) == 2
        held.end(2)
        wait_until(lambda: held.types == ["pdf"])
        held.end()
        wait_until(lambda: queue.complete_count("pdf") == 3)
        assert queue.inactive_count("email") == 1
        queue.shutdown(1000, "pdf")
        wait_until(lambda: queue.workers == [])
        queue.process("email", held)
        wait_until(lambda: held.types == ["email"])
        assert len(queue.workers) == 1

    def test_a_type_that_is_shut_down_fails_only_its_own_jobs(self, queue: Any, held: Held) -> None:
        queue.process(TYPES, 2, held, shared=True)
        save(queue, "email")
        save(queue, "pdf")
        wait_until(lambda: len(held.jobs) == 2)
        queue.shutdown(10, "email")
        assert (queue.failed_count("email"), queue.active_count("pdf")) == (1, 1)
        save(queue, "pdf")
        wait_until(lambda: held.types.count("pdf") == 2)

    def test_a_type_that_is_paused_leaves_the_slots_to_the_others(self, queue: Any, held: Held) -> None:
        queue.process(TYPES, 2, held, shared=True)
        save(queue, "email", 2)
        wait_until(lambda: len(held.jobs) == 2)
        context = held.jobs[0][1]
        context.pause(None)
        save(queue, "email", 2)
        save(queue, "pdf", 2)
        held.end(2)
        wait_until(lambda: held.types == ["pdf", "pdf"])
        held.end(2)
        wait_until(lambda: queue.complete_count() == 4)
        assert queue.inactive_count("email") == 2
        context.resume()
        wait_until(lambda: held.types == ["email", "email"])

    def test_a_context_means_the_type_of_its_job_also_later(self, queue: Any, held: Held) -> None:
        queue.process(TYPES, 1, held, shared=True)
        save(queue, "email")
        wait_until(lambda: held.jobs)
        context = held.jobs[0][1]
        held.end()
        save(queue, "pdf")
        wait_until(lambda: held.types == ["pdf"])
        context.pause(10)
        save(queue, "email")
        held.end()
        save(queue, "pdf")
        wait_until(lambda: held.types == ["pdf"])
        assert (queue.inactive_count("email"), queue.failed_count()) == (1, 0)

    def test_ctx_shutdown_ends_one_shared_slot(self, queue: Any, held: Held) -> None:
        queue.process(TYPES, 2, held, shared=True)
        save(queue, "email", 2)
        wait_until(lambda: len(held.jobs) == 2)
        held.jobs[0][1].shutdown()
        held.end()
        wait_until(lambda: len(queue.workers) == 1)
        save(queue, "pdf", 2)
        held.end()
        wait_until(lambda: held.types == ["pdf"])
        held.end()
        wait_until(lambda: held.types == ["pdf"])


def test_the_shutdown_of_a_queue_ends_shared_slots(make_queue: MakeQueue) -> None:
    queue, gate = make_queue(), threading.Event()
    queue.process(TYPES, 2, lambda job: gate.wait(), shared=True)
    save(queue, "email", 3)
    wait_until(lambda: queue.active_count() == 2)
    queue.shutdown(10, requeue=True)
    gate.set()
    assert make_queue().inactive_count() == 3
