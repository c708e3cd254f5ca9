"""Each of Kue's events, on the job and on the queue, with exactly its arguments; and events of one's own."""

import json
import threading
from typing import Any

import pytest

from kue import Job
from tests.helpers import wait_until
from tests.integration.conftest import MakeQueue

EVENTS = (
    *("enqueue", "promotion", "start", "progress", "error", "failed attempt", "failed", "complete", "remove"),
    *("ttl exceeded", "ttl exceeded ack"),
)
Heard = list[tuple[Any, ...]]


def listen(job: Any, queue: Any) -> tuple[Heard, Heard]:
    """What a job hears, and what its queue does."""
    by_job: Heard = []
    by_queue: Heard = []
    for event in EVENTS:
        job.on(event, lambda *args, event=event: by_job.append((event, *args)))
        queue.on(f"job {event}", lambda *args, event=event: by_queue.append((event, *args)))
    return by_job, by_queue


def assert_heard(by_job: Heard, by_queue: Heard, id: int, expected: Heard) -> None:
    for heard in (by_job, by_queue):
        wait_until(lambda heard=heard: len(heard) >= len(expected), message=f"{heard} is as long as {expected}")
    assert by_job == expected
    assert by_queue == [(event, id, *args) for event, *args in expected]


class TestKuesEvents:
    def test_a_job_that_completes_publishes_its_events(self, everywhere: Any) -> None:
        @everywhere.process("email")
        def work(job: Any) -> Any:
            job.progress(1, 2).progress(2, 2, {"step": "smtp"})
            return {"sent": True}

        job = everywhere.create("email")
        heard = listen(job, everywhere)
        job.save()
        expected: Heard = [
            *(("enqueue", "email"), ("start", "email"), ("progress", 50, None)),
            *(("progress", 100, {"step": "smtp"}), ("complete", {"sent": True})),
        ]
        assert_heard(*heard, job.id, expected)

    def test_a_job_that_is_delayed_and_fails_publishes_its_events(self, make_queue: MakeQueue, backend: Any) -> None:
        queue = make_queue(backend, promotion={"interval": 5})
        queue.process("email", lambda job, done: done("boom"))
        job = queue.create("email", delay=1, attempts=2, backoff=True)
        heard = listen(job, queue)
        job.save()
        expected: Heard = [
            *(("promotion",), ("enqueue", "email"), ("start", "email"), ("error", "boom")),
            ("failed attempt", "boom", 1),
            *(("promotion",), ("enqueue", "email"), ("start", "email"), ("error", "boom"), ("failed", "boom")),
        ]
        assert_heard(*heard, job.id, expected)

    def test_a_job_past_its_ttl_publishes_its_events(self, everywhere: Any) -> None:
        everywhere.process("email", lambda job, done: None)
        job = everywhere.create("email", ttl=20)
        heard = listen(job, everywhere)
        job.save()
        expected: Heard = [
            *(("enqueue", "email"), ("start", "email"), ("ttl exceeded",), ("error", "TTL exceeded")),
            *(("ttl exceeded ack",), ("failed", "TTL exceeded")),
        ]
        assert_heard(*heard, job.id, expected)

    def test_a_job_that_is_removed_publishes_its_event(self, everywhere: Any) -> None:
        job = everywhere.create("email", delay=60_000)
        heard = listen(job, everywhere)
        job.save().remove()
        assert_heard(*heard, job.id, [("remove", "email")])

    def test_a_job_that_ended_receives_no_more(self, queue: Any) -> None:
        """As in Kue: a completed job is forgotten, also when it removes itself or is queued again."""
        queue.process("email", lambda job: 1)
        job = queue.create("email", remove_on_complete=True)
        by_job, by_queue = listen(job, queue)
        job.save()
        wait_until(lambda: by_queue[-1:] == [("remove", job.id, "email")])
        wait_until(lambda: ("complete", 1) in by_job)  # later, if its event came before the reply to the save
        last = queue.create("email", remove_on_complete=True).save()
        wait_until(lambda: by_queue[-1:] == [("remove", last.id, "email")])
        assert by_job[-1] == ("complete", 1)

    def test_every_queue_that_listens_receives_the_events(self, make_queue: MakeQueue) -> None:
        queues = [make_queue() for _ in range(3)]
        heard: list[Heard] = [[] for _ in queues]
        for queue, mine in zip(queues, heard, strict=True):
            queue.on("job complete", lambda *args, mine=mine: mine.append(args))
        queues[0].process("email", lambda job: job.data)
        job = queues[1].create("email", [1]).save()
        wait_until(lambda: all(heard))
        assert heard == [[(job.id, [1])]] * 3

    def test_a_queue_of_another_prefix_receives_nothing(self, make_queue: MakeQueue) -> None:
        queue, other = make_queue(), make_queue(prefix="q2")
        heard: Heard = []
        other.on("job enqueue", lambda *args: heard.append(args))
        queue.create("email").save()
        other.create("pdf").save()
        wait_until(lambda: heard)
        assert heard == [(1, "pdf")]

    def test_a_queue_of_another_database_receives_the_events_as_in_redis(
        self, make_queue: MakeQueue, redis_url: str
    ) -> None:
        queue, other = make_queue(f"{redis_url}/1"), make_queue(f"{redis_url}/2")
        heard: Heard = []
        other.on("job enqueue", lambda *args: heard.append(args))
        queue.create("email").save()
        wait_until(lambda: heard)
        assert heard == [(1, "email")]


class TestOwnEvents:
    def test_own_events_of_a_handler_are_received_in_order_with_the_others(
        self, make_queue: MakeQueue, backend: Any
    ) -> None:
        queue = make_queue(backend, send=True)

        @queue.process("email")
        def work(job: Any) -> str:
            job.progress(1, 2)
            assert job.send("step", {"name": "smtp"}) is None
            job.send("empty")
            return "done"

        heard: Heard = []
        job = queue.create("email")
        for event in ("progress", "step", "empty", "complete"):
            job.on(event, lambda *args, event=event: heard.append((event, *args)))
        queue.on("job step", lambda *args: heard.append(("queue", *args)))
        job.save()
        wait_until(lambda: len(heard) == 5)
        assert [event for event in heard if event[0] != "queue"] == [
            ("progress", 50, None),
            ("step", {"name": "smtp"}),
            ("empty", None),
            ("complete", "done"),
        ]
        assert ("queue", job.id, {"name": "smtp"}) in heard

    def test_own_events_may_be_sent_by_any_process_that_has_the_job(self, make_queue: MakeQueue) -> None:
        queue = make_queue(send=True)
        heard: Heard = []
        job = queue.create("email").on("nudge", lambda *args: heard.append(args)).save()
        queue.job_class.get(job.id, queue=queue).send("nudge", [1, None, "é"])
        wait_until(lambda: heard == [([1, None, "é"],)])

    def test_own_events_may_have_any_number_of_arguments(self, queue: Any, client: Any) -> None:
        heard: Heard = []
        job = queue.create("email").on("odd name: é", lambda *args: heard.append(args)).save()
        for args in ([], [1], [1, "two", {"three": 3}]):
            client.publish("q:events", json.dumps({"id": job.id, "event": "x", "args": ["odd name: é", *args]}))
        wait_until(lambda: heard == [(), (1,), (1, "two", {"three": 3})])

    def test_an_event_with_its_id_as_text_is_received(self, queue: Any, client: Any) -> None:
        heard: Heard = []
        job = queue.create("email").on("nudge", lambda *args: heard.append(args)).save()
        queue.on("job nudge", lambda *args: heard.append(args))
        client.publish("q:events", json.dumps({"id": str(job.id), "event": "nudge", "args": ["nudge", 1]}))
        wait_until(lambda: sorted(heard) == [(1,), (job.id, 1)])

    @pytest.mark.parametrize("event", ["", None, 7])
    def test_an_event_without_a_name_is_refused(self, make_queue: MakeQueue, event: Any) -> None:
        import kue

        job = make_queue(send=True).create("email").save()
        with pytest.raises(kue.InvalidOption, match="event"):
            job.send(event, 1)
        with pytest.raises(kue.InvalidOption, match="event"):
            job.on(event, print)


class TestSubscribing:
    def test_a_queue_subscribes_once_it_has_a_listener(
        self, queue: Any, client: Any, errors: list[BaseException]
    ) -> None:
        def subscribers() -> int:
            return int(client.pubsub_numsub("q:events")[0][1])

        queue.process("email", lambda job: job.progress(1, 2) and None)
        queue.on("error", errors.append).on("not a job event", print)
        job = queue.create("email").save()
        queue.save_all([queue.create("email") for _ in range(3)])
        wait_until(lambda: queue.complete_count() == 4)
        Job.get(job.id, queue=queue).failed().remove()
        assert subscribers() == 0
        queue.on("job complete", print)
        assert subscribers() == 1
        queue.create("email").on("complete", print).save()
        assert subscribers() == 1
        wait_until(lambda: queue.complete_count() == 4)

    def test_a_job_with_a_ttl_makes_its_worker_listen(self, queue: Any, client: Any) -> None:
        gate = threading.Event()
        queue.process("email", lambda job: gate.wait())
        queue.create("email", ttl=60_000).save()
        wait_until(lambda: client.pubsub_numsub("q:events")[0][1] == 1)
        gate.set()
        wait_until(lambda: queue.complete_count() == 1)
