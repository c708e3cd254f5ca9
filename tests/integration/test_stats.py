"""`queue.stats()` agrees with what happened, wherever the counts travel: with the pulse, a save, or at the end."""

import threading
from datetime import timedelta
from typing import Any

import pytest

import kue
from kue.maintenance.recovery import Recovery
from kue.stats.series import Numbers
from tests.helpers import keyspace, wait_until
from tests.integration.commands import commands
from tests.integration.conftest import MakeQueue
from tests.integration.script import run_script

HOUR_MS = 3600_000


def sums(queue: Any, type: str = "*") -> dict[str, int]:
    """The counters that are not 0."""
    numbers = queue.stats(type=type)[type]
    names = ("created", "started", "completed", "failed", "retried", "ghosts", "snoozed", "cancelled")
    return {name: getattr(numbers, name) for name in names if getattr(numbers, name)}


def test_the_numbers_of_a_type_agree_with_what_happened(everywhere: Any) -> None:
    def handle(job: kue.Job) -> None:
        if job.data["as"] == "failed":
            raise ValueError("as asked")
        if job.data["as"] == "snoozed" and job.log("once more") and not everywhere.first.setdefault(job.id, False):
            everywhere.first[job.id] = True
            raise kue.Snooze(1)

    everywhere.first = {}
    everywhere.process("email", 3, handle)
    everywhere.process("pdf", lambda job: None)
    for end in ("complete", "failed", "snoozed", "complete"):
        everywhere.create("email", {"as": end}, attempts=2).save()
    everywhere.create("pdf").save()
    wait_until(lambda: everywhere.complete_count() == 4 and everywhere.failed_count() == 1)
    email = {"created": 4, "started": 6, "completed": 3, "failed": 1, "retried": 1, "snoozed": 1}
    wait_until(lambda: sums(everywhere, "email") == email)
    assert sums(everywhere, "pdf") == {"created": 1, "started": 1, "completed": 1}
    both = {name: email[name] + (name in ("created", "started", "completed")) for name in email}
    assert sums(everywhere) == both
    assert set(everywhere.stats()) == {"email", "pdf", "*"}


def test_a_run_that_was_cancelled_counts_as_that_however_it_ends(everywhere: Any) -> None:
    def handle(job: kue.Job) -> None:
        assert job.cancel() == "active"
        raise kue.Snooze(1) if job.data["snoozes"] else ValueError("cancelled")

    everywhere.process("email", 2, handle)
    everywhere.save_all([everywhere.create("email", {"snoozes": one}, attempts=3) for one in (True, False)])
    wait_until(lambda: everywhere.failed_count() == 2)
    wait_until(lambda: sums(everywhere, "email") == {"created": 2, "started": 2, "cancelled": 2})


def set_due(queue: Any, *, now: bool = False) -> None:
    """Keep the counters of a queue from being due, or make them due at once."""
    queue.runtime.counters.due_at = 0.0 if now else 1e12


def test_a_save_more_than_a_second_after_the_last_flush_takes_the_counts_along(queue: Any, client: Any) -> None:
    set_due(queue)
    queue.create("email").save()
    with commands(client) as seen:
        queue.create("email").save()
    assert seen == ["EVALSHA"]
    set_due(queue, now=True)
    with commands(client) as seen:
        queue.create("email").save()
        queue.create("email").save()
    assert seen == ["EVALSHA"] * 3, "both scripts of the first save, and the other save"
    [counters] = [
        value for key, value in keyspace(client).items() if key.startswith("q:py:stats:h:") and "email" in key
    ]
    assert counters == {"created": "3", "max": "0"}, "its own count is among them"
    assert sums(queue, "email") == {"created": 4}


def test_many_saves_take_the_counts_along_in_their_first_round_trip(queue: Any, client: Any) -> None:
    set_due(queue, now=True)
    queue.save_all([queue.create("email") for _ in range(700)])
    [counters] = [
        value for key, value in keyspace(client).items() if key.startswith("q:py:stats:h:") and "email" in key
    ]
    assert counters["created"] == "700"


def test_a_job_that_was_not_saved_is_not_counted(queue: Any, client: Any) -> None:
    queue.create("charge").unique("order:7").save()
    assert queue.create("charge").unique("order:7").save().existing
    client.set("q:pdf:jobs", "poison")
    with pytest.raises(kue.RedisRefused):
        queue.create("pdf").save()
    with pytest.raises(kue.SaveInterrupted):
        queue.save_all([queue.create("email"), queue.create("pdf")])
    assert sums(queue) == {"created": 2}


def test_a_worker_sends_its_counts_with_its_pulse_and_not_with_saves(queue: Any, client: Any) -> None:
    queue.process("email", lambda job: None)
    queue.create("email").save()
    wait_until(lambda: any(b":stats:h:" in key and key.endswith(b":email") for key in client.keys("q:py:stats:*")))
    assert queue.runtime.store.rider is None


def test_a_shutdown_adds_the_last_counts(make_queue: MakeQueue, client: Any) -> None:
    worker, producer = make_queue(), make_queue()
    set_due(producer)
    producer.create("email").save()
    producer.shutdown()
    worker.process("email", lambda job: None)
    wait_until(lambda: worker.complete_count() == 1)
    worker.shutdown()
    assert sums(make_queue()) == {"created": 1, "started": 1, "completed": 1}


@pytest.mark.slow
def test_a_process_that_just_ends_adds_its_last_counts(redis_url: str, queue: Any) -> None:
    run_script(redis_url, 'queue.create("email").save()', redis=redis_url)
    assert sums(queue) == {"created": 1}


@pytest.mark.slow
@pytest.mark.parametrize("start", ["multiprocess()", "executor()"])
def test_a_child_of_multiprocessing_adds_its_last_counts_though_it_ends_without_atexit(
    redis_url: str, queue: Any, start: str
) -> None:
    run_script(
        redis_url,
        f"""
        import multiprocessing
        from concurrent.futures import ProcessPoolExecutor

        fork = multiprocessing.get_context("fork")

        def work():
            for _ in range(3):
                queue.create("email").save()

        def multiprocess():
            child = fork.Process(target=work)
            child.start()
            child.join()

        def executor():
            with ProcessPoolExecutor(1, fork) as pool:
                pool.submit(work).result()

        {start}
        """,
        redis=redis_url,
    )
    assert sums(queue) == {"created": 3}


@pytest.mark.slow
def test_a_forked_child_does_not_add_what_its_parent_has_counted(redis_url: str, queue: Any) -> None:
    run_script(
        redis_url,
        """
        queue.create("email").save()

        def work():
            queue.create("email").save()
            queue.shutdown()

        ended(forked(work))
        """,
        redis=redis_url,
    )
    assert sums(queue) == {"created": 2}


def test_with_the_option_off_nothing_is_counted(make_queue: MakeQueue, client: Any) -> None:
    queue = make_queue(stats=False)
    queue.process("email", lambda job: None)
    queue.create("email").save()
    wait_until(lambda: queue.complete_count() == 1)
    assert queue.stats() == {"*": queue.stats(type="*")["*"]} and sums(queue) == {}
    queue.shutdown()
    assert client.keys("q:py:stats:*") == []


def test_a_user_without_the_right_is_told_once_and_jobs_are_saved(
    make_queue: MakeQueue, client: Any, errors: list[BaseException]
) -> None:
    queue = make_queue()
    queue.create("email").save()
    client.execute_command("ACL", "SETUSER", "default", "-pexpire")
    try:
        for _ in range(3):
            set_due(queue, now=True)
            queue.create("email").save()
        wait_until(lambda: errors)
    finally:
        client.execute_command("ACL", "SETUSER", "default", "+pexpire")
    assert queue.inactive_count() == 4
    set_due(queue, now=True)
    queue.create("email").save()
    wait_until(lambda: len(errors) == 2)
    assert [type(problem) for problem in errors] == [kue.RedisRefused, kue.errors.Recovered]
    errors.clear()


def test_the_series_has_a_pair_for_each_slot_and_sums_to_the_whole(queue: Any, client: Any) -> None:
    now = queue.runtime.store.now()
    minute = now // 60_000 * 60
    for back, number in ((0, 1), (60, 10), (600, 100), (7200, 1000)):
        start = minute - back
        for slot, length in (("m", 60), ("t", 600), ("h", 3600)):
            key = f"q:py:stats:{slot}:{start - start % length}:email"
            client.hincrby(key, "started", number)
            client.hincrby(key, "r10", number)
            client.hset(key, "max", number)
    lately = queue.stats(type="email")["email"]
    assert lately.started == 111 and lately.max == 100
    assert [(ms, one.started) for ms, one in lately.series] == [
        *((1000 * (minute - back), number) for back, number in ((600, 100), (60, 10), (0, 1))),
    ]
    assert all(isinstance(one, Numbers) and one.p50 is not None for _, one in lately.series)
    for longer in (timedelta(hours=3), timedelta(days=3)):
        assert queue.stats(longer, type="email")["email"].started == 1111


def test_waiting_jobs_are_counted_with_the_time_of_the_oldest(queue: Any, client: Any) -> None:
    queue.create("email").save()
    queue.create("pdf", delay=HOUR_MS).save()
    found = queue.stats()
    assert (found["email"].waiting, found["*"].waiting) == (1, 1)
    assert 0 <= found["email"].oldest_wait < 30_000
    first = queue.get(1)
    client.hset("q:job:1", "promote_at", first.created_at - HOUR_MS)
    assert HOUR_MS <= queue.stats(type="email")["email"].oldest_wait < HOUR_MS + 30_000
    assert queue.stats(type="none of these")["none of these"].waiting == 0


@pytest.mark.parametrize("since", [0, -5, "1 hour"])
def test_a_time_that_is_none_is_refused(queue: Any, since: Any) -> None:
    with pytest.raises(kue.InvalidOption, match="since"):
        queue.stats(since)


def test_no_type_may_be_called_as_all_of_them(queue: Any) -> None:
    with pytest.raises(kue.InvalidOption, match="stands for all types"):
        queue.create("*")


def test_a_recurring_job_and_one_that_is_triggered_are_counted(queue: Any) -> None:
    schedule = queue.every("1 hour", queue.create("report"), name="nightly")
    schedule.trigger()
    assert sums(queue, "report") == {"created": 1}


def test_processes_are_listed_with_what_they_do(make_queue: MakeQueue, client: Any) -> None:
    queue = make_queue(lease=3000)
    gate = threading.Event()
    queue.process("email", 3, lambda job: gate.wait(30))
    queue.save_all([queue.create("email") for _ in range(2)])
    wait_until(lambda: [one.busy for one in queue.processes()] == [2])
    [own] = queue.processes()
    assert (own.id, own.version, dict(own.types), own.lost) == (queue.id, kue.__version__, {"email": 3}, None)
    assert own.started is not None and abs(own.started - queue.runtime.store.now()) < 60_000
    gate.set()
    wait_until(lambda: [one.busy for one in queue.processes()] == [0])
    queue.shutdown()
    assert make_queue().processes() == []


def test_a_process_whose_lease_ran_out_is_listed_as_lost_for_an_hour(queue: Any, client: Any) -> None:
    dead, older = "kue:web-1:4711-abcdef011", "kue:web-2:9-abcdef02"
    now = queue.runtime.store.now()
    client.zadd("q:py:workers", {dead: now - 5000})
    client.zadd("q:py:workers:lost", {older: now - 10_000, "kue:gone:1-abcdef011": now - HOUR_MS - 1})
    client.hset(f"q:py:worker:{dead}", mapping={"version": "0.2", "types": '{"email":2}', "busy": 1, "started": 7})
    for _ in range(2):  # before and after its lease was ended for it
        found = {one.id: one for one in queue.processes()}
        assert set(found) == {dead, older}
        assert (found[dead].host, found[dead].pid, found[dead].busy) == ("web-1", 4711, 1)
        assert (found[dead].lost, found[older].lost) == (now - 5000, now - 10_000)
        assert (found[older].busy, found[older].version) == (None, "before 0.2")
        Recovery(queue.runtime)._end_expired_leases()
        assert client.zcard("q:py:workers") == 0


def test_ghosts_of_a_process_that_died_are_counted(queue: Any, client: Any) -> None:
    dead = "kue:host:4711-abcdef01"
    job = queue.create("email", attempts=4).save()
    job.set("workerId", f"{dead}:email:1").active()
    client.zadd("q:py:workers", {dead: 1})
    Recovery(queue.runtime)._rescue(dead, [(job.id, f"{dead}:email:1")], queue.runtime.store.now())
    assert sums(queue, "email") == {"created": 1, "ghosts": 1}
