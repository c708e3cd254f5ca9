"""Jobs that have ended go: by the options `purge` and `keep` in processes that work, and at `queue.purge`."""

from datetime import timedelta
from typing import Any

import pytest

import kue
from kue.maintenance.purge import Purge, seconds_between_walks
from kue.options.queue import QueueOptions
from kue.store.purging import Purging
from tests.helpers import keyspace, wait_until

HOUR = 3_600_000
EMPTY = {"q:ids", "q:job:types"}


def ended(queue: Any, count: int, type: str = "email", state: str = "complete", **options: Any) -> list[int]:
    """Jobs that were moved to a state by hand, and so ended when that was."""
    jobs = queue.save_all(queue.create(type, **options) for _ in range(count))
    for job in jobs:
        job.log("a line").state(state)
    return [job.id for job in jobs]


def rounds(duty: Purge, now: int) -> int:
    """Have one walk at a moment, step by step. Returns how many rounds it took."""
    count = 0
    while True:
        assert duty.run_once(now) is False
        count += 1
        if duty._walk is None:
            return count


def walk(queue: Any, later: int = 0) -> int:
    """One walk, so many ms from now, in a process that comes first."""
    queue.client.delete(queue.runtime.store.keys.purge_lock)
    return rounds(Purge(queue.runtime), queue.runtime.store.now() + later)


class TestOptions:
    @pytest.mark.parametrize("state", ["complete", "failed"])
    def test_jobs_that_are_too_old_go_with_all_that_belongs_to_them(self, make_queue: Any, state: str) -> None:
        queue = make_queue(purge={state: HOUR})
        ended(queue, 250, state=state)
        walk(queue, HOUR - 60_000)
        assert queue.card(state) == 250
        assert walk(queue, HOUR + 60_000) == 4
        assert {*keyspace(queue.client)} - {"q:py:purge:lock", "q:email:jobs"} == EMPTY

    def test_a_type_has_limits_of_its_own(self, make_queue: Any) -> None:
        flags = {"pdf": {"purge": {"complete": None}}, "ping": {"keep": {"failed": 2}}}
        queue = make_queue(purge={"complete": HOUR}, job_flags=flags)
        for type in ("email", "pdf", "ping"):
            ended(queue, 3, type)
        failed = {type: ended(queue, 3, type, "failed") for type in ("email", "ping")}
        walk(queue, 2 * HOUR)
        assert [queue.complete_count(type) for type in ("email", "pdf", "ping")] == [0, 3, 0]
        assert [*queue.ids("failed", "email")] == failed["email"]
        assert [*queue.ids("failed", "ping")] == failed["ping"][1:]

    def test_the_newest_of_each_type_are_kept(self, make_queue: Any) -> None:
        queue = make_queue(keep={"complete": 3})
        ids = {type: ended(queue, 150, type, priority=p) for p, type in enumerate(("email", "pdf"))}
        walk(queue, 5000)
        assert {type: [*queue.ids("complete", type)] for type in ids} == {type: ids[type][-3:] for type in ids}

    def test_what_ended_less_than_a_second_ago_stays(self, make_queue: Any) -> None:
        """A Node worker still writes to it."""
        queue = make_queue(keep={"complete": 0}, purge={"complete": 0, "failed": 0})
        ended(queue, 5)
        ended(queue, 5, state="failed")
        walk(queue, 0)
        assert (queue.complete_count(), queue.failed_count()) == (5, 5)
        walk(queue, 1500)
        assert (queue.complete_count(), queue.failed_count()) == (0, 0)

    def test_without_the_options_nothing_is_asked_of_redis(self, make_queue: Any) -> None:
        queue = make_queue(job_flags={"email": {"attempts": 5, "purge": {"failed": None}}})
        ended(queue, 3)
        now = queue.runtime.store.now() + 100 * HOUR
        before = queue.client.info("stats")["total_commands_processed"]
        assert Purge(queue.runtime).run_once(now) is False
        assert queue.client.info("stats")["total_commands_processed"] == before + 1
        assert queue.complete_count() == 3

    def test_a_process_with_handlers_purges_by_itself(self, make_queue: Any) -> None:
        queue = make_queue(keep={"complete": 3}, purge={"complete": timedelta(seconds=1)})
        queue.process("email", lambda job: "done")
        queue.save_all(queue.create("email") for _ in range(20))
        wait_until(lambda: queue.work_time() is not None and queue.inactive_count() == 0)
        wait_until(lambda: queue.client.zcard("q:jobs") == 0, 20)

    def test_configure_changes_the_limits_of_types(self, make_queue: Any) -> None:
        queue = make_queue()
        duty = Purge(queue.runtime)
        ended(queue, 3)
        queue.configure(job_flags={"email": {"keep": {"complete": 1}}})
        rounds(duty, queue.runtime.store.now() + 5000)
        assert queue.complete_count() == 1
        queue.reset()
        assert queue.options.limits_of("email") == {}

    def test_a_type_of_which_a_key_is_of_the_wrong_kind_holds_up_no_other(self, make_queue: Any) -> None:
        queue = make_queue(purge={"complete": HOUR})
        for type in ("a", "b", "c"):
            ended(queue, 2, type)
        queue.client.delete("q:jobs:b:complete")
        queue.client.set("q:jobs:b:complete", "poison")
        with pytest.raises(kue.RedisRefused, match="WRONGTYPE"):
            walk(queue, 2 * HOUR)
        assert queue.client.exists("q:jobs:a:complete", "q:jobs:c:complete") == 0
        assert queue.client.zcard("q:jobs:complete") == 2

    def test_a_job_without_a_hash_is_dropped_and_reported(self, make_queue: Any, errors: list[BaseException]) -> None:
        queue = make_queue(purge={"complete": HOUR}, keep={"complete": 100})
        first, *_ = ended(queue, 3)
        queue.client.delete(f"q:job:{first}")
        walk(queue, 2 * HOUR)
        assert queue.client.zcard("q:jobs") == 0
        wait_until(lambda: errors)
        assert isinstance(errors[0], kue.JobInvalid) and errors.pop().id == first


class TestTurns:
    def test_one_process_walks_at_a_time(self, make_queue: Any) -> None:
        queue = make_queue(purge={"complete": HOUR})
        ended(queue, 250)
        now = queue.runtime.store.now() + 2 * HOUR
        first, second = Purge(queue.runtime), Purge(queue.runtime)
        first.run_once(now)
        assert queue.complete_count() == 150
        second.run_once(now)
        assert second.interval == 60.0 and queue.complete_count() == 150
        rounds(first, now)
        assert queue.complete_count() == 0

    def test_a_process_that_lost_the_lock_stops_within_its_walk(self, make_queue: Any) -> None:
        queue = make_queue(purge={"complete": HOUR})
        ended(queue, 250)
        now = queue.runtime.store.now() + 2 * HOUR
        duty = Purge(queue.runtime)
        duty.run_once(now)
        queue.client.set("q:py:purge:lock", "of another process")
        assert rounds(duty, now) == 1
        assert queue.complete_count() == 150
        assert queue.client.get("q:py:purge:lock") == b"of another process"

    def test_a_walk_that_failed_begins_anew(self, make_queue: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        queue = make_queue(purge={"complete": HOUR})
        ended(queue, 250)
        now = queue.runtime.store.now() + 2 * HOUR
        duty = Purge(queue.runtime)
        duty.run_once(now)
        with monkeypatch.context() as patched:
            patched.setattr(Purging, "purge_old", lambda *args: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                rounds(duty, now)
        queue.client.delete("q:py:purge:lock")
        rounds(duty, now)
        assert queue.complete_count() == 0

    def test_a_walk_rests_after_each_step(self, make_queue: Any) -> None:
        queue = make_queue(purge={"complete": HOUR})
        ended(queue, 250)
        times = iter([0.0, 0.001, 5.0, 5.1, 6.0, 6.0005, 7.0])
        duty = Purge(queue.runtime, clock=lambda: next(times))
        pauses = []
        for _ in range(4):
            duty.run_once(queue.runtime.store.now() + 2 * HOUR)
            pauses.append(round(duty.interval, 6))
        assert pauses == [0.002, 0.005, 0.001, 60.0]

    @pytest.mark.parametrize(
        ("options", "seconds"),
        [
            ({}, 60),
            ({"purge": {"complete": timedelta(days=1)}}, 60),
            ({"purge": {"complete": timedelta(days=1), "failed": 200_000}}, 10),
            ({"purge": {"failed": 0}}, 1),
            ({"keep": {"failed": 5}}, 10),
            ({"keep": {"failed": 5}, "purge": {"failed": 40_000}}, 2),
            ({"job_flags": {"email": {"purge": {"failed": 60_000}}}}, 3),
        ],
    )
    def test_a_walk_follows_after_a_twentieth_of_the_shortest_time(self, options: Any, seconds: float) -> None:
        assert seconds_between_walks(QueueOptions.read(**options)) == seconds


class TestCall:
    def test_it_returns_how_many_jobs_it_removed(self, everywhere: Any) -> None:
        ids = ended(everywhere, 120) + ended(everywhere, 5, "pdf")
        ended(everywhere, 3, state="failed")
        assert everywhere.purge("complete", older_than=HOUR) == 0
        assert everywhere.purge("complete", keep=10, type="email") == 110
        assert everywhere.purge("complete", keep=3) == 9
        assert [*everywhere.ids("complete")] == ids[117:120] + ids[-3:]
        assert everywhere.purge("failed", older_than=timedelta(0)) == 3
        assert everywhere.purge("complete", older_than=HOUR, keep=1) == 4
        assert everywhere.purge("complete", keep=0, type="no such type") == 0

    def test_no_event_is_published(self, queue: Any, client: Any) -> None:
        ended(queue, 3)
        with client.pubsub(ignore_subscribe_messages=True) as ear:
            ear.subscribe("q:events")
            ear.get_message(timeout=1)
            assert queue.purge("complete", keep=0) == 3
            client.publish("q:events", "end")
            wait_until(lambda: (message := ear.get_message(timeout=1)) and message["data"] == b"end")

    def test_it_needs_no_lock(self, queue: Any, client: Any) -> None:
        ended(queue, 3)
        client.set("q:py:purge:lock", "of another process")
        assert queue.purge("complete", keep=0) == 3

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (("active",), "state must be one of complete, failed, not 'active'"),
            (("done",), "state must be one of complete, failed, not 'done'"),
            (("failed",), "purge needs older_than or keep, or both; keep=0 removes all jobs in that state"),
            (("failed", -1), "older_than must be a finite number of milliseconds, 0 or more, not -1"),
            (("failed", None, 1.5), "keep must be a whole number, 0 or more, not 1.5"),
            (("failed", None, 1, ""), "type must be a non-empty string, not ''"),
        ],
    )
    def test_a_wrong_argument_is_refused(self, queue: Any, arguments: Any, message: str) -> None:
        with pytest.raises(kue.InvalidOption) as refused:
            queue.purge(*arguments)
        assert str(refused.value) == message

    def test_a_job_that_is_restarted_meanwhile_is_left_alone(self, queue: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        ids = ended(queue, 250, state="failed")
        step = Purging.purge_old

        def restart_first(self: Purging, *args: Any) -> Any:
            for id in [*queue.ids("failed")][:2]:
                queue.get(id).inactive()
            return step(self, *args)

        monkeypatch.setattr(Purging, "purge_old", restart_first)
        assert queue.purge("failed", older_than=0) == 250 - 2 * 3
        restarted = [*queue.ids("inactive")]
        assert len(restarted) == 6 and {*restarted} <= {*ids}
        assert [queue.get(id).log() for id in restarted] == [["a line"]] * 6

    def test_errors_are_not_swallowed(self, queue: Any, client: Any) -> None:
        ended(queue, 2)
        client.set("q:jobs", "poison")
        with pytest.raises(kue.RedisRefused, match="WRONGTYPE"):
            queue.purge("complete", keep=0)
