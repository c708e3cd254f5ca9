"""A saved job changes: updated, removed, sent to a state; the sets always agree with its hash."""

import itertools
from typing import Any

import pytest

import kue
from kue import Job
from tests.helpers import keyspace, wait_until
from tests.integration.commands import commands

STATES = ("inactive", "active", "complete", "failed", "delayed")


def where(queue: Any, id: int | None) -> list[str]:
    """The sets by state, and by type and state, that a job is in."""
    of_type = {state: Job.range_by_type("email", state, 0, -1, queue=queue) for state in STATES}
    return [state for state in STATES if id in queue.state(state)] + [
        f"email:{state}" for state in STATES if id in [job.id for job in of_type[state]]
    ]


@pytest.fixture
def heard(everywhere: Any) -> list[tuple[Any, ...]]:
    """The events of job 1, as the queue hears them."""
    events: list[tuple[Any, ...]] = []
    for event in ("enqueue", "remove", "start", "complete", "failed", "promotion"):
        everywhere.on(f"job {event}", lambda *args, event=event: events.append((event, *args)))
    return events


class TestStates:
    @pytest.mark.parametrize("state", STATES)
    def test_a_job_goes_to_a_state_by_the_method_of_its_name(self, everywhere: Any, state: str) -> None:
        job = everywhere.create("email").save()
        assert getattr(job, state)() is job
        assert job.state() == state
        assert where(everywhere, job.id) == [state, f"email:{state}"]
        assert Job.get(job.id, queue=everywhere).state() == state

    def test_a_job_goes_from_any_state_to_any_other(self, queue: Any) -> None:
        for before, after in itertools.product(STATES, STATES):
            job = queue.create("email").save().state(before)
            assert job.state(after) is job
            assert where(queue, job.id) == [after, f"email:{after}"], f"from {before}"

    @pytest.mark.parametrize("state", STATES)
    def test_each_change_of_state_is_one_command(self, queue: Any, client: Any, state: str) -> None:
        job = queue.create("email").save()
        with commands(client) as sent:
            job.state(state)
        assert sent == ["EVALSHA"]

    def test_only_a_change_to_inactive_is_announced_and_brings_a_token(
        self, everywhere: Any, heard: Any, backend: Any
    ) -> None:
        job = everywhere.create("email").save()
        for state in ("active", "complete", "failed", "delayed", "inactive"):
            job.state(state)
        wait_until(lambda: len(heard) == 2)
        assert heard == [("enqueue", 1, "email")] * 2
        assert backend.client.llen(f"{backend.prefix}:email:jobs") == 2

    def test_complete_sets_the_progress_and_failed_sets_its_moment(self, queue: Any) -> None:
        done, failed = queue.create("email").save().complete(), queue.create("email").save().failed()
        assert (done.progress(), Job.get(done.id, queue=queue).progress()) == (100, 100)
        assert Job.get(failed.id, queue=queue).failed_at == failed.failed_at == failed.updated_at

    def test_a_job_that_is_gone_cannot_change(self, queue: Any, client: Any) -> None:
        job = queue.create("email").save().remove()
        before = keyspace(client)
        for state in STATES:
            with pytest.raises(kue.JobNotFound, match="1"):
                job.state(state)
        assert keyspace(client) == before

    def test_an_unsaved_job_cannot_change(self, queue: Any, client: Any) -> None:
        job = queue.create("email")
        before = job.to_json()
        for change in (*STATES, "update", "remove"):
            with pytest.raises(kue.JobNotFound, match=f"this 'email' job is not saved yet.*{change}"):
                getattr(job, change)()
        assert (keyspace(client), job.to_json()) == ({}, before)

    def test_a_completed_job_that_is_queued_again_runs_again(self, queue: Any) -> None:
        runs: list[int] = []
        queue.process("email", lambda job: runs.append(job.id))
        job = queue.create("email").save()
        wait_until(lambda: queue.complete_count() == 1)
        Job.get(job.id, queue=queue).inactive()
        wait_until(lambda: runs == [job.id, job.id] and queue.complete_count() == 1)


class TestUpdate:
    def test_an_update_writes_data_and_options(self, everywhere: Any) -> None:
        job = everywhere.create("email", {"n": 1}, attempts=2).save()
        job.data["n"] = 2
        assert job.attempts(7).priority("high").ttl(500).update() is job
        found = Job.get(job.id, queue=everywhere)
        assert (found.data, found.attempts(), found.priority(), found.ttl()) == ({"n": 2}, 7, -10, 500)
        assert everywhere.inactive() == [job.id] and everywhere.types() == ["email"]

    def test_saving_a_saved_job_updates_it(self, everywhere: Any, heard: Any) -> None:
        job = everywhere.create("email").save()
        assert job.priority(-3).save() is job
        assert [found.priority() for found in Job.range(0, -1, queue=everywhere)] == [-3]
        wait_until(lambda: heard == [("enqueue", 1, "email")] * 2)  # as Kue does

    def test_an_update_is_one_command(self, queue: Any, client: Any) -> None:
        job = queue.create("email").save()
        with commands(client) as sent:
            job.priority("high").update()
        assert sent == ["EVALSHA"]

    def test_an_updated_priority_counts_in_the_queue(self, queue: Any) -> None:
        first, second = (queue.create("email").save() for _ in range(2))
        second.priority("critical").update()
        ran: list[int] = []
        queue.process("email", lambda job: ran.append(job.id))
        wait_until(lambda: ran == [second.id, first.id])

    def test_a_delayed_job_is_due_by_its_new_delay(self, queue: Any, client: Any) -> None:
        queue.create("email", delay=60_000).save()
        client.hset("q:job:1", "created_at", "1")
        job = Job.get(1, queue=queue)
        clock = queue.runtime.store.clock  # that of Redis, which may differ by a little from that of this process
        before = clock()
        job.delay(90_000).update()
        assert before + 90_000 <= job.promote_at <= clock() + 90_000
        assert client.zscore("q:jobs:delayed", b"01|1") == job.promote_at

    @pytest.mark.parametrize("end", ["update", "save"])
    def test_an_update_writes_only_the_options_that_its_object_set(self, everywhere: Any, end: str) -> None:
        saved = everywhere.create("email", attempts=2, ttl=500, priority="low").save()
        read = Job.get(saved.id, queue=everywhere)
        Job.get(saved.id, queue=everywhere).attempts(7).priority("high").ttl(900).update()
        for job in (saved, read):
            getattr(job.backoff(True), end)()
        found = Job.get(saved.id, queue=everywhere)
        assert (found.attempts(), found.priority(), found.ttl(), found.backoff()) == (7, -10, 900, True)
        assert everywhere.runtime.store.scores([(found.id, None), (found.id, "email")], "inactive") == [-10, -10]

    def test_an_option_is_written_by_the_next_update_only(self, queue: Any) -> None:
        job = queue.create("email").save().attempts(3).update()
        Job.get(job.id, queue=queue).attempts(9).update()
        assert Job.get(job.update().id, queue=queue).attempts() == 9

    def test_an_update_writes_the_options_that_progress_left(self, queue: Any) -> None:
        job = queue.create("email").save().attempts(5).ttl(60_000)
        job.progress(1, 2)  # writes the ttl, which counts from it
        found = Job.get(job.update().id, queue=queue)
        assert (found.attempts(), found.ttl()) == (5, 60_000)

    def test_an_option_is_written_by_the_update_after_one_that_failed(self, queue: Any, client: Any) -> None:
        job = queue.create("email").save().attempts(3)
        client.rename("q:jobs", "q:away")
        client.set("q:jobs", "of the wrong kind")
        with pytest.raises(kue.RedisRefused, match="WRONGTYPE"):
            job.update()
        client.rename("q:away", "q:jobs")
        assert Job.get(job.update().id, queue=queue).attempts() == 3

    def test_an_update_takes_options_away(self, everywhere: Any, backend: Any) -> None:
        job = everywhere.create("email", ttl=500, delay=60_000, backoff=True, remove_on_complete=True).save()
        job.ttl(None).delay(0).backoff(False).remove_on_complete(False).attempts(None).update()
        fields = backend.client.hgetall(f"{backend.prefix}:job:{job.id}")
        assert fields.keys().isdisjoint({b"ttl", b"delay", b"backoff", b"removeOnComplete"})
        found = Job.get(job.id, queue=everywhere)
        assert (found.ttl(), found.delay(), found.backoff(), found.remove_on_complete()) == (None, None, None, False)

    @pytest.mark.parametrize("reads", [False, True], ids=["saved here", "read"])
    def test_an_update_keeps_data_that_another_process_changed(self, everywhere: Any, reads: bool) -> None:
        job = everywhere.create("email", {"n": 1, "to": ["é"]}).save()
        mine = Job.get(job.id, queue=everywhere) if reads else job
        other = Job.get(job.id, queue=everywhere)
        other.data["n"] = 2
        other.update()
        mine.priority("high").update()
        assert Job.get(job.id, queue=everywhere).data == {"n": 2, "to": ["é"]}

    @pytest.mark.parametrize("reads", [False, True], ids=["saved here", "read"])
    def test_data_that_was_changed_in_place_is_written_and_the_last_update_counts(
        self, everywhere: Any, reads: bool
    ) -> None:
        job = everywhere.create("email", {"to": ["a"]}).save()
        mine = Job.get(job.id, queue=everywhere) if reads else job
        other = Job.get(job.id, queue=everywhere)
        other.data = {"to": ["c"]}
        other.update()
        mine.data["to"].append("b")
        mine.update()
        assert Job.get(job.id, queue=everywhere).data == {"to": ["a", "b"]}
        mine.data["to"].pop()
        mine.update()
        assert Job.get(job.id, queue=everywhere).data == {"to": ["a"]}

    @pytest.mark.parametrize("form", ['{ "n" : 1.50, "to":"\\u00e9" }', "", None], ids=["spaces", "empty", "none"])
    def test_data_that_another_program_wrote_in_its_own_form_stays_as_it_is(
        self, queue: Any, client: Any, form: str | None
    ) -> None:
        job = queue.create("email").save()
        client.hset("q:job:1", "data", form) if form is not None else client.hdel("q:job:1", "data")
        Job.get(job.id, queue=queue).attempts(2).update()
        stored = client.hget("q:job:1", "data")
        assert stored == (None if form is None else form.encode())

    def test_an_update_keeps_the_state_in_redis(self, queue: Any) -> None:
        stale = queue.create("email").save()
        Job.get(stale.id, queue=queue).complete()
        assert stale.priority(4).update().state() == "complete"
        assert where(queue, stale.id) == ["complete", "email:complete"]

    def test_an_update_of_a_job_that_is_gone_is_refused(self, queue: Any, client: Any) -> None:
        job = queue.create("email").save().remove()
        before = keyspace(client)
        with pytest.raises(kue.JobNotFound, match="1"):
            job.update()
        assert keyspace(client) == before

    def test_data_that_json_cannot_hold_leaves_the_job_as_it_was(self, queue: Any, client: Any) -> None:
        job = queue.create("email", {"n": 1}).save()
        before = keyspace(client)
        job.data = {"n": float("nan")}
        with pytest.raises(kue.InvalidJobData, match=r"data\.n: is nan"):
            job.save()
        assert keyspace(client) == before


class TestRemove:
    def test_a_removal_takes_every_trace_and_is_announced(self, everywhere: Any, heard: Any, backend: Any) -> None:
        job = everywhere.create("email").save()
        job.log("a line")
        assert job.remove() is job
        wait_until(lambda: heard == [("enqueue", 1, "email"), ("remove", 1, "email")])
        left = keyspace(backend.client)
        p = backend.prefix
        assert left == {f"{p}:ids": "1", f"{p}:job:types": {"email"}, f"{p}:email:jobs": ["1"]}

    def test_a_second_removal_is_no_error(self, everywhere: Any) -> None:
        job = everywhere.create("email").save()
        job.remove().remove()

    def test_a_removal_by_the_id_of_an_unknown_job_is_an_error(self, everywhere: Any) -> None:
        job = everywhere.create("email").save()
        Job.remove_by_id(str(job.id), queue=everywhere)
        with pytest.raises(kue.JobNotFound, match="1"):
            Job.remove_by_id(job.id, queue=everywhere)

    def test_a_worker_passes_over_the_token_that_remains(self, queue: Any, client: Any) -> None:
        queue.create("email").save().remove()
        second = queue.create("email").save()
        ran: list[int] = []
        queue.process("email", lambda job: ran.append(job.id))
        wait_until(lambda: ran == [second.id] and client.llen("q:email:jobs") == 0)

    def test_a_job_can_be_removed_in_every_state(self, queue: Any, client: Any) -> None:
        for state in STATES:
            queue.create("email").save().state(state).remove()
        assert sorted(keyspace(client)) == ["q:email:jobs", "q:ids", "q:job:types"]


class TestCompleteAndRemoved:
    def test_a_completed_job_may_remove_itself(self, queue: Any) -> None:
        heard: list[Any] = []
        queue.on("job complete", lambda *args: heard.append(("complete", *args)))
        queue.on("job remove", lambda *args: heard.append(("remove", *args)))
        queue.process("email", lambda job: {"n": 1})
        job = queue.create("email", remove_on_complete=True).save()
        wait_until(lambda: heard == [("complete", job.id, {"n": 1}), ("remove", job.id, "email")])
        with pytest.raises(kue.JobNotFound):
            Job.get(job.id, queue=queue)
        assert Job.range(0, -1, queue=queue) == []

    def test_a_failed_job_does_not_remove_itself(self, queue: Any) -> None:
        queue.process("email", lambda job: 1 / 0)
        job = queue.create("email", remove_on_complete=True).save()
        wait_until(lambda: queue.failed() == [job.id])
        assert "ZeroDivisionError" in str(Job.get(job.id, queue=queue).error())
