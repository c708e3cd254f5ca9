"""The full-text index of a queue: written with every save, and gone with the job, in this process and without Node."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

import kue
from kue.doctor import examine, repair
from kue.maintenance.recurring import Recurring
from kue.maintenance.unindexing import Unindexing
from kue.search.index import index_data, query_codes
from kue.store.codec import encode
from tests.conftest import Backend
from tests.helpers import wait_until
from tests.integration.conftest import MakeQueue

Index = dict[str, dict[str, float]]
DATA = {"to": "ada", "text": "Hello world, hello moon"}
LONG = " ".join(f"word{n}" for n in range(3000))
on_redis = pytest.mark.parametrize("backend", ["redis"], indirect=True)


@pytest.fixture
def queue(backend: Backend, make_queue: MakeQueue) -> Any:
    return make_queue(backend, disable_search=False)


def index(backend: Backend) -> Index:
    """All of the index, by its keys without the prefix."""
    keys = sorted(backend.client.scan_iter(f"{backend.prefix}:search:*"))
    start = len(backend.prefix) + 1
    return {
        key.decode()[start:]: {m.decode(): score for m, score in backend.client.zrange(key, 0, -1, withscores=True)}
        for key in keys
    }


def expected(*jobs: tuple[int, dict[str, int]]) -> Index:
    whole: Index = {}
    for id, codes in jobs:
        for code, score in codes.items():
            whole.setdefault(f"search:word:{code}", {})[str(id)] = score
            whole.setdefault(f"search:object:{id}", {})[code] = score
    return whole


def codes_of(data: Any, search_keys: list[str] | None = None) -> dict[str, int]:
    return index_data(encode(data, "data").decode(), search_keys)


def triggered(queue: Any, data: Any, **options: Any) -> None:
    queue.every(timedelta(days=1), queue.create("ticket", data, **options), name="daily").trigger()


def fired(queue: Any, data: Any, **options: Any) -> None:
    schedule = queue.every(timedelta(days=1), queue.create("ticket", data, **options), name="daily")
    Recurring(queue.runtime).run_once(schedule.next_at + 1)


def replaced(queue: Any, data: Any, **options: Any) -> None:
    unique = {"key": "k", "replace": True}
    queue.create("ticket", {"old": "words"}, unique=unique).save()
    assert queue.create("ticket", data, unique=unique, **options).save().existing


SAVES: dict[str, Callable[..., Any]] = {
    "save": lambda queue, data, **options: queue.create("ticket", data, **options).save(),
    "save, delayed": lambda queue, data, **options: queue.create("ticket", data, delay=9000, **options).save(),
    "save_all": lambda queue, data, **options: queue.save_all([queue.create("ticket", data, **options)]),
    "unique": lambda queue, data, **options: queue.create("ticket", data, unique="k", **options).save(),
    "replaced": replaced,
    "triggered": triggered,
    "fired": fired,
}


@pytest.mark.parametrize("search_keys", [None, ["text", "none"], []], ids=str)
@pytest.mark.parametrize("data", [DATA, {"text": LONG}], ids=["short", "long"])
@pytest.mark.parametrize("way", SAVES)
def test_every_way_of_saving_a_job_indexes_it_alike(
    backend: Backend, queue: Any, way: str, data: Any, search_keys: list[str] | None
) -> None:
    SAVES[way](queue, data, search_keys=search_keys)
    assert index(backend) == expected((1, codes_of(data, search_keys)))
    assert backend.client.hget(f"{backend.prefix}:job:1", "py_reindex") is None
    queue.get(1).remove()
    while Unindexing(queue.runtime.store).run_once(0):
        pass
    assert index(backend) == {}


@on_redis
def test_a_queue_without_search_writes_no_word(backend: Backend, make_queue: MakeQueue) -> None:
    queue = make_queue(backend)
    for save in SAVES.values():
        save(queue, DATA, search_keys=["text"])
    queue.get(1).save()
    assert index(backend) == {}
    for key in backend.client.scan_iter(f"{backend.prefix}:job:[0-9]*"):
        assert not {b"py_reindex", b"py_search_keys"} & set(backend.client.hkeys(key))


@on_redis
def test_many_jobs_are_indexed_each_by_its_own_words(backend: Backend, queue: Any) -> None:
    jobs = queue.save_all(queue.create("ticket", {"text": f"hello number{n}"}) for n in range(120))
    assert index(backend) == expected(*((job.id, codes_of(job.data)) for job in jobs))


@pytest.mark.parametrize("data", [{"text": "hello sun"}, {"text": LONG + " sun"}, {}], ids=["short", "long", "empty"])
def test_an_update_writes_new_words_and_removes_those_that_went(backend: Backend, queue: Any, data: Any) -> None:
    queue.create("ticket", DATA).save()
    job = queue.create("ticket", {"text": LONG}, search_keys=["text"]).save()
    job.data = data
    job.update()
    assert index(backend) == expected((1, codes_of(DATA)), (2, codes_of(data, ["text"])))
    queue.get(2).save()  # as in Kue: it knows no search keys, so that all of the data counts
    assert index(backend) == expected((1, codes_of(DATA)), (2, codes_of(data)))


@on_redis
@pytest.mark.parametrize(
    "remove",
    [lambda queue: queue.remove_all("failed"), lambda queue: queue.purge("failed", keep=0)],
    ids=["all", "old"],
)
def test_a_process_without_duties_takes_away_the_words_of_the_many_jobs_that_it_removes(
    backend: Backend, queue: Any, remove: Callable[[Any], int]
) -> None:
    for job in queue.save_all(queue.create("ticket", {"text": LONG}) for _ in range(3)):
        job.failed()
    assert remove(queue) == 3
    assert index(backend) == {}


@on_redis
def test_an_update_of_a_removed_job_leaves_no_word(backend: Backend, queue: Any) -> None:
    job = queue.create("ticket", DATA).save()
    queue.remove_by_id(1)
    with pytest.raises(kue.JobNotFound):
        job.update()
    assert index(backend) == {}


@on_redis
def test_words_that_cannot_be_written_after_the_save_are_reported_and_found_by_the_doctor(
    backend: Backend, queue: Any, errors: list[BaseException]
) -> None:
    (code,) = query_codes("word2345")
    backend.client.set(f"{backend.prefix}:search:word:{code}", "poison")
    job = queue.create("ticket", {"text": LONG}).save()
    wait_until(lambda: errors)
    assert "job 1 is saved, but not with all words in the full-text index" in str(errors.pop())
    backend.client.delete(f"{backend.prefix}:search:word:{code}")
    report = examine(queue, grace=0)
    assert [str(found) for found in report.findings] == [
        "job 1 (ticket) is not in the full-text index with all of its words"
    ]
    repair(queue, report, grace=0)
    assert index(backend) == expected((1, codes_of(job.data)))


@pytest.mark.parametrize("backend", ["redis", "cluster", "fake"], indirect=True)
def test_the_index_is_built_anew_from_the_jobs(backend: Backend, queue: Any) -> None:
    queue.create("ticket", DATA).save()
    queue.create("ticket", DATA, search_keys=["to"]).save()
    queue.create("ticket", {"text": LONG}).save()
    queue.create("ticket", 7).save()
    whole = index(backend)
    client, prefix = backend.client, backend.prefix
    client.delete(*client.scan_iter(f"{prefix}:search:word:*"))
    client.zadd(f"{prefix}:search:object:99", {"HL": 1, "MN": 1})
    client.zadd(f"{prefix}:search:object:2", {"HL": 1})
    client.zadd(f"{prefix}:search:word:MN", {"99": 1, "4": 1, "98": 1})
    client.sadd(f"{prefix}:py:unindex", 98)
    assert queue.reindex() == 4
    assert index(backend) == whole
    assert not client.exists(f"{prefix}:py:unindex")
    assert examine(queue, grace=0).is_clean


@pytest.mark.parametrize("key", ["search:word:HL", "search:object:2"])
@pytest.mark.parametrize("backend", ["redis", "cluster", "fake"], indirect=True)
def test_a_key_of_the_wrong_kind_keeps_only_those_jobs_out_that_need_it(backend: Backend, queue: Any, key: str) -> None:
    for text in ("lamp", "hello lamp", "tea"):
        queue.create("ticket", {"text": text}).save()
    whole = index(backend)
    client, wrong = backend.client, f"{backend.prefix}:{key}"
    client.delete(*client.scan_iter(f"{backend.prefix}:search:*"))
    client.set(wrong, "poison")
    with pytest.raises(
        kue.RedisRefused, match=f"2 jobs are indexed anew, but not 1 others.*wrong kind of value: {wrong}"
    ):
        queue.reindex()
    assert (queue.search("tea"), 1 in queue.search("lamp")) == ([3], True)
    client.delete(wrong)
    assert queue.reindex() == 3
    assert index(backend) == whole
