"""The fluent interface, the same options as keywords, and the flags of a type: the same job each way."""

from datetime import timedelta
from typing import Any

import pytest

import kue
from kue import Job
from tests.helpers import keyspace
from tests.integration.conftest import MakeQueue

EXPONENTIAL = {"type": "exponential", "delay": 500, "max_delay": 4000}
EACH_OPTION: list[tuple[str, Any, Any]] = [
    ("priority", "high", -10),
    ("priority", 7, 7),
    ("attempts", 5, 5),
    ("backoff", True, True),
    ("backoff", EXPONENTIAL, {"type": "exponential", "delay": 500, "maxDelay": 4000}),
    ("delay", timedelta(minutes=5), 300_000),
    ("ttl", timedelta(seconds=60), 60_000),
    ("remove_on_complete", True, True),
    ("search_keys", ["to"], ["to"]),
    ("events", False, False),
]
MANY = {"priority": "critical", "attempts": 3, "backoff": EXPONENTIAL, "delay": 250, "ttl": 1000, "events": False}
STORED = {
    "priority": "-15",
    "max_attempts": "3",
    "backoff": '{"type":"exponential","delay":500,"maxDelay":4000}',
    "delay": "250",
    "ttl": "1000",
}


def stored(client: Any, id: int | None) -> dict[str, str]:
    fields: dict[str, str] = keyspace(client, f"q:job:{id}")[f"q:job:{id}"]
    return {name: value for name, value in fields.items() if name not in ("created_at", "updated_at", "promote_at")}


@pytest.mark.parametrize(("name", "given", "read"), EACH_OPTION)
def test_an_option_is_set_by_its_method_or_its_keyword_and_read_by_its_method(
    queue: Any, name: str, given: Any, read: Any
) -> None:
    fluent = queue.create("email")
    assert getattr(fluent, name)(given) is fluent
    assert getattr(fluent, name)() == read
    assert getattr(queue.create("email", **{name: given}), name)() == read
    assert getattr(queue.create_job("email", None, **{name: given}), name)() == read


def test_a_job_without_options_has_the_defaults(queue: Any) -> None:
    job = queue.create("email")
    options = ("priority", "attempts", "backoff", "delay", "ttl", "remove_on_complete", "search_keys", "events")
    assert [getattr(job, name)() for name in options] == [0, 1, None, None, None, False, None, True]
    assert job.data == {}


def test_none_takes_an_option_back(queue: Any) -> None:
    job = queue.create("email", attempts=5, ttl=None).attempts(None)
    assert (job.attempts(), job.ttl()) == (1, None)


def test_fluent_and_keywords_leave_the_same_in_redis(queue: Any, client: Any) -> None:
    data = {"title": "welcome", "to": ["tj@example.com"], "n": 2**60, "é": "\u2028", "none": [None]}
    by_keyword = queue.create("email", data, **MANY).save()
    by_method = queue.create("email", data)
    for name, value in MANY.items():
        by_method = getattr(by_method, name)(value)
    by_method.save()

    expected = {
        "type": "email",
        "data": '{"title":"welcome","to":["tj@example.com"],"n":1152921504606846976,"é":"\u2028","none":[null]}',
        "state": "delayed",
        **STORED,
    }
    assert stored(client, by_keyword.id) == stored(client, by_method.id) == expected
    assert Job.get(by_keyword.id, queue=queue).data == data


def test_options_that_are_not_set_are_not_stored(queue: Any, client: Any) -> None:
    job = queue.create("email", delay=0, ttl=0, backoff=False, remove_on_complete=False).save()
    assert stored(client, job.id) == {
        "type": "email",
        "data": "{}",
        "state": "inactive",
        "priority": "0",
        "max_attempts": "1",
    }


def test_a_saved_job_comes_back_with_its_options(everywhere: Any) -> None:
    saved = everywhere.create("email", {"a": 1}, remove_on_complete=True, **MANY).save()
    job = Job.get(saved.id, queue=everywhere)
    assert (job.priority(), job.attempts(), job.delay(), job.ttl()) == (-15, 3, 250, 1000)
    assert job.backoff() == {"type": "exponential", "delay": 500, "maxDelay": 4000}
    assert job.remove_on_complete() is True
    assert (job.type, job.data, job.state()) == ("email", {"a": 1}, "delayed")
    assert job.promote_at == job.created_at + 250


FLAGS = {"email": {"attempts": 5, "priority": "high", "backoff": True}, "pdf": {"ttl": timedelta(seconds=9)}}


class TestFlags:
    """`job_flags`: options of every job of a type."""

    def test_each_type_has_its_own_flags(self, make_queue: MakeQueue, client: Any) -> None:
        queue = make_queue(job_flags=FLAGS)
        email, pdf, other = (queue.create(type).save() for type in ("email", "pdf", "sms"))
        assert (email.attempts(), email.priority(), email.backoff()) == (5, -10, True)
        assert stored(client, email.id)["max_attempts"] == "5"
        assert (pdf.ttl(), pdf.attempts()) == (9000, 1)
        assert (other.ttl(), other.attempts()) == (None, 1)

    def test_an_option_of_a_job_overrides_the_flag_of_its_type(self, make_queue: MakeQueue) -> None:
        queue = make_queue(job_flags=FLAGS)
        job = queue.create("email", attempts=2).priority("low")
        assert (job.attempts(), job.priority(), job.backoff()) == (2, 10, True)

    def test_a_job_that_changes_its_options_changes_no_other(self, make_queue: MakeQueue) -> None:
        queue = make_queue(job_flags=FLAGS)
        queue.create("email").attempts(9)
        assert queue.create("email").attempts() == 5

    def test_flags_that_can_be_changed_in_place_are_each_job_s_own(self, make_queue: MakeQueue) -> None:
        given = {"backoff": {"type": "fixed", "delay": 5}, "search_keys": ["to"]}
        queue = make_queue(job_flags={"email": given})
        for job in (queue.create("email"), queue.create("email", attempts=2)):
            job.backoff()["delay"] = 99
            job.search_keys().append("from")
        given["backoff"]["delay"] = 99  # type: ignore[index]
        job = queue.create("email")
        assert (job.backoff(), job.search_keys()) == ({"type": "fixed", "delay": 5}, ["to"])


def test_the_process_wide_queue_is_one_until_it_is_shut_down(redis_url: str) -> None:
    first = kue.create_queue(redis=redis_url, prefix="one")
    try:
        assert kue.create_queue() is first
        job = first.create("email").save()
        assert Job.get(job.id).type == "email"  # asks the process-wide queue
        first.shutdown()
        second = kue.create_queue(redis=redis_url, prefix="two")
        assert second is not first
        with pytest.raises(kue.JobNotFound):
            Job.get(job.id)
    finally:
        kue.create_queue().shutdown()


def test_a_queue_is_closed_by_its_with_block(redis_url: str) -> None:
    with kue.Queue(redis=redis_url) as queue:
        queue.create("email").save()
    assert queue.is_shut_down
    with pytest.raises(kue.ShutdownInProgress, match="create_queue"):
        queue.create("email").save()
