"""Real kue-unique beside Python's unique jobs: each finds the jobs of the other, and what it does not do is known."""

from collections.abc import Callable
from typing import Any

import pytest

import kue
from kue.doctor import examine, repair
from tests.helpers import wait_until
from tests.interop.node import NodeKue

KEY = "order:7"
LOAD = "require('kue-unique');"
SAVED = "job => new Promise((ok, no) => job.save((error, saved) => (error ? no(error) : ok(saved))))"
SHOWN = "saved => ({ id: saved.id, existing: !!saved.alreadyExist, data: saved.data, type: saved.type })"
SAVE = f"(type, data, key) => {{ {LOAD} return ({SAVED})(queue.create(type, data).unique(key)).then({SHOWN}); }}"
SAVE_MANY = f"""(type, key, count) => {{
    {LOAD}
    const jobs = Array.from({{ length: count }}, (_, n) => queue.create(type, {{ n }}).unique(key));
    return Promise.all(jobs.map(job => ({SAVED})(job))).then(saved => saved.map({SHOWN}));
}}"""
REMOVE = f"async id => {{ {LOAD} await call(await call(kue.Job, 'get', id), 'remove'); }}"
REMOVE_AT_ONCE = f"async id => {{ {LOAD} (await call(kue.Job, 'get', id)).remove(); }}"
REMOVE_PLAINLY = "async id => { await call(await call(kue.Job, 'get', id), 'remove'); }"

Start = Callable[..., NodeKue]


@pytest.fixture
def queue(make_queue: Callable[..., kue.Queue]) -> kue.Queue:
    return make_queue()


@pytest.fixture
def node(unharmed_node: Start) -> NodeKue:
    return unharmed_node()


def keys(client: Any) -> dict[bytes, bytes]:
    found: dict[bytes, bytes] = client.hgetall("q:unique:jobs")
    return found


def save(node: NodeKue, data: Any, key: str | int = KEY, type: str = "charge") -> dict[str, Any]:
    saved: dict[str, Any] = node.evaluate(SAVE, type, data, key)
    return saved


def test_node_finds_the_job_of_python(node: NodeKue, queue: kue.Queue, client: Any) -> None:
    job = queue.create("charge", {"cents": 5}).unique(KEY).save()
    found = save(node, {"cents": 6})
    assert (int(found["id"]), found["existing"], found["data"]) == (job.id, True, {"cents": 5})
    assert keys(client) == {KEY.encode(): b"1"}


def test_python_finds_the_job_of_node(node: NodeKue, queue: kue.Queue, client: Any) -> None:
    saved = save(node, {"cents": 5})
    job = queue.create("charge", {"cents": 6}).unique(KEY).save()
    assert (job.id, job.existing, job.data) == (saved["id"], True, {"cents": 5, "unique": KEY})
    assert queue.get(job.id).unique() == {"key": KEY, "until": "ended", "within": None, "replace": False}
    assert keys(client) == {KEY.encode(): b"1"}


def test_node_can_save_the_job_of_python_again(node: NodeKue, queue: kue.Queue, client: Any) -> None:
    job = queue.create("charge", {"cents": 5}).unique(KEY).save()
    node.update(job.id, priority="high", data={"cents": 7})
    stored = queue.get(job.id)
    assert (stored.data, stored.priority(), stored.unique()["key"]) == ({"cents": 7}, -10, KEY)
    assert queue.create("charge").unique(KEY).save().id == job.id


def test_node_s_remove_with_a_callback_frees_the_key_of_python(node: NodeKue, queue: kue.Queue, client: Any) -> None:
    job = queue.create("charge").unique(KEY).save()
    node.evaluate(REMOVE, job.id)
    assert keys(client) == {}
    assert not queue.create("charge").unique(KEY).save().existing


def test_node_s_remove_without_a_callback_does_nothing(node: NodeKue, queue: kue.Queue, client: Any) -> None:
    job = queue.create("charge").unique(KEY).save()
    node.evaluate(REMOVE_AT_ONCE, job.id)
    node.flush()
    assert (keys(client), queue.inactive()) == ({KEY.encode(): b"1"}, [job.id])


def test_a_job_that_removes_itself_stays_in_node(node: NodeKue, queue: kue.Queue, client: Any) -> None:
    node.evaluate(f"() => {{ {LOAD} }}")
    node.process("charge")
    queue.create("charge", remove_on_complete=True).unique(KEY).save()
    wait_until(lambda: node.events("job complete"))
    node.flush()
    assert queue.complete() == [1]


def test_a_job_that_python_ends_is_free_for_both(node: NodeKue, queue: kue.Queue, client: Any) -> None:
    queue.process("charge", lambda job: job.data)
    queue.create("charge").unique(KEY).save()
    wait_until(lambda: queue.complete_count() == 1)
    assert keys(client) == {}
    assert not save(node, {})["existing"]


@pytest.mark.parametrize("behaviour", ["echo", "fail"])
def test_a_job_that_node_ends_is_free_for_python_and_taken_for_node(
    node: NodeKue, queue: kue.Queue, client: Any, behaviour: str
) -> None:
    node.process("charge", behaviour=behaviour)
    queue.create("charge").unique(KEY).save()
    wait_until(lambda: queue.complete_count() + queue.failed_count() == 1)
    node.flush()
    assert keys(client) == {KEY.encode(): b"1"}
    assert save(node, {})["existing"]
    job = queue.create("other").unique(KEY).save()
    assert (job.id, job.existing) == (2, False)
    assert keys(client) == {KEY.encode(): b"2"}


def test_a_job_of_node_that_python_ends_is_free_for_python_and_taken_for_node(
    node: NodeKue, queue: kue.Queue, client: Any
) -> None:
    queue.process("charge", lambda job: job.data)
    save(node, {})
    wait_until(lambda: queue.complete_count() == 1)
    assert save(node, {})["existing"]
    assert not queue.create("other").unique(KEY).save().existing


@pytest.mark.parametrize("key", [KEY, 7])
def test_a_job_of_node_that_python_removes_is_free_for_both(
    node: NodeKue, queue: kue.Queue, client: Any, key: str | int
) -> None:
    first = save(node, {}, key)
    assert queue.create("charge").unique(str(key)).save().id == first["id"]
    job = queue.get(first["id"])
    assert job.unique()["key"] == str(key)
    job.remove()
    assert keys(client) == {}
    assert not save(node, {}, key)["existing"]


@pytest.mark.parametrize("delay", [0, 60_000])
def test_a_job_of_node_with_new_data_from_python_that_is_removed_is_free_for_both(
    node: NodeKue, queue: kue.Queue, client: Any, delay: int
) -> None:
    first = save(node, {"cents": 5})
    if delay:
        queue.get(first["id"]).delay(delay).save()
    job = queue.create("charge", {"cents": 6}).delay(delay).unique(KEY, replace=True).save()
    assert (job.id, job.existing, job.data) == (first["id"], True, {"cents": 6})
    job.remove()
    assert keys(client) == {}
    assert not save(node, {})["existing"]


def test_a_job_of_python_that_a_node_worker_without_kue_unique_removes_is_free_for_python_and_fails_in_node(
    node: NodeKue, unharmed_node: Start, queue: kue.Queue, client: Any
) -> None:
    plain = unharmed_node()
    plain.process("charge")
    queue.create("charge", remove_on_complete=True).unique(KEY).save()
    wait_until(lambda: not client.exists("q:job:1"))
    assert keys(client) == {KEY.encode(): b"1"}
    with pytest.raises(Exception, match="doesnt exist"):
        save(node, {})
    job = queue.create("other").unique(KEY).save()
    assert not job.existing and save(node, {})["existing"]
    plain.evaluate(REMOVE_PLAINLY, job.id)
    with pytest.raises(Exception, match="doesnt exist"):
        save(node, {})
    assert [result.done for result in repair(queue, examine(queue), wait=lambda seconds: None)] == ["freed"]
    assert not save(node, {})["existing"]


def test_a_job_of_node_that_removes_itself_in_python_is_free_for_both(
    node: NodeKue, queue: kue.Queue, client: Any
) -> None:
    first = save(node, {})
    queue.get(first["id"]).remove_on_complete(True).update()
    queue.process("charge", lambda job: job.data)
    wait_until(lambda: keys(client) == {})
    assert not save(node, {})["existing"]


def test_ten_saves_of_node_at_once_make_ten_jobs(node: NodeKue, queue: kue.Queue, client: Any) -> None:
    saved = node.evaluate(SAVE_MANY, "charge", KEY, 10)
    assert [one["existing"] for one in saved] == [False] * 10
    job = queue.create("charge").unique(KEY).save()
    assert job.existing and keys(client) == {KEY.encode(): str(job.id).encode()}


def test_a_type_named_unique_and_keys_get_in_each_other_s_way_in_node_too(
    node: NodeKue, queue: kue.Queue, client: Any
) -> None:
    node.create("unique")
    with pytest.raises(kue.RedisRefused, match="no job can have a unique key"):
        queue.create("charge").unique(KEY).save()
