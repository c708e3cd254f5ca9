"""Node and Python write the same full-text index, and each removes what the other has written."""

import random
from typing import Any

import pytest
import redis

import kue
from kue.search.stop_words import STOP_WORDS
from tests.helpers import keyspace, wait_until
from tests.unit.search_words import KNOWN_WORDS

JOBS = 200
ODD = ["The", "10", "007", "yy", "_", "a_b", "don't", "x.y@z.example", "né", "中", "\n", '"', "\\", "\u2028", "😀"]
PREFIXES = NODE, PYTHON = "n", "p"

Index = dict[str, dict[str, float]]


def many_data() -> list[Any]:
    chance = random.Random(16)
    known = [word for word in KNOWN_WORDS if "onstructor" not in word]  # which Node cannot index
    vocabulary = [*chance.sample(known, 300), *sorted(STOP_WORDS)[:20], *ODD]
    found: list[Any] = [[], "hello", 1.5, True, {"a": None, "10": "ten", "b": [True, {"c": "deep"}]}]
    while len(found) < JOBS:
        texts = [" ".join(chance.choices(vocabulary, k=chance.randint(0, 40))) for _ in range(2)]
        found.append({"title": texts[0], "n": chance.randint(0, 99), "more": {"text": texts[1]}})
    return found


def index(client: "redis.Redis", prefix: str) -> Index:
    start = len(prefix)
    return {name[start:]: value for name, value in keyspace(client, f"{prefix}:search:*").items()}


@pytest.fixture
def queue(redis_url: str) -> Any:
    with kue.Queue(redis=redis_url, prefix=PYTHON, disable_search=False) as queue:
        yield queue


@pytest.fixture
def node(node_kue: Any, redis_url: str) -> Any:
    return node_kue(redis_url, NODE, disableSearch=False)


def same(client: "redis.Redis") -> Index:
    """The index that both have, once Node, which does not wait for its own, is done."""
    wait_until(lambda: index(client, NODE) == index(client, PYTHON))
    return index(client, PYTHON)


def test_both_write_the_same_index_of_the_same_jobs(node: Any, queue: kue.Queue, client: "redis.Redis") -> None:
    data = many_data()
    node.create_many("book", data)
    queue.save_all(queue.create("book", one) for one in data)
    whole = same(client)
    assert len(whole) > 400
    keys = ["title", "more.text"]
    node.create_many("book", data, searchKeys=keys)
    for one in data:
        queue.create("book", one, search_keys=keys).save()
    assert len(same(client)) > len(whole)

    # A second save that names no keys indexes all of the data. Words that went would stay in Node, so there are none:
    # the first jobs, which lack the keys, have the word `undefined`.
    for id in range(JOBS + 11, JOBS + 41):
        node.update(id)
        queue.get(id).save()
    same(client)


@pytest.mark.parametrize("disabled", [True, False])
def test_python_removes_the_words_of_node(node: Any, redis_url: str, client: "redis.Redis", disabled: bool) -> None:
    ids = node.create_many("book", many_data(), removeOnComplete=True)
    wait_until(lambda: client.exists(f"{NODE}:search:object:{ids[-1]}"))
    with kue.Queue(redis=redis_url, prefix=NODE, disable_search=disabled) as queue:
        queue.remove_by_id(ids[20])
        words = [ids for name, ids in index(client, NODE).items() if ":word:" in name]
        assert words and not any(str(ids[20]) in word for word in words)
        queue.process("book", 10, lambda job: None)
        wait_until(lambda: not client.zcard(f"{NODE}:jobs"))
        wait_until(lambda: index(client, NODE) == {}, 30)


def test_node_removes_the_words_of_python(node_kue: Any, redis_url: str, queue: kue.Queue, client: Any) -> None:
    jobs = queue.save_all(queue.create("book", one) for one in many_data()[:40])
    assert index(client, PYTHON)
    node = node_kue(redis_url, PYTHON, disableSearch=False)
    for job in jobs:
        node.remove(job.id)
    wait_until(lambda: index(client, PYTHON) == {})


def test_words_that_an_update_in_node_left_go_with_the_next_update_in_python(
    node_kue: Any, redis_url: str, queue: kue.Queue, client: Any
) -> None:
    job = queue.create("book", {"title": "moon"}, search_keys="title").save()
    node = node_kue(redis_url, PYTHON, disableSearch=False)
    node.update(job.id, data={"title": "zebra"})
    wait_until(lambda: client.exists(f"{PYTHON}:search:word:SBR"))
    assert client.exists(f"{PYTHON}:search:word:MN")
    queue.get(job.id).save()
    assert index(client, PYTHON) == {
        ":search:object:1": {"SBR": 1.0, "TTL": 1.0},
        ":search:word:SBR": {"1": 1.0},
        ":search:word:TTL": {"1": 1.0},
    }
