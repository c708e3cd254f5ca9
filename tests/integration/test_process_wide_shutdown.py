"""The process-wide queue around its shutdown: no call gets a new queue at the default address instead of it."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import kue
import kue_send
from kue.queue.process_wide import ProcessWide
from kue.queue.registry import Registry
from tests.helpers import wait_until
from tests.servers import RedisServer

LOOKUPS: dict[str, Callable[[Any, int], Any]] = {
    "get": lambda job_class, id: job_class.get(id),
    "get_log": lambda job_class, id: job_class.get_log(id),
    "remove_by_id": lambda job_class, id: job_class.remove_by_id(id),
    "range": lambda job_class, id: job_class.range(0, -1),
    "range_by_state": lambda job_class, id: job_class.range_by_state("inactive", 0, -1),
    "range_by_type": lambda job_class, id: job_class.range_by_type("email", "inactive", 0, -1),
}


@pytest.fixture
def strangers(monkeypatch: pytest.MonkeyPatch) -> Iterator[kue.Queue]:
    """A queue at the default address, which has a job 1 of its own."""
    with RedisServer() as server:
        monkeypatch.setenv("KUE_REDIS_URL", server.url)
        with kue.Queue() as queue:
            queue.create("a stranger's").save()
            yield queue


@pytest.fixture(params=[kue, kue_send], ids=["kue", "kue_send"])
def module(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, no_leaks: None) -> Iterator[Any]:
    """A package whose process-wide queue is of this test only."""
    process_wide: ProcessWide[kue.Queue] = ProcessWide(request.param.Queue)
    monkeypatch.setattr(request.param, "create_queue", process_wide.create_queue)
    monkeypatch.setattr(request.param.Job, "default_queue", process_wide.queue_for_lookups)
    yield request.param
    queue = process_wide._queue
    if queue is not None and not queue.is_shut_down:
        queue.shutdown(0)


@pytest.mark.parametrize("lookup", LOOKUPS)
def test_a_lookup_after_the_shutdown_raises(module: Any, redis_url: str, strangers: Any, lookup: str) -> None:
    queue = module.create_queue(redis=redis_url)
    job = queue.create("email").save()
    queue.shutdown()
    with pytest.raises(kue.ShutdownInProgress, match="shut down"):
        LOOKUPS[lookup](module.Job, job.id)
    assert strangers.inactive() == [1], "and the stranger's job is untouched"


@pytest.fixture
def own_queues(strangers: kue.Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a process that has made no queue so far."""
    registry: Registry[kue.Queue] = Registry()
    for module in ("kue.queue.queue", "kue.queue.process_wide"):
        monkeypatch.setattr(f"{module}.queues", registry)


@pytest.mark.parametrize("lookup", LOOKUPS)
@pytest.mark.parametrize("made_with", [kue, kue_send], ids=["of kue", "of kue_send"])
def test_a_lookup_after_the_shutdown_of_a_queue_that_was_made_by_hand_raises(
    module: Any, redis_url: str, strangers: Any, own_queues: None, made_with: Any, lookup: str
) -> None:
    with made_with.Queue(redis=redis_url) as queue:
        job = queue.create("email").save()
        with pytest.raises(kue.InvalidOption, match="queue must be given"):
            LOOKUPS[lookup](module.Job, job.id)
    with pytest.raises(kue.ShutdownInProgress, match="no queue of this process is open any more"):
        LOOKUPS[lookup](module.Job, job.id)
    assert strangers.inactive() == [1], "and the stranger's job is untouched"


def test_the_process_wide_queue_that_is_made_after_one_that_was_made_by_hand_is_asked(
    module: Any, redis_url: str, strangers: Any, own_queues: None
) -> None:
    module.Queue(redis=redis_url).shutdown()
    job = module.create_queue(redis=redis_url).create("email").save()
    assert module.Job.get(job.id).type == "email"


def test_a_lookup_in_a_process_that_never_had_a_queue_is_at_the_default_address(
    module: Any, strangers: Any, own_queues: None
) -> None:
    assert module.Job.get(1).type == "a stranger's"


def test_a_lookup_finds_the_next_queue_of_the_process(module: Any, redis_url: str, strangers: Any) -> None:
    module.create_queue(redis=redis_url).shutdown()
    job = module.create_queue(redis=redis_url).create("email").save()
    assert module.Job.get(job.id).type == "email"


def test_a_handler_keeps_its_queue_while_that_is_shut_down(module: Any, redis_url: str, strangers: Any) -> None:
    queue, found = module.create_queue(redis=redis_url), []
    started = threading.Event()

    @queue.process("email")
    def work(job: Any) -> None:
        started.set()
        wait_until(lambda: queue.is_shut_down)
        found.append(module.Job.get(job.id).type)
        found.append(module.create_queue().create("follow-up").save().type)

    queue.create("email").save()
    assert started.wait(10)
    queue.shutdown(10_000)
    assert found == ["email", "follow-up"]
    with kue.Queue(redis=redis_url) as look:
        assert (look.complete_count("email"), look.inactive_count("follow-up")) == (1, 1)
    assert strangers.types() == ["a stranger's"]
