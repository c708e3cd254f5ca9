"""Names given as members of an Enum reach the same keys as their texts, on every way into the library."""

from enum import Enum
from typing import Any

from kue_send import Job
from tests.helpers import keyspace, wait_until
from tests.integration.conftest import MakeQueue


class Name(str, Enum):  # noqa: UP042 - the form that str() does not give the text of
    PREFIX = "shop"
    HOST = "127.0.0.1"
    EMAIL = "email"
    INACTIVE = "inactive"
    DELAYED = "delayed"
    DESC = "desc"
    FIELD = "shelf"
    PAGE = "page"
    COMPLETE = "complete"
    JOB_COMPLETE = "job complete"
    ID = "1"


class Number(int, Enum):
    ONE = 1
    PORT = 7000
    LAST = -1
    FIVE = 5


def test_what_is_saved_by_members_of_an_enum_is_found_by_them_and_by_text(make_queue: MakeQueue, client: Any) -> None:
    queue = make_queue(prefix=Name.PREFIX, job_flags={Name.EMAIL: {"attempts": 3}})
    job = queue.create(Name.EMAIL, priority=Number.FIVE).save().set(Name.FIELD, Number.FIVE).set("pile", Name.PAGE)
    queue.create(Name.EMAIL, delay=60_000).save()
    names = keyspace(client)
    assert not [name for name in names if "Name" in name or not name.startswith("shop:")]
    assert "Name" not in str(names) and "Number" not in str(names)
    assert repr(job) == "<Job 1 'email' inactive>"
    assert job.attempts() == 3
    for type, inactive, delayed, desc in [
        (Name.EMAIL, Name.INACTIVE, Name.DELAYED, Name.DESC),
        ("email", "inactive", "delayed", "desc"),
    ]:
        assert queue.card_by_type(type, inactive) == queue.inactive_count(type) == queue.card(delayed) == 1
        assert queue.state(inactive) == list(queue.ids(inactive, type)) == [1]
        ranges = [
            Job.range(0, Number.LAST, desc, queue=queue),
            Job.range_by_state(inactive, 0, Number.LAST, desc, queue=queue),
            Job.range_by_type(type, delayed, 0, Number.LAST, desc, queue=queue),
        ]
        assert [[job.id for job in found] for found in ranges] == [[2, 1], [1], [2]]
    assert job.get_field(Name.FIELD) == "5"
    assert Job.get(Name.ID, queue=queue).id == Job.get(Number.ONE, queue=queue).id == 1
    assert job.state(Name.DELAYED).state() == "delayed"


def test_a_worker_and_listeners_by_members_of_an_enum_get_jobs_and_events(make_queue: MakeQueue) -> None:
    queue = make_queue(send=True)
    seen: list[Any] = []
    queue.on(Name.JOB_COMPLETE, lambda id, result: seen.append(("queue", result)))
    job = queue.create(Name.EMAIL)
    job.on(Name.COMPLETE, lambda result: seen.append(("job", result)))
    job.on(Name.PAGE, lambda page: seen.append(("page", page)))
    job.on("complete", len).off(Name.COMPLETE, len)

    @queue.process(Name.EMAIL)
    def handle(job: Any) -> str:
        job.send(Name.PAGE, 1)
        return "sent"

    job.save()
    wait_until(lambda: len(seen) == 3)
    assert sorted(seen) == [("job", "sent"), ("page", 1), ("queue", "sent")]
    assert [worker.type for worker in queue.workers] == ["email"]
    queue.shutdown(1000, Name.EMAIL)
    assert queue.workers == []


def test_an_address_may_have_members_of_an_enum(make_queue: MakeQueue) -> None:
    queue = make_queue({"host": Name.HOST, "port": Number.PORT, "db": Number.ONE, "auth": Name.PAGE})
    address = queue.runtime.store.connections.address
    assert str(address) == "redis://127.0.0.1:7000/1"
    assert address.connection().password == "page"
