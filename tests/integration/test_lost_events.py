"""No event is missed between a save and its reply; what is missed without a subscription is looked up afterwards."""

import sys
import threading
from collections import Counter
from typing import Any

import pytest

import kue
from kue import Job
from tests.helpers import wait_until
from tests.integration.conftest import MakeQueue
from tests.integration.deafness import deaf
from tests.unit.test_router import Listener, message

ROUNDS = 2000  # of a race between a listener that is added and the end of its job


@pytest.mark.slow
class TestBetweenSaveAndReply:
    @pytest.mark.parametrize("threads", [1, 6])
    def test_every_job_receives_its_completion_exactly_once(self, make_queue: MakeQueue, threads: int) -> None:
        """Workers in two other queues complete jobs as fast as they come, often before the reply to their save."""
        queue = make_queue()
        for _ in range(2):
            make_queue().process("email", 20, lambda job: job.data)
        heard: Counter[int] = Counter()
        jobs: list[Any] = []

        def produce() -> None:
            for n in range(2000 // threads):
                jobs.append(queue.create("email", n).on("complete", lambda result: heard.update([result])).save())

        producers = [threading.Thread(target=produce) for _ in range(threads)]
        for producer in producers:
            producer.start()
        for producer in producers:
            producer.join()
        count = len(jobs)
        wait_until(lambda: heard.total() >= count, 30)
        assert heard == Counter({n: threads for n in range(2000 // threads)})
        wait_until(lambda: queue.runtime.hub._router.watched(must_settle=False) == [])

    def test_every_job_of_a_save_all_receives_its_completion_exactly_once(self, make_queue: MakeQueue) -> None:
        queue = make_queue()
        make_queue().process("email", 20, lambda job: job.data)
        heard: Counter[int] = Counter()
        jobs = [queue.create("email", n) for n in range(2000)]
        for job in jobs:
            job.on("complete", lambda result: heard.update([result]))
        queue.save_all(jobs)
        wait_until(lambda: heard.total() >= 2000, 30)
        assert heard == Counter({n: 1 for n in range(2000)})

    def test_every_job_receives_its_first_events(self, make_queue: MakeQueue) -> None:
        queue = make_queue()
        make_queue().process("email", 5, lambda job: job.progress(1, 2) and None)
        heard: list[list[str]] = []
        for _ in range(300):
            mine: list[str] = []
            job = queue.create("email")
            for event in ("enqueue", "start", "progress", "complete"):
                job.on(event, lambda *args, event=event, mine=mine: mine.append(event))
            job.save()
            heard.append(mine)
        wait_until(lambda: all(mine[-1:] == ["complete"] for mine in heard))
        assert heard == [["enqueue", "start", "progress", "complete"]] * 300


class TestADroppedConnection:
    def test_a_queue_subscribes_again_and_reports_that_once(
        self, queue: Any, client: Any, errors: list[BaseException]
    ) -> None:
        heard: list[int] = []
        queue.process("email", lambda job: None)
        queue.on("job complete", heard.append)
        for n in range(1, 4):
            with deaf(queue, client, errors):
                pass
            queue.create("email").save()
            wait_until(lambda n=n: heard == list(range(1, n + 1)))

    def test_outcomes_missed_meanwhile_are_delivered(
        self, queue: Any, client: Any, errors: list[BaseException], early_second_look: None
    ) -> None:
        gate = threading.Event()

        def work(job: Any) -> Any:
            gate.wait()
            if job.data == "bad":
                raise ValueError("boom")
            return job.data

        queue.process("email", 3, work)
        heard: dict[str, list[Any]] = {}
        for data in ("good", "bad", "again"):
            mine = heard[data] = []
            job = queue.create("email", data, attempts=2 if data == "again" else 1)
            job.on("complete", lambda result, mine=mine: mine.append(("complete", result)))
            job.on("failed", lambda message, mine=mine: mine.append(("failed", message))).save()
        wait_until(lambda: queue.active_count() == 3)
        with deaf(queue, client, errors):
            gate.set()
            wait_until(lambda: (queue.complete_count(), queue.failed_count()) == (2, 1))
        wait_until(lambda: all(heard.values()))
        assert heard == {
            "good": [("complete", "good")],
            "bad": [("failed", "boom")],
            "again": [("complete", "again")],
        }

    def test_an_event_of_a_job_that_is_not_over_is_received_later(
        self, queue: Any, client: Any, errors: list[BaseException]
    ) -> None:
        heard: list[Any] = []
        queue.create("email").on("complete", heard.append).save()
        with deaf(queue, client, errors):
            pass
        assert heard == []
        queue.process("email", lambda job: "done")
        wait_until(lambda: heard == ["done"])

    def test_a_save_waits_until_the_subscription_stands_again(
        self, queue: Any, client: Any, errors: list[BaseException]
    ) -> None:
        queue.process("email", lambda job: job.data)
        queue.create("email").on("complete", lambda: None).save()
        heard: list[Any] = []
        saver = threading.Thread(target=lambda: queue.create("email", 7).on("complete", heard.append).save())
        with deaf(queue, client, errors):
            saver.start()
        saver.join(10)
        wait_until(lambda: heard == [7])

    def test_every_outcome_arrives_once_though_the_subscription_is_killed_again_and_again(
        self, queue: Any, client: Any, errors: list[BaseException]
    ) -> None:
        queue.process("email", 5, lambda job: job.data)
        heard: Counter[int] = Counter()
        for n in range(300):
            queue.create("email", n).on("complete", lambda result: heard.update([result])).save()
            if n % 30 == 29:
                client.client_kill_filter(_type="pubsub")
        wait_until(lambda: heard.total() >= 300)
        assert heard == Counter({n: 1 for n in range(300)})
        queue.shutdown()  # the last kill may be noticed only after the last outcome was heard
        assert {type(problem) for problem in errors} == {kue.ConnectionFailed, kue.ConnectionRestored}
        errors.clear()


@pytest.mark.slow
def test_listeners_added_at_the_moment_of_the_end_hear_it_once(queue: Any) -> None:
    interval = sys.getswitchinterval()
    queue.process("email", 4, lambda job: job.data)
    heard: Counter[tuple[int, int]] = Counter()
    try:
        sys.setswitchinterval(1e-6)
        for n in range(ROUNDS):
            job = queue.create("email", n).save()
            for _ in range(n % 20 * 100):
                pass  # another moment each time
            for k in range(3):
                job.on("complete", lambda result, k=k: heard.update([(result, k)]))
    finally:
        sys.setswitchinterval(interval)
    wait_until(lambda: heard.total() >= 3 * ROUNDS, 30)
    assert set(heard.values()) == {1} and len(heard) == 3 * ROUNDS
    assert Job.range(0, 0, queue=queue)


def test_events_held_during_a_save_are_replayed_after_it_though_no_other_message_comes(queue: Any, client: Any) -> None:
    """The only messages of a job may all have come before the reply to its save."""
    hub, listener = queue.runtime.hub, Listener()
    with hub.saving() as watch:
        client.publish("q:events", message(7, "enqueue", "email"))
        client.publish("q:events", message(7, "mine", 5))
        wait_until(lambda: len(hub._router._held) == 2)
        watch(7, listener)
    wait_until(lambda: len(listener.got) == 2)
    assert listener.got == [("enqueue", "email"), ("mine", 5)]
