"""A Redis user that lacks a right: the call is refused by the name of the right, and no job is taken for gone."""

from collections.abc import Callable
from typing import Any

import pytest

import kue
from tests.helpers import keyspace, wait_until
from tests.integration.conftest import MakeQueue
from tests.servers import RedisServer


@pytest.fixture
def queue_without(own_server: RedisServer, make_queue: MakeQueue) -> Callable[..., Any]:
    """Makes a queue whose user has every right but some."""

    def make(*commands: str) -> Any:
        lacking = (f"-{command}" for command in commands)
        with own_server.client() as client:
            client.execute_command("ACL", "SETUSER", "few", "on", ">secret", "~*", "&*", "+@all", *lacking)
        return make_queue(f"redis://few:secret@127.0.0.1:{own_server.port}", send=True)

    return make


def everything(server: RedisServer) -> dict[str, Any]:
    with server.client() as client:
        return keyspace(client)


READS: dict[str, Callable[[Any], object]] = {
    "Job.get": lambda queue: kue.Job.get(1, queue=queue),
    "Job.range": lambda queue: kue.Job.range(0, -1, queue=queue),
    "Job.range_by_state": lambda queue: kue.Job.range_by_state("inactive", 0, -1, queue=queue),
    "schedules": lambda queue: queue.schedules(),
    "Job.range_by_type": lambda queue: kue.Job.range_by_type("email", "inactive", 0, -1, queue=queue),
}


@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_what_may_not_be_read_is_neither_missing_nor_without_a_type(
    own_server: RedisServer, make_queue: MakeQueue, queue_without: Callable[..., Any], read: Callable[[Any], object]
) -> None:
    queue = make_queue(own_server.url)
    queue.create("email").save()
    queue.every("1 hour", queue.create("email"))
    before = everything(own_server)
    with pytest.raises(kue.RedisRefused, match="hgetall"):
        read(queue_without("hgetall"))
    assert everything(own_server) == before


CHANGES: dict[str, Callable[[Any], object]] = {
    "cancel_all": lambda queue: queue.cancel_all("email"),
    "retry_all": lambda queue: queue.retry_all("failed"),
    "remove_all": lambda queue: queue.remove_all("failed"),
    "purge": lambda queue: queue.purge("failed", keep=0),
}


@pytest.mark.parametrize("right", ["hmget", "zrem"])
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_of_many_jobs_is_refused_as_a_whole(
    own_server: RedisServer,
    make_queue: MakeQueue,
    queue_without: Callable[..., Any],
    change: Callable[[Any], object],
    right: str,
) -> None:
    full = make_queue(own_server.url)
    for _ in range(3):
        full.create("email").save()
        full.create("email").save().failed()
    before = everything(own_server)
    with pytest.raises(kue.RedisRefused, match=f"(?i)permission.*{right}"):
        change(queue_without(right))
    assert everything(own_server) == before


def test_a_job_that_may_not_be_read_is_not_taken_for_one_that_was_removed(
    own_server: RedisServer,
    make_queue: MakeQueue,
    queue_without: Callable[..., Any],
    errors: list[BaseException],
) -> None:
    id = make_queue(own_server.url).create("email").save().id
    heard: list[str] = []
    job = queue_without("hmget").get(id)
    job.on("remove", lambda *args: heard.append("remove"))
    wait_until(lambda: any("hmget" in str(problem) for problem in errors))
    assert heard == []
    errors.clear()
