"""`cancel_all`, `retry_all` and `remove_all`: many jobs at once, and what changes meanwhile is left alone."""

import threading
from collections import Counter
from typing import Any

import pytest

import kue
from tests.helpers import keyspace, wait_until
from tests.integration.conftest import MakeQueue

HOUR = 3_600_000
MANY = 250  # more than two scripts change


def save(queue: Any, type: str = "export", count: int = MANY, **options: Any) -> list[int]:
    return [job.id for job in queue.save_all(queue.create(type, {"n": n}, **options) for n in range(count))]


def fail_all(queue: Any, type: str = "export", count: int = MANY) -> list[int]:
    ids = save(queue, type, count)
    for id in ids:
        queue.get(id).failed()
    return ids


def heard_of(queue: Any) -> list[tuple[Any, ...]]:
    heard: list[tuple[Any, ...]] = []
    for event in ("enqueue", "error", "failed", "remove"):
        queue.on(f"job {event}", lambda id, *args, event=event: heard.append((id, event)))
    return heard


def test_all_that_wait_are_cancelled_and_other_types_and_ended_jobs_stay(everywhere: Any) -> None:
    queue = everywhere
    waiting = save(queue, priority="high") + save(queue, delay=HOUR) + save(queue, delay=1, count=10)
    others = save(queue, "import", 3)
    done = queue.create("export").save().complete()

    assert queue.cancel_all("export", "no longer needed") == len(waiting)

    assert sorted(queue.failed()) == sorted(waiting)
    assert sorted(queue.inactive()) == others and queue.complete() == [done.id]
    assert {queue.get(id).error() for id in waiting} == {"Cancelled: no longer needed"}
    assert queue.cancel_all("export") == 0


def test_each_cancelled_job_has_the_events_of_one(queue: Any) -> None:
    ids = save(queue)
    heard = heard_of(queue)
    queue.cancel_all("export")
    wait_until(lambda: len(heard) == 2 * MANY)
    assert sorted(heard) == sorted((id, event) for id in ids for event in ("error", "failed"))


def test_what_runs_is_told_and_counts(queue: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kue.worker.mail._EVERY_SECONDS", 0.02)
    running = threading.Barrier(4)

    @queue.process("export", 3)
    def export(job: Any) -> None:
        running.wait(10)
        wait_until(lambda: job.cancelled, 20)
        job.raise_if_cancelled()

    save(queue, count=5)
    running.wait(10)
    assert queue.cancel_all("export") == 5
    assert queue.cancel_all("export") == 0, "what was told before is not changed"
    wait_until(lambda: queue.failed_count() == 5)


@pytest.mark.parametrize("state", ["failed", "complete", "delayed"])
def test_all_of_a_state_are_queued_again_and_run(queue: Any, state: str) -> None:
    ids = save(queue, delay=HOUR if state == "delayed" else None)
    if state != "delayed":
        for id in ids:
            queue.get(id).state(state)
    heard = heard_of(queue)

    assert queue.retry_all(state) == MANY

    assert queue.inactive() == ids
    wait_until(lambda: len(heard) == MANY)
    assert heard == [(id, "enqueue") for id in ids]
    assert queue.client.llen("q:export:jobs") >= MANY
    ran: Counter[int] = Counter()
    queue.process("export", 10, lambda job: ran.update([job.id]))
    wait_until(lambda: queue.complete_count() == MANY)
    assert ran == Counter(ids)


def test_without_arguments_those_that_have_failed_are_queued(queue: Any) -> None:
    ids = fail_all(queue, count=2) + fail_all(queue, "import", 2)
    save(queue, "report", 1, delay=HOUR)
    assert queue.retry_all() == 4
    assert sorted(queue.inactive()) == ids and queue.delayed_count() == 1


def test_a_type_narrows_what_is_changed(queue: Any) -> None:
    exports, imports = fail_all(queue, count=3), fail_all(queue, "import", 3)
    assert queue.retry_all(type="import") == 3
    assert (queue.inactive(), queue.failed()) == (imports, exports)
    assert queue.remove_all("failed", "import") == 0
    assert queue.remove_all("inactive", "import") == 3
    assert queue.failed() == exports


def test_removed_jobs_leave_nothing_but_their_type(queue: Any, client: Any) -> None:
    save(queue, unique=None)
    queue.create("export", unique="k").save()
    heard = heard_of(queue)
    assert queue.remove_all("inactive") == MANY + 1
    assert set(keyspace(client)) == {"q:ids", "q:job:types"}
    wait_until(lambda: len(heard) == MANY + 1)
    assert {event for _, event in heard} == {"remove"}


def test_a_job_that_is_saved_after_the_call_began_stays(
    queue: Any, make_queue: MakeQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids, other, late = save(queue), make_queue(), []
    ask = queue.runtime.store.last_id

    def ask_and_save() -> int:
        last = ask()
        late.append(other.create("export").save().id)
        return int(last)

    monkeypatch.setattr(queue.runtime.store, "last_id", ask_and_save)
    assert queue.remove_all("inactive") == len(ids)
    assert queue.inactive() == late


def test_a_delayed_job_is_queued_under_the_lock_of_promotion(queue: Any, client: Any) -> None:
    save(queue, delay=HOUR, count=2)
    client.set("promotion:lock", "another", px=300)
    assert queue.retry_all("delayed") == 2
    assert client.get("promotion:lock") is None


def test_several_calls_at_once_change_each_job_once(queue: Any, make_queue: MakeQueue) -> None:
    ids = fail_all(queue)
    heard = heard_of(queue)
    queues = [make_queue() for _ in range(4)]
    counts: list[int] = []
    threads = [threading.Thread(target=lambda one=one: counts.append(one.retry_all())) for one in queues]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(counts) == MANY
    wait_until(lambda: len(heard) >= MANY)
    assert Counter(heard) == Counter((id, "enqueue") for id in ids)


@pytest.mark.parametrize("state", ["inactive", "active", "waiting", None])
def test_only_some_states_can_be_queued_again(queue: Any, state: Any) -> None:
    with pytest.raises(kue.InvalidOption, match="state must be one of failed, complete, delayed"):
        queue.retry_all(state)


def test_what_is_no_state_or_type_is_refused(queue: Any) -> None:
    for call in (
        lambda: queue.remove_all("waiting"),
        lambda: queue.remove_all("failed", ""),
        lambda: queue.cancel_all(""),
        lambda: queue.cancel_all(None),
        lambda: queue.cancel_all("export", 7),
        lambda: queue.retry_all(type=7),
    ):
        with pytest.raises(kue.InvalidOption):
            call()
