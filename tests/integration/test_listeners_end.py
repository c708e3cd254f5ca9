"""A watch ends with the last listener of its job, and with a job that vanished without an event."""

import gc
import threading
import weakref
from typing import Any

import pytest

import kue
from tests.helpers import wait_until


def watched(queue: kue.Queue) -> list[int]:
    """The jobs whose events this process would pass on."""
    return queue.runtime.hub._router.watched(must_settle=False)


@pytest.fixture
def quick_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Vanished jobs are looked for often."""
    monkeypatch.setattr("kue.events.vanished.CHECK_EVERY_SECONDS", 0.02)


def test_a_process_that_left_a_thousand_jobs_watches_none(queue: Any) -> None:
    heard: list[Any] = []
    jobs = [queue.create("email").on("complete", heard.append).once("progress", heard.append) for _ in range(1000)]
    queue.save_all(jobs)
    assert len(watched(queue)) == 1000
    for job in jobs:
        job.off("complete", heard.append).off("progress")
    wait_until(lambda: watched(queue) == [])


def test_a_job_that_still_has_a_listener_is_watched(queue: Any) -> None:
    heard: list[Any] = []
    job = queue.create("email").on("progress", heard.append).on("complete", heard.append).save()
    job.off("progress")
    queue.process("email", lambda job: job.progress(1, 2) and "done")
    wait_until(lambda: heard == ["done"])
    wait_until(lambda: watched(queue) == [])


def test_a_listener_that_comes_once_ends_the_watch(queue: Any) -> None:
    heard: list[Any] = []
    job = queue.create("email").once("progress", heard.append).save()
    job.progress(1, 2).progress(2, 2)
    wait_until(lambda: heard == [50])
    wait_until(lambda: watched(queue) == [])


def test_a_listener_that_adds_the_next_misses_nothing(queue: Any) -> None:
    heard: list[Any] = []
    job = queue.create("email", remove_on_complete=True)

    def first(percent: int) -> None:
        job.off("progress", first).on("progress", heard.append).on("complete", heard.append)

    job.on("progress", first).save()
    queue.process("email", lambda job: job.progress(1, 4).progress(2, 4) and "done")
    wait_until(lambda: heard == [50, "done"])


def test_a_listener_added_after_the_last_was_removed_hears_the_rest(queue: Any) -> None:
    heard: list[Any] = []
    job = queue.create("email").on("progress", heard.append).save()
    job.off("progress")
    wait_until(lambda: watched(queue) == [])
    job.on("progress", heard.append).on("complete", heard.append)
    assert watched(queue) == [1]
    queue.process("email", lambda job: job.progress(1, 2) and "done")
    wait_until(lambda: heard == [50, "done"])


def test_listeners_removed_before_the_save_watch_nothing(queue: Any) -> None:
    queue.create("email").on("complete", print).off("complete").save()
    saved = queue.create("email").save().off("complete")
    assert watched(queue) == [] and not saved.listens


def test_what_a_removed_listener_held_is_released(queue: Any) -> None:
    class Held:
        def hear(self) -> None:
            pass

    held = Held()
    job = queue.create("email").on("complete", held.hear).save()
    job.off("complete", held.hear)
    wait_until(lambda: watched(queue) == [])
    released = weakref.ref(held)
    del held, job
    wait_until(lambda: gc.collect() >= 0 and released() is None)


@pytest.mark.parametrize("rounds", [50])
def test_threads_that_add_and_remove_listeners_lose_no_event(queue: Any, rounds: int) -> None:
    """Each thread removes what it added. The one that stays hears the end, and once."""
    queue.process("email", 4, lambda job: job.data)
    for number in range(rounds):
        heard: list[int] = []
        job = queue.create("other", number).save()
        start = threading.Barrier(3)

        def come_and_go(job: Any = job, start: threading.Barrier = start) -> None:
            start.wait()
            for _ in range(10):
                listener = lambda result: None  # noqa: E731 (each is another one)
                job.on("complete", listener).off("complete", listener)

        threads = [threading.Thread(target=come_and_go) for _ in range(2)]
        for thread in threads:
            thread.start()
        start.wait()
        job.on("complete", heard.append)
        for thread in threads:
            thread.join()
        job.complete()
        queue.client.publish("q:events", b'{"id":%d,"event":"complete","args":["complete"]}' % job.id)
        wait_until(lambda heard=heard: heard == [None])
    wait_until(lambda: watched(queue) == [])


@pytest.mark.parametrize("successor", [False, True])
def test_a_job_that_vanished_without_an_event_is_forgotten(
    queue: Any, client: Any, quick_rounds: None, successor: bool
) -> None:
    heard: list[Any] = []
    queue.create("email").on("complete", heard.append).save()
    stays = queue.create("other").on("complete", heard.append).save()
    fields = client.hgetall("q:job:1")
    client.delete("q:job:1")
    if successor:
        client.hset("q:job:1", mapping=fields | {b"created_at": b"5"})
    wait_until(lambda: watched(queue) == [stays.id])
    queue.process("other", lambda job: "done")
    wait_until(lambda: heard == ["done"])


def test_the_watch_of_a_vanished_job_ends_without_a_word(queue: Any, client: Any, quick_rounds: None) -> None:
    heard: list[Any] = []
    job = queue.create("email")
    for event in ("complete", "failed", "remove"):
        job.on(event, lambda *args, event=event: heard.append(event))
    job.save()
    client.flushall()
    wait_until(lambda: watched(queue) == [])
    assert heard == []
