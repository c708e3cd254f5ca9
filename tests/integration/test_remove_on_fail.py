"""The job option `remove_on_fail`: a job goes once it has failed for good, and what waited for it learns why."""

from typing import Any

import pytest

import kue
from tests.helpers import wait_until


def boom(job: Any) -> None:
    job.log("trying")
    raise ValueError("boom")


def test_a_job_that_fails_for_good_leaves_nothing(everywhere: Any) -> None:
    job = everywhere.create("email", attempts=2, remove_on_fail=True, unique="order 1").save()
    ended: list[str] = []
    everywhere.on("job failed attempt", lambda id, *args: ended.append("failed attempt"))
    everywhere.on("job failed", lambda id, message: ended.append(message))
    everywhere.on("job remove", lambda id, type: ended.append("remove"))
    everywhere.process("email", boom)
    wait_until(lambda: ended[-1:] == ["remove"])
    assert ended == ["failed attempt", "boom", "remove"]
    with pytest.raises(kue.JobNotFound):
        everywhere.get(job.id)
    assert everywhere.get_log(job.id) == []


def test_its_promise_gets_the_error(make_queue: Any) -> None:
    queue = make_queue(send=True)
    queue.process("email", boom)
    with pytest.raises(kue.JobFailed, match="boom"):
        queue.create("email", remove_on_fail=True).promise(10_000).result()


def test_a_handler_may_ask_for_it(queue: Any) -> None:
    def give_up(job: Any) -> None:
        assert job.remove_on_fail() is False
        job.remove_on_fail(True)
        raise kue.NoRetry("no use")

    job = queue.create("email", attempts=5).save()
    queue.process("email", give_up)
    wait_until(lambda: queue.failed_count() + queue.inactive_count() + queue.active_count() == 0)
    with pytest.raises(kue.JobNotFound):
        queue.get(job.id)


def test_a_handler_sees_it_and_may_take_it_back(queue: Any) -> None:
    def keep(job: Any) -> None:
        assert job.remove_on_fail() is True
        job.remove_on_fail(False)
        raise kue.NoRetry("keep this one")

    job = queue.create("email", remove_on_fail=True).save()
    queue.process("email", keep)
    wait_until(lambda: queue.failed() == [job.id])
    assert queue.get(job.id).remove_on_fail() is False


def test_moved_to_failed_by_hand_it_stays(queue: Any) -> None:
    job = queue.create("email", remove_on_fail=True).save().failed()
    assert queue.failed() == [job.id]
    assert queue.get(job.id).remove_on_fail() is True


def test_a_restarted_job_goes_when_it_fails_again(queue: Any) -> None:
    job = queue.create("email", remove_on_fail=True).save().failed().inactive()
    queue.process("email", boom)
    wait_until(lambda: queue.failed_count() + queue.inactive_count() + queue.active_count() == 0)
    with pytest.raises(kue.JobNotFound):
        queue.get(job.id)


def test_flags_of_a_type_may_ask_for_it(make_queue: Any) -> None:
    queue = make_queue(job_flags={"email": {"remove_on_fail": True}})
    assert queue.create("email").remove_on_fail() is True
    assert queue.create("email", remove_on_fail=False).save().remove_on_fail() is False
    assert queue.create("other").remove_on_fail() is False
