"""Slots: as many jobs at once as asked for and never more, in order of priority, and none delays another."""

import asyncio
import random
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from kue import Job
from tests.helpers import wait_until
from tests.integration.conftest import MakeQueue


class Turnstile:
    """Counts who is inside."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.now = self.most = self.total = 0

    @contextmanager
    def inside(self) -> Iterator[None]:
        with self._lock:
            self.now += 1
            self.total += 1
            self.most = max(self.most, self.now)
        try:
            yield
        finally:
            with self._lock:
                self.now -= 1


class TestLimit:
    @pytest.mark.parametrize("slots", [1, 2, 7])
    @pytest.mark.parametrize("kind", ["plain", "coroutine"])
    def test_as_many_jobs_run_at_once_as_there_are_slots(self, everywhere: Any, slots: int, kind: str) -> None:
        turnstile, enough = Turnstile(), 40

        def plain(job: Any) -> None:
            with turnstile.inside():
                wait_until(lambda: turnstile.most == slots)  # the first ones wait until all slots are taken

        async def coroutine(job: Any) -> None:
            with turnstile.inside():
                while turnstile.most < slots:
                    await asyncio.sleep(0.001)
                await asyncio.sleep(0)

        everywhere.process("email", slots, {"plain": plain, "coroutine": coroutine}[kind])
        everywhere.save_all([everywhere.create("email", {"n": n}) for n in range(enough)])
        wait_until(lambda: everywhere.complete_count() == enough)
        assert (turnstile.most, turnstile.total, turnstile.now) == (slots, enough, 0)

    def test_another_handler_for_a_type_is_warned_of_and_the_same_one_again_is_not(
        self, queue: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        def send(job: Any) -> None: ...
        def render(job: Any) -> None: ...

        queue.process("email", send)
        queue.process(["email", "pdf"], 2, send)
        queue.process("png", render)
        assert caplog.messages == []
        queue.process(["email", "png"], render)
        start = "TestLimit.test_another_handler_for_a_type_is_warned_of_and_the_same_one_again_is_not.<locals>."
        assert [(one.name, one.levelname) for one in caplog.records] == [("kue", "WARNING")]
        assert caplog.messages == [
            f"{start}render is another handler for the type 'email' besides {start}send: each runs a share of its jobs"
        ]
        queue.shutdown(1000, "email")
        caplog.clear()
        queue.process("email", render)
        assert caplog.messages == []

    def test_processing_a_type_again_adds_slots(self, queue: Any) -> None:
        turnstile, gate = Turnstile(), threading.Event()

        def work(job: Any) -> None:
            with turnstile.inside():
                gate.wait()

        queue.process("email", 2, work)
        queue.process("email", 3, work)
        queue.save_all([queue.create("email") for _ in range(9)])
        wait_until(lambda: turnstile.now == 5)
        assert queue.active_count() == 5
        assert len(queue.workers) == 5 and {worker.job.type for worker in queue.workers} == {"email"}
        gate.set()
        wait_until(lambda: queue.complete_count() == 9)
        assert turnstile.most == 5
        assert [worker.job for worker in queue.workers] == [None] * 5

    def test_worker_ids_begin_with_the_id_of_the_queue(self, queue: Any, make_queue: MakeQueue) -> None:
        before = queue.id
        queue.process("email", lambda job: None)
        job = queue.create("email").save()
        wait_until(lambda: queue.complete_count() == 1)
        assert queue.id == before
        assert queue.id.startswith("kue:")
        assert re.fullmatch(rf"{re.escape(queue.id)}:email:\d+", Job.get(job.id, queue=queue).worker_id)
        assert make_queue().id != queue.id

    def test_each_type_has_its_own_slots(self, queue: Any) -> None:
        turnstiles, gate = {"email": Turnstile(), "pdf": Turnstile()}, threading.Event()

        def work(job: Any) -> None:
            with turnstiles[job.type].inside():
                gate.wait()

        queue.process(["email", "pdf"], 2, work)
        queue.save_all([queue.create(type) for _ in range(5) for type in turnstiles])
        wait_until(lambda: [turnstile.now for turnstile in turnstiles.values()] == [2, 2])
        gate.set()
        wait_until(lambda: queue.complete_count() == 10)
        assert [turnstile.most for turnstile in turnstiles.values()] == [2, 2]

    def test_each_job_runs_once_in_one_of_several_queues(self, make_queue: MakeQueue) -> None:
        ran: list[int] = []
        queues = [make_queue() for _ in range(3)]
        for queue in queues:
            queue.process("email", 4, lambda job: ran.append(job.id))
        jobs = queues[0].save_all([queues[0].create("email") for _ in range(900)])
        wait_until(lambda: queues[0].complete_count() == 900)
        assert sorted(ran) == [job.id for job in jobs]


class TestOrder:
    def test_the_lowest_score_runs_first_then_the_oldest(self, everywhere: Any) -> None:
        priorities = ["low", "normal", "medium", "high", "critical", 3, -20, 0, 3, -20]
        scores = [10, 0, -5, -10, -15, 3, -20, 0, 3, -20]
        jobs = everywhere.save_all([everywhere.create("email", priority=p) for p in priorities])
        ran: list[int] = []
        everywhere.process("email", lambda job: ran.append(job.id))
        wait_until(lambda: len(ran) == len(jobs))
        expected = sorted(zip(scores, (job.id for job in jobs), strict=True))
        assert ran == [id for _, id in expected]

    def test_jobs_of_equal_priority_run_in_order_of_ids_of_more_digits(self, queue: Any, client: Any) -> None:
        client.set("q:ids", 95)
        jobs = [queue.create("email").save() for _ in range(12)]
        ran: list[int] = []
        queue.process("email", lambda job: ran.append(job.id))
        wait_until(lambda: len(ran) == 12)
        assert ran == [job.id for job in jobs] == list(range(96, 108))

    def test_an_urgent_job_passes_those_that_wait(self, queue: Any) -> None:
        ran: list[str] = []
        gate, started = threading.Event(), threading.Event()

        @queue.process("email")
        def work(job: Any) -> None:
            started.set()
            gate.wait()
            ran.append(job.data["name"])

        queue.create("email", {"name": "first"}).save()
        assert started.wait(10)
        queue.save_all([queue.create("email", {"name": f"normal {n}"}) for n in range(3)])
        queue.create("email", {"name": "urgent"}, priority="critical").save()
        gate.set()
        wait_until(lambda: len(ran) == 5)
        assert ran == ["first", "urgent", "normal 0", "normal 1", "normal 2"]


class TestJobsDoNotDelayEachOther:
    @pytest.mark.parametrize("backend", ["redis", "fake"], indirect=True)
    def test_a_handler_that_blocks_delays_no_slot_no_timer_and_no_event(
        self, make_queue: MakeQueue, backend: Any
    ) -> None:
        queue = make_queue(backend, promotion={"interval": 20})
        gate, blocked = threading.Event(), threading.Event()

        def block(job: Any) -> None:
            blocked.set()
            gate.wait()

        queue.process("slow", block)
        queue.process("email", 2, lambda job: "done")
        slow = queue.create("slow").save()
        assert blocked.wait(10)
        heard: list[Any] = []
        queue.on("job complete", lambda id, result: heard.append(id))
        neighbours = [queue.create("email").save() for _ in range(20)]
        delayed = queue.create("email", delay=30).save()
        failing = queue.create("email", ttl=60_000).save()
        wait_until(lambda: len(heard) == 22)
        assert set(heard) == {*(job.id for job in neighbours), delayed.id, failing.id}
        assert queue.active() == [slow.id]
        gate.set()
        wait_until(lambda: heard[-1] == slow.id)

    def test_a_plain_handler_that_blocks_delays_no_coroutine(self, queue: Any) -> None:
        gate = threading.Event()

        async def coroutine(job: Any) -> str:
            await asyncio.sleep(0)
            return "done"

        queue.process("slow", 3, lambda job: gate.wait())
        queue.process("email", 2, coroutine)
        queue.save_all([queue.create("slow") for _ in range(3)])
        wait_until(lambda: queue.active_count("slow") == 3)
        queue.save_all([queue.create("email") for _ in range(50)])
        wait_until(lambda: queue.complete_count("email") == 50)
        gate.set()
        wait_until(lambda: queue.complete_count("slow") == 3)

    def test_a_handler_may_create_jobs_and_wait_for_them(self, make_queue: MakeQueue) -> None:
        queue = make_queue(send=True)
        queue.process("part", 2, lambda job: job.data["n"] ** 2)
        queue.process("whole", lambda job: sum(queue.create("part", {"n": n}).promise().result(10) for n in range(5)))
        assert queue.create("whole").promise().result(10) == 30


class TestTypesComeAndGo:
    def test_a_type_added_later_is_looked_at_at_once(
        self, make_queue: MakeQueue, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """With no other look for a minute, a type that went unnoticed would keep its job waiting."""
        monkeypatch.setattr("kue.worker.io.idle.BLOCK_SECONDS", 60)
        monkeypatch.setattr("kue.worker.io.token_wait.BLOCK_SECONDS", 60)
        queue = make_queue()
        ran: list[str] = []
        work: Callable[..., Any] = lambda job: ran.append(job.type)  # noqa: E731
        types = [f"type {n}" for n in range(300)]
        for type in types:
            queue.create(type).save()
            for _ in range(random.randrange(300)):
                pass  # another moment of the loop each time
            queue.process(type, work)
            if type == types[len(types) // 2]:
                wait_until(lambda: len(ran) == len(types) // 2 + 1)
        wait_until(lambda: len(ran) == len(types))
        assert sorted(ran) == sorted(types)

    def test_a_type_added_later_waits_for_its_next_job_as_the_first_one_does(
        self, make_queue: MakeQueue, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("kue.worker.io.idle.BLOCK_SECONDS", 60)
        monkeypatch.setattr("kue.worker.io.token_wait.BLOCK_SECONDS", 60)
        queue = make_queue()
        types = [f"type {n}" for n in range(5)]
        for n, type in enumerate(types, 1):
            queue.process(type, lambda job: None)
            queue.create(type).save()
            wait_until(lambda n=n: queue.complete_count() == n)
        for n, type in enumerate(reversed(types), 6):
            queue.create(type).save()
            wait_until(lambda n=n: queue.complete_count() == n)

    def test_a_type_that_never_runs_dry_starves_no_other(self, queue: Any) -> None:
        """A blocking pop favours its first key."""
        stop = threading.Event()

        def work(job: Any) -> None:
            if job.type == "a" and not stop.is_set():
                queue.create("a").save()

        queue.process(["a", "b", "c"], 1, work)
        queue.create("a").save()
        for n in range(1, 11):
            queue.save_all([queue.create("c"), queue.create("b")])
            wait_until(lambda n=n: queue.complete_count("b") == queue.complete_count("c") == n)
        stop.set()
        wait_until(lambda: queue.inactive_count() == queue.active_count() == 0)

    def test_the_worker_id_names_process_type_and_run(self, queue: Any) -> None:
        seen: list[str] = []
        queue.process("email", 2, lambda job: seen.append(job.worker_id))
        jobs = queue.save_all([queue.create("email") for _ in range(6)])
        wait_until(lambda: queue.complete_count() == 6)
        assert len(set(seen)) == 6
        assert {id.rpartition(":")[0] for id in seen} == {queue.workers[0].id.rpartition(":")[0]}
        assert sorted(Job.get(job.id, queue=queue).worker_id for job in jobs) == sorted(seen)
